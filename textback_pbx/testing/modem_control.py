"""The control channel of the simulated modem: JSON lines over a unix socket or loopback TCP.

A request is one line ``{"do": NAME, "id": anything, ...parameters}``; its answer is one line, ``{"id": ..., "ok": true,
"result": ...}`` or ``{"id": ..., "ok": false, "error": "..."}``. A bad line is answered, never fatal. The commands
are in modem_commands and in docs/simulators.md.
"""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from textback_pbx.testing.modem_commands import ASYNC_COMMANDS, COMMANDS, QUIT, Request
from textback_pbx.testing.simulated_modem import SimulatedModem
from textback_pbx.testing.tpdu import PduProblem


class ControlServer:
    """Serves one modem's control channel; ``stopped`` is set by the command ``quit``."""

    def __init__(self, modem: SimulatedModem) -> None:
        self.modem = modem
        self.stopped = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._stopping = False
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self, address: str) -> str:
        """Listen on a unix socket path, or on ``HOST:PORT`` of the loopback; return the address."""
        host, _, port = address.rpartition(":")
        if port.isdigit() and "/" not in address:
            self._server = await asyncio.start_server(self._serve, host or "127.0.0.1", int(port))
            return "{}:{}".format(*self._server.sockets[0].getsockname()[:2])
        self._path = Path(address)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, address, limit=2**20)
        return address

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._stopping = True
            self._server.close()
            for _ in range(5):  # a client the kernel has just let in gets to its handler, which turns it away
                await asyncio.sleep(0)
            serving = tuple(self._serving)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving)
            await self._server.wait_closed()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._stopping:
            writer.close()
            return
        self._serving.add(task)
        try:
            while line := await reader.readline():
                answer = await self.answer(line)
                writer.write(json.dumps(answer, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            return  # gone, or a line beyond the limit
        except asyncio.CancelledError:
            return  # stop() waits for this end; asyncio 3.11 would print a cancelled handler as an error
        finally:
            self._serving.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def answer(self, line: bytes) -> dict[str, Any]:
        """Answer one request line."""
        request: Any = None
        try:
            request = json.loads(line)
            return {"id": request.get("id"), "ok": True, "result": await self._do(request)}
        except KeyError as error:
            problem = f"`{error.args[0]}` is missing"
        except TimeoutError:
            problem = "timed out"
        except (ValueError, TypeError, AttributeError, IndexError, PduProblem) as error:
            problem = str(error) or type(error).__name__
        return {"id": request.get("id") if isinstance(request, dict) else None, "ok": False, "error": problem}

    async def _do(self, request: Request) -> Any:
        name = request["do"]
        if name == QUIT[0]:
            self.stopped.set()
            return None
        if name in ASYNC_COMMANDS:
            return await ASYNC_COMMANDS[name][1](self.modem, request)
        if name in COMMANDS:
            return COMMANDS[name][1](self.modem, request)
        raise ValueError(f"no command {name!r}; there are: {', '.join([*COMMANDS, *ASYNC_COMMANDS, QUIT[0]])}")
