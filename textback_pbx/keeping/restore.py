"""Come back from a backup without texting anybody twice, or anybody who has said STOP since.

A backup is a moment in the past. What it shows as queued may have left since; a call it has not decided may have been
texted since; a STOP that came since is not in it. So: the agent must be stopped; the present file is put aside, never
deleted; what waited to be sent is cancelled and becomes a task; calls from before the restore are never texted
automatically (rule ``restored``); and the end of the consent ledger is carried over from the present file when it
continues the backup's chain. When that file cannot be read, all texts are held until a person has looked.
"""

import os
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from textback_pbx import subject
from textback_pbx.consent import carry_store
from textback_pbx.consent import store as consent
from textback_pbx.database import RESTORED, Database, Tx, agent_lock, cannot_use
from textback_pbx.database_file import give_to_owner, uri
from textback_pbx.keeping import backup
from textback_pbx.keeping.backup import BackupProblem, to_disk
from textback_pbx.outbox import store as outbox
from textback_pbx.outbox.attempt import Event
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, NewTask

LEDGER_LOST = "restore_ledger_lost"
CANCELLED = "the database was restored from a backup: this text may have left already"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. ``put_aside`` is the former file, ``None`` when there was none."""

    backup: Path
    put_aside: Path | None
    carried: int | None = None  # ledger entries carried over; None: who said STOP after the backup is not known
    cancelled: int = 0  # texts that waited to be sent
    undecided: int = 0  # calls that were not decided yet: none of them is texted automatically
    erased: int = 0  # people whose data the backup brought back, and who were forgotten again


async def restore(chosen: Path, target: Path, now_ms: int, *, owner: str) -> Restored:
    """Put a backup in the database's place. Raises :class:`BackupProblem` or ``DatabaseProblem`` before any change.

    All the care is taken on a copy beside it; the copy takes the place of the present file last, in one rename. A cut
    at any moment leaves the former file or a restored one that may be worked on, never a mere backup.
    """
    _refuse(chosen, target)
    with agent_lock(target):
        fresh = target.with_name(target.name + ".restoring")
        done = await _prepare(chosen, fresh, target, now_ms, owner)
        return replace(done, put_aside=_swap(fresh, target, now_ms))


def _refuse(chosen: Path, target: Path) -> None:
    if target.exists() and chosen.exists() and chosen.samefile(target):
        raise BackupProblem(f"{chosen} is the database itself; textback-pbx backup list shows the backups")
    if wrong := backup.damage(chosen):
        raise BackupProblem(f"{chosen} cannot be used: {wrong[0]}")


async def _prepare(chosen: Path, fresh: Path, former: Path, now_ms: int, owner: str) -> Restored:
    try:
        _copy(chosen, fresh)
        done = await _settle(Restored(chosen, None), fresh, former, now_ms, owner)
        _remove(fresh, but_itself=True)
        to_disk(fresh)
    except sqlite3.Error as error:
        _remove(fresh)
        raise BackupProblem(f"nothing was restored: {cannot_use(fresh, error)}") from error
    except BaseException:
        _remove(fresh)
        raise
    return done


def _copy(chosen: Path, fresh: Path) -> None:
    """Copy the file; what is still in its write-ahead log (of a file that was put aside) is a part of it."""
    _remove(fresh)
    fresh.touch(mode=0o600)
    give_to_owner(fresh)
    log = chosen.with_name(chosen.name + "-wal")
    if log.exists() and log.stat().st_size:
        with closing(sqlite3.connect(uri(chosen, "rw"), uri=True)) as one, closing(sqlite3.connect(fresh)) as other:
            one.backup(other)
        return
    with chosen.open("rb") as source, fresh.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1024 * 1024)


def _remove(fresh: Path, *, but_itself: bool = False) -> None:
    """Delete what a restore leaves beside the copy it works on, and what a cut has left of an earlier one."""
    for path in fresh.parent.iterdir():
        if path.name.startswith(fresh.name) and not (but_itself and path == fresh):
            path.unlink(missing_ok=True)


def _swap(fresh: Path, target: Path, now_ms: int) -> Path | None:
    """Put the copy in the present file's place, which keeps its data under another name with its write-ahead log."""
    aside = None
    if target.exists():
        aside = _free(target, now_ms)
        for ending in ("", "-wal", "-shm"):
            file = target.with_name(target.name + ending)
            if file.exists():
                _second_name(file, aside.with_name(aside.name + ending))
    for ending in ("-wal", "-shm"):  # they would be read as the new file's
        target.with_name(target.name + ending).unlink(missing_ok=True)
    fresh.replace(target)
    to_disk(target.parent)
    return aside


def _second_name(file: Path, name: Path) -> None:
    """Name a file a second time: a database is in its place at every moment. A copy where the disk has no links."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copy2(file, name)
        give_to_owner(name)
        to_disk(name)


def _free(target: Path, now_ms: int) -> Path:
    """Return a name that no file has: two restores in one second must not lose the first one's file."""
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = target.with_name(f"{target.name}.before-restore-{stamp}")
    number = 1
    while name.exists():
        number += 1
        name = target.with_name(f"{target.name}.before-restore-{stamp}-{number}")
    return name


async def _settle(what: Restored, fresh: Path, former: Path, now_ms: int, owner: str) -> Restored:
    database = await Database.open(fresh)
    try:
        async with database.read() as tx:
            if problems := await consent.verify(tx):
                raise BackupProblem(f"{what.backup} cannot be used: the consent ledger: {problems[0].what}")
        carried, erased = await _carry(database, former)
        async with database.transaction() as tx:
            cancelled = await _cancel(tx, now_ms, owner)
            undecided = int(await tx.value("SELECT count(*) FROM calls WHERE state = 'new'"))
            nudges = (
                "UPDATE nudges SET state = 'never', due_ms = NULL, rule = 'restored', reason = ? WHERE state = 'waits'"
            )
            await tx.run(nudges, (CANCELLED,))
            forgotten = await subject.erase_again(tx, erased)
            await _remember(tx, RESTORED, str(now_ms))
            await accept(tx)  # a hold that the backup was made in is over, or begins anew
            if carried is None:
                await _remember(tx, LEDGER_LOST, str(now_ms))
        return replace(what, carried=carried, cancelled=cancelled, undecided=undecided, erased=forgotten)
    finally:
        await database.close()


async def _remember(tx: Tx, key: str, value: str) -> None:
    await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


async def _cancel(tx: Tx, now_ms: int, owner: str) -> int:
    """End every text that had not left when the backup was made, each with a task: the person is called instead."""
    rows = await tx.all(
        "SELECT p.id, p.message_id, m.call_id, m.thread_id, m.number, m.line FROM parts p"
        " JOIN messages m ON m.id = p.message_id WHERE p.state IN ('queued', 'claimed') ORDER BY p.id"
    )
    for row in rows:
        await tx.run(
            "UPDATE messages SET cancelled = ? WHERE id = ? AND cancelled IS NULL", (CANCELLED, row["message_id"])
        )
        await outbox.move(tx, row["id"], Event.CANCEL, now_ms, CANCELLED)
        task = NewTask(Kind.UNKNOWN_SEND, f"message:{row['message_id']}", row["line"], CANCELLED, owner, now_ms,
                       now_ms, call_id=row["call_id"], thread_id=row["thread_id"], number=row["number"])  # fmt: skip
        await tasks.open_task(tx, task)
    return len({row["message_id"] for row in rows})


# the ledger's end --------------------------------------------------------------------------------------------


async def _carry(database: Database, former: Path) -> tuple[int | None, Collection[str]]:
    """Append what the former file's ledger has beyond the backup's; return how many entries, and who was erased.

    ``None`` when it cannot be read or trusted, or was itself held because its own end was lost.
    """
    async with database.read() as tx:
        head = await consent.head_of(tx)
    try:
        tail, whole = _tail(former, head.seq if head else 0)
        async with database.transaction() as tx:
            count = await carry_store.carry(tx, tail)
    except (sqlite3.Error, carry_store.NotItsEnd):
        return None, ()
    return count if whole else None, tail.erased


def _tail(former: Path, seq: int) -> tuple[carry_store.Tail, bool]:
    """Read the former file's entries after ``seq``, and whether they are all there were.

    Opened to be written, for its write-ahead log is a part of it and is folded into it here.
    """
    with closing(sqlite3.connect(uri(former, "rw"), uri=True)) as old:
        old.row_factory = sqlite3.Row
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        rows = {}
        for name in carry_store.TABLES:
            where, params = ("", ()) if name == "disclosures" else ("WHERE seq > ? ORDER BY seq", (seq,))
            rows[name] = [dict(row) for row in old.execute(f"SELECT * FROM {name} {where}", params)]  # noqa: S608 - our own names
        meta = {row["key"]: row["value"] for row in old.execute("SELECT key, value FROM meta")}
        kept = {key: meta[key] for key in carry_store.META if key in meta}
        return carry_store.Tail(rows, kept), LEDGER_LOST not in meta


async def accept(tx: Tx) -> bool:
    """A person has looked at what was lost: texts may leave again. False: nothing was held."""
    return bool(await tx.run("DELETE FROM meta WHERE key = ?", (LEDGER_LOST,)))
