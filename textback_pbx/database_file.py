"""The file a database stands in: private, its owner's, opened by one agent; and what its errors mean in words."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote


class DatabaseProblem(Exception):
    """The file cannot be used; the message says what to do. Not a bug: shown without a traceback."""


def uri(path: Path, mode: str) -> str:
    """Return SQLite's name of a file: quoted, for a "?" or "#" in it would open another file, in another mode."""
    return f"file:{quote(os.fspath(path))}?mode={mode}"


def refuse_what_is_no_file(path: Path) -> None:
    """Leave a folder or a device as it is: its mode is not ours to change."""
    if "\0" in str(path) or not path.name:
        raise DatabaseProblem(
            f"database.path is {str(path)!r}: name a file, like /var/lib/textback-pbx/textback.sqlite"
        )
    with suppress(OSError):
        if path.exists() and not path.is_file():
            raise DatabaseProblem(f"{path} is no file: correct database.path, like {path / 'textback.sqlite'}")


def make_private(path: Path) -> None:
    """Make the file if it is not there, mode 0600."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        give_to_owner(path)
    if path.stat().st_uid == os.getuid() and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def give_to_owner(path: Path) -> None:
    """Give what root has made to the owner of its folder: the agent must be able to open it afterwards."""
    if os.geteuid() == 0 and path.stat().st_uid != (folder := path.parent.stat()).st_uid and folder.st_uid != 0:
        os.chown(path, folder.st_uid, folder.st_gid)


@contextmanager
def agent_lock(path: Path) -> Iterator[None]:
    """Hold the agent's lock without opening the file. Raises :class:`DatabaseProblem` while an agent works on it."""
    handle = take_lock(path)
    try:
        yield
    finally:
        release(handle)


def agent_runs(path: Path) -> bool:
    """Return whether an agent has the lock now, by looking only (proc(5), locks).

    A lock taken to try, even for a moment, would turn away an agent that starts in that moment.
    """
    try:
        inode = path.with_name(path.name + ".lock").stat().st_ino
        rows = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return False
    return any(" FLOCK " in row and row.split()[5].rpartition(":")[2] == str(inode) for row in rows if "->" not in row)


def take_lock(path: Path) -> IO[str]:
    """Take the agent's lock beside the file. Raises :class:`DatabaseProblem` while another agent has it."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        handle = lock_path.open("a+")
        give_to_owner(lock_path)
    except OSError as error:
        raise DatabaseProblem(cannot_use(lock_path, error)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise DatabaseProblem(
            f"another agent already works on {path}; two would text twice. Stop it first "
            "(systemctl stop textback-pbx), or give this one a database of its own"
        ) from error
    return handle


def release(handle: IO[str] | None) -> None:
    """Give a lock back."""
    if handle is not None:
        handle.close()


def cannot_use(path: Path, error: Exception) -> str:
    """Say what an error of SQLite or of the file system means for this file, and what to do."""
    hints = {
        "readonly": "make the file and its folder writable for this user, or remount the disk read-write",
        "read-only": "make the file and its folder writable for this user, or remount the disk read-write",
        "unable to open": "does the folder exist, and may this user enter it?",
        "no such file": "make the folder first, or correct database.path in the configuration",
        "permission": "run as the user who owns it, or correct its owner and mode",
        "vtable constructor": "the file is damaged: restore the newest backup",
        "malformed": "the file is damaged: restore the newest backup",
        "not a database": "the file is damaged or not ours: restore the newest backup, or correct database.path",
        "full": "the disk is full: free some room",
        "locked": "another program holds it: close that program",
    }
    text = str(error)
    hint = next((hint for word, hint in hints.items() if word in text.lower()), "check the disk")
    return f"cannot use the database {path}: {text}. What to do: {hint}"


def copy_before_migration(path: Path, version: int) -> Path:
    """Copy a file of an older schema whole, before it is changed. Raises :class:`DatabaseProblem`."""
    target = path.with_name(f"{path.name}.version-{version}")
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(uri(path, "ro"), uri=True)) as source:
            source.execute("VACUUM INTO ?", (str(partial),))
        give_to_owner(partial)
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise DatabaseProblem(
            f"{cannot_use(path, error)}; before an upgrade a copy is made, and that failed"
        ) from error
    return target


def bring_up_to_date(path: Path, scripts: Sequence[str]) -> None:
    """Copy an older file whole, then run the schema scripts it has not seen, one transaction each.

    A crash half-way leaves the old schema whole. Of two programs that open an old file at once, one does the work under
    a lock on the folder, and the other finds it done. Raises :class:`DatabaseProblem` or :class:`sqlite3.Error`.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with closing(sqlite3.connect(uri(path, "rw"), uri=True, isolation_level=None, timeout=60)) as connection:
            have = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if 0 < have < len(scripts):
                copy_before_migration(path, have)
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
            for number, script in enumerate(scripts[have:], start=have + 1):
                _run_whole(connection, f"{script}\n;PRAGMA user_version={number};")
    finally:
        os.close(folder)


def _run_whole(connection: sqlite3.Connection, script: str) -> None:
    connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
