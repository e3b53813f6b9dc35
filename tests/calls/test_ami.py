"""The AMI session against a simulated PBX: each of panoramisk's known defects, and FAULTS.md 23-28, by number."""

import asyncio
import contextlib
import random

import pytest

from tests.calls.support import recording
from textback_pbx.calls.items import Connected, Disconnected, Down, Heard, Overflow, Roll
from textback_pbx.calls.kinds import Hangup, NewChannel, UserEvent
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.testing.ami_script import Call, Channel, block, rang_out
from textback_pbx.testing.asterisk import AmiServer

QUICK = {
    "connect_s": 2.0, "answer_s": 1.0, "ping_s": 0.1, "liveness_s": 0.3,
    "retry_first_s": 0.01, "retry_cap_s": 0.05, "refused_first_s": 0.2, "refused_cap_s": 0.4,
}  # fmt: skip


@contextlib.asynccontextmanager
async def session(server: AmiServer, **settings):
    made = AmiSession(
        AmiSettings(port=server.port, secret="secret", **(QUICK | settings)), SystemClock(), random.Random(1)
    )
    task = asyncio.ensure_future(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def take(made: AmiSession, kind: type):
    """The next item of ``kind``; what comes before it is passed over."""
    async with asyncio.timeout(5):
        while True:
            item = await made.items.get()
            if isinstance(item, kind):
                return item


@pytest.mark.parametrize("login", ["md5", "plain"])
async def test_login_and_what_the_pbx_says_of_itself(login):
    async with AmiServer(system="pbx1") as server, session(server, login=login) as made:
        item = await take(made, Connected)
        assert (item.system, item.version, item.started) == ("pbx1", "22.10.0", server.started)
        assert item.warnings == ()
        secrets = [action.get("Secret") for _, action in server.actions]
        assert ("secret" in secrets) == (login == "plain")


async def test_missing_privileges_are_named():
    async with AmiServer() as server:
        server.forbidden |= {"coreshowchannels", "corestatus"}
        async with session(server) as made:
            item = await take(made, Connected)
            assert "write = reporting" in item.warnings[0]


@pytest.mark.fault(26)
async def test_a_recording_arrives_whole_and_in_order_however_it_is_cut():
    async with AmiServer() as server, session(server, liveness_s=5.0) as made:
        await take(made, Connected)
        server.chunk = 7
        await server.play(recording("hostile_name_no_answer"))
        events = []
        while not (events and isinstance(events[-1], Hangup) and events[-1].channel.name.startswith("PJSIP/trunk")):
            events.append((await take(made, Heard)).event)
        assert isinstance(events[0], NewChannel)


@pytest.mark.fault(26)
async def test_a_character_cut_in_two_arrives_whole():
    """Stock panoramisk decodes each TCP chunk by itself and drops both halves."""
    async with AmiServer() as server, session(server) as made:
        await take(made, Connected)
        server.chunk = 1
        call = Call(server.counter, "+15125550142").user_event("TextbackSkip", Reason="déjà vu ☎")
        await server.run(call)
        event = (await take(made, Heard)).event
        while not isinstance(event, UserEvent):
            event = (await take(made, Heard)).event
        assert event.fields["reason"] == "déjà vu ☎"


async def test_what_looks_like_an_event_handler_cannot_raise_into_the_link():
    """Stock panoramisk: an exception in a handler, or in reading a block, closes the connection."""
    async with AmiServer() as server, session(server) as made:
        await take(made, Connected)
        server.send(block("Hangup", ("Cause", "x")) + b"Response: Success\r\nActionID: nobody\r\n\r\n")
        server.send(b"Event: Newstate\r\nUniqueid: 1\r\nUniqueid: 2\r\n\r\n" + b"\xff\xfe: \x80\r\n\r\n")
        await server.run(rang_out(Call(server.counter, "+15125550142", pace=0.0)))
        heard = await take(made, Heard)
        assert isinstance(heard.event, NewChannel)
        assert made.malformed_count >= 2
        assert server.connections_made == 1


async def test_the_buffer_has_a_bound():
    """Stock panoramisk keeps an unfinished block for ever."""
    async with AmiServer() as server, session(server, liveness_s=5.0) as made:
        await take(made, Connected)
        for _ in range(64):
            server.send(b"X" * 65_536)
        server.send(
            b"\r\n\r\n" + block("Newchannel", *Channel("PJSIP/t-1", "1.1", "1.1", "1", "from-trunk", "5").headers())
        )
        await take(made, Heard)
        assert len(made._link.blocks._buffer) < 200_000


@pytest.mark.fault(23)
async def test_a_half_open_link_is_noticed_within_the_deadline():
    """Stock panoramisk pings, and never looks whether an answer came."""
    async with AmiServer() as server, session(server) as made:
        await take(made, Connected)
        server.freeze()
        begun, frozen_ms = asyncio.get_running_loop().time(), made._clock.now_ms()
        item = await take(made, Disconnected)
        assert item.reason is Down.SILENT
        assert item.at_ms <= frozen_ms + 100  # the gap begins with the silence, not when it is noticed
        assert asyncio.get_running_loop().time() - begun < 0.3 + 0.3
        server.thaw()
        await take(made, Connected)


async def test_the_roll_is_called_now_and_then():
    async with AmiServer() as server, session(server, roll_s=0.05) as made:
        await take(made, Connected)
        call = Call(server.counter, "+15125550142")
        await server.run(call)
        while (await take(made, Roll)).live != {call.uniqueid}:
            pass


async def test_silence_with_answered_pings_is_no_reason_to_leave():
    async with AmiServer() as server, session(server, ping_s=0.02, liveness_s=0.3) as made:
        await take(made, Connected)
        await asyncio.sleep(0.5)
        assert server.connections_made == 1
        assert sum(action["Action"] == "Ping" for _, action in server.actions) > 5


@pytest.mark.fault(27)
async def test_a_refused_login_backs_off_and_says_what_to_check():
    """Stock panoramisk tries again every 2 s for ever."""
    async with AmiServer({"textback": "changed"}) as server, session(server) as made:
        items = [await take(made, Disconnected) for _ in range(3)]
        assert {item.reason for item in items} == {Down.REFUSED}
        assert "manager.conf" in items[0].message
        assert "secret" not in items[0].message.replace("ami.secret", "")
        assert items[0].retry_s < items[1].retry_s <= 0.4 * 1.25
        assert server.refused == 3
        server.users["textback"] = "secret"
        await take(made, Connected)


@pytest.mark.fault(27)
def test_the_defaults_do_not_hammer():
    made = AmiSession(AmiSettings(), SystemClock())
    waits = [made._wait(n, refused=True) for n in range(1, 8)]
    assert waits[0] > 45
    assert max(waits) <= 900 * 1.25


@pytest.mark.fault(24)
async def test_a_cut_and_a_restart_reconnect_with_the_channels_that_live():
    async with AmiServer() as server, session(server) as made:
        await take(made, Connected)
        call = Call(server.counter, "+15125550142")
        call.ring(*call.dial("101"))
        await server.run(call)
        server.cut()
        assert (await take(made, Disconnected)).reason is Down.CLOSED
        again = await take(made, Connected)
        assert {live.channel.uniqueid for live in again.live} == set(server.live.channels)
        server.restart()
        assert (await take(made, Connected)).started != again.started


@pytest.mark.fault(25)
async def test_overflow_is_a_told_gap_and_then_a_resynchronisation():
    async with AmiServer() as server, session(server, queue_limit=50) as made:
        await take(made, Connected)
        for _ in range(40):
            await server.run(rang_out(Call(server.counter, "+15125550142", pace=0.0)))
        overflow = await take(made, Overflow)
        assert overflow.count >= 50  # the looks at the phones take room too
        assert (await take(made, Disconnected)).reason is Down.OVERFLOW
        await take(made, Connected)


@pytest.mark.fault(28)
async def test_nobody_listens_and_then_somebody_does():
    server = AmiServer()
    await server.start()
    await server.stop()
    async with session(server) as made:
        item = await take(made, Disconnected)
        assert item.reason is Down.UNREACHABLE
        assert "manager.conf" in item.message
        async with server:
            await take(made, Connected)


async def test_something_that_is_no_ami_is_named():
    ended = asyncio.Event()

    async def web(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while await reader.read(1_000):
                pass
        writer.close()
        ended.set()

    other = await asyncio.start_server(web, "127.0.0.1", 0)
    server = AmiServer()
    server.port = other.sockets[0].getsockname()[1]
    async with session(server, answer_s=0.2) as made:
        assert (await take(made, Disconnected)).reason is Down.PROTOCOL
        await ended.wait()
    other.close()
    await other.wait_closed()
