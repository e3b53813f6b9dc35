"""What people see of the outbox, and what they say about the texts nobody can know about.

Reads need a snapshot only. :func:`resolve` is the one way by which a part that was handed over may leave again:
a person's word, with a name and a time in the part's story.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from textback_pbx.consent.store import is_opted_out
from textback_pbx.database import Tx
from textback_pbx.outbox.attempt import Event, Impossible, MessageState, State, message_state, step
from textback_pbx.outbox.store import Settled, end_the_rest, move, part_row

_SHORTEST_MS = 15 * 60_000


class Resolution(StrEnum):
    """What a person says about a part."""

    WAS_SENT = "was-sent"
    NOT_SENT = "not-sent"
    SEND_AGAIN = "send-again"


_EVENTS = {
    Resolution.WAS_SENT: Event.HUMAN_WAS_SENT,
    Resolution.NOT_SENT: Event.HUMAN_NOT_SENT,
    Resolution.SEND_AGAIN: Event.HUMAN_SEND_AGAIN,
}


class ResolveProblem(Exception):
    """A person's wish that cannot be met; the message says why and what else can be done."""


async def resolve(tx: Tx, part_id: int, what: Resolution, *, actor: str, note: str, now_ms: int) -> list[Settled]:
    """Do what a person says about a part, and return every step it led to. Raises :class:`ResolveProblem`.

    Sending again gives the text as long as it had at first (15 minutes at least), skips the second look, and takes
    up the parts behind it that were ended for its sake. An opt-out stands above a person's wish.
    """
    if await tx.value("SELECT 1 FROM parts WHERE id = ?", (part_id,)) is None:
        raise ResolveProblem(f"there is no part {part_id}; `textback-pbx outbox list` shows them")
    row = await part_row(tx, part_id)
    state, event = State(row["state"]), _EVENTS[what]
    if isinstance(step(state, event), Impossible):
        raise ResolveProblem(_cannot(part_id, state, what))
    words = f"{what.value.replace('-', ' ')}, says {actor}" + (f": {note}" if note else "")
    if what is Resolution.SEND_AGAIN:
        return await _send_again(tx, part_id, words, actor, now_ms)
    columns = {"accepted_ms": now_ms} if what is Resolution.WAS_SENT else {}
    moved = await move(tx, part_id, event, now_ms, words, actor=actor, columns=columns)
    return [moved, *await end_the_rest(tx, moved, now_ms)]


def _cannot(part_id: int, state: State, what: Resolution) -> str:
    here = f"part {part_id} is {state}"
    if state in (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED):
        return f"{here}: the network has taken it. Write a new text instead (`textback-pbx threads reply`)"
    if state in (State.QUEUED, State.CLAIMED, State.HANDED_OVER):
        return f"{here}: the agent is still at it. Wait for the result"
    return f"{here}: it is known not to have left, so --{what} says nothing new; --send-again would"


async def _send_again(tx: Tx, part_id: int, words: str, actor: str, now_ms: int) -> list[Settled]:
    row = await part_row(tx, part_id)
    if row["kind"] == "optout_confirmation":
        raise ResolveProblem("the confirmation of a STOP goes out once and at once, or not at all; the opt-out stands")
    if await is_opted_out(tx, row["number"]):
        raise ResolveProblem("this number does not want texts (opt-out); call instead")
    if row["cancelled"] is not None:
        raise ResolveProblem(
            f"the text was cancelled: {row['cancelled']}. Write a new one (`textback-pbx threads reply`)"
        )
    lifetime = max(_SHORTEST_MS, row["expires_ms"] - row["created_ms"])
    await tx.run(
        "UPDATE messages SET expires_ms = max(expires_ms, ?), not_before_ms = min(not_before_ms, ?), look_again = 0 "
        "WHERE id = ?",
        (now_ms + lifetime, now_ms, row["message_id"]),
    )
    behind = await tx.all(
        "SELECT id FROM parts WHERE id = :part OR (message_id = :message AND seq > :seq AND tries = 0 "
        "AND state IN ('cancelled', 'expired')) ORDER BY seq",
        {"part": part_id, "message": row["message_id"], "seq": row["seq"]},
    )
    columns = {"next_try_ms": now_ms, "settled_ms": None}
    return [
        await move(tx, one["id"], Event.HUMAN_SEND_AGAIN, now_ms, words, actor=actor, columns=columns) for one in behind
    ]


# to look at --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListedPart:
    """One part as a list shows it; times in ms UTC."""

    part_id: int
    seq: int
    state: str
    reason: str
    tries: int
    modem: str | None
    handed_over_ms: int | None
    settled_ms: int | None


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """One text as a list shows it. ``waits_for`` says what a queued part waits for besides its time."""

    message_id: int
    kind: str
    line: str
    number: str
    body: str
    state: MessageState
    actor: str
    created_ms: int
    not_before_ms: int
    expires_ms: int
    cancelled: str | None
    waits_for: str
    parts: tuple[ListedPart, ...]


async def list_messages(tx: Tx, *, states: frozenset[str] | None = None, limit: int = 50) -> list[ListedMessage]:
    """Return the newest texts first; ``states`` keeps those that have a part in one of these part states."""
    wanted = None if states is None else json.dumps(sorted(states))
    rows = await tx.all(
        "SELECT m.* FROM messages m WHERE :wanted IS NULL OR EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id "
        "AND p.state IN (SELECT value FROM json_each(:wanted))) ORDER BY m.id DESC LIMIT :limit",
        {"wanted": wanted, "limit": limit},
    )
    return [await _listed(tx, row) for row in rows]


async def message(tx: Tx, message_id: int) -> ListedMessage | None:
    """Return one text with its parts."""
    row = await tx.one("SELECT * FROM messages WHERE id = ?", (message_id,))
    return None if row is None else await _listed(tx, row)


async def _listed(tx: Tx, row: Any) -> ListedMessage:
    parts = [
        ListedPart(
            part_id=part["id"],
            seq=part["seq"],
            state=part["state"],
            reason=part["reason"],
            tries=part["tries"],
            modem=part["modem"],
            handed_over_ms=part["handed_over_ms"],
            settled_ms=part["settled_ms"],
        )
        for part in await tx.all("SELECT * FROM parts WHERE message_id = ? ORDER BY seq", (row["id"],))
    ]
    same = ("kind", "line", "number", "body", "actor", "created_ms", "not_before_ms", "expires_ms", "cancelled")
    return ListedMessage(
        **{name: row[name] for name in same},
        message_id=row["id"],
        state=message_state(State(part.state) for part in parts),
        waits_for=_waits_for(parts),
        parts=tuple(parts),
    )


def _waits_for(parts: list[ListedPart]) -> str:
    if not any(part.state == State.QUEUED for part in parts):
        return ""
    held = next((part for part in parts if part.state == State.UNKNOWN), None)
    return "" if held is None else f"part {held.seq}, whose fate nobody knows (`outbox resolve {held.part_id}`)"


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One step of one part, for `why`."""

    at_ms: int
    part_id: int
    seq: int
    state: str
    detail: str
    actor: str


async def story(tx: Tx, message_id: int) -> list[StoryLine]:
    """Return everything that happened to a text's parts, in the order it happened."""
    rows = await tx.all(
        "SELECT e.*, p.seq FROM part_events e JOIN parts p ON p.id = e.part_id WHERE p.message_id = ? ORDER BY e.id",
        (message_id,),
    )
    return [
        StoryLine(row["at_ms"], row["part_id"], row["seq"], row["state"], row["detail"], row["actor"]) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Depth:
    """How full the outbox is, for health. ``oldest_due_ms``: since when the first queued text could have left."""

    queued: int
    unknown: int
    oldest_due_ms: int | None


async def depth(tx: Tx, now_ms: int) -> Depth:
    """Return how much waits, how much nobody knows about, and since when."""
    row = await tx.one(
        "SELECT count(*) AS queued, min(CASE WHEN max(p.next_try_ms, m.not_before_ms) <= ? "
        "THEN max(p.next_try_ms, m.not_before_ms) END) AS oldest "
        "FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.state = 'queued'",
        (now_ms,),
    )
    unknown = await tx.value("SELECT count(*) FROM parts WHERE state = 'unknown'")
    assert row is not None
    return Depth(queued=row["queued"], unknown=unknown, oldest_due_ms=row["oldest"])
