"""``calendar export``: call-backs and bookings for the office's own calendar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, change, now_ms

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Call-backs and bookings for the office's own calendar."""


@app.command()
def export(
    config: ConfigOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; left out: standard output.")] = None,
) -> None:
    """Write open call-backs and bookings as iCalendar; written again, a calendar moves what has moved.

    Example: textback-pbx calendar export --out bookings.ics
    """
    from textback_pbx.cli.files import private_text
    from textback_pbx.tasks.calendar import write
    from textback_pbx.tasks.calendar_store import entries

    async def work(tx: Tx, settings: Settings) -> tuple[str, Any]:
        return settings.office.name, await entries(tx, now_ms())

    name, told = change(config, work)
    with private_text(out) as file:
        file.writelines(write(told, name))
    if out is not None:
        print(f"{out}: {sum(entry is not None for entry, _ in told)} entries.", file=sys.stderr)
