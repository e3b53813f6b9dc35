"""One mention -> one window on the wall clock of the office's zone, cut to the hours and to now; pure.

The conventions are REPLIES's: Monday to Friday 8:00-17:00, Saturday 9:00-12:00, local time. Offsets are those of
each instant; "in the next n hours" is counted in real time, everything else on the wall.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from textback_pbx.replies.mentions import Limit, Mention

#: Opening minutes by weekday (Monday is 0).
HOURS: dict[int, tuple[int, int]] = {**dict.fromkeys(range(5), (8 * 60, 17 * 60)), 5: (9 * 60, 12 * 60)}
_NOON = 12 * 60
_HORIZON = 15
_DAY_FIRST = ("Europe/", "Atlantic/Reykjavik", "Australia/", "Pacific/Auckland", "Africa/", "Asia/", "GB", "Eire", "NZ")


@dataclass(frozen=True, slots=True)
class Window:
    """When to act: aware datetimes in the office's zone, ``start`` before ``end``."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Days, and weekdays (Monday is 0), on which the writer cannot."""

    days: frozenset[date] = frozenset()
    weekdays: frozenset[int] = frozenset()

    def __contains__(self, day: date) -> bool:
        """Say whether a day is taken."""
        return day in self.days or day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Frame:
    """Now, on the wall of the office, and how its country writes dates."""

    now: datetime
    zone: tzinfo
    day_first: bool

    @property
    def today(self) -> date:
        """The office's date."""
        return self.now.date()

    def at(self, day: date, minute: int) -> datetime:
        """Return a minute of a day as an instant of the zone."""
        return datetime.combine(day, time(minute // 60 % 24, minute % 60), self.zone)


NOTHING_TAKEN = Taken()


def frame(now: datetime | None, tz: str | None) -> Frame | None:
    """Return the frame, or ``None`` without a now. A zone that does not exist falls back to now's own offset."""
    if now is None:
        return None
    zone: tzinfo | None = now.tzinfo
    if tz:
        try:
            zone = ZoneInfo(tz)
        except (ZoneInfoNotFoundError, ValueError):
            zone = now.tzinfo
    zone = zone or UTC
    local = now.replace(tzinfo=zone) if now.tzinfo is None else now.astimezone(zone)
    return Frame(local, zone, (tz or "").startswith(_DAY_FIRST))


def resolve(mention: Mention, frame_: Frame, taken: Taken = NOTHING_TAKEN) -> Window | None:
    """Turn one mention into a window, cut to the hours and to now; ``None`` when nothing is left of it.

    ``taken`` days do not count where the mention names no day of its own.
    """
    if mention.special is not None:
        return _special(mention.special, frame_)
    if mention.part == "evening" and not mention.limits:
        return None
    days = list(_days(mention, frame_))
    if not days:
        return None
    if (
        mention.day is not None
        and mention.day[0] in ("week", "weekend", "end_of_week", "before_weekend", "range")
        and not mention.has_hours
    ):
        return _stretch(days, frame_)
    if mention.day_bound == "by" and not mention.limits and mention.part in ("", "end"):
        return _by(days[-1], frame_)
    open_day = mention.day is None or mention.day[0] in ("any", "weekdays")
    for day in days:
        if open_day and day in taken:
            continue
        made = _on(day, mention, frame_)
        if made is not None:
            return made
    return None


def _special(special: tuple[object, ...], frame_: Frame) -> Window | None:
    now = frame_.now
    if special[0] == "asap":
        for n in range(_HORIZON):
            made = _cut(frame_.today + timedelta(days=n), 0, 24 * 60, frame_)
            if made is not None:
                return made
        return None
    minutes = int(str(special[1]))
    later = (now.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(frame_.zone)
    if special[0] == "next":
        whole = _cut(now.date(), 0, 24 * 60, frame_)
        if whole is None or later <= whole.start:
            return None
        return Window(whole.start, min(whole.end, later))
    return _cut(later.date(), later.hour * 60 + later.minute, later.hour * 60 + later.minute + 60, frame_)


def _days(mention: Mention, frame_: Frame) -> Iterator[date]:
    """Yield the days a mention may mean, the first one preferred."""
    today, rule = frame_.today, mention.day
    if rule is None:
        if mention.this:
            yield today
        else:
            yield from (today + timedelta(days=n) for n in range(_HORIZON))
        return
    if mention.until is not None:
        first, last = _one_day(rule, frame_), _one_day(mention.until, frame_)
        if first is not None and last is not None:
            last = last if last >= first else last + timedelta(days=7)
            yield from (first + timedelta(days=n) for n in range((last - first).days + 1))
        return
    if rule[0] in ("any", "weekdays"):
        every = (today + timedelta(days=n) for n in range(_HORIZON))
        yield from (day for day in every if rule[0] == "any" or day.weekday() < 5)
    elif rule[0] in ("week", "weekend", "end_of_week", "before_weekend"):
        yield from _span(rule, today)
    elif rule[0] == "weekday" and "plural" in rule:
        yield from (
            today + timedelta(days=n) for n in range(_HORIZON) if (today + timedelta(days=n)).weekday() == rule[1]
        )
    else:
        yield from _bounded_days(_one_day(rule, frame_), mention, today)


def _bounded_days(day: date | None, mention: Mention, today: date) -> Iterator[date]:
    if day is None or day < today:
        return
    if mention.day_bound == "after":
        yield from (day + timedelta(days=n) for n in range(1, 4))
    else:
        yield day


def _span(rule: tuple[object, ...], today: date) -> Iterator[date]:
    monday = today - timedelta(days=today.weekday())
    if rule[0] == "weekend":
        yield monday + timedelta(days=5 + 7 * int(str(rule[1])))
        return
    if rule[0] == "before_weekend":
        friday = monday + timedelta(days=4 if today.weekday() < 5 else 11)
        yield from (today + timedelta(days=n) for n in range((friday - today).days + 1))
        return
    if rule[0] == "week" and rule[1] != 0:
        first = monday + timedelta(days=7 * int(str(rule[1])))
        yield from (first + timedelta(days=n) for n in range(6))
    else:
        yield from (today + timedelta(days=n) for n in range((monday + timedelta(days=5) - today).days + 1))


def _one_day(rule: tuple[object, ...], frame_: Frame) -> date | None:
    today = frame_.today
    kind, *rest = rule
    numbers = [int(str(value)) for value in rest if isinstance(value, int)]
    if kind == "offset":
        return today + timedelta(days=numbers[0])
    if kind == "weekday":
        return _weekday(numbers[0], str(rest[1]), today)
    if kind == "dom":
        return _day_of_month(numbers[0], today)
    if kind == "numeric":
        one, two = int(str(rest[1])), int(str(rest[2]))
        month, day = (two, one) if frame_.day_first else (one, two)
        if month > 12 >= day:
            month, day = day, month
        return _calendar(rest[0], month, day, today)
    if kind == "date":
        return _calendar(rest[0], int(str(rest[1])), int(str(rest[2])), today)
    return None


def day_of(rule: tuple[object, ...], frame_: Frame) -> date | None:
    """Return the one day a mention's day means, ``None`` for spans and repeated days."""
    return None if rule[0] in ("week", "weekend", "any", "weekdays") or "plural" in rule else _one_day(rule, frame_)


def _weekday(wanted: int, mode: str, today: date) -> date:
    coming = today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    if mode in ("next", "after_next"):
        return today - timedelta(days=today.weekday()) + timedelta(days=(7 if mode == "next" else 14) + wanted)
    return coming + timedelta(days={"week_after": 7, "two_weeks_after": 14}.get(mode, 0))


def _day_of_month(day: int, today: date) -> date | None:
    year, month = today.year, today.month
    for _ in range(3):
        try:
            made = date(year, month, day)
        except ValueError:
            made = None
        if made is not None and made >= today:
            return made
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _calendar(year: object, month: int, day: int, today: date) -> date | None:
    try:
        if isinstance(year, int):
            return date(year, month, day)
        made = date(today.year, month, day)
        following = date(today.year + 1, month, day)
    except ValueError:
        return None
    if made >= today:
        return made
    return following if (following - today).days <= 200 else None


def _stretch(days: list[date], frame_: Frame) -> Window | None:
    pieces = [piece for day in days if (piece := _cut(day, 0, 24 * 60, frame_)) is not None]
    return Window(pieces[0].start, pieces[-1].end) if pieces else None


def _by(day: date, frame_: Frame) -> Window | None:
    days = [frame_.today + timedelta(days=n) for n in range((day - frame_.today).days + 1)]
    return _stretch(days, frame_)


def _on(day: date, mention: Mention, frame_: Frame) -> Window | None:
    hours = HOURS.get(day.weekday())
    if hours is None:
        return None
    bounds = _minutes(mention, hours)
    if bounds is None or bounds[0] >= bounds[1]:
        return None
    return _cut(day, *bounds, frame_)


def _minutes(mention: Mention, hours: tuple[int, int]) -> tuple[int, int] | None:
    opens, closes = hours
    low, high = _of_part(mention.part, opens, closes) if mention.part else (opens, closes)
    if mention.not_part == "morning":
        low = max(low, _NOON)
    elif mention.not_part == "afternoon":
        high = min(high, _NOON)
    for limit in mention.limits:
        first = _minute(limit.first, mention.part, limit)
        if limit.kind == "at":
            return max(opens, first), min(closes, first + 60)
        if limit.kind == "between" and limit.second is not None:
            second = _minute(limit.second, mention.part, limit)
            first = first if first < second else first - 720 if first - 720 >= 0 and first >= _NOON else first
            second = second if first < second else second + 720
            return max(opens, first), min(closes, second)
        if limit.kind == "after":
            low = max(low if first < high else opens, first)
        else:
            high = min(high, first) if first > low else min(closes, first)
    return max(opens, low), min(closes, high)


def _of_part(part: str, opens: int, closes: int) -> tuple[int, int]:
    return {
        "morning": (opens, _NOON),
        "afternoon": (_NOON, closes),
        "first": (opens, opens + 60),
        "evening": (opens, closes),
        "end": (opens, closes),
    }.get(part, (opens, closes))


def _minute(clock: tuple[int, int, str], part: str, limit: Limit) -> int:
    """Return the minute of the day: by its am or pm, its partner's, its part of the day, else inside the hours."""
    hour, minute, ampm = clock
    if not ampm and limit.second is not None and clock is limit.first and limit.second[2]:
        guess = _hour(hour, limit.second[2]) * 60 + minute
        end = _hour(limit.second[0], limit.second[2]) * 60 + limit.second[1]
        return guess if guess < end else _hour(hour, "a") * 60 + minute
    if not ampm and limit.second is not None and clock is limit.second and limit.first[2] == "p":
        ampm = "p"
    if not ampm and hour <= 12:
        ampm = {"morning": "a", "afternoon": "p", "evening": "p", "first": "a"}.get(part, "")
    if not ampm and hour <= 12:
        ampm = "a" if 8 <= hour <= 11 else "p"
    return _hour(hour, ampm) * 60 + minute


def _hour(hour: int, ampm: str) -> int:
    if ampm == "a" and hour <= 12:
        return hour % 12
    if ampm == "p" and hour <= 12:
        return hour % 12 + 12
    return hour


def _cut(day: date, low: int, high: int, frame_: Frame) -> Window | None:
    """Cut minutes of a day to its hours and to now."""
    hours = HOURS.get(day.weekday())
    if hours is None:
        return None
    low, high = max(low, hours[0]), min(high, hours[1])
    if low >= high:
        return None
    start, end = frame_.at(day, low), frame_.at(day, high)
    start = max(start, frame_.now) if day == frame_.today else start
    if end <= frame_.now or start >= end:
        return None
    return Window(start, end)
