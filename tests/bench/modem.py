"""The modem: how long a text waits in the queue, beside gammu-smsd and smstools; commands a second; idle CPU; memory.

Each works on a simulated modem of its own, all at once, with the same text and the same radio time: they mostly wait.
What is measured is the time from "the text is in the queue" (committed, or its file is in place) to ``AT+CMGS`` on the
wire; both ends read the same monotonic clock. Whoever is not installed is left out, with a word.
"""

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import serial

from tests.testing.witnesses import Bench, daemon, modem_process
from textback_pbx.clock import SystemClock
from textback_pbx.database import Database
from textback_pbx.modem.lines import Command
from textback_pbx.modem.profile import Timing
from textback_pbx.modem.session import Session
from textback_pbx.nudge import nudge
from textback_pbx.outbox.store import NewMessage, enqueue

CALLER = "+15125550150"
TEXT = "Sorry we missed your call. Reply with your street and what is wrong; we call within 1 hour."
RADIO_S = 0.5
IDLE_S = 15.0
COMMANDS = 3_000

#: Puts one text into the queue and returns when it was there (monotonic seconds).
Put = Callable[[], float]


@dataclass(frozen=True)
class Contender:
    """A program that sends texts. ``start`` yields how to queue one, and its processes."""

    name: str
    program: str
    texts: int
    start: Callable[[Bench, Path], "Iterator[tuple[Put, list[int]]]"]


@dataclass(frozen=True)
class Measured:
    """What one contender did. Times in seconds, memory in MB, CPU in milliseconds a minute."""

    waits: list[float]
    cpu_ms: float
    memory_mb: float


def modem(say: Callable[[str, str], None]) -> None:
    """Measure every contender and say the figures."""
    for one in CONTENDERS:
        if _where(one.program) is None:
            say("modem", f"{one.name}: not installed, left out")
    here = [one for one in CONTENDERS if _where(one.program) is not None]
    with ThreadPoolExecutor(len(here)) as pool:
        found = dict(zip((one.name for one in here), pool.map(_measure, here), strict=True))
    for name, measured in found.items():
        waits = sorted(measured.waits)
        p50, p99 = statistics.median(waits) * 1_000, waits[int(len(waits) * 0.99)] * 1_000
        told = f"{len(waits)} texts, queue to AT+CMGS p50 {p50:,.1f} ms, p99 {p99:,.1f} ms"
        say("modem", f"{name}: {told}; idle CPU {measured.cpu_ms:,.0f} ms a minute, memory {measured.memory_mb:.1f} MB")
    ours = statistics.median(found[CONTENDERS[0].name].waits)
    for name, measured in list(found.items())[1:]:
        say("modem", f"{name} / ours: {statistics.median(measured.waits) / ours:,.0f} times as long in the queue")
    say("modem", _commands())


def _where(program: str) -> str | None:
    return program if "/" in program else shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _measure(one: Contender) -> Measured:
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            modem_process(folder, "--radio", str(RADIO_S)) as bench,
            contextmanager(one.start)(bench, folder) as (put, pids),
        ):
            waits = []
            for _ in range(one.texts):
                time.sleep(RADIO_S + rng.random())  # the text before is off the air
                waits.append(_wait_of(bench, put))
            before = _cpu_s(pids)
            time.sleep(IDLE_S)
            return Measured(waits, (_cpu_s(pids) - before) * 60_000 / IDLE_S, _memory_mb(pids))


def _wait_of(bench: Bench, put: Put) -> float:
    done = len(bench.control.submits())
    queued = put()
    end = time.monotonic() + 60
    while len(bench.control.submits()) <= done:
        assert time.monotonic() < end, "the text was not sent"
        time.sleep(0.02)
    lines = bench.control.call("journal", kind="command")
    asked = [entry for entry in lines if entry["detail"]["line"].startswith("AT+CMGS=")][-1]
    return float(asked["monotonic_s"]) - queued


# the contenders ----------------------------------------------------------------------------------------------


def _ours(bench: Bench, folder: Path) -> Iterator[tuple[Put, list[int]]]:
    path, config = folder / "office.sqlite", folder / "config.toml"
    config.write_text(
        f'[office]\nname = "Bench"\n[ami]\nport = 9\n[database]\npath = "{path}"\n'
        f'[modem]\nport = "{bench.link}"\nseconds_between_texts = 0\ntexts_per_hour = 1000\ntexts_per_day = 1000\n'
    )
    command = [sys.executable, "-m", "textback_pbx", "run", "--config", str(config)]
    with daemon(command, folder / "agent.out") as process, asyncio.Runner() as runner:
        _until_said(bench, "AT+COPS?")
        database = runner.run(Database.open(path))
        try:
            yield lambda: runner.run(_put(database)), [process.pid]
        finally:
            runner.run(database.close())


async def _put(database: Database) -> float:
    now_ms = time.time_ns() // 1_000_000
    text = NewMessage("test", "office", CALLER, TEXT, (TEXT,), "gsm7", now_ms, now_ms + 3_600_000)
    async with database.transaction() as tx:
        await enqueue(tx, text, now_ms)
    queued = time.monotonic()
    nudge(database.path)
    return queued


def _gammu(*extra: str) -> Callable[[Bench, Path], Iterator[tuple[Put, list[int]]]]:
    def start(bench: Bench, folder: Path) -> Iterator[tuple[Put, list[int]]]:
        settings = folder / "smsdrc"
        own = [f"[gammu]\ndevice = {bench.link}\nconnection = at115200\n[smsd]\nservice = files", *extra]
        for name, where in _GAMMU_FOLDERS.items():
            (folder / where).mkdir()
            own.append(f"{name}path = {folder}/{where}/")
        settings.write_text("\n".join(own) + "\n")
        inject = ["gammu-smsd-inject", "-c", str(settings), "TEXT", CALLER, "-text", TEXT]

        def put() -> float:
            subprocess.run(inject, capture_output=True, check=True)
            return time.monotonic()

        with daemon(["gammu-smsd", "-c", settings], folder / "smsd.out") as process:
            _until_said(bench, "AT+CPMS?", "AT+CSQ")
            yield put, [process.pid]

    return start


_GAMMU_FOLDERS = {"inbox": "inbox", "outbox": "outbox", "sentsms": "sent", "errorsms": "errors"}


def _smstools(*extra: str) -> Callable[[Bench, Path], Iterator[tuple[Put, list[int]]]]:
    def start(bench: Bench, folder: Path) -> Iterator[tuple[Put, list[int]]]:
        names = ("outgoing", "checked", "incoming", "failed", "sent")
        for name in names:
            (folder / name).mkdir()
        general = ["devices = GSM1", *extra, *(f"{name} = {folder}/{name}" for name in names)]
        general += [f"{name} = {folder}/smsd.{name}" for name in ("logfile", "infofile", "pidfile")]
        own = ["[GSM1]", f"device = {bench.link}", "baudrate = 115200", "incoming = yes", "rtscts = no"]
        (folder / "smsd.conf").write_text("\n".join(general + own) + "\n")
        count = iter(range(1_000))

        def put() -> float:
            (folder / "writing").write_text(f"To: {CALLER.removeprefix('+')}\n\n{TEXT}\n")
            (folder / "writing").rename(folder / "outgoing" / f"text{next(count)}")
            return time.monotonic()

        program = _where("smsd")
        assert program is not None
        with daemon([program, "-t", "-c", folder / "smsd.conf"], folder / "smsd.out") as process:
            _until_said(bench, "AT+CPMS?", "AT+CPMS=", "AT+CMGL", "AT+CSQ")
            yield put, [process.pid]

    return start


def _until_said(bench: Bench, *words: str) -> None:
    """Wait until a program has set the modem up."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        lines = [entry["detail"]["line"] for entry in bench.control.call("journal", kind="command")]
        if any(line.startswith(words) for line in lines):
            time.sleep(2.0)
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody said {words}")


CONTENDERS = (
    Contender("textback-pbx", sys.executable, 40, _ours),
    Contender("gammu-smsd, its defaults", "gammu-smsd", 4, _gammu()),
    Contender("gammu-smsd, commtimeout = 1", "gammu-smsd", 20, _gammu("commtimeout = 1")),
    Contender("smstools, its defaults", "smsd", 8, _smstools()),
    Contender("smstools, delaytime = 1", "smsd", 20, _smstools("delaytime = 1")),
)


# the machine -------------------------------------------------------------------------------------------------


def _family(pids: list[int]) -> list[int]:
    """The processes and their children."""
    found = list(pids)
    for pid in found:
        with_children = Path(f"/proc/{pid}/task/{pid}/children")
        found += [int(child) for child in with_children.read_text().split() if int(child) not in found]
    return found


def _cpu_s(pids: list[int]) -> float:
    """The processor time so far, of every thread, in the scheduler's nanoseconds."""
    files = [file for pid in _family(pids) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def _memory_mb(pids: list[int]) -> float:
    """Proportional set size: what is shared counts by its share."""
    total = 0
    for pid in _family(pids):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1_024


# commands a second -------------------------------------------------------------------------------------------


def _commands() -> str:
    with tempfile.TemporaryDirectory() as name, modem_process(Path(name)) as bench:
        bare = statistics.median(_bare(bench) for _ in range(3))
        ours = statistics.median(asyncio.run(_driver(bench)) for _ in range(3))
    return (
        f"{ours:,.0f} commands a second through the driver, {bare:,.0f} through a loop of pyserial's read_until "
        f"(the same simulated modem answers both): ratio {ours / bare:.1f}"
    )


async def _driver(bench: Bench) -> float:
    session = Session("bench", SystemClock(), Timing(), lambda _: None, lambda: None)
    await session.open(str(bench.link), 115_200)
    await session.command(Command("ATE0", bare=True))
    query = Command("AT+CSQ", ("+CSQ",))
    began = time.perf_counter()
    for _ in range(COMMANDS):
        assert (await session.command(query)).ok
    rate = COMMANDS / (time.perf_counter() - began)
    session.close()
    return rate


def _bare(bench: Bench) -> float:
    with serial.Serial(str(bench.link), 115_200, timeout=5) as port:
        port.write(b"\x1b\rATE0\r")
        time.sleep(0.2)
        port.reset_input_buffer()
        began = time.perf_counter()
        for _ in range(COMMANDS):
            port.write(b"AT+CSQ\r")
            answer = port.read_until(b"\r\nOK\r\n")
            assert answer.endswith(b"OK\r\n")
        return COMMANDS / (time.perf_counter() - began)
