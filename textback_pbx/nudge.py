"""A command that wrote to the database wakes the agent: one empty datagram to a socket beside the file.

It carries no data. Without it (no agent, another user, a path too long for a socket) the agent finds the row at
its next timer, so every failure here is ignored on purpose.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def _address(database: Path) -> str:
    return str(database.with_name(database.name + ".wake"))


def nudge(database: Path) -> None:
    """Tell the agent that works on this file, if there is one, to look at it now."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"", _address(database))


class Nudges:
    """The agent's end: calls ``on_nudge`` for each datagram until :meth:`close`."""

    def __init__(self, database: Path, on_nudge: Callable[[], None]) -> None:
        self._path = Path(_address(database))
        self._on_nudge = on_nudge
        self._socket: socket.socket | None = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.bind(str(self._path))
            self._path.chmod(0o600)
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        assert self._socket is not None
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(64)
        self._on_nudge()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
