"""The recorder's side of AMI: the bytes as they came off the wire, and enough parsing to know when all is quiet."""

import asyncio
import contextlib
import itertools

END = b"\r\n\r\n"


class AmiWire:
    """One logged-in manager connection that keeps every byte it is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._task: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._replies: dict[str, asyncio.Future[dict[str, str]]] = {}
        self._parsed = 0
        self.data = bytearray()
        self.live: set[str] = set()  # Uniqueids of the channels that are up now
        self.changed = asyncio.Event()
        self.closed = asyncio.Event()

    @classmethod
    async def open(cls, host: str, port: int, user: str, secret: str) -> "AmiWire":
        """Connects and logs in; raises PermissionError when Asterisk refuses."""
        reader, writer = await asyncio.open_connection(host, port)
        wire = cls(reader, writer)
        await reader.readline()  # the banner
        wire._task = asyncio.ensure_future(wire._read())
        reply = await wire.action("Login", Username=user, Secret=secret)
        if reply.get("Response") != "Success":
            await wire.close()
            raise PermissionError(reply.get("Message", "no answer"))
        return wire

    async def close(self) -> None:
        """Hangs up on Asterisk."""
        self._writer.close()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def action(self, name: str, patience: float = 10.0, **headers: str) -> dict[str, str]:
        """Sends one action and waits `patience` seconds for its Response."""
        number = f"bench-{next(self._numbers)}"
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            return await asyncio.wait_for(reply, patience)
        finally:
            self._replies.pop(number, None)

    async def until_quiet(self, settle: float, limit: float) -> bool:
        """Waits until no channel has been there for `settle` seconds; False when `limit` seconds were not enough."""
        try:
            async with asyncio.timeout(limit):
                while True:
                    self.changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), settle)
                        continue
                    if not self.live:
                        return True
        except TimeoutError:
            return False

    async def _read(self) -> None:
        try:
            while chunk := await self._reader.read(65536):
                self.data += chunk
                self._follow()
        except OSError:
            pass
        finally:
            self.closed.set()

    def _follow(self) -> None:
        while (end := self.data.find(END, self._parsed)) >= 0:
            block = self.data[self._parsed : end].decode("utf-8", "replace")
            self._parsed = end + len(END)
            headers = dict(line.partition(": ")[::2] for line in block.split("\r\n"))
            if (reply := self._replies.get(headers.get("ActionID", ""))) and "Response" in headers:
                if not reply.done():
                    reply.set_result(headers)
            elif headers.get("Event") == "Newchannel":
                self.live.add(headers["Uniqueid"])
            elif headers.get("Event") == "Hangup":
                self.live.discard(headers["Uniqueid"])
            self.changed.set()

    def mark(self) -> int:
        """Where the next recording starts: after the last whole block."""
        return self._parsed

    def since(self, mark: int) -> bytes:
        """The events since `mark`, whole blocks, without the replies to the recorder's own actions."""
        blocks = bytes(self.data[mark : self._parsed]).split(END)
        return b"".join(block + END for block in blocks if block.startswith(b"Event:"))
