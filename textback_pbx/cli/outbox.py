"""``outbox list|show|resolve``: what is on its way out, and the texts of which nobody can know."""

from __future__ import annotations

import getpass
import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    open_database,
    run,
    table,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.outbox.list_store import ListedMessage, ListedPart, StoryLine
    from textback_pbx.outbox.store import Settled

app = typer.Typer(no_args_is_help=True, add_completion=False)

_COLUMNS = {
    "message": "message",
    "part": "part",
    "state": "state",
    "kind": "kind",
    "number": "number",
    "line": "line",
    "when": "when",
    "why": "why",
}


@app.command("list")
def list_(
    config: ConfigOption = None,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only parts in this state; repeats.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many of the newest texts.")] = 50,
    json: JsonOption = False,
) -> None:
    """List the texts on their way out, the newest first, part by part.

    Example: textback-pbx outbox list --state unknown
    """
    from textback_pbx.outbox.attempt import State
    from textback_pbx.outbox.list_store import list_messages

    known = {one.value for one in State}
    if wrong := sorted(set(state or ()) - known):
        fail(f"there is no state {wrong[0]!r}; there are: {', '.join(sorted(known))}", EXIT_USAGE)
    wanted = frozenset(state) if state else None

    async def work() -> tuple[Settings, list[ListedMessage]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await list_messages(tx, states=wanted, limit=limit)

    settings, messages = run(work)
    if json:
        emit_json([asdict(message) for message in messages])
        return
    zone = settings.zone()
    rows = [_row(m, p, zone) for m in messages for p in m.parts if wanted is None or p.state in wanted]
    if not rows:
        print("Nothing." if wanted else "The outbox is empty: nothing was sent yet, and nothing waits.")
        return
    table(rows, _COLUMNS)
    _say_unknown(rows)


def _say_unknown(rows: list[dict[str, Any]]) -> None:
    if unknown := [row["part"] for row in rows if row["state"] == "unknown"]:
        print(
            f"\nNobody can know whether {'these parts' if len(unknown) > 1 else 'this part'} arrived. Call the person, "
            f"then say so: textback-pbx outbox resolve {unknown[0]} --was-sent (or --not-sent, or --send-again)"
        )


@app.command()
def show(
    message: Annotated[int, typer.Argument(metavar="MESSAGE", help="The text's number in the list.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one text: its words, its parts, and every step each part took.

    Example: textback-pbx outbox show 12
    """
    from textback_pbx.outbox import list_store

    async def work() -> tuple[Settings, ListedMessage | None, list[StoryLine]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await list_store.message(tx, message), await list_store.story(tx, message)

    settings, found, story = run(work)
    if found is None:
        fail(f"there is no text {message}; `textback-pbx outbox list` shows them")
    if json:
        emit_json({**asdict(found), "story": [asdict(line) for line in story]})
        return
    zone = settings.zone()
    print(f"Text {found.message_id} ({found.kind}) from {found.line} to {found.number}: {found.state}")
    print(f"  {found.body!r}")
    if found.cancelled:
        print(f"  cancelled: {found.cancelled}")
    if found.waits_for:
        print(f"  waits for {found.waits_for}")
    for line in story:
        who = "" if line.actor == "agent" else f" [{line.actor}]"
        print(f"  {_when(line.at_ms, zone)}  part {line.seq}  {line.state:<11} {line.detail}{who}".rstrip())


@app.command()
def resolve(
    part: Annotated[int, typer.Argument(metavar="PART", help="The part's number in the list.")],
    config: ConfigOption = None,
    was_sent: Annotated[bool, typer.Option("--was-sent", help="The person has it.")] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="The person does not have it; give it up.")] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="Send it again, even if it arrives twice.")] = False,
    note: Annotated[str, typer.Option(help="How you know.")] = "",
    actor: Annotated[str, typer.Option("--as", help="Who says so.", show_default="the user of this shell")] = "",
    json: JsonOption = False,
) -> None:
    """Say what became of a part that nobody could know about.

    It stands in the text's story with your name, and the task it made is closed.

    Example: textback-pbx outbox resolve 7 --was-sent --note "she read it to me on the phone"
    """
    from textback_pbx.outbox import list_store
    from textback_pbx.outbox.list_store import Resolution, ResolveProblem
    from textback_pbx.tasks.store import close_of_source

    choices = {Resolution.WAS_SENT: was_sent, Resolution.NOT_SENT: not_sent, Resolution.SEND_AGAIN: send_again}
    chosen = [what for what, given in choices.items() if given]
    if len(chosen) != 1:
        fail("say one of --was-sent, --not-sent, --send-again", EXIT_USAGE)
    who = (actor or getpass.getuser()).strip()

    async def work() -> list[Settled]:
        now_ms = _now_ms()
        async with open_database(config) as (_, database), database.transaction() as tx:
            settled = await list_store.resolve(tx, part, chosen[0], actor=who, note=note.strip(), now_ms=now_ms)
            for one in settled:
                if one.resolved:
                    await close_of_source(tx, one.task_source, now_ms=now_ms, result=one.reason, actor=who)
            return settled

    try:
        settled = run(work)
    except ResolveProblem as problem:
        fail(str(problem))
    if json:
        emit_json([asdict(one) for one in settled])
        return
    for one in settled:
        print(f"part {one.seq} of {one.total} of text {one.message_id} was {one.before}, now it is {one.state}")


def _row(message: ListedMessage, part: ListedPart, zone: ZoneInfo) -> dict[str, Any]:
    """One part as a line of the table."""
    why = part.reason or message.cancelled or ""
    if part.state == "queued" and message.waits_for:
        why = f"waits for {message.waits_for}"
    total = len(message.parts)
    return {
        "message": message.message_id,
        "part": part.part_id,
        "state": part.state,
        "kind": message.kind + (f" {part.seq}/{total}" if total > 1 else ""),
        "number": message.number,
        "line": message.line,
        "when": _when(part.settled_ms or part.handed_over_ms or message.not_before_ms, zone),
        "why": why,
    }


def _when(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
