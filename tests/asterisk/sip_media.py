"""The audio socket of one call: it swallows what comes and can send silence (RFC 3550, G.711)."""

import asyncio
import contextlib
import socket

RTP_FRAME = 0.02  # seconds
SILENCE = b"\xff" * 160  # 20 ms of mu-law silence


class Rtp:
    """One address for audio, on the same host as the phone."""

    def __init__(self, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.port: int = self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.task: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self.socket, self._swallow)

    def _swallow(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.socket.recv(2048)

    def speak(self) -> None:
        """Starts sending, when the other side's address is known."""
        if self.task is None and self.remote:
            self.task = asyncio.ensure_future(self._send(self.remote))

    async def _send(self, remote: tuple[str, int]) -> None:
        sequence = 0
        while True:
            stamp = sequence * 160
            header = bytes((0x80, 0)) + (sequence & 0xFFFF).to_bytes(2) + (stamp & 0xFFFFFFFF).to_bytes(4) + b"bnch"
            with contextlib.suppress(OSError):
                self.socket.sendto(header + SILENCE, remote)
            sequence += 1
            await asyncio.sleep(RTP_FRAME)

    def close(self) -> None:
        """Ends the sending and the socket."""
        if self.task:
            self.task.cancel()
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()
