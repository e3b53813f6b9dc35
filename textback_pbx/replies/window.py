"""When the office is asked to act: free text -> one window inside its hours, or nothing; pure.

A small closed grammar, because general date libraries are mostly wrong here. The conventions are REPLIES's: Monday
to Friday 8:00-17:00 and Saturday 9:00-12:00 local time, the window cut to the hours and to ``now``; nothing left, or
nothing said, is ``None``. All arithmetic is on the wall clock of the zone, so offsets are those of each instant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from textback_pbx.replies.mentions import Limit, Mention, Role, mentions
from textback_pbx.replies.moments import items, without_traps
from textback_pbx.replies.plain import Found, plain
from textback_pbx.replies.roles import assign, without_questions

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
class _Frame:
    """Now, on the wall of the office, and how its country writes dates."""

    now: datetime
    zone: tzinfo
    day_first: bool

    @property
    def today(self) -> date:
        return self.now.date()

    def at(self, day: date, minute: int) -> datetime:
        return datetime.combine(day, time(minute // 60 % 24, minute % 60), self.zone)


def frame(now: datetime | None, tz: str | None) -> _Frame | None:
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
    return _Frame(local, zone, (tz or "").startswith(_DAY_FIRST))


def read_mentions(text: str, masked: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Return the mentions of time in ``text`` with their roles; ``masked`` spans (an address) are not looked at."""
    calm = plain(text)
    for start, end in masked:
        calm = calm[:start] + "\x00" * (end - start) + calm[end:]
    calm, _ = without_traps(without_questions(calm))
    found = mentions(calm, items(calm))
    assign(calm, found)
    _share(found)
    _inherit(found)
    _same_day(found)
    return found


def window_of(text: str, now: datetime | None, tz: str | None, masked: Sequence[tuple[int, int]] = ()) -> Found | None:
    """Return the window as a :class:`Found`, its value a :class:`Window`, or ``None``."""
    frame_ = frame(now, tz)
    if frame_ is None:
        return None
    for mention in _in_order(read_mentions(text, masked)):
        made = resolve(mention, frame_)
        if made is not None:
            return Found(
                made, mention.start, mention.end, _rule(mention), 0.9 if mention.day or mention.special else 0.8
            )
    return None


def _in_order(found: list[Mention]) -> list[Mention]:
    """Order what is asked for: a call before a visit, the preferred one first, then as written; asap last."""
    asked = [m for m in found if m.role is Role.ASKED and _says_when(m)]
    calls = [m for m in asked if m.action == "call"]
    asked = calls or asked
    plain_ones = [m for m in asked if m.special is None]
    special = [m for m in asked if m.special is not None]
    return [*sorted(plain_ones, key=lambda m: not m.preferred), *special]


def _says_when(mention: Mention) -> bool:
    if mention.special is not None:
        return True
    vague = mention.day is not None and mention.day[0] in ("any", "weekdays") and not mention.has_hours
    return not (vague and mention.day == ("any",)) and (mention.day is not None or mention.has_hours)


def _share(found: list[Mention]) -> None:
    """Let alternatives share their day or hours, and a later statement narrow the day before it."""
    asked = [m for m in found if m.role is Role.ASKED and m.special is None]
    for one, other in reversed(list(pairwise(asked))):
        alike = one.sentence == other.sentence and other.joined == "or" and one.has_hours and other.has_hours
        if alike and one.day is None and other.day is not None and not one.plural:
            one.day, one.day_bound = other.day, other.day_bound  # "9, 11 or 2 on Friday"
    for one, other in pairwise(asked):
        if one.sentence == other.sentence and other.joined == "or":
            if one.day is not None and other.day is not None and other.has_hours and not one.has_hours:
                one.part, one.limits = other.part, list(other.limits)
            elif one.day is not None and other.day is None and one.has_hours and not other.plural:
                other.day, other.day_bound = one.day, one.day_bound
        if {one.action, other.action} == {"call", "visit"}:
            continue
        if one.day is not None and not one.has_hours and other.day is None and other.has_hours:
            _merge(one, other)
        elif one.day is None and one.has_hours and not one.plural and other.day is not None and not other.has_hours:
            other.part, other.limits, other.not_part = one.part, list(one.limits), one.not_part
            other.action, other.preferred = one.action or other.action, True
            one.role = Role.EXCLUDED if one.sentence != other.sentence else one.role
            one.day = other.day
        elif (
            one.day is not None
            and one.has_hours
            and other.day is None
            and other.limits
            and not one.limits
            and other.joined != "or"
        ):
            one.limits = list(other.limits)
            other.role = Role.EXCLUDED


def _inherit(found: list[Mention]) -> None:
    """Give the hour an appointment should move to the day that it stands on: "Friday at 1, can we push it to 3"."""
    for mention in found:
        if mention.role is not Role.ASKED or mention.day is not None or mention.special is not None or mention.plural:
            continue
        kept = (Role.EXISTING, Role.EXCLUDED)
        near = [m for m in found if m.role in kept and m.day is not None and 0 <= mention.sentence - m.sentence <= 1]
        exact = any(limit.kind in ("at", "between") for limit in mention.limits) or mention.part in (
            "morning",
            "afternoon",
        )
        if len(near) == 1 and exact and (near[0].role is Role.EXISTING or near[0].limits):
            mention.day = near[0].day


def _same_day(found: list[Mention]) -> None:
    """Let a day that is named again as the preferred one keep the hours it was first named with."""
    for index, mention in enumerate(found):
        if mention.preferred and mention.day is not None and not mention.has_hours:
            first = next(
                (m for m in found[:index] if m.day == mention.day and m.has_hours and m.role is Role.ASKED), None
            )
            if first is not None:
                mention.part, mention.limits, mention.not_part = first.part, list(first.limits), first.not_part


def _merge(one: Mention, other: Mention) -> None:
    one.part, one.limits, one.not_part = other.part, list(other.limits), other.not_part
    one.plural = one.plural or other.plural
    one.action = one.action or other.action
    one.preferred = one.preferred or other.preferred
    other.day = one.day


def _rule(mention: Mention) -> str:
    if mention.special is not None:
        return "window.asap" if mention.special[0] == "asap" else "window.within"
    names = [str(mention.day[0])] if mention.day else []
    names += [mention.part] if mention.part else []
    names += [limit.kind for limit in mention.limits]
    return "window." + "+".join(names)


# resolving ---------------------------------------------------------------------------------------------------


def resolve(mention: Mention, frame_: _Frame) -> Window | None:
    """Turn one mention into a window, cut to the hours and to now; ``None`` when nothing is left of it."""
    if mention.special is not None:
        return _special(mention.special, frame_)
    if mention.part == "evening" and not mention.limits:
        return None
    days = list(_days(mention, frame_))
    if not days:
        return None
    if (
        mention.day is not None
        and mention.day[0] in ("week", "weekend", "end_of_week", "range")
        and not mention.has_hours
    ):
        return _stretch(days, frame_)
    if mention.day_bound == "by" and not mention.limits and mention.part in ("", "end"):
        return _by(days[-1], frame_)
    for day in days:
        made = _on(day, mention, frame_)
        if made is not None:
            return made
    return None


def _special(special: tuple[object, ...], frame_: _Frame) -> Window | None:
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


def _days(mention: Mention, frame_: _Frame) -> Iterator[date]:
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
    elif rule[0] in ("week", "weekend", "end_of_week"):
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
    if rule[0] == "week" and rule[1] == 1:
        yield from (monday + timedelta(days=n) for n in range(7, 13))
    else:
        yield from (today + timedelta(days=n) for n in range((monday + timedelta(days=5) - today).days + 1))


def _one_day(rule: tuple[object, ...], frame_: _Frame) -> date | None:
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


def _weekday(wanted: int, mode: str, today: date) -> date:
    coming = today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    if mode == "next":
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted)
    return coming + timedelta(days=7) if mode == "week_after" else coming


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


def _stretch(days: list[date], frame_: _Frame) -> Window | None:
    pieces = [piece for day in days if (piece := _cut(day, 0, 24 * 60, frame_)) is not None]
    return Window(pieces[0].start, pieces[-1].end) if pieces else None


def _by(day: date, frame_: _Frame) -> Window | None:
    days = [frame_.today + timedelta(days=n) for n in range((day - frame_.today).days + 1)]
    return _stretch(days, frame_)


def _on(day: date, mention: Mention, frame_: _Frame) -> Window | None:
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


def _cut(day: date, low: int, high: int, frame_: _Frame) -> Window | None:
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
