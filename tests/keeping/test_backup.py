"""A copy is whole or it is not there; it is made while the agent writes; nobody else can read it."""

import asyncio
import errno
import os
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from tests.keeping.support import ANNA, T0, call, opened, queue_text, say
from textback_pbx.consent.ledger import Event
from textback_pbx.keeping import backup
from textback_pbx.keeping.backup import BackupProblem
from textback_pbx.keeping.rotation import Keep

DAY = 86_400_000


async def test_a_copy_is_private_whole_and_holds_what_was_committed(database, tmp_path):
    await say(database, Event.GRANTED, ANNA)
    await queue_text(database, await call(database, "a"))
    made = backup.make(database.path, tmp_path / "copies", T0)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert await backup.verify(made.path) == []
    assert backup.found_in(tmp_path / "copies") == [made]
    async with opened(made.path) as copy, copy.read() as tx:
        assert await tx.value("SELECT count(*) FROM parts") == 1


async def test_a_copy_is_made_beside_a_writer_and_is_one_moment(database, tmp_path):
    """Each transaction writes a pair; a copy that is no snapshot would hold a half."""
    stop = asyncio.Event()

    async def write():
        n = 0
        while not stop.is_set():
            async with database.transaction() as tx:
                await tx.insert("INSERT INTO meta (key, value) VALUES (?, 'x')", (f"left {n}",))
                await tx.insert("INSERT INTO meta (key, value) VALUES (?, 'x')", (f"right {n}",))
            n += 1
        return n

    async with asyncio.TaskGroup() as group:
        writer = group.create_task(write())
        copies = [await asyncio.to_thread(backup.make, database.path, tmp_path / "c", T0 + n * 1000) for n in range(5)]
        stop.set()
    assert writer.result() > 5
    for copy in copies:
        with sqlite3.connect(copy.path) as raw:
            left, right = (raw.execute("SELECT count(*) FROM meta WHERE key LIKE ?", (f"{side}%",)).fetchone()[0]
                           for side in ("left", "right"))  # fmt: skip
        raw.close()
        assert left == right


async def test_what_was_erased_is_not_in_the_copys_bytes(database, tmp_path):
    async with database.transaction() as tx:
        await tx.run("INSERT INTO meta (key, value) VALUES ('k', 'a very private word')")
    async with database.transaction() as tx:
        await tx.run("DELETE FROM meta WHERE key = 'k'")
    made = backup.make(database.path, tmp_path / "copies", T0)
    assert b"private word" not in made.path.read_bytes()


async def test_a_damaged_copy_is_named(database, tmp_path):
    await say(database, Event.GRANTED, ANNA)
    made = backup.make(database.path, tmp_path, T0)
    data = bytearray(made.path.read_bytes())
    data[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    made.path.write_bytes(data)
    assert await backup.verify(made.path)


async def test_a_ledger_changed_in_the_copy_is_named(database, tmp_path):
    await say(database, Event.REVOKED, ANNA)
    made = backup.make(database.path, tmp_path, T0)
    with sqlite3.connect(made.path) as raw:
        raw.execute("DROP TRIGGER consent_no_update")
        raw.execute("UPDATE consent SET actor = 'somebody else'")
    raw.close()
    assert any("ledger" in one for one in await backup.verify(made.path))


async def test_a_cut_leaves_no_file_that_looks_like_a_backup(database, tmp_path, monkeypatch):
    def cut(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(backup, "to_disk", cut)
    with pytest.raises(BackupProblem, match="Input/output error"):
        backup.make(database.path, tmp_path / "copies", T0)
    assert list((tmp_path / "copies").iterdir()) == []


async def test_what_a_power_cut_left_half_written_is_removed_by_the_next(database, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "textback-20260101T000000Z.sqlite.partial").write_bytes(b"half")
    (folder / "notes.txt").write_text("somebody's")
    backup.make(database.path, folder, T0)
    assert sorted(p.suffix for p in folder.iterdir()) == [".sqlite", ".txt"]


async def test_no_room_and_no_folder_are_said_with_what_to_do(database, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupProblem, match=r"backup\.folder"):
        backup.make(database.path, tmp_path / "file", T0)
    monkeypatch.setattr(backup, "_RESERVE", 1 << 60)
    with pytest.raises(BackupProblem, match="MB are needed"):
        backup.make(database.path, tmp_path / "copies", T0)
    with pytest.raises(BackupProblem, match="cannot use the database"):
        monkeypatch.setattr(backup, "_RESERVE", 0)
        (tmp_path / "no.sqlite").write_bytes(b"no database at all, but long enough to be read" * 30)
        backup.make(tmp_path / "no.sqlite", tmp_path / "copies", T0)


async def test_rotation_deletes_only_backups(database, tmp_path):
    folder = tmp_path / "copies"
    made = [backup.make(database.path, folder, T0 + n * DAY) for n in range(12)]
    (folder / "customers.sqlite").write_text("somebody's")
    dropped = backup.rotate(folder, Keep(days=3, weeks=0, months=0))
    assert dropped == [one.path for one in reversed(made[:-3])]
    assert (folder / "customers.sqlite").exists()
    assert len(backup.found_in(folder)) == 3


@pytest.fixture
def other_disk():
    """A folder on another file system than the tests' own."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


async def test_a_stick_that_is_not_mounted_gets_no_copy_on_the_card_in_its_stead(database, tmp_path, other_disk):
    if other_disk.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    stick = tmp_path / "usb"
    stick.symlink_to(other_disk)  # mounted
    backup.make(database.path, stick / "textback", T0)
    backup.make(database.path, stick, T0 + 1000)
    stick.unlink()
    with pytest.raises(BackupProblem, match=r"there is no folder .*usb; plug the stick in"):
        backup.make(database.path, stick / "textback", T0 + DAY)
    assert not stick.exists()
    stick.mkdir()  # the mount point alone
    for folder in (stick, stick / "textback"):
        with pytest.raises(BackupProblem, match="another disk and is on the database's own now; plug the stick in"):
            backup.make(database.path, folder, T0 + DAY)
    assert list(stick.iterdir()) == []
    stick.rmdir()
    stick.symlink_to(other_disk)
    backup.make(database.path, stick, T0 + DAY)


async def test_a_folder_that_the_services_own_walls_close_is_named_with_the_way_to_open_it(
    database, tmp_path, monkeypatch
):
    def closed(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", closed)
    with pytest.raises(BackupProblem, match="ReadWritePaths"):
        backup.make(database.path, tmp_path / "copies", T0)
