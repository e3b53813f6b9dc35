"""``tasks list|show|done|drop|reopen|assign``: who has to call whom back, and by when."""

from __future__ import annotations

import dataclasses
import getpass
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, fail, open_database, run, table

if TYPE_CHECKING:
    from pathlib import Path

    from textback_pbx.config import Settings
    from textback_pbx.tasks.store import Task

app = typer.Typer(no_args_is_help=True, add_completion=False)

TaskId = Annotated[int, typer.Argument(metavar="TASK", help="The task's number in the list.")]
Actor = Annotated[str, typer.Option("--as", help="Who did it.", show_default="the user of this shell")]
_COLUMNS = {
    "id": "task",
    "priority": "priority",
    "due": "due",
    "kind": "what",
    "number": "number",
    "line": "line",
    "owner": "owner",
    "reason": "why",
}


@app.command("list")
def list_(
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="open, done or dropped.")] = "open",
    owner: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    line: Annotated[str | None, typer.Option(help="Only this line's.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open ones past their deadline.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: JsonOption = False,
) -> None:
    """List the tasks: emergencies and urgent ones first, then by deadline.

    Example: textback-pbx tasks list --owner office
    """
    from textback_pbx.tasks.book import State
    from textback_pbx.tasks.store import list_tasks

    if state not in {s.value for s in State}:
        fail(f"there is no state {state!r}; there are: open, done, dropped", 2)

    async def work() -> list[Task]:
        async with open_database(config, read_only=True) as (_, database), database.read() as tx:
            return await list_tasks(tx, state=State(state), owner=owner, line=line, limit=limit)

    tasks = run(work)
    if overdue:
        tasks = [task for task in tasks if task.state == "open" and task.due_ms <= time.time_ns() // 1_000_000]
    if json:
        emit_json([dataclasses.asdict(task) for task in tasks])
    elif not tasks and overdue:
        print("Nothing is past its deadline.")
    elif not tasks:
        print("No open tasks: everybody was called back." if state == "open" else f"No tasks are {state}.")
    else:
        table([_row(task) for task in tasks], _COLUMNS)


@app.command()
def show(task_id: TaskId, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one task with all that is known of it.

    Example: textback-pbx tasks show 7
    """
    from textback_pbx.tasks.store import find_task, story_of

    async def work() -> tuple[Settings, Task | None, list[dict[str, Any]]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await find_task(tx, task_id), [dict(row) for row in await story_of(tx, task_id)]

    settings, task, story = run(work)
    if task is None:
        fail(f"there is no task {task_id}; textback-pbx tasks list")
    if json:
        emit_json({**dataclasses.asdict(task), "story": story})
        return
    zone = settings.zone()
    print(f"task {task.id}: {task.kind.replace('_', ' ')} {task.number or ''}".rstrip() + f" on {task.line}")
    print(f"  why       {task.reason} (from {task.source})")
    print(f"  priority  {task.priority}, owner {task.owner}")
    print(f"  due       {_when(task.due_ms, zone)} ({_due(task)})")
    if task.state != "open" and task.closed_ms is not None:
        said = f": {task.result}" if task.result else ""
        print(f"  {task.state:<9} {_when(task.closed_ms, zone)} by {task.closed_by}{said}")
    if task.call_id is not None:
        print(f"  more      textback-pbx why {task.call_id}")
    if task.thread_id is not None:
        print(f"  thread    textback-pbx threads show {task.thread_id}")
    for step in story:
        said = f": {step['detail']}" if step["detail"] else ""
        by = "" if step["actor"] == "agent" else f" by {step['actor']}"
        print(f"  {_when(step['at_ms'], zone)}  {step['what']}{by}, {step['owner']}'s{said}")


@app.command()
def done(
    task_id: TaskId,
    config: ConfigOption = None,
    result: Annotated[str, typer.Option(help='What came of it, such as "booked Tuesday".')] = "",
    actor: Actor = "",
    json: JsonOption = False,
) -> None:
    """Say that a task was done.

    Example: textback-pbx tasks done 7 --result "called back, booked Tuesday"
    """
    _step(task_id, "finish", config, result, actor, json=json)


@app.command()
def drop(
    task_id: TaskId,
    config: ConfigOption = None,
    result: Annotated[str, typer.Option(help="Why nobody has to do it.")] = "",
    actor: Actor = "",
    json: JsonOption = False,
) -> None:
    """Take a task off the list without doing it; it stays in the records.

    Example: textback-pbx tasks drop 7 --result "a robot"
    """
    _step(task_id, "drop", config, result, actor, json=json)


@app.command()
def reopen(task_id: TaskId, config: ConfigOption = None, actor: Actor = "", json: JsonOption = False) -> None:
    """Open a task again that was closed too soon.

    Example: textback-pbx tasks reopen 7
    """
    _step(task_id, "reopen", config, "", actor, json=json)


@app.command()
def assign(
    task_id: TaskId,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="A person, a queue, or a desk.")],
    config: ConfigOption = None,
    actor: Actor = "",
    json: JsonOption = False,
) -> None:
    """Give an open task to somebody else: a person, or whoever's turn it is in a queue. They are told.

    Example: textback-pbx tasks assign 7 kim
    """
    from textback_pbx.pipeline import people
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.tasks.store import find_task

    async def work() -> Task | None:
        async with open_database(config) as (settings, database), database.transaction() as tx:
            who, now_ms = actor or getpass.getuser(), time.time_ns() // 1_000_000
            if await find_task(tx, task_id) is not None:
                office = office_of(settings)
                await people.hand_to(tx, office, task_id, owner, now_ms=now_ms, why=f"given by {who}", actor=who)
            return await find_task(tx, task_id)

    task = run(work)
    if task is None:
        fail(f"there is no task {task_id}; textback-pbx tasks list")
    if task.state != "open":
        fail(f"task {task_id} is {task.state} already")
    if json:
        emit_json(dataclasses.asdict(task))
    else:
        print(f"Task {task_id} is {task.owner}'s.")


def _step(task_id: int, name: str, config: Path | None, result: str, actor: str, *, json: bool) -> None:
    from textback_pbx.tasks.book import Step
    from textback_pbx.tasks.store import Changed, close_task, find_task

    async def work() -> tuple[Changed, Task | None]:
        async with open_database(config) as (_, database), database.transaction() as tx:
            who = actor or getpass.getuser()
            now_ms = time.time_ns() // 1_000_000
            changed = await close_task(tx, task_id, actor=who, now_ms=now_ms, result=result, step=Step(name))
            return changed, await find_task(tx, task_id)

    changed, task = run(work)
    if changed is Changed.NO_SUCH_TASK or task is None:
        fail(f"there is no task {task_id}; textback-pbx tasks list")
    if changed is Changed.NOT_POSSIBLE:
        by = f" by {task.closed_by}" if task.closed_by else ""
        fail(f"task {task_id} is {task.state} already{by}")
    if json:
        emit_json(dataclasses.asdict(task))
    else:
        print(f"Task {task_id} is {task.state}.")


def _row(task: Task) -> dict[str, Any]:
    due = _due(task) if task.state == "open" else task.state
    return {**dataclasses.asdict(task), "due": due, "kind": task.kind.replace("_", " ")}


def _due(task: Task) -> str:
    from textback_pbx.tasks.book import in_words

    return in_words(task.due_ms, time.time_ns() // 1_000_000)


def _when(at_ms: int, zone: Any) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%a %Y-%m-%d %H:%M")
