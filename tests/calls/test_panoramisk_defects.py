"""The six defects of stock panoramisk that the design names, each shown on the library itself, beside our session.

When one of the first halves fails, panoramisk has mended it: then the armour around it can be looked at again.
"""

import asyncio
import contextlib

import pytest
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from tests.calls.test_ami import session, take
from textback_pbx.calls.blocks import MAX_BLOCK, Blocks
from textback_pbx.calls.events import parse
from textback_pbx.calls.items import Connected, Disconnected, Down, Heard
from textback_pbx.testing.ami_script import Call, Channel, block, rang_out
from textback_pbx.testing.asterisk import AmiServer

DELAY = 0.02


@contextlib.asynccontextmanager
async def stock(server: AmiServer, secret: str = "secret", on_event=None):
    """Stock panoramisk, logged in, with its waits of seconds cut to hundredths."""
    manager = Manager(loop=asyncio.get_running_loop(), port=server.port, username="textback", secret=secret)
    manager.ping_delay = manager.ping_interval = manager.reconnect_timeout = DELAY
    if on_event is not None:
        manager.register_event("*", on_event)
    manager.connect()
    try:
        yield manager
    finally:
        manager.connect = lambda *_: None  # it would go on for ever
        manager.close()
        await asyncio.sleep(3 * DELAY)


def fed(*pieces: bytes) -> tuple[AMIProtocol, list]:
    """Stock panoramisk's protocol with these bytes, one TCP chunk each; its buffer, and the events it told."""
    manager, told = Manager(loop=None), []
    manager.register_event("*", lambda _, event: told.append(event))
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    for piece in pieces:
        protocol.data_received(piece)
    return protocol, told


@pytest.mark.fault(23)
async def test_an_unanswered_ping_is_never_noticed():
    async with AmiServer() as server, stock(server) as manager:
        await server.wait_login()
        server.freeze()
        await asyncio.sleep(30 * DELAY)
        assert manager._connected
        assert server.connections_made == 1
        server.thaw()
    async with AmiServer() as server, session(server) as ours:
        await take(ours, Connected)
        server.freeze()
        assert (await take(ours, Disconnected)).reason is Down.SILENT
        server.thaw()


@pytest.mark.fault(26)
def test_a_character_cut_in_two_is_lost():
    event = block("UserEvent", ("UserEvent", "TextbackSkip"), ("Uniqueid", "1.1"), ("Reason", "déjà"))
    cut = event.index("é".encode()) + 1
    _, (told,) = fed(event[:cut], event[cut:])
    assert told.reason == "djà"
    splitter = Blocks()
    (ours,) = [*splitter.feed(event[:cut]), *splitter.feed(event[cut:])]
    assert parse(ours).fields["reason"] == "déjà"


async def test_a_handler_that_raises_tears_the_connection_down():
    def careless(_manager, event):
        if event.event == "Hangup":
            raise KeyError("Cause")

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with AmiServer() as server, stock(server, on_event=careless):
        await server.wait_login()
        await server.run(rang_out(Call(server.counter, "+15125550142", pace=0.0)))
        async with asyncio.timeout(5):
            while server.connections_made == 1:  # noqa: ASYNC110 - the simulator tells no one
                await asyncio.sleep(DELAY)
    async with AmiServer() as server, session(server) as ours:
        await take(ours, Connected)
        server.send(block("Hangup", ("Cause", "x")))
        await server.run(rang_out(Call(server.counter, "+15125550142", pace=0.0)))
        await take(ours, Heard)
        assert (ours.malformed_count, server.connections_made) == (1, 1)


@pytest.mark.fault(27)
async def test_a_refused_login_is_hammered():
    async with AmiServer() as server, stock(server, secret="wrong"):
        async with asyncio.timeout(5):
            while server.refused < 5:  # noqa: ASYNC110 - the simulator tells no one
                await asyncio.sleep(DELAY)
    async with (
        AmiServer({"textback": "another"}) as server,
        session(server, refused_first_s=60.0, refused_cap_s=900.0) as ours,
    ):
        assert (await take(ours, Disconnected)).reason is Down.REFUSED
        await asyncio.sleep(20 * DELAY)
        assert server.refused == 1


async def test_coroutine_handlers_run_in_any_order():
    told = []

    async def slow_at_first(_manager, event):
        if event.event == "Newchannel":
            await asyncio.sleep(2 * DELAY)
        if event.event in ("Newchannel", "Hangup"):
            told.append(event.event)

    shot = Channel("PJSIP/trunk-1", "1.1", "1.1", "+15125550142", "from-trunk", "5001")
    both = block("Newchannel", *shot.headers()) + block("Hangup", *shot.headers(), ("Cause", 16), ("Cause-txt", "x"))
    async with AmiServer() as server, stock(server, on_event=slow_at_first):
        await server.wait_login()
        server.send(both)
        async with asyncio.timeout(5):
            while len(told) < 2:  # noqa: ASYNC110 - the handlers tell no one
                await asyncio.sleep(DELAY)
    assert told == ["Hangup", "Newchannel"]
    async with AmiServer() as server, session(server) as ours:
        await take(ours, Connected)
        server.send(both)
        assert [type((await take(ours, Heard)).event).__name__ for _ in range(2)] == ["NewChannel", "Hangup"]


@pytest.mark.fault(26)
def test_the_read_buffer_has_no_bound():
    pieces = [b"X" * 65_536] * 32
    protocol, _ = fed(*pieces)
    assert sum(map(len, protocol.queue)) == 32 * 65_536
    splitter = Blocks()
    for piece in pieces:
        splitter.feed(piece)
    assert len(splitter._buffer) <= 2 * MAX_BLOCK
