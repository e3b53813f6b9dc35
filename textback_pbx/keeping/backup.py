"""A whole, checked copy of the database, made while the agent works.

``VACUUM INTO`` reads one snapshot and writes a compact file: the agent goes on writing, and what was erased is not in
the copy. A copy has its final name only when it is on the disk and was read back whole; a cut leaves a ``.partial``
that the next run removes. It must never be readable by others: it holds what the database holds.
"""

import errno
import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textback_pbx.database import Database, DatabaseProblem, cannot_use, migrations
from textback_pbx.database_file import give_to_owner, uri
from textback_pbx.keeping.rotation import Keep, to_drop

_NAME = re.compile(r"textback-(\d{8}T\d{6}Z)\.sqlite")
_STAMP = "%Y%m%dT%H%M%SZ"
#: What must stay free on the disk after a copy was written: the agent needs room to record.
_RESERVE = 64 * 1024 * 1024
#: Key in ``meta`` before a folder's name: it was on another disk than the database when a copy was last made there.
_ELSEWHERE = "backup_elsewhere:"
_PLUG_IN = "plug the stick in and mount it (see with: findmnt), or name another folder with backup.folder"
_UNIT = (
    "mount it read-write, and let the service write there: sudo systemctl edit textback-pbx, with the two lines"
    " [Service] and ReadWritePaths= and the folder, then restart it"
)
_HINTS = {errno.EROFS: _UNIT, errno.ENOSPC: "free some room there"}
#: What every version of our database has had.
_OURS = {"meta", "calls", "consent", "parts"}


class BackupProblem(Exception):
    """No backup was made (or none can be used); the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy. ``made_ms`` is when it was begun, ms UTC: what was committed before that is in it."""

    path: Path
    made_ms: int
    size: int


def make(source: Path, folder: Path, now_ms: int) -> Backup:
    """Copy the database into ``folder`` and check the copy. Raises :class:`BackupProblem`. Blocks: use a thread."""
    try:
        _refuse_missing_disk(source, folder)
        if not folder.exists():
            folder.mkdir(mode=0o700)
            give_to_owner(folder)
        _clear_partials(folder)
        _refuse_without_room(source, folder)
        made = _copy(source, folder / f"{_name(now_ms)}", now_ms)
        _remember_disk(source, folder)
    except sqlite3.Error as error:
        raise BackupProblem(f"no backup was made: {cannot_use(source, error)}") from error
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "name another folder with backup.folder, or mend its owner and mode")
        raise BackupProblem(f"no backup was made in {folder}: {error.strerror}; {hint}") from error
    return made


def _refuse_missing_disk(source: Path, folder: Path) -> None:
    """Where a stick is not plugged in, its folder is an empty one of the card: a copy there saves from nothing."""
    if not folder.parent.is_dir():
        raise BackupProblem(f"no backup was made: there is no folder {folder.parent}; {_PLUG_IN}")
    if not _same_disk(source, folder):
        return
    with closing(sqlite3.connect(uri(source, "ro"), uri=True, timeout=30)) as connection:
        was = connection.execute("SELECT 1 FROM meta WHERE key = ?", (_ELSEWHERE + str(folder),)).fetchone()
    if was is not None:
        says = f"{folder} was on another disk and is on the database's own now"
        raise BackupProblem(f"no backup was made: {says}; {_PLUG_IN}")


def _remember_disk(source: Path, folder: Path) -> None:
    if _same_disk(source, folder):
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri(source, "rw"), uri=True, timeout=5)) as connection:
        connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?, '1')", (_ELSEWHERE + str(folder),))
        connection.commit()


def _same_disk(source: Path, folder: Path) -> bool:
    """Whether a folder (or where it would be made) lies on the database's own disk."""
    there = folder if folder.exists() else folder.parent
    return there.stat().st_dev == source.parent.stat().st_dev


def _copy(source: Path, target: Path, now_ms: int) -> Backup:
    partial = target.with_name(target.name + ".partial")
    # Made first, with its mode: VACUUM INTO accepts an empty file, and nobody else may read it meanwhile.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(uri(source, "ro"), uri=True, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        _insist_whole(partial)
        give_to_owner(partial)
        to_disk(partial)
        partial.replace(target)
        to_disk(target.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Backup(target, now_ms, target.stat().st_size)


def _insist_whole(copy: Path) -> None:
    if problems := damage(copy):
        raise BackupProblem(f"the copy is not whole ({problems[0]}): check the disk it was written to")


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name(now_ms: int) -> str:
    return f"textback-{datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_STAMP)}.sqlite"


def _clear_partials(folder: Path) -> None:
    for left in folder.glob("textback-*.sqlite.partial*"):
        with suppress(OSError):
            left.unlink()


def _refuse_without_room(source: Path, folder: Path) -> None:
    needed = source.stat().st_size + _RESERVE
    free = shutil.disk_usage(folder).free
    if free < needed:
        mb = 1024 * 1024
        words = f"{free // mb} MB are free in {folder}, {needed // mb} MB are needed"
        raise BackupProblem(f"no backup was made: {words}; free some room, or name another disk with backup.folder")


def found_in(folder: Path) -> list[Backup]:
    """Return the backups in a folder, the newest first; other files are left alone."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            made = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
            found.append(Backup(path, round(made.timestamp() * 1000), path.stat().st_size))
    return sorted(found, key=lambda one: one.made_ms, reverse=True)


def rotate(folder: Path, keep: Keep) -> list[Path]:
    """Delete the backups that are not needed any more; return which."""
    backups = found_in(folder)
    doomed = to_drop((one.made_ms for one in backups), keep)
    dropped = [one.path for one in backups if one.made_ms in doomed]
    for path in dropped:
        path.unlink(missing_ok=True)
    return dropped


def damage(path: Path) -> list[str]:
    """Return what SQLite says is wrong with a file: damage, or a version this program does not know."""
    try:
        with closing(sqlite3.connect(uri(path, "ro"), uri=True)) as connection:
            wrong = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            wrong += [f"row {row[1]} of {row[0]} names a row of {row[2]} that is not there"
                      for row in connection.execute("PRAGMA foreign_key_check")]  # fmt: skip
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            tables = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    except sqlite3.Error as error:
        return [str(error)]
    if not tables >= _OURS:
        return ["it is no database of textback-pbx"]
    if not 0 < version <= len(migrations()):
        wrong.append(f"its schema version is {version}, this program knows 1 to {len(migrations())}")
    return wrong


async def verify(path: Path) -> list[str]:
    """Return everything that is wrong with a backup: damage, and a consent ledger whose chain is broken."""
    from textback_pbx.consent import store as consent

    wrong = damage(path)
    if wrong:
        return wrong
    try:
        copy = await Database.open(path, read_only=True)
    except DatabaseProblem:  # an older schema: it is brought up to date when it is restored
        return []
    try:
        async with copy.read() as tx:
            return [f"the consent ledger: {problem.what}" for problem in await consent.verify(tx)]
    finally:
        await copy.close()
