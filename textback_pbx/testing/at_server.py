"""The AT interpreter of the simulated modem: bytes in, command lines out, replies and unsolicited codes back.

ITU-T V.250 (line grammar, echo, result codes), 27.005 3.5.1 (the prompt). One :class:`AtServer` lives from power-on
to power loss. Unsolicited codes wait while a command line is worked on, and come through while the radio sends, as they
do on the modems seen in the field.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textback_pbx.testing.at_errors import AtError
from textback_pbx.testing.at_grammar import Call, LineProblem, parse_line
from textback_pbx.testing.faults import Fault

if TYPE_CHECKING:
    from textback_pbx.testing.simulated_modem import SimulatedModem

CR, LF, BACKSPACE, CTRL_Z, ESC = 0x0D, 0x0A, 0x08, 0x1A, 0x1B
MAX_LINE = 4096

#: The numeric result codes of ATV0 (V.250 table 1).
NUMERIC = {"OK": "0", "CONNECT": "1", "RING": "2", "NO CARRIER": "3", "ERROR": "4", "NO DIALTONE": "6", "BUSY": "7"}

Handler = Callable[["AtServer", Call], list[str]]
AsyncHandler = Callable[["AtServer", Call], Awaitable[list[str]]]


class Swallowed(Exception):
    """A fault: the command ends without a word."""


class PowerLost(Exception):
    """A fault took the power away in mid-command."""


class Final(Exception):
    """A command ends its line with a result of its own, such as NO CARRIER."""


class AtServer:
    """One power-on session of a modem's AT port."""

    def __init__(
        self, modem: "SimulatedModem", handlers: dict[str, Handler], submitters: dict[str, AsyncHandler]
    ) -> None:
        self.modem = modem
        self._handlers = handlers
        self._submitters = submitters
        self._input: deque[int] = deque()
        self._arrived = asyncio.Event()
        self._echo = bytearray()
        self._last_line = ""
        self._reserved = False
        self._waiting: deque[bytes] = deque()
        self.hung = False

    @property
    def known(self) -> frozenset[str]:
        """The commands this modem takes."""
        return frozenset(self._handlers) | frozenset(self._submitters) - self.modem.model.refused

    # --- bytes --------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        if not self.hung:
            self._input.extend(data)
            self._arrived.set()

    async def _byte(self) -> int:
        while not self._input:
            self._flush_echo()
            self._arrived.clear()
            await self._arrived.wait()
        byte = self._input.popleft()
        if self.modem.settings.echo:
            self._echo.append(byte)
        return byte

    def _flush_echo(self) -> None:
        if self._echo:
            self.modem.write(bytes(self._echo))
            self._echo.clear()

    # --- lines --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until the power goes."""
        try:
            while True:
                await self._execute(await self._line())
        except PowerLost:
            return

    async def _line(self) -> str:
        """Collect a command line; what comes before ``AT`` is dropped (V.250 5.2.1)."""
        line = bytearray()
        while True:
            byte = await self._byte()
            if byte == self.modem.settings.registers[3]:
                if line[:2].upper() == b"AT":
                    self._last_line = line[2:].decode("latin-1")
                    return self._last_line
                line.clear()
            elif byte in {BACKSPACE, 0x7F}:
                del line[-1:]
            elif byte >= 0x20 and len(line) < MAX_LINE:
                line.append(byte)
                if len(line) >= 2 and line[:1].upper() == b"A" and line[1:2] == b"/":
                    return self._last_line
                while line and not b"AT".startswith(line[:2].upper()):
                    del line[0]

    async def _execute(self, body: str) -> None:
        modem = self.modem
        self._flush_echo()
        self._reserved = True
        modem.journal.add("command", line=f"AT{body}")
        command, info = "", list[str]()
        try:
            try:
                for call in parse_line(body):
                    if call.name == ";":
                        continue
                    command = call.name
                    lines = await self._call(call)
                    if lines:
                        info.append("\r\n".join(lines))
                final = "OK"
            except LineProblem:
                final = "ERROR"
            except AtError as error:
                final = error.final(modem.settings.cmee)
            except Final as words:
                final = str(words)
            await self._reply(info, final, command)
        except Swallowed:
            self._flush_echo()
        finally:
            self._reserved = False
        self.release_urcs()
        modem.after_command()
        self._check_power()

    def _check_power(self) -> None:
        """End when the power went while this session was not looking: a fault, or a restart it ordered itself."""
        if self.modem.session is not self:
            raise PowerLost

    async def _call(self, call: Call) -> list[str]:
        await self.step("command", call.name)
        if call.name in self.modem.model.refused:
            raise AtError
        if call.name in self._submitters:
            return await self._submitters[call.name](self, call)
        handler = self._handlers.get(call.name)
        if handler is None:
            raise AtError
        return handler(self, call)

    # --- replies ------------------------------------------------------------------------------------------

    async def _reply(self, info: list[str], final: str, command: str) -> None:
        try:
            due = await self.step("reply", command)
        except AtError as error:
            info, final, due = [], error.final(self.modem.settings.cmee), ()
        if any(fault.do == "swallow" for fault in due):
            raise Swallowed
        settings = self.modem.settings
        if settings.verbose:
            text = "".join(f"\r\n{block}\r\n" for block in info)
            result = f"\r\n{final}\r\n"
        else:
            text = "".join(f"{block}\r\n" for block in info)
            result = NUMERIC.get(final, final) + "\r"
        data = (text + ("" if settings.quiet else result)).encode("latin-1", "replace")
        self._flush_echo()
        await self._write_shaped(data, due)
        self.modem.journal.add("reply", command=command, final=final)

    async def _write_shaped(self, data: bytes, due: tuple[Fault, ...]) -> None:
        cuts: list[int] = []
        pause = 0.0
        for fault in due:
            if fault.do == "inject":
                at = min(int(fault.args.get("at", 0)), len(data))
                data = data[:at] + fault_bytes(fault) + data[at:]
            elif fault.do == "split":
                cuts = [int(cut) for cut in fault.args.get("at", range(1, len(data)))]
                pause = float(fault.args.get("seconds", 0))
        start = 0
        for cut in sorted({cut for cut in cuts if 0 < cut < len(data)}):
            self.modem.write(data[start:cut])
            await self.modem.clock.sleep(pause)
            start = cut
        self.modem.write(data[start:])

    def urc(self, text: bytes) -> None:
        """Write an unsolicited code, or keep it until the line is free."""
        if self._reserved:
            self._waiting.append(text)
        else:
            self._write_urc(text)

    def release_urcs(self) -> None:
        """Write what waited."""
        while self._waiting and not self._reserved:
            self._write_urc(self._waiting.popleft())

    def _write_urc(self, text: bytes) -> None:
        modem = self.modem
        for fault in modem.faults.take("urc", text.strip().split(b":")[0].decode("latin-1")):
            modem.note_fault(fault, "urc")
            if fault.do == "swallow":
                return
            if fault.do == "delay":
                modem.timers.after(float(fault.args.get("seconds", 0)), lambda: modem.write(text))
                return
            if fault.do in modem.state_faults:
                modem.strike(fault)
        modem.write(text)
        modem.journal.add("urc", text=text.decode("latin-1").strip())

    # --- the prompt ---------------------------------------------------------------------------------------

    async def prompt(self, command: str, *, line_by_line: bool = False) -> bytes | None:
        """Write the prompt and collect up to Ctrl-Z; None when ESC came. ``line_by_line`` prompts again after CR."""
        mark = b"> " if "joined_reply" in self.modem.quirks else b"\r\n> "
        due = await self.step("prompt", command)
        if not any(fault.do == "swallow" for fault in due):
            self._flush_echo()
            await self._write_shaped(mark, due)
            self.modem.journal.add("prompt", command=command)
        body = bytearray()
        pending: tuple[Fault, ...] | None = None
        while True:
            byte = await self._byte()
            if pending is None:
                pending = self.modem.faults.take("pdu", command)
            pending = await self._mid_pdu(pending, len(body), command)
            if byte == ESC:
                self._flush_echo()
                self.modem.journal.add("escape", command=command)
                return None
            if byte == CTRL_Z:
                self._flush_echo()
                self.modem.journal.add("ctrl_z", command=command, body=body.decode("latin-1"))
                return bytes(body)
            body.append(byte)
            if line_by_line and byte == CR:
                self._flush_echo()
                self.modem.write(mark)

    async def _mid_pdu(self, pending: tuple[Fault, ...], arrived: int, command: str) -> tuple[Fault, ...]:
        due = [fault for fault in pending if arrived >= int(fault.args.get("after_bytes", 0))]
        for fault in due:
            await self._strike(fault, "pdu", command)
        return tuple(fault for fault in pending if fault not in due)

    async def radio(self, seconds: float) -> None:
        """Wait for the network; unsolicited codes come through meanwhile."""
        if seconds > 0:
            self._reserved = False
            self.release_urcs()
            try:
                await self.modem.clock.sleep(seconds)
            finally:
                self._reserved = True

    # --- faults -------------------------------------------------------------------------------------------

    async def step(self, event: str, command: str) -> tuple[Fault, ...]:
        """Pass one step; what strikes here strikes, and what shapes bytes is returned to the writer."""
        self._check_power()
        due = self.modem.faults.take(event, command)
        for fault in due:
            await self._strike(fault, event, command)
        return due

    async def _strike(self, fault: Fault, event: str, command: str) -> None:
        modem = self.modem
        modem.note_fault(fault, event, command)
        if fault.do == "delay":
            await modem.clock.sleep(float(fault.args.get("seconds", 0)))
        elif fault.do == "error":
            raise modem.error_of(fault)
        elif fault.do == "swallow":
            if event not in {"prompt", "reply"}:
                raise Swallowed
        elif fault.do == "split" or (fault.do == "inject" and event in {"reply", "prompt"}):
            return
        else:
            modem.strike(fault)
            self._check_power()
            if self.hung:
                await asyncio.Event().wait()


def fault_bytes(fault: Fault) -> bytes:
    """Return the bytes a fault injects: ``hex`` wins over ``data``, which may hold any character below U+0100."""
    if "hex" in fault.args:
        return bytes.fromhex(str(fault.args["hex"]))
    return str(fault.args.get("data", "")).encode("latin-1", "replace")
