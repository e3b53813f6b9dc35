"""Every command of ``--help`` on an empty database, without one, without a configuration, on a damaged file."""

import importlib
import sqlite3
import sys

import pytest
import typer
from typer.testing import CliRunner

from textback_pbx.cli.app import COMMANDS, app
from textback_pbx.database import migrations

DONE, NO, USAGE, SETUP, PEER = range(5)  # as textback_pbx/cli/__init__.py has them
NUMBER = "+15125550142"
CONFIG = """
[office]
name = "Lakeside Plumbing"
timezone = "America/Chicago"
phone = "+15125550100"
[ami]
port = 1
secret = "secret"
[modem]
port = "{folder}/no-modem"
[database]
path = "{folder}/textback.sqlite"
"""
#: What each command is asked, and how it ends on an empty database.
ASKED: dict[str, tuple[list[str], int]] = {
    "config check": ([], DONE),
    "config show": ([], DONE),
    "status": ([], NO),
    "tail": (["--no-follow"], DONE),
    "test-text": ([NUMBER, "--wait", "0"], PEER),
    "doctor": (["--only", "database"], DONE),
    "why": (["7"], NO),
    "decide": (["--from", NUMBER], DONE),
    "calls list": ([], DONE),
    "calls show": (["7"], NO),
    "threads list": ([], DONE),
    "threads show": ([NUMBER], NO),
    "threads search": (["boiler"], NO),
    "threads book": ([NUMBER, "--from", "2026-11-24T09:00"], NO),
    "threads correct": ([NUMBER, "name", "Alpha"], NO),
    "threads canned": ([], DONE),
    "threads reply": ([NUMBER, "See you at 9."], NO),
    "threads note": ([NUMBER, "called"], NO),
    "threads status": ([NUMBER, "closed"], NO),
    "threads close": ([NUMBER], NO),
    "contacts list": ([], DONE),
    "contacts show": ([NUMBER], NO),
    "contacts add": ([NUMBER, "--name", "Alpha Example"], DONE),
    "contacts remove": (["7"], NO),
    "contacts import": (["{folder}/people.csv", "--customer", "known"], DONE),
    "contacts export": ([], DONE),
    "tasks list": ([], DONE),
    "tasks show": (["7"], NO),
    "tasks done": (["7"], NO),
    "tasks drop": (["7"], NO),
    "tasks reopen": (["7"], NO),
    "tasks assign": (["7", "office"], NO),
    "routes list": ([], DONE),
    "routes test": (["burst pipe in 78704"], DONE),
    "people list": ([], DONE),
    "people away": (["kim"], NO),
    "people back": (["kim"], NO),
    "people absences": ([], DONE),
    "notify list": ([], DONE),
    "notify show": (["7"], NO),
    "notify retry": ([], DONE),
    "notify test": (["crm"], NO),
    "consent grant": ([NUMBER, "--source", "form"], DONE),
    "consent revoke": ([NUMBER], DONE),
    "consent show": ([NUMBER], DONE),
    "consent import": (["{folder}/people.csv"], DONE),
    "consent export": ([], DONE),
    "consent verify": ([], DONE),
    "consent access": ([NUMBER], DONE),
    "consent erase": ([NUMBER, "--yes"], DONE),
    "limits show": ([], DONE),
    "limits reset": ([], DONE),
    "limits forget": ([NUMBER], NO),
    "consent policy show": ([], DONE),
    "consent policy choose": (["recorded", "--yes"], DONE),
    "templates preview": ([], DONE),
    "templates lint": ([], DONE),
    "outbox list": ([], DONE),
    "outbox show": (["7"], NO),
    "outbox resolve": (["7", "--was-sent"], NO),
    "modem status": ([], NO),
    "modem probe": ([], PEER),
    "modem allow-pin": ([], DONE),
    "report": ([], DONE),
    "backup now": ([], DONE),
    "backup list": ([], DONE),
    "backup verify": ([], NO),
    "restore": (["--yes"], NO),
    "purge": (["--dry-run"], DONE),
    "calendar export": ([], DONE),
    "export": (["calls"], DONE),
    "clock trust": (["--actor", "test"], DONE),
}
#: They read no configuration, or (run, see test_run.py) serve until they are stopped.
OTHERS = {"demo", "run", "calls replay", "templates list", "replies classify", "modem list"}
OTHERS |= {"simulate pbx", "simulate modem", "simulate tell", "init", "support-bundle"}
#: They need a configuration and no database.
NO_DATABASE = {
    "routes list",
    "threads canned",
    "notify test",
    "config check",
    "config show",
    "templates preview",
    "templates lint",
    "modem status",
    "modem probe",
}
NO_DATABASE |= {"doctor", "backup list", "backup verify", "restore"}
EACH = pytest.mark.parametrize("command", sorted(ASKED))


def commands_of(name, command):
    inner = getattr(command, "commands", None)
    if not inner:
        return {name}
    return {leaf for sub, child in inner.items() for leaf in commands_of(f"{name} {sub}", child)}


@pytest.fixture
def office(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "people.csv").write_text("number,basis,source\n+15125550142,express_written,form\n")
    return tmp_path


@pytest.fixture
def ask(office, monkeypatch):
    """Run a command in this process; return its result, which no exception but an exit may have ended."""
    monkeypatch.delenv("TEXTBACK_PBX_CONFIG", raising=False)

    def run(command, *, config="config.toml"):
        words = [word.format(folder=office) for word in ASKED.get(command, ([], 0))[0]]  # none for "... --help"
        line = [*command.split(), *words, *(["--config", str(office / config)] if config else [])]
        monkeypatch.setattr(sys, "argv", ["textback-pbx", *line])
        result = CliRunner().invoke(app, line, prog_name="textback-pbx")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    return run


def make_database(folder):
    path = folder / "textback.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        for number, script in enumerate(migrations(), start=1):
            raw.executescript(f"{script}\nPRAGMA user_version={number};")
    raw.close()
    return path


def damage(path):
    """Overwrite the first page of every table but the schema's own."""
    with sqlite3.connect(path) as raw:
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        roots = [row[0] for row in raw.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 1")]
    raw.close()
    with path.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)


def test_every_command_is_asked_here():
    found = set()
    for name, (module, _) in COMMANDS.items():
        found |= commands_of(name, typer.main.get_command(importlib.import_module(f"textback_pbx.cli.{module}").app))
    assert found == set(ASKED) | OTHERS


@EACH
def test_on_an_empty_database(office, ask, command):
    make_database(office)
    result = ask(command)
    assert result.exit_code == ASKED[command][1], result.output
    assert result.output.strip() or command == "consent export"


@pytest.mark.fault(49)
@pytest.mark.parametrize("command", sorted({*ASKED, "run"}))
def test_without_a_configuration(office, ask, command):
    result = ask(command, config="nowhere.toml")
    assert result.exit_code == SETUP
    assert "nowhere.toml cannot be used" in result.output
    assert "cannot be read: No such file or directory; name another with --config" in result.output


@pytest.mark.fault(49)
@EACH
def test_with_a_wrong_configuration(office, ask, command):
    (office / "wrong.toml").write_text('[office]\nnam = "x"\n[ami]\nport = 0\n')
    result = ask(command, config="wrong.toml")
    assert result.exit_code == SETUP
    for words in ("line 2: office.nam: no such key; did you mean 'name'?", "line 4: ami.port:"):
        assert words in result.output


@EACH
def test_without_a_database(ask, command):
    """A reading command says that there is none yet; a writing one makes it."""
    result = ask(command)
    assert result.exit_code in {ASKED[command][1], SETUP}, result.output
    assert result.output.strip() or command == "consent export"


@pytest.mark.fault(17)
@pytest.mark.parametrize("command", sorted(set(ASKED) - NO_DATABASE))
def test_on_a_damaged_database(office, ask, command):
    damage(make_database(office))
    result = ask(command)
    assert result.exit_code == SETUP, result.output
    assert "restore the newest backup" in result.output


@pytest.mark.parametrize("command", sorted({*ASKED, *OTHERS}))
def test_its_help_can_be_read_and_shows_an_example(ask, command):
    result = ask(f"{command} --help", config=None)
    assert result.exit_code == DONE, result.output
    assert f"textback-pbx {command}" in " ".join(result.output.split())
    assert "Example:" in result.output
