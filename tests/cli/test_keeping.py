"""What an admin types in a hurry: a purge with a wrong clock; and a terminal without colours."""

import asyncio
import sys

import pytest
from typer.testing import CliRunner

from tests.keeping.support import T0, call, opened
from textback_pbx.cli import common, purge
from textback_pbx.cli.app import app, main
from textback_pbx.clock import DAY_MS
from textback_pbx.keeping import backup
from textback_pbx.pipeline import keep

CONFIG = '[office]\nname = "Lakeside"\n[database]\npath = "{folder}/t.sqlite"\n'


@pytest.fixture
def typed(tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text(CONFIG.format(folder=tmp_path))

    def run(*words, **more):
        words = [*words, "--config", str(tmp_path / "c.toml")]
        monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
        return CliRunner().invoke(app, words, prog_name="textback-pbx", **more)

    return run


@pytest.mark.parametrize(("synchronised", "left"), [(False, 1), (True, 0)])
def test_a_clock_years_ahead_does_not_delete_the_offices_memory(typed, tmp_path, monkeypatch, synchronised, left):
    async def fill():
        async with opened(tmp_path / "t.sqlite") as database:
            await call(database, "a")
            async with database.transaction() as tx:
                await tx.run("INSERT INTO meta (key, value) VALUES (?, ?)", (keep.LAST_SEEN, str(T0)))

    async def calls():
        async with opened(tmp_path / "t.sqlite") as database, database.read() as tx:
            return await tx.value("SELECT count(*) FROM calls")

    asyncio.run(fill())
    for module in (common, purge):
        monkeypatch.setattr(module, "now_ms", lambda: T0 + 3650 * DAY_MS)
    monkeypatch.setattr(keep, "synchronised", lambda: synchronised)
    result = typed("purge")
    assert asyncio.run(calls()) == left
    assert (result.exit_code, "timedatectl" in result.output) == ((0, False) if synchronised else (3, True))


@pytest.mark.parametrize(("asked", "environment", "terminal", "is_plain"), [
    (False, {}, True, False), (True, {}, True, True), (False, {"NO_COLOR": "1"}, True, True), (False, {}, False, True),
])  # fmt: skip
def test_colours_only_on_a_terminal_where_nobody_has_said_no(monkeypatch, asked, environment, terminal, is_plain):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert common.plain(no_color=asked) is is_plain


@pytest.mark.parametrize("words", [("backup", "list"), ("backup", "verify"), ("restore", "--yes")])
def test_who_forgot_sudo_gets_words_and_no_traceback(tmp_path, monkeypatch, capsys, words):
    (tmp_path / "c.toml").write_text(CONFIG.format(folder=tmp_path))

    def closed(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(backup, "found_in", closed)
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words, "--config", str(tmp_path / "c.toml")])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 3
    assert "sudo" in capsys.readouterr().err
