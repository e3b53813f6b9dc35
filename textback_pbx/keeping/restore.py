"""Come back from a backup without texting anybody twice, or anybody who has said STOP since.

A backup is a moment in the past. What it shows as queued may have left since; a call it has not decided may have been
texted since; a STOP that came since is not in it. So: the agent must be stopped; the present file is put aside, never
deleted; what waited to be sent is cancelled and becomes a task; calls from before the restore are never texted
automatically (rule ``restored``); and the end of the consent ledger is carried over from the present file when it
continues the backup's chain. When that file cannot be read, all texts are held until a person has looked.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from textback_pbx.consent import carry_store
from textback_pbx.database import RESTORED, Database, Tx, agent_lock
from textback_pbx.database_file import give_to_owner
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
    carried: int | None = None  # ledger entries carried over; None: the former file's ledger could not be read
    cancelled: int = 0  # texts that waited to be sent
    undecided: int = 0  # calls that were not decided yet: none of them is texted automatically


async def restore(chosen: Path, target: Path, now_ms: int, *, owner: str) -> Restored:
    """Put a backup in the database's place. Raises :class:`BackupProblem` or ``DatabaseProblem`` before any change."""
    wrong = await backup.verify(chosen)
    if wrong:
        raise BackupProblem(f"{chosen} cannot be used: {wrong[0]}")
    with agent_lock(target):
        fresh = target.with_name(target.name + ".restoring")
        _copy(chosen, fresh)
        aside = _put_aside(target, now_ms)
        fresh.replace(target)
        to_disk(target.parent)
        return await _settle(Restored(chosen, aside), target, now_ms, owner)


def _copy(chosen: Path, fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    give_to_owner(fresh)
    with chosen.open("rb") as source, fresh.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1024 * 1024)
    to_disk(fresh)


def _put_aside(target: Path, now_ms: int) -> Path | None:
    """Rename the present file with its write-ahead log: together they are its last moment."""
    if not target.exists():
        return None
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = target.with_name(f"{target.name}.before-restore-{stamp}")
    for ending in ("-wal", "-shm", ""):
        file = target.with_name(target.name + ending)
        if file.exists():
            file.rename(aside.with_name(aside.name + ending))
    return aside


async def _settle(what: Restored, target: Path, now_ms: int, owner: str) -> Restored:
    database = await Database.open(target)
    try:
        carried = await _carry(database, what.put_aside)
        async with database.transaction() as tx:
            cancelled = await _cancel(tx, now_ms, owner)
            undecided = int(await tx.value("SELECT count(*) FROM calls WHERE state = 'new'"))
            nudges = (
                "UPDATE nudges SET state = 'never', due_ms = NULL, rule = 'restored', reason = ? WHERE state = 'waits'"
            )
            await tx.run(nudges, (CANCELLED,))
            await _remember(tx, RESTORED, str(now_ms))
            if carried is None:
                await _remember(tx, LEDGER_LOST, str(now_ms))
        return replace(what, carried=carried, cancelled=cancelled, undecided=undecided)
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


async def _carry(database: Database, aside: Path | None) -> int | None:
    """Append what the former file's ledger has beyond the backup's; ``None`` when it cannot be read or trusted."""
    if aside is None:
        return None
    async with database.read() as tx:
        head = await carry_store.head(tx)
    try:
        tail = _tail(aside, head.seq if head else 0)
        async with database.transaction() as tx:
            return await carry_store.carry(tx, tail)
    except (sqlite3.Error, carry_store.NotItsEnd):
        return None


def _tail(aside: Path, seq: int) -> carry_store.Tail:
    """Read the former file's entries after ``seq``. Writable, for its write-ahead log is a part of it."""
    with closing(sqlite3.connect(aside)) as old:
        old.row_factory = sqlite3.Row
        rows = {}
        for name in carry_store.TABLES:
            where, params = ("", ()) if name == "disclosures" else ("WHERE seq > ? ORDER BY seq", (seq,))
            rows[name] = [dict(row) for row in old.execute(f"SELECT * FROM {name} {where}", params)]  # noqa: S608 - our own names
        meta = {row["key"]: row["value"] for row in old.execute("SELECT key, value FROM meta")}
        return carry_store.Tail(rows, {key: meta[key] for key in carry_store.META if key in meta})


async def accept(tx: Tx) -> bool:
    """A person has looked at what was lost: texts may leave again. False: nothing was held."""
    return bool(await tx.run("DELETE FROM meta WHERE key = ?", (LEDGER_LOST,)))
