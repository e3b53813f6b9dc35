"""One connection to the simulated PBX: logs in, answers actions, and is sent events as hostilely as asked."""

import asyncio
import contextlib
import hashlib
import secrets
from typing import TYPE_CHECKING

from textback_pbx.testing.ami_live import Headers, headers_of
from textback_pbx.testing.ami_script import block

if TYPE_CHECKING:
    from textback_pbx.testing.asterisk import AmiServer

_MAX_ACTION = 65_536
_ACTIONS = ("Ping", "CoreStatus", "CoreSettings", "CoreShowChannels", "DeviceStateList", "Events", "ListCommands",
            "UserEvent")  # fmt: skip


class AmiConnection:
    """Reads actions, writes answers and events in order through one writer."""

    def __init__(self, server: "AmiServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._challenge = ""
        self.username: str | None = None

    async def run(self) -> None:
        """Serve until either side ends the connection."""
        self._outbox.put_nowait(f"Asterisk Call Manager/{self._server.ami_version}\r\n".encode())
        pump = asyncio.ensure_future(self._pump())
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while True:
                    raw = await self._reader.readuntil(b"\r\n\r\n")
                    await self._server.thawed.wait()
                    if not self._act(headers_of(raw)):
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self._outbox.join(), 1)
                        return
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            self._writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Queue bytes for this connection."""
        self._outbox.put_nowait(data)

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()

    async def _pump(self) -> None:
        """Write what is queued: whole, or cut anywhere, or slowly; not at all while frozen."""
        server = self._server
        with contextlib.suppress(ConnectionError):
            while True:
                data = await self._outbox.get()
                size = server.chunk or len(data) or 1
                for at in range(0, len(data), size):
                    await server.thawed.wait()
                    await self._write(data[at : at + size])
                    if server.chunk or server.throttle:
                        await asyncio.sleep(size / server.throttle if server.throttle else 0)
                self._outbox.task_done()

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        limit = self._server.write_timeout
        try:
            await asyncio.wait_for(self._writer.drain(), limit)
        except TimeoutError:  # what Asterisk does to a slow reader
            self._server.dropped_slow += 1
            self.abort()

    # actions -------------------------------------------------------------------------------------------------

    def _act(self, action: Headers) -> bool:
        """Answer one action; False when the connection is to end."""
        server, name = self._server, action.get("Action", "").lower()
        server.note(action)
        if name == "challenge":
            self._challenge = str(secrets.randbelow(10**9))
            self._answer(action, "Success", ("Challenge", self._challenge))
        elif name == "login":
            return self._login(action)
        elif name == "logoff":
            self._answer(action, "Goodbye", ("Message", "Thanks for all the fish."))
            return False
        elif self.username is None or name in server.forbidden:
            self._answer(action, "Error", ("Message", "Permission denied"))
        else:
            self._command(name, action)
        return True

    def _login(self, action: Headers) -> bool:
        secret = self._server.users.get(action.get("Username", ""))
        if action.get("AuthType", "").upper() == "MD5":
            expected = hashlib.md5(f"{self._challenge}{secret}".encode()).hexdigest()  # noqa: S324  # AMI's own digest
            right = secret is not None and bool(self._challenge) and action.get("Key") == expected
        else:
            right = secret is not None and action.get("Secret") == secret
        if not right:
            self._server.refused += 1
            self._answer(action, "Error", ("Message", "Authentication failed"))
            return False
        self.username = action["Username"]
        self._answer(action, "Success", ("Message", "Authentication accepted"))
        self._server.logged_in(self)
        return True

    def _command(self, name: str, action: Headers) -> None:
        server = self._server
        if name == "ping":
            self._answer(action, "Success", ("Ping", "Pong"), ("Timestamp", f"{server.counter.now():.6f}"))
        elif name == "corestatus":
            day, clock = server.started.split("T")
            current = ("CoreCurrentCalls", len(server.live.channels))
            self._answer(action, "Success", ("CoreStartupDate", day), ("CoreStartupTime", clock), current)
        elif name == "coresettings":
            version = ("AsteriskVersion", server.version)
            self._answer(action, "Success", ("AMIversion", server.ami_version), version, ("SystemName", server.system))
        elif name == "coreshowchannels":
            self._show_channels(action)
        elif name == "events":
            self._answer(action, "Success", ("Events", "On"))
        elif name == "listcommands":
            may = [name for name in _ACTIONS if name.lower() not in server.forbidden | server.unknown]
            self._answer(action, "Success", *((name, f"{name}.  (Priv: reporting,all)") for name in may))
        elif name == "devicestatelist" and name not in server.unknown:
            self._show_devices(action)
        elif name == "userevent" and name not in server.unknown:
            self._answer(action, "Success", ("Message", "Event Sent"))
            if "user" not in server.hidden:
                self.send(block("UserEvent", ("Privilege", "user,all"), ("UserEvent", action.get("UserEvent", ""))))
        else:
            self._answer(action, "Error", ("Message", "Invalid/unknown command"))

    def _show_channels(self, action: Headers) -> None:
        action_id = action.get("ActionID", "")
        self._answer(action, "Success", ("EventList", "start"), ("Message", "Channels will follow"))
        shown = self._server.live.show(action_id)
        for headers in shown:
            self.send(block("CoreShowChannel", *headers))
        end = (("ActionID", action_id), ("EventList", "Complete"), ("ListItems", len(shown)))
        self.send(block("CoreShowChannelsComplete", *end))

    def _show_devices(self, action: Headers) -> None:
        action_id = ("ActionID", action.get("ActionID", ""))
        self._answer(action, "Success", ("EventList", "start"), ("Message", "Device States will follow"))
        for device, state in self._server.devices.items():
            self.send(block("DeviceStateChange", action_id, ("Device", device), ("State", state)))
        self.send(block("DeviceStateListComplete", action_id, ("EventList", "Complete")))

    def _answer(self, action: Headers, response: str, *headers: tuple[str, object]) -> None:
        lines = [f"Response: {response}"]
        if "ActionID" in action:
            lines.append(f"ActionID: {action['ActionID']}")
        lines += [f"{key}: {value}" for key, value in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
