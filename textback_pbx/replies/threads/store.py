"""The SQL of threads: found or made, listed, shown with one timeline, noted on, and moved between statuses.

Lists and timelines read through an index and a limit, so they stay fast on a million calls.
"""

from dataclasses import dataclass
from typing import Any

from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.status import Event, Status, after
from textback_pbx.replies.threads.timeline import Item, delivery, delivery_in_words, in_order

_OPEN = ("new", "waiting_on_us", "waiting_on_them", "follow_up")


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation as a list shows it. ``due_ms`` is its next open task's deadline; ``last`` the last text in."""

    id: int
    number: str
    line: str
    status: str
    owner: str
    automation: str
    intake: str
    opened_ms: int
    updated_ms: int
    due_ms: int | None
    last: str


async def thread_for(tx: Tx, number: str, line: str, now_ms: int) -> int:
    """Return the id of the thread of ``number`` on ``line``, made now if there is none."""
    await tx.run(
        "INSERT INTO threads (number, line, opened_ms, updated_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (number, line) DO NOTHING",
        (number, line, now_ms, now_ms),
    )
    return int(await tx.value("SELECT id FROM threads WHERE number = ? AND line = ?", (number, line)))


async def line_of(tx: Tx, number: str) -> str | None:
    """Return the line of the last text to, or call from, ``number``; ``None`` when we never met."""
    message = await tx.one(
        "SELECT line, created_ms AS at_ms FROM messages WHERE number = ? AND kind NOT IN ('notify', 'test')"
        " ORDER BY created_ms DESC LIMIT 1",
        (number,),
    )
    call = await tx.one(
        "SELECT line, ended_ms AS at_ms FROM calls WHERE caller = ? ORDER BY ended_ms DESC LIMIT 1", (number,)
    )
    met = [row for row in (message, call) if row is not None]
    return str(max(met, key=lambda row: row["at_ms"])["line"]) if met else None


_SELECT = (
    "SELECT t.id, t.number, t.line, t.status, t.owner, t.automation, t.intake, t.opened_ms, t.updated_ms,"
    " (SELECT min(k.due_ms) FROM tasks k WHERE k.thread_id = t.id AND k.state = 'open') AS due_ms,"
    " coalesce((SELECT i.body FROM inbound i WHERE i.thread_id = t.id ORDER BY i.id DESC LIMIT 1), '') AS last"
    " FROM threads t"
)


async def list_threads(
    tx: Tx, *, status: str | None = None, line: str | None = None, limit: int = 50, every: bool = False
) -> list[Thread]:
    """Return threads, the last touched first; only open ones unless ``status`` is named or ``every`` is true."""
    wanted = (status,) if status else tuple(s.value for s in Status) if every else _OPEN
    values = {f"status{n}": value for n, value in enumerate(wanted)}
    marks = ", ".join(f":{name}" for name in values)
    rows = await tx.all(
        f"{_SELECT} WHERE t.status IN ({marks}) AND (:line IS NULL OR t.line = :line)"
        " ORDER BY t.updated_ms DESC LIMIT :limit",
        {"line": line, "limit": limit, **values},
    )
    return [_thread(row) for row in rows]


async def find_thread(tx: Tx, thread_id: int) -> Thread | None:
    """Return one thread, or ``None``."""
    row = await tx.one(f"{_SELECT} WHERE t.id = ?", (thread_id,))
    return None if row is None else _thread(row)


async def threads_of(tx: Tx, number: str) -> list[Thread]:
    """Return the threads of one number, on every line, the last touched first."""
    return [_thread(r) for r in await tx.all(f"{_SELECT} WHERE t.number = ? ORDER BY t.updated_ms DESC", (number,))]


def _thread(row: Row) -> Thread:
    return Thread(**dict(row))


async def add_note(tx: Tx, thread_id: int, at_ms: int, actor: str, body: str) -> int:
    """Keep a note of a person's; return its id."""
    await tx.run("UPDATE threads SET updated_ms = max(updated_ms, ?) WHERE id = ?", (at_ms, thread_id))
    return await tx.insert(
        "INSERT INTO notes (thread_id, at_ms, actor, body) VALUES (?, ?, ?, ?)", (thread_id, at_ms, actor, body)
    )


async def set_status(tx: Tx, thread_id: int, status: Status, at_ms: int, *, actor: str, why: str = "") -> None:
    """Set the status a person chose, keep automation on again, and keep who did it as a note."""
    await tx.run(
        "UPDATE threads SET status = ?, automation = 'on', updated_ms = max(updated_ms, ?) WHERE id = ?",
        (status.value, at_ms, thread_id),
    )
    await add_note(tx, thread_id, at_ms, actor, f"status set to {status.value}" + (f": {why}" if why else ""))


async def advance(tx: Tx, thread_id: int, event: Event, at_ms: int) -> Status:
    """Move a thread by the table; return its status now."""
    have = Status(str(await tx.value("SELECT status FROM threads WHERE id = ?", (thread_id,))))
    then = after(have, event)
    await tx.run(
        "UPDATE threads SET status = ?, updated_ms = max(updated_ms, ?) WHERE id = ?", (then.value, at_ms, thread_id)
    )
    return then


async def timeline(tx: Tx, thread: Thread, limit: int = 200) -> list[Item]:
    """Return everything that happened between this number and this line, oldest first, at most ``limit`` items."""
    items = [
        *await _calls(tx, thread, limit),
        *await _calls_out(tx, thread, limit),
        *await _texts_out(tx, thread, limit),
        *await _texts_in(tx, thread, limit),
        *await _notes(tx, thread, limit),
        *await _tasks(tx, thread, limit),
        *await _consent(tx, thread),
    ]
    return in_order(items, limit)


async def _calls(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT c.id, c.ended_ms, c.outcome, c.detail, d.verdict, d.rule, d.reason FROM calls c"
        " LEFT JOIN decisions d ON d.call_id = c.id WHERE c.caller = ? AND c.line = ?"
        " ORDER BY c.ended_ms DESC LIMIT ?",
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
        "SELECT id, ended_ms, answered FROM calls_out WHERE number = ? ORDER BY ended_ms DESC LIMIT ?",
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
        " ORDER BY m.created_ms DESC LIMIT ?",
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
        " AS problem FROM inbound i WHERE i.thread_id = ? ORDER BY i.id DESC LIMIT ?",
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
    rows = await tx.all("SELECT * FROM notes WHERE thread_id = ? ORDER BY id DESC LIMIT ?", (thread.id, limit))
    return [Item(r["at_ms"], "note", r["id"], r["body"], {"actor": r["actor"]}) for r in rows]


async def _tasks(tx: Tx, thread: Thread, limit: int) -> list[Item]:
    rows = await tx.all(
        "SELECT * FROM tasks WHERE id IN (SELECT id FROM tasks WHERE thread_id = :thread UNION"
        " SELECT k.id FROM calls c JOIN tasks k ON k.call_id = c.id WHERE c.caller = :number AND c.line = :line UNION"
        " SELECT id FROM tasks WHERE number = :number AND line = :line AND state = 'open')"
        " ORDER BY created_ms DESC LIMIT :limit",
        {"thread": thread.id, "number": thread.number, "line": thread.line, "limit": limit},
    )
    keys = ("kind", "state", "priority", "owner", "due_ms", "closed_ms", "closed_by", "result")
    return [Item(r["created_ms"], "task", r["id"], r["reason"], {key: r[key] for key in keys}) for r in rows]


async def _consent(tx: Tx, thread: Thread) -> list[Item]:
    entries = await consent.entries_of(tx, thread.number)
    return [
        Item(e.at_ms, "consent", e.seq, f"consent {e.event}", {"basis": e.basis, "source": e.source, "actor": e.actor})
        for e in entries
    ]
