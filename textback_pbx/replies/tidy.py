"""A text as the rules like it: one space between words, no emoji, apostrophes where they belong; pure.

Every character of the tidied text knows its place in the original, so that evidence shows the writer's own words.
"""

import re
import unicodedata
from collections.abc import Sequence

from textback_pbx.replies.slips import WORD, mended

_WITHOUT = [
    *("dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "cant", "couldnt", "wont", "wouldnt", "shouldnt"),
    *("havent", "hasnt", "hadnt", "aint", "im", "ive", "youre", "youve", "weve", "theyre", "theyve", "hes", "shes"),
    *("thats", "whats", "wheres", "whos", "theres", "heres", "lets"),
]
_OWNERS = ["tomorrows", "todays", "yesterdays"]
_BARE = re.compile(rf"(?<![\w'’])(?:{'|'.join([*_WITHOUT, *_OWNERS])})(?![\w'’])", re.IGNORECASE)
#: Marks that a dictating phone wrote as words; a period is one only at the end or before the usual next words.
_SPOKEN = re.compile(
    r" (?:comma|question mark|exclamation (?:point|mark)|full stop|new line)(?![\w'’])|"
    r"(?<!grace)(?<!time)(?<!notice)(?<!trial) period(?=\s*$| (?:thank|thanks|please|i|i'm|my|we|it|call|the|this)\b)",
    re.IGNORECASE,
)
_ENDS = ("nt", "m", "ve", "re", "s")


def tidy(text: str) -> tuple[str, Sequence[int]]:
    """Return the tidied text, and for each of its characters the place of the original one."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        shown = _shown(char)
        last = chars[-1] if chars else ""
        if not shown or (shown == " " and last in {" ", "\n", ""}) or (shown == "," and last == ","):
            continue
        chars.append(shown)
        places.append(place)
    return _with_apostrophes(*_without_slips(*_with_marks("".join(chars), places)))


def _shown(char: str) -> str:
    """Return what stands for a character: a comma for an emoji, nothing for what cannot be seen."""
    if char == "\n" or char.isascii():
        return " " if char in "\t\r\x0b\x0c" else char
    category = unicodedata.category(char)
    if category in {"So", "Sk", "Co", "Cn"}:
        return ","
    if category in {"Cf", "Mn", "Me"} and char not in "\u0301\u0303\u0308\u0300\u0302":
        return ""
    return " " if category == "Zs" else char


def _with_marks(text: str, places: list[int]) -> tuple[str, list[int]]:
    out, where, at = "", [], 0
    for match in _SPOKEN.finditer(text):
        word = match.group().split()[0].lower()
        out += text[at : match.start()] + {"comma": ",", "question": "?", "exclamation": "!"}.get(word, ".")
        where += [*places[at : match.start()], places[match.end() - 1]]
        at = match.end()
    return out + text[at:], [*where, *places[at:]]


def _with_apostrophes(text: str, places: list[int]) -> tuple[str, list[int]]:
    out, where, at = "", [], 0
    for match in _BARE.finditer(text):
        word = match.group()
        cut = match.end() - next(len(end) for end in _ENDS if word.lower().endswith(end)) + word.lower().endswith("nt")
        out += text[at:cut] + "'"
        where += [*places[at:cut], places[cut]]
        at = cut
    return out + text[at:], [*where, *places[at:]]


def _without_slips(text: str, places: list[int]) -> tuple[str, list[int]]:
    out, where, at = "", [], 0
    for match in WORD.finditer(text):
        word = match.group()
        target = mended(word.lower())
        if target is None:
            continue
        shown = target.upper() if word.isupper() else target.capitalize() if word[0].isupper() else target
        last = len(word) - 1
        out += text[at : match.start()] + shown
        where += places[at : match.start()]
        where += [places[match.start() + min(i, last)] for i in range(len(shown) - 1)] + [places[match.end() - 1]]
        at = match.end()
    return out + text[at:], [*where, *places[at:]]


def original_span(places: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Return the place in the original of a span of the tidied text."""
    return places[start], places[end - 1] + 1
