"""As an installer would: the package, the wizard, a real Asterisk, a modem; only what the README names, timed."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.asterisk.scenarios import BY_NAME
from tests.install.roots import ENVIRONMENT, copy_of
from tests.pipeline.support import until
from textback_pbx.testing.modem_client import SyncModemControl

ROOT = Path(__file__).parents[2]
CALLER = "+15125550142"
ANSWERS = """
[office]
name = "Lakeside Plumbing"
country = "US"
timezone = "America/Chicago"
phone = "+15125550100"
[ami]
host = "{host}"
port = {port}
username = "{user}"
[modem]
port = "socket://127.0.0.1:{modem}"
[consent]
policy = "one_reply"
actor = "the owner"
[setup]
dry_run = "no"
"""


@pytest.fixture
def package():
    """The package of `make deb`."""
    found = sorted((ROOT / "dist").glob("textback-pbx_*_amd64.deb"))
    assert found, "run `make deb` first"
    return found[-1]


@pytest.fixture
def modem(tmp_path):
    control = tmp_path / "modem.sock"
    program = [sys.executable, "-m", "textback_pbx.testing.modem", "--tcp", "127.0.0.1:0", "--control", str(control)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        port = int(process.stdout.readline().partition("127.0.0.1:")[2].split()[0])
        with SyncModemControl(str(control)) as client:
            yield client, port
        process.terminate()


class Watch:
    """How long each step took."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def lap(self, what: str) -> None:
        now = time.monotonic()
        print(f"  {now - self.last:5.1f} s  {what}")
        self.last = now


async def test_from_the_package_to_the_first_text_and_its_answer(asterisk, bench, package, modem, tmp_path):
    client, port = modem
    watch = Watch()
    with copy_of("bookworm") as root:

        def inside(*words, check=True):
            done = subprocess.run(
                ["chroot", str(root), *words], env=ENVIRONMENT, capture_output=True, text=True, check=False
            )
            assert not check or done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
            return done.stdout

        (root / "tmp/package.deb").write_bytes(package.read_bytes())
        watch.lap("a clean Debian 12")
        inside("dpkg", "-i", "/tmp/package.deb")
        watch.lap("dpkg -i textback-pbx")
        answers = ANSWERS.format(host=asterisk.host, port=asterisk.port, user=asterisk.user, modem=port)
        (root / "tmp/answers.toml").write_text(answers)
        (root / "etc/textback-pbx/ami-secret").write_text(asterisk.secret)
        secret = ("--secret-file", "/etc/textback-pbx/ami-secret")
        said = inside("textback-pbx", "init", "--answers", "/tmp/answers.toml", *secret, check=False)
        assert "PASS  pbx.login" in said, said
        assert "PASS  modem.network" in said, said
        watch.lap("textback-pbx init, with its checks")
        config = root / "etc/textback-pbx/config.toml"  # the bench's phones ring for two seconds
        config.write_text(config.read_text().replace("min_ring_seconds = 3", "min_ring_seconds = 0"))
        log = (tmp_path / "log").open("wb")
        agent = await asyncio.create_subprocess_exec(
            *("chroot", str(root), "runuser", "-u", "textback", "--", "textback-pbx", "run"),
            env=ENVIRONMENT,
            stderr=log,
        )
        try:

            async def ready():
                notes = json.loads(inside("textback-pbx", "status", "--json", check=False) or "{}").get("health", [])
                bad = {note["component"] for note in notes if note["state"] == "fail"}
                seen = {note["component"] for note in notes}
                return {"modem", "clock"} <= seen and not bad

            await until(ready, "the agent works", 60)
            watch.lap("the service works, says status")
            said = inside("textback-pbx", "test-text", "+15125550177")
            assert "accepted" in said, said
            watch.lap("test-text to the installer's phone")
            await bench.run(BY_NAME["rings_out"])

            async def shown():
                return client.call("inbox", number=CALLER)

            [text] = await until(shown, "the caller's handset shows the text", 30)
            assert "Lakeside Plumbing" in str(text)
            watch.lap("a real call rings out, and the caller has the text")
            client.call("inbound", **{"from": CALLER, "text": "My boiler leaks, tomorrow after 3 please"})

            async def answered():
                return "boiler" in inside("textback-pbx", "tail", "--no-follow", "--lines", "50")

            await until(answered, "the answer is in tail", 30)
            watch.lap("the answer, in tail")
            said = inside("textback-pbx", "why", "1")
            assert "no_answer" in said, said
        finally:
            agent.terminate()
            await agent.wait()
            log.close()
    print(f"  {time.monotonic() - watch.began:5.1f} s in all")
