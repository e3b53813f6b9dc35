"""The checks of the machine itself, each planted fault named with its fix."""

import sqlite3
from pathlib import Path

from tests.keeping.support import opened
from textback_pbx.config import parse
from textback_pbx.doctor import host
from textback_pbx.doctor.run import examine
from textback_pbx.findings import Level, passed


def settings_at(folder: Path):
    return parse(f'[office]\nname = "x"\n[database]\npath = "{folder / "t.sqlite"}"\n', Path("c.toml"))


async def test_a_folder_that_is_not_there(tmp_path):
    [found] = await host.disk(settings_at(tmp_path / "none"))
    assert (found.level, found.check) == (Level.FAIL, "disk.folder")
    assert "install -d" in found.fix


async def test_a_damaged_database_is_found_and_the_way_back_named(tmp_path, database):
    await database.close()
    settings = settings_at(tmp_path)
    path = settings.database.path
    path.write_bytes(database.path.read_bytes())
    assert [f.level for f in await host.database(settings)] == [Level.PASS]
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    found = await host.database(settings)
    assert found[0].level is Level.FAIL
    assert "restore" in found[0].fix


async def test_a_database_of_another_version_is_refused_with_words(tmp_path):
    settings = settings_at(tmp_path)
    with sqlite3.connect(settings.database.path) as other:
        other.execute("PRAGMA user_version = 999")
    [found] = await host.database(settings)
    assert found.level is Level.FAIL
    assert "999" in found.says


async def test_a_check_that_hangs_hides_no_other(tmp_path, monkeypatch):
    async def hangs(_):
        raise TimeoutError

    async def fine(_):
        return [passed("b", "fine")]

    found = [one async for one in examine(settings_at(tmp_path), {"a": hangs, "b": fine})]
    assert [(one.check, one.level) for one in found] == [("a", Level.FAIL), ("b", Level.PASS)]


async def test_a_check_that_fails_in_an_unthought_of_way_hides_no_other():
    async def closed(_settings):
        raise PermissionError(13, "Permission denied", "/mnt/usb/textback")

    async def broken(_settings):
        raise ZeroDivisionError("by zero")

    async def sound(_settings):
        return [passed("sound", "yes")]

    found = [one async for one in examine(None, {"a": closed, "b": broken, "c": sound})]
    assert [(one.check, one.level) for one in found] == [("a", Level.FAIL), ("b", Level.FAIL), ("sound", Level.PASS)]
    assert "/mnt/usb/textback" in found[0].says
    assert "sudo" in found[0].fix


async def test_a_former_file_that_nothing_erases_is_named(tmp_path):
    settings = settings_at(tmp_path)
    path = settings.database.path
    async with opened(path):
        pass
    assert [one.check for one in await host.database(settings)] == ["database.whole"]
    for ending in (".before-restore-20261026T083320Z", ".before-restore-20261026T083320Z-wal", ".version-1"):
        path.with_name(path.name + ending).touch()
    _, found = await host.database(settings)
    assert (found.level, found.says.count("before-restore"), "version-1" in found.says) == (Level.WARN, 1, True)
    assert "rm" in found.fix
