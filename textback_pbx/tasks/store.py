"""The SQL of tasks: opened once per source, raised, closed by a person or by what happened, listed by deadline.

Every function takes the open transaction; the pipeline composes them with the other stages' in one.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.database import Row, Tx
from textback_pbx.tasks.book import NewTask, Priority, State, Step, after, higher

_COLUMNS = (
    "id, kind, source, call_id, thread_id, number, line, reason, priority, owner, due_ms, state, created_ms, closed_ms,"
    " closed_by, result"
)


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the book, times in ms UTC."""

    id: int
    kind: str
    source: str
    call_id: int | None
    thread_id: int | None
    number: str | None
    line: str
    reason: str
    priority: str
    owner: str
    due_ms: int
    state: str
    created_ms: int
    closed_ms: int | None
    closed_by: str
    result: str


class Changed(StrEnum):
    """What became of a step a person asked for."""

    DONE = "done"
    NOT_POSSIBLE = "not_possible"  # it is not in a state that takes the step: closed already, or open already
    NO_SUCH_TASK = "no_such_task"


async def open_task(tx: Tx, task: NewTask) -> int | None:
    """Open a task; return its id, or ``None`` when its source has one already, open or closed."""
    changed = await tx.run(
        "INSERT INTO tasks (kind, source, call_id, thread_id, number, line, reason, priority, owner, due_ms,"
        " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO NOTHING",
        (
            task.kind.value,
            task.source,
            task.call_id,
            task.thread_id,
            task.number,
            task.line,
            task.reason,
            task.priority.value,
            task.owner,
            task.due_ms,
            task.created_ms,
        ),
    )
    return int(await tx.value("SELECT last_insert_rowid()")) if changed == 1 else None


async def close_task(
    tx: Tx, task_id: int, *, actor: str, now_ms: int, result: str = "", step: Step = Step.FINISH
) -> Changed:
    """Finish, drop or re-open one task, by the state table; who did it and what came of it stay with it."""
    have = await tx.value("SELECT state FROM tasks WHERE id = ?", (task_id,))
    if have is None:
        return Changed.NO_SUCH_TASK
    then = after(State(have), step)
    if then is None:
        return Changed.NOT_POSSIBLE
    closed = (None, "", "") if then is State.OPEN else (now_ms, actor, result)
    await tx.run(
        "UPDATE tasks SET state = ?, closed_ms = ?, closed_by = ?, result = ? WHERE id = ?",
        (then.value, *closed, task_id),
    )
    return Changed.DONE


async def raise_task(tx: Tx, task_id: int, priority: Priority, due_ms: int, why: str) -> bool:
    """Raise an open task's priority and draw its deadline near; never lower one or put the other off."""
    row = await tx.one("SELECT priority, due_ms, reason FROM tasks WHERE id = ? AND state = 'open'", (task_id,))
    if row is None or higher(Priority(row["priority"]), priority).value == row["priority"]:
        return False
    await tx.run(
        "UPDATE tasks SET priority = ?, due_ms = min(due_ms, ?), reason = ? WHERE id = ?",
        (priority.value, due_ms, f"{row['reason']}; {why}", task_id),
    )
    return True


async def raise_for_repeat(tx: Tx, number: str, line: str, due_ms: int, why: str = "called again") -> list[int]:
    """Raise the open tasks of a caller who called again to urgent; return the ids that were raised."""
    rows = await tx.all(
        "SELECT id FROM tasks WHERE number = ? AND line = ? AND state = 'open'"
        " AND kind IN ('call_back', 'reply', 'review')",
        (number, line),
    )
    return [row["id"] for row in rows if await raise_task(tx, row["id"], Priority.URGENT, due_ms, why)]


async def raise_for_thread(tx: Tx, thread_id: int, priority: Priority, due_ms: int, why: str) -> list[int]:
    """Raise the open tasks of one thread to ``priority``; return the ids that were raised."""
    rows = await tx.all("SELECT id FROM tasks WHERE thread_id = ? AND state = 'open'", (thread_id,))
    return [row["id"] for row in rows if await raise_task(tx, row["id"], priority, due_ms, why)]


async def close_call_backs(tx: Tx, number: str, *, now_ms: int, result: str, actor: str = "agent") -> list[int]:
    """Close the open call-back tasks of a number that was reached: our call was taken, or a call of theirs answered."""
    rows = await tx.all(
        "SELECT id FROM tasks WHERE number = ? AND state = 'open' AND kind IN ('call_back', 'unknown_send')", (number,)
    )
    for row in rows:
        await close_task(tx, row["id"], actor=actor, now_ms=now_ms, result=result)
    return [row["id"] for row in rows]


async def close_replies(tx: Tx, thread_id: int, *, now_ms: int, result: str, actor: str) -> list[int]:
    """Close the open tasks to read and answer one thread, because somebody did."""
    rows = await tx.all(
        "SELECT id FROM tasks WHERE thread_id = ? AND state = 'open' AND kind IN ('reply', 'review')", (thread_id,)
    )
    for row in rows:
        await close_task(tx, row["id"], actor=actor, now_ms=now_ms, result=result)
    return [row["id"] for row in rows]


async def list_tasks(
    tx: Tx, *, state: State = State.OPEN, owner: str | None = None, line: str | None = None, limit: int = 50
) -> list[Task]:
    """Return tasks: open ones by deadline, emergencies and urgent ones first; closed ones the newest first."""
    order = (
        "CASE priority WHEN 'emergency' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, due_ms, id"
        if state is State.OPEN
        else "id DESC"
    )
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM tasks WHERE state = '{state.value}' AND (:owner IS NULL OR owner = :owner)"  # noqa: S608 - constants only
        f" AND (:line IS NULL OR line = :line) ORDER BY {order} LIMIT :limit",
        {"owner": owner, "line": line, "limit": limit},
    )
    return [_task(row) for row in rows]


async def find_task(tx: Tx, task_id: int) -> Task | None:
    """Return one task, or ``None``."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM tasks WHERE id = ?", (task_id,))  # noqa: S608 - constants only
    return None if row is None else _task(row)


async def overdue(tx: Tx, now_ms: int, limit: int = 100) -> list[Task]:
    """Return open tasks past their deadline, the longest overdue first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM tasks WHERE state = 'open' AND due_ms <= ? ORDER BY due_ms LIMIT ?",  # noqa: S608 - constants only
        (now_ms, limit),
    )
    return [_task(row) for row in rows]


def _task(row: Row) -> Task:
    return Task(**dict(row))


async def close_of_source(tx: Tx, source: str, *, now_ms: int, result: str, actor: str = "agent") -> bool:
    """Close the open task of one source, because what it asked is known now; whether there was one."""
    task_id = await tx.value("SELECT id FROM tasks WHERE source = ? AND state = 'open'", (source,))
    return task_id is not None and (
        await close_task(tx, task_id, actor=actor, now_ms=now_ms, result=result) is Changed.DONE
    )
