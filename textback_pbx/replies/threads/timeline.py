"""What one line of a thread's timeline says, and the delivery state of a text made of several parts; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: A text is as far as its least advanced part; what somebody has to look at comes first.
_WORST_FIRST = (
    "unknown",
    "refused",
    "undelivered",
    "expired",
    "cancelled",
    "queued",
    "claimed",
    "handed_over",
    "accepted",
    "delivered",
)
_IN_WORDS = {
    "unknown": "nobody can know whether it left",
    "refused": "refused by the network",
    "undelivered": "not delivered",
    "expired": "not sent, it was too late",
    "cancelled": "not sent",
    "queued": "waiting to be sent",
    "claimed": "waiting to be sent",
    "handed_over": "being sent",
    "accepted": "sent",
    "delivered": "delivered",
}

#: What a timeline holds; at one moment, causes stand before what followed from them.
KINDS = ("call", "call_out", "text_in", "consent", "text_out", "task", "booking", "note")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened: ``at_ms`` UTC; ``kind`` is one of :data:`KINDS`."""

    at_ms: int
    kind: str
    id: int
    text: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def delivery(states: Iterable[str]) -> str:
    """Return the state of a whole text from its parts' states: "delivered" means a report for every part."""
    have = set(states)
    return next((state for state in _WORST_FIRST if state in have), "queued")


def delivery_in_words(state: str) -> str:
    """Say a delivery state so that office staff understand it."""
    return _IN_WORDS.get(state, state)


def in_order(items: Iterable[Item], limit: int) -> list[Item]:
    """Return the newest ``limit`` items, oldest first; at one moment, causes before what followed from them."""
    ordered = sorted(items, key=lambda item: (item.at_ms, KINDS.index(item.kind), item.id))
    return ordered[-limit:]
