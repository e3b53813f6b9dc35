"""``modem`` on the command line, against a simulated modem in a process of its own."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def simulated(tmp_path):
    link = tmp_path / "modem"
    process = subprocess.Popen(
        [sys.executable, "-m", "textback_pbx.testing.modem", "--link", str(link), "--model", "quectel_ec25"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "modem ready" in process.stdout.readline()
    yield str(link)
    process.terminate()
    process.wait()
    process.stdout.close()


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "textback_pbx", "modem", *arguments], capture_output=True, text=True, check=False
    )


def test_status_and_probe_of_a_modem_that_works(simulated, tmp_path):
    shown = run("status", "--port", simulated, "--json")
    assert shown.returncode == 0, shown.stderr
    (health,) = json.loads(shown.stdout)
    assert (health["problem"], health["profile"], health["network"]["registered"]) == ("none", "quectel_ec25", True)
    assert "registered" in run("status", "--port", simulated).stdout
    transcript = tmp_path / "probe.txt"
    probed = run("probe", "--port", simulated, "--transcript", str(transcript))
    assert probed.returncode == 0, probed.stderr
    assert 'models = ["EC25"]' in probed.stdout
    assert "> AT+CNMI=?" in transcript.read_text()
    written = tmp_path / "mine.toml"
    assert run("probe", "--port", simulated, "--draft", str(written)).returncode == 0
    assert 'models = ["EC25"]' in written.read_text()
    assert health["imei"] not in transcript.read_text()


def test_no_modem_is_told_without_a_traceback(tmp_path):
    for command in ("status", "probe"):
        shown = run(command, "--port", str(tmp_path / "nowhere"))
        assert shown.returncode in (1, 4)
        assert "is the stick plugged in" in shown.stdout + shown.stderr
        assert "Traceback" not in shown.stderr


def test_list_says_something_on_any_machine():
    assert run("list").returncode == 0
    assert set(json.loads(run("list", "--json").stdout)) == {"ports", "unusable", "modem_manager"}


def test_several_modems_are_asked_by_name(simulated, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        f'[office]\nname = "x"\n[database]\npath = "{tmp_path}/t.sqlite"\n[modem]\nport = "{simulated}"\n'
        f'[[modems]]\nname = "spare"\nport = "{tmp_path}/nowhere"\n'
    )
    both = run("status", "--config", str(config), "--json")
    assert both.returncode == 1
    assert [(one["name"], one["severity"]) for one in json.loads(both.stdout)] == [("modem", "ok"), ("spare", "fail")]
    one = run("status", "--config", str(config), "--modem", "modem")
    assert one.returncode == 0
    assert "spare" not in one.stdout
    wrong = run("status", "--config", str(config), "--modem", "third")
    assert wrong.returncode == 1
    assert "there are: modem, spare" in wrong.stderr


def test_beside_an_agent_its_notes_are_shown_with_their_figures(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        f'[office]\nname = "x"\n[database]\npath = "{tmp_path}/t.sqlite"\n[modem]\nport = "/dev/nowhere"\n'
    )
    script = """
import asyncio, sys
from pathlib import Path
from textback_pbx.clock import SystemClock
from textback_pbx.database import Database
from textback_pbx.health import Board, State

async def main():
    database = await Database.open(Path(sys.argv[1]), exclusive=True)
    board = Board(SystemClock())
    board.note("modem", State.FAIL, "no SIM is in the modem. What to do: put one in", {"signal_dbm": -77, "resets": 0})
    await board.save(database)
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(tmp_path / "t.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        try:
            assert agent.stdout.readline() == "ready\n"
            shown = run("status", "--config", str(config))
            listed = json.loads(run("status", "--config", str(config), "--json").stdout)
        finally:
            agent.kill()
    assert shown.returncode == 1
    assert "modem: fail: no SIM is in the modem. What to do: put one in" in shown.stdout
    assert "signal dbm         -77" in shown.stdout
    assert "resets" not in shown.stdout
    assert (listed[0]["modem"], listed[0]["detail"]["signal_dbm"]) == ("modem", -77)
