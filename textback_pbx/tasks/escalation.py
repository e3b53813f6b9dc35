"""A deadline that has passed -> who is told, who has the task now, and when somebody looks again; pure.

The chain is the owner, whoever comes next, and at its end the admins. At the deadline the task moves on, and both
are told. An emergency is announced to the whole chain at once and stays with its owner for the first step. At the
end of the chain whoever has it is reminded, at a pace that nobody switches off in anger.
"""

from collections.abc import Callable
from dataclasses import dataclass

from textback_pbx.clock import MINUTE_MS
from textback_pbx.tasks.book import Priority
from textback_pbx.tasks.staff import Away, Staff, available, back_at, chain


@dataclass(frozen=True, slots=True)
class EscalationSettings:
    """Minutes between two steps: ``normal`` and ``remind`` in the line's opening time, ``urgent`` on the wall.

    ``taken`` is what somebody gets, on the wall, who says that they are on it.
    """

    normal_minutes: int = 30
    urgent_minutes: int = 5
    remind_minutes: int = 240
    taken_minutes: int = 60


@dataclass(frozen=True, slots=True)
class Late:
    """An open task whose next step is due. ``tried``: who had it so far; ``level``: how many steps it took.

    ``fresh``: its owner was told of it in this very moment, and need not hear of it again.
    """

    owner: str
    queue: str
    priority: Priority
    level: int
    tried: frozenset[str]
    line_owner: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What happens to it: ``what`` (overdue, escalated, reminded), its owner now, who is told, the next step (ms).

    ``alarm``: nobody is late, an emergency is told to everybody at once.
    """

    what: str
    owner: str
    tell: tuple[str, ...]
    next_ms: int
    alarm: bool = False


def escalate(
    late: Late,
    staff: Staff,
    now_ms: int,
    *,
    away: Away,
    business_deadline: Callable[[int, int], int | None],
    settings: EscalationSettings,
) -> Passed:
    """Return the next step of a task whose time has come.

    ``business_deadline(from_ms, minutes)`` is the line's. The owner always hears of it; so does whoever has it next.
    """
    whole = chain(staff, late.owner, queue=late.queue, line_owner=late.line_owner)
    first = late.level == 0
    if first and late.priority is Priority.EMERGENCY:
        tell = whole[1:] if late.fresh else whole
        later = _later(late, now_ms, business_deadline, settings, last=False)
        return Passed("overdue", late.owner, tell, later, alarm=late.fresh)
    following = _following(late, whole, staff, now_ms, away)
    what = "overdue" if first else "escalated" if following else "reminded"
    owner = following or late.owner
    tell = tuple(dict.fromkeys((late.owner, owner)))
    later = _later(late, now_ms, business_deadline, settings, last=following is None)
    if following is None:
        later = min([later, *_backs(late, whole, staff, now_ms, away)])
    return Passed(what, owner, tell, later)


def _following(late: Late, whole: tuple[str, ...], staff: Staff, now_ms: int, away: Away) -> str | None:
    """Return who has it next: the first who has not had it and is there; at last an admin, there or not."""
    fresh = [name for name in whole if name != late.owner and name not in late.tried]
    there = next((name for name in fresh if available(staff.people[name], now_ms, away)), None)
    admins = staff.admins()
    return there or next((name for name in fresh if name in admins), None)


def _backs(late: Late, whole: tuple[str, ...], staff: Staff, now_ms: int, away: Away) -> list[int]:
    """Return when those are back who have not had it: it goes on with the first of them, not at the next reminder."""
    fresh = [name for name in whole if name != late.owner and name not in late.tried]
    return [at for name in fresh if (at := back_at(staff.people[name], now_ms, away)) is not None]


def _later(
    late: Late,
    now_ms: int,
    business_deadline: Callable[[int, int], int | None],
    settings: EscalationSettings,
    *,
    last: bool,
) -> int:
    if not last and late.priority is not Priority.NORMAL:
        return now_ms + settings.urgent_minutes * MINUTE_MS
    minutes = settings.remind_minutes if last else settings.normal_minutes
    deadline = business_deadline(now_ms, minutes)
    return now_ms + minutes * MINUTE_MS if deadline is None else deadline
