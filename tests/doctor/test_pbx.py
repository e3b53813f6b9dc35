"""The doctor's look at every PBX of the configuration, from the file to the findings."""

import os
from pathlib import Path

from textback_pbx.calls import store
from textback_pbx.calls.selftest import NEEDED, Seen
from textback_pbx.clock import DAY_MS, SystemClock
from textback_pbx.config import parse
from textback_pbx.database import Database
from textback_pbx.doctor.pbx import pbx, records
from textback_pbx.findings import Level
from textback_pbx.testing.asterisk import AmiServer


def settings_of(folder: Path, *tables: str):
    text = f'[office]\nname = "x"\n[database]\npath = "{folder / "t.sqlite"}"\n' + "\n".join(tables)
    return parse(text, Path("c.toml"))


async def test_what_the_agent_has_heard_is_looked_at_too(tmp_path):
    async with AmiServer() as server:
        settings = settings_of(tmp_path, f'[ami]\nport = {server.port}\nsecret = "secret"\n')
        before = {one.check: one for one in await pbx(settings)}
        assert before["pbx.login"].level is Level.PASS
        assert before["pbx.events"].level is Level.WARN
        database = await Database.open(settings.database.path)
        async with database.transaction() as tx:
            await store.keep_seen(tx, "pbx", Seen(NEEDED, ("from-trunk",), ("from-other",), presentation=True))
        await database.close()
        after = {one.check: one for one in await pbx(settings)}
        assert after["pbx.events"].level is Level.PASS
        assert "'from-other'" in after["pbx.contexts"].says


async def test_several_are_looked_at_each_with_its_name(tmp_path):
    gone = AmiServer()
    await gone.start()
    await gone.stop()
    async with AmiServer() as server:
        settings = settings_of(
            tmp_path,
            f'[[pbx]]\nname = "main"\nport = {server.port}\nsecret = "secret"\n',
            f'[[pbx]]\nname = "branch"\nport = {gone.port}\nsecret = "secret"\n',
        )
        found = await pbx(settings)
    assert {one.says.partition(":")[0] for one in found} == {"main", "branch"}
    (failed,) = [one for one in found if one.level is Level.FAIL]
    assert failed.check == "pbx.reach"
    assert failed.says.startswith("branch: no connection to ")


async def test_a_database_that_is_none_hides_no_finding(tmp_path):
    (tmp_path / "t.sqlite").write_text("not a database, but long enough to be looked at as one" * 100)
    async with AmiServer() as server:
        found = await pbx(settings_of(tmp_path, f'[ami]\nport = {server.port}\nsecret = "secret"\n'))
    assert {one.check for one in found} >= {"pbx.reach", "pbx.login", "pbx.events"}


ROW = (
    '"","+15125550142","5001","from-trunk","","PJSIP/trunk-1","PJSIP/5001-2","Dial","PJSIP/5001",'
    '"2026-10-26 09:13:20",,"2026-10-26 09:13:40",20,0,"NO ANSWER","DOCUMENTATION","1793000000.1",""\n'
)


async def test_call_records_unnamed_missing_of_long_ago_and_readable(tmp_path, monkeypatch):
    master = tmp_path / "Master.csv"
    named = settings_of(tmp_path, f'[cdr]\ncsv = "{master}"\n')

    async def look(settings):
        [found] = await records(settings)
        assert found.check == "cdr.source"
        return found

    unnamed = await look(settings_of(tmp_path))
    assert (unnamed.level, "[cdr]" in unnamed.fix) == (Level.WARN, True)
    assert (await look(named)).level is Level.FAIL
    master.write_text(ROW)
    assert (await look(named)).level is Level.PASS
    os.utime(master, (1_793_000_000, 1_793_000_000))
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: 1_793_000_000_000 + 9 * DAY_MS)
    assert "9 days ago" in (await look(named)).says


async def test_what_root_reads_and_the_agents_user_may_not(tmp_path, monkeypatch):
    master = tmp_path / "Master.csv"
    master.write_text(ROW)

    async def refused(path):
        return path != str(master)

    monkeypatch.setattr("textback_pbx.doctor.pbx._agent_may_read", refused)
    [found] = await records(settings_of(tmp_path, f'[cdr]\ncsv = "{master}"\n'))
    assert (found.level, "adduser textback" in found.fix) == (Level.FAIL, True)


async def test_two_pbxs_records_are_told_apart(tmp_path):
    text = '[[pbx]]\nname = "main"\nport = 1\n', '[[pbx]]\nname = "branch"\nport = 2\n'
    assert [one.says.partition(":")[0] for one in await records(settings_of(tmp_path, *text))] == ["main", "branch"]
