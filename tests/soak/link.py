"""The client's end of a memory port."""

import asyncio
from collections.abc import Callable

from textback_pbx.testing.simulated_modem import MemoryPort


class Link:
    """The client's end of a memory port; a dead one neither writes nor hears, as a process that is gone."""

    def __init__(self, port: MemoryPort, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self._port, self._on_lost = port, on_lost
        self._open = True
        self.unsent = 0
        port.on_write = on_bytes
        port.on_close = self._lose

    def write(self, data: bytes) -> None:
        if self._open:
            self._port.type(data)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._port.on_write = self._port.on_close = None

    def _lose(self) -> None:
        if self._open:
            self.close()
            asyncio.get_running_loop().call_soon(self._on_lost, "the port is gone (hang-up)")


class Nowhere(list[bytes]):
    """What the modem wrote is not kept."""

    def append(self, _data: bytes, /) -> None:
        return
