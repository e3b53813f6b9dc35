"""Real ports: ptys, sockets, RFC 2217; what cannot be opened is told in words."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

import pytest
import serial
from serial import rfc2217

from textback_pbx.clock import SystemClock
from textback_pbx.modem import holders
from textback_pbx.modem.items import Problem
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.port import PortProblem, open_port
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.attempt import Accepted, OutPart
from textback_pbx.testing.pty_port import PtyPort, TcpPort
from textback_pbx.testing.simulated_modem import SimulatedModem


@contextlib.asynccontextmanager
async def running(url: str):
    """A line with its owner; stored texts are left alone."""
    modem = Modem(ModemSettings(url), SystemClock())
    async with asyncio.TaskGroup() as group:
        owner = group.create_task(modem.run())
        try:
            yield modem
        finally:
            owner.cancel()


async def until(condition, seconds: float = 5.0) -> float:
    """Wait in real time; return how long it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited too long"
        await asyncio.sleep(0.002)
    return time.monotonic() - start


async def nothing(pdu: str) -> None:
    """A permission given at once."""


PART = OutPart(1, 1, "+15125550142", "hello", "gsm7", 1, 1, None, 60)


@pytest.mark.fault(29)
async def test_a_pty_by_its_stable_name_unplugged_and_back_under_another_number(tmp_path):
    link = tmp_path / "by-id" / "usb-modem-if02"
    async with SimulatedModem(PtyPort(link)) as sim, running(str(link)) as modem:
        await until(lambda: modem.trouble() is None)
        assert await modem.submit(PART, nothing) == Accepted(1)
        before = sim.path
        sim.unplug()
        assert await until(lambda: modem.health.problem is Problem.NO_PORT) < 1.0
        sim.plug()
        assert sim.path != before
        await until(lambda: modem.trouble() is None, seconds=10)
        assert await modem.submit(PART, nothing) == Accepted(2)


async def test_a_modem_on_another_host_through_a_socket():
    port = TcpPort()
    async with SimulatedModem(port) as sim, running(sim.path) as modem:
        await until(lambda: modem.trouble() is None)
        assert await modem.submit(PART, nothing) == Accepted(1)
        sim.unplug()
        await until(lambda: modem.health.problem is Problem.NO_PORT)
        assert "does not answer" in modem.trouble() or "gone" in modem.trouble()
        sim.plug()
        await until(lambda: modem.trouble() is None, seconds=10)


@pytest.mark.fault(47)
async def test_the_second_program_on_a_port_is_told_who_has_it(tmp_path):
    link = tmp_path / "modem"
    async with SimulatedModem(PtyPort(link)) as sim, running(str(link)) as first:
        await until(lambda: first.trouble() is None)
        with pytest.raises(PortProblem, match="is in use"):
            await open_port(str(link), 115_200, lambda _: None, lambda _: None)
        assert await first.submit(PART, nothing) == Accepted(1)
        del sim


@pytest.mark.fault(5)
@pytest.mark.parametrize("left", [b"AT+CMGS=18\r", b"AT+CMGS=18\r0001000B9151", b"AT+CM", b"AT+CMGL=4\r"])
async def test_what_a_killed_program_left_on_the_line_is_cleared_first(tmp_path, left):
    link = tmp_path / "modem"
    async with SimulatedModem(PtyPort(link)) as sim:
        descriptor = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(descriptor, left)
        await asyncio.sleep(0.05)
        os.close(descriptor)
        async with running(str(link)) as modem:
            await until(lambda: modem.trouble() is None, seconds=20)
            assert sim.smsc.submits == []
            assert await modem.submit(PART, nothing) == Accepted(1)
        assert len(sim.smsc.submits) == 1


async def refused(url: str) -> str:
    with pytest.raises(PortProblem) as problem:
        await open_port(url, 115_200, lambda _: None, lambda _: None)
    return str(problem.value)


async def test_ports_that_cannot_be_opened_are_explained(tmp_path):
    assert "is the stick plugged in" in await refused(str(tmp_path / "nowhere"))
    assert "is no serial port" in await refused("/dev/null")
    plain = tmp_path / "file"
    plain.touch()
    assert "is no serial port" in await refused(str(plain))
    assert "does the other host run" in await refused("socket://127.0.0.1:1")


def test_the_words_for_a_missing_permission_and_for_modem_manager(monkeypatch):
    assert "usermod -aG dialout" in holders.explain("/dev/ttyUSB2", PermissionError(13, "denied"))
    monkeypatch.setattr(holders, "holders", lambda _: ["ModemManager (process 7)"])
    assert "99-textback-pbx.rules" in holders.explain("/dev/ttyUSB2", OSError(16, "busy"))
    monkeypatch.setattr(holders, "holders", lambda _: ["gammu-smsd (process 8)"])
    assert "gammu-smsd (process 8)" in holders.explain("/dev/ttyUSB2", BlockingIOError(11, "again"))


@pytest.mark.fault(47)
def test_a_lock_file_of_a_living_program_is_honoured_and_a_stale_one_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(holders, "_LOCK_FOLDERS", (tmp_path,))
    lock = tmp_path / "LCK..ttyUSB2"
    lock.write_text(f"{os.getppid():10d}\n")
    with pytest.raises(PortProblem, match="is locked by"):
        holders.refuse_if_held("/dev/ttyUSB2")
    lock.write_text("  99999999\n")
    holders.refuse_if_held("/dev/ttyUSB2")
    mine = holders.PortLock()
    mine.take("/dev/ttyUSB2")
    assert lock.read_text() == f"{os.getpid():10d}\n"
    mine.release()
    assert not lock.exists()
    assert holders.lock_path("/dev/pts/3") is None


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
async def test_rfc2217_through_a_thread():
    """pyserial's server side of RFC 2217 in front of a pty: what ser2net speaks."""
    async with SimulatedModem(PtyPort()) as sim, ser2net(sim.path) as number:
        async with running(f"rfc2217://127.0.0.1:{number}") as modem:
            await until(lambda: modem.trouble() is None, seconds=20)
            assert await modem.submit(PART, nothing) == Accepted(1)
        await asyncio.sleep(0.6)  # its reading thread ends with its time-out


class _Pty(serial.Serial):
    """A pty has no control lines; asking for them fails."""

    cts = dsr = ri = cd = property(lambda _: False)

    def _update_rts_state(self) -> None:
        pass

    _update_dtr_state = _update_rts_state


@contextlib.asynccontextmanager
async def ser2net(path: str):
    """Serve one tty by RFC 2217 on loopback; yield the port number."""
    device = _Pty(path, timeout=0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manager = rfc2217.PortManager(device, writer)

        async def back() -> None:
            while True:
                with contextlib.suppress(serial.SerialException):
                    writer.write(b"".join(manager.escape(device.read(4096))))
                await asyncio.sleep(0.002)

        async with asyncio.TaskGroup() as group:
            pump = group.create_task(back())
            with contextlib.suppress(OSError):
                while data := await reader.read(4096):
                    device.write(b"".join(manager.filter(data)))
            pump.cancel()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        device.close()


def test_held_ports_are_found_in_proc(tmp_path):
    assert isinstance(holders.holders(str(tmp_path)), list)
    assert isinstance(holders.modem_manager_runs(), bool)
    assert holders.reading_along("socket://127.0.0.1:7") == holders.reading_along(str(tmp_path / "gone")) == ""
    assert Path("/proc").is_dir()
