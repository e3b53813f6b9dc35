"""What every command needs: the configuration option, the database, printing, and errors without a traceback."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Database

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
