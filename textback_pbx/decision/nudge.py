"""The nudge: one second text a few hours later if nothing came back, then never again. Pure.

It answers no call made minutes ago, so it is bound more tightly than the first text: a consent on record (or the
person wrote at some time, which then ended the wait anyway), always outside quiet hours, the stricter regional
tables, the caps. Any reply, STOP, answered call or human action ends it for good. Off by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.decision.facts import ALLOWED, Facts


@dataclass(frozen=True, slots=True)
class NudgeFacts:
    """One text that was answered by nothing so far. ``call`` are fresh facts of its call; times are ms UTC."""

    call: Facts
    sent_ms: int  # when the first text was handed over; 0: it was not
    delivered: bool  # the network said so, or has not said otherwise
    nudged: bool  # this call has had its nudge, or its nudge was cancelled
    recorded: bool  # consent on record: the first text's one reply does not cover a second
    waking: bool  # now, by quiet hours and regional tables, in every zone
    waking_from_ms: int | None


class NudgePlan(NamedTuple):
    """``due_ms``: when to send (now or later); 0: never. ``rule`` and ``why`` say what spoke."""

    due_ms: int
    rule: str
    why: str


class NudgeRule(NamedTuple):
    """One row of the table: ``bars`` says whether the nudge is off for good."""

    name: str
    says: str
    bars: Callable[[NudgeFacts], bool]


#: A nudge that could not leave for so long would come from nowhere.
LATEST_MS = 24 * HOUR_MS

RULES: tuple[NudgeRule, ...] = (
    NudgeRule("off", "Nudges are off (= the default).", lambda n: not n.call.policy.nudge),
    NudgeRule("dry_run", "Nothing is sent in a dry run.", lambda n: n.call.policy.dry_run),
    NudgeRule("nudged", "This call has had its nudge.", lambda n: n.nudged),
    NudgeRule(
        "not_sent", "The first text did not leave, or was not delivered.", lambda n: not n.sent_ms or not n.delivered
    ),
    NudgeRule("wrote", "The person has written since.", lambda n: n.call.wrote_ms >= n.call.started_ms),
    NudgeRule("answered_since", "The person called again and was answered.", lambda n: n.call.answered_since_ms > 0),
    NudgeRule("called_back", "The office called back and reached the person.", lambda n: n.call.called_back_ms > 0),
    NudgeRule("staff_acted", "Staff has dealt with it.", lambda n: n.call.staff_ms > 0),
    NudgeRule("clock", "The clock is not trusted.", lambda n: not n.call.clock_trusted),
    NudgeRule("held", "Sending is held.", lambda n: bool(n.call.holds)),
    NudgeRule("opted_out", "The person said STOP, or that cannot be read.", lambda n: n.call.opted_out is not False),
    NudgeRule(
        "consent",
        "No consent on record: one reply covers one text.",
        lambda n: n.call.consent != ALLOWED or not n.recorded,
    ),
    NudgeRule("paused", "Automation is paused in this thread.", lambda n: n.call.automation_paused),
    NudgeRule("cannot_text", "The number takes no texts.", lambda n: bool(n.call.cannot_text)),
    NudgeRule("breaker", "The circuit breaker is open.", lambda n: bool(n.call.breaker)),
    NudgeRule("caps", "A limit per number, block, hour or day is reached.", lambda n: _capped(n.call)),
    NudgeRule("too_late", "More than a day after the first text.", lambda n: n.call.now_ms - n.sent_ms > LATEST_MS),
)
#: Rules that may pass: the nudge waits rather than ends while one of these speaks.
PASSING = frozenset({"clock", "held", "paused", "breaker", "caps"})


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
    barred = next((rule for rule in RULES if rule.bars(n)), None)
    if barred is not None:
        return NudgePlan(0, barred.name, barred.says)
    due_ms = n.sent_ms + n.call.policy.nudge_after_min * MINUTE_MS
    if n.call.now_ms < due_ms:
        return NudgePlan(due_ms, "wait", "nothing came back yet")
    if not n.waking:
        late = n.waking_from_ms is None or n.waking_from_ms - n.sent_ms > LATEST_MS
        return NudgePlan(0 if late else n.waking_from_ms or 0, "quiet_hours", "outside the hours a nudge may arrive")
    return NudgePlan(n.call.now_ms, "nudge", "nothing came back")


def as_markdown() -> str:
    """Return the nudge's rules as a table for the documentation."""
    rows = [f"| `{rule.name}` | {rule.says} | {'waits' if rule.name in PASSING else 'ends it'} |" for rule in RULES]
    return "\n".join(["| rule | what it says | the nudge |", "|---|---|---|", *rows]) + "\n"
