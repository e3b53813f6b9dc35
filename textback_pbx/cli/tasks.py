"""``tasks list|show|done|drop|reopen|assign``: who has to call whom back, and by when."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_USAGE,
    ActorOption,
    ConfigOption,
    JsonOption,
    LimitOption,
    answer,
    change,
    emit_json,
    fail,
    look,
    now_ms,
    table,
    when,
    who,
)

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.tasks.store import Task

app = typer.Typer(no_args_is_help=True, add_completion=False)

TaskId = Annotated[int, typer.Argument(metavar="TASK", help="The task's number in the list.")]
_NONE = "there is no task {}; textback-pbx tasks list"
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
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """List the tasks: emergencies and urgent ones first, then by deadline.

    Example: textback-pbx tasks list --owner office
    """
    from textback_pbx.tasks.book import State
    from textback_pbx.tasks.store import list_tasks

    if state not in {s.value for s in State}:
        fail(f"there is no state {state!r}; there are: open, done, dropped", EXIT_USAGE)

    async def work(tx: Tx, _: Settings) -> list[Task]:
        return await list_tasks(tx, state=State(state), owner=owner, line=line, limit=limit)

    tasks = look(config, work)
    if overdue:
        tasks = [task for task in tasks if task.state == "open" and task.due_ms <= now_ms()]
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

    async def work(tx: Tx, settings: Settings) -> tuple[ZoneInfo, Task | None, list[dict[str, Any]]]:
        return settings.zone(), await find_task(tx, task_id), [dict(row) for row in await story_of(tx, task_id)]

    zone, task, story = look(config, work)
    if task is None:
        fail(_NONE.format(task_id))
    if json:
        emit_json({**dataclasses.asdict(task), "story": story})
        return
    print(f"task {task.id}: {task.kind.replace('_', ' ')} {task.number or ''}".rstrip() + f" on {task.line}")
    print(f"  why       {task.reason} (from {task.source})")
    print(f"  priority  {task.priority}, owner {task.owner}")
    print(f"  due       {when(task.due_ms, zone)} ({_due(task)})")
    if task.state != "open" and task.closed_ms is not None:
        said = f": {task.result}" if task.result else ""
        print(f"  {task.state:<9} {when(task.closed_ms, zone)} by {task.closed_by}{said}")
    if task.call_id is not None:
        print(f"  more      textback-pbx why {task.call_id}")
    if task.thread_id is not None:
        print(f"  thread    textback-pbx threads show {task.thread_id}")
    for step in story:
        said = f": {step['detail']}" if step["detail"] else ""
        by = "" if step["actor"] == "agent" else f" by {step['actor']}"
        print(f"  {when(step['at_ms'], zone)}  {step['what']}{by}, {step['owner']}'s{said}")


@app.command()
def done(
    task_id: TaskId,
    config: ConfigOption = None,
    result: Annotated[str, typer.Option(help='What came of it, such as "booked Tuesday".')] = "",
    actor: ActorOption = "",
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
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Take a task off the list without doing it; it stays in the records.

    Example: textback-pbx tasks drop 7 --result "a robot"
    """
    _step(task_id, "drop", config, result, actor, json=json)


@app.command()
def reopen(task_id: TaskId, config: ConfigOption = None, actor: ActorOption = "", json: JsonOption = False) -> None:
    """Open a task again that was closed too soon.

    Example: textback-pbx tasks reopen 7
    """
    _step(task_id, "reopen", config, "", actor, json=json)


@app.command()
def assign(
    task_id: TaskId,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="A person, a queue, or a desk.")],
    config: ConfigOption = None,
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Give an open task to somebody else: a person, or whoever's turn it is in a queue. They are told.

    Example: textback-pbx tasks assign 7 kim
    """
    from textback_pbx.pipeline import people
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.tasks.store import find_task

    async def work(tx: Tx, settings: Settings) -> Task | None:
        giver = who(actor)
        if await find_task(tx, task_id) is not None:
            office = office_of(settings)
            await people.hand_to(tx, office, task_id, owner, now_ms=now_ms(), why=f"given by {giver}", actor=giver)
        return await find_task(tx, task_id)

    task = change(config, work)
    if task is None:
        fail(_NONE.format(task_id))
    if task.state != "open":
        fail(f"task {task_id} is {task.state} already")
    answer(dataclasses.asdict(task), f"Task {task_id} is {task.owner}'s.", json=json)


def _step(task_id: int, name: str, config: Path | None, result: str, actor: str, *, json: bool) -> None:
    from textback_pbx.tasks.book import Step
    from textback_pbx.tasks.store import Changed, close_task, find_task

    async def work(tx: Tx, _: Settings) -> tuple[Changed, Task | None]:
        changed = await close_task(tx, task_id, actor=who(actor), now_ms=now_ms(), result=result, step=Step(name))
        return changed, await find_task(tx, task_id)

    changed, task = change(config, work)
    if changed is Changed.NO_SUCH_TASK or task is None:
        fail(_NONE.format(task_id))
    if changed is Changed.NOT_POSSIBLE:
        by = f" by {task.closed_by}" if task.closed_by else ""
        fail(f"task {task_id} is {task.state} already{by}")
    answer(dataclasses.asdict(task), f"Task {task_id} is {task.state}.", json=json)


def _row(task: Task) -> dict[str, Any]:
    due = _due(task) if task.state == "open" else task.state
    return {**dataclasses.asdict(task), "due": due, "kind": task.kind.replace("_", " ")}


def _due(task: Task) -> str:
    from textback_pbx.tasks.book import in_words

    return in_words(task.due_ms, now_ms())
