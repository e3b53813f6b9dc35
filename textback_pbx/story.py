"""The story of one call or one message, from the office's own disk: what happened, what was decided and why.

Everything ``why`` prints, as plain values; read in one snapshot, so that the parts fit together.
"""

import json
from dataclasses import asdict
from typing import Any

from textback_pbx.calls import store as calls
from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.decision import store as decisions
from textback_pbx.outbox import list_store as outbox

Story = dict[str, Any]


async def of_call(tx: Tx, which: str) -> Story | None:
    """Return the story of a call, by its id or Asterisk's Uniqueid; ``None`` when there is no such call."""
    call = await calls.find_call(tx, which)
    if call is None:
        return None
    decision = await decisions.decision_of(tx, call["id"])
    messages = await tx.all("SELECT id FROM messages WHERE call_id = ? ORDER BY id", (call["id"],))
    return {
        "call": _call(call),
        "decision": await _decision(tx, decision),
        "messages": [await of_message(tx, row["id"]) for row in messages],
        "replies": await _replies(tx, call),
        "tasks": await _tasks(tx, call),
    }


async def of_message(tx: Tx, message_id: int) -> Story | None:
    """Return the story of one text: its words, the way each part took, the reports; ``None``: no such text."""
    row = await tx.one("SELECT * FROM messages WHERE id = ?", (message_id,))
    if row is None:
        return None
    reports = await tx.all(
        "SELECT r.part_id, r.tp_mr, r.tp_st, r.received_ms, r.raw FROM status_reports r"
        " JOIN parts p ON p.id = r.part_id WHERE p.message_id = ? ORDER BY r.id",
        (message_id,),
    )
    return {
        "message": dict(row),
        "parts": [
            dict(p) for p in await tx.all("SELECT * FROM parts WHERE message_id = ? ORDER BY seq", (message_id,))
        ],
        "steps": [asdict(line) for line in await outbox.story(tx, message_id)],
        "reports": [dict(report) for report in reports],
    }


def _call(row: Row) -> Story:
    return {**dict(row), "legs": json.loads(row["legs"]), "facts": json.loads(row["facts"])}


async def _decision(tx: Tx, row: Row | None) -> Story | None:
    if row is None:
        return None
    facts = json.loads(row["facts"])
    entry = await consent.entry_of(tx, int(facts.get("consent_seq") or 0))
    looks = await decisions.looks_of(tx, row["id"])
    return {
        **dict(row),
        "trace": json.loads(row["trace"]),
        "facts": facts,
        "consent_entry": None if entry is None else asdict(entry),
        "looks": [{**dict(look), "trace": json.loads(look["trace"])} for look in looks],
    }


async def _replies(tx: Tx, call: Row) -> list[Story]:
    """Return what the caller wrote on this line after the call and before the next one."""
    if call["caller"] is None:
        return []
    until = await tx.value(
        "SELECT min(ended_ms) FROM calls WHERE caller = ? AND line = ? AND ended_ms > ?",
        (call["caller"], call["line"], call["ended_ms"]),
    )
    rows = await tx.all(
        "SELECT id, thread_id, body, keyword, keyword_why, received_ms, complete FROM inbound WHERE sender = ?"
        " AND line = ? AND received_ms >= ? AND received_ms < coalesce(?, received_ms + 1) ORDER BY id LIMIT 20",
        (call["caller"], call["line"], call["ended_ms"], until),
    )
    return [dict(row) for row in rows]


async def _tasks(tx: Tx, call: Row) -> list[Story]:
    rows = await tx.all(
        "SELECT id, kind, reason, priority, owner, due_ms, state, created_ms, closed_ms, closed_by, result FROM tasks"
        " WHERE call_id = ? ORDER BY id",
        (call["id"],),
    )
    return [dict(row) for row in rows]
