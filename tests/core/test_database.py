"""The storage promises: one writer, all or nothing, a lock, and words for every way a file can be unusable."""

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from textback_pbx import database as module
from textback_pbx.database import Database, DatabaseProblem
from textback_pbx.database_file import agent_runs


async def test_the_promises_hold_after_open(database):
    async with database.read() as tx:
        assert await tx.value("PRAGMA journal_mode") == "wal"
        assert await tx.value("PRAGMA synchronous") == 2
        assert await tx.value("PRAGMA foreign_keys") == 1
    assert stat.S_IMODE(database.path.stat().st_mode) == 0o600


async def test_a_file_that_others_could_read_is_made_private(tmp_path):
    path = tmp_path / "open.sqlite"
    path.touch(mode=0o644)
    await (await Database.open(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_failing_block_leaves_nothing(database):
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await tx.run("INSERT INTO meta VALUES ('a', '1')")
            raise RuntimeError
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM meta") == 0


@pytest.mark.fault(48)
@pytest.mark.parametrize("turns", range(25))
async def test_cancelled_at_any_await_is_all_or_nothing_and_never_joined(database, turns):
    async def work():
        async with database.transaction() as tx:
            await tx.run("INSERT INTO meta VALUES ('a', '1')")
            await tx.run("INSERT INTO meta VALUES ('b', '2')")

    task = asyncio.ensure_future(work())
    for _ in range(turns):
        await asyncio.sleep(0 if turns < 15 else 0.0005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not database._connection.in_transaction
    async with database.transaction() as tx:
        await tx.run("INSERT INTO meta VALUES ('next', '3')")
    async with database.read() as tx:
        keys = {row["key"] for row in await tx.all("SELECT key FROM meta")}
    assert keys in ({"next"}, {"a", "b", "next"})


@pytest.mark.fault(47)
async def test_a_second_agent_is_refused_with_words(tmp_path):
    first = await Database.open(tmp_path / "x.sqlite", exclusive=True)
    with pytest.raises(DatabaseProblem, match="another agent already works"):
        await Database.open(tmp_path / "x.sqlite", exclusive=True)
    await first.close()
    await (await Database.open(tmp_path / "x.sqlite", exclusive=True)).close()


@pytest.mark.fault(12)
async def test_half_a_migration_leaves_the_old_schema_whole(tmp_path, monkeypatch):
    path = tmp_path / "x.sqlite"
    await (await Database.open(path)).close()
    good = module.migrations()
    broken = "CREATE TABLE half (x);\nCREATE TABLE half (x);"
    monkeypatch.setattr(module, "migrations", lambda: [*good, broken])
    with pytest.raises(DatabaseProblem):
        await Database.open(path)
    monkeypatch.setattr(module, "migrations", lambda: good)
    opened = await Database.open(path)
    async with opened.read() as tx:
        assert await tx.value("SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == 0
        assert await tx.value("PRAGMA user_version") == len(good)
    await opened.close()


@pytest.mark.fault(12)
async def test_an_older_program_refuses_a_newer_file(tmp_path):
    path = tmp_path / "x.sqlite"
    await (await Database.open(path)).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version=99")
    raw.close()
    for read_only in (False, True):
        with pytest.raises(DatabaseProblem, match="schema version 99"):
            await Database.open(path, read_only=read_only)


@pytest.mark.fault(17)
async def test_a_damaged_file_is_refused_with_the_way_back(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"this is no database at all" * 200)
    with pytest.raises(DatabaseProblem, match="restore the newest backup"):
        await Database.open(path)


@pytest.mark.fault(49)
async def test_a_folder_or_a_device_is_refused_and_left_as_it_is(tmp_path):
    mode = tmp_path.stat().st_mode
    for path in (tmp_path, Path("/dev/null"), Path(), tmp_path / "a\0b"):
        with pytest.raises(DatabaseProblem, match=r"database\.path"):
            await Database.open(path, exclusive=True)
    assert tmp_path.stat().st_mode == mode
    assert list(tmp_path.iterdir()) == []


async def test_a_name_that_looks_like_a_query_is_only_a_name(tmp_path):
    path = tmp_path / "a?mode=ro#b%41.sqlite"
    await (await Database.open(path)).close()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DatabaseProblem, match="make the folder first"):
        await Database.open(tmp_path / "nowhere" / "x.sqlite")


async def test_read_only_never_writes(tmp_path):
    path = tmp_path / "x.sqlite"
    await (await Database.open(path)).close()
    opened = await Database.open(path, read_only=True)
    with pytest.raises(sqlite3.OperationalError):
        async with opened.transaction() as tx:
            await tx.run("INSERT INTO meta VALUES ('a', '1')")
    await opened.close()


@pytest.mark.fault(12)
async def test_an_upgrade_copies_the_file_first_and_keeps_what_was_in_it(tmp_path, monkeypatch):
    path = tmp_path / "x.sqlite"
    opened = await Database.open(path)
    async with opened.transaction() as tx:
        await tx.run("INSERT INTO meta (key, value) VALUES ('kept', 'yes')")
    await opened.close()
    good = module.migrations()
    monkeypatch.setattr(module, "migrations", lambda: [*good, "CREATE TABLE later (x);"])
    newer = await Database.open(path)
    async with newer.read() as tx:
        assert await tx.value("SELECT value FROM meta WHERE key = 'kept'") == "yes"
        assert await tx.value("PRAGMA user_version") == len(good) + 1
    await newer.close()
    copy = tmp_path / f"x.sqlite.version-{len(good)}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    raw = sqlite3.connect(copy)
    assert raw.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone() == ("yes",)
    assert raw.execute("PRAGMA user_version").fetchone() == (len(good),)
    raw.close()
    await (await Database.open(path)).close()
    assert [p.name for p in tmp_path.glob("x.sqlite.version-*")] == [copy.name]


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes files for another user")
async def test_what_root_makes_belongs_to_the_folders_owner(tmp_path):
    os.chown(tmp_path, 1234, 1234)
    await (await Database.open(tmp_path / "x.sqlite", exclusive=True)).close()
    assert {p.stat().st_uid for p in tmp_path.iterdir()} == {1234}


async def test_whether_an_agent_runs_is_seen_without_taking_its_lock(tmp_path):
    path = tmp_path / "x.sqlite"
    assert not agent_runs(path)
    opened = await Database.open(path, exclusive=True)
    assert agent_runs(path)
    assert not agent_runs(tmp_path / "y.sqlite")
    await opened.close()
    assert not agent_runs(path)


def test_two_programs_that_open_an_old_file_at_once_upgrade_it_once(tmp_path):
    """The loser was told to check the disk, and an agent that lost was not started again."""
    import multiprocessing

    path = tmp_path / "x.sqlite"
    with multiprocessing.get_context("spawn").Pool(3, initializer=_ready) as pool:
        for version in (1, 2):
            assert pool.map(_upgrade, [(path, version)] * 3) == [""] * 3
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT x FROM later").fetchall() == [(1,)]
    raw.close()
    [copy] = tmp_path.glob("x.sqlite.version-*")
    raw = sqlite3.connect(copy)
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    raw.close()


def _ready():
    from textback_pbx import database_file

    assert database_file


def _upgrade(what):
    from textback_pbx.database_file import bring_up_to_date

    path, version = what
    sqlite3.connect(path).close()
    first = "CREATE TABLE first (x); INSERT INTO first VALUES (1);"
    try:
        bring_up_to_date(path, [first, "CREATE TABLE later (x); INSERT INTO later SELECT x FROM first;"][:version])
    except (sqlite3.Error, DatabaseProblem) as error:
        return str(error)
    return ""
