"""A simulated Pi: the agent as a process with 128 MB and a fifth of a core through a storm of calls; and what it writes
to the card, idle and per call.

The limits are control groups' (version 1 or 2), as systemd's MemoryMax= and CPUQuota= set them; without the right to
make one the storm is run without limits and the line says so. Bytes written are the kernel's own count for the process
(proc(5), io: write_bytes), which is what reaches the disk's queue, file system metadata apart.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.pipeline.support import CONFIG, HOURS
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import POLICIES, PolicyChoice, PolicyName
from textback_pbx.database import Database
from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.asterisk import AmiServer
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.simulated_modem import SimulatedModem

MEMORY_MB, CORE = 128, 0.2
CALLS, AT_ONCE = 200, 20
IDLE_S, CALLS_FOR_WEAR = 120.0, 50
_V1, _V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/cgroup.controllers")
Say = Callable[[str, str], None]


def measure(say: Say) -> None:
    """Run both and print what was seen."""
    asyncio.run(_storm(say))
    asyncio.run(_wear(say))


# the process -------------------------------------------------------------------------------------------------


class Pi:
    """One agent as a process, with its PBX and modem in this one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "textback.sqlite"
        self.pbx, self.modem = AmiServer(), SimulatedModem(PtyPort(folder / "modem"))
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, joined: Callable[[int], None]) -> None:
        """Write the configuration and the office's choice, start the agent, wait for its PBX."""
        await self.pbx.start(0)
        values = {"hours": HOURS, "modem": self.folder / "modem", "delay": 0, "database": self.path, "country": "US",
                  "host": "127.0.0.1", "port": self.pbx.port, "user": "textback", "secret": "secret"}  # fmt: skip
        (self.folder / "config.toml").write_text(CONFIG.format(**values))
        await self._choose()
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "textback_pbx", "run", "--config", str(self.folder / "config.toml")),
            stderr=(self.folder / "log").open("wb"),
        )
        joined(self.process.pid)
        await self.pbx.wait_login(120)

    async def _choose(self) -> None:
        database = await Database.open(self.path)
        policy = POLICIES[PolicyName.ONE_REPLY]
        choice = PolicyChoice(PolicyName.ONE_REPLY, policy.version, "bench", int(time.time() * 1000), policy.text)
        async with database.transaction() as tx:
            await consent.choose_policy(tx, choice, local_time="2026-11-20T09:00:00-06:00")
        await database.close()

    async def call(self, number: int) -> None:
        """Let one caller ring out."""
        one = Call(self.pbx.counter, f"+1512555{100 + number % 100:04d}"[:12], dialled="5001")
        SCRIPTS["rang_out"](one, seconds=0.05)
        await self.pbx.run(one)

    async def count(self, sql: str) -> int:
        """Count rows beside the agent."""
        database = await Database.open(self.path, read_only=True)
        try:
            async with database.read() as tx:
                return int(await tx.value(sql))
        finally:
            await database.close()

    async def until(self, sql: str, wanted: int, seconds: float) -> float:
        """Wait until a count is reached; return how long it took."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            while await self.count(sql) < wanted:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.2)
        return time.monotonic() - began

    def figure(self, file: str, key: str) -> int:
        """Read one number the kernel keeps of the process."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))

    async def stop(self) -> int:
        """End it; return its exit status."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(self.process.wait(), 120)
        await self.pbx.stop()
        return status


@contextmanager
def limits() -> Iterator[Callable[[int], None] | None]:
    """Give the function that puts a process under the limits; ``None`` where no group can be made."""
    name = f"textback-bench-{os.getpid()}"
    version2 = _V2.is_file()
    folders = [Path("/sys/fs/cgroup") / name] if version2 else [_V1 / name, _V1.parent / "cpu" / name]
    try:
        for folder in folders:
            folder.mkdir()
        if version2:
            (folders[0] / "memory.max").write_text(str(MEMORY_MB << 20))
            (folders[0] / "cpu.max").write_text(f"{int(CORE * 100_000)} 100000")
        else:
            (folders[0] / "memory.limit_in_bytes").write_text(str(MEMORY_MB << 20))
            (folders[1] / "cpu.cfs_quota_us").write_text(str(int(CORE * 100_000)))
    except OSError:
        yield None
    else:
        yield lambda pid: [(folder / "cgroup.procs").write_text(str(pid)) for folder in folders] and None
    finally:
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


# what is measured --------------------------------------------------------------------------------------------


async def _storm(say: Say) -> None:
    with tempfile.TemporaryDirectory() as folder, limits() as joined:
        pi = Pi(Path(folder))
        async with pi.modem:
            await pi.start(joined or (lambda _: None))
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> None:
                async with gate:
                    await pi.call(number)

            began = time.monotonic()
            await asyncio.gather(*(one(number) for number in range(CALLS)))
            over = time.monotonic() - began
            behind = await pi.until("SELECT count(*) FROM decisions", CALLS, 300)
            peak = pi.figure("status", "VmHWM") / 1024
            texts = await pi.count("SELECT count(*) FROM messages WHERE kind = 'auto'")
            status = await pi.stop()
    held = f"{MEMORY_MB} MB and {CORE:.0%} of a core" if joined else "no limits (no control group can be made here)"
    after = f"the last decision {behind:.1f} s later, {texts} texts queued, peak {peak:.0f} MB, exit status {status}"
    say("pi", f"under {held}: {CALLS} calls in {over:.0f} s, {after}")


async def _wear(say: Say) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        pi = Pi(Path(folder))
        async with pi.modem:
            await pi.start(lambda _: None)
            await asyncio.sleep(15)  # the start itself writes: the schema, the first backup
            before = pi.figure("io", "write_bytes")
            await asyncio.sleep(IDLE_S)
            idle = pi.figure("io", "write_bytes") - before
            before = pi.figure("io", "write_bytes")
            for number in range(CALLS_FOR_WEAR):
                await pi.call(number)
            await pi.until("SELECT count(*) FROM decisions", CALLS_FOR_WEAR, 120)
            await asyncio.sleep(5)
            calls = pi.figure("io", "write_bytes") - before
            await pi.stop()
    day, each = idle / IDLE_S * 86_400 / 1e6, calls / CALLS_FOR_WEAR / 1000
    say(
        "card",
        f"{day:.1f} MB a day from {IDLE_S:.0f} idle seconds (a row an hour apart), {each:.0f} kB a call with text",
    )
