"""The numbers a manager reads, each with its definition beside it, and the one sentence; pure.

It counts rows the store read (:mod:`textback_pbx.tasks.figures.store`); whether the office was open, and how much
business time passed, it asks of callables, so that the opening hours stay in one place.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from textback_pbx.clock import DAY_MS, MINUTE_MS, SECOND_MS
from textback_pbx.tasks.periods import Period

#: An answer belongs to a missed call when it came within this time of it.
REPLY_WITHIN_MS = 7 * DAY_MS
#: Call-to-text latency is held against these limits (seconds).
LATENCY_LIMITS_S = (60, 90, 120)
#: The longest delay that an office may set; a text that had to wait longer was held back.
LONGEST_DELAY_MS = 120 * SECOND_MS
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

DEFINITIONS: dict[str, str] = {
    "missed": "calls from outside that nobody answered: busy, no answer, not reachable",
    "missed_callers": "different numbers among the missed calls; withheld ones cannot be told apart and are left out",
    "by_reason": "missed calls by outcome",
    "by_hour": "missed calls by the hour they ended, local time",
    "by_weekday": "missed calls by the weekday they ended, local time",
    "by_line": "missed calls by the line that was dialled",
    "by_hours": "missed calls that ended while the line was open, and while it was closed",
    "eligible": "missed calls whose decision was to send a text",
    "texted": "missed calls whose text the network took (accepted, delivered or reported undelivered)",
    "unknown": "missed calls whose text nobody can know to have left",
    "send_rate_of_missed": "texted / missed",
    "send_rate_of_eligible": "texted / eligible",
    "not_texted": "missed calls without a text: the rule that decided, else why the text did not leave",
    "recipients": "different numbers that got a text after a missed call",
    "replied": "different missed callers who wrote to that line within 7 days after their call; texts that "
    "say STOP, START or HELP are no replies, whatever else they say",
    "reply_rate_of_recipients": "recipients who replied / recipients",
    "reply_rate_of_missed_callers": "replied / missed_callers",
    "recovered": "of those who replied, the ones a person answered within 7 days: by a text, or a call that was taken",
    "booked": "different missed callers with a booking on that line made within 7 days after their call, and not "
    "called off within them",
    "booked_of_replied": "booked who replied / replied",
    "booked_of_missed_callers": "booked / missed_callers",
    "first_answer_median_min": "minutes of the line's opening time from a missed caller's first reply to a person's "
    "first answer, median (nearest rank)",
    "first_answer_p90_min": "the same, 90th percentile",
    "latency_p50_s": "seconds from the end of a missed call to its text's hand-over to the modem, median; texts that "
    "quiet hours held back are left out",
    "latency_p95_s": "the same, 95th percentile",
    "latency_within": "share of those texts within 60, 90 and 120 seconds",
    "held": "texts that quiet hours held back",
    "opt_outs": "opt-outs recorded in the period, on every line",
    "delivery_failures": "texts to customers, handed to the modem in the period, that the network refused or reported "
    "undelivered",
    "gaps": "stretches of the period in which the PBX was not heard; calls in them may be missing here",
    "gap_minutes": "how long they were together, minutes of the period",
    "gap_calls": "calls of the period that are known from Asterisk's call records only",
    "gaps_not_repaired": "of these stretches, the ones that call records have not filled in",
    "lost": "calls whose end was not heard: they may have been missed, and nobody was texted on a guess",
}
#: Each section of a printed report with its numbers.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Missed calls": ("missed", "missed_callers", "by_reason", "by_hours", "by_line", "by_weekday", "by_hour"),
    "Texts": ("eligible", "texted", "send_rate_of_missed", "send_rate_of_eligible", "not_texted", "unknown", "held",
              "latency_p50_s", "latency_p95_s", "latency_within", "delivery_failures", "opt_outs"),
    "What came of it": ("recipients", "replied", "reply_rate_of_recipients", "reply_rate_of_missed_callers",
                        "recovered", "booked", "booked_of_replied", "booked_of_missed_callers",
                        "first_answer_median_min", "first_answer_p90_min"),
    "What is not known": ("gaps", "gap_minutes", "gap_calls", "gaps_not_repaired", "lost"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missed:
    """One missed call with what followed; times in ms UTC, ``None`` where nothing did.

    ``replied_ms``, ``human_ms`` are the first text from the caller after the call, and the first answer of a person
    after that. ``part_state`` is the state of its text's first part; ``held_ms`` how long after the call that text
    might leave at the earliest.
    """

    number: str | None
    line: str
    ended_ms: int
    outcome: str
    verdict: str = ""
    rule: str = ""
    part_state: str = ""
    cancelled: str = ""
    dry_run: bool = False
    held_ms: int = 0
    handed_over_ms: int | None = None
    replied_ms: int | None = None
    human_ms: int | None = None
    booked: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What the store counts itself: see :data:`DEFINITIONS` for each."""

    opt_outs: int = 0
    delivery_failures: int = 0
    gaps: int = 0
    gap_ms: int = 0
    gap_calls: int = 0
    gaps_not_repaired: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Every number of :data:`DEFINITIONS`; rates are 0..1, or ``None`` when nothing was there to divide by."""

    period: Period
    missed: int = 0
    missed_callers: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    by_hour: dict[str, int] = field(default_factory=dict)
    by_weekday: dict[str, int] = field(default_factory=dict)
    by_line: dict[str, int] = field(default_factory=dict)
    by_hours: dict[str, int] = field(default_factory=dict)
    eligible: int = 0
    texted: int = 0
    unknown: int = 0
    send_rate_of_missed: float | None = None
    send_rate_of_eligible: float | None = None
    not_texted: dict[str, int] = field(default_factory=dict)
    recipients: int = 0
    replied: int = 0
    reply_rate_of_recipients: float | None = None
    reply_rate_of_missed_callers: float | None = None
    recovered: int = 0
    booked: int = 0
    booked_of_replied: float | None = None
    booked_of_missed_callers: float | None = None
    first_answer_median_min: float | None = None
    first_answer_p90_min: float | None = None
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    latency_within: dict[str, float] = field(default_factory=dict)
    held: int = 0
    opt_outs: int = 0
    delivery_failures: int = 0
    gaps: int = 0
    gap_minutes: int = 0
    gap_calls: int = 0
    gaps_not_repaired: int = 0
    lost: int = 0


_SENT = frozenset({"accepted", "delivered", "undelivered"})
_GONE = _SENT | {"unknown"}


def make(
    calls: Sequence[Missed],
    period: Period,
    zone: tzinfo,
    counts: Counts,
    *,
    is_open: Callable[[str, int], bool],
    business_minutes: Callable[[str, int, int], float],
) -> Report:
    """Count. ``is_open(line, at_ms)`` and ``business_minutes(line, from_ms, until_ms)`` know the opening hours."""
    callers = _numbers(calls)
    return Report(
        period=period,
        missed=len(calls),
        missed_callers=len(callers),
        **_when(calls, zone),
        by_reason=dict(Counter(call.outcome for call in calls).most_common()),
        by_line=dict(Counter(call.line for call in calls).most_common()),
        by_hours=_in_order(Counter("open" if is_open(call.line, call.ended_ms) else "closed" for call in calls)),
        **_texts(calls),
        **_outcome(calls, callers, business_minutes),
        opt_outs=counts.opt_outs,
        delivery_failures=counts.delivery_failures,
        gaps=counts.gaps,
        gap_minutes=round(counts.gap_ms / MINUTE_MS),
        gap_calls=counts.gap_calls,
        gaps_not_repaired=counts.gaps_not_repaired,
        lost=counts.lost,
    )


def _when(calls: Sequence[Missed], zone: tzinfo) -> dict[str, Any]:
    walls = [datetime.fromtimestamp(call.ended_ms / SECOND_MS, zone) for call in calls]
    weekdays = Counter(wall.weekday() for wall in walls)
    return {
        "by_hour": _in_order(Counter(f"{wall.hour:02d}" for wall in walls)),
        "by_weekday": {day: weekdays[k] for k, day in enumerate(DAYS) if weekdays[k]},
    }


def _texts(calls: Sequence[Missed]) -> dict[str, Any]:
    sent = [call for call in calls if call.part_state in _SENT]
    eligible = sum(call.verdict == "text" for call in calls)
    prompt = [call for call in sent if call.held_ms <= LONGEST_DELAY_MS]
    waits = [(c.handed_over_ms - c.ended_ms) / SECOND_MS for c in prompt if c.handed_over_ms is not None]
    within = {str(limit): sum(wait <= limit for wait in waits) for limit in LATENCY_LIMITS_S}
    return {
        "eligible": eligible,
        "texted": len(sent),
        "unknown": sum(call.part_state == "unknown" for call in calls),
        "held": len(sent) - len(prompt),
        "send_rate_of_missed": _rate(len(sent), len(calls)),
        "send_rate_of_eligible": _rate(len(sent), eligible),
        "not_texted": dict(Counter(_why_not(c) for c in calls if c.part_state not in _GONE).most_common()),
        "latency_p50_s": percentile(waits, 50),
        "latency_p95_s": percentile(waits, 95),
        "latency_within": {limit: round(n / len(waits), 4) for limit, n in within.items()} if waits else {},
    }


def _outcome(
    calls: Sequence[Missed], callers: set[str], business_minutes: Callable[[str, int, int], float]
) -> dict[str, Any]:
    replied = _numbers([call for call in calls if call.replied_ms is not None])
    recipients = _numbers([call for call in calls if call.part_state in _SENT])
    booked = _numbers([call for call in calls if call.booked])
    waits = _first_answers(calls, business_minutes)
    return {
        "recipients": len(recipients),
        "replied": len(replied),
        "reply_rate_of_recipients": _rate(len(recipients & replied), len(recipients)),
        "reply_rate_of_missed_callers": _rate(len(replied), len(callers)),
        "recovered": len(_numbers([call for call in calls if call.human_ms is not None])),
        "booked": len(booked),
        "booked_of_replied": _rate(len(booked & replied), len(replied)),
        "booked_of_missed_callers": _rate(len(booked), len(callers)),
        "first_answer_median_min": percentile(waits, 50),
        "first_answer_p90_min": percentile(waits, 90),
    }


def sentence(report: Report) -> str:
    """Say the period in one sentence: "You missed 47 calls last week; 23 replied and 12 booked."."""
    calls = "1 call" if report.missed == 1 else f"{report.missed or 'no'} calls"
    if not report.missed:
        return f"You missed no calls {report.period.name}."
    replied, booked = report.replied or "nobody", report.booked or "nobody"
    return f"You missed {calls} {report.period.name}; {replied} replied and {booked} booked."


def worded(name: str, value: Any) -> str:
    """Say one number as a person reads it; ``""`` where there is nothing to say."""
    if value is None or value == {}:
        return ""
    if isinstance(value, dict):
        share = name == "latency_within"
        return ", ".join(
            f"{key} s {100 * n:.0f} %" if share else f"{key.replace('_', ' ')} {n}" for key, n in value.items()
        )
    if "rate" in name or "_of_" in name:
        return f"{100 * value:.0f} %"
    return str(value)


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile, to one decimal; ``None`` of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-percent * len(ordered) // 100))
    return round(ordered[rank - 1], 1)


def _numbers(calls: Sequence[Missed]) -> set[str]:
    return {call.number for call in calls if call.number is not None}


def _first_answers(calls: Sequence[Missed], business_minutes: Callable[[str, int, int], float]) -> list[float]:
    """Return one wait per text that got an answer; two missed calls before one text are one wait."""
    waits = {(c.number, c.line, c.replied_ms, c.human_ms) for c in calls if c.human_ms is not None}
    return [business_minutes(line, replied or 0, human) for _, line, replied, human in waits if human is not None]


def _why_not(call: Missed) -> str:
    if call.verdict != "text":
        return call.rule or "not decided yet"
    if call.dry_run:
        return "dry run"
    return call.cancelled or {"": "no text was made", "queued": "still waiting", "claimed": "still waiting"}.get(
        call.part_state, call.part_state
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _in_order(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
