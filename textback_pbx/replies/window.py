"""When the office is asked to act: free text -> one window inside its hours, or nothing; pure.

A small closed grammar, because general date libraries are mostly wrong here. The conventions are REPLIES's: Monday
to Friday 8:00-17:00 and Saturday 9:00-12:00 local time, the window cut to the hours and to ``now``; nothing left, or
nothing said, is ``None``. All arithmetic is on the wall clock of the zone, so offsets are those of each instant.
"""

from collections.abc import Sequence
from datetime import datetime

from textback_pbx.replies.mentions import Mention, Role, mentions
from textback_pbx.replies.moments import items
from textback_pbx.replies.plain import Found, plain
from textback_pbx.replies.resolve import HOURS, Frame, Taken, Window, day_of, frame, resolve
from textback_pbx.replies.roles import assign, without_questions
from textback_pbx.replies.sharing import share
from textback_pbx.replies.traps import without_traps

__all__ = ["HOURS", "Window", "read_mentions", "window_in", "window_of"]


def read_mentions(text: str, masked: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Return the mentions of time in ``text`` with their roles; ``masked`` spans (an address) are not looked at."""
    calm = plain(text)
    for start, end in masked:
        calm = calm[:start] + "\x00" * (end - start) + calm[end:]
    calm, _ = without_traps(without_questions(calm))
    found = mentions(calm, items(calm))
    assign(calm, found)
    share(found)
    return found


def window_of(text: str, now: datetime | None, tz: str | None, masked: Sequence[tuple[int, int]] = ()) -> Found | None:
    """Return the window as a :class:`Found`, its value a :class:`Window`, or ``None``."""
    frame_ = frame(now, tz)
    return None if frame_ is None else window_in(read_mentions(text, masked), frame_)


def window_in(found: list[Mention], frame_: Frame) -> Found | None:
    """Return the window that mentions of time ask for, or ``None``."""
    taken = _taken(found, frame_)
    for mention in _in_order(found):
        if mention.doubtful:
            return None  # a wrong window is worse than none
        made = resolve(mention, frame_, taken)
        if made is not None:
            return Found(
                made, mention.start, mention.end, _rule(mention), 0.9 if mention.day or mention.special else 0.8
            )
    return None


def _taken(found: list[Mention], frame_: Frame) -> Taken:
    """Return the days that are excluded: "any weekday except Friday"."""
    out = [m.day for m in found if m.role is Role.EXCLUDED and m.day is not None and not m.has_hours]
    weekdays = frozenset(int(str(day[1])) for day in out if day[0] == "weekday")
    return Taken(frozenset(day for rule in out if (day := day_of(rule, frame_)) is not None), weekdays)


def _in_order(found: list[Mention]) -> list[Mention]:
    """Order what is asked for: a call before a visit, the preferred one first, then as written; asap last."""
    asked = [m for m in found if m.role is Role.ASKED and _says_when(m)]
    calls = [m for m in asked if m.action == "call"]
    asked = calls or asked
    plain_ones = [m for m in asked if m.special is None]
    special = [m for m in asked if m.special is not None]
    return [*sorted(plain_ones, key=lambda m: not (m.preferred or _begins(m))), *special]


def _begins(mention: Mention) -> bool:
    """Say whether a date is the first of several: "Tuesdays, starting the 17th"."""
    return mention.day_bound == "from" and mention.day is not None and mention.day[0] in ("dom", "date", "numeric")


def _says_when(mention: Mention) -> bool:
    if mention.special is not None:
        return True
    vague = mention.day is not None and mention.day[0] in ("any", "weekdays") and not mention.has_hours
    return not (vague and mention.day == ("any",)) and (mention.day is not None or mention.has_hours)


def _rule(mention: Mention) -> str:
    if mention.special is not None:
        return "window.asap" if mention.special[0] == "asap" else "window.within"
    names = [str(mention.day[0])] if mention.day else []
    names += [mention.part] if mention.part else []
    names += [limit.kind for limit in mention.limits]
    return "window." + "+".join(names)
