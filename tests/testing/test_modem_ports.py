"""The modem as a device: a pty that outlives its client, goes and comes back elsewhere, and a TCP port."""

import asyncio
import os
import select
import subprocess
import sys
import time

import pytest

from tests.testing.support import CALLER, SIM_NUMBER, submit_pdu
from tests.testing.witnesses import modem_process, until
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.modem import main
from textback_pbx.testing.modem_client import ControlProblem, ModemControl, SyncModemControl
from textback_pbx.testing.modem_control import ControlServer
from textback_pbx.testing.pty_port import PtyPort, TcpPort
from textback_pbx.testing.simulated_modem import SimulatedModem


def say(device: int, text: str, ending: bytes = b"OK\r\n", seconds: float = 5.0) -> bytes:
    os.write(device, text.encode())
    heard, end = b"", time.monotonic() + seconds
    while not heard.endswith(ending):
        assert select.select([device], [], [], max(0, end - time.monotonic()))[0], heard
        heard += os.read(device, 4096)
    return heard


@pytest.fixture
def bench(tmp_path):
    with modem_process(tmp_path, "--radio", "0.05") as started:
        yield started


def open_device(path) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY)


def test_the_device_outlives_its_client(bench):
    for _ in range(2):
        device = open_device(bench.link)
        assert say(device, "AT+CREG?\r").endswith(b"+CREG: 0,1\r\n\r\nOK\r\n")
        os.close(device)
    assert bench.control.call("status")["plugged"]


@pytest.mark.fault(29)
def test_unplugging_hangs_up_and_the_device_comes_back_elsewhere(bench):
    device = open_device(bench.link)
    first = bench.link.readlink()
    say(device, "AT\r")
    bench.control.call("unplug")
    assert select.select([device], [], [], 1)[0]
    assert os.read(device, 10) == b""
    with pytest.raises(OSError, match="rror"):
        os.write(device, b"AT\r")
    assert not bench.link.is_symlink()
    assert not first.exists()
    os.close(device)
    path = bench.control.call("plug", imei="490154203237518", number="+15125550109")
    assert path == str(bench.link.readlink()) != str(first)
    device = open_device(bench.link)
    assert b"490154203237518" in say(device, "AT+CGSN\r")
    os.close(device)


def test_a_submit_over_the_pty_is_timed(bench):
    device = open_device(bench.link)
    length, pdu = submit_pdu()
    before = time.monotonic()
    say(device, f"AT+CMGS={length}\r", b"> ")
    say(device, f"{pdu}\x1a")
    os.close(device)
    [ctrl_z] = bench.control.call("journal", kind="ctrl_z")
    [record] = bench.control.submits()
    [reply] = bench.control.call("journal", kind="reply")
    assert before < ctrl_z["monotonic_s"] <= record.monotonic_s < reply["monotonic_s"] < time.monotonic()
    assert reply["monotonic_s"] - record.monotonic_s >= 0.05


def test_a_client_that_does_not_read_loses_the_oldest_only(bench):
    device = open_device(bench.link)
    for _ in range(300):
        bench.control.call("urc", line="+JUNK: " + "x" * 400)
    bench.control.call("urc", line="+LAST")
    heard = b""
    while b"+LAST" not in heard[-20:]:
        assert select.select([device], [], [], 5)[0]
        heard += os.read(device, 65_536)
    assert 0 < heard.count(b"+JUNK") < 300
    os.close(device)


async def test_the_tcp_port_serves_one_client_at_a_time():
    async with SimulatedModem(TcpPort()) as modem:
        assert modem.path.startswith("socket://127.0.0.1:")
        port = int(modem.path.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"ATE0\r")
        assert (await reader.readuntil(b"OK\r\n")).startswith(b"ATE0\r")
        second, other = await asyncio.open_connection("127.0.0.1", port)
        assert await second.read() == b""
        other.close()
        modem.unplug()
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert modem.plug() == f"socket://127.0.0.1:{port}"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"AT\r")
        await reader.readuntil(b"OK\r\n")
        writer.close()


@pytest.mark.parametrize("transport", ["unix", "tcp"])
async def test_the_control_channel_does_what_tests_need(tmp_path, transport):
    async with SimulatedModem(PtyPort(tmp_path / "by-id" / "modem")) as modem:
        server = ControlServer(modem)
        address = await server.start(str(tmp_path / "c.sock") if transport == "unix" else "127.0.0.1:0")
        async with await ModemControl.connect(address) as control:
            status = await control.status()
            assert (status["path"], status["on_network"]) == (str((tmp_path / "by-id" / "modem").readlink()), True)
            assert len(await control.inbound(CALLER, "я" * 100, order=[2, 1], wide=True)) == 2
            assert (await control.status())["storage"]["SM"]["used"] == 2
            await control.arm(Fault("error", on="command", command="+CSQ", args={"code": 1}))
            assert (await control.call("faults"))["armed"][0]["do"] == "error"
            await control.disarm()
            await control.set(registration=2, radio_s=1.5, report_s=3, rssi=5, capacity={"SM": 2}, ussd={"#1": "2"})
            await control.call("inbound_pdu", tpdu="00")
            assert (await control.status())["held"] == 1
            await control.call("store_pdu", pdu="FFFF", storage="ME")
            await control.call("insert_sim", number="+15125550105", pin="1234")
            assert (await control.status())["sim"]["state"] == "SIM PIN"
            await control.call("handset", number=CALLER, reachable=False, auto_reply="STOP")
            assert await control.call("handsets") == {CALLER: 0}
            await control.brownout()
            entry, *_ = await control.wait("power", since=2)
            assert entry.detail["what"] == "brownout"
            assert await control.submits() == ()
            for wrong in ({"do": "nix"}, {"do": "inbox"}, {"do": "advance", "seconds": 1}, {"do": "arm", "fault": "x"}):
                with pytest.raises(ControlProblem):
                    await control.call(**wrong)
            with pytest.raises(ControlProblem, match="timed out"):
                await control.wait("submit", seconds=0.01)
            await control.quit()
            assert server.stopped.is_set()
        await server.stop()


async def test_a_bad_control_line_is_answered():
    async with SimulatedModem(TcpPort()) as modem:
        server = ControlServer(modem)
        for line in (b"\n", b"[]\n", b"nonsense\n", b'{"do": 7}\n', b'{"do": "inbound", "from": "x"}\n', b"\xff\n"):
            answer = await server.answer(line)
            assert answer["ok"] is False
            assert answer["error"]


async def test_a_handset_answers_by_itself(tmp_path):
    async with SimulatedModem(PtyPort()) as modem:
        modem.smsc.handset(CALLER).auto_reply = "Yes please"
        device = open_device(modem.path)
        length, pdu = submit_pdu()
        await asyncio.to_thread(say, device, f"AT+CMGS={length}\r", b"> ")
        await asyncio.to_thread(say, device, f"{pdu}\x1a")
        os.close(device)
        assert len(modem.sim.store.slots) == 1
        assert modem.smsc.held(SIM_NUMBER) == 0


def test_a_manual_clock_moves_on_command(tmp_path):
    with modem_process(tmp_path, "--manual-clock", "--radio", "100") as bench:
        device = open_device(bench.link)
        length, pdu = submit_pdu()
        say(device, f"AT+CMGS={length}\r", b"> ")
        os.write(device, f"{pdu}\x1a".encode())
        bench.control.call("wait", kind="submit")
        bench.control.call("advance", seconds=99)
        assert bench.control.call("journal", kind="reply") == []
        bench.control.call("advance", seconds=1)
        until(lambda: bench.control.call("journal", kind="reply"), 5)
        os.close(device)


@pytest.mark.parametrize("options", [["--model", "nix"], ["--tcp", "nowhere"], ["--control", "/proc/nix/c.sock"]])
def test_a_wrong_option_is_a_message_not_a_traceback(options, capsys):
    assert main(options) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_it_ends_cleanly_on_sigterm(tmp_path):
    link, socket = tmp_path / "modem", tmp_path / "c"
    command = [sys.executable, "-m", "textback_pbx.testing.modem", "--link", link, "--control", socket]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == f"modem ready: {link.readlink()} control: {socket}\n"
        with SyncModemControl(str(socket)) as control:
            process.terminate()
            assert process.wait(10) == 0
            with pytest.raises(ConnectionError):
                control.call("status")
        assert process.stderr.read() == ""
    assert not link.is_symlink()
    assert not socket.exists()
