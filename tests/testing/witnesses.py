"""Programs nobody here wrote, started against the simulated modem as a process of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from textback_pbx.testing.modem_client import SyncModemControl

SIM_NUMBER = "+15125550100"


def need(program: str) -> str:
    """Return the program's path; without it the test is skipped, or fails where the witnesses are demanded."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        word = f"{program} is missing: run tests/witnesses.sh as root"
        if os.environ.get("TEXTBACK_PBX_WITNESSES") == "1":
            pytest.fail(word)
        pytest.skip(word)
    return found


@dataclass(frozen=True)
class Bench:
    """A simulated modem in another process: its stable link, and its control channel."""

    link: Path
    control: SyncModemControl


@contextmanager
def modem_process(folder: Path, *options: str) -> Iterator[Bench]:
    link, socket = folder / "modem", folder / "control.sock"
    command = [sys.executable, "-m", "textback_pbx.testing.modem", "--link", link, "--control", socket, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("modem ready: "), line
            with SyncModemControl(str(socket)) as control:
                yield Bench(link, control)
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def daemon(command: list[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def until(condition: Callable[[], object], seconds: float = 30) -> object:
    """Wait for another program's effect on the file system."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def run(*command: str | Path, seconds: float = 30) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
