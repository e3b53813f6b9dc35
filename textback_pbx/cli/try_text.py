"""``test-text``: one text to the installer's own phone, through the same outbox, modem and reports as every other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_NO, EXIT_PEER, EXIT_USAGE, ConfigOption, fail, now_ms, open_database, run

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Database

app = typer.Typer(add_completion=False)

_SENT = ("accepted", "delivered")
_OVER = ("delivered", "undelivered", "refused", "unknown", "expired", "cancelled")


@app.command()
def try_text(
    number: Annotated[str, typer.Argument(help="Your own phone, as +15125550142.")],
    config: ConfigOption = None,
    wait: Annotated[int, typer.Option(min=0, max=600, help="Wait so many seconds for what becomes of it.")] = 60,
) -> None:
    """Send one test text to your own phone and tell each step. The agent must be running; also works in a dry run.

    Example: textback-pbx test-text +15125550142
    """
    message = run(lambda: _queue(config, number))
    print(f"message {message} is queued")
    state = run(lambda: _follow(config, message, wait))
    if state in _SENT:
        print("Does the phone show it? Answer it with a word: textback-pbx threads list shows the answer.")
    elif state == "queued":
        fail("it still waits: is the agent running, and the modem ready? textback-pbx status", EXIT_PEER)
    else:
        fail(f"it is {state}: textback-pbx why --message {message}", EXIT_NO)


async def _queue(config: Any, number: str) -> int:
    from textback_pbx import phone
    from textback_pbx.consent.store import is_opted_out
    from textback_pbx.outbox.store import enqueue

    async with open_database(config) as (settings, database):
        parsed = phone.parse(number, settings.office.country)
        if not isinstance(parsed, phone.Number):
            fail(f"{number!r} is no phone number: write it like +15125550142", EXIT_USAGE)
        async with database.transaction() as tx:
            if await is_opted_out(tx, parsed.e164):
                fail(f"{parsed.e164} has opted out: it is not texted, not even for a test", EXIT_NO)
            message = await enqueue(tx, _message(settings, parsed.e164), now_ms())
    assert message is not None
    return message


def _message(settings: Settings, number: str) -> Any:
    from textback_pbx.clock import MINUTE_MS
    from textback_pbx.decision.segments import segment
    from textback_pbx.outbox.store import NewMessage

    body = f"{settings.office.name}: a test of textback-pbx. Reply with a word to test the way back."
    cut, at_ms = segment(body), now_ms()
    return NewMessage(
        kind="test",
        line="",
        number=number,
        body=body,
        parts=tuple(cut.parts),
        encoding=cut.encoding.value,
        not_before_ms=at_ms,
        expires_ms=at_ms + 10 * MINUTE_MS,
    )


async def _follow(config: Any, message: int, wait: int) -> str:
    """Print each step once; return the last state seen."""
    import asyncio

    async with open_database(config, read_only=True) as (_, database):
        until, seen = time.monotonic() + wait, 0
        while True:
            seen, state = await _look(database, message, seen)
            if state in _OVER or time.monotonic() >= until:
                return state
            await asyncio.sleep(0.3)


async def _look(database: Database, message: int, seen: int) -> tuple[int, str]:
    async with database.read() as tx:
        rows = await tx.all(
            "SELECT e.id, e.state, e.detail FROM part_events e JOIN parts p ON p.id = e.part_id"
            " WHERE p.message_id = ? AND e.id > ? ORDER BY e.id",
            (message, seen),
        )
        state = await tx.value("SELECT state FROM parts WHERE message_id = ? ORDER BY seq LIMIT 1", (message,))
    for row in rows:
        print(f"  {row['state']}{': ' + row['detail'] if row['detail'] else ''}")
    return max([seen, *(row["id"] for row in rows)]), str(state)
