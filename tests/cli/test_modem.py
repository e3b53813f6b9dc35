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
