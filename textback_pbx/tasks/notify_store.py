"""The SQL of telling: events as they happen, one notification for each way of telling, tries, and what was given up.

An event is written in the transaction in which its thing happened; a row a loop finds later makes the notifications,
each unique for its event, channel and target. A try is counted before it is made, with a time at which it would be
made again, so a crash in the middle loses nothing. Payloads go when they were told.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textback_pbx.database import Row, Tx
from textback_pbx.tasks.notify import LEAST_TRIES, PAUSES_S, Never, NoticeState, Outcome, Told

#: A row whose next try lies further ahead than this was dated by a clock that was wrong.
_FARTHEST_MS = 25 * 3_600_000
#: What every sent or given-up row keeps of its payload.
_NOTHING = "{}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification to make now."""

    id: int
    uid: str
    event: str
    event_ms: int
    channel: str
    target: str
    payload: dict[str, Any]
    tries: int
    created_ms: int


async def emit(tx: Tx, name: str, source: str, at_ms: int, data: Mapping[str, Any]) -> None:
    """Write an event, once for its ``source``. ``data``: ids and facts, never a word of a customer."""
    await tx.run(
        "INSERT INTO events (name, source, at_ms, data) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO NOTHING",
        (name, source, at_ms, json.dumps(data)),
    )


async def to_tell(tx: Tx, limit: int = 50) -> list[Row]:
    """Return events nobody has been told of, oldest first."""
    return await tx.all("SELECT * FROM events WHERE state = 'new' ORDER BY id LIMIT ?", (limit,))


async def told(tx: Tx, event_id: int) -> None:
    """The event's notifications stand: it is out of the loop's hands."""
    await tx.run("UPDATE events SET state = 'told' WHERE id = ?", (event_id,))


async def add(
    tx: Tx,
    event_id: int,
    channel: str,
    target: str,
    payload: Mapping[str, Any],
    *,
    now_ms: int,
    at_ms: int | None = None,
    dropped: str = "",
) -> bool:
    """Add one notification, to be made at ``at_ms``; ``dropped`` says why it is kept and never made."""
    state = NoticeState.DROPPED if dropped else NoticeState.WAITING
    body = _NOTHING if dropped else json.dumps(payload, ensure_ascii=False)
    when = now_ms if at_ms is None else at_ms
    changed = await tx.run(
        "INSERT INTO notifications (event_id, channel, target, payload, state, next_try_ms, created_ms, settled_ms,"
        " error, task_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            event_id,
            channel,
            target,
            body,
            state.value,
            when,
            now_ms,
            now_ms if dropped else None,
            dropped,
            payload.get("task_id"),
        ),
    )
    return changed == 1


async def due(tx: Tx, now_ms: int, *, resting: tuple[tuple[str, str], ...] = (), limit: int = 50) -> list[Notice]:
    """Return what is to be told now, oldest first, ``limit`` for each target.

    ``resting`` are (channel, target) pairs that get a pause.
    """
    rows = await tx.all(
        "SELECT n.*, e.uid, e.name, e.at_ms FROM (SELECT w.id, row_number() OVER (PARTITION BY w.channel, w.target"
        " ORDER BY w.id) AS place FROM notifications w INDEXED BY notifications_waiting WHERE w.state = 'waiting'"
        " AND (w.next_try_ms <= :now OR w.next_try_ms > :far)"
        " AND w.channel || ' ' || w.target NOT IN (SELECT value FROM json_each(:resting))) AS due"
        " JOIN notifications n ON n.id = due.id JOIN events e ON e.id = n.event_id"
        " WHERE due.place <= :limit ORDER BY n.id",
        {
            "now": now_ms,
            "far": now_ms + _FARTHEST_MS,
            "resting": json.dumps([" ".join(pair) for pair in resting]),
            "limit": limit,
        },
    )
    return [_notice(row) for row in rows]


def _notice(row: Row) -> Notice:
    return Notice(
        id=row["id"],
        uid=row["uid"],
        event=row["name"],
        event_ms=row["at_ms"],
        channel=row["channel"],
        target=row["target"],
        payload=json.loads(row["payload"]),
        tries=row["tries"],
        created_ms=row["created_ms"],
    )


async def begin(tx: Tx, notice: Notice, now_ms: int, lease_ms: int) -> bool:
    """Count a try before it is made; should we crash in it, it is made again after the lease."""
    changed = await tx.run(
        "UPDATE notifications SET tries = tries + 1, next_try_ms = ? WHERE id = ? AND state = 'waiting'",
        (now_ms + lease_ms, notice.id),
    )
    return changed == 1


async def settle(
    tx: Tx, notice: Notice, outcome: Outcome, now_ms: int, *, give_up_ms: int, failures: int = 0
) -> NoticeState:
    """Write what came of a try; return where the notification stands.

    What is too old is given up, and shown, but only after enough tries at it or ``failures`` in a row at its target:
    an agent that was off over a long weekend has not tried for days.
    """
    if isinstance(outcome, Told):
        return await _end(tx, notice.id, NoticeState.SENT, "", now_ms)
    if isinstance(outcome, Never):
        if outcome.gone:
            await _gone(tx, notice, outcome, now_ms)
        return await _end(tx, notice.id, NoticeState.DEAD, outcome.reason, now_ms)
    if now_ms - notice.created_ms >= give_up_ms and max(notice.tries + 1, failures) >= LEAST_TRIES:
        return await _end(tx, notice.id, NoticeState.DEAD, f"given up: {outcome.reason}", now_ms)
    wait_ms = max(outcome.wait_ms, PAUSES_S[min(notice.tries, len(PAUSES_S) - 1)] * 1_000)
    await tx.run(
        "UPDATE notifications SET next_try_ms = ?, error = ? WHERE id = ?",
        (now_ms + wait_ms, outcome.reason, notice.id),
    )
    return NoticeState.WAITING


async def _end(tx: Tx, notice_id: int, state: NoticeState, error: str, now_ms: int) -> NoticeState:
    """Settle one; the payload of what was told is emptied, that of what was given up stays for another try."""
    kept = state is NoticeState.DEAD
    await tx.run(
        "UPDATE notifications SET state = ?, error = ?, settled_ms = ?, payload = iif(?, payload, ?) WHERE id = ?",
        (state.value, error, now_ms, kept, _NOTHING, notice_id),
    )
    return state


async def drop(tx: Tx, notice: Notice, why: str, now_ms: int) -> None:
    """There is nothing to tell any more: its task is done, or somebody else's."""
    await _end(tx, notice.id, NoticeState.DROPPED, why, now_ms)


async def put_off(tx: Tx, notice: Notice, until_ms: int, why: str) -> None:
    """Let one wait, untried."""
    await tx.run("UPDATE notifications SET next_try_ms = ?, error = ? WHERE id = ?", (until_ms, why, notice.id))


async def _gone(tx: Tx, notice: Notice, outcome: Never, now_ms: int) -> None:
    await tx.run(
        "INSERT OR REPLACE INTO gone_targets (channel, target, at_ms, reason) VALUES (?, ?, ?, ?)",
        (notice.channel, notice.target, now_ms, outcome.reason),
    )
    await end_target(tx, notice.channel, notice.target, outcome.reason, now_ms)


async def end_target(tx: Tx, channel: str, target: str, reason: str, now_ms: int) -> int:
    """Give up all that waits for one target; return how many."""
    return await tx.run(
        "UPDATE notifications SET state = 'dead', error = ?, settled_ms = ?"
        " WHERE channel = ? AND target = ? AND state = 'waiting'",
        (reason, now_ms, channel, target),
    )


async def gone(tx: Tx) -> dict[tuple[str, str], str]:
    """Return the targets that said they are gone, with the reason."""
    return {(r["channel"], r["target"]): r["reason"] for r in await tx.all("SELECT * FROM gone_targets")}


async def next_due_ms(tx: Tx) -> int | None:
    """Return when the next notification is due; ``None`` when none waits."""
    found = await tx.value("SELECT min(next_try_ms) FROM notifications WHERE state = 'waiting'")
    return None if found is None else int(found)


async def retry(tx: Tx, now_ms: int, *, notice_id: int | None = None, target: str | None = None) -> int:
    """Try again what was given up: one, all of one target, or everything; a target that was gone is asked again."""
    await tx.run("DELETE FROM gone_targets WHERE :target IS NULL OR target = :target", {"target": target})
    return await tx.run(
        "UPDATE notifications SET state = 'waiting', tries = 0, next_try_ms = :now, created_ms = :now,"
        " settled_ms = NULL, message_id = NULL WHERE state = 'dead' AND (:id IS NULL OR id = :id)"
        " AND (:target IS NULL OR target = :target)",
        {"now": now_ms, "id": notice_id, "target": target},
    )


async def listed(
    tx: Tx, *, state: str | None = None, target: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return notifications, the newest first, without their payloads."""
    rows = await tx.all(
        "SELECT n.id, e.name AS event, e.uid, n.channel, n.target, n.state, n.tries, n.created_ms, n.next_try_ms,"
        " n.settled_ms, n.error, n.message_id FROM notifications n JOIN events e ON e.id = n.event_id"
        " WHERE (:state IS NULL OR n.state = :state) AND (:target IS NULL OR n.target = :target)"
        " ORDER BY n.id DESC LIMIT :limit",
        {"state": state, "target": target, "limit": limit},
    )
    return [dict(row) for row in rows]


async def find(tx: Tx, notice_id: int) -> dict[str, Any] | None:
    """Return one notification with what it says, or ``None``."""
    row = await tx.one(
        "SELECT n.*, e.name AS event, e.uid FROM notifications n JOIN events e ON e.id = n.event_id WHERE n.id = ?",
        (notice_id,),
    )
    return None if row is None else {**dict(row), "payload": json.loads(row["payload"])}


async def counts(tx: Tx) -> dict[str, int]:
    """Return how many wait, how many of them were tried in vain, and how many were given up."""
    row = await tx.one(
        "SELECT (SELECT count(*) FROM notifications WHERE state = 'waiting') AS waiting,"
        " (SELECT count(*) FROM notifications WHERE state = 'waiting' AND error <> '') AS failing,"
        " (SELECT count(*) FROM notifications WHERE state = 'dead') AS dead"
    )
    assert row is not None
    return dict(row)


async def forget(tx: Tx, before_ms: int, limit: int = 500) -> int:
    """Delete what was told, dropped or given up before a time, a batch at a time; return how many rows went."""
    old = "SELECT id FROM notifications WHERE settled_ms < ? AND state <> 'waiting' LIMIT ?"
    notices = await tx.run(f"DELETE FROM notifications WHERE id IN ({old})", (before_ms, limit))  # noqa: S608 - our own
    events = await tx.run(
        "DELETE FROM events WHERE id IN (SELECT e.id FROM events e WHERE e.at_ms < ? AND e.state = 'told' AND NOT"
        " EXISTS (SELECT 1 FROM notifications n WHERE n.event_id = e.id) LIMIT ?)",
        (before_ms, limit),
    )
    return notices + events


# texts to staff ----------------------------------------------------------------------------------------------


async def text_ages(tx: Tx, number: str, now_ms: int, since_ms: int, *, answers: bool) -> list[int]:
    """Return the ages (ms) of the texts to one member of staff; ``answers``: those that answered them."""
    rows = await tx.all(
        "SELECT created_ms FROM messages WHERE number = ? AND kind = 'notify' AND created_ms > ?"
        " AND (template = 'staff_answer') = ?",
        (number, since_ms, int(answers)),
    )
    return [now_ms - row["created_ms"] for row in rows]


async def thread_of_task(tx: Tx, task_id: int | None) -> int | None:
    """Return the thread a task is about, also where only its number and line tell."""
    found = await tx.value(
        "SELECT coalesce(k.thread_id, (SELECT t.id FROM threads t WHERE t.number = k.number AND t.line = k.line))"
        " FROM tasks k WHERE k.id = ?",
        (task_id,),
    )
    return None if found is None else int(found)


async def queued_as(tx: Tx, notice: Notice, message_id: int, now_ms: int) -> None:
    """The text stands in the outbox, which sends it once; what it says is kept here until the network has it."""
    await tx.run(
        "UPDATE notifications SET message_id = ?, state = 'sent', error = '', settled_ms = ? WHERE id = ?",
        (message_id, now_ms, notice.id),
    )


async def text_settled(tx: Tx, message_id: int, reason: str, now_ms: int) -> None:
    """The network has a text to staff (``reason`` empty), or will not: then the notification is given up, and shown."""
    if not reason:
        await tx.run(
            "UPDATE notifications SET payload = ?, state = 'sent', error = '' WHERE message_id = ?"
            " AND state IN ('sent', 'dead')",
            (_NOTHING, message_id),
        )
        return
    await tx.run(
        "UPDATE notifications SET state = 'dead', error = ?, settled_ms = ? WHERE message_id = ? AND state = 'sent'",
        (reason, now_ms, message_id),
    )
