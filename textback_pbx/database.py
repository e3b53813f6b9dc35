"""The one SQLite file: opened with its promises asserted, one writer, one transaction at a time.

WAL with ``synchronous=FULL``: a commit that returned has reached the disk. aiosqlite alone leaves a cancelled
task's transaction open on the shared connection, and the next task's insert joins it; :meth:`Database.transaction`
locks, shields the commit and rolls back, so that can't happen. Only ``store.py`` files and the composition
root import this module. It must never swallow an :class:`sqlite3.Error`: a full or read-only disk holds the line.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite

from textback_pbx.database_file import (
    DatabaseProblem,
    agent_lock,
    bring_up_to_date,
    cannot_use,
    make_private,
    refuse_what_is_no_file,
    release,
    take_lock,
    uri,
)

__all__ = ["RESTORED", "Database", "DatabaseProblem", "Row", "Tx", "agent_lock", "cannot_use", "migrations"]

T = TypeVar("T")
Row = sqlite3.Row
Params = Sequence[Any] | Mapping[str, Any]

#: Key in ``meta``: when the database was last restored from a backup (ms UTC). What ended before that may have been
#: answered already by the agent that wrote what was lost.
RESTORED = "restored_ms"

_BUSY_MS = 5_000


class Tx:
    """One open transaction (or read snapshot). Valid only inside its ``async with`` block."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, params: Params = ()) -> int:
        """Execute one statement; return the number of rows it changed."""
        async with self._connection.execute(sql, params) as cursor:
            return cursor.rowcount

    async def insert(self, sql: str, params: Params = ()) -> int:
        """Execute one INSERT; return the new row's id."""
        async with self._connection.execute(sql, params) as cursor:
            return int(cursor.lastrowid or 0)

    async def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Execute one statement for each row of parameters."""
        await self._connection.executemany(sql, rows)

    async def one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row, or ``None``. Queries that may find many say LIMIT 1."""
        rows = await self.all(sql, params)
        return rows[0] if rows else None

    async def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Return every row. One trip to the database's thread, where a cursor would take three."""
        return list(await self._connection.execute_fetchall(sql, params))

    async def value(self, sql: str, params: Params = ()) -> Any:
        """Return the first column of the first row, or ``None``."""
        row = await self.one(sql, params)
        return None if row is None else row[0]


class Database:
    """A connection with one writer at a time. Make it with :meth:`open`, end it with :meth:`close`."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, lock_file: IO[str] | None) -> None:
        self.path = path
        self._connection = connection
        self._lock_file = lock_file
        self._gate = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, exclusive: bool = False, read_only: bool = False) -> "Database":
        """Open (and make, mode 0600) the file, bring its schema up to date, assert its promises.

        ``exclusive`` takes the agent's lock beside the file: a second agent gets :class:`DatabaseProblem`.
        ``read_only`` never writes, not even a migration.
        """
        refuse_what_is_no_file(path)
        lock_file = take_lock(path) if exclusive else None
        try:
            if not read_only:
                make_private(path)
            name = uri(path, "ro" if read_only else "rw")
            # Tried here first: a failed open in aiosqlite's thread races the end of the loop, with a traceback.
            sqlite3.connect(name, uri=True).close()
            connection = await aiosqlite.connect(name, uri=True, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            release(lock_file)
            raise DatabaseProblem(cannot_use(path, error)) from error
        database = cls(path, connection, lock_file)
        try:
            await database._prepare(read_only=read_only)
        except BaseException as error:
            await database.close()
            if isinstance(error, sqlite3.Error):
                raise DatabaseProblem(cannot_use(path, error)) from error
            raise
        return database

    async def _prepare(self, *, read_only: bool) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        await connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        await connection.execute("PRAGMA foreign_keys=ON")
        await connection.execute(f"PRAGMA trusted_schema={_trust()}")
        await connection.execute("PRAGMA secure_delete=ON")  # what is erased must not stay in free pages
        if not read_only:
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.execute("PRAGMA synchronous=FULL")
            await self._migrate()
            await self._assert_promises()
        elif await self._version() != len(migrations()):
            raise DatabaseProblem(_wrong_version(self.path, await self._version()))

    async def _assert_promises(self) -> None:
        for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            async with self._connection.execute(f"PRAGMA {pragma}") as cursor:
                row = await cursor.fetchone()
            if row is None or row[0] != expected:
                found = None if row is None else row[0]
                raise DatabaseProblem(
                    f"{self.path}: SQLite says {pragma}={found}, not {expected}; the file must be on a local disk "
                    "(not a network share) for texts to be sent at most once"
                )

    async def _version(self) -> int:
        async with self._connection.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def _migrate(self) -> None:
        scripts = migrations()
        have = await self._version()
        if have > len(scripts):
            raise DatabaseProblem(_wrong_version(self.path, have))
        if have < len(scripts):
            await asyncio.to_thread(bring_up_to_date, self.path, scripts)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Open a write transaction: all of it is committed and on disk when the block ends, or none of it.

        Survives cancellation: a commit that has begun runs to its end, anything before it is rolled back.
        """
        async with self._gate:
            await _finish(self._connection.execute("BEGIN IMMEDIATE"), undo=self._roll_back)
            try:
                yield Tx(self._connection)
            except BaseException:
                await _finish(self._roll_back())
                raise
            await _finish(self._commit())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Open a snapshot: every query in the block sees the same moment."""
        async with self._gate:
            await _finish(self._connection.execute("BEGIN"), undo=self._roll_back)
            try:
                yield Tx(self._connection)
            finally:
                await _finish(self._roll_back())

    async def _commit(self) -> None:
        try:
            await self._connection.commit()
        except sqlite3.Error:
            await self._roll_back()
            raise

    async def _roll_back(self) -> None:
        await self._connection.rollback()

    async def integrity_problems(self, *, quick: bool = False) -> list[str]:
        """Return what ``PRAGMA integrity_check`` complains of; empty when the file is sound.

        ``quick`` reads each page once and leaves out whether indexes match their tables: for every start.
        """
        pragma = "PRAGMA quick_check" if quick else "PRAGMA integrity_check"
        async with self._gate, self._connection.execute(pragma) as cursor:
            return [str(row[0]) for row in await cursor.fetchall() if row[0] != "ok"]

    async def close(self) -> None:
        """Close the connection and give the agent's lock back."""
        await _finish(self._connection.close())
        release(self._lock_file)
        self._lock_file = None


@cache
def _trust() -> str:
    """Say whether the schema has to be trusted for triggers to reach the full-text index.

    SQLite of Debian 12 has not marked FTS5 as innocuous yet; newer ones do without. The others of what the pragma
    guards against (functions and virtual tables of the application's own) this program does not have.
    """
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.executescript(
            "PRAGMA trusted_schema=OFF; CREATE TABLE one (a); CREATE VIRTUAL TABLE words USING fts5 (a);"
            "CREATE TRIGGER two AFTER INSERT ON one BEGIN INSERT INTO words VALUES (NEW.a); END;"
        )
        try:
            raw.execute("INSERT INTO one VALUES ('x')")
        except sqlite3.OperationalError:
            return "ON"
        return "OFF"


def migrations() -> list[str]:
    """Return the numbered schema scripts, in order (``schema/0001_*.sql`` ...)."""
    folder = resources.files("textback_pbx") / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in names]


async def _finish(work: Coroutine[Any, Any, T] | Any, undo: Callable[[], Coroutine[Any, Any, None]] | None = None) -> T:
    """Await ``work`` to its end even if this task is cancelled meanwhile; then ``undo``; then re-raise it."""
    future = asyncio.ensure_future(_as_coroutine(work))
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError as error:
            if future.cancelled():
                raise
            cancelled = error
        except BaseException:
            if not future.done():
                raise
    if cancelled is not None:
        if undo is not None and future.exception() is None:
            await undo()
        raise cancelled
    result: T = future.result()
    return result


async def _as_coroutine(work: Any) -> Any:
    return await work


def _wrong_version(path: Path, have: int) -> str:
    return (
        f"{path} has schema version {have}, this program knows {len(migrations())}: "
        "install the version that wrote it, or (if it is older) start the agent once to bring it up to date"
    )
