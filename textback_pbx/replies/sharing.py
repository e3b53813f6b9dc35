"""What alternatives and later statements lend each other: a day, or hours; pure."""

import re
from itertools import pairwise

from textback_pbx.replies.mentions import Limit, Mention, Role

_STRETCHES = ("week", "weekend", "end_of_week", "before_weekend")


def share(found: list[Mention]) -> None:
    """Complete the mentions that are asked for from their neighbours, in place."""
    _point_back(found)
    _spread_exclusion(found)
    _without_reasons(found)
    _point_to_time(found)
    _pinpoint([m for m in found if m.role is Role.ASKED and m.special is None])
    _correct([m for m in found if m.role is Role.ASKED and m.special is None])
    asked = [m for m in found if m.role is Role.ASKED and m.special is None]
    pairs = list(pairwise(asked))
    for one, other in reversed(pairs):
        _lend_day_back(one, other)
    for one, other in pairs:
        if _alternatives(one, other):
            _lend_forward(one, other)
        if {one.action, other.action} != {"call", "visit"}:
            _narrow(one, other)
    _inherit(found)
    _same_day(found)


def _point_back(found: list[Mention]) -> None:
    """Read "the same day" and "same time" as those of the nearest mention before; with none they say nothing."""
    for index, mention in enumerate(found):
        if mention.day == ("same",):
            named = next((m for m in reversed(found[:index]) if m.day is not None), None)
            mention.day = None if named is None else named.day
            if named is not None and named.role is Role.ASKED and mention.role is Role.ASKED and mention.has_hours:
                named.role = Role.EVENT  # "I'm out Tuesday till 11. Between 2 and 4 that day"
        if mention.same_time:
            mention.same_time = False
            earlier = next((m for m in reversed(found[:index]) if m.limits), None)
            if earlier is not None and not mention.limits:
                mention.limits = list(earlier.limits)


def _alternatives(one: Mention, other: Mention) -> bool:
    return one.sentence == other.sentence and other.joined == "or"


def _lend_day_back(one: Mention, other: Mention) -> None:
    """Read "9, 11 or 2 on Friday" as three hours of one day."""
    both = _alternatives(one, other) and one.has_hours and other.has_hours
    both = both and {one.action, other.action} != {"call", "visit"}  # "call at 1, and he can come Friday morning"
    if both and one.day is None and other.day is not None and not one.plural:
        one.day, one.day_bound = other.day, other.day_bound


def _lend_forward(one: Mention, other: Mention) -> None:
    """Read "Tuesday or Wednesday after 3" and "tomorrow at 10 or 2" as they are meant."""
    if one.day is not None and other.day is not None and other.has_hours and not one.has_hours:
        one.part, one.limits = other.part, list(other.limits)
        if other.plural and other.part:
            other.preferred = False  # "Monday or Tuesday, afternoons best": the hours are best, not the day
    elif (one.day is not None or one.this) and other.day is None and one.has_hours and not other.plural:
        other.day, other.day_bound, other.this = one.day, one.day_bound, other.this or one.this


def _narrow(one: Mention, other: Mention) -> None:
    """Let a later statement narrow the day before it ("Thursday? After 3 would be best"), or name it."""
    stretch = one.day is not None and one.day[0] in ("week", "weekend", "any", "weekdays")
    any_of_them = other.listed or re.match(r"(?:any|every|all|most)\b", other.words)
    repeats = other.plural and not stretch and any_of_them  # "or any afternoon" is of no one day
    if (
        one.day is not None
        and not one.has_hours
        and other.day is None
        and other.has_hours
        and not (repeats or other.this)
    ):
        _merge(one, other)
    elif one.day is None and one.has_hours and not one.plural and other.day is not None and not other.has_hours:
        other.part, other.limits, other.not_part = one.part, list(one.limits), one.not_part
        other.action, other.preferred = one.action or other.action, True
        one.role = Role.EXCLUDED if one.sentence != other.sentence else one.role
        one.day = other.day
    elif (
        (one.day or one.this)
        and one.has_hours
        and not other.day
        and other.limits
        and not one.limits
        and (other.joined != "or" or not other.listed)
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
        exact = any(limit.kind in ("at", "between") for limit in mention.limits)
        exact = exact or mention.part in ("morning", "afternoon")
        later = bool(mention.limits) and mention.action != "call" and all(m.role is Role.EXISTING for m in near)
        if len(near) == 1 and (exact or later) and (near[0].role is Role.EXISTING or near[0].limits):
            mention.day = near[0].day


def _correct(asked: list[Mention]) -> None:
    """Let what takes another's place keep what was not said again: "Thursday at 2. Actually make it 3"."""
    for one, other in pairwise(asked):
        if not other.corrects or other.sentence - one.sentence > 2 or (other.day is None and not one.has_hours):
            continue
        if other.day is None:
            other.day, other.day_bound, other.this = one.day, one.day_bound, one.this
        elif other.slipped and not other.has_hours:
            other.part, other.limits, other.not_part = one.part, list(one.limits), one.not_part
        other.action, other.preferred = other.action or one.action, True
        one.role = Role.EXCLUDED


def _without_reasons(found: list[Mention]) -> None:
    """Leave out what is but the reason: "she naps after lunch, so come Thursday before noon"."""
    for index, mention in enumerate(found):
        if mention.so and mention.role is Role.ASKED and (mention.day is not None or mention.has_hours):
            for reason in found[:index]:
                same = reason.sentence == mention.sentence and reason.role is Role.ASKED and not reason.action
                if same and (mention.day is not None or reason.day is None) and reason.special is None:
                    reason.role = Role.EVENT


def _spread_exclusion(found: list[Mention]) -> None:
    """Read "Tuesdays and Thursdays I'm no good" as both; take a day back that is said to be taken."""
    for one, other in reversed(list(pairwise(found))):
        if one.role is not Role.ASKED or one.has_hours or one.day is None or other.day is None:
            continue
        listed = one.sentence == other.sentence and not other.has_hours and other.listed
        taken = one.day == other.day and other.role in (Role.EVENT, Role.EXCLUDED)
        if taken or (listed and other.role is Role.EXCLUDED):
            one.role = Role.EXCLUDED


def _point_to_time(found: list[Mention]) -> None:
    """Read "call me after that" as after the hour named before it, whatever that hour was to the writer."""
    for index, mention in enumerate(found):
        if not mention.points or mention.limits or mention.role is not Role.ASKED:
            continue
        named = next((m for m in reversed(found[:index]) if m.limits or (m.day and mention.points == "at")), None)
        named = _first_of_list(found, named)
        if named is None:
            continue
        clock = named.limits[-1].second or named.limits[-1].first if named.limits else None
        if clock is not None:
            kind = {"at": named.limits[-1].kind}.get(mention.points, mention.points)
            mention.limits = list(named.limits) if kind == named.limits[-1].kind else [Limit(kind, clock)]
        mention.day, mention.this = mention.day or named.day, mention.this or named.this
        mention.preferred = True
        of_another_day = named.role is not Role.ASKED and named.day not in (None, ("offset", 0))
        mention.doubtful = mention.doubtful or (mention.points == "before" and of_another_day)
        if mention.points != "at" and named.role is Role.ASKED:
            named.role = Role.EXCLUDED


def _first_of_list(found: list[Mention], last: Mention | None) -> Mention | None:
    """Return the first of the days listed with ``last``: "off Mondays and Tuesdays"."""
    at = next((n for n, one in enumerate(found) if one is last), 0)
    while last is not None and at and last.listed and not found[at - 1].has_hours and found[at - 1].day is not None:
        at -= 1
    return found[at] if last is not None else None


def _pinpoint(asked: list[Mention]) -> None:
    """Let a day that is named after a stretch of days take its place: "before the weekend. Any chance Thursday?"."""
    for one, other in pairwise(asked):
        stretch = one.day is not None and (one.day[0] in _STRETCHES or one.day_bound == "by")
        day = other.day is not None and other.day[0] not in (*_STRETCHES, "any", "weekdays") and not other.day_bound
        if not stretch or not day or one.limits or other.joined == "or" or other.plural or one.action == "call":
            continue
        if one.part and not other.has_hours:
            other.part = one.part
        one.role = Role.EVENT


def _same_day(found: list[Mention]) -> None:
    """Let a day that is named twice have the hours it is named with once."""
    for index, mention in enumerate(found):
        later = [m for m in found[index + 1 :] if m.day == mention.day and m.has_hours and m.role is Role.ASKED]
        if mention.role is Role.ASKED and mention.day is not None and not mention.has_hours and len(later) == 1:
            mention.part, mention.limits, mention.not_part = later[0].part, list(later[0].limits), later[0].not_part
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
