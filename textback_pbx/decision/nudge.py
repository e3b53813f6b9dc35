"""The nudge: one second text a few hours later if nothing came back, then never again. Pure.

It answers no call made minutes ago, so it is bound more tightly than the first text: a consent on record, always
outside quiet hours, the stricter regional tables, the caps. Any reply, STOP, call or human action ends it for good,
until the very hand-over. Off by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.decision.facts import ALLOWED, Facts
from textback_pbx.decision.rules import TEXTABLE
from textback_pbx.decision.verdict import Step


@dataclass(frozen=True, slots=True)
class NudgeFacts:
    """One text that was answered by nothing so far. ``call`` are fresh facts of its call; times are ms UTC."""

    call: Facts
    sent_ms: int  # when the first text was handed over; 0: it was not
    delivered: bool  # the network said so, or has not said otherwise
    on_its_way: bool  # queued, being sent, or nobody knows yet
    nudged: bool  # this call has had its nudge, or the person had one before and has not written since
    recorded: bool  # consent on record: the first text's one reply does not cover a second
    waking: bool  # now, by quiet hours and regional tables, in every zone
    waking_from_ms: int | None
    waking_until_ms: int | None = None  # when those hours end; None: they are not on
    called_again_ms: int = 0  # the person called again, whatever came of it
    called_out_ms: int = 0  # the office called the person, reached or not


class NudgePlan(NamedTuple):
    """``due_ms``: when to send (now or later); 0: not now. ``rule`` and ``why`` say what spoke.

    ``trace`` is every rule up to the one that spoke, with its verdict. ``waits``: it may still come to a nudge.
    """

    due_ms: int
    rule: str
    why: str
    waits: bool = False
    trace: tuple[Step, ...] = ()


class NudgeRule(NamedTuple):
    """One row of the table: ``bars`` says whether the nudge is off for good."""

    name: str
    says: str
    bars: Callable[[NudgeFacts], bool]


#: A nudge that could not leave for so long would come from nowhere.
LATEST_MS = 24 * HOUR_MS

#: The clock comes before every rule that reads a time; what ends it for good before what may pass.
RULES: tuple[NudgeRule, ...] = (
    NudgeRule("off", "Nudges are off (= the default).", lambda n: not n.call.policy.nudge),
    NudgeRule("dry_run", "Nothing is sent in a dry run.", lambda n: n.call.policy.dry_run),
    NudgeRule(
        "nudged", "This call had its nudge, or the person had one and has not written since.", lambda n: n.nudged
    ),
    NudgeRule("restored", "From before a restore.", lambda n: n.call.ended_ms <= n.call.restored_ms),
    NudgeRule("clock", "The clock is not trusted.", lambda n: not n.call.clock_trusted),
    NudgeRule("line_off", "The line is configured not to text.", lambda n: n.call.situation == ""),
    NudgeRule("not_sent", "The first text did not arrive.", lambda n: not n.delivered and not n.on_its_way),
    NudgeRule("wrote", "The person has written since.", lambda n: n.call.wrote_ms >= n.call.started_ms),
    NudgeRule("answered_since", "The person called again and was answered.", lambda n: n.call.answered_since_ms > 0),
    NudgeRule("called_back", "The office called back and reached the person.", lambda n: n.call.called_back_ms > 0),
    NudgeRule("staff_acted", "Staff has dealt with it.", lambda n: n.call.staff_ms > 0),
    NudgeRule("called_again", "The person called again: somebody calls back.", lambda n: n.called_again_ms > 0),
    NudgeRule("called_out", "The office has tried to call the person.", lambda n: n.called_out_ms > 0),
    NudgeRule("opted_out", "The person said STOP, or that cannot be read.", lambda n: n.call.opted_out is not False),
    NudgeRule(
        "consent",
        "No consent on record: one reply covers one text.",
        lambda n: n.call.consent != ALLOWED or not n.recorded,
    ),
    NudgeRule("cannot_text", "The number takes no texts.", lambda n: bool(n.call.cannot_text)),
    NudgeRule("number_class", "A class or country of number that is not texted.", lambda n: not _textable(n.call)),
    NudgeRule("too_late", "More than a day after the first text.", lambda n: _age_ms(n) > LATEST_MS),
    NudgeRule("on_its_way", "The first text waits, or nobody knows whether it arrived.", lambda n: not n.delivered),
    NudgeRule("held", "Sending is held.", lambda n: bool(n.call.holds)),
    NudgeRule("paused", "Automation is paused in this thread.", lambda n: n.call.automation_paused),
    NudgeRule("breaker", "The circuit breaker is open.", lambda n: bool(n.call.breaker)),
    NudgeRule("caps", "A limit per number, block, hour or day is reached.", lambda n: _capped(n.call)),
)
#: Rules that may pass: the nudge waits rather than ends while one of these speaks.
PASSING = frozenset({"clock", "on_its_way", "held", "paused", "breaker", "caps"})


def _age_ms(n: NudgeFacts) -> int:
    return n.call.now_ms - n.sent_ms if n.sent_ms else 0


def _textable(f: Facts) -> bool:
    kind = f.number_kind in TEXTABLE or (f.number_kind == "fixed" and f.policy.landlines)
    return kind and f.region in f.policy.countries and not f.own_number and not f.withheld and f.caller is not None


def _capped(f: Facts) -> bool:
    p = f.policy
    return (
        f.sent_number_day >= p.per_number_day
        or f.sent_prefix_hour >= p.per_prefix_hour
        or f.sent_hour >= p.per_hour
        or f.sent_day >= p.per_day
    )


def plan(n: NudgeFacts) -> NudgePlan:
    """Say whether and when one call's nudge leaves. ``due_ms`` in the past or now: send it."""
    trace: list[Step] = []
    for rule in RULES:
        if rule.bars(n):
            waits = rule.name in PASSING
            trace.append(Step(rule.name, "wait" if waits else "never", rule.says))
            return NudgePlan(0, rule.name, rule.says, waits, tuple(trace))
        trace.append(Step(rule.name, "pass", ""))
    due_ms, name, why = _when(n)
    verdict = "text" if name == "nudge" else "wait" if due_ms else "never"
    return NudgePlan(due_ms, name, why, verdict == "wait", (*trace, Step(name, verdict, why)))


def _when(n: NudgeFacts) -> tuple[int, str, str]:
    due_ms = n.sent_ms + n.call.policy.nudge_after_min * MINUTE_MS
    if n.call.now_ms < due_ms:
        return due_ms, "wait", "nothing came back yet"
    if not n.waking:
        late = n.waking_from_ms is None or n.waking_from_ms - n.sent_ms > LATEST_MS
        return 0 if late else n.waking_from_ms or 0, "quiet_hours", "outside the hours a nudge may arrive"
    return n.call.now_ms, "nudge", "nothing came back"


def as_markdown() -> str:
    """Return the nudge's rules as a table for the documentation."""
    rows = [f"| `{rule.name}` | {rule.says} | {'waits' if rule.name in PASSING else 'ends it'} |" for rule in RULES]
    return "\n".join(["| rule | what it says | the nudge |", "|---|---|---|", *rows]) + "\n"
