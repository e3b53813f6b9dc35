"""Ports of the simulated modem: a pseudo-terminal with a stable link to it, and a TCP server.

The pty belongs to the simulator, so it outlives the client: the client may close and open the device again. Pulling the
stick closes it, the client sees a hang-up, and the next plug gets another device path, as ttyUSB numbers do.
"""

import asyncio
import contextlib
import os
import socket
import tty
from collections.abc import Callable
from pathlib import Path

#: Bytes kept for a client that does not read; a modem without a listener drops what it says.
MAX_UNREAD = 65_536


class PtyPort:
    """A pseudo-terminal; ``link`` is kept pointing at it while it is there, as udev keeps /dev/serial/by-id."""

    def __init__(self, link: Path | None = None) -> None:
        self.link = link
        self.path = ""
        self._last_path = ""
        self._master = -1
        self._slave = -1
        self._unsent = bytearray()
        self._on_bytes: Callable[[bytes], None] | None = None

    def open(self, on_bytes: Callable[[bytes], None]) -> str:
        """Make the device, never under the path it had the last time; return its path."""
        self._on_bytes = on_bytes
        self._master, self._slave = os.openpty()
        if os.ttyname(self._slave) == self._last_path:
            used = self._master, self._slave
            self._master, self._slave = os.openpty()
            for descriptor in used:
                os.close(descriptor)
        # our own end of the slave stays open: without it the master would see a hang-up when the client closes
        tty.setraw(self._slave)
        self.path = self._last_path = os.ttyname(self._slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        if self.link is not None:
            point_link(self.link, self.path)
        return self.path

    def close(self) -> None:
        """Remove the device; every client that has it open sees the hang-up."""
        if self._master < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        self._unsent.clear()
        if self.link is not None:
            self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self.path = ""

    def write(self, data: bytes) -> None:
        """Write, or keep what does not fit; beyond MAX_UNREAD the oldest is dropped."""
        self._unsent += data
        self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._unsent:
                del self._unsent[: os.write(self._master, self._unsent)]
        except BlockingIOError:
            del self._unsent[: max(0, len(self._unsent) - MAX_UNREAD)]
            loop.add_writer(self._master, self._flush)
            return
        loop.remove_writer(self._master)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return
        if data and self._on_bytes is not None:
            self._on_bytes(data)


def point_link(link: Path, target: str) -> None:
    """Point a symbolic link at a device, in one step."""
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


class TcpPort:
    """A TCP server for one client at a time, for ``socket://HOST:PORT``; a second client is turned away."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.number = port
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._unsent = bytearray()
        self._on_bytes: Callable[[bytes], None] | None = None

    def open(self, on_bytes: Callable[[bytes], None]) -> str:
        """Listen; return the address as pyserial takes it. After an unplug it is the same one again."""
        self._on_bytes = on_bytes
        self._listener = socket.create_server((self.host, self.number), reuse_port=False)
        self._listener.setblocking(False)
        self.number = self._listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._listener, self._accept)
        return f"socket://{self.host}:{self.number}"

    def close(self) -> None:
        """Stop listening and hang up."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self._drop()

    def write(self, data: bytes) -> None:
        """Write to the client; without one the bytes are gone."""
        if self._client is not None:
            self._unsent += data
            self._flush()

    def _flush(self) -> None:
        if self._client is None:
            return
        loop = asyncio.get_running_loop()
        try:
            while self._unsent:
                del self._unsent[: self._client.send(self._unsent)]
        except BlockingIOError:
            del self._unsent[: max(0, len(self._unsent) - MAX_UNREAD)]
            loop.add_writer(self._client, self._flush)
            return
        except OSError:
            self._drop()
            return
        loop.remove_writer(self._client)

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listener.accept()
            if self._client is not None:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client
            asyncio.get_running_loop().add_reader(client, self._readable)

    def _readable(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
        elif self._on_bytes is not None:
            self._on_bytes(data)

    def _drop(self) -> None:
        if self._client is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._client)
            loop.remove_writer(self._client)
            self._client.close()
            self._client = None
        self._unsent.clear()
