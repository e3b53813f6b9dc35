"""``simulate modem`` starts a modem an installer can use, and says what is wrong instead of failing."""

import os
import subprocess
import sys

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
    ("options", "words"), [(["--model", "nix"], "no modem model 'nix'"), (["--tcp", "x"], "not HOST:PORT")]
)
def test_a_wrong_option_is_a_sentence(options, words):
    done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
