"""The service: what systemd is told, a reload that changes nothing when the file is wrong, the log's fields."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from textback_pbx import journal, service, systemd
from textback_pbx.clock import SystemClock
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.database import Database
from textback_pbx.health import Board, State
from textback_pbx.pipeline.loop import insist
from textback_pbx.service import STUCK_S, Service, well

UNIT = Path(__file__).parents[2] / "hardware" / "systemd" / "textback-pbx.service"


@pytest.fixture
def systemd_listens(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "notify"))
        there.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield there


async def until(condition):
    """Wait, in real time, until a process's own loop has done something."""
    async with asyncio.timeout(30):
        while not (found := condition()):  # noqa: ASYNC110 - the service has no event a test may wait for
            await asyncio.sleep(0.005)
    return found


def heard(there):
    found = []
    while True:
        try:
            found.append(there.recv(4096).decode())
        except BlockingIOError:
            return found


def test_without_systemd_nothing_is_sent_and_nothing_fails(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not systemd.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not systemd.notify("READY=1")


@pytest.mark.fault(46)
async def test_the_watchdog_is_fed_three_times_in_its_span_and_not_while_a_step_hangs(systemd_listens, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    answers = ["works"]
    fed = asyncio.ensure_future(systemd.feed(lambda: answers[0]))
    seen = await until(lambda: heard(systemd_listens))
    assert seen[0].splitlines() == ["WATCHDOG=1", "STATUS=works"]
    answers[0] = None
    heard(systemd_listens)
    await asyncio.sleep(0.1)  # three spans: the absence of a word can only be waited for
    assert heard(systemd_listens) == []
    fed.cancel()


@pytest.mark.parametrize("pid", ["1", "abc"])
def test_a_watchdog_for_another_process_is_not_ours(monkeypatch, pid):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert systemd.watchdog_s() is None
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert systemd.watchdog_s() == 30.0


@pytest.mark.fault(46)
async def test_a_step_that_hangs_starves_the_watchdog_and_a_full_disk_does_not(clock):
    board = Board(clock)
    hang = asyncio.Event()
    stuck = asyncio.ensure_future(insist(hang.wait, clock=clock, board=board))
    await asyncio.sleep(0)
    await clock.advance(STUCK_S - 1)
    assert well(board, clock) == "works"
    await clock.advance(2)
    assert well(board, clock) is None
    hang.set()
    await stuck
    assert well(board, clock) == "works"
    board.note("modem", State.WARN, "the signal\nis weak")
    board.note("disk", State.FAIL, "full")
    assert well(board, clock) == "disk: full"


def settings_of(folder, *, name="Lakeside Plumbing", database="t.sqlite"):
    return parse(f'[office]\nname = "{name}"\n[ami]\nport = 1\n[database]\npath = "{folder / database}"\n', Path("c"))


async def running(folder, answers):
    """Run a service that reads its configuration from ``answers``; return it, its task and the database."""
    database = await Database.open(folder / "t.sqlite", exclusive=True)

    def read():
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    service = Service(database, settings_of(folder), SystemClock(), read=read)
    task = asyncio.ensure_future(service.run())
    await until(lambda: service._board.get("clock"))
    return service, task, database


async def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one_with_words(tmp_path):
    answers = [ConfigProblem(Path("c.toml"), ["line 3: office.name: missing"])]
    service, task, database = await running(tmp_path, answers)
    try:
        first = service._board
        service.reload()
        assert service._board is first
        assert first.get("config").state is State.WARN
        assert "line 3" in first.get("config").message
        answers[0] = settings_of(tmp_path, database="elsewhere.sqlite")
        service.reload()
        assert "restart" in first.get("config").message
        assert service._board is first
        answers[0] = settings_of(tmp_path, name="Another Name")
        service.reload()
        await until(lambda: service._board is not first and service._board.get("clock"))
        assert service._settings.office.name == "Another Name"
        assert service._board.get("config").state is State.OK
    finally:
        service.stop()
        await task
        await database.close()


@pytest.mark.parametrize("numbers", [(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM), (signal.SIGINT,)])
async def test_a_signal_that_comes_while_the_database_is_opened_is_not_the_end_by_default(
    tmp_path, monkeypatch, numbers
):
    before = {number: signal.signal(number, lambda *_: None) for number in set(numbers)}
    asked = []

    async def slow(_database):
        for number in numbers:
            os.kill(os.getpid(), number)
        await asyncio.sleep(0)

    monkeypatch.setattr(service, "_refuse_damage", slow)
    read = lambda: asked.append(1) or settings_of(tmp_path)  # noqa: E731 - one line says it
    try:
        async with asyncio.timeout(30):
            await service.serve(settings_of(tmp_path), SystemClock(), read=read)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert bool(asked) == (signal.SIGHUP in numbers)


async def test_a_storm_of_reloads_ends_with_the_last_configuration_and_one_agent(tmp_path):
    answers = [settings_of(tmp_path)]
    service, task, database = await running(tmp_path, answers)
    try:
        for n in range(200):
            answers[0] = settings_of(tmp_path, name=f"Office {n}")
            service.reload()
            await asyncio.sleep(0 if n % 3 else 0.002)
        await until(lambda: service._board.get("clock") and not service._stop.is_set())
        assert service._settings.office.name == "Office 199"
        assert not task.done()
    finally:
        service.stop()
        await task
        await database.close()


# the journal -------------------------------------------------------------------------------------------------


def record(text, **keys):
    made = logging.getLogger("textback_pbx.test").makeRecord(
        "textback_pbx.test", logging.WARNING, __file__, 1, text, (), None, extra=journal.about(**keys)
    )
    return journal.datagram(made, made.getMessage())


def test_a_line_carries_its_calls_key():
    assert record("call 12: no answer", call=12).splitlines() == [
        b"MESSAGE=call 12: no answer", b"PRIORITY=4", b"SYSLOG_IDENTIFIER=textback-pbx", b"LOGGER=textback_pbx.test",
        b"TEXTBACK_CALL=12",
    ]  # fmt: skip


def test_a_callers_newline_cannot_add_a_field():
    raw = record("name\nTEXTBACK_CALL=666\nMESSAGE=forged")
    assert raw.startswith(b"MESSAGE\n" + len(b"name\nTEXTBACK_CALL=666\nMESSAGE=forged").to_bytes(8, "little"))


def test_a_journal_that_is_gone_does_not_stop_the_agent(tmp_path, capsys):
    handler = journal.JournalHandler(tmp_path / "nobody")
    handler.handle(logging.makeLogRecord({"msg": "still here", "levelno": logging.INFO, "name": "x"}))
    handler.close()
    assert "still here" in capsys.readouterr().err


def test_the_journal_gets_what_is_logged(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "socket"))
        handler = journal.JournalHandler(tmp_path / "socket")
        handler.handle(logging.makeLogRecord({"msg": "hello", "levelno": logging.INFO, "name": "x"}))
        handler.close()
        assert b"MESSAGE=hello\nPRIORITY=6\n" in there.recv(4096)


# the unit ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/usr/bin/systemd-analyze").exists(), reason="no systemd here to judge the unit")
def test_the_units_exposure_is_at_most_two():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_unit_allows_what_the_agent_does():
    text = UNIT.read_text()
    assert "Type=notify" in text
    assert "adjtimex" in text
    assert "ProtectClock=yes" not in text  # it forbids asking the kernel whether the clock is synchronised
    assert "RestartPreventExitStatus=3" in text


def test_the_agent_as_a_process_says_ready_reloads_on_hup_and_stops_on_term(tmp_path, systemd_listens):
    config = tmp_path / "config.toml"
    config.write_text(f'[office]\nname = "x"\n[ami]\nport = 1\n[database]\npath = "{tmp_path / "t.sqlite"}"\n')
    systemd_listens.setblocking(True)
    systemd_listens.settimeout(30)
    agent = subprocess.Popen(
        [sys.executable, "-m", "textback_pbx", "run", "--config", str(config)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert systemd_listens.recv(4096) == b"READY=1"
        agent.send_signal(1)
        line = ""
        while "read again" not in line:
            line = agent.stderr.readline()
            assert line
        agent.terminate()
        assert agent.wait(30) == 0
        assert "stopped" in agent.stderr.read()
    finally:
        agent.kill()
        agent.wait()
        agent.stderr.close()
