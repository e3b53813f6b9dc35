"""The restore drill: whatever the backup shows as waiting may have happened since."""

import asyncio
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.keeping.support import ANNA, BERT, CARL, T0, call, opened, opted_out, queue_text, say
from textback_pbx import subject
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event
from textback_pbx.database import RESTORED, DatabaseProblem, agent_lock
from textback_pbx.keeping import backup
from textback_pbx.keeping import restore as restoring
from textback_pbx.keeping.backup import BackupProblem
from textback_pbx.keeping.restore import LEDGER_LOST, restore

LATER = T0 + 3_600_000


async def back(made, path):
    return await restore(made.path, path, LATER, owner="front desk")


async def all_of(path, sql):
    async with opened(path) as database, database.read() as tx:
        return [tuple(row) for row in await tx.all(sql)]


async def test_a_text_that_waited_is_not_sent_again_and_becomes_a_task(database, tmp_path):
    await queue_text(database, await call(database, "a"))
    made = backup.make(database.path, tmp_path / "copies", T0)
    await database.close()
    done = await back(made, database.path)
    assert done.cancelled == 1
    assert await all_of(database.path, "SELECT state FROM parts") == [("cancelled",)]
    assert await all_of(database.path, "SELECT kind, number, owner, state FROM tasks") == [
        ("unknown_send", ANNA, "front desk", "open")
    ]
    assert await all_of(database.path, f"SELECT value FROM meta WHERE key = '{RESTORED}'") == [(str(LATER),)]


async def test_what_people_said_since_the_backup_is_carried_over(database, tmp_path):
    await say(database, Event.GRANTED, ANNA)
    await say(database, Event.REVOKED, BERT)
    await say(database, Event.GRANTED, CARL)
    made = backup.make(database.path, tmp_path / "copies", T0)
    await say(database, Event.REVOKED, ANNA, T0 + 1)
    await say(database, Event.GRANTED, BERT, T0 + 2, basis=Basis.RESUBSCRIBE)
    async with database.transaction() as tx:
        await consent.erase(tx, CARL, at_ms=T0 + 3, local_time="x", actor="office", source="letter")
    await database.close()
    done = await back(made, database.path)
    assert done.carried == 3
    async with opened(database.path) as now:
        assert (await opted_out(now, ANNA), await opted_out(now, BERT)) == (True, False)
        async with now.read() as tx:
            assert await consent.verify(tx) == []
            assert await tx.value("SELECT count(*) FROM consent_private WHERE number = ?", (CARL,)) == 0
            assert await tx.value("SELECT value FROM meta WHERE key = ?", (LEDGER_LOST,)) is None


async def test_without_the_former_ledger_all_texts_are_held(database, tmp_path):
    await say(database, Event.GRANTED, ANNA)
    made = backup.make(database.path, tmp_path / "copies", T0)
    await say(database, Event.REVOKED, ANNA, T0 + 1)
    await database.close()
    size = database.path.stat().st_size
    database.path.write_bytes(b"\xff" * size)
    done = await back(made, database.path)
    assert done.carried is None
    assert await all_of(database.path, f"SELECT value FROM meta WHERE key = '{LEDGER_LOST}'") == [(str(LATER),)]


async def test_another_offices_ledger_is_not_mixed_in(database, tmp_path):
    await say(database, Event.GRANTED, ANNA)
    made = backup.make(database.path, tmp_path / "copies", T0)
    await database.close()
    other = tmp_path / "other.sqlite"
    async with opened(other) as theirs:
        await say(theirs, Event.REVOKED, BERT)
        await say(theirs, Event.REVOKED, CARL)
    assert (await back(made, other)).carried is None
    async with opened(other) as now, now.read() as tx:
        assert await consent.verify(tx) == []
        assert await tx.value("SELECT count(*) FROM consent") == 1


async def test_the_former_file_is_put_aside_whole_and_never_deleted(database, tmp_path):
    made = backup.make(database.path, tmp_path / "copies", T0)
    await call(database, "after the backup")
    await database.close()
    done = await back(made, database.path)
    assert await all_of(done.put_aside, "SELECT call_key FROM calls") == [("after the backup",)]
    assert await all_of(database.path, "SELECT call_key FROM calls") == []


async def test_a_crashed_agents_write_ahead_log_goes_with_its_file(database, tmp_path):
    made = backup.make(database.path, tmp_path / "copies", T0)
    await call(database, "only in the log")
    crashed = tmp_path / "crashed" / "textback.sqlite"
    crashed.parent.mkdir()
    for ending in ("", "-wal", "-shm"):
        shutil.copy(database.path.with_name(database.path.name + ending), crashed.with_name(crashed.name + ending))
    done = await back(made, crashed)
    assert await all_of(done.put_aside, "SELECT call_key FROM calls") == [("only in the log",)]


async def test_nothing_is_changed_while_an_agent_works_or_when_the_backup_is_damaged(database, tmp_path):
    made = backup.make(database.path, tmp_path / "copies", T0)
    await call(database, "now")
    with agent_lock(database.path), pytest.raises(DatabaseProblem, match="another agent"):
        await back(made, database.path)
    made.path.write_bytes(made.path.read_bytes()[:5000])
    with pytest.raises(BackupProblem, match="cannot be used"):
        await back(made, database.path)
    assert await all_of(database.path, "SELECT call_key FROM calls") == [("now",)]


async def test_onto_a_new_card(database, tmp_path):
    await queue_text(database, await call(database, "a"))
    made = backup.make(database.path, tmp_path / "copies", T0)
    done = await back(made, tmp_path / "new.sqlite")
    assert (done.put_aside, done.carried, done.cancelled) == (None, None, 1)


async def test_a_cut_before_the_end_leaves_the_former_file_and_never_a_mere_backup(database, tmp_path, monkeypatch):
    """A backup that stood in the database's place unsettled would send what it shows as waiting a second time."""
    await queue_text(database, await call(database, "a"))
    made = backup.make(database.path, tmp_path / "copies", T0)
    async with database.transaction() as tx:
        await tx.run("UPDATE parts SET state = 'accepted', modem = 'a', tp_mr = 1")
    await database.close()

    async def cut(*_):
        raise asyncio.CancelledError

    for step in ("_carry", "_cancel", "_remember"):
        with monkeypatch.context() as patched:
            patched.setattr(restoring, step, cut)
            with pytest.raises(asyncio.CancelledError):
                await back(made, database.path)
        assert await all_of(database.path, "SELECT state FROM parts") == [("accepted",)], step
        assert not list(tmp_path.glob("*restoring*")), step


async def test_a_full_disk_restores_nothing_and_says_so(database, tmp_path, monkeypatch):
    made = backup.make(database.path, tmp_path / "copies", T0)
    await call(database, "now")
    await database.close()

    async def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(restoring, "_cancel", full)
    with pytest.raises(BackupProblem, match=r"nothing was restored.*free some room"):
        await back(made, database.path)
    assert await all_of(database.path, "SELECT call_key FROM calls") == [("now",)]


async def test_who_was_erased_since_the_backup_does_not_come_back(database, tmp_path):
    """Also a caller who never had an entry in the ledger: the fingerprint finds the number in every table."""
    await say(database, Event.GRANTED, BERT)
    for key, number in (("a", ANNA), ("b", BERT), ("c", CARL)):
        await queue_text(database, await call(database, key, caller=number), number=number)
    made = backup.make(database.path, tmp_path / "copies", T0)
    async with database.transaction() as tx:
        for number in (ANNA, BERT):
            await subject.erase(tx, number, at_ms=T0 + 3, local_time="x", actor="office")
    await database.close()
    done = await back(made, database.path)
    assert (done.carried, done.erased) == (2, 2)
    assert await all_of(database.path, "SELECT number FROM messages WHERE number LIKE '+%'") == [(CARL,)]
    held = database.path.read_bytes()
    assert (ANNA.encode() in held, BERT.encode() in held, CARL.encode() in held) == (False, False, True)


async def test_a_hold_for_a_lost_ledger_outlives_a_second_restore(database, tmp_path):
    """The present file of the second one has a ledger that continues the backup's; it lacks what the first one lost."""
    await say(database, Event.GRANTED, ANNA)
    made = backup.make(database.path, tmp_path / "copies", T0)
    await database.close()
    fresh = tmp_path / "fresh.sqlite"
    assert (await back(made, fresh)).carried is None
    assert (await back(made, fresh)).carried is None
    held = f"SELECT count(*) FROM meta WHERE key = '{LEDGER_LOST}'"
    assert await all_of(fresh, held) == [(1,)]
    async with opened(fresh) as now, now.transaction() as tx:
        await restoring.accept(tx)
    assert (await back(made, fresh)).carried == 0
    assert await all_of(fresh, held) == [(0,)]


async def test_from_an_older_file_to_the_newer_one_holds_nothing(database, tmp_path):
    """An admin who took the wrong backup first; and two restores in one second lose no file."""
    await say(database, Event.GRANTED, ANNA)
    made = backup.make(database.path, tmp_path / "copies", T0)
    await say(database, Event.REVOKED, BERT, T0 + 1)
    await database.close()
    there = tmp_path / "there.sqlite"
    await back(made, there)
    async with opened(there) as now, now.transaction() as tx:
        await restoring.accept(tx)
    first = await restore(database.path, there, LATER, owner="front desk")
    second = await back(made, there)
    assert (first.carried, second.carried) == (0, 1)
    assert first.put_aside != second.put_aside
    assert first.put_aside.exists()
    async with opened(there) as now:
        assert await opted_out(now, BERT)


async def test_a_file_with_a_write_ahead_log_is_restored_whole(database, tmp_path):
    made = backup.make(database.path, tmp_path / "copies", T0)
    await call(database, "only in the log")
    crashed = tmp_path / "crashed.sqlite"
    for ending in ("", "-wal"):
        shutil.copy(database.path.with_name(database.path.name + ending), crashed.with_name(crashed.name + ending))
    await restore(crashed, tmp_path / "new.sqlite", LATER, owner="front desk")
    assert await all_of(tmp_path / "new.sqlite", "SELECT call_key FROM calls") == [("only in the log",)]
    assert made.path.exists()


async def test_another_programs_file_and_the_database_itself_are_refused_with_words(database, tmp_path):
    await call(database, "now")
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as theirs:
        theirs.executescript("CREATE TABLE songs (a); PRAGMA user_version = 1")
    assert await backup.verify(other) == ["it is no database of textback-pbx"]
    for wrong, words in ((other, "no database of textback-pbx"), (database.path, "the database itself")):
        with pytest.raises(BackupProblem, match=words):
            await restore(wrong, database.path, LATER, owner="front desk")
    assert await all_of(database.path, "SELECT call_key FROM calls") == [("now",)]
