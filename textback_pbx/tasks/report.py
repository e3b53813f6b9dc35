"""The numbers a manager reads, each with its definition beside it, and the one sentence; pure.

It counts rows the store read (:mod:`textback_pbx.tasks.figures.store`); whether the office was open, and how much
business time passed, it asks of callables, so that the opening hours stay in one place.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from textback_pbx.clock import DAY_MS, MINUTE_MS, SECOND_MS

#: An answer belongs to a missed call when it came within this time of it.
REPLY_WITHIN_MS = 7 * DAY_MS
#: Call-to-text latency is held against these limits (seconds).
LATENCY_LIMITS_S = (60, 90, 120)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

DEFINITIONS: dict[str, str] = {
    "missed": "calls from outside that nobody answered: busy, no answer, not reachable",
    "missed_callers": "different numbers among the missed calls; withheld ones cannot be told apart and are left out",
    "by_reason": "missed calls by outcome",
    "by_hour": "missed calls by the hour they ended, local time",
    "by_weekday": "missed calls by weekday, local time",
    "by_line": "missed calls by the line that was dialled",
    "by_hours": "missed calls while the line was open, and while it was closed",
    "eligible": "missed calls whose decision was to send a text",
    "texted": "missed calls whose text the network took (sent, delivered or reported undelivered)",
    "unknown": "missed calls whose text nobody can know to have left",
    "send_rate_of_missed": "texted / missed",
    "send_rate_of_eligible": "texted / eligible",
    "not_texted": "missed calls without a text, by the rule that decided, or the reason the text was cancelled",
    "recipients": "different numbers that got a text after a missed call",
    "replied": "different missed callers who wrote within 7 days after their call",
    "reply_rate_of_recipients": "recipients who wrote within 7 days after their call / recipients",
    "reply_rate_of_missed_callers": "replied / missed_callers",
    "recovered": "of those who replied, the ones a person then answered: by text, or by a call that was taken",
    "booked": "missed callers whose thread was set to booked within 7 days after their call, or is booked now",
    "booked_of_replied": "booked / replied",
    "booked_of_missed_callers": "booked / missed_callers",
    "first_answer_median_min": "business minutes from a missed caller's text to a person's first answer, median",
    "first_answer_p90_min": "the same, 90th percentile",
    "latency_p50_s": "seconds from the end of a missed call to its text's hand-over to the modem, median",
    "latency_p95_s": "the same, 95th percentile",
    "latency_within": "share of those texts within 60, 90 and 120 seconds",
    "opt_outs": "opt-outs recorded in the period",
    "delivery_failures": "texts of the period that the network refused or reported undelivered",
}


@dataclass(frozen=True, slots=True)
class Missed:
    """One missed call with what followed; times in ms UTC, ``None`` where nothing did.

    ``replied_ms``, ``human_ms`` are the first text from the caller after the call, and the first answer of a person
    after that. ``part_state`` is the state of its text's first part.
    """

    number: str | None
    line: str
    ended_ms: int
    outcome: str
    verdict: str = ""
    rule: str = ""
    part_state: str = ""
    cancelled: str = ""
    handed_over_ms: int | None = None
    replied_ms: int | None = None
    human_ms: int | None = None
    booked: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """From (inclusive) until (exclusive), ms UTC, and how a person names it ("last week")."""

    from_ms: int
    until_ms: int
    name: str


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
    opt_outs: int = 0
    delivery_failures: int = 0


_SENT = frozenset({"accepted", "delivered", "undelivered"})


def make(
    calls: Sequence[Missed],
    period: Period,
    zone: tzinfo,
    *,
    opt_outs: int,
    delivery_failures: int,
    is_open: Callable[[str, int], bool],
    business_minutes: Callable[[str, int, int], float],
) -> Report:
    """Count. ``is_open(line, at_ms)`` and ``business_minutes(line, from_ms, until_ms)`` know the opening hours."""
    walls = [datetime.fromtimestamp(call.ended_ms / SECOND_MS, zone) for call in calls]
    sent = [call for call in calls if call.part_state in _SENT]
    eligible = sum(call.verdict == "text" for call in calls)
    callers, replied = _numbers(calls), _numbers([c for c in calls if _has_replied(c)])
    recipients, booked = _numbers(sent), _numbers([c for c in calls if c.booked])
    waits = _first_answers(calls, business_minutes)
    latencies = [(c.handed_over_ms - c.ended_ms) / SECOND_MS for c in sent if c.handed_over_ms is not None]
    return Report(
        period=period,
        missed=len(calls),
        missed_callers=len(callers),
        by_reason=dict(Counter(call.outcome for call in calls).most_common()),
        by_hour=_in_order(Counter(f"{wall.hour:02d}" for wall in walls)),
        by_weekday={day: n for k, day in enumerate(_DAYS) if (n := sum(wall.weekday() == k for wall in walls))},
        by_line=dict(Counter(call.line for call in calls).most_common()),
        by_hours=_in_order(Counter("open" if is_open(call.line, call.ended_ms) else "closed" for call in calls)),
        eligible=eligible,
        texted=len(sent),
        unknown=sum(call.part_state == "unknown" for call in calls),
        send_rate_of_missed=_rate(len(sent), len(calls)),
        send_rate_of_eligible=_rate(len(sent), eligible),
        not_texted=dict(Counter(_why_not(c) for c in calls if c.part_state not in {*_SENT, "unknown"}).most_common()),
        recipients=len(recipients),
        replied=len(replied),
        reply_rate_of_recipients=_rate(len(recipients & replied), len(recipients)),
        reply_rate_of_missed_callers=_rate(len(replied), len(callers)),
        recovered=len(_numbers([c for c in calls if _has_replied(c) and c.human_ms is not None])),
        booked=len(booked),
        booked_of_replied=_rate(len(booked & replied), len(replied)),
        booked_of_missed_callers=_rate(len(booked), len(callers)),
        first_answer_median_min=percentile(waits, 50),
        first_answer_p90_min=percentile(waits, 90),
        latency_p50_s=percentile(latencies, 50),
        latency_p95_s=percentile(latencies, 95),
        latency_within={
            str(limit): round(sum(value <= limit for value in latencies) / len(latencies), 4)
            for limit in LATENCY_LIMITS_S
        }
        if latencies
        else {},
        opt_outs=opt_outs,
        delivery_failures=delivery_failures,
    )


def sentence(report: Report) -> str:
    """Say the period in one sentence: "You missed 47 calls last week; 23 replied and 12 booked."."""
    calls = "1 call" if report.missed == 1 else f"{report.missed or 'no'} calls"
    if not report.missed:
        return f"You missed no calls {report.period.name}."
    replied, booked = report.replied or "nobody", report.booked or "nobody"
    return f"You missed {calls} {report.period.name}; {replied} replied and {booked} booked."


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile, to one decimal; ``None`` of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-percent * len(ordered) // 100))
    return round(ordered[rank - 1], 1)


def _has_replied(call: Missed) -> bool:
    return call.replied_ms is not None and call.replied_ms - call.ended_ms <= REPLY_WITHIN_MS


def _numbers(calls: Sequence[Missed]) -> set[str]:
    return {call.number for call in calls if call.number is not None}


def _first_answers(calls: Sequence[Missed], business_minutes: Callable[[str, int, int], float]) -> list[float]:
    """Return one wait per text that got an answer; two missed calls before one text are one wait."""
    waits = {
        (call.number, call.line, call.replied_ms, call.human_ms)
        for call in calls
        if _has_replied(call) and call.human_ms is not None
    }
    return [
        business_minutes(line, replied, human)
        for _, line, replied, human in sorted(waits, key=str)
        if replied is not None and human is not None
    ]


def _why_not(call: Missed) -> str:
    if call.verdict != "text":
        return call.rule or "not decided yet"
    return call.cancelled or {"": "no text was made", "queued": "still waiting", "claimed": "still waiting"}.get(
        call.part_state, call.part_state
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _in_order(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def week_before(now_ms: int, zone: tzinfo) -> Period:
    """Return the last whole week, Monday to Sunday, in ``zone``; days of 23 and 25 hours included."""
    today = datetime.fromtimestamp(now_ms / SECOND_MS, zone).date()
    monday = today.toordinal() - today.weekday()
    return Period(_midnight(monday - 7, zone), _midnight(monday, zone), "last week")


def month_before(now_ms: int, zone: tzinfo) -> Period:
    """Return the last whole calendar month in ``zone``."""
    first = datetime.fromtimestamp(now_ms / SECOND_MS, zone).date().replace(day=1)
    last = datetime.fromordinal(first.toordinal() - 1)
    return Period(_midnight(last.replace(day=1).toordinal(), zone), _midnight(first.toordinal(), zone), "last month")


def day_of(now_ms: int, zone: tzinfo) -> Period:
    """Return today, from midnight to now, in ``zone``."""
    today = datetime.fromtimestamp(now_ms / SECOND_MS, zone).date().toordinal()
    return Period(_midnight(today, zone), now_ms + 1, "today")


def between(first: str, last: str, zone: tzinfo) -> Period:
    """Return the days from ``first`` to ``last`` (both ISO dates, both included). Raises ``ValueError``."""
    start, end = datetime.fromisoformat(first).toordinal(), datetime.fromisoformat(last).toordinal()
    if end < start:
        raise ValueError(f"{last} is before {first}")
    return Period(_midnight(start, zone), _midnight(end + 1, zone), f"from {first} to {last}")


def _midnight(ordinal: int, zone: tzinfo) -> int:
    return int(datetime.fromordinal(ordinal).replace(tzinfo=zone).timestamp()) * SECOND_MS


def wall_minutes(line: str, from_ms: int, until_ms: int) -> float:
    """Return the minutes on the wall between two instants; the stand-in for business minutes."""
    del line
    return (until_ms - from_ms) / MINUTE_MS
