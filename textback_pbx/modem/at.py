"""The AT engine: bytes in, events out; commands in, bytes out. Sans-IO: no clock, no I/O, no asyncio.

One command at a time (ITU-T V.250, 5.6). Its life is :data:`states.TABLE`. Whoever
owns the port gives every byte to :meth:`Engine.receive` and writes what the other methods return. After a
deadline the owner calls :meth:`Engine.abandon` and then :meth:`Engine.mark` until :class:`Resynced` comes: only
then is it certain that no answer still under way can be taken for the next command's. Nothing that arrives
raises; buffers and lines are bounded; a final result ends a reply only as an exact line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

from textback_pbx.modem.events import (
    Event,
    LateFinal,
    LateSubmit,
    Noise,
    Prompt,
    Reply,
    Resynced,
    StrayPrompt,
    Unsolicited,
)
from textback_pbx.modem.lines import (
    HEX_LINE,
    PDU_GRAMMAR,
    BodyKind,
    Command,
    Final,
    FinalKind,
    Head,
    NotGrammar,
    belongs,
    clean,
    final_of,
    unsolicited_of,
)
from textback_pbx.modem.states import TABLE, Input, State

ESC, CTRL_Z = b"\x1b", b"\x1a"
MAX_LINE = 2_048  # bytes; the longest honest line is a PDU of 352 digits or a list of storages
MAX_REPLY_LINES = 1_200  # a full storage of 255 messages lists 510
MAX_QUOTED_LINES = 12
_PROMPT = b"> "
_OVERLONG = b"\x00"  # marks the head of a line that was cut; NUL is taken out of what arrives, so nothing else has it


#: Queries that every modem for texts answers with a line of their own that is never unsolicited. They take turns,
#: so that the late answer to one cannot be taken for the answer to the next.
MARKERS = tuple(
    Command(f"AT{prefix}?", prefixes=(prefix,)) for prefix in ("+CMGF", "+CSMS", "+CMEE", "+CNMI", "+CSCA", "+CPMS")
)


class Misuse(RuntimeError):
    """The owner of the port asked for what the state does not allow. A bug on our side."""


@dataclass(slots=True)
class _Pending:
    """An unsolicited code whose body has not come."""

    head: Head
    line: str
    kind: BodyKind
    more: list[str] = field(default_factory=list)


class Engine:
    """The protocol of one port. Not thread-safe; has one owner."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self._buffer = bytearray()
        self._skipping = False
        self._pending: _Pending | None = None
        self._command: Command | None = None
        self._lines: list[str] = []
        self._truncated = False
        self._pdu = ""
        self._token: object = None
        self._late: object = None
        self._late_ok = False
        self._markers = cycle(MARKERS)
        self._echoes: set[str] = set()

    # what the owner does ------------------------------------------------------------------------------------

    def send(self, command: Command) -> bytes:
        """Start a command; return the bytes to write."""
        self._step(Input.SEND)
        self._begin(command)
        return command.text.encode("ascii") + b"\r"

    def ask(self, length: int, token: object) -> bytes:
        """Start ``AT+CMGS=length`` (octets of the TPDU, 27.005, 4.3); ``token`` names the submit if it comes late."""
        command = Command(f"AT+CMGS={length}", prefixes=("+CMGS",))
        self._step(Input.ASK)
        self._begin(command)
        self._token = token
        return command.text.encode("ascii") + b"\r"

    def pdu(self, hexadecimal: str) -> bytes:
        """Answer the open prompt; return the PDU and Ctrl-Z. From here on the text may be on the air."""
        if not PDU_GRAMMAR.fullmatch(hexadecimal):
            raise NotGrammar("that is no PDU")
        self._step(Input.PDU)
        self._pdu = hexadecimal
        return hexadecimal.encode("ascii") + CTRL_Z

    def abandon(self) -> bytes:
        """Give the running command up (or, idle, take over a port in an unknown state); return the bytes to write."""
        prompt_may_be_open = self.state not in (State.REPLY, State.MARKED)
        if self.state is State.SUBMITTED and not self.submitted_line:
            self._late = self._token
        self._step(Input.ABANDON)
        self._clear()
        self._late_ok = False
        return ESC if prompt_may_be_open else b""

    def mark(self) -> bytes:
        """Send the next marker; :class:`Resynced` follows when the modem has answered it."""
        self._step(Input.MARK)
        self._begin(next(self._markers))
        assert self._command is not None
        return self._command.text.encode("ascii") + b"\r"

    @property
    def submitted_line(self) -> str | None:
        """``+CMGS: ...`` of the running submit, when it came although the final OK has not."""
        if self.state is not State.SUBMITTED:
            return None
        return next((line for line in self._lines if line.startswith("+CMGS:")), None)

    @property
    def unresolved(self) -> bool:
        """Whether a submit was given up whose answer has not come since."""
        return self._late is not None

    def forget_late(self) -> None:
        """Stop expecting the answer to a submit that was given up (its modem was reset)."""
        self._late = None

    # what the modem does ------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes as they come, split anywhere; return what they mean, in order."""
        self._buffer += data.translate(None, b"\x00\x11\x13")  # NUL at power-up, XON, XOFF: never part of a line
        events: list[Event] = []
        while (line := self._next_line()) is not None:
            if line.startswith(_OVERLONG):
                events.append(Noise(f"a line of more than {MAX_LINE} bytes: {clean(line[1:])}"))
            else:
                events.extend(self._prompt() if line == _PROMPT else self._line(clean(line)))
        return events

    def _next_line(self) -> bytes | None:
        """Cut the next line, or the prompt (which no line end follows), off the buffer."""
        while True:
            if not self._skipping:
                self._buffer = self._buffer.lstrip(b"\r\n")
                if self._buffer[:1] == b">" and bytes(self._buffer[1:2]) in (b" ", b"\r", b"\n"):
                    del self._buffer[:2]
                    return _PROMPT
            end = min((at for at in (self._buffer.find(b"\r"), self._buffer.find(b"\n")) if at >= 0), default=-1)
            if end < 0:
                if len(self._buffer) <= MAX_LINE:
                    return None
                cut = None if self._skipping else _OVERLONG + bytes(self._buffer[:40])
                self._buffer.clear()
                self._skipping = True
                return cut
            line, self._buffer = bytes(self._buffer[:end]), self._buffer[end:]
            if not self._skipping:
                return line
            self._skipping = False

    def _prompt(self) -> Iterator[Event]:
        if self.state is State.ASKED:
            self._step(Input.PROMPT)
            yield Prompt()
        elif self.state in (State.PROMPT, State.SUBMITTED):
            yield Noise("> ")
        else:
            yield StrayPrompt()

    def _line(self, line: str) -> Iterator[Event]:
        if not line or self._is_echo(line):
            return
        if self._pending is not None:
            taken, event = self._body(line)
            if event is not None:
                yield event
            if taken:
                return
        final = final_of(line)
        head = None if final else unsolicited_of(line, self._command)
        if final is not None:
            yield from self._final(final)
        elif head is None:
            yield from self._reply_line(line)
        elif head.code == "+CMGS":
            yield from self._late_submit(line)
        elif head.body is not None:
            if self._pending is not None:
                yield self._flush()
            self._pending = _Pending(head, line, head.body)
        else:
            yield Unsolicited(head.code, line)

    def _is_echo(self, line: str) -> bool:
        return line in self._echoes or bool(self._pdu and line == self._pdu)

    def _body(self, line: str) -> tuple[bool, Event | None]:
        """Offer a line to the unsolicited code that waits for its body: (taken?, the event now complete)."""
        pending = self._pending
        assert pending is not None
        if pending.kind is BodyKind.HEX and HEX_LINE.fullmatch(line):
            return True, self._flush(line)
        interrupts = final_of(line) is not None or unsolicited_of(line, None) is not None
        if pending.kind is BodyKind.HEX:
            # Another unsolicited code may come between; anything else means that the body was lost.
            other = unsolicited_of(line, self._command)
            return False, None if other is not None and other.body is None else self._flush("")
        if pending.kind is BodyKind.TEXT:
            return (False, None) if interrupts else (True, self._flush(line))
        pending.more.append(line)
        if line.count('"') % 2 or len(pending.more) >= MAX_QUOTED_LINES:
            return True, self._flush()
        return True, None

    def _flush(self, body: str = "") -> Unsolicited:
        pending, self._pending = self._pending, None
        assert pending is not None
        if pending.kind is BodyKind.QUOTED:
            return Unsolicited(pending.head.code, "\n".join([pending.line, *pending.more]))
        return Unsolicited(pending.head.code, pending.line, body, text_mode=pending.kind is BodyKind.TEXT)

    def _final(self, final: Final) -> Iterator[Event]:
        if self._late_ok and final.kind is FinalKind.OK:
            self._late_ok = False  # it ends the submit that was given up, not the command that runs now
            yield LateFinal(final)
        elif self.state is State.MARKED:
            if final.kind is FinalKind.OK:
                self._step(Input.FINAL)
                self._clear()
                yield Resynced()
        elif self.state in (State.LOST, State.RESYNC):
            yield LateFinal(final)
        elif self.state is State.IDLE:
            yield Noise(str(final))
        else:
            assert self._command is not None
            reply = Reply(self._command, tuple(self._lines), final, self._truncated)
            self._step(Input.FINAL)
            self._clear()
            yield reply

    def _reply_line(self, line: str) -> Iterator[Event]:
        last = self._lines[-1] if self._lines else None
        if self._command is None or not belongs(line, self._command, last):
            yield Noise(line[:80])
        elif self.state is State.RESYNC:
            self._step(Input.MARKER)
        elif line.startswith("+CMGS:") and self.state is not State.SUBMITTED:
            yield from self._late_submit(line)
        elif len(self._lines) < MAX_REPLY_LINES:
            self._lines.append(line)
        else:
            self._truncated = True

    def _late_submit(self, line: str) -> Iterator[Event]:
        if self._late is None:
            yield Noise(line[:80])
            return
        token, self._late = self._late, None
        self._late_ok = True
        yield LateSubmit(token, line)

    # bookkeeping --------------------------------------------------------------------------------------------

    def _step(self, given: Input) -> None:
        if (self.state, given) not in TABLE:
            raise Misuse(f"{given.value!r} is not allowed in state {self.state.value!r}")
        self.state = TABLE[self.state, given]

    def _begin(self, command: Command) -> None:
        self._clear()
        self._command = command
        self._echoes = {command.text, "AT" + command.text}

    def _clear(self) -> None:
        self._command = None
        self._lines = []
        self._truncated = False
        self._pdu = ""
        self._token = None
        self._echoes = set()
