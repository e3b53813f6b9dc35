"""``make bench``: figures as medians and ratios, each beside what it is measured against, in one run.

Not a test: nothing here fails on a slow machine. ``python -m tests.bench NAME...`` runs only those.
"""

import asyncio
import atexit
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from tests.bench.big import build
from tests.decision.support import MONDAY_10
from tests.pipeline.support import open_office, until
from textback_pbx.database import Database

ROOT = Path(__file__).parents[2]


def say(name: str, words: str) -> None:
    print(f"{name:10} {words}", flush=True)


def ami() -> None:
    """Events per second of filter, parse and fold, beside panoramisk, asterisk-ami and pyst2 on the same streams."""
    from tests.bench.ami import by_reads, rates

    rates(say)
    by_reads(say)


def flat() -> None:
    """Memory while a million events pass, in a process of its own."""
    _alone("from tests.bench.ami import memory; memory(say)")


def fuzz() -> None:
    """A million harmed blocks in any chunks: no exception, bounded memory; in a process of its own."""
    _alone("from tests.calls.fuzzing import report; report(say)")


def _alone(code: str) -> None:
    program = f"from tests.bench.__main__ import say; {code}"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def storm() -> None:
    """A minute of at least 5,000 events a second: from a real Asterisk as root, else from the simulated one."""
    from tests.bench.storm import real, simulated

    real(say) if os.geteuid() == 0 else asyncio.run(simulated(say))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def latency() -> None:
    """Hangup event on the wire -> the text on the modem, beside two durable commits alone."""
    with tempfile.TemporaryDirectory() as folder:
        commits = asyncio.run(_commits(Path(folder) / "alone.sqlite"))
        waits = asyncio.run(_waits(Path(folder)))
    two = 2 * statistics.median(commits) * 1000
    p50, p99 = statistics.median(waits) * 1000, sorted(waits)[int(len(waits) * 0.99)] * 1000
    say(
        "latency",
        f"hangup to text p50 {p50:.1f} ms, p99 {p99:.1f} ms; two commits alone {two:.1f} ms, ratio {p50 / two:.1f}",
    )


async def _commits(path: Path) -> list[float]:
    database = await Database.open(path)
    times = []
    for number in range(200):
        began = time.perf_counter()
        async with database.transaction() as tx:
            await tx.run("INSERT INTO meta VALUES (?, 'x')", (str(number),))
        times.append(time.perf_counter() - began)
    await database.close()
    return times


async def _waits(folder: Path) -> list[float]:
    waits = []
    async with open_office(folder) as office:
        for number in range(99):
            caller = f"+15125550{101 + number}"  # 0100 is the office itself
            await office.consent(caller)
            await office.call("rang_out", caller, seconds=0.0)
            began = time.monotonic()

            async def sent(count: int = number + 1) -> bool:
                return len(office.modem.smsc.submits) >= count

            await until(sent, "the text")
            waits.append(office.modem.smsc.submits[-1].monotonic_s - began)
    return waits


def start() -> None:
    """``--help``, and the memory of the agent at rest."""
    program = [sys.executable, "-m", "textback_pbx"]
    times = [_timed(lambda: subprocess.run([*program, "--help"], capture_output=True, check=True)) for _ in range(7)]
    say("start", f"--help {statistics.median(times) * 1000:.0f} ms (budget 250)")
    with tempfile.TemporaryDirectory() as folder:
        say("memory", asyncio.run(_at_rest(Path(folder))))


async def _at_rest(folder: Path) -> str:
    config = folder / "config.toml"
    config.write_text(f'[office]\nname = "Bench"\n[ami]\nport = 9\n[database]\npath = "{folder}/x.sqlite"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "textback_pbx", "run", "--config", str(config)), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    reading = asyncio.ensure_future(process.stderr.read())
    await asyncio.sleep(15)  # the first backup is made when it starts
    before = _status(process.pid)
    await asyncio.sleep(10)
    after = _status(process.pid)
    process.terminate()
    await process.wait()
    await reading
    woken = int(after["voluntary_ctxt_switches"]) - int(before["voluntary_ctxt_switches"])
    return (
        f"agent at rest {int(after['VmRSS'].split()[0]) / 1024:.0f} MB (budget 60), {woken / 10:.1f} wake-ups a second"
    )


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@cache
def big() -> Path:
    """The large database, made once for everything that needs one; it goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="textback-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    say("big", "filling 1,000,000 calls and 3,000,000 texts, about two minutes")

    async def fill() -> None:
        await (await build(folder / "big.sqlite", 1_000_000, MONDAY_10, tell=True)).close()

    asyncio.run(fill())
    return folder / "big.sqlite"


async def _on_big(work: Callable[[Database], Awaitable[None]]) -> None:
    database = await Database.open(big())
    try:
        await work(database)
    finally:
        await database.close()


def inbox() -> None:
    """Lists, searches and reports on a large database."""
    from tests.bench.inbox import measure

    big()
    asyncio.run(_on_big(lambda database: measure(database, MONDAY_10, say)))


def decide() -> None:
    """CPU of deciding one call on a large database."""
    from tests.decision.bench import measure

    big()
    asyncio.run(_on_big(measure))


def modem() -> None:
    """Queue to ``AT+CMGS``, commands a second, idle CPU and memory, beside gammu-smsd and smstools."""
    from tests.bench.modem import modem as measure

    measure(say)


def pi() -> None:
    """The agent with 128 MB and a fifth of a core through 200 calls; bytes written to the card."""
    from tests.bench.pi import measure

    measure(say)


def texts() -> None:
    """How well and how fast texts are understood, the window beside two date libraries."""
    from tests.replies.measure import main as measure

    measure()


BENCHES: dict[str, Callable[[], None]] = {
    "start": start,
    "ami": ami,
    "flat": flat,
    "fuzz": fuzz,
    "storm": storm,
    "latency": latency,
    "modem": modem,
    "inbox": inbox,
    "texts": texts,
    "decide": decide,
    "pi": pi,
}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main()
