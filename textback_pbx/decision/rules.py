"""Text, task or nothing: ordered rules, the first verdict wins, and every step is kept.

``RULES`` is the one table; the documentation's table is printed from it (:func:`as_markdown`). Each rule reads
frozen facts and either passes or rules. Whatever is not known (consent, the clock, an outcome of a later version)
ends in a task, never in a text. Pure. The same table is the second look: fresh facts, same rules.
"""

from textback_pbx.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from textback_pbx.decision.facts import ALLOWED, Facts, age_ms, is_repeat, too_old
from textback_pbx.decision.policy import QuietMode
from textback_pbx.decision.verdict import Decision, Rule, Ruling, Step, Verdict

__all__ = ["MISSED", "RULES", "TEXTABLE", "Decision", "Rule", "Ruling", "Step", "Verdict", "as_markdown", "decide"]

#: A call that ended further in the future than this comes from a clock that is wrong.
_SKEW_MS = 2 * MINUTE_MS
MISSED = ("no_answer", "busy", "not_reachable")
#: Classes of numbers that may take a text; landlines only by setting.
TEXTABLE = ("mobile", "fixed_or_mobile", "voip")


def _unless(bad: bool, verdict: Verdict, why: str, *, fine: str = "", alert: str = "") -> Ruling:
    return Ruling(verdict, why, alert=alert) if bad else Ruling(None, fine)


def _answered(f: Facts) -> Ruling:
    return _unless(f.outcome == "answered", Verdict.NOTHING, f"the call was answered ({f.detail or 'by a person'})")


def _turned_away(f: Facts) -> Ruling:
    return _unless(f.outcome == "none", Verdict.NOTHING, "the dialplan turned the caller away on purpose")


def _handled_elsewhere(f: Facts) -> Ruling:
    return _unless(bool(f.handled_by), Verdict.NOTHING, f"{f.handled_by} says that it took care of the caller")


def _skip(f: Facts) -> Ruling:
    return _unless(f.skip, Verdict.NOTHING, "the dialplan asked for no text")


def _withheld(f: Facts) -> Ruling:
    return _unless(f.withheld, Verdict.NOTHING, "the caller withheld the number: nobody to text, nobody to call back")


def _no_number(f: Facts) -> Ruling:
    return _unless(f.caller is None, Verdict.NOTHING, "the trunk gave no number that could be called back")


def _own_number(f: Facts) -> Ruling:
    return _unless(f.own_number, Verdict.NOTHING, "the number is one of the office's own")


def _lost(f: Facts) -> Ruling:
    return _unless(f.outcome == "lost", Verdict.TASK, "how the call ended was not heard: nobody is texted on a guess")


def _restored(f: Facts) -> Ruling:
    bad = f.ended_ms <= f.restored_ms
    why = "the call ended before the database was restored from a backup: it may have been answered already"
    return _unless(bad, Verdict.TASK, why)


def _recovered(f: Facts) -> Ruling:
    bad = f.source == "recovered" and f.confidence != "high"
    why = "known from Asterisk's call records only, which leave doubt: nobody is texted on a guess"
    return _unless(bad, Verdict.TASK, why)


def _unknown_outcome(f: Facts) -> Ruling:
    return _unless(f.outcome not in MISSED, Verdict.TASK, f"unknown outcome {f.outcome!r}", fine=f.outcome)


def _answered_since(f: Facts) -> Ruling:
    return _unless(_since(f, f.answered_since_ms), Verdict.NOTHING, "the person called again and was answered")


def _called_back(f: Facts) -> Ruling:
    return _unless(_since(f, f.called_back_ms), Verdict.NOTHING, "the office called back and reached the person")


def _wrote(f: Facts) -> Ruling:
    return _unless(
        _since(f, f.wrote_ms), Verdict.NOTHING, "the person has written to us since: the thread goes on there"
    )


def _staff_acted(f: Facts) -> Ruling:
    return _unless(_since(f, f.staff_ms), Verdict.NOTHING, "somebody in the office has dealt with it since")


def _since(f: Facts, at_ms: int) -> bool:
    return at_ms > 0 and at_ms >= f.started_ms


def _clock(f: Facts) -> Ruling:
    bad = not f.clock_trusted or not f.call_clock_trusted or f.ended_ms > f.now_ms + _SKEW_MS
    return _unless(bad, Verdict.TASK, "the clock was not trusted: hours and limits cannot be judged")


def _held(f: Facts) -> Ruling:
    return _unless(bool(f.holds), Verdict.TASK, f"sending is held: {', '.join(f.holds)}")


def _line_off(f: Facts) -> Ruling:
    return _unless(f.situation == "", Verdict.TASK, "this line does not answer with texts")


def _presentation(f: Facts) -> Ruling:
    bad = not f.presentation_known and not f.policy.without_presentation
    why = "whether the number was withheld cannot be seen (manager.conf: channelvars = CALLERID(pres))"
    return _unless(bad, Verdict.TASK, why)


def _kind(f: Facts) -> Ruling:
    fine = f.number_kind in TEXTABLE or (f.number_kind == "fixed" and f.policy.landlines)
    return _unless(
        not fine, Verdict.TASK, f"a number of class {f.number_kind or 'unknown'} is not texted", fine=f.number_kind
    )


def _country(f: Facts) -> Ruling:
    bad = f.region not in f.policy.countries
    return _unless(bad, Verdict.TASK, f"country {f.region or 'unknown'} is not on the list", fine=f.region)


def _cannot_text(f: Facts) -> Ruling:
    return _unless(bool(f.cannot_text), Verdict.TASK, f"this number cannot take texts: {f.cannot_text}")


def _opted_out(f: Facts) -> Ruling:
    if f.opted_out is None:
        return Ruling(Verdict.TASK, "whether the person opted out could not be read")
    return _unless(f.opted_out, Verdict.TASK, "the person asked for no texts")


def _consent(f: Facts) -> Ruling:
    return _unless(f.consent != ALLOWED, Verdict.TASK, f.consent_why, fine=f"{f.consent_policy}: {f.consent_why}")


def _paused(f: Facts) -> Ruling:
    return _unless(f.automation_paused, Verdict.TASK, "automation is paused in this thread until a person looks")


def _voicemail(f: Facts) -> Ruling:
    bad = f.voicemail_left and not f.policy.after_voicemail
    return _unless(bad, Verdict.TASK, "the caller left a voicemail: somebody has to listen to it")


def _switched_off(f: Facts) -> Ruling:
    p = f.policy
    switches = (
        (f.detail == "unattended" and not p.after_unattended, "a call nobody was to answer (unattended)"),
        (f.detail == "rejected" and not p.after_rejected, "a rejected call"),
        (f.detail == "dialplan" and not p.after_dialplan_busy, "a busy tone from the dialplan"),
        (f.outcome == "not_reachable" and not p.after_not_reachable, "a call that could reach no phone"),
        (f.open_now and not p.when_open, "a call in opening hours"),
        (not f.open_now and not p.when_closed, "a call outside opening hours"),
    )
    why = next((what for off, what in switches if off), "")
    return _unless(bool(why), Verdict.TASK, f"texts are switched off for {why}")


def _min_ring(f: Facts) -> Ruling:
    if f.outcome != "no_answer":
        return Ruling(None, "did not ring")
    # What was not measured cannot be longer than the call.
    rang = f.ring_ms if f.ring_ms is not None else f.ended_ms - f.started_ms
    least = f.policy.min_ring_s
    return _unless(
        rang < least * SECOND_MS, Verdict.TASK, f"rang {rang / 1000:.1f} s, less than {least} s: likely a wrong number"
    )


def _too_late(f: Facts) -> Ruling:
    minutes = max(age_ms(f), 0) // MINUTE_MS
    why = f"{minutes} min after the call: later than {f.policy.max_age_min} min a text does more harm than good"
    return _unless(too_old(f), Verdict.TASK, why)


def _already_texted(f: Facts) -> Ruling:
    why = f"this person had a text for this line within {f.policy.once_per_h} h"
    return _unless(f.texts_this_line > 0, Verdict.TASK, f"called again within minutes; {why}" if is_repeat(f) else why)


def _cap_number(f: Facts) -> Ruling:
    bad = f.sent_number_day >= f.policy.per_number_day
    return _unless(bad, Verdict.TASK, f"this number has had {f.sent_number_day} automatic texts within a day")


def _cap_prefix(f: Facts) -> Ruling:
    bad, alert = f.sent_prefix_hour >= f.policy.per_prefix_hour, "many calls from one block of numbers: abuse?"
    return _unless(
        bad, Verdict.TASK, f"{f.sent_prefix_hour} texts to this block of numbers within an hour", alert=alert
    )


def _cap_hour(f: Facts) -> Ruling:
    bad, alert = f.sent_hour >= f.policy.per_hour, "the hourly limit of texts is reached"
    return _unless(bad, Verdict.TASK, f"{f.sent_hour} texts within an hour: the limit", alert=alert)


def _cap_day(f: Facts) -> Ruling:
    bad, alert = f.sent_day >= f.policy.per_day, "the daily limit of texts is reached"
    return _unless(bad, Verdict.TASK, f"{f.sent_day} texts within a day: the limit", alert=alert)


def _breaker(f: Facts) -> Ruling:
    return _unless(bool(f.breaker), Verdict.TASK, f"the circuit breaker is open: {f.breaker}", alert=f.breaker)


def _no_text(f: Facts) -> Ruling:
    return _unless(not f.has_text, Verdict.TASK, f"there is no text for {f.situation}", fine=f.situation)


def _quiet(f: Facts) -> Ruling:
    if f.waking:
        return Ruling(None, "outside quiet hours in every zone")
    just_called = f.send_ms - f.ended_ms <= f.policy.answer_within_min * MINUTE_MS
    if f.policy.quiet_mode is QuietMode.ANSWER_WITHIN and just_called:
        return Ruling(None, f"quiet hours, but the person called less than {f.policy.answer_within_min} min ago")
    if f.policy.quiet_mode is QuietMode.SUPPRESS:
        return Ruling(Verdict.TASK, "quiet hours")
    if f.waking_from_ms is None or f.waking_from_ms - f.ended_ms > f.policy.hold_max_h * HOUR_MS:
        return Ruling(Verdict.TASK, f"quiet hours would hold the text for more than {f.policy.hold_max_h} h")
    return Ruling(Verdict.TEXT, "held until quiet hours are over", f.waking_from_ms)


def _text(f: Facts) -> Ruling:
    return Ruling(Verdict.TEXT, "missed, allowed, and in time", f.send_ms)


#: The order matters: what is no missed call, who it was, what happened since, whether we may, whether we want to,
#: whether it is too late or too much, and when.
RULES: tuple[Rule, ...] = (
    Rule("answered", "A person took the call: nothing.", _answered),
    Rule("turned_away", "The dialplan refused the caller (cause 21): nothing.", _turned_away),
    Rule("handled_elsewhere", "Another system says it handled the caller: nothing.", _handled_elsewhere),
    Rule("skip", "The dialplan asked for no text: nothing.", _skip),
    Rule("withheld", "The number was withheld: nothing; it is never used, even where the trunk leaks it.", _withheld),
    Rule("no_number", "No valid E.164 number (short codes, emergency, unknown): nothing.", _no_number),
    Rule("own_number", "One of the office's own numbers: nothing.", _own_number),
    Rule(
        "answered_since", "The person called again and was answered: nothing (cancels a waiting text).", _answered_since
    ),
    Rule("called_back", "The office called back and was answered: nothing (cancels).", _called_back),
    Rule("wrote", "The person has texted since the call: nothing (cancels); the thread has an owner.", _wrote),
    Rule("staff_acted", "Staff texted, closed the task or left a note since: nothing (cancels).", _staff_acted),
    Rule("lost", "Asterisk or the link went away in mid-call: a task, never a text on a guess.", _lost),
    Rule(
        "restored",
        "It ended before the database came back from a backup, and may have had its text: a task.",
        _restored,
    ),
    Rule("recovered", "Known from Asterisk's call records only, and they leave doubt: a task.", _recovered),
    Rule("unknown_outcome", "An outcome these rules do not know: a task.", _unknown_outcome),
    Rule("clock", "The wall clock, now or at the call, is not trusted: a task.", _clock),
    Rule("held", "Disk, clock, consent, limits or a restore are in failure: a task.", _held),
    Rule("line_off", "The line is configured not to text: a task.", _line_off),
    Rule(
        "presentation", "CALLERID(pres) is not seen and nobody opted in to texting without it: a task.", _presentation
    ),
    Rule(
        "number_class", "Premium, shared-cost, toll-free, unknown class, landline where the plan tells: a task.", _kind
    ),
    Rule("country", "A country that is not on the allow-list: a task.", _country),
    Rule("cannot_text", "Refusals or reports have shown that the number takes no texts: a task.", _cannot_text),
    Rule("opted_out", "The person said STOP, or the opt-outs cannot be read: a task.", _opted_out),
    Rule("consent", "The policy in force does not allow this text, or the ledger cannot be read: a task.", _consent),
    Rule("paused", "Automation is paused in this thread: a task.", _paused),
    Rule("voicemail", "A voicemail was left and `after_voicemail` is off: a task.", _voicemail),
    Rule("switched_off", "Texts are off for this situation (settings `after_*`, `when_*`): a task.", _switched_off),
    Rule("min_ring", "It rang shorter than `min_ring_s`: a task.", _min_ring),
    Rule("too_late", "Older than `max_age_min`: a task.", _too_late),
    Rule(
        "already_texted",
        "A text to this caller for this line within `once_per_h`: a task; urgent for a repeat.",
        _already_texted,
    ),
    Rule("cap_number", "`per_number_day` reached: a task.", _cap_number),
    Rule("cap_prefix", "`per_prefix_hour` reached: a task and an alert.", _cap_prefix),
    Rule("cap_hour", "`per_hour` reached: a task and an alert.", _cap_hour),
    Rule("cap_day", "`per_day` reached: a task and an alert.", _cap_day),
    Rule("breaker", "The circuit breaker is open: a task and an alert.", _breaker),
    Rule("no_text", "The situation's text is switched off or missing: a task.", _no_text),
    Rule("quiet_hours", "Quiet hours in one of the zones: hold, task, or answer just after the call.", _quiet),
    Rule("text", "Nothing speaks against it: a text.", _text),
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
