"""The SQL of threads: found or made, listed, noted on, and moved between statuses.

Lists read through an index and a limit, so they stay fast on a million calls.
"""

import json
from dataclasses import dataclass
from typing import Any

from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.status import OPEN, Event, Status, after
from textback_pbx.replies.threads.understood import correct, value_of


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation as a list shows it.

    ``name`` and ``customer`` are the contact record's, empty without one; ``look_ms`` is a follow-up's day, ``due_ms``
    the next open task's deadline, ``last`` the last text in.
    """

    id: int
    number: str
    line: str
    status: str
    owner: str
    automation: str
    intake: str
    look_ms: int | None
    opened_ms: int
    updated_ms: int
    name: str
    customer: str
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


async def line_of(tx: Tx, number: str, sim: str | None = None) -> str | None:
    """Return the line of the last text to, or call from, ``number``; ``None`` when we never met.

    Somebody who knows two of our numbers has a thread on each: ``sim`` is the SIM (ICCID) they wrote to now.
    """
    message = await tx.one(
        "SELECT line, created_ms AS at_ms FROM messages WHERE number = ? AND kind NOT IN ('notify', 'test')"
        " ORDER BY created_ms DESC LIMIT 1",
        (number,),
    )
    call = await tx.one(
        "SELECT line, ended_ms AS at_ms FROM calls WHERE caller = ? ORDER BY ended_ms DESC LIMIT 1", (number,)
    )
    met = [row for row in (message, call) if row is not None]
    line = str(max(met, key=lambda row: row["at_ms"])["line"]) if met else None
    if sim is None or line is None:
        return line
    there = await tx.value(
        "SELECT line FROM threads WHERE number = ? AND (sim = ? OR (line = ? AND sim IS NULL))"
        " ORDER BY line = ? DESC, updated_ms DESC LIMIT 1",
        (number, sim, line, line),
    )
    return line if there is None else str(there)


_SELECT = (
    "SELECT t.id, t.number, t.line, t.status, t.owner, t.automation, t.intake, t.look_ms, t.opened_ms, t.updated_ms,"
    " coalesce(c.name, '') AS name, coalesce(c.customer, '') AS customer,"
    " (SELECT min(due_ms) FROM (SELECT k.due_ms FROM tasks k WHERE k.thread_id = t.id AND k.state = 'open' UNION ALL"
    "  SELECT k.due_ms FROM tasks k WHERE k.number = t.number AND k.line = t.line AND k.state = 'open')) AS due_ms,"
    " coalesce((SELECT i.body FROM inbound i WHERE i.thread_id = t.id ORDER BY i.id DESC LIMIT 1), '') AS last"
    " FROM threads t LEFT JOIN contact_numbers n ON n.number = t.number LEFT JOIN contacts c ON c.id = n.contact_id"
)
#: The threads of everybody with a tag.
_TAGGED = (
    "t.number IN (SELECT n.number FROM contact_tags g JOIN contact_numbers n ON n.contact_id = g.contact_id"
    " WHERE g.tag = :tag)"
)


async def list_threads(
    tx: Tx,
    *,
    status: str | None = None,
    line: str | None = None,
    owner: str | None = None,
    tag: str | None = None,
    limit: int = 50,
    every: bool = False,
) -> list[Thread]:
    """Return threads, the last touched first; only open ones unless ``status`` is named or ``every`` is true."""
    statuses = [status] if status is not None else [one.value for one in (Status if every else OPEN)]
    values = {f"status{n}": value for n, value in enumerate(statuses)}
    where = [f"t.status IN ({', '.join(f':{name}' for name in values)})"]
    where += [f"t.{name} = :{name}" for name, value in (("line", line), ("owner", owner)) if value is not None]
    where += [_TAGGED] if tag is not None else []
    # The ids first: what a row shows is looked up for the rows that are shown.
    chosen = f"SELECT t.id FROM threads t WHERE {' AND '.join(where)} ORDER BY t.updated_ms DESC LIMIT :limit"  # noqa: S608 - constants only
    rows = await tx.all(
        f"{_SELECT} WHERE t.id IN ({chosen}) ORDER BY t.updated_ms DESC",
        {"line": line, "owner": owner, "tag": tag, "limit": limit, **values},
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


async def set_status(
    tx: Tx, thread_id: int, status: Status, at_ms: int, *, actor: str, why: str = "", look_ms: int | None = None
) -> None:
    """Set the status a person chose, keep automation on again, and keep who did it as a note.

    ``look_ms`` is the day of a ``follow_up``. ``booked`` counts as a booking without a window; see ``booking_store``
    for one with.
    """
    before = await tx.value("SELECT status FROM threads WHERE id = ?", (thread_id,))
    await tx.run(
        "UPDATE threads SET status = ?, look_ms = ?, automation = 'on', updated_ms = max(updated_ms, ?) WHERE id = ?",
        (status.value, look_ms if status is Status.FOLLOW_UP else None, at_ms, thread_id),
    )
    if status is Status.BOOKED and before != Status.BOOKED:
        await tx.insert(
            "INSERT INTO bookings (thread_id, made_ms, what, actor) VALUES (?, ?, ?, ?)", (thread_id, at_ms, why, actor)
        )
    await add_note(tx, thread_id, at_ms, actor, f"status set to {status.value}" + (f": {why}" if why else ""))


async def correct_field(tx: Tx, thread: Thread, field: str, value: Any, at_ms: int, *, actor: str) -> dict[str, Any]:
    """Put what a person says in the place of what was read, and keep both; return what is understood now."""
    before = json.loads(thread.intake)
    now = correct(before, field, value)
    await tx.run(
        "UPDATE threads SET intake = ?, updated_ms = max(updated_ms, ?) WHERE id = ?",
        (json.dumps(now, ensure_ascii=False), at_ms, thread.id),
    )
    await tx.insert(
        "INSERT INTO corrections (thread_id, inbound_id, at_ms, actor, field, was, now) VALUES"
        " (?, (SELECT max(id) FROM inbound WHERE thread_id = ?), ?, ?, ?, ?, ?)",
        (thread.id, thread.id, at_ms, actor, field, json.dumps(value_of(before, field)), json.dumps(value)),
    )
    return now


async def advance(tx: Tx, thread_id: int, event: Event, at_ms: int) -> Status:
    """Move a thread by the table; return its status now."""
    have = Status(str(await tx.value("SELECT status FROM threads WHERE id = ?", (thread_id,))))
    then = after(have, event)
    await tx.run(
        "UPDATE threads SET status = ?, updated_ms = max(updated_ms, ?) WHERE id = ?", (then.value, at_ms, thread_id)
    )
    return then
