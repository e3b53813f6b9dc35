"""``threads list|show|reply|note|close|status``: read and answer what callers wrote."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, fail, open_database, run, table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.store import Thread
    from textback_pbx.replies.threads.timeline import Item

app = typer.Typer(no_args_is_help=True, add_completion=False)

Which = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's number in the list, or a telephone number.")]
LineOption = Annotated[str | None, typer.Option("--line", help="Only this line.")]
_COLUMNS = {
    "id": "thread",
    "number": "number",
    "line": "line",
    "status": "status",
    "owner": "owner",
    "due": "due",
    "updated": "updated",
    "last": "last text",
}


@app.command("list")
def list_(
    config: ConfigOption = None,
    status: Annotated[str | None, typer.Option(help="Only threads in this status.")] = None,
    line: LineOption = None,
    every: Annotated[bool, typer.Option("--all", help="Booked and closed threads too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: JsonOption = False,
) -> None:
    """List the open conversations, the last touched first.

    Example: textback-pbx threads list --status waiting_on_us
    """
    from textback_pbx.replies.threads.status import Status
    from textback_pbx.replies.threads.store import list_threads

    if status is not None and status not in {s.value for s in Status}:
        fail(f"there is no status {status!r}; there are: {', '.join(s.value for s in Status)}", 2)

    async def work() -> tuple[Settings, list[Thread]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await list_threads(tx, status=status, line=line, limit=limit, every=every)

    settings, threads = run(work)
    if json:
        emit_json([_as_json(thread) for thread in threads])
    elif not threads:
        print(
            "No conversations." if every or status else "No open conversations. With --all: booked and closed ones too."
        )
    else:
        table([_row(thread, settings.zone()) for thread in threads], _COLUMNS)


@app.command()
def show(
    which: Which,
    config: ConfigOption = None,
    line: LineOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many of the newest events.")] = 100,
    json: JsonOption = False,
) -> None:
    """Show one conversation: calls, texts and what became of them, notes and tasks, in one timeline.

    Example: textback-pbx threads show 3
    """
    from textback_pbx.replies.threads.timeline_store import timeline

    async def work() -> tuple[Settings, Thread, list[Item]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            thread = await _find(tx, which, line, settings)
            return settings, thread, await timeline(tx, thread, limit)

    settings, thread, items = run(work)
    if json:
        emit_json({**_as_json(thread), "timeline": [_item_json(item) for item in items]})
        return
    zone = settings.zone()
    print(f"{thread.number} on {thread.line}: {thread.status.replace('_', ' ')}", end="")
    print(f", owner {thread.owner}" if thread.owner else "", end="")
    print("; automation paused, a person has to decide" if thread.automation == "paused" else "")
    for item in items:
        print(f"  {_when(item.at_ms, zone)}  {_item_words(item, zone)}")


@app.command()
def reply(
    which: Which,
    text: Annotated[str, typer.Argument(help="What to write.")],
    config: ConfigOption = None,
    line: LineOption = None,
    actor: Annotated[str, typer.Option("--as", help="Who writes.", show_default="the user of this shell")] = "",
    json: JsonOption = False,
) -> None:
    """Answer by text. A number that opted out is refused.

    Example: textback-pbx threads reply 3 "Tomorrow at 9 works, see you then."
    """
    from textback_pbx.cli.thread_reply import send

    async def work() -> dict[str, Any]:
        async with open_database(config) as (settings, database), database.transaction() as tx:
            thread = await _find(tx, which, line, settings)
            return await send(tx, thread, text, actor=actor or _user(), now_ms=_now_ms())

    sent = run(work)
    if json:
        emit_json(sent)
    else:
        queued = f"message {sent['message_id']} ({sent['segments']} SMS)"
        print(f"Queued as {queued}. textback-pbx threads show {sent['thread_id']}")


@app.command()
def note(
    which: Which,
    text: Annotated[str, typer.Argument(help="The note; customers never see it.")],
    config: ConfigOption = None,
    line: LineOption = None,
    actor: Annotated[str, typer.Option("--as", help="Who writes.", show_default="the user of this shell")] = "",
    json: JsonOption = False,
) -> None:
    """Keep a note in the timeline.

    Example: textback-pbx threads note 3 "wants the same fitter as last year"
    """
    from textback_pbx.replies.inbound import clean
    from textback_pbx.replies.threads.store import add_note

    if not text.strip():
        fail("the note is empty", 2)

    async def work() -> dict[str, Any]:
        async with open_database(config) as (settings, database), database.transaction() as tx:
            thread = await _find(tx, which, line, settings)
            return {
                "thread_id": thread.id,
                "note_id": await add_note(tx, thread.id, _now_ms(), actor or _user(), clean(text)),
            }

    kept = run(work)
    if json:
        emit_json(kept)
    else:
        print(f"Kept in thread {kept['thread_id']}.")


@app.command()
def status(
    which: Which,
    to: Annotated[str, typer.Argument(metavar="STATUS", help="booked, follow_up, waiting_on_them, ...")],
    config: ConfigOption = None,
    line: LineOption = None,
    why: Annotated[str, typer.Option(help="Kept beside it.")] = "",
    actor: Annotated[str, typer.Option("--as", help="Who does it.", show_default="the user of this shell")] = "",
    json: JsonOption = False,
) -> None:
    """Say where a conversation stands; booked and closed end its open tasks to answer.

    Example: textback-pbx threads status 3 booked --why "Tuesday 9:00"
    """
    from textback_pbx.replies.threads.status import BY_HAND, Status

    if to not in {s.value for s in BY_HAND}:
        fail(f"there is no status {to!r} to set; there are: {', '.join(s.value for s in BY_HAND)}", 2)
    _set(which, Status(to), config, line, why, actor, json=json)


@app.command()
def close(
    which: Which,
    config: ConfigOption = None,
    line: LineOption = None,
    why: Annotated[str, typer.Option(help="Kept beside it.")] = "",
    actor: Annotated[str, typer.Option("--as", help="Who does it.", show_default="the user of this shell")] = "",
    json: JsonOption = False,
) -> None:
    """Close a conversation and its open tasks to answer; any text that comes in opens it again.

    Example: textback-pbx threads close 3
    """
    from textback_pbx.replies.threads.status import Status

    _set(which, Status.CLOSED, config, line, why, actor, json=json)


def _set(which: str, to: Any, config: Any, line: str | None, why: str, actor: str, *, json: bool) -> None:
    from textback_pbx.replies.threads.status import Status
    from textback_pbx.replies.threads.store import set_status
    from textback_pbx.tasks.store import close_replies

    async def work() -> dict[str, Any]:
        async with open_database(config) as (settings, database), database.transaction() as tx:
            thread = await _find(tx, which, line, settings)
            who, now_ms = actor or _user(), _now_ms()
            await set_status(tx, thread.id, to, now_ms, actor=who, why=why)
            ends = to in (Status.BOOKED, Status.CLOSED)
            result = f"thread {to.value}"
            closed = await close_replies(tx, thread.id, now_ms=now_ms, result=result, actor=who) if ends else []
            return {"thread_id": thread.id, "status": to.value, "tasks_closed": closed}

    changed = run(work)
    if json:
        emit_json(changed)
    else:
        tasks = f"; {len(changed['tasks_closed'])} task(s) done" if changed["tasks_closed"] else ""
        print(f"Thread {changed['thread_id']} is {changed['status'].replace('_', ' ')}{tasks}.")


async def _find(tx: Tx, which: str, line: str | None, settings: Settings) -> Thread:
    from textback_pbx.phone import Number, parse
    from textback_pbx.replies.threads.store import find_thread, threads_of

    if which.isdigit() and len(which) < 7:
        thread = await find_thread(tx, int(which))
        if thread is None:
            fail(f"there is no thread {which}; textback-pbx threads list --all")
        return thread
    number = parse(which, settings.office.country)
    found = await threads_of(tx, number.e164 if isinstance(number, Number) else which)
    found = [thread for thread in found if line is None or thread.line == line]
    if not found:
        fail(
            f"there is no conversation with {which}"
            + (f" on {line}" if line else "")
            + "; textback-pbx threads list --all"
        )
    if len(found) > 1:
        fail(f"{which} has conversations on {', '.join(t.line for t in found)}: name one with --line", 2)
    return found[0]


def _row(thread: Thread, zone: ZoneInfo) -> dict[str, Any]:
    from textback_pbx.tasks.book import in_words

    due = "" if thread.due_ms is None else in_words(thread.due_ms, _now_ms())
    last = " ".join(thread.last.split())
    shown = last if len(last) <= 60 else last[:59] + "…"
    status = thread.status.replace("_", " ") + (" (paused)" if thread.automation == "paused" else "")
    updated = _when(thread.updated_ms, zone)
    return {
        "id": thread.id,
        "number": thread.number,
        "line": thread.line,
        "owner": thread.owner,
        "status": status,
        "due": due,
        "updated": updated,
        "last": shown,
    }


def _item_words(item: Item, zone: ZoneInfo) -> str:
    detail = item.detail
    if item.kind == "text_in":
        odd = f"  [{detail['problem']}]" if detail.get("problem") else ""
        keyword = f"  ({detail['keyword']})" if detail.get("keyword") not in ("", "none", None) else ""
        return f"they wrote: {item.text}{keyword}{odd}"
    if item.kind == "text_out":
        return f"we wrote ({detail['kind']}, {detail['state_in_words']}): {item.text}"
    if item.kind == "task":
        state = f"due {_when(detail['due_ms'], zone)}" if detail["state"] == "open" else detail["state"]
        return f"task {item.id} for {detail['owner']} ({detail['priority']}, {state}): {item.text}"
    if item.kind == "note":
        return f"note by {detail['actor']}: {item.text}"
    return item.text


def _as_json(thread: Thread) -> dict[str, Any]:
    import dataclasses
    import json

    return {**dataclasses.asdict(thread), "intake": json.loads(thread.intake)}


def _item_json(item: Item) -> dict[str, Any]:
    return {"at_ms": item.at_ms, "kind": item.kind, "id": item.id, "text": item.text, "detail": dict(item.detail)}


def _when(at_ms: int, zone: ZoneInfo) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%a %Y-%m-%d %H:%M")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "staff"
