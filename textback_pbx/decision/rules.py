"""Text, task or nothing: ordered rules, the first verdict wins, and every step is kept.

``RULES`` is the one table; the documentation's table is printed from it (:func:`as_markdown`). Each rule reads
frozen facts and either passes or rules. Whatever is not known (consent, the clock, an outcome of a later version)
ends in a task, never in a text. Pure. The same table is the second look: fresh facts, same rules.
"""

from textback_pbx.clock import MINUTE_MS
from textback_pbx.decision import judges
from textback_pbx.decision.facts import Facts, is_repeat
from textback_pbx.decision.judges import MISSED, TEXTABLE
from textback_pbx.decision.verdict import Decision, Rule, Ruling, Step, Verdict

__all__ = ["MISSED", "RULES", "TEXTABLE", "Decision", "Rule", "Ruling", "Step", "Verdict", "as_markdown", "decide"]


#: The order matters: what is no missed call, who it was, what happened since, whether we may, whether we want to,
#: whether it is too late or too much, and when.
RULES: tuple[Rule, ...] = (
    Rule("answered", "A person took the call: nothing.", judges.answered),
    Rule("turned_away", "The dialplan refused the caller (cause 21): nothing.", judges.turned_away),
    Rule("handled_elsewhere", "Another system says it handled the caller: nothing.", judges.handled_elsewhere),
    Rule("skip", "The dialplan asked for no text: nothing.", judges.skip),
    Rule(
        "withheld",
        "The number was withheld: nothing; it is never used, even where the trunk leaks it.",
        judges.withheld,
    ),
    Rule("no_number", "No valid E.164 number (short codes, emergency, unknown): nothing.", judges.no_number),
    Rule("own_number", "One of the office's own numbers: nothing.", judges.own_number),
    Rule(
        "answered_since",
        "The person called again and was answered: nothing (cancels a waiting text).",
        judges.answered_since,
    ),
    Rule("called_back", "The office called back and was answered: nothing (cancels).", judges.called_back),
    Rule("wrote", "The person has texted since the call: nothing (cancels); the thread has an owner.", judges.wrote),
    Rule("staff_acted", "Staff texted, closed the task or left a note since: nothing (cancels).", judges.staff_acted),
    Rule("lost", "Asterisk or the link went away in mid-call: a task, never a text on a guess.", judges.lost),
    Rule(
        "restored",
        "It ended before the database came back from a backup, and may have had its text: a task.",
        judges.restored,
    ),
    Rule("recovered", "Known from Asterisk's call records only, and they leave doubt: a task.", judges.recovered),
    Rule("unknown_outcome", "An outcome these rules do not know: a task.", judges.unknown_outcome),
    Rule("clock", "The wall clock, now or at the call, is not trusted: a task.", judges.clock),
    Rule("held", "Disk, clock, consent, limits or a restore are in failure: a task.", judges.held),
    Rule("line_off", "The line is configured not to text: a task.", judges.line_off),
    Rule(
        "presentation",
        "CALLERID(pres) is not seen and nobody opted in to texting without it: a task.",
        judges.presentation,
    ),
    Rule(
        "number_class",
        "Premium, shared-cost, toll-free, unknown class, landline where the plan tells: a task.",
        judges.kind,
    ),
    Rule("country", "A country that is not on the allow-list: a task.", judges.country),
    Rule("cannot_text", "Refusals or reports have shown that the number takes no texts: a task.", judges.cannot_text),
    Rule("opted_out", "The person said STOP, or the opt-outs cannot be read: a task.", judges.opted_out),
    Rule(
        "consent", "The policy in force does not allow this text, or the ledger cannot be read: a task.", judges.consent
    ),
    Rule("paused", "Automation is paused in this thread: a task.", judges.paused),
    Rule("voicemail", "A voicemail was left and `rules.after_voicemail` is off: a task.", judges.voicemail),
    Rule(
        "switched_off",
        "Texts are off for this situation (`after_*` and `when_*` in `[rules]`): a task.",
        judges.switched_off,
    ),
    Rule("min_ring", "It rang shorter than `rules.min_ring_seconds`: a task.", judges.min_ring),
    Rule("too_late", "Older than `rules.max_age_minutes`: a task.", judges.too_late),
    Rule(
        "already_texted",
        "A text to this caller for this line within `rules.once_per_hours`: a task; urgent for a repeat.",
        judges.already_texted,
    ),
    Rule("cap_number", "`rules.per_number_per_day` reached: a task.", judges.cap_number),
    Rule("cap_prefix", "`rules.per_prefix_per_hour` reached: a task and an alert.", judges.cap_prefix),
    Rule("cap_hour", "`rules.per_hour` reached: a task and an alert.", judges.cap_hour),
    Rule("cap_day", "`rules.per_day` reached: a task and an alert.", judges.cap_day),
    Rule("breaker", "The circuit breaker is open: a task and an alert.", judges.breaker),
    Rule("no_text", "The situation's text is switched off or missing: a task.", judges.no_text),
    Rule("quiet_hours", "Quiet hours in one of the zones: hold, task, or answer just after the call.", judges.quiet),
    Rule("text", "Nothing speaks against it: a text.", judges.text),
)
#: Rules that stop a text between the decision and its leaving, by cancelling rather than by a task.
CANCELLING = ("answered_since", "called_back", "wrote", "staff_acted")


def decide(facts: Facts) -> Decision:
    """Judge one call. Always ends: the last rule rules."""
    trace: list[Step] = []
    for rule in RULES:
        ruling = rule.judge(facts)
        if ruling.verdict is None:
            trace.append(Step(rule.name, "pass", ruling.why))
            continue
        trace.append(Step(rule.name, ruling.verdict.value, ruling.why))
        return _decision(facts, rule.name, ruling, tuple(trace))
    raise AssertionError("the last rule always rules")


def _decision(facts: Facts, rule: str, ruling: Ruling, trace: tuple[Step, ...]) -> Decision:
    assert ruling.verdict is not None
    text = ruling.verdict is Verdict.TEXT
    held_from = max(facts.ended_ms, ruling.not_before_ms)
    return Decision(
        verdict=ruling.verdict,
        rule=rule,
        reason=ruling.why,
        trace=trace,
        urgent=is_repeat(facts) and ruling.verdict is not Verdict.NOTHING,
        alert=ruling.alert or _alert(facts),
        not_before_ms=ruling.not_before_ms if text else 0,
        expires_ms=_expires(facts, held_from) if text else 0,
        template_key=facts.situation if text else "",
        dry_run=facts.policy.dry_run,
        record="announced" if text and facts.consent_policy == "announced" and not facts.consent_seq else "",
    )


def _expires(facts: Facts, from_ms: int) -> int:
    """Return when the text is too old to leave, or quiet hours have begun: judged again at the hand-over itself."""
    too_old_ms = from_ms + facts.policy.max_age_min * MINUTE_MS
    return min(too_old_ms, facts.allowed_until_ms or too_old_ms)


def _alert(facts: Facts) -> str:
    if facts.outcome != "not_reachable":
        return ""
    return f"a call to {facts.line or 'the office'} could reach no phone: check phones, trunk and route"


def as_markdown() -> str:
    """Return the rules as the table of ``docs/rules.md``."""
    rows = [f"| {n} | `{rule.name}` | {rule.says} |" for n, rule in enumerate(RULES, start=1)]
    return "\n".join(["| # | rule | what it says |", "|---|---|---|", *rows]) + "\n"
