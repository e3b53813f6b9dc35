"""What carries the bytes between a client and the simulated modem, and the simplest such thing: a list in memory."""

from collections.abc import Callable
from typing import Protocol


class Port(Protocol):
    """What carries the bytes between a client and the modem."""

    def open(self, on_bytes: Callable[[bytes], None]) -> str:
        """Appear; return the address a client opens."""
        ...

    def close(self) -> None:
        """Disappear; the client sees a hang-up."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the client, if there is one."""
        ...


class MemoryPort:
    """A port without a device, for tests in one process: ``sent`` holds what the modem wrote, piece by piece."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.on_write: Callable[[bytes], None] | None = None
        self.on_close: Callable[[], None] | None = None
        self._on_bytes: Callable[[bytes], None] | None = None
        self._opened = 0

    def open(self, on_bytes: Callable[[bytes], None]) -> str:
        """Appear under a new name."""
        self._on_bytes = on_bytes
        self._opened += 1
        return f"memory:{self._opened}"

    def close(self) -> None:
        """Disappear."""
        self._on_bytes = None
        if self.on_close is not None:
            self.on_close()

    def write(self, data: bytes) -> None:
        """Keep what the modem wrote and pass it on."""
        self.sent.append(data)
        if self.on_write is not None:
            self.on_write(data)

    def type(self, data: bytes) -> None:
        """Write to the modem as a client does; lost while it is unplugged."""
        if self._on_bytes is not None:
            self._on_bytes(data)
