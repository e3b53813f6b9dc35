"""What a member of staff texts back: a code and an order, or a code and words for the customer; pure.

``12 done``, ``12 call``, ``12 on my way``; whatever is no order goes to the customer as it is. An order is taken for
one only when nothing but its own words stand there, so that "12 call you at five" is a sentence, not an order.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """What staff ask for."""

    ON_MY_WAY = "on_my_way"  # the customer is told; the task is theirs
    DONE = "done"  # the work is done: the thread's tasks are closed
    CALL = "call"  # the customer's number comes back, the task is theirs
    BOOKED = "booked"  # it became an appointment; what follows is kept as a note
    TAKE = "take"  # the task is theirs
    PASS = "pass"  # noqa: S105 - an order, not a password: somebody else is to have it
    TEXT = "text"  # the rest goes to the customer
    LIST = "list"  # their open tasks
    HELP = "help"  # what can be said
    UNCLEAR = "unclear"  # no code, or nothing after it


@dataclass(frozen=True, slots=True)
class Said:
    """One order. ``rest`` is what stands after it: a note, or the words for the customer."""

    order: Order
    code: int | None = None
    rest: str = ""


_CODE = re.compile(r"\s*(#|\[)?(\d{2,5})\]?(?:\s*[:,.\-]\s*|\s+|$)(.*)", re.DOTALL)
#: "10:30 works", "10 am is fine", "15 minutes late": a figure that counts something is no code, unless a # says so.
_COUNTED = re.compile(
    r"\s*\d+(?:[:.,]\d|\s*(?:[ap]\.?m\b|o'?clock|uhr\b|min(?:ute)?s?\b|h(?:ou)?rs?\b|hours?\b|days?\b|weeks?\b|%|\$|€|£"
    r"|dollars?\b|bucks\b|-\s*\d|(?:or|to|and)\s+\d))",
    re.IGNORECASE,
)
_ALONE = {
    Order.ON_MY_WAY: ("on my way", "omw", "on the way", "coming", "en route", "en camino"),
    Order.CALL: ("call", "number", "phone", "llamar", "numero", "número"),
    Order.TAKE: ("take", "mine", "tomo"),
    Order.PASS: ("pass", "not me", "paso"),
}
#: What may stand after these is a note about the work, never sent.
_WITH_NOTE = {
    Order.DONE: ("done", "hecho"),
    Order.BOOKED: ("booked", "reservado"),
}
_WITHOUT_CODE = {
    Order.LIST: ("list", "tasks", "?", "lista"),
    Order.HELP: ("help", "info", "ayuda"),
}


def read(text: str) -> Said:
    """Read one text of a member of staff. Never raises."""
    match = _CODE.fullmatch(text.strip())
    if match is None or (match[1] is None and _COUNTED.match(text)):
        word = _plain(text)
        order = next((order for order, words in _WITHOUT_CODE.items() if word in words), Order.UNCLEAR)
        return Said(order)
    code, rest = int(match[2]), match[3].strip()
    word = _plain(rest)
    if not word:
        return Said(Order.UNCLEAR, code)
    for order, words in _ALONE.items():
        if word in words:
            return Said(order, code)
    for order, words in _WITH_NOTE.items():
        for one in words:
            if word == one:
                return Said(order, code)
            noted = re.match(rf"{one}\b[\s:,.\-]+(.+)", rest, re.IGNORECASE | re.DOTALL)
            if noted:
                return Said(order, code, noted[1].strip())
    return Said(Order.TEXT, code, rest)


def _plain(text: str) -> str:
    flat = " ".join(text.lower().replace("’", "'").split())
    return flat.strip(".!, ") or flat


def next_code(taken: set[int], least: int = 10, most: int = 99_999) -> int | None:
    """Return the lowest code that is free: two digits while there are some. ``None``: none is left."""
    return next((code for code in range(least, most + 1) if code not in taken), None)
