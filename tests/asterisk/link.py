"""A wire between the agent and Asterisk's manager port that a test can freeze, cut, or refuse to give."""

import asyncio
import contextlib
from typing import Self


class Link:
    """Listens on a port of its own and passes bytes both ways; frozen, it keeps each connection and says nothing."""

    def __init__(self, host: str, target: tuple[str, int]) -> None:
        self.host = host
        self.port = 0
        self.connections = 0  # how many have been made in all
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.cut()
        await asyncio.gather(*self._open, return_exceptions=True)

    def freeze(self) -> None:
        """Half-open from now on: nothing passes either way, nothing is closed, new connections hang."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Passes on what waited, and everything after it."""
        self._flowing.set()

    def cut(self) -> None:
        """Closes every connection at once; new ones are accepted."""
        for task in self._open:
            task.cancel()

    def refuse(self, *, on: bool = True) -> None:
        """New connections are closed at once while this is on, as when Asterisk is down."""
        self._refusing = on

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refusing:
            writer.close()
            return
        task = asyncio.current_task()
        assert task
        self._open[task] = writer
        try:
            await self._flowing.wait()
            there_reader, there_writer = await asyncio.open_connection(*self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(reader, there_writer))
                    both.create_task(self._pass(there_reader, writer))
            finally:
                there_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # cut, or Asterisk is gone: the other end sees the connection close
        finally:
            del self._open[task]
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
