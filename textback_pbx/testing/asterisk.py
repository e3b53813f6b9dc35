"""A simulated Asterisk, as its manager interface shows it: plays recordings and scripts, and misbehaves on request.

Usable in a test's own event loop (:class:`AmiServer`), or as a process of its own with a control channel:
``python -m textback_pbx.testing.asterisk --port 0 --control PATH``. Listens on loopback only. It logs in with the
plain or the MD5 way, refuses wrong secrets, answers Ping, CoreStatus, CoreSettings and CoreShowChannels from what it
sent, and can cut, freeze (half-open), throttle and split its connections, flood, and restart.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import itertools
import signal
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from textback_pbx.calls.events import stamp_ms
from textback_pbx.testing.ami_live import Headers, LiveChannels
from textback_pbx.testing.ami_script import Call, Counter, Wait, block
from textback_pbx.testing.ami_session import AmiConnection

__all__ = ["AmiServer", "main"]

_KEPT_ACTIONS = 1_000


class AmiServer:
    """A PBX. Set its attributes at any time: the next byte obeys them."""

    def __init__(self, users: dict[str, str] | None = None, *, system: str = "", version: str = "22.10.0") -> None:
        self.users = users or {"textback": "secret"}
        self.system = system
        self.version = version
        self.ami_version = "11.0.0"
        self.counter = Counter()
        self.live = LiveChannels()
        self.started = _iso(time.time())
        self.chunk: int | None = None  # bytes per write
        self.throttle: float | None = None  # bytes per second
        self.write_timeout: float | None = None  # s; Asterisk drops a reader slower than 0.1
        self.forbidden: set[str] = {"userevent"}  # actions this account may not use, in lower case
        self.unknown: set[str] = set()  # actions this Asterisk has not, in lower case
        self.hidden: set[str] = set()  # names of events this account is not sent; user: UserEvents
        self.devices: dict[str, str] = {"PJSIP/101": "NOT_INUSE"}  # phones and trunks, and how they are
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.refused = 0
        self.connections_made = 0
        self.dropped_slow = 0
        self.actions: list[tuple[float, Headers]] = []
        self.port = 0
        self.tls: ssl.SSLContext | None = None  # set it before start()
        self._server: asyncio.Server | None = None
        self._connections: set[AmiConnection] = set()
        self._someone = asyncio.Event()
        self._nobody = asyncio.Event()
        self._nobody.set()

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen (with :attr:`tls`, behind TLS); return the port."""
        self._server = await asyncio.start_server(self._serve, host, port or self.port, limit=65_536, ssl=self.tls)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
            self.cut()
            self.thawed.set()
            await asyncio.sleep(0)
            await self._server.wait_closed()
            self._server = None
        await self._nobody.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = AmiConnection(self, reader, writer)
        self.connections_made += 1
        self._connections.add(connection)
        self._nobody.clear()
        try:
            await connection.run()
        except asyncio.CancelledError:
            writer.transport.abort()  # the program ends
        finally:
            self._connections.discard(connection)
            if not self._connections:
                self._nobody.set()
            if not self._listeners():
                self._someone.clear()

    def note(self, action: Headers) -> None:
        """Keep an action for the test to look at (the newest thousand)."""
        self.actions.append((time.monotonic(), action))
        del self.actions[:-_KEPT_ACTIONS]

    def logged_in(self, connection: AmiConnection) -> None:
        """A connection may hear events from now on."""
        connection.send(block("FullyBooted", ("Privilege", "system,all"), ("Status", "Fully Booted")))
        self._someone.set()

    def _listeners(self) -> list[AmiConnection]:
        return [connection for connection in self._connections if connection.username is not None]

    async def wait_login(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109  # a test says how long
        """Wait until somebody is logged in."""
        await asyncio.wait_for(self._someone.wait(), timeout)

    # what happens on the PBX ---------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send bytes to everybody who is logged in, and remember the channels in them."""
        self.live.sent(data)
        data = self._shown(data)
        for connection in self._listeners():
            connection.send(data)

    def _shown(self, data: bytes) -> bytes:
        """What is left of some blocks without the events that are hidden from this account."""
        if not self.hidden:
            return data
        names = tuple(f"Event: {name}\r\n".encode() for name in self.hidden)
        return b"".join(piece for piece in _whole_blocks(data) if not piece.startswith(names))

    async def run(self, call: Call) -> None:
        """Let a scripted call happen, in its own time."""
        for step in call.steps:
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            else:
                self.send(step)

    async def play(self, recording: bytes, *, pace: float = 1.0, gap: float = 0.0) -> None:
        """Play a recording byte for byte: by its Timestamp headers (divided by ``pace``), else ``gap`` s a block."""
        before: int | None = None
        for piece in _whole_blocks(recording):
            at = stamp_ms(piece)
            wait = gap
            if at is not None and before is not None:
                wait = max(0, at - before) / 1_000 / pace
            before = at if at is not None else before
            if wait > 0:
                await asyncio.sleep(wait)
            self.send(piece)

    async def flood(self, rate: float, seconds: float, piece: bytes | None = None) -> int:
        """Send ``rate`` blocks a second for ``seconds``; return how many."""
        piece = piece or block("DeviceStateChange", ("Privilege", "call,all"), ("Device", "PJSIP/101"))
        begun, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - begun) < seconds:
            due = int(elapsed * rate) - sent
            if due > 0:
                for connection in self._listeners():
                    connection.send(piece * due)
                sent += due
            await asyncio.sleep(0.005)
        return sent

    # misbehaviour --------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self._connections):
            connection.abort()

    def freeze(self) -> None:
        """Half-open: connections stay, nothing is answered or sent."""
        self.thawed.clear()

    def thaw(self) -> None:
        """Live again."""
        self.thawed.set()

    def restart(self) -> None:
        """Stop hard and start again: connections cut, channels gone, counters from the start, a new start time."""
        self.cut()
        self.live.clear()
        self.counter.ids = itertools.count(1)
        self.counter.names = itertools.count()
        moment = dt.datetime.fromisoformat(self.started) + dt.timedelta(seconds=1)
        self.started = max(moment.isoformat(timespec="seconds"), _iso(time.time()))


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _whole_blocks(recording: bytes) -> list[bytes]:
    """The recording cut after each empty line; joined they are the recording."""
    newline = b"\r\n\r\n" if b"\r\n\r\n" in recording else b"\n\n"
    parts = recording.split(newline)
    return [part + newline for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


async def serve(options: argparse.Namespace) -> None:
    """Run as a program until a signal or the control channel's ``stop``."""
    from textback_pbx.testing.asterisk_control import ControlServer

    server = AmiServer({options.username: options.secret}, system=options.system)
    await server.start(options.port)
    control = ControlServer(server)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, control.stopped.set)
    try:
        address = await control.start(options.control) if options.control else "none"
        sys.stdout.write(f"pbx ready: 127.0.0.1:{server.port} control: {address}\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(_play_files(server, options))
            await control.stopped.wait()
            playing.cancel()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await control.stop()
        await server.stop()


async def _play_files(server: AmiServer, options: argparse.Namespace) -> None:
    for path in options.play or ():
        data = path.read_bytes()
        await server.wait_login(86_400)
        await server.play(data, pace=options.pace, gap=0.05 / options.pace)


def parser() -> argparse.ArgumentParser:
    """The options of the program, shared with ``textback-pbx simulate pbx``."""
    made = argparse.ArgumentParser(prog="python -m textback_pbx.testing.asterisk", description=__doc__)
    made.add_argument("--port", type=int, default=0, help="the AMI port on 127.0.0.1; 0 takes a free one")
    made.add_argument("--control", help="the control channel: a unix socket path, or HOST:PORT")
    made.add_argument("--username", default="textback")
    made.add_argument("--secret", default="secret")
    made.add_argument("--system", default="", help="systemname of asterisk.conf")
    made.add_argument("--play", type=Path, action="append", help="a recording to play once somebody is logged in")
    made.add_argument("--pace", type=float, default=1.0, help="how much faster than it happened")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(parser().parse_args(arguments)))
    except (ValueError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
