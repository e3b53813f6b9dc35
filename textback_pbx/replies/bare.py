"""When a bare number is an hour: a word of time stands before it, or a day, a range or a list beside it; pure.

"2 toilets", "after 2 visits" and "quoted at 3" are none; "tomorrow 3", "9, 11 or 2" and "call at 3" are.
"""

import re

from textback_pbx.replies.moments import Item
from textback_pbx.replies.signs import CORRECTS

BETWEEN = r"(?:between|betwn|betwen|btween|btwn|btw|betw|bet|b/w|b/t|from|entre|de)(?: las?| the hours (?:of|from))?"
TAIL_BETWEEN = re.compile(rf"(?:^|[\s,(\x00\x01-]){BETWEEN}(?: (?:about|around|like|say))?\s*$")
_TAIL_AT = re.compile(
    r"(?:^|[\s,(])(?:at|@|around|round|about|abt|approx|approximately|circa|say|like|maybe|for|to|"
    r"exactly|a las?|las|then|or|and|ish|by|roughly|it's|is)\s*$|[@~]\s*$"
)
_UNIT_AFTER = re.compile(
    r"\s?(?:-|\s)?(?:(?!most|any|every|each|all|on|this)[a-z]+\s)?(?:hours?|hrs?|minutes|mins?|days?|"
    r"weeks?|months?|years?|yrs?|yo|kids?|dogs?|cats?|people|of (?:us|them|my|the|our)|units?|rooms?|"
    r"floors?|inch|ft|feet|toilets?|sinks?|times?|degrees|percent|more|bucks|dollars|gallon|ton)\b"
)
_OK_AFTER = re.compile(
    r"\s*(?:$|[.,!?;)*\n\x00\x01]|(?:or|and|on|if|to|till|until|would|works?|is|are|please|pls|plz|thanks|"
    r"thx|ish|for|but|in the|at night|then|tho|that|we|i|so|sharp|the|my|any|est|cst|pst|pt|et|ct|mt|"
    r"-|with|when|because|cause|cuz|she|he|they|can|could|will|should|ok|instead|rather|good|fine|it|"
    r"does|sounds|suits?|today|tomorrow|as|though|unless|since|not|no|which|where|maybe|preferably|"
    r"also|too|only|w/|w|n|&|daily|except|before|after|thru|through|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|"
    r"sat(?:ur)?|sun)(?:day)?s?|"
    r"tomorrow|tmw|tmrw|tonight|eastern|central|mountain|pacific|suit|already|pretty|would|ideally|local|or "
    r"so|ish|at|from|this|next|every|each|most|any|here|there|just|thank|ty|tx|o|about|best|latest|"
    r"at the latest|onwards?|por|para|y|puedo|de|si|open|taken|available|possible|still|es|no|gracias|u|ya|y'all|"
    r"you|got|do|did|mind|mate|love|luv|ta|a|an|regarding|re|may|about|concerning|bring|come|call|ring|text|meet|your|"
    r"our|her|his|their|4(?= [a-z])|"
    r"cheers)\b|-)"
)


_SPANISH = re.compile(r"\b(?:a|de|desde|hasta|para|antes de|sobre|como a|tipo) las\s*$")
_SPANISH_UNIT = re.compile(
    r"\s*(?:\w+ )?(?:semanas?|horas?|d[ií]as?|meses|a[ñn]os|ni[ñn][oa]s|muelas|perr\w+|gat\w+)\b"
)
_OPENS = re.compile(r"(?:^|[.!?;,\n\x00]|\b(?:for|me|us|down|say|is|ok|okay|yes|hi|hello|hey|do|that))\s*$")
_RANGE_LEFT = re.compile(
    r"(?:^|[.!?;\n])\s*$|\b(?:talk|chat|free|available|call me|ring me|reach me|home|in|here|around|only|just)\s*$"
)
_RANGE_RIGHT = re.compile(
    r"\s*(?:$|[.,!?;\n]|(?:is|are|works?|would|suits?|if|please|pls|best|good|ok|fine|today|tomorrow|any|most|"
    r"when|each|every|for|but|or|though|tho|thanks|thx|as)\b)"
)


def _opens(text: str, found: list[Item], index: int) -> bool:
    """Say whether an hour stands right before its day ("ten on Saturday"), or opens a range ("free 2 to 4")."""
    item = found[index]
    if index + 1 >= len(found):
        return False
    left, after = text[max(0, item.start - 40) : item.start], found[index + 1]
    gap = text[item.end : after.start]
    if after.kind == "day" and "plural" not in after.value and item.value[0] != 1:
        joined = re.fullmatch(r"\s*(?:on|this|next)?\s*", gap)
        return bool(joined and _OPENS.search(left))
    ranged = after.kind == "clock" and re.fullmatch(r"\s?(?:-|to|til|till|until)\s?", gap)
    return bool(ranged and _RANGE_LEFT.search(left) and _RANGE_RIGHT.match(text[after.end : after.end + 30]))


def is_hour(text: str, found: list[Item], index: int) -> bool:
    """Say whether a bare number is an hour: a word of time stands before it, or an item beside it."""
    item = found[index]
    left, right = text[max(0, item.start - 40) : item.start], text[item.end : item.end + 30]
    if _UNIT_AFTER.match(right):
        return False
    if _SPANISH.search(left) and not _SPANISH_UNIT.match(right):
        return True
    if _opens(text, found, index) or _in_range(text, found, index) or _in_list(text, found, index):
        return True
    if re.match(r"\s*(?:(?:or|and) (?:later|after|earlier|before)\b|onwards?\b|\+)", right):
        digits = text[item.start : item.end].isdigit()
        return (digits or item.value[0] != 1) and re.search(r"\d\s*$|\b(?:than|least|most)\s*$", left) is None
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
            r"^[\s,]*(?:so |let's )?(?:at|around|round|about|@|by|like|say|from|after|before|for|until|till|past)?\s*$",
            text[before.end : item.start],
        )
    )
    strong = re.search(
        (
            r"(?:^|[\s,(])(?:at|@|around|round|after|before|until|till|til|by|between|than|"
            r"as (?:near|close) (?:to |as )?|a las?|las|past|"
            r"'til|b4|from|since|dead on|bang on|up to|latest|earliest|de las?)(?: (?:about|around|like|say))?\s*$|"
            r"[@~]\s*$"
        ),
        left,
    )
    ok = _OK_AFTER.match(right) is not None or bool(beside)
    if re.match(r"\s*instead\b", right):
        return True
    numeral = text[item.start : item.end].isdigit()
    offers = r"\b(?:how about|what about|(?:can|could) (?:you|u|we|i) do)\s*$"
    corrects = any(one.kind == "clock" for one in found[:index]) and CORRECTS.search(left)
    if (corrects or (numeral and re.search(offers, left))) and re.match(
        r"\s*(?:$|[.,!?;)\n]|instead|if|or|please|pls|ish)", right
    ):
        return True
    if strong:
        return ok and not re.search(r"\b(?:look(?:ing)?|at least|at most|quoted?|paid)\s+(?:at )?$", left)
    weak = re.search(
        r"(?:^|[\s,(])(?:about|for|to|or|say|like|maybe|from|and|earlier|later|latest|ish|"
        r"then)\s*$",
        left,
    )
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
    spelt = (
        follows
        and before is not None
        and re.search(r"\b(?:about|around|round|say|like)\s*$", text[before.end : item.start])
    )
    return (
        ok
        and bool(numeral or spelt)
        and bool(beside or follows or (weak and re.search(r"\b(?:say|like|maybe|earlier|later)\s*$", left)))
    )


_TIME_WORD = re.compile(
    r"(?:^|[\s,(])(?:at|@|around|after|before|until|till|til|by|between|btwn|past|b4|from)(?: (?:about|"
    r"around|like|say))?\s*$|\blas\s*$"
)


def may_be_hour(text: str, item: Item) -> bool:
    """Say whether a bare number that is no sure hour may still be one: then nothing beside it may be guessed from."""
    left, right = text[max(0, item.start - 40) : item.start], text[item.end : item.end + 30]
    return _TIME_WORD.search(left) is not None and _UNIT_AFTER.match(right) is None


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
        if TAIL_BETWEEN.search(left) and re.match(
            r"^\s*(?:-|to|and|n|&|y(?: las)?|a(?: las)?|til|till|until)\s*$", gap
        ):
            return True
        if re.match(r"^\s*(?:-|to|til|till|until|or)\s*$", gap) and (
            not other.weak or _TAIL_AT.search(left) or _next_to_day(text, found, index)
        ):
            return _UNIT_AFTER.match(text[other.end : other.end + 30]) is None
    if index and found[index - 1].kind == "clock":
        before = found[index - 1]
        gap = text[before.end : item.start]
        if re.match(r"^\s*(?:-|to|and|n|&|til|till|until|or|y(?: las)?|a(?: las)?)\s*$", gap):
            return not before.weak or _in_range(text, found, index - 1) or is_hour(text, found, index - 1)
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
