"""The SQL of people at work: whose turn it is, who is away, tasks past their deadline, and the short codes.

A turn is taken in the transaction that gives the task, so a restart changes nobody's turn. A code moves to another
thread only when nobody was told of it for a long time, and each holder's code means the thread they were told of.
"""

from dataclasses import dataclass

from textback_pbx.database import Row, Tx
from textback_pbx.tasks.book import Priority
from textback_pbx.tasks.escalation import Late, Passed
from textback_pbx.tasks.orders import next_code
from textback_pbx.tasks.store import record

_AHEAD_MS = 400 * 86_400_000
#: Steps after which a task takes its way from the start: it is another matter now, or somebody's promise.
_ANEW = ("taken", "raised", "reopened")


async def turns_of(tx: Tx, queue: str) -> dict[str, int]:
    """Return the last turn of each member of a queue that has had one."""
    rows = await tx.all("SELECT person, turn FROM queue_turns WHERE queue = ?", (queue,))
    return {row["person"]: row["turn"] for row in rows}


async def take_turn(tx: Tx, queue: str, person: str) -> None:
    """Note that a member got one: the others come first now."""
    await tx.run(
        "INSERT INTO queue_turns (queue, person, turn) SELECT :queue, :person,"
        " coalesce((SELECT max(turn) FROM queue_turns WHERE queue = :queue), 0) + 1 WHERE true"
        " ON CONFLICT (queue, person) DO UPDATE SET turn = excluded.turn",
        {"queue": queue, "person": person},
    )


async def away_of(tx: Tx, now_ms: int) -> dict[str, list[tuple[int, int]]]:
    """Return who is or will be away, said by command: (from, until) in ms UTC by person."""
    rows = await tx.all(
        "SELECT person, from_ms, until_ms FROM absences WHERE until_ms > ? AND from_ms < ? ORDER BY from_ms",
        (now_ms, now_ms + _AHEAD_MS),
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["person"], []).append((row["from_ms"], row["until_ms"]))
    return found


async def say_away(tx: Tx, person: str, from_ms: int, until_ms: int, *, actor: str, reason: str = "") -> int:
    """Note that somebody is away; return the absence's id."""
    return await tx.insert(
        "INSERT INTO absences (person, from_ms, until_ms, actor, reason) VALUES (?, ?, ?, ?, ?)",
        (person, from_ms, until_ms, actor, reason),
    )


async def say_back(tx: Tx, person: str, now_ms: int) -> int:
    """End the absences of somebody who is back, and those still to come; return how many."""
    gone = await tx.run("DELETE FROM absences WHERE person = ? AND from_ms >= ?", (person, now_ms))
    return gone + await tx.run(
        "UPDATE absences SET until_ms = ? WHERE person = ? AND from_ms < ? AND until_ms > ?",
        (now_ms, person, now_ms, now_ms),
    )


# deadlines ---------------------------------------------------------------------------------------------------


async def past_due(tx: Tx, now_ms: int, limit: int = 20) -> list[Row]:
    """Return open tasks whose next step is due, the longest first."""
    return await tx.all(
        "SELECT * FROM tasks WHERE state = 'open' AND coalesce(escalate_ms, due_ms) <= ?"
        " ORDER BY coalesce(escalate_ms, due_ms), id LIMIT ?",
        (now_ms, limit),
    )


async def late_of(tx: Tx, task: Row, line_owner: str) -> Late:
    """Return what the escalation reads of one task; whoever had it before it began anew may have it again."""
    rows = await tx.all("SELECT owner, what, at_ms FROM task_events WHERE task_id = ? ORDER BY id", (task["id"],))
    last = rows[-1] if rows else None
    anew = max((place for place, row in enumerate(rows) if row["what"] in _ANEW), default=0)
    told_now = last is not None and last["what"] in ("opened", "raised", "assigned", "reopened")
    return Late(
        owner=task["owner"],
        queue=task["queue"],
        priority=Priority(task["priority"]),
        level=task["level"],
        tried=frozenset(row["owner"] for row in rows[anew:]),
        line_owner=line_owner,
        fresh=told_now and last is not None and last["at_ms"] >= task["due_ms"],
    )


async def pass_on(tx: Tx, task: Row, step: Passed, now_ms: int) -> None:
    """Write one step of an escalation: the new owner, when somebody looks again, and who is told."""
    await tx.run(
        "UPDATE tasks SET owner = ?, level = level + 1, escalate_ms = ? WHERE id = ?",
        (step.owner, max(step.next_ms, now_ms + 1), task["id"]),
    )
    if task["thread_id"] is not None and step.owner != task["owner"]:
        await tx.run("UPDATE threads SET owner = ? WHERE id = ?", (step.owner, task["thread_id"]))
    moved = f"from {task['owner']}" if step.owner != task["owner"] else ""
    said = "alarm" if step.alarm else step.what
    detail = "told to everybody at once" if step.alarm else moved
    await record(tx, task["id"], step.what, now_ms, owner=step.owner, detail=detail, tell=step.tell, said=said)


async def next_step_ms(tx: Tx) -> int | None:
    """Return when the next open task is due for a step; ``None`` when none is open."""
    found = await tx.value("SELECT min(coalesce(escalate_ms, due_ms)) FROM tasks WHERE state = 'open'")
    return None if found is None else int(found)


async def count_overdue(tx: Tx, now_ms: int) -> tuple[int, int | None]:
    """Return how many open tasks are past their deadline, and the earliest of these deadlines."""
    row = await tx.one(
        "SELECT count(*) AS n, min(due_ms) AS first FROM tasks WHERE state = 'open' AND due_ms <= ?", (now_ms,)
    )
    assert row is not None
    return row["n"], row["first"]


# codes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coded:
    """What a code means to one person: its thread, or why it means nothing to them."""

    thread_id: int | None
    why: str = ""


async def code_for(tx: Tx, thread_id: int, person: str, now_ms: int, safe_ms: int) -> int | None:
    """Return the short code of a thread, made if it has none, and let ``person`` hold it. ``None``: none is free."""
    code = await tx.value("SELECT code FROM codes WHERE thread_id = ?", (thread_id,))
    if code is None:
        code = await _new_code(tx, thread_id, now_ms, safe_ms)
    if code is None:
        return None
    await tx.run("UPDATE codes SET last_ms = max(last_ms, ?) WHERE code = ?", (now_ms, code))
    await tx.run(
        "INSERT INTO code_holders (code, person, thread_id) VALUES (?, ?, ?)"
        " ON CONFLICT (code, person) DO UPDATE SET thread_id = excluded.thread_id",
        (code, person, thread_id),
    )
    return int(code)


async def _new_code(tx: Tx, thread_id: int, now_ms: int, safe_ms: int) -> int | None:
    """Take a free code, or the one nobody was told of for longest, if that is long enough and its thread is done."""
    rows = await tx.all("SELECT code, last_ms, thread_id FROM codes")
    free = next_code({row["code"] for row in rows})
    old = await tx.value(
        "SELECT code FROM codes c WHERE last_ms < ? AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.thread_id ="
        " c.thread_id AND t.state = 'open') ORDER BY length(code), last_ms LIMIT 1",
        (now_ms - safe_ms,),
    )
    if old is not None and (free is None or len(str(old)) < len(str(free))):
        await tx.run("DELETE FROM codes WHERE code = ?", (old,))
        free = int(old)
    if free is not None:
        await tx.run("INSERT INTO codes (code, thread_id, last_ms) VALUES (?, ?, ?)", (free, thread_id, now_ms))
    return free


async def thread_of_code(tx: Tx, code: int, person: str, *, anybody: bool = False) -> Coded:
    """Return the thread a code means to ``person``; ``anybody``: they may use codes they were not told of."""
    thread_id = await tx.value("SELECT thread_id FROM codes WHERE code = ?", (code,))
    held = await tx.value("SELECT thread_id FROM code_holders WHERE code = ? AND person = ?", (code, person))
    if held is not None and held != thread_id:
        return Coded(None, "that code is old")
    if thread_id is None:
        return Coded(None, "there is no such code")
    if held is None and not anybody:
        return Coded(None, "that code is not one of yours")
    return Coded(int(thread_id))


async def touch_code(tx: Tx, code: int, now_ms: int) -> None:
    """Note that a code was used: it stays where it is for as long again."""
    await tx.run("UPDATE codes SET last_ms = max(last_ms, ?) WHERE code = ?", (now_ms, code))
