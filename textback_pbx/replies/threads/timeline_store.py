"""The SQL of one timeline: everything that happened between a number and a line, each kind through its index."""

from typing import Any

from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.store import Thread
from textback_pbx.replies.threads.timeline import Item, delivery, delivery_in_words, in_order


async def timeline(tx: Tx, thread: Thread, limit: int = 200) -> list[Item]:
    """Return everything that happened between this number and this line, oldest first, at most ``limit`` items."""
    items = [
        *await _calls(tx, thread, limit),
        *await _calls_out(tx, thread, limit),
        *await _texts_out(tx, thread, limit),
        *await _texts_in(tx, thread, limit),
        *await _notes(tx, thread, limit),
        *await _tasks(tx, thread, limit),
        *await _bookings(tx, thread, limit),
        *await _consent(tx, thread),
    ]
    return in_order(items, limit)


async def _calls(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT c.id, c.ended_ms, c.outcome, c.detail, d.verdict, d.rule, d.reason FROM calls c"
        " LEFT JOIN decisions d ON d.call_id = c.id WHERE c.caller = ? AND c.line = ?"
        " ORDER BY c.ended_ms DESC, c.id DESC LIMIT ?",
        (thread.number, thread.line, limit),
    )
    return [_call(row) for row in rows]


def _call(row: Row) -> Item:
    outcome = row["outcome"].replace("_", " ") + (f" ({row['detail']})" if row["detail"] else "")
    decided = f"; {row['verdict']}: {row['reason']}" if row["verdict"] else ""
    detail = {"outcome": row["outcome"], "detail": row["detail"], "verdict": row["verdict"], "rule": row["rule"]}
    return Item(row["ended_ms"], "call", row["id"], f"called us: {outcome}{decided}", detail)


async def _calls_out(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT id, ended_ms, answered FROM calls_out WHERE number = ? ORDER BY ended_ms DESC, id DESC LIMIT ?",
        (thread.number, limit),
    )
    return [
        Item(r["ended_ms"], "call_out", r["id"], "we called: " + ("answered" if r["answered"] else "not answered"))
        for r in rows
    ]


async def _texts_out(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT m.id, m.created_ms, m.kind, m.body, m.actor, m.cancelled,"
        " (SELECT group_concat(p.state) FROM parts p WHERE p.message_id = m.id) AS states"
        " FROM messages m WHERE m.number = ? AND m.line = ? AND m.kind NOT IN ('notify', 'test')"
        " ORDER BY m.created_ms DESC, m.id DESC LIMIT ?",
        (thread.number, thread.line, limit),
    )
    return [_text_out(row) for row in rows]


def _text_out(row: Row) -> Item:
    state = delivery((row["states"] or "").split(","))
    words = delivery_in_words(state) + (f": {row['cancelled']}" if row["cancelled"] else "")
    detail: dict[str, Any] = {"kind": row["kind"], "state": state, "state_in_words": words, "actor": row["actor"]}
    return Item(row["created_ms"], "text_out", row["id"], row["body"], detail)


async def _texts_in(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT i.id, i.received_ms, i.scts_ms, i.body, i.complete, i.keyword, i.keyword_why, i.state,"
        " (SELECT group_concat(p.problem, '; ') FROM inbound_parts p WHERE p.inbound_id = i.id AND p.problem <> '')"
        " AS problem FROM inbound i WHERE i.thread_id = ? ORDER BY i.received_ms DESC, i.id DESC LIMIT ?",
        (thread.id, limit),
    )
    keys = ("scts_ms", "complete", "keyword", "keyword_why", "state", "problem")
    return [
        Item(
            r["received_ms"], "text_in", r["id"], r["body"] or f"(unreadable: {r['problem']})", {k: r[k] for k in keys}
        )
        for r in rows
    ]


async def _notes(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT * FROM notes WHERE thread_id = ? ORDER BY at_ms DESC, id DESC LIMIT ?", (thread.id, limit)
    )
    return [Item(r["at_ms"], "note", r["id"], r["body"], {"actor": r["actor"]}) for r in rows]


async def _tasks(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT * FROM tasks WHERE id IN (SELECT id FROM tasks WHERE thread_id = :thread UNION"
        " SELECT k.id FROM calls c JOIN tasks k ON k.call_id = c.id WHERE c.caller = :number AND c.line = :line UNION"
        " SELECT id FROM tasks WHERE number = :number AND line = :line AND state = 'open')"
        " ORDER BY created_ms DESC, id DESC LIMIT :limit",
        {"thread": thread.id, "number": thread.number, "line": thread.line, "limit": limit},
    )
    keys = ("kind", "state", "priority", "owner", "due_ms", "closed_ms", "closed_by", "result")
    return [Item(r["created_ms"], "task", r["id"], r["reason"], {key: r[key] for key in keys}) for r in rows]


async def _bookings(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT id, made_ms, from_ms, until_ms, what, actor, withdrawn_ms FROM bookings WHERE thread_id = ?"
        " ORDER BY made_ms DESC, id DESC LIMIT ?",
        (thread.id, limit),
    )
    keys = ("from_ms", "until_ms", "actor", "withdrawn_ms")
    return [Item(r["made_ms"], "booking", r["id"], r["what"], {key: r[key] for key in keys}) for r in rows]


async def _consent(tx: Tx, thread: Thread) -> list[Item]:
    entries = await consent.entries_of(tx, thread.number)
    return [
        Item(e.at_ms, "consent", e.seq, f"consent {e.event}", {"basis": e.basis, "source": e.source, "actor": e.actor})
        for e in entries
    ]
