"""This stage's SQL: parts stored before they leave the SIM, texts put together, handled, and kept.

Every function takes the open transaction and commits nothing itself, so that a hand-over between stages is one
transaction of the pipeline's.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.database import Row, Tx
from textback_pbx.replies import inbound
from textback_pbx.replies.handling import ALL_AUTOMATIC_KINDS, Plan, Situation, Urgency
from textback_pbx.replies.inbound import Part, StoredPart, Whole
from textback_pbx.replies.threads.status import Status
from textback_pbx.replies.threads.store import line_of, thread_for
from textback_pbx.replies.threads.understood import merge

#: For so long a "yes" answers the confirmation of an opt-out; START does so at any time.
_RIGHT_AFTER_MS = HOUR_MS
_NO_LINES: Mapping[str, str] = MappingProxyType({})


class Stored(StrEnum):
    """Whether a part was new; either way it is safe to delete it from the SIM after the commit."""

    NEW = "new"
    DUPLICATE = "duplicate"


async def store_part(tx: Tx, part: Part) -> Stored:
    """Keep one part as it came; reading it again changes nothing (promise 4, faults 10 and 38)."""
    changed = await tx.run(
        "INSERT INTO inbound_parts (fingerprint, modem, iccid, sender, scts_ms, concat_ref, seq, total, text, raw,"
        " problem, received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING",
        (
            await _identity(tx, part),
            part.modem,
            part.iccid,
            inbound.clean(part.sender).strip(),
            part.scts_ms,
            part.concat_ref,
            part.seq,
            part.total,
            None if part.text is None else inbound.clean(part.text),
            part.raw,
            inbound.oddity(part),
            part.received_ms,
        ),
    )
    return Stored.NEW if changed == 1 else Stored.DUPLICATE


async def _identity(tx: Tx, part: Part) -> str:
    """Return the part's fingerprint; without a time stamp it is another text when the like comes a day later.

    Somebody whose message centre gives no time says STOP, or 1, more than once in a year.
    """
    digest = inbound.fingerprint(part)
    if part.scts_ms is not None:
        return digest
    first, last = (f"{digest[:48]}{end * 16}" for end in "0f")
    before = await tx.value(
        "SELECT max(fingerprint) FROM inbound_parts WHERE fingerprint BETWEEN ? AND ?", (first, last)
    )
    if before is not None and part.received_ms - int(before[48:], 16) < inbound.UNTIMED_AGAIN_MS:
        return str(before)
    return f"{digest[:48]}{part.received_ms:016x}"


async def assemble_ready(
    tx: Tx,
    now_ms: int,
    *,
    default_line: str,
    modem_lines: Mapping[str, str] = _NO_LINES,
    staff: Collection[str] = frozenset(),
) -> list[int]:
    """Make a text (state new) and its thread of every group of parts that is ready; return the texts' ids.

    Somebody we never met is on the line of the modem they wrote to (``modem_lines``), else on ``default_line``. What
    comes from one of the ``staff`` numbers gets no thread: it is no customer's. A late part completes an
    incomplete text, which becomes new again: what it really says may be STOP.
    """
    waiting = await _waiting(tx, now_ms)
    found = inbound.assemble(waiting, now_ms, _join)
    return [await _keep(tx, one, modem_lines.get(one.modem, default_line), staff) for one in found]


def _join(raws: Sequence[str]) -> str | None:
    from textback_pbx.modem.pdu import join_parts  # the codec is loaded only where a text needs it

    return join_parts(raws)


async def _waiting(tx: Tx, now_ms: int) -> list[StoredPart]:
    columns = ", ".join(f"p.{one.name}" for one in fields(StoredPart))
    rows = await tx.all(f"SELECT {columns} FROM inbound_parts p WHERE p.inbound_id IS NULL ORDER BY p.id")  # noqa: S608 - constants only
    senders = {row["sender"] for row in rows if row["concat_ref"] is not None}
    for sender in sorted(senders):
        rows += await tx.all(
            f"SELECT {columns} FROM inbound i JOIN inbound_parts p ON p.inbound_id = i.id AND p.sender = i.sender"  # noqa: S608 - constants only
            " WHERE i.sender = ? AND i.received_ms >= ? AND i.complete = 0 AND p.total > 1",
            (sender, now_ms - inbound.LATE_PART_MS),
        )
    return [StoredPart(**dict(row)) for row in rows]


async def _keep(tx: Tx, whole: Whole, default_line: str, staff: Collection[str]) -> int:
    if whole.inbound_id is not None:
        await tx.run(
            "UPDATE inbound SET body = ?, complete = ?, received_ms = ?, state = 'new' WHERE id = ?",
            (whole.body, whole.complete, whole.received_ms, whole.inbound_id),
        )
        inbound_id = whole.inbound_id
    else:
        known = whole.sender in staff
        line = default_line if known else await line_of(tx, whole.sender, whole.iccid) or default_line
        thread_id = None if known else await thread_for(tx, whole.sender, line, whole.received_ms)
        inbound_id = await tx.insert(
            "INSERT INTO inbound (thread_id, sender, line, body, complete, scts_ms, received_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (thread_id, whole.sender, line, whole.body, whole.complete, whole.scts_ms, whole.received_ms),
        )
        await tx.run(
            "UPDATE threads SET updated_ms = max(updated_ms, ?), sim = coalesce(?, sim) WHERE id = ?",
            (whole.received_ms, whole.iccid, thread_id),
        )
    await tx.many("UPDATE inbound_parts SET inbound_id = ? WHERE id = ?", [(inbound_id, p) for p in whole.part_ids])
    return inbound_id


async def to_handle(tx: Tx, limit: int = 100) -> list[int]:
    """Return the ids of texts nobody has handled yet, oldest first."""
    rows = await tx.all("SELECT id FROM inbound WHERE state = 'new' ORDER BY id LIMIT ?", (limit,))
    return [int(row["id"]) for row in rows]


async def whose(tx: Tx, inbound_id: int) -> tuple[str, str, int | None]:
    """Return a text's sender, line and thread; a text of our own staff has none."""
    row = await tx.one("SELECT sender, line, thread_id FROM inbound WHERE id = ?", (inbound_id,))
    if row is None:
        raise LookupError(f"there is no inbound text {inbound_id}")
    return row["sender"], row["line"], row["thread_id"]


async def give_thread(tx: Tx, inbound_id: int, now_ms: int) -> int:
    """Give a text a thread that was stored without one, because its sender works here no more; return the thread."""
    sender, line, _ = await whose(tx, inbound_id)
    thread_id = await thread_for(tx, sender, line, now_ms)
    await tx.run("UPDATE inbound SET thread_id = ? WHERE id = ?", (thread_id, inbound_id))
    return thread_id


async def situation_of(tx: Tx, inbound_id: int, now_ms: int, *, opted_out: bool) -> Situation:
    """Read what the plan for one text needs. ``opted_out`` comes from the consent stage."""
    row = await tx.one(
        "SELECT i.*, t.status, t.automation, t.owner, (SELECT group_concat(p.problem, '; ') FROM inbound_parts p"
        " WHERE p.inbound_id = i.id AND p.problem <> '') AS problem"
        " FROM inbound i JOIN threads t ON t.id = i.thread_id WHERE i.id = ?",
        (inbound_id,),
    )
    if row is None:
        raise LookupError(f"there is no inbound text {inbound_id}")
    return Situation(
        inbound_id=inbound_id,
        sender=row["sender"],
        body=row["body"],
        received_ms=row["received_ms"],
        scts_ms=row["scts_ms"],
        complete=bool(row["complete"]),
        problem=row["problem"] or "",
        opted_out=opted_out,
        status=row["status"],
        automation=row["automation"],
        owner=row["owner"],
        answers_today=await _answers_since(tx, row, now_ms - DAY_MS),
        open_task=await _open_task(tx, row["thread_id"]),
    )


async def _answers_since(tx: Tx, row: Row, since_ms: int) -> int:
    return int(
        await tx.value(
            "SELECT count(*) FROM messages WHERE number = ? AND created_ms > ? AND inbound_id IS NOT NULL"
            " AND kind IN ('optout_confirmation', 'optin_confirmation', 'help')",
            (row["sender"], since_ms),
        )
    )


async def _open_task(tx: Tx, thread_id: int) -> Urgency | None:
    priority = await tx.value(
        "SELECT priority FROM tasks WHERE thread_id = ? AND state = 'open' AND kind IN ('reply', 'review')"
        " ORDER BY CASE priority WHEN 'emergency' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END LIMIT 1",
        (thread_id,),
    )
    return None if priority is None else Urgency(priority)


async def unanswered(tx: Tx, thread_id: int) -> int:
    """Return how many texts the person wrote since a person of ours wrote, or was done with a task of theirs."""
    return int(
        await tx.value(
            "SELECT count(*) FROM inbound WHERE thread_id = :thread AND received_ms > max("
            " coalesce((SELECT max(created_ms) FROM messages WHERE thread_id = :thread AND kind = 'staff'), 0),"
            " coalesce((SELECT max(closed_ms) FROM tasks WHERE thread_id = :thread AND state = 'done'), 0))",
            {"thread": thread_id},
        )
    )


async def written_before(tx: Tx, thread_id: int, inbound_id: int, since_ms: int) -> bool:
    """Say whether the person had written since then, before this text."""
    found = await tx.value(
        "SELECT 1 FROM inbound WHERE thread_id = ? AND id < ? AND received_ms >= ? LIMIT 1",
        (thread_id, inbound_id, since_ms),
    )
    return found is not None


async def about_thread(tx: Tx, inbound_id: int, thread_id: int) -> None:
    """Keep which conversation a text of our own staff is about: their words of a person go with that person."""
    await tx.run("UPDATE inbound SET about_thread_id = ? WHERE id = ?", (thread_id, inbound_id))


async def handled_for_staff(tx: Tx, inbound_id: int, why: str) -> None:
    """Record what was made of a text of our own staff."""
    await tx.run(
        "UPDATE inbound SET state = 'handled', keyword = 'none', keyword_why = ? WHERE id = ?", (why, inbound_id)
    )


async def last_outbound(tx: Tx, number: str, before_ms: int) -> str:
    """Return what was sent last to ``number``: ``first_text``, ``optout_confirmation``, ``staff`` or ``none``.

    Only texts that left, or may have left, count; the stages' own notifications and tests do not. A confirmation of
    long ago is ``none``: a "yes" to a question on the phone must not lift the opt-out.
    """
    row = await tx.one(
        "SELECT m.kind, m.created_ms FROM messages m WHERE m.number = ? AND m.created_ms <= ?"
        " AND m.kind NOT IN ('notify', 'test')"
        " AND EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state IN ('handed_over', 'accepted',"
        " 'unknown', 'delivered', 'undelivered'))"
        " ORDER BY m.created_ms DESC, m.id DESC LIMIT 1",
        (number, before_ms),
    )
    if row is None:
        return "none"
    kind = str(row["kind"])
    if kind == "optout_confirmation" and before_ms - row["created_ms"] > _RIGHT_AFTER_MS:
        return "none"
    return {
        "auto": "first_text",
        "nudge": "first_text",
        "optout_confirmation": "optout_confirmation",
        "staff": "staff",
    }.get(kind, "none")


async def mark_handled(
    tx: Tx, inbound_id: int, plan: Plan, *, keyword: str, why: str, intake: Mapping[str, Any], now_ms: int
) -> None:
    """Record how one text was understood and what its thread is now; the last step of its hand-over."""
    stored = json.dumps(intake, ensure_ascii=False, default=str)
    thread = await tx.one(
        "SELECT t.id, t.status, t.intake FROM inbound i JOIN threads t ON t.id = i.thread_id WHERE i.id = ?",
        (inbound_id,),
    )
    assert thread is not None
    holds = merge(json.loads(thread["intake"]), intake, Status(thread["status"]))
    await tx.run(
        "UPDATE inbound SET state = 'handled', keyword = ?, keyword_why = ?, intake = ? WHERE id = ?",
        (keyword, "; ".join([why, *plan.notes] if why else plan.notes), stored, inbound_id),
    )
    await tx.run(
        "UPDATE threads SET status = ?, automation = ?, updated_ms = max(updated_ms, ?),"
        " intake = CASE WHEN ? THEN ? ELSE intake END,"
        " owner = CASE WHEN owner = '' AND ? THEN ? ELSE owner END WHERE id = ?",
        (
            plan.status,
            plan.automation,
            now_ms,
            bool(intake),
            json.dumps(holds, ensure_ascii=False, default=str),
            plan.task is not None,
            plan.task.owner if plan.task else "",
            thread["id"],
        ),
    )


async def queued_automatic(tx: Tx, number: str, kinds: tuple[str, ...]) -> list[int]:
    """Return the ids of automatic texts to ``number`` of these kinds that have a part still in the queue."""
    wanted = [kind for kind in kinds if kind in ALL_AUTOMATIC_KINDS]
    marks = ", ".join("?" * len(wanted))
    rows = await tx.all(
        f"SELECT m.id FROM messages m WHERE m.number = ? AND m.kind IN ({marks}) AND m.cancelled IS NULL"  # noqa: S608 - question marks only
        " AND EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state = 'queued') ORDER BY m.id",
        (number, *wanted),
    )
    return [int(row["id"]) for row in rows]
