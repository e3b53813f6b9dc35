"""Which backups stay: the newest of each of the last days, weeks and months; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Keep:
    """How many backups stay of each kind; the newest one always stays."""

    days: int = 7
    weeks: int = 4
    months: int = 6


def to_drop(made_ms: Iterable[int], keep: Keep) -> set[int]:
    """Return which backups (by the time they were made, ms UTC) are not needed any more.

    A day, a week (ISO 8601) or a month is kept by its newest backup, so a gap of years keeps what there was.
    """
    stamps = sorted(set(made_ms), reverse=True)
    kept = set(stamps[:1])
    for count, period in ((keep.days, _day), (keep.weeks, _week), (keep.months, _month)):
        newest: dict[tuple[int, ...], int] = {}
        for stamp in stamps:
            newest.setdefault(period(datetime.fromtimestamp(stamp / 1000, UTC)), stamp)
        kept |= set(list(newest.values())[:count])
    return set(stamps) - kept


def _day(at: datetime) -> tuple[int, ...]:
    return at.year, at.month, at.day


def _week(at: datetime) -> tuple[int, ...]:
    return at.isocalendar()[:2]


def _month(at: datetime) -> tuple[int, ...]:
    return at.year, at.month
