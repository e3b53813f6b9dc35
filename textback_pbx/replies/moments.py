"""The words for days and hours in a text, as items with spans; pure.

This is the lower half of the closed grammar of windows: what is a day, an hour, a part of a day. Traps are taken
out before (:mod:`textback_pbx.replies.traps`). What an item means for the office is decided in
:mod:`textback_pbx.replies.window`. The expressions themselves are the
table of :mod:`textback_pbx.replies.expressions`.
"""

import re
from dataclasses import dataclass

from textback_pbx.replies.expressions import RULES


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
    return found


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
