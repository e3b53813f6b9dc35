"""Items of time -> mentions: a day with its hours, and what the writer means by it; pure.

A mention may be asked for, kept from before (an appointment), past, an event, excluded, or a question about opening
hours. Only what is asked for can become a window, and what cannot be told stays out.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from textback_pbx.replies.moments import Item
from textback_pbx.replies.plain import sentences


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
    limits: list[Limit] = field(default_factory=list)
    special: tuple[object, ...] | None = None  # asap, or minutes from now
    role: Role = Role.ASKED
    action: str = ""  # call, visit or ''
    preferred: bool = False
    joined: str = ""  # "or" when it is an alternative to the mention before
    sentence: int = 0
    words: str = ""

    @property
    def has_hours(self) -> bool:
        """Whether anything narrows the day."""
        return bool(self.part or self.not_part or self.limits)


_AFTER = (
    r"(?:any ?time |some ?time |a bit |a little |shortly |right |just )?(?:after|past|from|"
    r"starting(?: at| from)?|beginning(?: at)?|as of|no earlier than|not earlier than|later than|"
    r"despu[eé]s de(?: las?)?|a partir de(?: las?)?|desde(?: las?)?)"
)
_BEFORE = (
    r"(?:any ?time |some ?time |a bit |a little |right |just )?(?:before|b4|by|until|till|til|'til|"
    r"up to|up until|no later than|not later than|earlier than|prior to|antes de(?: las?)?|"
    r"hasta(?: las?)?|para las?)"
)
_BETWEEN = r"(?:between|btwn|betw|b/w|from|entre)(?: las?)?"
_GLUE = (
    r"(?:[\s,(@~-]|\b(?:on|at|in|the|for|of|around|round|about|abt|approx|approximately|anytime|"
    r"any ?time|some ?time|maybe|preferably|ideally|say|like|or so|early|late|please|pls|a|an|sharp|"
    r"is|i'm free|if possible|perhaps|probably|hopefully|roughly|circa|las|la|el|a las|as|this|that|"
    r"would be|works|is good|morning|everyday|some|best|is best|but|and|only|though|ish|exactly|mid|"
    r"either|time|starting|just|local|your time|my time|ok|fine|good|is fine|is ok|o'clock|any|day|"
    r"not too|de|por)\b)*"
)
_TAIL_AFTER = re.compile(rf"(?:^|[\s,(\x00-]){_AFTER}(?: (?:about|around|like|say|maybe|the))?\s*$")
_TAIL_BEFORE = re.compile(rf"(?:^|[\s,(\x00-]){_BEFORE}(?: (?:about|around|like|say|maybe|the))?\s*$")
_TAIL_BETWEEN = re.compile(rf"(?:^|[\s,(\x00-]){_BETWEEN}(?: (?:about|around|like|say))?\s*$")
_TAIL_AT = re.compile(
    r"(?:^|[\s,(])(?:at|@|around|round|about|abt|approx|approximately|circa|say|like|maybe|for|to|"
    r"exactly|a las?|las|then|or|and|ish|by|roughly|it's|is)\s*$|[@~]\s*$"
)
_RANGE = re.compile(r"^\s*(?:-|to|and|til|till|until|through|thru|or|a las|a|y(?: las)?)\s*$")
_DAY_RANGE = re.compile(r"^\s*(?:-|to|through|thru|until|till)\s*$")
_GLUED = re.compile(rf"^{_GLUE}$")
_OR = re.compile(r"\b(?:or|o|otherwise|else|alternatively|and|then|also|if not|failing that|y)\b|/|,")
_NEGATED = re.compile(
    r"(?:\b(?:not|never|cannot|cant|can't|won't|wont|don't|dont|doesn't|isn't|aren't|nothing|nobody|"
    r"no one|unable|no|sin)|n't)"
    r"(?:[ ,](?:be|call|come|ring|phone|text|available|free|home|here|there|in|able|to|do|make|it|get|"
    r"anything|any|me|us|good|possible|talk|answer|back|off|up|"
    r"visit|please|until|till|earlier|around|much|really|even|the|at|work|works|on|for|again|out|over|"
    r"by|show|send|anyone|someone|somebody|pick|open|done|awake|any ?time|antes|come by|book|"
    r"schedule))*\s*$"
)
#: "at work until 3": only then is the person free.
_OCCUPIED = re.compile(
    r"\b(?:at work|at school|in (?:a )?(?:class|meetings?|court|surgery)|busy|tied up|working|work|"
    r"asleep|out|gone|away|unavailable|on shift|booked|driving|teaching)(?: (?:all day|today|"
    r"tomorrow))?\s*$"
)
_MOVING = re.compile(r"\b(?:mov|resched|re-sched|chang|switch|push|bump|swap|shift|rebook)\w*\b[^.?!]*$")
_UNIT_AFTER = re.compile(
    r"\s?(?:-|\s)?(?:(?!most|any|every|each|all|on|this)[a-z]+\s)?(?:hours?|hrs?|minutes|mins?|days?|"
    r"weeks?|months?|years?|yrs?|yo|kids?|dogs?|cats?|people|of (?:us|them|my|the|our)|units?|rooms?|"
    r"floors?|inch|ft|feet|toilets?|sinks?|times?|degrees|percent|more|bucks|dollars|gallon|ton)\b"
)
_OK_AFTER = re.compile(
    r"\s*(?:$|[.,!?;)\n\x00]|(?:or|and|on|if|to|till|until|would|works?|is|are|please|pls|plz|thanks|"
    r"thx|ish|for|but|in the|at night|then|tho|that|we|i|so|sharp|the|my|any|est|cst|pst|pt|et|ct|mt|"
    r"-|with|when|because|cause|cuz|she|he|they|can|could|will|should|ok|instead|rather|good|fine|it|"
    r"does|sounds|suits?|today|tomorrow|as|though|unless|since|not|no|which|where|maybe|preferably|"
    r"also|too|at|from|this|next|every|each|most|any|here|there|just|thank|ty|tx|o|about|best|latest|"
    r"at the latest|onwards?|por)\b|-)"
)


def mentions(text: str, found: list[Item]) -> list[Mention]:
    """Group the items of a plain, trap-free ``text`` into mentions."""
    bounds = sentences(text)
    made: list[Mention] = []
    index = 0
    while index < len(found):
        item = found[index]
        if item.weak and not _is_hour(text, found, index):
            index += 1
            continue
        sentence = next((n for n, (a, b) in enumerate(bounds) if a <= item.start < b), len(bounds))
        last = made[-1] if made and made[-1].sentence == sentence else None
        index += _take(text, found, index, last, sentence, made)
    return made


def _take(text: str, found: list[Item], index: int, last: Mention | None, sentence: int, made: list[Mention]) -> int:
    """Add one item (or a range of two) to the last mention or to a new one; return how many were used."""
    item = found[index]
    gap = text[last.end : item.start] if last else ""
    partner = _partner(text, found, index)
    if item.kind == "clock":
        limits = [_limit(text, item, partner)]
    else:
        limits = []
    near = last is not None and _close(gap, item, text, bool(limits))
    target = last if near and last is not None and _fits(last, item, limits, gap) else None
    if target is None:
        target = Mention(item.start, item.end, sentence=sentence)
        if last is not None and len(gap) < 60 and _OR.search(gap):
            target.joined = "or"
        made.append(target)
    _put(target, item, limits, partner, text)
    target.end = partner.end if partner else item.end
    return 2 if partner else 1


def _close(gap: str, item: Item, text: str, is_clock: bool) -> bool:
    if is_clock or item.kind in ("day", "part", "span"):
        stripped = re.sub(rf"(?:{_AFTER}|{_BEFORE}|{_BETWEEN})(?: (?:about|around|like))?\s*$", "", gap)
        stripped = re.sub(
            r"\b(?:not|never|but|available|free|call|come|me|i am|i'm|be|home|we are|we're)\b", " ", stripped
        )
        return _GLUED.match(stripped) is not None and not re.search(r"\bor\b", gap)
    del text
    return False


def _fits(last: Mention, item: Item, limits: list[Limit], gap: str) -> bool:
    if last.special is not None:
        return False
    if item.kind in ("day", "span"):
        plural_ok = last.day is not None and item.value[0] == "week" and last.day[0] in ("any", "weekdays")
        if last.day is not None and last.day[0] == "weekday" and item.value[0] in ("date", "dom", "numeric"):
            return not last.limits  # "Monday the 30th" is one day
        return (last.day is None or plural_ok) and not re.search(r"\band\b|,\s*and", gap)
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
    elif item.kind in ("day", "span"):
        target.day = item.value
        target.plural = target.plural or "plural" in item.value or item.value[0] in ("any", "weekdays")
        if partner is not None:
            target.until = partner.value
        elif _TAIL_BEFORE.search(left) and not _MOVING.search(left):
            target.day_bound = "after" if _NEGATED.search(_TAIL_BEFORE.sub("", left)) else "by"
        elif _TAIL_AFTER.search(left):
            target.day_bound = (
                "from" if re.search(r"\b(?:from|starting|beginning|as of|desde)\b[^a-z]*$", left) else "after"
            )
    elif item.kind == "part":
        _put_part(target, item, left)
    target.limits += limits


def _put_part(target: Mention, item: Item, left: str) -> None:
    name, how = str(item.value[0]), str(item.value[1]) if len(item.value) > 1 else ""
    if name in ("first", "end"):
        if name == "end" and target.day is not None and target.day_bound == "":
            target.day_bound = "by"
        target.part = name if name == "first" or not target.part else target.part
        return
    if re.search(r"\b(?:not|but not|can't do|no|except)\s+(?:in|during|on)?\s*(?:the)?\s*$", left):
        target.not_part = name
        return
    target.part = name if target.part != "first" else "first"
    target.plural = target.plural or how == "plural"
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
        between = _TAIL_BETWEEN.search(left)
        if between and re.match(r"^\s*(?:-|to|and|til|till|until|&|y(?: las)?|a(?: las)?)\s*$", gap):
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
        return Limit("after" if _NEGATED.search(_inside(left[: match.start()])) else "before", first)
    if match := _TAIL_AFTER.search(left):
        negated = _NEGATED.search(_inside(left[: match.start()])) and "earlier" not in match.group()
        return Limit("before" if negated else "after", first)
    if re.match(r"\s*(?:or|and) (?:later|after)\b|\s*onwards?\b|\s*\+|\s*(?:or|and) any ?time after", right):
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


def _is_hour(text: str, found: list[Item], index: int) -> bool:
    """Say whether a bare number is an hour: a word of time stands before it, or an item beside it."""
    item = found[index]
    left, right = text[max(0, item.start - 40) : item.start], text[item.end : item.end + 30]
    if _UNIT_AFTER.match(right):
        return False
    if _in_range(text, found, index) or _in_list(text, found, index):
        return True
    after = found[index + 1] if index + 1 < len(found) else None
    beside = (
        after is not None
        and after.kind in ("day", "part")
        and re.match(r"^\s*(?:on|in|in the|this)?\s*$", text[item.end : after.start])
    )
    before = found[index - 1] if index else None
    follows = (
        before is not None
        and before.kind in ("day", "part")
        and re.match(
            r"^[\s,]*(?:at|around|about|@|by|like|say|from|after|before|for|until|till|past)?\s*$",
            text[before.end : item.start],
        )
    )
    strong = re.search(
        (
            r"(?:^|[\s,(])(?:at|@|around|round|after|before|until|till|til|by|between|than|a las?|las|past|"
            r"'til|b4|de las?)(?: (?:about|around|like|say))?\s*$|[@~]\s*$"
        ),
        left,
    )
    ok = _OK_AFTER.match(right) is not None or bool(beside)
    if re.match(r"\s*instead\b", right):
        return True
    if strong:
        return ok and not re.search(r"\b(?:look(?:ing)?|at least|at most|quoted?|paid)\s+(?:at )?$", left)
    weak = re.search(r"(?:^|[\s,(])(?:about|for|to|or|say|like|maybe|from|and|earlier|later|latest|ish|then)\s*$", left)
    numeral = text[item.start : item.end].isdigit()
    if weak and numeral and re.search(r"\b(?:or|and)\s*$", left):
        return ok and before is not None and before.kind in ("clock", "bare") and not before.weak
    if weak and numeral and re.search(r"\b(?:to|for)\s*$", left):
        return ok and bool(
            re.search(
                (
                    r"\b(?:move|moved|push|bump|change|switch|resched\w*|book|in|me|us|down|it|back|forward|"
                    r"appointment|appt|slot)\b[^.]*$"
                ),
                left,
            )
        )
    return (
        ok
        and numeral
        and bool(beside or follows or (weak and re.search(r"\b(?:say|like|maybe|earlier|later)\s*$", left)))
    )


def _in_list(text: str, found: list[Item], index: int) -> bool:
    """Say whether a bare number begins "9, 11 or 2"."""
    if index + 1 >= len(found) or found[index + 1].kind != "clock":
        return False
    gap = text[found[index].end : found[index + 1].start]
    return re.match(r"^\s*,\s*(?:or\s*)?$", gap) is not None and _in_range_or_list(text, found, index + 1)


def _in_range_or_list(text: str, found: list[Item], index: int) -> bool:
    if index + 1 >= len(found) or found[index + 1].kind != "clock":
        return not found[index].weak
    gap = text[found[index].end : found[index + 1].start]
    return re.match(r"^\s*(?:,|or|, or|and)\s*$", gap) is not None and not _UNIT_AFTER.match(
        text[found[index + 1].end :]
    )


def _in_range(text: str, found: list[Item], index: int) -> bool:
    item = found[index]
    left = text[max(0, item.start - 30) : item.start]
    if index + 1 < len(found) and found[index + 1].kind == "clock":
        other = found[index + 1]
        gap = text[item.end : other.start]
        if _TAIL_BETWEEN.search(left) and re.match(r"^\s*(?:-|to|and|&|y(?: las)?|a(?: las)?|til|till|until)\s*$", gap):
            return True
        if re.match(r"^\s*(?:-|to|til|till|until|or)\s*$", gap) and (
            not other.weak or _TAIL_AT.search(left) or _next_to_day(text, found, index)
        ):
            return _UNIT_AFTER.match(text[other.end : other.end + 30]) is None
    if index and found[index - 1].kind == "clock":
        before = found[index - 1]
        gap = text[before.end : item.start]
        if re.match(r"^\s*(?:-|to|and|&|til|till|until|or|y(?: las)?|a(?: las)?)\s*$", gap):
            return not before.weak or _in_range(text, found, index - 1) or _is_hour(text, found, index - 1)
    return False


def _next_to_day(text: str, found: list[Item], index: int) -> bool:
    before = found[index - 1] if index else None
    other = found[index + 2] if index + 2 < len(found) else None
    follows = (
        before is not None
        and before.kind in ("day", "part", "span")
        and len(text[before.end : found[index].start]) <= 8
    )
    leads = (
        other is not None
        and other.kind in ("day", "part", "span")
        and len(text[found[index + 1].end : other.start]) <= 8
    )
    return follows or leads
