"""The story of one call or one message, from the office's own disk: what happened, what was decided and why.

Everything ``why`` prints, as plain values; read in one snapshot, so that the parts fit together.
"""

import json
from dataclasses import asdict
from typing import Any

from textback_pbx.calls import store as calls
from textback_pbx.calls.around_store import around
from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.decision import nudge_store as nudges
from textback_pbx.decision import rules
from textback_pbx.decision import store as decisions
from textback_pbx.outbox import list_store as outbox

Story = dict[str, Any]


async def of_call(tx: Tx, which: str) -> Story | None:
    """Return the story of a call, by its id or Asterisk's Uniqueid; ``None`` when there is no such call."""
    call = await calls.find_call(tx, which)
    if call is None:
        return None
    decision = await decisions.decision_of(tx, call["id"])
    messages = await tx.all("SELECT * FROM messages WHERE call_id = ? ORDER BY id", (call["id"],))
    return {
        "call": _call(call),
        "gap": await _gap(tx, call),
        "around": await around(tx, call),
        "decision": await _decision(tx, decision),
        "nudge": await _nudge(tx, call["id"]),
        "messages": [await _text(tx, row) for row in messages],
        "replies": await _replies(tx, call),
        "tasks": await _tasks(tx, call),
    }


async def of_message(tx: Tx, message_id: int) -> Story | None:
    """Return the story of one text; ``None``: no such text.

    Its words and the template they came from, the bytes each part left as, the way each took, the reports, and why
    it was allowed: the decision it rests on with the facts at the time, or the text it answers.
    """
    row = await tx.one("SELECT * FROM messages WHERE id = ?", (message_id,))
    if row is None:
        return None
    story = await _text(tx, row)
    if row["kind"] in ("auto", "nudge") and row["call_id"] is not None:
        story["decision"] = await _decision(tx, await decisions.decision_of(tx, row["call_id"]))
    if row["kind"] == "nudge" and row["call_id"] is not None:
        story["nudge"] = await _nudge(tx, row["call_id"])
    if row["inbound_id"] is not None:
        story["answers"] = await _answered(tx, row["inbound_id"])
    story["consent"] = [asdict(entry) for entry in await consent.entries_of(tx, row["number"])]
    return story


async def _text(tx: Tx, row: Row) -> Story:
    parts = await tx.all("SELECT * FROM parts WHERE message_id = ? ORDER BY seq", (row["id"],))
    reports = await tx.all(
        "SELECT r.part_id, r.tp_mr, r.tp_st, r.received_ms, r.scts_ms, r.discharge_ms, r.raw FROM status_reports r"
        " JOIN parts p ON p.id = r.part_id WHERE p.message_id = ? ORDER BY r.id",
        (row["id"],),
    )
    return {
        "message": dict(row),
        "template": await decisions.template_of(tx, row["template"], row["template_version"]),
        "parts": [dict(part) for part in parts],
        "steps": [asdict(line) for line in await outbox.story(tx, row["id"])],
        "reports": [dict(report) for report in reports],
    }


async def _nudge(tx: Tx, call_id: int) -> Story | None:
    row = await nudges.of_call(tx, call_id)
    return None if row is None else {**dict(row), "trace": json.loads(row["trace"])}


async def _answered(tx: Tx, inbound_id: int) -> Story | None:
    row = await tx.one("SELECT id, body, keyword, keyword_why, received_ms FROM inbound WHERE id = ?", (inbound_id,))
    return None if row is None else dict(row)


async def _gap(tx: Tx, call: Row) -> Story | None:
    """Return the time in which the call's PBX was not heard, if the call ended in it and is known from elsewhere."""
    if call["source"] == "live" and call["outcome"] != "lost":
        return None
    gap = await calls.gap_of(tx, call["pbx"], call["ended_ms"])
    return None if gap is None else dict(gap)


def _call(row: Row) -> Story:
    return {**dict(row), "legs": json.loads(row["legs"]), "facts": json.loads(row["facts"])}


async def _decision(tx: Tx, row: Row | None) -> Story | None:
    if row is None:
        return None
    facts = json.loads(row["facts"])
    looks = await decisions.looks_of(tx, row["id"])
    trace = json.loads(row["trace"])
    asked = {rule for rule, _, _ in trace}
    return {
        **dict(row),
        "trace": trace,
        "not_asked": [rule.name for rule in rules.RULES if rule.name not in asked],
        "facts": facts,
        "consent_entry": await _consent_entry(tx, facts),
        "policy_entry": await _entry(tx, int(facts.get("policy_seq") or 0)),
        "looks": [{**dict(look), "trace": json.loads(look["trace"])} for look in looks],
    }


async def _consent_entry(tx: Tx, facts: Story) -> Story | None:
    """Return the ledger entry a text rests on: the one it found, or the announcement that was written with it."""
    if seq := int(facts.get("consent_seq") or 0):
        return await _entry(tx, seq)
    if facts.get("consent_policy") != "announced" or not facts.get("caller"):
        return None
    heard = [
        entry.seq
        for entry in await consent.entries_of(tx, facts["caller"])
        if entry.event == "announced" and entry.at_ms == facts.get("ended_ms")
    ]
    return await _entry(tx, heard[-1]) if heard else None


async def _entry(tx: Tx, seq: int) -> Story | None:
    entry = await consent.entry_of(tx, seq)
    if entry is None:
        return None
    shown = await consent.disclosure_of(tx, entry)
    return {**asdict(entry), "disclosure": shown.body if shown else ""}


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
