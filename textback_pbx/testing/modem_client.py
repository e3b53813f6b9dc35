"""Clients of the simulated modem's control channel, typed: async for tests and the demo, blocking for scripts."""

import asyncio
import json
import socket
from types import TracebackType
from typing import Any, Self

from textback_pbx.testing.faults import Fault
from textback_pbx.testing.modem_state import JournalEntry
from textback_pbx.testing.smsc import SubmitRecord
from textback_pbx.testing.text_parts import HandsetText
from textback_pbx.testing.tpdu import Concat


class ControlProblem(Exception):
    """The simulator refused a command; the message says why."""


def _tcp(address: str) -> tuple[str, int] | None:
    host, _, port = address.rpartition(":")
    return (host or "127.0.0.1", int(port)) if port.isdigit() and "/" not in address else None


def _result(line: bytes) -> Any:
    if not line:
        raise ConnectionError("the simulated modem has ended")
    answer = json.loads(line)
    if not answer["ok"]:
        raise ControlProblem(answer["error"])
    return answer["result"]


def _request(do: str, parameters: dict[str, Any]) -> bytes:
    given = {key.rstrip("_"): value for key, value in parameters.items() if value is not None}
    return json.dumps({"do": do, **given}).encode() + b"\n"


def _submit(fields: dict[str, Any]) -> SubmitRecord:
    concat = fields.pop("concat")
    return SubmitRecord(**fields, concat=None if concat is None else Concat(**concat))


def _text(fields: dict[str, Any]) -> HandsetText:
    return HandsetText(**{**fields, "missing": tuple(fields["missing"]), "copies": tuple(fields["copies"])})


def _fault_fields(fault: Fault) -> dict[str, Any]:
    return {
        "fault": fault.do,
        "on": fault.on,
        "command": fault.command,
        "nth": fault.nth,
        "times": fault.times,
        "step": fault.step,
        "args": dict(fault.args),
    }


class SyncModemControl:
    """A blocking client: ``call("inbox", number="+15125550150")``; for scripts and threads."""

    def __init__(self, address: str, seconds: float = 15.0) -> None:
        tcp = _tcp(address)
        if tcp is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(seconds)
            self._socket.connect(address)
        else:
            self._socket = socket.create_connection(tcp, timeout=seconds)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def call(self, do: str, **parameters: Any) -> Any:
        """Run one command and return its result as plain data; ControlProblem when it is refused."""
        self._socket.sendall(_request(do, parameters))
        return _result(self._lines.readline())

    def arm(self, fault: Fault) -> None:
        """Arm a fault."""
        self.call("arm", **_fault_fields(fault))

    def inbox(self, number: str) -> tuple[HandsetText, ...]:
        """What a handset shows."""
        return tuple(_text(fields) for fields in self.call("inbox", number=number))

    def submits(self, since: int = 0) -> tuple[SubmitRecord, ...]:
        """Every part the network took."""
        return tuple(_submit(fields) for fields in self.call("submits", since=since))


class ModemControl:
    """The async client; one request at a time, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()

    @classmethod
    async def connect(cls, address: str) -> "ModemControl":
        """Connect to a unix socket path or ``HOST:PORT``."""
        tcp = _tcp(address)
        if tcp is None:
            return cls(*await asyncio.open_unix_connection(address, limit=2**26))
        return cls(*await asyncio.open_connection(*tcp, limit=2**26))

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, do: str, **parameters: Any) -> Any:
        """Run one command and return its result as plain data; ControlProblem when it is refused."""
        async with self._lock:
            self._writer.write(_request(do, parameters))
            await self._writer.drain()
            return _result(await self._reader.readline())

    async def status(self) -> dict[str, Any]:
        """What the modem is and how it stands."""
        return dict(await self.call("status"))

    async def inbound(self, sender: str, text: str, **options: Any) -> tuple[str, ...]:
        """Send a text to the SIM; the options are those of :meth:`Smsc.inbound`. Return its TPDUs in hex."""
        return tuple(await self.call("inbound", **{"from": sender, "text": text, **options}))

    async def arm(self, fault: Fault) -> None:
        """Arm a fault."""
        await self.call("arm", **_fault_fields(fault))

    async def disarm(self) -> None:
        """Forget every fault and count steps anew."""
        await self.call("disarm")

    async def inbox(self, number: str) -> tuple[HandsetText, ...]:
        """What a handset shows."""
        return tuple(_text(fields) for fields in await self.call("inbox", number=number))

    async def submits(self, since: int = 0) -> tuple[SubmitRecord, ...]:
        """Every part the network took."""
        return tuple(_submit(fields) for fields in await self.call("submits", since=since))

    async def journal(self, since: int = 0, kind: str | None = None) -> tuple[JournalEntry, ...]:
        """What happened after entry ``since``."""
        return tuple(JournalEntry(**fields) for fields in await self.call("journal", since=since, kind=kind))

    async def wait(self, kind: str, *, since: int = 0, count: int = 1, seconds: float = 10) -> tuple[JournalEntry, ...]:
        """Wait for ``count`` journal entries of a kind; ControlProblem when ``seconds`` pass without them."""
        found = await self.call("wait", kind=kind, since=since, count=count, seconds=seconds)
        return tuple(JournalEntry(**fields) for fields in found)

    async def unplug(self) -> None:
        """Pull the stick out."""
        await self.call("unplug")

    async def plug(self, imei: str | None = None, iccid: str | None = None, number: str | None = None) -> str:
        """Plug it in again; return its new path."""
        return str(await self.call("plug", imei=imei, iccid=iccid, number=number))

    async def brownout(self, seconds: float = 0) -> None:
        """Restart the modem on the spot."""
        await self.call("brownout", seconds=seconds)

    async def set(self, **values: Any) -> None:
        """Change the bench: see the command ``set``."""
        await self.call("set", **values)

    async def quit(self) -> None:
        """End the simulator."""
        await self.call("quit")
