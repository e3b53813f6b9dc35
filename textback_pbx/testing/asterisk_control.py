"""The control channel of the simulated PBX: JSON lines over a unix socket or loopback TCP.

A request is one line ``{"do": NAME, "id": anything, ...parameters}``; its answer is one line, ``{"id": ..., "ok": true,
"result": ...}`` or ``{"id": ..., "ok": false, "error": "..."}``. A bad line is answered, never fatal.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.asterisk import AmiServer

Request = dict[str, Any]
#: Parameters of the request ``call`` that belong to the call itself; ``desks`` and the rest go to its script.
_OF_CALL = ("dialled", "trunk", "context", "presentation", "pace")


async def _play(server: AmiServer, request: Request) -> None:
    data = await asyncio.to_thread(Path(request["file"]).read_bytes)
    await server.play(data, pace=float(request.get("pace", 1.0)), gap=float(request.get("gap", 0.0)))


async def _call(server: AmiServer, request: Request) -> str:
    """``{"do": "call", "script": "rang_out", "caller": "+1512...", "seconds": 3}``; answers at its end."""
    of_call = {key: request[key] for key in _OF_CALL if key in request}
    call = Call(server.counter, request["caller"], **of_call)
    for event in request.get("user_events", ()):
        call.user_event(event["name"], **event.get("fields", {}))
    known = {"do", "id", "script", "caller", "desks", "user_events", *_OF_CALL}
    extra = {key: value for key, value in request.items() if key not in known}
    SCRIPTS[request["script"]](call, *request.get("desks", ()), **extra)
    await server.run(call)
    return call.uniqueid


def _set(server: AmiServer, request: Request) -> None:
    for key in ("chunk", "throttle", "write_timeout"):
        if key in request:
            setattr(server, key, request[key])
    if "secret" in request:
        server.users = dict.fromkeys(server.users, str(request["secret"]))
    if "forbidden" in request:
        server.forbidden = {str(name).lower() for name in request["forbidden"]}


def _status(server: AmiServer, request: Request) -> Request:
    del request
    return {
        "port": server.port,
        "started": server.started,
        "connections_made": server.connections_made,
        "refused": server.refused,
        "dropped_slow": server.dropped_slow,
        "live": sorted(server.live.channels),
        "frozen": not server.thawed.is_set(),
    }


async def _flood(server: AmiServer, request: Request) -> int:
    return await server.flood(float(request["rate"]), float(request["seconds"]))


async def _wait_login(server: AmiServer, request: Request) -> None:
    await server.wait_login(float(request.get("timeout", 30)))


COMMANDS: dict[str, Callable[[AmiServer, Request], Any]] = {
    "play": _play,
    "call": _call,
    "set": _set,
    "status": _status,
    "flood": _flood,
    "wait_login": _wait_login,
    "send": lambda server, request: server.send(str(request["data"]).encode()),
    "cut": lambda server, _: server.cut(),
    "freeze": lambda server, _: server.freeze(),
    "thaw": lambda server, _: server.thaw(),
    "restart": lambda server, _: server.restart(),
}


class ControlServer:
    """Answers requests; several at once on one connection, each when it is done."""

    def __init__(self, server: AmiServer) -> None:
        self._pbx = server
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self.stopped = asyncio.Event()

    async def start(self, address: str) -> str:
        """Listen on a unix socket path, or on HOST:PORT; return the address in use."""
        host, _, port = address.rpartition(":")
        if port.isdigit() and "/" not in address:
            self._server = await asyncio.start_server(self._serve, host or "127.0.0.1", int(port))
            return f"{host or '127.0.0.1'}:{self._server.sockets[0].getsockname()[1]}"
        self._path = Path(address)
        self._server = await asyncio.start_unix_server(self._serve, address)
        return address

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                async with asyncio.TaskGroup() as group:
                    while line := await reader.readline():
                        group.create_task(self._answer(line, writer))
        except asyncio.CancelledError:
            pass  # the program ends
        finally:
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        request: Request = {}
        try:
            request = json.loads(line)
            answer: Request = {"ok": True, "result": await self._do(request)}
        except Exception as problem:  # noqa: BLE001  # whatever was asked, the answer is a line
            answer = {"ok": False, "error": f"{type(problem).__name__}: {problem}"}
        answer["id"] = request.get("id") if isinstance(request, dict) else None
        writer.write(json.dumps(answer).encode() + b"\n")

    async def _do(self, request: Request) -> Any:
        if request["do"] == "stop":
            self.stopped.set()
            return None
        result = COMMANDS[request["do"]](self._pbx, request)
        return await result if isinstance(result, Awaitable) else result
