"""The simulated PBX is itself held to the recordings: what its scripts say is what the fold reads from them."""

import asyncio
import json
import sys

import pytest

from tests.calls.support import recording
from textback_pbx.calls.outcome import judge
from textback_pbx.calls.replay import replay
from textback_pbx.testing import ami_script as script
from textback_pbx.testing.ami_script import Call, Counter, Wait
from textback_pbx.testing.asterisk import AmiServer

CALLER = "+15125550142"


def outcome(call: Call) -> tuple[str, str]:
    (record,) = replay([step for step in call.steps if isinstance(step, bytes)])
    assert record.uniqueid == call.uniqueid
    found = judge(record)
    return found.outcome.value, found.detail


@pytest.mark.parametrize(
    ("build", "desks", "expected"),
    [
        (script.rang_out, ("101",), ("no_answer", "timeout")),
        (script.rang_out, ("101", "102", "103"), ("no_answer", "timeout")),
        (script.gave_up, ("101", "102"), ("no_answer", "abandoned")),
        (script.busy, (), ("busy", "")),
        (script.unplugged, (), ("not_reachable", "")),
        (script.answered, ("101",), ("answered", "")),
        (script.answered, ("101", "102", "103"), ("answered", "")),
        (script.queue_timeout, (), ("no_answer", "timeout")),
        (script.voicemail, (), ("no_answer", "voicemail")),
    ],
)
def test_scripts_mean_what_they_say(build, desks, expected):
    assert outcome(build(Call(Counter(), CALLER), *desks)) == expected


def test_a_withheld_caller_reads_allowed_first_and_prohibited_later():
    call = script.rang_out(Call(Counter(), CALLER, presentation="prohib"))
    assert b"CALLERID(pres)=allowed" in call.steps[0]
    (record,) = replay([step for step in call.steps if isinstance(step, bytes)])
    assert record.withheld
    assert not record.caller


def test_pace_scales_the_waits():
    call = script.rang_out(Call(Counter(), CALLER, pace=0.5), seconds=20)
    assert Wait(10.0) in call.steps


async def hear(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"Action: Login\r\nUsername: textback\r\nSecret: secret\r\n\r\n")
    assert b"Success" in await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")  # FullyBooted
    return reader, writer


@pytest.mark.parametrize("chunk", [None, 3, 1_000])
async def test_a_recording_leaves_byte_for_byte(chunk):
    data = recording("hostile_name_no_answer")
    async with AmiServer() as server:
        reader, writer = await hear(server.port)
        server.chunk = chunk
        await server.play(data)
        async with asyncio.timeout(10):
            assert await reader.readexactly(len(data)) == data
        writer.close()


async def test_time_stamps_set_the_pace():
    data = b"".join(b"Event: X\r\nTimestamp: 1795203453.%03d\r\n\r\n" % (n * 100) for n in range(4))
    async with AmiServer() as server:
        begun = asyncio.get_running_loop().time()
        await server.play(data, pace=2.0)
        assert 0.14 < asyncio.get_running_loop().time() - begun < 1.0


async def test_what_was_sent_is_what_lives():
    async with AmiServer() as server:
        call = Call(server.counter, CALLER)
        call.answer(call.dial("101")[0])
        await server.run(call)
        assert len(server.live.channels) == 2
        shown = [dict(headers) for headers in server.live.show("7")]
        assert shown[0]["BridgeId"] == shown[1]["BridgeId"] != ""
        server.restart()
        assert server.live.show("7") == []


@pytest.mark.fault(25)
async def test_a_slow_reader_is_dropped_as_asterisk_does():
    async with AmiServer() as server:
        _, writer = await hear(server.port)
        server.write_timeout = 0.05
        async with asyncio.timeout(20):
            while not server.dropped_slow:
                server.send(b"Event: X\r\n" + b"y" * 200_000 + b"\r\n\r\n")
                await asyncio.sleep(0.01)
        writer.close()


async def test_as_a_process_with_its_control_channel(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "textback_pbx.testing.asterisk", "--control", str(tmp_path / "pbx.sock"),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(20):
        ready = (await process.stdout.readline()).decode().split()
        assert ready[:2] == ["pbx", "ready:"]
        reader, writer = await hear(int(ready[2].split(":")[1]))
        control_in, control_out = await asyncio.open_unix_connection(ready[4])

        async def ask(**request):
            control_out.write(json.dumps(request).encode() + b"\n")
            return json.loads(await control_in.readline())

        done = await ask(do="call", script="rang_out", caller=CALLER, desks=["101"], seconds=0.0, pace=0.0, id=7)
        assert (done["id"], done["ok"]) == (7, True)
        assert done["result"].encode() in await reader.readuntil(b"\r\n\r\n")
        assert (await ask(do="status"))["result"]["connections_made"] == 1
        assert (await ask(do="set", secret="other"))["ok"]
        assert "KeyError" in (await ask(do="nonsense"))["error"]
        assert (await ask(do="cut"))["ok"]
        assert (await ask(do="stop"))["ok"]
        assert await process.wait() == 0
        writer.close()
        control_out.close()
