"""One open port with its AT engine: commands with deadlines, the submit transaction, resynchronising.

Used by one task, the modem's owner; the port's callbacks only feed the engine. What was never answered is
:class:`Silent` after the engine has been brought back to a known state, :class:`PortLost` when the device is gone. The
prompt is never left open: whatever ends a submit before its PDU writes ESC (27.005, 3.5.1).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from textback_pbx.clock import Clock
from textback_pbx.modem.at import ESC, Engine
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
from textback_pbx.modem.lines import Command
from textback_pbx.modem.pdu import Encoded
from textback_pbx.modem.port import Port, open_port
from textback_pbx.modem.profile import Timing
from textback_pbx.modem.results import message_reference, refused_after, refused_before
from textback_pbx.modem.states import State
from textback_pbx.modem.waiting import within
from textback_pbx.outbox.attempt import Accepted, NotHandedOver, Refused, SubmitResult, Unknown

log = logging.getLogger(__name__)

#: How long one marker may take; doubled each time, so that a busy radio is not flooded with them.
_MARKER_S = 2.0

Definite = Callable[[int | None], bool]


class PortLost(Exception):
    """The device is gone; the message says how it was seen."""


class Silent(Exception):
    """The modem did not answer in time, and not to a resynchronisation either."""


class Slow(Exception):
    """A command was not answered in time; the modem is in step again."""


class Session:
    """One open port, from :meth:`open` to :meth:`close`."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        timing: Timing,
        on_unsolicited: Callable[[Event], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.timing = timing
        self.engine = Engine()
        self._name = name
        self._clock = clock
        self._on_unsolicited = on_unsolicited
        self._tell_lost = on_lost
        self._port: Port | None = None
        self._lost: str | None = None
        self._answers: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._submitting = False

    # life ---------------------------------------------------------------------------------------------------

    async def open(self, url: str, baudrate: int) -> None:
        """Open the port and take it over from whatever state a crash left it in: ESC first (FAULTS 5)."""
        self._port = await open_port(url, baudrate, self._on_bytes, self._on_lost)
        await self.resync(10.0)

    def close(self) -> None:
        """Give the port back; an open prompt is closed with ESC, so nothing half said stays behind."""
        port, self._port = self._port, None
        if port is not None:
            if self.engine.state in (State.ASKED, State.PROMPT) or (self._submitting and port.unsent):
                port.write(ESC)
            port.close()

    def reset_blindly(self) -> None:
        """Tell a modem that does not answer to restart (27.007, 8.2); it may hear what it cannot answer."""
        self._write(ESC + b"\rAT+CFUN=1,1\r")

    @property
    def lost(self) -> str | None:
        """Why the port is gone, or ``None``."""
        return self._lost

    def _on_bytes(self, data: bytes) -> None:
        for event in self.engine.receive(data):
            if isinstance(event, Reply | Prompt | Resynced):
                self._answers.append(event)
                self._wake()
            elif isinstance(event, StrayPrompt):
                self._write(ESC)
            elif isinstance(event, Unsolicited | LateSubmit):
                self._on_unsolicited(event)
            elif isinstance(event, LateFinal):
                log.info("modem %s: a late answer came: %s", self._name, event.final)
            elif isinstance(event, Noise):
                log.debug("modem %s: not understood: %r", self._name, event.line)

    def _on_lost(self, why: str) -> None:
        self._lost = why
        self._wake()
        self._tell_lost()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _write(self, data: bytes) -> None:
        if self._port is not None:
            self._port.write(data)

    async def _answer(self, seconds: float) -> Event | None:
        """Wait for the next answer; ``None`` when ``seconds`` pass; raises :class:`PortLost`."""
        if not self._answers and self._lost is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await within(self._clock, self._waiter, seconds)
            self._waiter = None
        if self._answers:
            return self._answers.popleft()
        if self._lost is not None:
            raise PortLost(self._lost)
        return None

    # commands -----------------------------------------------------------------------------------------------

    async def command(self, command: Command, seconds: float | None = None) -> Reply:
        """Run one command. Raises :class:`Slow`, :class:`Silent` or :class:`PortLost`; an error answer is a reply."""
        self._answers.clear()
        self._write(self.engine.send(command))
        answer = await self._answer(self.timing.command if seconds is None else seconds)
        if isinstance(answer, Reply):
            return answer
        log.warning("modem %s: no answer to %s", self._name, command.shown)
        await self.resync(self.timing.slow)
        raise Slow(command.shown)

    async def resync(self, seconds: float) -> None:
        """Give up what runs and come back into step; raises :class:`Silent` when that takes longer than ``seconds``."""
        self._write(self.engine.abandon())
        self._answers.clear()
        end = self._clock.monotonic() + seconds
        wait = _MARKER_S
        while (left := end - self._clock.monotonic()) > 0:
            self._write(self.engine.mark())
            if isinstance(await self._answer(min(wait, left)), Resynced):
                return
            wait *= 2
        self._write(self.engine.abandon())
        raise Silent(f"no answer in {seconds:.0f} s")

    # the submit ---------------------------------------------------------------------------------------------

    async def submit(
        self,
        pdu: Encoded,
        token: object,
        hand_over: Callable[[], Awaitable[None]],
        definite: Definite,
        *,
        on_left: Callable[[], None],
    ) -> SubmitResult:
        """Hand one PDU over: ``AT+CMGS``, prompt, ``hand_over()``, PDU and Ctrl-Z, the answer. One transaction.

        ``on_left`` is called as soon as the PDU has been written.

        Returns what is known; raises only :class:`Silent` or :class:`PortLost` before the hand-over, and
        ``CancelledError``: then :meth:`close` must follow.
        """
        self._answers.clear()
        self._write(self.engine.ask(pdu.length, token))
        answer = await self._answer(self.timing.prompt)
        if isinstance(answer, Reply):
            return refused_before(answer.final)
        if not isinstance(answer, Prompt):
            await self.resync(self.timing.slow)
            return NotHandedOver("the modem gave no prompt")
        try:
            await hand_over()
        except Exception as error:  # noqa: BLE001 - whatever went wrong there, the text must not leave
            await self.resync(self.timing.slow)
            return NotHandedOver(f"the hand-over was not granted: {error}")
        if self.engine.state is not State.PROMPT or self._lost is not None:
            return self._withdrawn()
        return await self._send(pdu, definite, on_left)

    def _withdrawn(self) -> SubmitResult:
        """The permission was given, and then the modem closed the prompt or went away: no byte has left."""
        if self._lost is not None:
            return Refused(None, f"{self._lost}, before the text left", definite=True)
        answer = self._answers.popleft() if self._answers else None
        code = answer.final.code if isinstance(answer, Reply) else None
        return Refused(code, "the modem closed its prompt before the text left", definite=True)

    async def _send(self, pdu: Encoded, definite: Definite, on_left: Callable[[], None]) -> SubmitResult:
        self._submitting = True
        try:
            self._write(self.engine.pdu(pdu.hexadecimal))
            on_left()
            answer = await self._answer(self.timing.submit)
        except PortLost as error:
            return self._unheard(f"{error} before the answer came")
        finally:
            self._submitting = False
        if not isinstance(answer, Reply):
            result = self._unheard(f"no answer in {self.timing.submit:.0f} s")
            await self._settle()
            return result
        if answer.ok and (reference := message_reference(answer.lines)) is not None:
            return Accepted(reference)
        if answer.ok:
            # OK without +CMGS is also what ESC gets; nobody can know.
            return Unknown("the modem said OK and gave no message reference")
        return refused_after(answer.final, definite)

    def _unheard(self, why: str) -> SubmitResult:
        """What to make of a missing final result: ``+CMGS`` itself is the network's word, the OK adds nothing."""
        line = self.engine.submitted_line
        reference = None if line is None else message_reference((line,))
        return Unknown(why) if reference is None else Accepted(reference)

    async def _settle(self) -> None:
        try:
            await self.resync(self.timing.slow)
        except (Silent, PortLost) as error:
            # The result stands; the owner meets the same trouble at its next command and deals with it there.
            log.warning("modem %s: after a submit without answer: %s", self._name, error)
