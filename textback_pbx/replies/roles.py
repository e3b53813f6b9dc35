"""What a mention of time is to its writer: asked for, kept from before, past, an event, excluded; pure.

Each rule reads the clause around the mention. What is asked for after all ("can we move it to Thursday") wins over
what stood before ("I have Tuesday at 3").
"""

import re
from collections.abc import Sequence

from textback_pbx.replies.claims import Around, role_of, suits
from textback_pbx.replies.mentions import Mention, Role
from textback_pbx.replies.plain import blank, sentences
from textback_pbx.replies.signs import (
    ARRIVAL,
    CALL,
    CORRECTS,
    HOURS,
    OTHERWISE,
    PREFER_LEFT,
    PREFER_RIGHT,
    SLIPPED,
    VISIT,
)


def without_questions(text: str) -> str:
    """Blank out the statements that ask for opening hours, or tell of an arrival."""
    for start, end in sentences(text):
        piece = text[start:end]
        asks = HOURS.search(
            re.sub(
                r"(?:right|as soon as|soon as|just|once) (?:when |as )?you(?: guys)? (?:first )?open|when you open",
                " ",
                piece,
            )
        )
        arrives = ARRIVAL.search(piece)
        if (
            asks
            and not re.search(
                r"\b(?:open(?:ing)? (?:slot|for me|in your|spot)|call me|"
                r"come(?! (?:out )?on))\b",
                piece,
            )
        ) or (arrives and not re.search(r"\b(?:move|resched\w*|instead|can (?:we|i|you)|call me|push)\b", piece)):
            text = blank(text, start, end)
    return text


#: "I called at 9 and again at 11:30".
_AND_AGAIN = re.compile(r"^\W*(?:and|then|&)\W*(?:again|then|also|once more)?\W*(?:at|on|around)?\W*$")


_CARRIED = (Role.PAST, Role.EXISTING, Role.EVENT, Role.EXCLUDED)
#: "happened at lunch around 12:30".
_BESIDE = re.compile(r"^[\s,(]*(?:around|about|at|like|maybe|say|approx|on|the|from|till?|until|to|-|\s)*$")
_LISTED = re.compile(
    r"^[^.?!]{0,20}\b(?:so (?:is|are)|same (?:for|with|goes for)) $|^\W*(?:or|and|nor|&|/|"
    r",? ?(?:or|and|nor))\W*(?:on |either )?$"
)


def _carries(before: Mention, mention: Mention, near: str, right: str) -> bool:
    """Say whether what one time is to its writer, the next beside it is too."""
    if before.role is Role.EXCLUDED:  # "can't do today or tomorrow"
        bare = not mention.has_hours and before.day is not None and mention.day is not None
        return bare and not before.has_hours and _LISTED.match(near) is not None and not suits(right)
    if before.role is not Role.EVENT and _AND_AGAIN.match(near):
        return True
    worded = not before.limits or re.match(r"^ (?:around|about|at|maybe|say|like) $", near)
    return bool(worded) and _BESIDE.match(near) is not None and mention.day is None


def assign(text: str, found: Sequence[Mention]) -> None:
    """Give every mention its role, its action (call or visit) and whether it is preferred."""
    bounds = [*sentences(text), (len(text), len(text))]
    for index, mention in enumerate(found):
        mention.words = text[mention.start : mention.end]
        start, end = bounds[min(mention.sentence, len(bounds) - 1)]
        floor = max([start, *(m.end for m in found[:index] if m.sentence == mention.sentence)])
        ceiling = min([end, *(m.start for m in found[index + 1 :] if m.sentence == mention.sentence)])
        right, near = text[mention.end : ceiling], text[floor : mention.start]
        before = found[index - 1] if index and found[index - 1].sentence == mention.sentence else None
        excluded = before is not None and before.role is Role.EXCLUDED
        mention.role = role_of(
            Around(
                mention,
                text[start : mention.start],
                right,
                near,
                text[start:end],
                excluded,
                text[max(0, start - 80) : start] + text[start : mention.start],
            )
        )
        if before is not None and before.role in _CARRIED and _carries(before, mention, near, right):
            mention.role = before.role
        mention.action = _action(near, right)
        if before is not None and not mention.action and len(near) < 25:
            mention.action = before.action
        mention.preferred = _is_preferred(near, right)
        mention.corrects = CORRECTS.search(near) is not None
        mention.so = re.search(r"\bso\b(?! (?:far|long|much|is|are|do|did|was))(?! that\b)", near) is not None
        mention.listed = before is not None and _LISTED.match(near) is not None
        mention.slipped = mention.corrects and SLIPPED.search(near) is not None


def _is_preferred(near: str, right: str) -> bool:
    own = right if PREFER_RIGHT.match(right) else re.split(r"[,;]|\bor\b", right)[0]
    return bool(PREFER_LEFT.search(near) or PREFER_RIGHT.match(own)) and not OTHERWISE.search(near)


def _action(near: str, right: str) -> str:
    clause = re.split(r"[;]", near)[-1]
    after = re.split(r"[,;]|\b(?:and|but|or|so|then|because)\b", right)[0]
    calls = [m.end() for m in CALL.finditer(clause)]
    visits = [m.end() for m in VISIT.finditer(clause)]
    if calls or visits:
        return "call" if max(calls, default=-1) > max(visits, default=-1) else "visit"
    if CALL.search(after):
        return "call"
    if VISIT.search(after):
        return "visit"
    return ""
