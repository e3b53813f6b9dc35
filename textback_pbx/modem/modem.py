"""One modem line: its owner task, the work others ask of it, and the stream of what comes in.

Only :meth:`Modem.run` touches the port. Others ask: :meth:`Modem.submit` and :meth:`Modem.delete` put a job in
the owner's queue and wait; the owner runs one job at a time, each to its end, so a cancelled caller never leaves
half a command on the line. Between jobs the owner does its chores: reads the storage, looks at the network,
reads the set-up back. It never deletes what it was not told to (promise 4).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from textback_pbx.clock import Clock
from textback_pbx.modem.health import BLOCKING, Health
from textback_pbx.modem.holders import reading_along
from textback_pbx.modem.inbox import Inbox
from textback_pbx.modem.items import HealthChanged, Item, Problem, Stored
from textback_pbx.modem.jobs import DeleteJob, Jobs, SubmitJob
from textback_pbx.modem.pdu import Concat, Encoded, Unencodable, encode_submit
from textback_pbx.modem.pin import CannotUse, Pins
from textback_pbx.modem.port import PortProblem
from textback_pbx.modem.profile import ProfileProblem
from textback_pbx.modem.serving import Restarted, Serving
from textback_pbx.modem.session import PortLost, Session, Silent, Slow
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.modem.state import LineState
from textback_pbx.outbox.attempt import HandOver, NotHandedOver, OutPart, Refused, SubmitResult

log = logging.getLogger(__name__)

#: How long to wait before a line that cannot work as it is (a SIM, a PIN, another stick) is looked at again, seconds.
_LOOK_AGAIN_S = 20.0
_INVALID_PDU = 304  # 27.005, 3.2.5: what the modem would say of a part that cannot be encoded


class Modem:
    """A line of ``outbox.sender.Line``, a stream of :class:`Item`, and a :class:`Health`.

    ``on_change`` is called (in the loop) whenever the line may have become able or unable to send.
    """

    def __init__(
        self,
        settings: ModemSettings,
        clock: Clock,
        *,
        pins: Pins | None = None,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._pins = pins
        self._on_change = on_change or _nothing
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._jobs = Jobs()
        self._state = LineState(settings, clock, self._changed)
        self._inbox = Inbox(settings, clock, self._items.put_nowait)
        self._last_reset: float | None = None

    # what others see ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The configured name."""
        return self.settings.name

    @property
    def iccid(self) -> str | None:
        """The SIM now in it; ``None`` until it has been read."""
        return self._state.health.iccid or None

    @property
    def health(self) -> Health:
        """How the line is now."""
        return self._state.health

    def trouble(self) -> str | None:
        """Why it cannot send now, in words, or ``None``."""
        health = self._state.health
        return health.message if health.problem in BLOCKING else None

    @property
    def drained(self) -> bool:
        """Whether everything that waited on its SIM when it was attached is on disk: one of these may be a STOP."""
        return self._inbox.first_read and not self._inbox.owed

    async def stream(self) -> AsyncIterator[Item]:
        """What comes in, in order, for one reader, for ever."""
        while True:
            yield await self._items.get()

    async def next_item(self) -> Item:
        """The next thing that came in."""
        return await self._items.get()

    def look_now(self) -> None:
        """Read the storage at the next opportunity."""
        self._inbox.look_again()
        self._jobs.wake()

    async def submit(self, part: OutPart, hand_over: HandOver) -> SubmitResult:
        """Send one part: see :class:`textback_pbx.outbox.sender.Line`.

        A caller that is cancelled waits until the prompt is closed or the PDU has left; an acceptance that comes
        after it has gone is on the stream as ``LateAccept``.
        """
        trouble = self.trouble()
        if trouble is not None:
            return NotHandedOver(trouble)
        try:
            encoded = self._encode(part)
        except Unencodable as error:
            return Refused(_INVALID_PDU, f"the part cannot be encoded: {error}", definite=True)
        job = SubmitJob(part, encoded, hand_over)
        self._jobs.put(job)
        return await job.result()

    def _encode(self, part: OutPart) -> Encoded:
        concat = None
        if part.total > 1:
            ref = part.concat_ref if part.concat_ref is not None else part.message_id & 0xFF
            concat = Concat(ref, part.seq, part.total, wide=ref > 0xFF)
        return encode_submit(
            part.number,
            part.text,
            part.encoding,
            concat=concat,
            report=self.settings.status_reports,
            validity_minutes=part.validity_minutes,
        )

    async def delete(self, item: Item) -> bool:
        """Say that ``item`` is committed; a stored one is deleted from its storage. ``False``: it is still there.

        An entry that could not be deleted is given again later; committing it twice is harmless.
        """
        if not isinstance(item, Stored):
            return True
        self._inbox.committed(item)
        if item.iccid != self.iccid:
            self._state.judge()
            return False  # another card is in: that slot is not ours to touch
        job = DeleteJob(item)
        self._jobs.put(job)
        self._state.judge()
        return await job.result()

    # the owner ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the port until cancelled: connect, set up, serve; again after every failure."""
        failures = 0
        try:
            while True:
                failures += 1
                self._jobs.open = False
                problem, detail = await self._one_life()
                self._state.down(problem, detail)
                self._jobs.refuse(self._state.health.message)
                if self._state.take_served():
                    failures = 1
                await self._rest(problem, failures)
        finally:
            self._jobs.refuse("the agent stops")

    async def _one_life(self) -> tuple[Problem, str]:
        """From opening the port to losing it; return why it ended."""
        session = Session(self.name, self._clock, self._state.timing, self._state.unsolicited, self._jobs.wake)
        self._state.connect(self._jobs.wake, self._inbox, self._items.put_nowait)
        serving = Serving(
            session,
            self._clock,
            self.settings,
            state=self._state,
            inbox=self._inbox,
            jobs=self._jobs,
            give=self._items.put_nowait,
        )
        try:
            await session.open(self.settings.port, self.settings.baudrate)
            while True:
                try:
                    await serving.run(self._pins)
                except Restarted as why:
                    log.warning("modem %s: set up again: %s", self.name, why)
        except PortProblem as error:
            return Problem.NO_PORT, str(error)
        except PortLost as error:
            return Problem.NO_PORT, str(error)
        except CannotUse as error:
            return error.problem, error.detail
        except ProfileProblem as error:
            return Problem.SETUP_REFUSED, str(error)
        except (Silent, Slow) as error:
            self._reset(session)
            return Problem.SILENT, f"{error}{await asyncio.to_thread(reading_along, self.settings.port)}"
        finally:
            session.close()

    def _reset(self, session: Session) -> None:
        """Restart a modem that does not answer, at most so often (FAULTS 32)."""
        now = self._clock.monotonic()
        if self._last_reset is None or now - self._last_reset >= self.settings.reset_every_s:
            self._last_reset = now
            self._state.count_reset()
            session.reset_blindly()

    async def _rest(self, problem: Problem, failures: int) -> None:
        if problem is Problem.SILENT:
            await self._clock.sleep(min(self._state.timing.boot, 2.0 * failures))
        elif problem is Problem.NO_PORT:
            await self._clock.sleep(min(0.25 * 2 ** min(failures - 1, 8), self.settings.longest_wait_s))
        else:
            await self._clock.sleep(_LOOK_AGAIN_S)

    def _changed(self) -> None:
        health = self._state.health
        log.debug("modem %s: %s", self.name, health.message)  # whoever takes the change says it once
        self._items.put_nowait(HealthChanged(self.name, health.problem))
        self._on_change()


def _nothing() -> None:
    """Nobody wants to know."""
