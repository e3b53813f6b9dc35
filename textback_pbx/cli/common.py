"""What every command needs: the configuration option, the database, printing, and errors without a traceback."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Database, Tx

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="TEXTBACK_PBX_CONFIG",
        help="The configuration file [/etc/textback-pbx/config.toml].",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ActorOption = Annotated[str, typer.Option("--as", help="Who does it.", show_default="the user of this shell")]
NoColorOption = Annotated[
    bool,
    typer.Option("--no-color", help="Nothing coloured or bold; nor is anything in a pipe, or where NO_COLOR is set."),
]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000)]

EXIT_NO, EXIT_USAGE, EXIT_SETUP, EXIT_PEER = 1, 2, 3, 4


def fail(message: str, code: int = EXIT_NO) -> NoReturn:
    """Print what is wrong and what to do on standard error, and leave with ``code``."""
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run one coroutine; a known problem becomes its message and exit code, never a traceback."""
    from textback_pbx.database import DatabaseProblem

    try:
        return asyncio.run(work())
    except DatabaseProblem as problem:
        fail(str(problem), EXIT_SETUP)
    except KeyboardInterrupt:
        fail("stopped", 130)


def progress(rows: Iterable[T], label: str, length: int | None = None) -> Iterator[T]:
    """Go through rows of long work with a bar on standard error; silent where nobody looks (no terminal)."""
    if not sys.stderr.isatty():
        yield from rows
        return
    with typer.progressbar(rows, length=length, label=label, file=sys.stderr) as bar:
        yield from bar


@contextmanager
def working(words: str) -> Iterator[None]:
    """Show that something of unknown length goes on, on standard error; silent where nobody looks."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


def plain(*, no_color: bool) -> bool:
    """Return whether words are printed without colours and bold type (no-color.org)."""
    return no_color or bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()


def emit_json(value: Any) -> None:
    """Print one JSON value on one line."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print rows as a plain table: ``columns`` maps a row's key to its heading."""
    texts = [[_cell(row.get(key)) for key in columns] for row in rows]
    heads = list(columns.values())
    widths = [max([len(head), *(len(line[n]) for line in texts)]) for n, head in enumerate(heads)]
    for line in [heads, *texts]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("\n", " ")


def load_settings(path: Path | None) -> Settings:
    """Read the configuration, or leave with every problem named."""
    from textback_pbx.config import DEFAULT_PATH, load
    from textback_pbx.config.problems import ConfigProblem

    try:
        return load(path or DEFAULT_PATH)
    except ConfigProblem as problem:
        fail(str(problem), EXIT_SETUP)


@asynccontextmanager
async def open_database(path: Path | None, *, read_only: bool = False) -> AsyncIterator[tuple[Settings, Database]]:
    """Open the configured database beside a running agent, for one command."""
    import sqlite3

    from textback_pbx.database import Database, DatabaseProblem, cannot_use
    from textback_pbx.nudge import nudge

    settings = load_settings(path)
    database = await Database.open(settings.database.path, read_only=read_only)
    try:
        yield settings, database
    except sqlite3.Error as error:  # damage shows at the first page that is read; a full disk at the first write
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise DatabaseProblem(cannot_use(settings.database.path, error)) from error
    finally:
        await database.close()
    if not read_only:
        nudge(settings.database.path)


#: What a command does with an open transaction (or snapshot) and the settings.
Work = Callable[["Tx", "Settings"], Coroutine[Any, Any, T]]


def change(config: Path | None, work: Work[T]) -> T:
    """Do ``work`` in one transaction: all of it is on disk when this returns, or the command has left with words."""

    async def inside() -> T:
        async with open_database(config) as (settings, database), database.transaction() as tx:
            return await work(tx, settings)

    return run(inside)


def look(config: Path | None, work: Work[T]) -> T:
    """Do ``work`` on one snapshot of the database, which it cannot change."""

    async def inside() -> T:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return await work(tx, settings)

    return run(inside)


def answer(value: Any, words: str, *, json: bool) -> None:
    """Say what a command did: ``value`` for programs, ``words`` for people."""
    if json:
        emit_json(value)
    else:
        print(words)


def who(actor: str) -> str:
    """Return who acts: as said with ``--as``, else the user of this shell."""
    try:
        return actor or getpass.getuser()
    except (KeyError, OSError):
        return "staff"


def now_ms() -> int:
    """Return wall time, ms UTC: the one place where commands read the clock."""
    return time.time_ns() // 1_000_000


def when(at_ms: int, zone: tzinfo) -> str:
    """Return a moment as a person reads it: ``Fri 2026-11-20 14:05``."""
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%a %Y-%m-%d %H:%M")


def moment(text: str, zone: tzinfo) -> int:
    """Read a local date or time (``2026-11-24 9:00``), or leave with words; an hour that comes twice is its first."""
    try:
        wall = datetime.fromisoformat(_padded(text))
    except ValueError:
        fail(f"{text!r} is no day or time: write it like 2026-11-24 or 2026-11-24T09:00", EXIT_USAGE)
    local = wall if wall.tzinfo is not None else wall.replace(tzinfo=zone)
    at_ms = round(local.timestamp() * 1000)
    if datetime.fromtimestamp(at_ms / 1000, local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        fail(f"there is no {text!r}: the clocks go forward over it", EXIT_USAGE)
    return at_ms


def _padded(text: str) -> str:
    """Return ``2026-11-24 9:00`` with the zero that ISO 8601 wants."""
    day, _, hour = text.strip().replace("T", " ").partition(" ")
    return f"{day} {hour.strip().zfill(5) if hour.strip()[1:2] == ':' else hour.strip()}".strip()
