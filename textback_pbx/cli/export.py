"""``export``: everything as CSV, one file a table, for spreadsheets and for leaving."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, fail, look

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.database import Tx

app = typer.Typer(add_completion=False)


@app.command()
def export(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE...]", help="calls, messages, threads, ...; all when left out.")
    ] = None,
    config: ConfigOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the files go; one table may be printed.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="For programs: no apostrophe before what a spreadsheet would calculate.")
    ] = False,
) -> None:
    """Write everything as CSV, one file a table.

    The tables: calls, messages, threads, notes, corrections, bookings, tasks, consent, contacts. Times are local, with
    their offset. A text that begins with =, +, - or @ gets an apostrophe: no spreadsheet takes it for a formula.
    The files hold customers' words: they are readable by you alone.

    Example: textback-pbx export --out /tmp/textback-export
    """
    from textback_pbx.tasks.export_store import TABLES

    wanted = tables or list(TABLES)
    if unknown := sorted(set(wanted) - set(TABLES)):
        fail(f"there is no table {unknown[0]!r}; there are: {', '.join(TABLES)}", EXIT_USAGE)
    if out is None and len(wanted) > 1:
        fail("several tables need a folder: name one with --out", EXIT_USAGE)
    if out is not None:
        _make(out)

    async def work(tx: Tx, settings: Settings) -> dict[str, int]:
        return {name: await _write(tx, name, out, settings.zone(), raw=raw) for name in wanted}

    for name, count in look(config, work).items():
        if out is not None:
            print(f"{out / name}.csv: {count} rows", file=sys.stderr)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(f"cannot make {folder}: {error.strerror}", EXIT_USAGE)


async def _write(tx: Tx, name: str, out: Path | None, zone: ZoneInfo, *, raw: bool) -> int:
    from textback_pbx.cli.files import csv_line, private_text
    from textback_pbx.tasks.export_store import columns, rows

    count = 0
    with private_text(None if out is None else out / f"{name}.csv") as file:
        names = await columns(tx, name)
        file.write(csv_line([column.removesuffix("_ms") for column in names]))
        async for row in rows(tx, name):
            file.write(csv_line([_cell(row, column, zone) for column in names], raw=raw))
            count += 1
    return count


def _cell(row: Any, column: str, zone: ZoneInfo) -> Any:
    value = row[column]
    if not column.endswith("_ms") or value is None:
        return value
    return datetime.fromtimestamp(value / 1000, zone).isoformat(timespec="seconds")
