"""``simulate modem`` starts a modem an installer can use, and says what is wrong instead of failing."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from textback_pbx.testing.modem_client import SyncModemControl

PROGRAM = [sys.executable, "-m", "textback_pbx", "simulate", "modem"]


def test_simulate_modem_runs_until_it_is_told_to_end(tmp_path):
    link, control = tmp_path / "modem", tmp_path / "control"
    options = ["--link", link, "--control", control, "--radio", "0.5", "--report", "1.5", "--number", "+15125550104"]
    with subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == f"modem ready: {link.readlink()} control: {control}\n"
        device = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(device, b"AT\r")
        os.close(device)
        with SyncModemControl(str(control)) as client:
            status = client.call("status")
            assert (status["radio_s"], status["report_s"], status["sim"]["number"]) == (0.5, 1.5, "+15125550104")
            client.call("quit")
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "nix"], "no modem model 'nix'"),
        (["--tcp", "x"], "not HOST:PORT"),
        (["--script", "{wrong}"], "was not played to its end"),
        (["--script", "{folder}/nix"], "No such file"),
    ],
)
def test_a_wrong_option_is_a_sentence(tmp_path, options, words):
    wrong = tmp_path / "wrong"
    wrong.write_text('{"do": "status"}\n\n{"do": "arm", "fault": "nix"}\n')
    options = [option.format(wrong=wrong, folder=tmp_path) for option in options]
    done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_plays_a_scene_and_tell_speaks_to_it(tmp_path):
    link, control, scene = tmp_path / "modem", tmp_path / "control", tmp_path / "scene"
    scene.write_text(
        "# a text waits, and the modem has just started by itself\n"
        '{"do": "inbound", "from": "+15125550150", "text": "STOP"}\n\n'
        '{"do": "arm", "fault": "brownout", "args": {"seconds": 0.1}}\n'
        '{"do": "sleep", "seconds": 0.2}\n'
    )
    options = ["--link", link, "--control", control, "--iccid", "8988001000000000017", "--script", scene]
    with running(options) as process:
        said = [process.stdout.readline() for _ in range(4)]
        assert said[0].startswith("modem ready: ")
        assert len(json.loads(said[1])) == 1
        assert said[2:] == ["null\n", "null\n"]
        status = tell(control, "status")
        assert json.loads(status.stdout)["storage"]["SM"]["used"] == 1
        assert json.loads(status.stdout)["sim"]["iccid"] == "8988001000000000017"
        assert tell(control, "inbound", "from=+15125550151", "text=5").returncode == 0
        assert json.loads(tell(control, '{"do": "status"}').stdout)["storage"]["SM"]["used"] == 2
        refused = tell(control, "arm", "fault=nix")
        assert (refused.returncode, "no fault 'nix'" in refused.stderr) == (1, True)
        assert tell(control, "inbound", "nonsense").returncode == 2
        assert tell(control, "quit").returncode == 0
        assert process.wait(10) == 0
    gone = tell(control, "status")
    assert (gone.returncode, "no simulator answers" in gone.stderr) == (4, True)


def test_time_can_be_moved_by_hand(tmp_path):
    options = ["--link", tmp_path / "modem", "--control", tmp_path / "control", "--manual-clock"]
    with running(options) as process:
        process.stdout.readline()
        with SyncModemControl(str(tmp_path / "control")) as client:
            before = client.call("status")["now_ms"]
            client.call("advance", seconds=86_400)
            assert client.call("status")["now_ms"] == before + 86_400_000
            client.call("quit")


@contextmanager
def running(options):
    """The program, ended in any case: a failed assertion must not wait for it."""
    with subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def tell(control, *request):
    command = [sys.executable, "-m", "textback_pbx", "simulate", "tell", str(control), *request]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
