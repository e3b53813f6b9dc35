"""An event -> what an endpoint, and what a member of staff, is told of it, read from the rows it names.

This is where the office's setting on customers' words is applied. What must never happen: a word, a matter or a
reason on a line of health or law that left the office in a message.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from textback_pbx.clock import SECOND_MS
from textback_pbx.database import Row, Tx
from textback_pbx.pipeline.office import DEFAULT_LINE, Office
from textback_pbx.tasks.notify import Matter, clock_time, fields_in_words, level

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”")
_WHAT = {
    "call_back": "call back",
    "reply": "answer",
    "unknown_send": "a text of unknown fate to",
    "review": "read and decide",
    "repair": "repair",
}
_TASK_EVENTS = ("thread.assigned", "task.assigned", "task.raised", "task.overdue")
_STEPS = {
    "overdue": "OVERDUE: ",
    "escalated": "PASSED ON: ",
    "reminded": "STILL OVERDUE: ",
    "raised": "NOW MORE URGENT: ",
}


async def for_endpoint(tx: Tx, office: Office, event: Row, *, numbers: bool) -> dict[str, Any] | None:
    """Return an event's data for an endpoint, or ``None`` when what it tells of is gone (erased)."""
    data: Mapping[str, Any] = json.loads(event["data"])
    name = event["name"]
    if name in _TASK_EVENTS:
        found = await _task(tx, office, data)
    elif name == "reply.received":
        found = await _reply(tx, office, data)
    elif name == "call.missed":
        found = await _call(tx, data)
    elif name == "optout":
        found = await _opt_out(tx, data)
    else:
        found = await _text(tx, data)
    if found is not None and not numbers:
        found.pop("number", None)
    return found


def _iso(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    when = datetime.fromtimestamp(at_ms / SECOND_MS, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _task(tx: Tx, office: Office, data: Mapping[str, Any]) -> dict[str, Any] | None:
    row = await tx.one("SELECT * FROM tasks WHERE id = ?", (data["task_id"],))
    if row is None:
        return None
    found = {
        "task_id": row["id"],
        "thread_id": row["thread_id"],
        "call_id": row["call_id"],
        "line": row["line"],
        "number": row["number"],
        "kind": row["kind"],
        "priority": row["priority"],
        "owner": data["owner"],
        "due": _iso(row["due_ms"]),
        "step": data["step"],
    }
    reason = _reason(row["reason"], _level(office, row["line"]))
    return {**found, "reason": reason} if reason else found


async def _reply(tx: Tx, office: Office, data: Mapping[str, Any]) -> dict[str, Any] | None:
    row = await tx.one("SELECT * FROM inbound WHERE id = ?", (data["inbound_id"],))
    if row is None:
        return None
    found: dict[str, Any] = {
        "inbound_id": row["id"],
        "thread_id": row["thread_id"],
        "line": row["line"],
        "number": row["sender"],
        "keyword": row["keyword"],
        "received": _iso(row["received_ms"]),
    }
    much = _level(office, row["line"])
    if much != "none":
        found["intake"] = {k: v for k, v in json.loads(row["intake"]).items() if k != "evidence"}
    return {**found, "text": row["body"]} if much == "text" else found


async def _call(tx: Tx, data: Mapping[str, Any]) -> dict[str, Any] | None:
    row = await tx.one(
        "SELECT c.id, c.line, c.caller, c.outcome, c.ended_ms, d.verdict, d.rule FROM calls c"
        " LEFT JOIN decisions d ON d.call_id = c.id WHERE c.id = ?",
        (data["call_id"],),
    )
    if row is None:
        return None
    return {
        "call_id": row["id"],
        "line": row["line"],
        "number": row["caller"],
        "outcome": row["outcome"],
        "ended": _iso(row["ended_ms"]),
        "verdict": row["verdict"],
        "rule": row["rule"],
    }


async def _opt_out(tx: Tx, data: Mapping[str, Any]) -> dict[str, Any] | None:
    number = await tx.value("SELECT number FROM consent_private WHERE seq = ?", (data["consent_seq"],))
    return None if number is None else {"number": number, "consent_entry": data["consent_seq"]}


async def _text(tx: Tx, data: Mapping[str, Any]) -> dict[str, Any] | None:
    row = await tx.one("SELECT * FROM messages WHERE id = ?", (data["message_id"],))
    if row is None:
        return None
    return {
        "message_id": row["id"],
        "thread_id": row["thread_id"],
        "call_id": row["call_id"],
        "line": row["line"],
        "number": row["number"],
        "kind": row["kind"],
        "state": data["state"],
    }


def _level(office: Office, line: str) -> str:
    """Return how much may be told; of a line that is configured no more, nobody knows the trade any more."""
    if line not in office.lines and office.staffing.notify.words == "by_trade":
        return "none"
    return level(office.staffing.notify.words, office.line(line).trade)


def _reason(reason: str, much: str) -> str:
    """Return a task's reason as far as it may be told: it can quote the customer, and name what is private."""
    if much == "none":
        return ""
    return reason if much == "text" else _QUOTED.sub("...", reason)


# for staff -----------------------------------------------------------------------------------------------------


async def for_staff(tx: Tx, office: Office, event: Row, now_ms: int) -> tuple[Matter, Row] | None:
    """Return what a member of staff is told and the row of the task it is about; ``None``: there is nothing to tell."""
    data: Mapping[str, Any] = json.loads(event["data"])
    if event["name"] == "reply.received":
        task = await tx.one(
            "SELECT * FROM tasks WHERE thread_id = ? AND state = 'open' ORDER BY due_ms LIMIT 1", (data["thread_id"],)
        )
        what = "wrote again"
    else:
        task = await tx.one("SELECT * FROM tasks WHERE id = ?", (data["task_id"],))
        what = "" if task is None else _STEPS.get(data["step"], "") + _WHAT[task["kind"]]
    if task is None:
        return None
    much = _level(office, task["line"])
    zone = office.line(task["line"]).hours.zone
    fields, words = await _said(tx, task, data) if much != "none" else ("", "")
    matter = Matter(
        what=what,
        owner=data.get("owner", task["owner"]),
        priority=task["priority"],
        due=clock_time(task["due_ms"], zone, now_ms),
        number=task["number"] or "",
        fields=fields,
        words=words if much == "text" else "",
        reason=_reason(task["reason"], much),
    )
    return matter, task


async def _said(tx: Tx, task: Row, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return what was understood and the customer's last words, of the thread a task is about."""
    row = None
    if "inbound_id" in data:
        row = await tx.one("SELECT body, intake FROM inbound WHERE id = ?", (data["inbound_id"],))
    elif task["thread_id"] is not None:
        row = await tx.one(
            "SELECT body, intake FROM inbound WHERE thread_id = ? ORDER BY id DESC LIMIT 1", (task["thread_id"],)
        )
    return ("", "") if row is None else (fields_in_words(json.loads(row["intake"])), row["body"])


def line_of(task: Row) -> str:
    """Return the line of a task, for its hours and its thread."""
    return str(task["line"] or DEFAULT_LINE)
