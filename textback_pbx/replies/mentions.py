"""Items of time -> mentions: a day with its hours, and what the writer means by it; pure.

A mention may be asked for, kept from before (an appointment), past, an event, excluded, or a question about opening
hours. Only what is asked for can become a window, and what cannot be told stays out.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from textback_pbx.replies.bare import BETWEEN, TAIL_BETWEEN, is_hour, may_be_hour
from textback_pbx.replies.moments import Item
from textback_pbx.replies.plain import sentences
from textback_pbx.replies.words import MO


class Role(StrEnum):
    """What a mention of time is to the writer."""

    ASKED = "asked"
    EXISTING = "existing"
    PAST = "past"
    EVENT = "event"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound on the hours: ``kind`` at, after, before, between; clocks are (hour, minute, 'a'|'p'|'')."""

    kind: str
    first: tuple[int, int, str]
    second: tuple[int, int, str] | None = None


@dataclass(slots=True)
class Mention:
    """A day (``None``: not said), a part of the day, limits on the hours, and its role."""

    start: int
    end: int
    day: tuple[object, ...] | None = None
    until: tuple[object, ...] | None = None  # the last day of a range
    day_bound: str = ""  # "by" or "after" before the day
    part: str = ""
    not_part: str = ""
    plural: bool = False
    this: bool = False
    same_time: bool = False  # the hours of an earlier mention
    limits: list[Limit] = field(default_factory=list)
    special: tuple[object, ...] | None = None  # asap, or minutes from now
    role: Role = Role.ASKED
    action: str = ""  # call, visit or ''
    preferred: bool = False
    corrects: bool = False  # takes the place of what was said before it
    slipped: bool = False  # ... because that was a slip: what is not said again stays
    points: str = ""  # "after", "before" or "at" a time named before: "call me after that"
    doubtful: bool = False  # something beside it may be a time that was not understood
    joined: str = ""  # "or" when it is an alternative to the mention before
    so: bool = False  # "so" stands before it: what stands before that is its reason
    listed: bool = False  # nothing but "and" or "or" before it
    sentence: int = 0
    words: str = ""

    @property
    def has_hours(self) -> bool:
        """Whether anything narrows the day."""
        return bool(self.part or self.not_part or self.limits or self.same_time)


_AFTER = (
    r"(?:any ?time |some ?time |a bit |a little |shortly |right |just )?(?:after|past|from|"
    r"since|starting(?: at| from)?|beginning(?: at)?|as of|no earlier than|not earlier than|earliest(?: is| at)?|"
    r"later than|"
    r"despu[eé]s de(?: las?)?|a partir de(?: las?)?|desde(?: las?)?)"
)
#: "come by at 4": here "by" belongs to the verb.
_VERB_BY = "".join(
    rf"(?<!\b{verb} )" for verb in ("come", "comes", "came", "coming", "stop", "swing", "drop", "pop", "pass", "be")
)
_BEFORE = (
    r"(?:any ?time |some ?time |a bit |a little |right |just )?(?:before|b4|" + _VERB_BY + r"by|until|till|til|'til|"
    r"latest(?: is| at| by)?|up to|up until|no later than|not later than|earlier than|prior to|antes de(?: las?)?|"
    r"hasta(?: las?)?|para las?)"
)
_GLUE = (
    r"(?:[\s,(@~-]|\b(?:on|at|in|the|for|of|around|round|about|abt|approx|approximately|anytime|"
    r"any ?time|some ?time|maybe|preferably|ideally|say|like|or so|early|late|please|pls|a|an|sharp|"
    r"is|i'm free|if possible|perhaps|probably|hopefully|roughly|circa|las|la|el|a las|as|this|that|"
    r"would be|works|is good|morning|everyday|some|best|is best|but|and|only|though|ish|exactly|mid|"
    r"either|time|starting|just|local|your time|my time|ok|fine|good|is fine|is ok|o'clock|any|day|"
    r"not too|slots?|appointments?|appts?|openings?|visits?|times|de|por)\b)*"
)
_TAIL_AFTER = re.compile(rf"(?:^|[\s,(\x00\x01-]){_AFTER}(?: (?:about|around|like|say|maybe|the))?\s*$")
_TAIL_BEFORE = re.compile(rf"(?:^|[\s,(\x00\x01-]){_BEFORE}(?: (?:about|around|like|say|maybe|the))?\s*$")
_DAY_RANGE = re.compile(r"^\s*(?:-|to|through|thru|until|till)\s*$")
_GLUED = re.compile(rf"^{_GLUE}$")
_OR = re.compile(r"\b(?:or|o|otherwise|else|alternatively|and|then|also|if not|failing that|y|n)\b|[/,&+]")
_NEGATED = re.compile(
    r"(?:\b(?:not|never|cannot|cant|can't|won't|wont|don't|dont|doesn't|isn't|aren't|nothing|nobody|"
    r"no one|unable|no|sin)|n't)"
    r"(?:[ ,](?:(?:able|willing|free) to \w+|be|call|come|ring|phone|text|available|free|home|here|there|in|able|"
    r"to|do|make|it|get|"
    r"anything|any|me|us|good|possible|talk|answer|back|off|up|"
    r"visit|please|until|till|earlier|around|much|really|even|the|at|work|works|on|for|again|out|over|"
    r"by|show|send|anyone|someone|somebody|pick|open|done|awake|any ?time|antes|come by|book|"
    r"schedule))*\s*$"
)
#: "if you can't make it by 4": 4 is what is wished for.
IF_CANNOT = re.compile(
    r"\bif (?:you|u|ya|y'all|they|it|that|he|she) (?:guys )?(?:can't|cannot|cant|couldn't)\b[^.?!;]*$"
)
#: "it can wait till Monday": then is when, not the last day.
_WAITS = re.compile(r"\b(?:waits?|hold off|hold on|be fine|leave it|keep) (?:un)?til+\s*$")
_LATEST = re.compile(r"\W*at (?:the )?(?:very )?latest\b")
_AWAY = re.compile(
    r"\b(?:away|out of town|traveling|travelling|on vacation|on holiday|at college|abroad|gone|out|not back|"
    r"not home|busy|"
    r"tied up|in the hospital|working)\s*$"
)
#: "at work until 3": only then is the person free.
_OCCUPIED = re.compile(
    r"\b(?:at work|at school|in (?:a )?(?:class|meetings?|court|surgery)|busy|tied up|working|work|"
    r"asleep|sleep|sleeping|out|gone|away|unavailable|on shift|booked|driving|teaching)(?: (?:all day|today|"
    r"tomorrow))?\s*$"
)
#: "any Saturday in September": a month that was not read narrows the day to one we do not know.
_MONTH_AFTER = re.compile(rf"\s*(?:morning|afternoon)?s?\s*(?:in|of) (?:early |late |mid[- ]?)?{MO}(?![a-z])")
_MOVING = re.compile(r"\b(?:mov|resched|re-sched|chang|switch|push|bump|swap|shift|rebook)\w*\b[^.?!]*$")


def mentions(text: str, found: list[Item]) -> list[Mention]:
    """Group the items of a plain, trap-free ``text`` into mentions."""
    bounds = sentences(text)
    made: list[Mention] = []
    doubtful: set[int] = set()
    index = 0
    while index < len(found):
        item = found[index]
        sentence = next((n for n, (a, b) in enumerate(bounds) if a <= item.start < b), len(bounds))
        if item.weak and not is_hour(text, found, index):
            index += 1
            if may_be_hour(text, item):
                doubtful.add(sentence)
            continue
        index += _take(text, found, index, made, sentence=sentence)
    for mention in made:
        right = text[mention.end : mention.end + 24]
        mention.doubtful = (
            mention.doubtful
            or _MONTH_AFTER.match(right) is not None
            or (mention.sentence in doubtful and not mention.limits)
        )
    return made


def _take(text: str, found: list[Item], index: int, made: list[Mention], *, sentence: int) -> int:
    """Add one item (or a range of two) to the last mention or to a new one; return how many were used."""
    item = found[index]
    last = made[-1] if made and made[-1].sentence == sentence else None
    gap = text[last.end : item.start] if last else ""
    partner = _partner(text, found, index)
    limits = [_limit(text, item, partner)] if item.kind == "clock" else []
    near = last is not None and _close(gap, item)
    target = last if near and last is not None and _fits(last, item, limits, gap) else None
    if target is None:
        target = Mention(item.start, item.end, sentence=sentence)
        if last is not None and len(gap) < 60 and _OR.search(gap):
            target.joined = "or"
        made.append(target)
    _put(target, item, limits, partner, text)
    target.end = partner.end if partner else item.end
    return 2 if partner else 1


def _close(gap: str, item: Item) -> bool:
    """Say whether nothing but small words stands between a mention and an item that may belong to it."""
    if item.kind not in ("clock", "day", "part", "span") or re.search(r"\bor\b|\band not\b", gap):
        return False
    if item.kind != "clock" and re.search(r", ?not\b", gap):
        return False
    bound = rf"(?:{_AFTER}|{_BEFORE}|{BETWEEN})(?: (?:about|around|like))?\s*$"
    small = r"\b(?:not|never|but|available|free|call|come|me|i am|i'm|be|home|we are|we're)\b"
    return _GLUED.match(re.sub(small, " ", re.sub(bound, "", gap))) is not None


def _fits(last: Mention, item: Item, limits: list[Limit], gap: str) -> bool:
    if last.special is not None or (last.this and re.search(r",\W*(?:call|come|ring|be)\b", gap)):
        return False  # "it burst this morning, come at 2"
    if item.kind in ("day", "span"):
        plural_ok = last.day is not None and item.value[0] == "week" and last.day[0] in ("any", "weekdays")
        if last.day is not None and last.day[0] == "weekday" and item.value[0] in ("date", "dom", "numeric"):
            return not last.limits  # "Monday the 30th" is one day
        in_week = last.day is not None and last.day[0] == "week" and item.value[0] == "weekday" and not last.has_hours
        return (last.day is None or plural_ok or in_week) and not re.search(r"\band\b|,\s*and", gap)
    if item.kind == "part":
        return not last.part or item.value[0] == "first" or last.part == "first"
    if limits:
        kinds = {limit.kind for limit in last.limits}
        return not kinds or (
            limits[0].kind in ("after", "before") and limits[0].kind not in kinds and "at" not in kinds
        )
    return False


def _put(target: Mention, item: Item, limits: list[Limit], partner: Item | None, text: str) -> None:
    left = text[max(0, item.start - 60) : item.start]
    if item.kind in ("asap", "within"):
        target.special = (*item.value, item.start, item.end)
    elif item.kind == "that":
        target.points = str(item.value[0])
    elif item.kind in ("day", "span"):
        if target.day is not None and target.day[0] == "week" and item.value[0] == "weekday":
            weeks = ("coming", "next", "after_next")
            target.day = ("weekday", item.value[1], weeks[int(str(target.day[1]))])  # "early next week, like Monday"
            return
        target.day = item.value
        target.plural = target.plural or "plural" in item.value or item.value[0] in ("any", "weekdays")
        if partner is not None:
            target.until = partner.value
        elif _TAIL_BEFORE.search(left) and not _MOVING.search(left) and not _WAITS.search(left):
            away = re.search(r"\bti", left[-8:]) is not None and _AWAY.search(_TAIL_BEFORE.sub("", left)) is not None
            target.doubtful = target.doubtful or away  # "I'm away till the 20th" asks for no day
            target.day_bound = "after" if away or _NEGATED.search(_TAIL_BEFORE.sub("", left)) else "by"
        elif target.part == "end" or _LATEST.match(text, item.end):
            target.day_bound = "by"
        elif _TAIL_AFTER.search(left):
            target.day_bound = (
                "from" if re.search(r"\b(?:from|starting|beginning|as of|desde)\b[^a-z]*$", left) else "after"
            )
    elif item.kind == "part":
        _put_part(target, item, left)
    target.limits += limits


def _put_part(target: Mention, item: Item, left: str) -> None:
    name, how = str(item.value[0]), str(item.value[1]) if len(item.value) > 1 else ""
    if name == "same_time":
        target.same_time = True
        return
    if name in ("first", "end"):
        if name == "end" and target.day is not None and target.day_bound == "":
            target.day_bound = "by"
        target.part = name if name == "first" or not target.part else target.part
        return
    if re.search(
        r"\b(?:not|but not|can't do|no|except|any ?time but|anything but)\s+(?:in|during|"
        r"on)?\s*(?:the)?\s*$",
        left,
    ):
        target.not_part = name
        return
    target.part = name if target.part != "first" else "first"
    repeated = re.search(r"\b(?:any|every|most|all|each)\s*$", left) is not None
    target.plural = target.plural or how == "plural" or repeated
    target.this = target.this or how == "today"


def _partner(text: str, found: list[Item], index: int) -> Item | None:
    """Return the second end of a range that begins at ``index``: "2-4", "between 2 and 4", "Mon to Wed"."""
    if index + 1 >= len(found):
        return None
    item, other = found[index], found[index + 1]
    gap, left = text[item.end : other.start], text[max(0, item.start - 30) : item.start]
    if (
        _MOVING.search(text[max(0, item.start - 60) : item.start])
        and "to" in gap
        and not re.search(r"between\s*$", left)
    ):
        return None  # "move my Tuesday to Friday" is no range
    if item.kind == "clock" and other.kind == "clock":
        between = TAIL_BETWEEN.search(left)
        if between and re.match(r"^\s*(?:-|to|and|n|til|till|until|&|y(?: las)?|a(?: las)?)\s*$", gap):
            return other
        return (
            other
            if re.match(r"^\s*(?:-|to|til|till|until|thru|through)\s*$", gap) and not _TAIL_BEFORE.search(left)
            else None
        )
    if item.kind == "day" and other.kind == "day":
        between = re.search(r"\bbetween\s*$", left)
        return other if _DAY_RANGE.match(gap) or (between and re.match(r"^\s*and\s*$", gap)) else None
    return None


def _limit(text: str, item: Item, partner: Item | None) -> Limit:
    left = text[max(0, item.start - 70) : item.start]
    right = text[item.end : item.end + 24]
    first = _clock(item)
    if partner is not None:
        return Limit("between", first, _clock(partner))
    if match := _TAIL_BEFORE.search(left):
        if "ti" in match.group() and _OCCUPIED.search(_inside(left[: match.start()])):
            return Limit("after", first)
        negated = _NEGATED.search(_inside(left[: match.start()])) and not IF_CANNOT.search(left)
        return Limit("after" if negated else "before", first)
    if match := _TAIL_AFTER.search(left):
        negated = _NEGATED.search(_inside(left[: match.start()])) and "earlier" not in match.group()
        return Limit("before" if negated else "after", first)
    if re.match(
        r"\s*(?:or|and) (?:later|after)\b|\s*onwards?\b|\s*\+|\s*(?:or|and) any ?time after|"
        r"\s*(?:at )?(?:the )?(?:very )?earliest\b",
        right,
    ):
        return Limit("after", first)
    if re.match(r"\s*(?:or|and) (?:earlier|before|sooner)\b|\s*(?:at )?(?:the )?latest\b", right):
        return Limit("before", first)
    return Limit("at", first)


def _inside(left: str) -> str:
    """Return what stands before a bound in the same clause."""
    return re.split(r"[.!?;\n]|,\s*(?!please)", left)[-1]


def _clock(item: Item) -> tuple[int, int, str]:
    hour, minute, ampm = item.value
    return int(str(hour)), int(str(minute)), str(ampm)
