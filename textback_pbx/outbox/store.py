"""The outbox's SQL: put a text in, move its parts by the state table, end it.

Each function works in the caller's transaction, moves parts through :func:`attempt.step` alone, writes one
``part_events`` row per step, and returns what changed, so that the caller can open a task for an unknown in the
same transaction. The claim stands in ``claim_store``, status reports in ``report_store``, what people see and
resolve in ``list_store``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from textback_pbx.clock import MINUTE_MS
from textback_pbx.database import Row, Tx
from textback_pbx.outbox.attempt import Event, Impossible, MessageState, State, message_state, step
from textback_pbx.phone import E164

AGENT = "agent"
EXPIRED = "its time was over before it could be sent"
_ENDS = frozenset({State.REFUSED, State.UNDELIVERED, State.EXPIRED, State.CANCELLED})
_BATCH = 200
_AHEAD_MS = 2 * MINUTE_MS
#: The type of a caller's open transaction, for the files that may not import the database.
OpenTx: TypeAlias = Tx
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class WrongStep(Exception):
    """A step the state table does not know: a bug, or a database changed by another hand."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One text to send. ``number`` is E.164; ``parts`` are the SMS parts of ``body``, as ``segment`` cut it.

    Times in ms UTC. ``look_again`` has the facts read again just before it leaves.
    """

    kind: Literal["auto", "nudge", "optout_confirmation", "optin_confirmation", "help", "staff", "notify", "test"]
    line: str
    number: str
    body: str
    parts: tuple[str, ...]
    encoding: Literal["gsm7", "ucs2"]
    not_before_ms: int
    expires_ms: int
    actor: str = AGENT
    call_id: int | None = None
    thread_id: int | None = None
    inbound_id: int | None = None
    template: str = ""
    template_version: str = ""
    look_again: bool = False
    about_thread_id: int | None = None  # a text to our own staff: whose words may stand in it


@dataclass(frozen=True, slots=True)
class Settled:
    """One step one part took, for whoever has to react in the same transaction (a task, a note, a wake-up).

    ``message`` is what the step makes of the whole text. ``cannot_text``: the number itself takes no texts.
    ``rest_ms``: how long the line had better rest.
    """

    part_id: int
    message_id: int
    seq: int
    total: int
    event: Event
    before: State
    state: State
    reason: str
    kind: str
    number: str
    line: str
    call_id: int | None
    thread_id: int | None
    message: MessageState
    tries: int  # hand-overs so far
    cannot_text: bool = False
    rest_ms: int = 0

    @property
    def task_source(self) -> str:
        """The name of the task this hand-over can lead to: one task each, also when a person sent it again."""
        return f"part:{self.part_id}:{self.tries}"

    @property
    def new_unknown(self) -> bool:
        """Whether a person has to be told now: nobody knows if the caller has this text."""
        return self.state is State.UNKNOWN and self.before is not State.UNKNOWN

    @property
    def new_end(self) -> bool:
        """Whether it has just become certain that this part will not reach the caller by itself."""
        return self.state in _ENDS and self.before not in _ENDS

    @property
    def resolved(self) -> bool:
        """Whether a part nobody knew about is known again: its task can be closed."""
        return self.before is State.UNKNOWN and self.state is not State.UNKNOWN


# in ----------------------------------------------------------------------------------------------------------


async def enqueue(tx: Tx, new: NewMessage, now_ms: int, *, confirmation_ms: int = 300_000) -> int | None:
    """Put a text into the outbox; return its id, or ``None`` when its call or inbound text already has one.

    A STOP's confirmation expires ``confirmation_ms`` from now at the latest. Raises ``ValueError`` for what no
    modem must ever see: a number that is not E.164, a text without parts.
    """
    if not E164.fullmatch(new.number) or not 1 <= len(new.parts) <= 255 or not all(new.parts):
        raise ValueError("a message needs an E.164 number and 1 to 255 parts with text")
    late = now_ms + confirmation_ms
    row = {
        "kind": new.kind,
        "call_id": new.call_id,
        "thread_id": new.thread_id,
        "inbound_id": new.inbound_id,
        "line": new.line,
        "number": new.number,
        "body": new.body,
        "encoding": new.encoding,
        "segments": len(new.parts),
        "created_ms": now_ms,
        "not_before_ms": new.not_before_ms,
        "expires_ms": min(new.expires_ms, late) if new.kind == "optout_confirmation" else new.expires_ms,
        "template": new.template,
        "template_version": new.template_version,
        "actor": new.actor,
        "look_again": int(new.look_again),
        "about_thread_id": new.about_thread_id,
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    message_id = await tx.value(
        f"INSERT INTO messages ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING id",  # noqa: S608 - our own columns
        row,
    )
    if message_id is None:
        return None
    await _insert_parts(tx, int(message_id), new, now_ms)
    return int(message_id)


async def _insert_parts(tx: Tx, message_id: int, new: NewMessage, now_ms: int) -> None:
    total = len(new.parts)
    reference = await _next_reference(tx, new.number) if total > 1 else None
    for seq, text in enumerate(new.parts, start=1):
        part_id = await tx.insert(
            "INSERT INTO parts (message_id, seq, total, concat_ref, text, next_try_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (message_id, seq, total, reference, text, new.not_before_ms),
        )
        await record(tx, part_id, now_ms, State.QUEUED, actor=new.actor)


async def _next_reference(tx: Tx, number: str) -> int:
    """Count the concatenation reference (23.040, 9.2.3.24.1) on per recipient, so that a restart repeats none."""
    last = await tx.value(
        "SELECT p.concat_ref FROM messages m JOIN parts p ON p.message_id = m.id AND p.seq = 1 "
        "WHERE m.number = ? AND p.concat_ref IS NOT NULL ORDER BY m.id DESC LIMIT 1",
        (number,),
    )
    return hashlib.sha256(number.encode()).digest()[0] if last is None else (int(last) + 1) % 256


# the steps ---------------------------------------------------------------------------------------------------


async def part_row(tx: Tx, part_id: int) -> Row:
    """Return one part with its message; ``id`` is the part's, ``message_id`` the message's."""
    row = await tx.one(
        "SELECT p.*, m.* FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.id = ?",
        (part_id,),
    )
    if row is None:
        raise WrongStep(f"there is no part {part_id}")
    return row


async def record(tx: Tx, part_id: int, now_ms: int, state: State, detail: str = "", *, actor: str = AGENT) -> None:
    """Write one line of a part's story."""
    await tx.run(
        "INSERT INTO part_events (part_id, at_ms, state, detail, actor) VALUES (?, ?, ?, ?, ?)",
        (part_id, now_ms, state.value, detail, actor),
    )


async def move(
    tx: Tx,
    part_id: int,
    event: Event,
    now_ms: int,
    reason: str = "",
    *,
    actor: str = AGENT,
    columns: Mapping[str, Any] = _NOTHING,
) -> Settled:
    """Take one step of the table; ``columns`` are further values of the part's row. Raises :class:`WrongStep`.

    ``settled_ms`` becomes the time of the step that took the part out of the machine's hands.
    """
    row = await part_row(tx, part_id)
    before = State(row["state"])
    after = step(before, event)
    if isinstance(after, Impossible):
        raise WrongStep(f"part {part_id} is {before}: {event} cannot happen to it")
    values = {"reason": reason, **columns, "state": after.value}
    if after not in (State.QUEUED, State.CLAIMED, State.HANDED_OVER):
        values.setdefault("settled_ms", now_ms)
    changes = ", ".join(f"{name} = :{name}" for name in values)
    await tx.run(f"UPDATE parts SET {changes} WHERE id = :id", {**values, "id": part_id})  # noqa: S608 - our own columns
    await record(tx, part_id, now_ms, after, reason, actor=actor)
    return Settled(
        part_id=part_id,
        message_id=row["message_id"],
        seq=row["seq"],
        total=row["total"],
        event=event,
        before=before,
        state=after,
        reason=reason,
        kind=row["kind"],
        number=row["number"],
        line=row["line"],
        call_id=row["call_id"],
        thread_id=row["thread_id"],
        message=await _message(tx, row["message_id"]),
        tries=int(values.get("tries", row["tries"])),
    )


async def _message(tx: Tx, message_id: int) -> MessageState:
    rows = await tx.all("SELECT state FROM parts WHERE message_id = ?", (message_id,))
    return message_state(State(row["state"]) for row in rows)


async def end_queued(
    tx: Tx, message_id: int, event: Event, reason: str, now_ms: int, *, actor: str = AGENT, after_seq: int = 0
) -> list[Settled]:
    """End a text's queued parts behind ``after_seq`` by ``event`` (cancel or expire)."""
    rows = await tx.all(
        "SELECT id FROM parts WHERE message_id = ? AND seq > ? AND state = 'queued' ORDER BY seq",
        (message_id, after_seq),
    )
    return [await move(tx, row["id"], event, now_ms, reason, actor=actor) for row in rows]


async def end_the_rest(tx: Tx, settled: Settled, now_ms: int) -> list[Settled]:
    """End what would follow a part that will never arrive: no phone could put the text together."""
    if not settled.new_end or settled.seq == settled.total:
        return []
    reason = f"part {settled.seq} of {settled.total} was {settled.state}: the rest alone is no text"
    return await end_queued(tx, settled.message_id, Event.CANCEL, reason, now_ms, after_seq=settled.seq)


async def cancel(tx: Tx, message_id: int, why: str, now_ms: int, *, actor: str = AGENT) -> list[Settled]:
    """Take a text back, as far as it has not left. A part that a line holds is stopped at its hand-over."""
    await tx.run("UPDATE messages SET cancelled = ? WHERE id = ? AND cancelled IS NULL", (why, message_id))
    return await end_queued(tx, message_id, Event.CANCEL, why, now_ms, actor=actor)


async def cancel_waiting(
    tx: Tx, number: str, why: str, now_ms: int, *, kinds: tuple[str, ...] = ("auto", "nudge"), actor: str = AGENT
) -> list[Settled]:
    """Take back every text to ``number`` of these kinds that has not left (called back, answered, texted in)."""
    rows = await tx.all(
        "SELECT DISTINCT m.id, m.kind FROM messages m JOIN parts p ON p.message_id = m.id "
        "WHERE m.number = ? AND m.cancelled IS NULL AND p.state IN ('queued', 'claimed') ORDER BY m.id",
        (number,),
    )
    ended: list[Settled] = []
    for row in rows:
        if row["kind"] in kinds:
            ended += await cancel(tx, row["id"], why, now_ms, actor=actor)
    return ended


async def expire_due(tx: Tx, now_ms: int) -> list[Settled]:
    """End what waited past its time, a batch at a time; never call it while the clock is not trusted.

    An answer to a keyword that a clock wrote down which was ahead then has no time of its own: it is too late.
    """
    rows = await tx.all(
        "SELECT p.id FROM parts p JOIN messages m ON m.id = p.message_id "
        "WHERE p.state = 'queued' AND (m.expires_ms <= :now OR (m.created_ms > :ahead AND m.kind IN "
        "('optout_confirmation', 'optin_confirmation', 'help'))) ORDER BY p.id LIMIT :batch",
        {"now": now_ms, "ahead": now_ms + _AHEAD_MS, "batch": _BATCH},
    )
    return [await move(tx, row["id"], Event.EXPIRE, now_ms, EXPIRED) for row in rows]


async def next_due_ms(tx: Tx, now_ms: int) -> int | None:
    """Return when a queued text next becomes due or expires; ``None`` when none waits.

    What is due already and still waits is held by something else than time, so only its end counts.
    """
    due = await tx.value(
        "SELECT min(CASE WHEN max(p.next_try_ms, m.not_before_ms) > ? "
        "THEN min(max(p.next_try_ms, m.not_before_ms), m.expires_ms) ELSE m.expires_ms END) "
        "FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.state = 'queued'",
        (now_ms,),
    )
    return None if due is None else int(due)
