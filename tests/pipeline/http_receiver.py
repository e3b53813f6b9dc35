"""A small HTTP server for webhooks and Apprise's json://: it answers as a test says and keeps what it was sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """What it was asked, and how it answers: a status and its words, after ``delay`` seconds or at the end."""

    port: int = 0
    answer: str = "204 No Content"
    extra: str = ""
    delay: float = 0.0
    requests: list[Request] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(Request(first.split()[1], headers, body))
            if self.delay:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), self.delay)
            writer.write(
                f"HTTP/1.1 {self.answer}\r\n{self.extra}content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.answered.set()


@asynccontextmanager
async def a_server() -> AsyncIterator[Server]:
    """Serve on a free port of the loopback until the block ends."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server
        server.over.set()
        if server.requests:
            await server.answered.wait()
