"""An office in a clean Debian: the package installed, a PBX and a modem to talk to, and the wizard's configuration."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.install.roots import ENVIRONMENT, SUITES, copy_of
from textback_pbx.testing.modem_client import SyncModemControl

ROOT = Path(__file__).parents[2]
OLD, NEW = "0.0.9", "0.1.0"
CONFIG = "etc/textback-pbx/config.toml"
ANSWERS = """
[office]
name = "Lakeside Plumbing"
country = "US"
timezone = "America/Chicago"
phone = "+15125550100"
owner = "front desk"
[lines]
dialled = ["5001"]
[ami]
port = {pbx}
[modem]
port = "socket://127.0.0.1:{modem}"
[consent]
policy = "recorded"
actor = "the owner"
[setup]
dry_run = "no"
"""


@dataclass
class Office:
    """One installed office; `root` is its Debian."""

    suite: str
    root: Path
    packages: dict[str, Path]
    modem: SyncModemControl
    pbx_port: int
    modem_port: int
    undo: list[tuple[Path, bytes]] = field(default_factory=list)

    def run(self, *command: str, user: str = "root", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root or as the agent's user."""
        words = command if user == "root" else ("runuser", "-u", user, "--", *command)
        done = subprocess.run(
            ["chroot", str(self.root), *words], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def install(self, version: str) -> str:
        """Install or upgrade to a version; return what apt printed."""
        target = self.root / "tmp" / self.packages[version].name
        target.write_bytes(self.packages[version].read_bytes())
        done = self.run("apt-get", "-qy", "install", f"/tmp/{target.name}")
        return done.stdout + done.stderr

    def wizard(self) -> str:
        """Run the wizard from a script, as its first user does: as root."""
        (self.root / "tmp/answers.toml").write_text(ANSWERS.format(pbx=self.pbx_port, modem=self.modem_port))
        (self.root / "etc/textback-pbx/ami-secret").write_text("secret\n")
        words = ("init", "--answers", "/tmp/answers.toml", "--secret-file", "/etc/textback-pbx/ami-secret", "--force")
        done = self.run("textback-pbx", *words, check=False)
        assert "Next:" in done.stdout, done.stdout + done.stderr
        return done.stdout

    def doctor(self, *parts: str) -> dict[str, dict[str, str]]:
        """Run the doctor as the agent's user; return its findings by check."""
        only = [word for part in parts for word in ("--only", part)]
        done = self.run("textback-pbx", "doctor", "--json", *only, user="textback", check=False)
        assert done.stdout.startswith("["), done.stdout + done.stderr
        return {one["check"]: one for one in json.loads(done.stdout)}

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file inside, until :meth:`mend`."""
        file = self.root / path
        before = file.read_bytes()
        self.undo.append((file, before))
        assert old.encode() in before, f"{old!r} is not in {path}"
        file.write_bytes(before.replace(old.encode(), new.encode(), 1))

    def mend(self) -> None:
        """Put every changed file back."""
        while self.undo:
            file, before = self.undo.pop()
            file.write_bytes(before)


@contextmanager
def peers(folder: Path) -> Iterator[tuple[SyncModemControl, int, int]]:
    """A simulated PBX and a simulated modem as processes of their own, on the loopback both Debians share."""
    control = folder / "modem.sock"
    commands = (
        ["textback_pbx.testing.asterisk", "--port", "0"],
        ["textback_pbx.testing.modem", "--tcp", "127.0.0.1:0", "--control", str(control)],
    )
    started = [
        subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for words in commands
    ]
    try:
        ready = [str(one.stdout.readline()) for one in started if one.stdout]
        ports = [int(re.search(r"127\.0\.0\.1:(\d+)", line)[1]) for line in ready]  # type: ignore[index]
        with SyncModemControl(str(control)) as modem:
            yield modem, ports[0], ports[1]
    finally:
        for one in started:
            one.terminate()
            one.wait(10)
            if one.stdout:
                one.stdout.close()


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> dict[str, Path]:
    """The package as it is, and the same tree under an older version's number."""
    out = tmp_path_factory.mktemp("packages")
    built = {}
    for version in (OLD, NEW):
        environment = {**os.environ, "TEXTBACK_PBX_DEB_VERSION": version}
        command = [sys.executable, str(ROOT / "hardware/debian/build.py"), "--out", str(out)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        built[version] = Path(done.stdout.split()[-1])
    return built


@pytest.fixture(scope="module", params=sorted(SUITES))
def office(request, packages, tmp_path_factory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("peers")
    with peers(folder) as (modem, pbx_port, modem_port), copy_of(request.param) as root:
        yield Office(request.param, root, packages, modem, pbx_port, modem_port)
