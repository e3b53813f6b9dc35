"""``threads``: read, answer and find what callers wrote. Where a conversation stands: see ``thread_moves``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli import thread_moves
from textback_pbx.cli import thread_views as views
from textback_pbx.cli.common import (
    EXIT_USAGE,
    ActorOption,
    ConfigOption,
    JsonOption,
    LimitOption,
    NoColorOption,
    answer,
    change,
    emit_json,
    fail,
    look,
    now_ms,
    plain,
    table,
    who,
)
from textback_pbx.cli.thread_finding import LineOption, Which, find

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.store import Thread

app = typer.Typer(no_args_is_help=True, add_completion=False)


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
        thread = await find(tx, which, line, settings)
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
    no_color: NoColorOption = False,
    json: JsonOption = False,
) -> None:
    """Find texts, notes and contacts by their words, or a conversation by the end of its number; the newest first.

    Example: textback-pbx threads search boiler OR calefon
    """
    from textback_pbx.replies import search as queries
    from textback_pbx.replies.search_store import search as look_for

    try:
        query = queries.read(" ".join(words))
    except queries.QueryProblem as problem:
        fail(str(problem), EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> tuple[Any, Any]:
        return settings.zone(), await look_for(tx, query, line=line, limit=limit)

    zone, hits = look(config, work)
    if json:
        emit_json(
            [{**views.found(hit, zone), "excerpt": views.found(hit, zone, mark="[", end="]")["text"]} for hit in hits]
        )
    elif hits:
        mark, end = ("", "") if plain(no_color=no_color) else ("\x1b[1m", "\x1b[0m")
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
        thread = await find(tx, which, line, settings)
        words = words_of(settings, thread, canned, now_ms()) if canned else text
        return await send(tx, thread, words, actor=who(actor), now_ms=now_ms(), dry_run=settings.dry_run)

    sent = change(config, work)
    queued = f"message {sent['message_id']} ({sent['segments']} SMS)"
    answer(sent, f"Queued as {queued}. textback-pbx threads show {sent['thread_id']}", json=json)


@app.command()
def canned(config: ConfigOption = None, line: LineOption = None, json: JsonOption = False) -> None:
    """List the canned replies as they would be written now.

    Example: textback-pbx threads canned
    """
    from textback_pbx.cli.common import load_settings
    from textback_pbx.cli.thread_reply import all_canned

    rows = all_canned(load_settings(config), line or "", now_ms())
    if json:
        emit_json(rows)
    elif rows:
        table(rows, {"name": "name", "segments": "SMS", "text": "text"})
    else:
        print("No canned replies: write some into replies.canned of the configuration.")


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
        thread = await find(tx, which, line, settings)
        return {"thread_id": thread.id, "note_id": await add_note(tx, thread.id, now_ms(), who(actor), clean(text))}

    kept = change(config, work)
    answer(kept, f"Kept in thread {kept['thread_id']}.", json=json)


app.add_typer(thread_moves.app)
