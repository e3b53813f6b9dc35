"""What the clock alone does to threads: silence becomes ``no_response``, a follow-up's day makes it ours again.

Called with a trusted clock only: one that jumped ahead would call everybody silent.
"""

from dataclasses import dataclass

from textback_pbx.database import Tx
from textback_pbx.replies.threads.status import Event, Patience
from textback_pbx.replies.threads.store import advance


@dataclass(frozen=True, slots=True)
class Due:
    """A follow-up whose day has come: a person gets a task. ``look_ms`` is when it came."""

    thread_id: int
    number: str
    line: str
    owner: str
    look_ms: int


async def silent(tx: Tx, now_ms: int, patience: Patience, limit: int = 200) -> list[int]:
    """Move threads that have waited too long for the customer to ``no_response``; return their ids.

    A thread with an open task waits for us, whatever its status says, and a text still on its way is no silence.
    """
    rows = await tx.all(
        "SELECT t.id FROM threads t WHERE t.status IN ('new', 'waiting_on_them') AND t.updated_ms <= ?"
        " AND NOT EXISTS (SELECT 1 FROM tasks k WHERE k.thread_id = t.id AND k.state = 'open')"
        " AND NOT EXISTS (SELECT 1 FROM tasks k WHERE k.number = t.number AND k.line = t.line AND k.state = 'open')"
        " AND NOT EXISTS (SELECT 1 FROM messages m JOIN parts p ON p.message_id = m.id WHERE m.thread_id = t.id"
        "   AND p.state IN ('queued', 'claimed', 'handed_over'))"
        " ORDER BY t.updated_ms LIMIT ?",
        (now_ms - patience.silent_ms, limit),
    )
    for row in rows:
        await advance(tx, row["id"], Event.SILENT, now_ms)
    return [row["id"] for row in rows]


async def looks_due(tx: Tx, now_ms: int, limit: int = 200) -> list[Due]:
    """Move follow-ups whose day has come to ``waiting_on_us``; return them, each needs a task in the same commit."""
    rows = await tx.all(
        "SELECT id AS thread_id, number, line, owner, look_ms FROM threads WHERE status = 'follow_up' AND look_ms <= ?"
        " ORDER BY look_ms LIMIT ?",
        (now_ms, limit),
    )
    for row in rows:
        await advance(tx, row["thread_id"], Event.LOOK, now_ms)
        await tx.run("UPDATE threads SET look_ms = NULL WHERE id = ?", (row["thread_id"],))
    return [Due(**dict(row)) for row in rows]
