"""``threads status|close|book|correct``: say where a conversation stands, and what was meant."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli import thread_views as views
from textback_pbx.cli.common import (
    EXIT_USAGE,
    ActorOption,
    ConfigOption,
    JsonOption,
    answer,
    change,
    fail,
    moment,
    now_ms,
    who,
)
from textback_pbx.cli.thread_finding import LineOption, Which, find

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.status import Status
    from textback_pbx.replies.threads.store import Thread

app = typer.Typer(add_completion=False)

WhyOption = Annotated[str, typer.Option(help="Kept beside it.")]


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
        thread = await find(tx, which, line, settings)
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
        thread = await find(tx, which, line, settings)
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


@app.command()
def correct(
    which: Which,
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="service, urgency, postcode, street, window, name, customer.")
    ],
    value: Annotated[
        str, typer.Argument(metavar="[VALUE]", help="What it is; left out: blank. A window: FROM/TO.")
    ] = "",
    config: ConfigOption = None,
    line: LineOption = None,
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Say what was meant where a text was misunderstood; both are kept, so that the reading can be made better.

    Example: textback-pbx threads correct 3 window 2026-11-24T13:00/2026-11-24T15:00
    """
    from textback_pbx.cli.thread_booking import corrected
    from textback_pbx.replies.threads.store import correct_field

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        thread = await find(tx, which, line, settings)
        meant = corrected(field, value, settings.zone())
        return {
            "thread_id": thread.id,
            "intake": await correct_field(tx, thread, field, meant, now_ms(), actor=who(actor)),
        }

    done = change(config, work)
    answer(done, f"Thread {done['thread_id']}: {field} is {value or 'blank'} now.", json=json)


async def _end_tasks(tx: Tx, thread: Thread, result: str, actor: str) -> list[int]:
    from textback_pbx.tasks.store import close_replies

    return await close_replies(tx, thread.id, now_ms=now_ms(), result=result, actor=who(actor))
