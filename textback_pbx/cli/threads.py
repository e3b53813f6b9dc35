"""``threads``: read, answer and find what callers wrote; say where a conversation stands."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli import thread_views as views
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
    moment,
    now_ms,
    table,
    who,
)

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.status import Status
    from textback_pbx.replies.threads.store import Thread

app = typer.Typer(no_args_is_help=True, add_completion=False)

Which = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's number in the list, or a telephone number.")]
LineOption = Annotated[str | None, typer.Option("--line", help="Only this line.")]
WhyOption = Annotated[str, typer.Option(help="Kept beside it.")]


@app.command("list")
def list_(
    config: ConfigOption = None,
    status: Annotated[str | None, typer.Option(help="Only threads in this status.")] = None,
    line: LineOption = None,
    owner: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only contacts with this tag.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Booked and closed threads too.")] = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """List the open conversations, the last touched first.

    Example: textback-pbx threads list --status waiting_on_us
    """
    from textback_pbx.replies.threads.status import Status
    from textback_pbx.replies.threads.store import list_threads

    if status is not None and status not in set(Status):
        fail(f"there is no status {status!r}; there are: {', '.join(Status)}", EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> tuple[Any, list[Thread]]:
        found = await list_threads(tx, status=status, line=line, owner=owner, tag=tag, limit=limit, every=every)
        return settings.zone(), found

    zone, threads = look(config, work)
    if json:
        emit_json([views.as_json(thread) for thread in threads])
    elif threads:
        table([views.row(thread, zone) for thread in threads], views.LIST)
    else:
        asked = every or status or owner or tag or line
        print("No conversations." if asked else "No open conversations. With --all: booked and closed ones too.")


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

    async def work(tx: Tx, settings: Settings) -> tuple[Any, Thread, Any]:
        thread = await _find(tx, which, line, settings)
        return settings.zone(), thread, await timeline(tx, thread, limit)

    zone, thread, items = look(config, work)
    if json:
        emit_json({**views.as_json(thread), "timeline": [views.item_json(item) for item in items]})
        return
    print(views.heading(thread, zone))
    for item in items:
        print(views.line_of(item, zone))


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help='Words; "in a row"; begin*; -without; OR.')],
    config: ConfigOption = None,
    line: LineOption = None,
    limit: LimitOption = 20,
    json: JsonOption = False,
) -> None:
    """Find texts, notes and contacts by their words, or a conversation by the end of its number; the newest first.

    Example: textback-pbx threads search boiler OR calefon
    """
    from textback_pbx.replies import search as queries
    from textback_pbx.replies.search_store import search as find

    try:
        query = queries.read(" ".join(words))
    except queries.QueryProblem as problem:
        fail(str(problem), EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> tuple[Any, Any]:
        return settings.zone(), await find(tx, query, line=line, limit=limit)

    zone, hits = look(config, work)
    if json:
        emit_json(
            [{**views.found(hit, zone), "excerpt": views.found(hit, zone, mark="[", end="]")["text"]} for hit in hits]
        )
    elif hits:
        mark, end = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
        table([views.found(hit, zone, mark=mark, end=end) for hit in hits], views.FOUND)
    else:
        fail("Nothing was found.")


@app.command()
def reply(
    which: Which,
    text: Annotated[str, typer.Argument(help="What to write.")] = "",
    config: ConfigOption = None,
    line: LineOption = None,
    canned: Annotated[str, typer.Option(metavar="NAME", help="Write this one of replies.canned instead.")] = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Answer by text. A number that opted out is refused.

    Example: textback-pbx threads reply 3 "Tomorrow at 9 works, see you then."
    """
    from textback_pbx.cli.thread_reply import send, words_of

    if bool(text) == bool(canned):
        fail("write a text, or name a canned one with --canned", EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        thread = await _find(tx, which, line, settings)
        words = words_of(settings, thread, canned, now_ms()) if canned else text
        return await send(tx, thread, words, actor=who(actor), now_ms=now_ms())

    sent = change(config, work)
    queued = f"message {sent['message_id']} ({sent['segments']} SMS)"
    answer(sent, f"Queued as {queued}. textback-pbx threads show {sent['thread_id']}", json=json)


@app.command()
def note(
    which: Which,
    text: Annotated[str, typer.Argument(help="The note; customers never see it.")],
    config: ConfigOption = None,
    line: LineOption = None,
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Keep a note in the timeline.

    Example: textback-pbx threads note 3 "wants the same fitter as last year"
    """
    from textback_pbx.replies.inbound import clean
    from textback_pbx.replies.threads.store import add_note

    if not text.strip():
        fail("the note is empty", EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        thread = await _find(tx, which, line, settings)
        return {"thread_id": thread.id, "note_id": await add_note(tx, thread.id, now_ms(), who(actor), clean(text))}

    kept = change(config, work)
    answer(kept, f"Kept in thread {kept['thread_id']}.", json=json)


@app.command()
def status(
    which: Which,
    to: Annotated[str, typer.Argument(metavar="STATUS", help="follow_up, waiting_on_them, ...")],
    config: ConfigOption = None,
    line: LineOption = None,
    on: Annotated[str, typer.Option(metavar="DAY", help="follow_up: when it becomes a task; a day or a time.")] = "",
    why: WhyOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Say where a conversation stands; booked and closed end its open tasks to answer.

    Example: textback-pbx threads status 3 follow_up --on 2026-11-30 --why "back from holiday"
    """
    from textback_pbx.replies.threads.status import BY_HAND, Status

    if to not in {s.value for s in BY_HAND}:
        fail(f"there is no status {to!r} to set; there are: {', '.join(s.value for s in BY_HAND)}", EXIT_USAGE)
    if on and to != "follow_up":
        fail("--on is the day of a follow_up", EXIT_USAGE)
    _set(which, Status(to), config, line, why, actor, json=json, on=on)


@app.command()
def close(
    which: Which,
    config: ConfigOption = None,
    line: LineOption = None,
    why: WhyOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Close a conversation and its open tasks to answer; any text that comes in opens it again.

    Example: textback-pbx threads close 3
    """
    from textback_pbx.replies.threads.status import Status

    _set(which, Status.CLOSED, config, line, why, actor, json=json)


def _set(
    which: str, to: Status, config: Path | None, line: str | None, why: str, actor: str, *, json: bool, on: str = ""
) -> None:
    from textback_pbx.replies.threads.store import set_status

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        thread = await _find(tx, which, line, settings)
        look_ms = moment(on, settings.zone()) if on else None
        await set_status(tx, thread.id, to, now_ms(), actor=who(actor), why=why, look_ms=look_ms)
        ends = to.value in ("booked", "closed")
        closed = await _end_tasks(tx, thread, f"thread {to.value}", actor) if ends else []
        return {"thread_id": thread.id, "status": to.value, "look_ms": look_ms, "tasks_closed": closed}

    changed = change(config, work)
    tasks = f"; {len(changed['tasks_closed'])} task(s) done" if changed["tasks_closed"] else ""
    answer(changed, f"Thread {changed['thread_id']} is {changed['status'].replace('_', ' ')}{tasks}.", json=json)


@app.command()
def book(
    which: Which,
    config: ConfigOption = None,
    line: LineOption = None,
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="When it begins: 2026-11-24T09:00.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="TIME", help="When it ends; left out: an hour later.")] = "",
    what: Annotated[str, typer.Option(help="What is booked; it stands in the calendar.")] = "",
    another: Annotated[bool, typer.Option("--another", help="A second booking; else the first is moved.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Call the booking off instead.")] = False,
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Book a conversation, or move its booking; without --from, for the time the customer asked for, if they did.

    Example: textback-pbx threads book 3 --from 2026-11-24T09:00 --to 2026-11-24T11:00 --what "boiler service"
    """
    from textback_pbx.cli.thread_booking import call_off, make, window_of

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        thread = await _find(tx, which, line, settings)
        zone = settings.zone()
        if off:
            return await call_off(tx, thread, actor=who(actor), why=what)
        window = window_of(thread, first, last, zone)
        made = await make(tx, thread, window, actor=who(actor), what=what, another=another)
        closed = await _end_tasks(tx, thread, "booked", actor)
        shown = views.span(*window, zone) if window else ""
        return {**dataclasses.asdict(made), "tasks_closed": closed, "shown": shown}

    made = change(config, work)
    if off:
        answer(made, f"The booking of thread {made['thread_id']} is called off.", json=json)
        return
    time = f" for {made['shown']}" if made["shown"] else "; no time is known: say it with --from and --to"
    answer(made, f"Thread {made['thread_id']} is booked{time}.", json=json)


async def _end_tasks(tx: Tx, thread: Thread, result: str, actor: str) -> list[int]:
    from textback_pbx.tasks.store import close_replies

    return await close_replies(tx, thread.id, now_ms=now_ms(), result=result, actor=who(actor))


async def _find(tx: Tx, which: str, line: str | None, settings: Settings) -> Thread:
    from textback_pbx.cli.thread_finding import find

    return await find(tx, which, line, settings)
