"""Reads call detail records from SQLite (cdr_sqlite3_custom) and, with SQLAlchemy, from a database like FreePBX's.

SQLite is read without a lock: cdr_sqlite3_custom gives a row up when it meets one, and a repair must never cost a
record. Instead the file's change counter is compared before and after; a file that changed meanwhile is read again.
SQLAlchemy is an optional extra and loaded only for ``cdr.url``; only SELECT is ever sent.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from textback_pbx.calls.backfill_rows import CdrRow, Damaged, missing, row_of
from textback_pbx.calls.backfill_source import LONGEST_CALL_S, MAX_ROWS, ZONES_S, CdrSettings, Read, Unreadable

_TRIES = 5
_PAUSE_S = 0.1
_OLDER_ROWS = 200  # so many rows before the time asked for, one after the other, end the reading
_WAL = b"\x02\x02"
_TIMEOUT_S = 15


def read_sqlite(settings: CdrSettings, from_s: int) -> Read:
    """Read the rows since ``from_s`` (seconds UTC), oldest first. Raises :class:`Unreadable`."""
    path = Path(settings.sqlite)
    error: Exception | None = None
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            before = _state(path)
            found = _select(path, settings, from_s, wal=before[0])
            if _state(path) == before:
                return found
        except OSError as problem:
            raise Unreadable(
                f"{path} cannot be read: {(problem.strerror or '').lower()}; check cdr.sqlite"
            ) from problem
        except (sqlite3.Error, _Busy) as problem:
            error = problem
    raise Unreadable(f"{path.name} cannot be read now ({error or 'it is written to all the time'}): tried again later")


class _Busy(Exception):
    """Asterisk is in the middle of writing."""

    def __str__(self) -> str:
        return "it is being written to"


def _state(path: Path) -> tuple[bool, bytes, int]:
    """Whether the file is in WAL mode, its change counter (file format 1.3) and size. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\x00"):
        raise Unreadable(f"{path.name} is no SQLite database: check cdr.sqlite")
    journal = path.with_name(path.name + "-journal")
    with contextlib.suppress(FileNotFoundError):
        if journal.stat().st_size:
            raise _Busy
    return head[18:20] == _WAL, head[24:28], path.stat().st_size


def _select(path: Path, settings: CdrSettings, from_s: int, *, wal: bool) -> Read:
    # A reader of a WAL file holds up no writer; any other file is read as it lies there.
    uri = f"file:{quote(str(path.absolute()))}?mode=ro" + ("" if wal else "&immutable=1")
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as connection:
        table = f'"{settings.table}"'
        names = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
        _check(names, settings)
        lows = [name.lower() for name in names]
        newest_first = connection.execute(f"SELECT * FROM {table} ORDER BY rowid DESC")  # noqa: S608 - a checked name
        found, damaged, reached = _until_older(_as_columns(lows, newest_first), from_s)
    return Read(tuple(found), reached, damaged)


def _check(names: list[str], settings: CdrSettings) -> None:
    if not names:
        raise Unreadable(f"{settings.name} has no table {settings.table!r}: check cdr.table")
    if lacking := missing(names):
        raise Unreadable(f"the table {settings.table!r} of {settings.name} lacks {', '.join(lacking)}: check cdr.table")


def _as_columns(names: list[str], rows: Iterable[Any]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield {name: _text(value) for name, value in zip(names, row, strict=True)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _until_older(rows: Iterable[dict[str, str]], from_s: int) -> tuple[list[CdrRow], int, bool]:
    """Take rows, the newest first, until they are all too old.

    Returns them oldest first, how many were damaged, and whether older ones were there.
    """
    found: list[CdrRow] = []
    damaged = older = 0
    for columns in rows:
        try:
            row = row_of(columns)
        except Damaged:
            damaged += 1
            continue
        if row.wall_s + row.duration_s < from_s - ZONES_S:
            older += 1
            if older >= _OLDER_ROWS:
                break
            continue
        found.append(row)
        if len(found) >= MAX_ROWS:
            return _in_order(found[::-1]), damaged, False
    return _in_order(found[::-1]), damaged, older > 0


def _in_order(rows: list[CdrRow]) -> list[CdrRow]:
    from textback_pbx.calls.backfill_csv import row_with_order

    return [row_with_order(row, order) for order, row in enumerate(rows)]


def read_url(settings: CdrSettings, from_s: int) -> Read:
    """Read the rows since ``from_s`` through SQLAlchemy, oldest first. Raises :class:`Unreadable`."""
    try:
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool
    except ImportError as error:
        raise Unreadable("cdr.url needs SQLAlchemy: pip install 'textback-pbx[cdr]'") from error
    try:
        options = {"connect_timeout": 5, "read_timeout": _TIMEOUT_S} if "mysql" in settings.url.split(":")[0] else {}
        engine = sqlalchemy.create_engine(settings.url, poolclass=NullPool, connect_args=options)
        with engine.connect() as connection:
            return _select_url(connection, settings, from_s)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise Unreadable(f"{settings.name} cannot be read: {_short(error)}; check cdr.url") from error


def _select_url(connection: Any, settings: CdrSettings, from_s: int) -> Read:
    from sqlalchemy import inspect, text

    schema, _, table = settings.table.rpartition(".")
    inspector = inspect(connection)
    names = []
    if inspector.has_table(table, schema=schema or None):
        names = [str(column["name"]) for column in inspector.get_columns(table, schema=schema or None)]
    _check(names, settings)
    start = next(name for name in names if name.lower() in ("calldate", "start"))
    low = datetime.fromtimestamp(from_s - ZONES_S - LONGEST_CALL_S, UTC).strftime("%Y-%m-%d %H:%M:%S")
    quoted = connection.dialect.identifier_preparer.quote
    whole = f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)
    query = f"SELECT * FROM {whole} WHERE {quoted(start)} >= :low ORDER BY {quoted(start)} DESC LIMIT {MAX_ROWS}"  # noqa: S608
    result = connection.execute(text(query), {"low": low})
    lows = [name.lower() for name in result.keys()]  # noqa: SIM118 - a result is no dict
    found, damaged, _ = _until_older(_as_columns(lows, result), from_s)
    before = connection.execute(text(f"SELECT 1 FROM {whole} WHERE {quoted(start)} < :low LIMIT 1"), {"low": low})  # noqa: S608
    return Read(tuple(found), before.first() is not None and len(found) < MAX_ROWS, damaged)


def _short(error: Exception) -> str:
    """The driver's own words, in one line and without the statement."""
    inner = getattr(error, "orig", None) or error
    return str(inner).splitlines()[0][:160] if str(inner) else type(inner).__name__
