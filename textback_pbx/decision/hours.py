"""Opening hours, public holidays and quiet hours on the wall clock of any zone. Pure: no clock, no I/O.

Every question is answered from the wall time that an instant *has* in a zone, never by adding hours to a local
time. So the hour that comes twice in autumn is judged twice, and the hour that is missing in spring is never
waited for. A schedule is constant between its change points (interval ends in both folds, midnights, and the
zone's own transitions); everything else is a walk over these. All instants are ms UTC; minutes of a day are local.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from textback_pbx.clock import MINUTE_MS, SECOND_MS

#: (from, until) minutes of a local day, half open, ``until`` at most 1440.
Interval = tuple[int, int]
#: Monday first, as :meth:`datetime.date.weekday` counts.
Week = tuple[tuple[Interval, ...], ...]

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 1440
_HORIZON_DAYS = 400  # an office closed for longer than this has no next opening


class HoursProblem(ValueError):
    """Opening hours that cannot be read; the message says how to write them."""


def parse_day(text: str) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
    """Read ``"8:00-12:00, 13:00-17:30"``; return today's intervals and what spills over midnight.

    ``"closed"`` and ``""`` are no intervals, ``"24h"`` the whole day, ``"22:00-02:00"`` runs over midnight.
    """
    text = text.strip().lower()
    if text in ("", "closed"):
        return (), ()
    if text == "24h":
        return ((0, _DAY_MINUTES),), ()
    today: list[Interval] = []
    spill: list[Interval] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*", piece)
        if match is None:
            raise HoursProblem(f"cannot read {piece.strip()!r}: write opening hours like '8:00-12:00, 13:00-17:00'")
        start, until = _minute(match[1], match[2]), _minute(match[3], match[4])
        if start in {until, _DAY_MINUTES}:
            raise HoursProblem(f"{piece.strip()!r} opens and closes at the same time: write '24h' or 'closed'")
        if until > start:
            today.append((start, until))
        else:
            today.append((start, _DAY_MINUTES))
            spill += [(0, until)] if until else []
    return _merge(today), _merge(spill)


def _minute(hour: str, minute: str) -> int:
    value = int(hour) * 60 + int(minute)
    if int(minute) > 59 or value > _DAY_MINUTES:
        raise HoursProblem(f"there is no time {hour}:{minute}")
    return value


def _merge(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for start, until in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((start, until))
    return tuple(merged)


def parse_week(days: dict[str, str]) -> Week:
    """Read ``{"mon": "8:00-17:00", "mon-fri": ..., ...}``; a day that is not named is closed."""
    texts = dict.fromkeys(range(7), "")
    for key, text in days.items():
        for day in _days(key):
            texts[day] = text
    parsed = [parse_day(texts[day]) for day in range(7)]
    return tuple(_merge([*parsed[day][0], *parsed[day - 1][1]]) for day in range(7))


def _days(key: str) -> list[int]:
    first, _, last = key.strip().lower().partition("-")
    try:
        start = DAY_NAMES.index(first[:3])
        end = DAY_NAMES.index(last[:3]) if last else start
    except ValueError:
        raise HoursProblem(f"no day {key!r}: use {', '.join(DAY_NAMES)} or a range such as mon-fri") from None
    return [(start + n) % 7 for n in range((end - start) % 7 + 1)]


def every_day(start: str, until: str) -> Week:
    """Return the same interval for all seven days, from two ``HH:MM`` texts."""
    today, spill = parse_day(f"{start}-{until}")
    return (_merge([*today, *spill]),) * 7


#: Monday to Friday 8-17, Saturday 9-12: what a small office is taken to keep until it says otherwise.
OFFICE_WEEK = parse_week({"mon-fri": "8:00-17:00", "sat": "9:00-12:00"})
#: 8:00-21:00 every day: the times of day at which a text may arrive.
WAKING_WEEK = every_day("8:00", "21:00")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A week on the wall clock of one zone, with the dates on which it does not hold.

    ``country`` and ``subdivision`` (ISO 3166) name the public holidays, on which nothing is open; ``special`` gives
    single dates their own intervals, and wins over both.
    """

    week: Week = OFFICE_WEEK
    zone: str = "UTC"
    country: str = ""
    subdivision: str = ""
    special: tuple[tuple[str, tuple[Interval, ...]], ...] = field(default=())  # ("2026-12-24", ((480, 720),))


def local(at_ms: int, zone: str) -> datetime:
    """Return the instant on the zone's wall clock."""
    return datetime.fromtimestamp(at_ms / SECOND_MS, UTC).astimezone(_zone(zone))


@lru_cache(maxsize=128)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_exists(name: str) -> bool:
    """Say whether the machine's time zone data know ``name``."""
    try:
        _zone(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def intervals_on(schedule: Schedule, day: date) -> tuple[Interval, ...]:
    """Return a date's intervals: its own, none on a public holiday, else the weekday's."""
    key = day.isoformat()
    for special, intervals in schedule.special:
        if special == key:
            return intervals
    return () if holiday(schedule, day) else schedule.week[day.weekday()]


def holiday(schedule: Schedule, day: date) -> str:
    """Return the public holiday's name, or ``""``."""
    if not schedule.country:
        return ""
    return _holidays(schedule.country, schedule.subdivision, day.year).get(day, "")


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str, year: int) -> dict[date, str]:
    import holidays  # 11 MB: only where holidays are wanted

    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year).items())


def holiday_problem(country: str, subdivision: str = "") -> str:
    """Say what is wrong with a holiday calendar's name; ``""`` when it exists."""
    try:
        _holidays(country, subdivision, 2026)
    except NotImplementedError:
        where = f"{country}/{subdivision}" if subdivision else country
        return f"no calendar of public holidays for {where!r}: use ISO 3166 codes, such as US and TX"
    return ""


def is_open(schedule: Schedule, at_ms: int) -> bool:
    """Say whether the wall time of ``at_ms`` lies in one of its date's intervals."""
    wall = local(at_ms, schedule.zone)
    minute = wall.hour * 60 + wall.minute
    return any(start <= minute < until for start, until in intervals_on(schedule, wall.date()))


def all_open(schedules: Sequence[Schedule], at_ms: int) -> bool:
    """Say whether every one of the schedules is open: quiet hours hold in all zones a number may be in."""
    return all(is_open(schedule, at_ms) for schedule in schedules)


def next_open(schedules: Sequence[Schedule], from_ms: int) -> int | None:
    """Return the first instant from ``from_ms`` on at which all are open; ``None``: not within 400 days."""
    if all_open(schedules, from_ms):
        return from_ms
    for change in _changes(schedules, from_ms):
        if all_open(schedules, change):
            return change
    return None


def open_for(schedules: Sequence[Schedule], from_ms: int, minutes: int) -> bool:
    """Say whether all are open for so many minutes on: quickly, and wrongly ``False`` at worst."""
    return all(_open_for(schedule, from_ms, minutes) for schedule in schedules)


def _open_for(schedule: Schedule, from_ms: int, minutes: int) -> bool:
    wall = local(from_ms, schedule.zone)
    if wall.utcoffset() != local(from_ms + (minutes + 1) * MINUTE_MS, schedule.zone).utcoffset():
        return False  # the wall clock is about to be set: only a walk can tell
    now = wall.hour * 60 + wall.minute
    return any(start <= now and now + minutes < until for start, until in intervals_on(schedule, wall.date()))


def open_until(schedules: Sequence[Schedule], from_ms: int) -> int | None:
    """Return the first instant after ``from_ms`` at which not all are open; ``from_ms`` itself when they are not now.

    ``None``: they stay open for 400 days.
    """
    if not all_open(schedules, from_ms):
        return from_ms
    return next((change for change in _changes(schedules, from_ms) if not all_open(schedules, change)), None)


def spans(schedule: Schedule, from_ms: int) -> Iterator[tuple[int, int]]:
    """Yield the open stretches ``[from, until)`` from ``from_ms`` on, in order."""
    opened = from_ms if is_open(schedule, from_ms) else None
    for change in _changes([schedule], from_ms):
        open_now = is_open(schedule, change)
        if open_now and opened is None:
            opened = change
        elif not open_now and opened is not None:
            yield opened, change
            opened = None


def business_deadline(schedule: Schedule, from_ms: int, minutes: int) -> int | None:
    """Return when ``minutes`` of opening time have passed since ``from_ms``; ``None``: never (always closed)."""
    left = minutes * MINUTE_MS
    reached, opened = from_ms, is_open(schedule, from_ms)
    for change in _changes([schedule], from_ms):
        if opened:
            if change - reached >= left:
                return reached + left
            left -= change - reached
        reached, opened = change, is_open(schedule, change)
    return None


def business_minutes(schedule: Schedule, from_ms: int, until_ms: int) -> int:
    """Return the minutes of opening time between two instants, rounded down."""
    total, reached, opened = 0, from_ms, is_open(schedule, from_ms)
    for change in _changes([schedule], from_ms):
        end = min(change, until_ms)
        total += end - reached if opened else 0
        if change >= until_ms:
            break
        reached, opened = change, is_open(schedule, change)
    return total // MINUTE_MS


def _changes(schedules: Sequence[Schedule], from_ms: int) -> Iterator[int]:
    """Yield, in order, every instant after ``from_ms`` at which one of the schedules may change."""
    first = local(from_ms, "UTC").date() - timedelta(days=1)
    pending: set[int] = set()
    for n in range(_HORIZON_DAYS):
        day = first + timedelta(days=n)
        for schedule in schedules:
            pending.update(_changes_on(schedule, day))
        # Offsets reach from -12 to +14 h: nothing of a later date comes before this date's start in UTC less a day.
        edge = _utc_ms(day, 0, "UTC", 0) - 14 * 60 * MINUTE_MS
        ready = sorted(instant for instant in pending if instant < edge)
        pending.difference_update(ready)
        yield from (instant for instant in ready if instant > from_ms)


def _changes_on(schedule: Schedule, day: date) -> Iterator[int]:
    for minute in {0, *(edge for interval in intervals_on(schedule, day) for edge in interval)}:
        yield _utc_ms(day, minute, schedule.zone, 0)
        yield _utc_ms(day, minute, schedule.zone, 1)
    transition = _transition(schedule.zone, day)
    if transition is not None:
        yield transition


def _utc_ms(day: date, minute: int, zone: str, fold: int) -> int:
    wall = datetime(day.year, day.month, day.day, tzinfo=_zone(zone)) + timedelta(minutes=minute)
    return int(wall.replace(fold=fold).timestamp()) * SECOND_MS


@lru_cache(maxsize=4096)
def _transition(zone: str, day: date) -> int | None:
    """Return the instant on this date at which the zone's offset changes, to the second."""
    info = _zone(zone)
    low = int(datetime(day.year, day.month, day.day, tzinfo=info).timestamp())
    high = low + 27 * 3600

    def offset(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, info).utcoffset()

    before = offset(low)
    if before == offset(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return high * SECOND_MS
