"""The stretches of time a report is about: whole local days, weeks and months, through clock changes; pure."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from textback_pbx.clock import SECOND_MS


@dataclass(frozen=True, slots=True)
class Period:
    """From (inclusive) until (exclusive), ms UTC, and how a person names it ("last week")."""

    from_ms: int
    until_ms: int
    name: str


def week_before(now_ms: int, zone: tzinfo) -> Period:
    """Return the last whole week, Monday to Sunday, in ``zone``; days of 23 and 25 hours included."""
    today = datetime.fromtimestamp(now_ms / SECOND_MS, zone).date()
    monday = today.toordinal() - today.weekday()
    return Period(_midnight(monday - 7, zone), _midnight(monday, zone), "last week")


def week_of(monday: date, zone: tzinfo, name: str) -> Period:
    """Return the week that begins with ``monday``."""
    return Period(_midnight(monday.toordinal(), zone), _midnight(monday.toordinal() + 7, zone), name)


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
