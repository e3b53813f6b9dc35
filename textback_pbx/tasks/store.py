"""The SQL of tasks: opened once per source, raised, given to somebody, closed by a person or by what happened.

Every function takes the open transaction; the pipeline composes them with the other stages' in one. Each step is
kept in ``task_events``, and whoever must hear of it is told through ``events``, in the same transaction.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.status import Event
from textback_pbx.replies.threads.store import advance
from textback_pbx.tasks.book import NewTask, Priority, State, Step, after, higher
from textback_pbx.tasks.notify_store import emit

AGENT = "agent"
_COLUMNS = (
    "id, kind, source, call_id, thread_id, number, line, reason, priority, owner, due_ms, state, created_ms, closed_ms,"
    " closed_by, result, queue, level"
)
_PRESSING = "CASE priority WHEN 'emergency' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, due_ms, id"


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
    queue: str = ""
    level: int = 0


class Changed(StrEnum):
    """What became of a step a person asked for."""

    DONE = "done"
    NOT_POSSIBLE = "not_possible"  # it is not in a state that takes the step: closed already, or open already
    NO_SUCH_TASK = "no_such_task"


async def open_task(tx: Tx, task: NewTask) -> int | None:
    """Open a task; return its id, or ``None`` when its source has one already, open or closed."""
    changed = await tx.run(
        "INSERT INTO tasks (kind, source, call_id, thread_id, number, line, reason, priority, owner, due_ms,"
        " created_ms, queue) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO NOTHING",
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
            task.queue,
        ),
    )
    if changed != 1:
        return None
    task_id = int(await tx.value("SELECT last_insert_rowid()"))
    await _own_thread(tx, task.thread_id, task.owner)
    await record(tx, task_id, "opened", task.created_ms, owner=task.owner, detail=task.why_owner or task.reason)
    return task_id


async def _own_thread(tx: Tx, thread_id: int | None, owner: str) -> None:
    if thread_id is not None:
        await tx.run("UPDATE threads SET owner = ? WHERE id = ?", (owner, thread_id))


#: Which steps somebody is told of, and as what; a task of a thread is told of as the thread's.
_TOLD_AS = {
    "opened": "assigned",
    "assigned": "assigned",
    "reopened": "assigned",
    "raised": "raised",
    "overdue": "overdue",
    "escalated": "overdue",
    "reminded": "overdue",
}


async def record(
    tx: Tx,
    task_id: int,
    what: str,
    at_ms: int,
    *,
    owner: str,
    actor: str = AGENT,
    detail: str = "",
    tell: tuple[str, ...] | None = None,
    said: str = "",
) -> int:
    """Write one step of a task's story, and the event that tells of it; return the step's id.

    ``tell``: whoever must hear of it, the owner if left out. Nobody is told of what they did themselves.
    ``said`` is what the step is called where it is told.
    """
    step = await tx.insert(
        "INSERT INTO task_events (task_id, at_ms, what, owner, actor, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (task_id, at_ms, what, owner, actor, detail),
    )
    told_as = _TOLD_AS.get(what)
    if told_as is not None:
        thread_id = await tx.value("SELECT thread_id FROM tasks WHERE id = ?", (task_id,))
        name = "thread.assigned" if told_as == "assigned" and thread_id is not None else f"task.{told_as}"
        people = [one for one in (tell if tell is not None else (owner,)) if one != actor]
        data = {"task_id": task_id, "step": said or what, "owner": owner, "tell": people}
        await emit(tx, name, f"task_event:{step}", at_ms, data)
    return step


async def assign_task(
    tx: Tx, task_id: int, owner: str, *, now_ms: int, queue: str = "", actor: str = AGENT, why: str = ""
) -> bool:
    """Give an open task to somebody else; the new owner is told. ``False``: it is theirs already, or is closed."""
    row = await tx.one("SELECT owner, thread_id FROM tasks WHERE id = ? AND state = 'open'", (task_id,))
    if row is None or row["owner"] == owner:
        return False
    await tx.run("UPDATE tasks SET owner = ?, queue = ? WHERE id = ?", (owner, queue, task_id))
    await _own_thread(tx, row["thread_id"], owner)
    await record(tx, task_id, "taken" if actor == owner else "assigned", now_ms, owner=owner, actor=actor, detail=why)
    return True


async def last_of(tx: Tx, topic: str) -> int | None:
    """When the last task was opened whose source is ``topic:...``, ms UTC; ``None``: never."""
    found = await tx.value(
        "SELECT max(created_ms) FROM tasks WHERE source > ? AND source < ?", (f"{topic}:", f"{topic};")
    )
    return None if found is None else int(found)


async def take_task(tx: Tx, task_id: int, owner: str, *, until_ms: int, now_ms: int, why: str) -> bool:
    """Somebody says that they are on it: the task is theirs, and they have until ``until_ms`` to be done.

    What was promised, that a person acts, is kept; the new deadline is theirs, and passing it is told like any other.
    """
    row = await tx.one("SELECT owner, thread_id, queue FROM tasks WHERE id = ? AND state = 'open'", (task_id,))
    if row is None:
        return False
    queue = row["queue"] if row["owner"] == owner else ""
    await tx.run(
        "UPDATE tasks SET owner = ?, queue = ?, due_ms = max(due_ms, ?), level = 0, escalate_ms = NULL WHERE id = ?",
        (owner, queue, until_ms, task_id),
    )
    await _own_thread(tx, row["thread_id"], owner)
    await record(tx, task_id, "taken", now_ms, owner=owner, actor=owner, detail=why)
    return True


async def close_task(
    tx: Tx, task_id: int, *, actor: str, now_ms: int, result: str = "", step: Step = Step.FINISH
) -> Changed:
    """Finish, drop or re-open one task, by the state table; who did it and what came of it stay with it."""
    have = await tx.one("SELECT state, owner, kind, thread_id FROM tasks WHERE id = ?", (task_id,))
    if have is None:
        return Changed.NO_SUCH_TASK
    then = after(State(have["state"]), step)
    if then is None:
        return Changed.NOT_POSSIBLE
    closed = (None, "", "") if then is State.OPEN else (now_ms, actor, result)
    await tx.run(
        "UPDATE tasks SET state = ?, closed_ms = ?, closed_by = ?, result = ?, level = 0, escalate_ms = NULL"
        " WHERE id = ?",
        (then.value, *closed, task_id),
    )
    what = "reopened" if then is State.OPEN else then.value
    await record(tx, task_id, what, now_ms, owner=have["owner"], actor=actor, detail=result)
    if have["thread_id"] is not None and have["kind"] in ("reply", "review"):
        await _move_thread(tx, have["thread_id"], step, now_ms)
    return Changed.DONE


async def _move_thread(tx: Tx, thread_id: int, step: Step, now_ms: int) -> None:
    """What a closed task says of its thread: one that nobody has a task for does not wait on us any more."""
    left = await tx.value("SELECT 1 FROM tasks WHERE thread_id = ? AND state = 'open' LIMIT 1", (thread_id,))
    status = await tx.value("SELECT status FROM threads WHERE id = ?", (thread_id,))
    if step is Step.REOPEN:
        await advance(tx, thread_id, Event.WROTE, now_ms)
    elif left is None and status == "waiting_on_us":
        await advance(tx, thread_id, Event.CLOSE if step is Step.DROP else Event.ANSWERED, now_ms)


async def raise_task(
    tx: Tx, task_id: int, priority: Priority, due_ms: int, why: str, *, now_ms: int | None = None
) -> bool:
    """Raise an open task's priority and draw its deadline near; never lower one or put the other off.

    Whoever was passed by before is told again: what was a tap that drips is a flood now.
    """
    row = await tx.one("SELECT * FROM tasks WHERE id = ? AND state = 'open'", (task_id,))
    if row is None or higher(Priority(row["priority"]), priority).value == row["priority"]:
        return False
    await tx.run(
        "UPDATE tasks SET priority = :priority, due_ms = min(due_ms, :due), level = 0, reason = :reason,"
        " escalate_ms = min(escalate_ms, :due) WHERE id = :id",
        {"priority": priority.value, "due": due_ms, "reason": f"{row['reason']}; {why}", "id": task_id},
    )
    at_ms = row["created_ms"] if now_ms is None else now_ms
    await record(tx, task_id, "raised", at_ms, owner=row["owner"], detail=f"{priority.value}: {why}")
    return True


async def raise_for_repeat(
    tx: Tx, number: str, line: str, due_ms: int, why: str = "called again", *, now_ms: int | None = None
) -> list[int]:
    """Raise the open tasks of a caller who called again to urgent; return the ids of all that are at least that now.

    A person who calls a third time has one urgent task, not one more for each call.
    """
    rows = await tx.all(
        "SELECT id FROM tasks WHERE number = ? AND line = ? AND state = 'open'"
        " AND kind IN ('call_back', 'reply', 'review') ORDER BY id",
        (number, line),
    )
    for row in rows:
        await raise_task(tx, row["id"], Priority.URGENT, due_ms, why, now_ms=now_ms)
    return [row["id"] for row in rows]


async def raise_for_thread(
    tx: Tx, thread_id: int, priority: Priority, due_ms: int, why: str, *, now_ms: int | None = None
) -> list[int]:
    """Raise the open tasks of one thread to ``priority``; return the ids that were raised."""
    rows = await tx.all("SELECT id FROM tasks WHERE thread_id = ? AND state = 'open'", (thread_id,))
    return [row["id"] for row in rows if await raise_task(tx, row["id"], priority, due_ms, why, now_ms=now_ms)]


async def open_of_thread(tx: Tx, thread_id: int) -> list[Task]:
    """Return the open tasks of one thread, the most pressing first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM tasks WHERE thread_id = ? AND state = 'open' ORDER BY {_PRESSING}",  # noqa: S608 - constants only
        (thread_id,),
    )
    return [_task(row) for row in rows]


async def story_of(tx: Tx, task_id: int) -> list[Row]:
    """Return every step of a task, in order."""
    return await tx.all("SELECT * FROM task_events WHERE task_id = ? ORDER BY id", (task_id,))


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
    order = _PRESSING if state is State.OPEN else "id DESC"
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
