"""The words for days and hours in a text, as items with spans; pure.

This is the lower half of the closed grammar of windows: what is a day, an hour, a part of a day. Traps are taken
out before (:mod:`textback_pbx.replies.traps`). What an item means for the office is decided in
:mod:`textback_pbx.replies.window`. The expressions themselves are the
table of :mod:`textback_pbx.replies.expressions`.
"""

import re
from dataclasses import dataclass

from textback_pbx.replies.expressions import RULES
from textback_pbx.replies.words import MONTHS

_MONTHS = tuple(MONTHS)


@dataclass(frozen=True, slots=True)
class Item:
    """One word or phrase of time. ``kind``: day, span, part, clock, asap, within, joint; ``value`` by kind."""

    kind: str
    value: tuple[object, ...]
    start: int
    end: int
    weak: bool = False  # a bare number: an hour only where its neighbours make it one


_COMPILED = tuple((kind, re.compile(pattern), build) for kind, pattern, build in RULES)


def items(text: str) -> list[Item]:
    """Return every item of a plain text, in order, none overlapping."""
    found: list[Item] = []
    at = 0
    while at < len(text):
        if at and text[at].isalnum() and text[at - 1].isalnum():
            at += 1
            continue
        item = _item_at(text, at)
        if item is None:
            at += 1
        else:
            found.append(item)
            at = item.end
            if other := _second_day(text, item):
                found.append(other)
                at = other.end
    return found


#: The second of two days of one month: "Nov 12 or 13", "the 24th-26th".
_SECOND = re.compile(
    r"\s*(?:or|and|&|/|,|-|to|thru|through)\s*(?P<d>\d{1,2})(?:st|nd|rd|th)?\b"
    r"(?!\s*(?:[ap]\.?m\b|[:/.]\d|o'?clock|-|to \d|ish))"
)


def _second_day(text: str, item: Item) -> Item | None:
    if item.kind != "day" or item.value[0] not in ("date", "dom") or not text[item.end - 1].isalnum():
        return None
    match = _SECOND.match(text, item.end)
    first = int(str(item.value[-1]))
    if (
        match is None
        or not first < int(match.group("d")) <= 31
        or text[item.start : item.end].rstrip(".").endswith(_MONTHS)
    ):
        return None
    return Item("day", (*item.value[:-1], int(match.group("d"))), match.start("d"), match.end())


def _item_at(text: str, at: int) -> Item | None:
    if text[at].isspace() or text[at] in "\x00\x01":
        return None
    for kind, pattern, build in _COMPILED:
        match = pattern.match(text, at)
        if match and match.end() > at:
            value = build(match)
            if value is not None:
                weak = kind == "bare"
                return Item("clock" if weak else kind, value, at, match.end(), weak)
    return None
