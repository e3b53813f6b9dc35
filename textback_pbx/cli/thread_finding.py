"""Which conversation a person means: its number in the list, or a telephone number as they write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from textback_pbx.cli.common import EXIT_USAGE, fail

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.store import Thread

Which = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's number in the list, or a telephone number.")]
LineOption = Annotated[str | None, typer.Option("--line", help="Only this line.")]


async def find(tx: Tx, which: str, line: str | None, settings: Settings) -> Thread:
    """Return the one conversation that is meant, or leave with words."""
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
        where = f" on {line}" if line else ""
        fail(f"there is no conversation with {which}{where}; textback-pbx threads list --all")
    if len(found) > 1:
        fail(f"{which} has conversations on {', '.join(t.line for t in found)}: name one with --line", EXIT_USAGE)
    return found[0]
