"""The owner's work while the port is open: set up, read what waits, then jobs and chores until something breaks.

One thing at a time, a job before a chore, and chores in small steps, so that a text never waits behind more than one
command.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from textback_pbx.clock import Clock
from textback_pbx.modem import network, storage
from textback_pbx.modem.inbox import Inbox
from textback_pbx.modem.jobs import DeleteJob, Job, Jobs, SubmitJob
from textback_pbx.modem.lines import Command
from textback_pbx.modem.pin import Pins, card_in
from textback_pbx.modem.session import PortLost, Session, Silent, Slow
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.modem.setup import Setup, read_back, set_up
from textback_pbx.modem.state import LineState
from textback_pbx.modem.states import State
from textback_pbx.outbox.attempt import Accepted, LateAccept, NotHandedOver, Refused, SubmitResult, Unknown

log = logging.getLogger(__name__)

_SLOW_IN_A_ROW = 3
_SEARCHING_S = 5.0  # how often registration is looked at while there is none


class Restarted(Exception):
    """The modem has lost its set-up; the message says how it was seen."""


@dataclass(slots=True)
class Chore:
    """Something done every ``every`` seconds."""

    do: Callable[[], Awaitable[None]]
    every: float
    due: float


class Serving:
    """One open port's work. Made anew with each connection."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        settings: ModemSettings,
        *,
        state: LineState,
        inbox: Inbox,
        jobs: Jobs,
        give: Callable[[LateAccept], None],
    ) -> None:
        self._session = session
        self._clock = clock
        self._settings = settings
        self._state = state
        self._inbox = inbox
        self._jobs = jobs
        self._give = give
        self._slow = 0
        self._multi_link = True
        self._chores: list[Chore] = []

    async def run(self, pins: Pins | None) -> None:
        """Set up and serve. Ends only by an exception: :class:`Restarted`, or what the session raises."""
        self._inbox.attach()
        self._state.starting()
        setup = await set_up(self._session, self._clock, self._settings, pins, self._state.pinned)
        self._state.attached(setup)
        self._multi_link = setup.multi_link
        self._jobs.open = True  # what is read now may be deleted as soon as it is committed
        for name in reversed(setup.storages):  # the preferred one last, so that it stays selected
            await self._read(setup, name)
        self._inbox.first_read = True
        self._plan(setup)
        while True:
            await self._step(setup)

    def _plan(self, setup: Setup) -> None:
        now, settings = self._clock.monotonic(), self._settings
        self._chores = [
            Chore(self._look_at_network, settings.network_s, now),
            Chore(self._look_at_operator, settings.operator_s, now),
            Chore(lambda: self._look_at_storage(setup), settings.poll_s, now + settings.poll_s),
        ]
        if settings.ussd_credit:
            self._chores.append(Chore(self._ask_credit, settings.credit_s, now))

    async def _step(self, setup: Setup) -> None:
        """Do the next thing there is to do, or wait for one."""
        self._check()
        job = self._jobs.take()
        if job is not None:
            await self._do(setup, job)
            return
        names = self._inbox.take_look()
        if names is not None:
            await self._guarded(lambda: self._look(setup, names))
            return
        now = self._clock.monotonic()
        network_chore = self._chores[0]
        if self._state.network_due:
            self._state.network_due, network_chore.due = False, now
        chore = min(self._chores, key=lambda chore: chore.due)
        if chore.due > now:
            self._state.judge()
            await self._jobs.wait(self._clock, self._until(chore.due) - now)
            return
        chore.due = now + chore.every
        await self._guarded(chore.do)

    def _until(self, due: float) -> float:
        marks = (due, self._state.restart_at, self._state.unresolved_until)
        return min(mark for mark in marks if mark is not None)

    def _check(self) -> None:
        """Raise when the port is gone or the modem has restarted."""
        if self._session.lost is not None:
            raise PortLost(self._session.lost)
        at = self._state.restart_at
        if at is not None and self._clock.monotonic() >= at:
            if self._state.attached_for > self._state.timing.boot:
                self._state.restarted()
            raise Restarted("it says that it has just started")

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a chore; one unanswered command is borne, several in a row are a modem that hangs (the breaker)."""
        try:
            await work()
            self._slow = 0
        except Slow as error:
            self._slow += 1
            if self._slow >= _SLOW_IN_A_ROW:
                raise Silent(f"{self._slow} commands in a row without an answer, the last {error}") from error

    # jobs ---------------------------------------------------------------------------------------------------

    async def _do(self, setup: Setup, job: Job) -> None:
        if isinstance(job, SubmitJob):
            await self._submit(setup, job)
        else:
            await self._delete(setup, job)

    async def _submit(self, setup: Setup, job: SubmitJob) -> None:
        result: SubmitResult = NotHandedOver("the line was lost before the prompt")
        try:
            result = await self._hand_over(setup, job)
            self._slow = 0
        except (Slow, Silent, PortLost) as error:
            result = NotHandedOver(f"{error}")
            if not isinstance(error, Slow):
                raise
        except Restarted as why:
            result = NotHandedOver(f"{why}")
            raise
        except asyncio.CancelledError:
            result = self._interrupted(job)
            raise
        finally:
            self._settle(job, result)
        self._check()
        if self._session.engine.state is not State.IDLE:
            raise Silent("no answer after a submit")

    async def _hand_over(self, setup: Setup, job: SubmitJob) -> SubmitResult:
        if job.withdrawn:
            return NotHandedOver("nobody waits for it any more")
        # A modem that restarted unseen may be in text mode and would send the PDU's digits as a text: 1 ms to be sure.
        mode = await self._session.command(Command("AT+CMGF=0"))
        if not mode.ok:
            return NotHandedOver(f"it refuses PDU mode: {mode.final}")
        await self._same_card(setup)
        if job.part.total > 1 and self._multi_link:
            self._multi_link = (await self._session.command(Command("AT+CMMS=2"))).ok
        return await self._session.submit(
            job.encoded, job.part.part_id, job.grant, setup.profile.is_definite, on_left=job.left
        )

    async def _same_card(self, setup: Setup) -> None:
        """Raise when the SIM was changed in its slot: nothing tells of it, and budget and number are another's."""
        card = await card_in(self._session, setup.profile, setup.iccid)
        if card not in ("", setup.iccid):
            raise Restarted("another SIM is in it")

    def _interrupted(self, job: SubmitJob) -> SubmitResult:
        """What to say of a submit that the agent's end cut off; the session's close writes ESC where needed."""
        if self._session.engine.state is State.SUBMITTED:
            return Unknown("the agent stopped before the answer came")
        if job.granted:
            return Refused(None, "the agent stopped before the text left", definite=True)
        return NotHandedOver("the agent stopped before the text left")

    def _settle(self, job: SubmitJob, result: SubmitResult) -> None:
        now_ms = self._clock.now_ms()
        if isinstance(result, Accepted):
            self._state.update(last_send_ms=now_ms)
            if job.withdrawn:
                self._give(LateAccept(job.part.part_id, result.tp_mr))
        else:
            self._state.update(last_error=result.reason, last_error_ms=now_ms)
        if not isinstance(result, Accepted) and self._session.engine.unresolved:
            self._state.unresolved_until = self._clock.monotonic() + self._settings.settle_s
        job.finish(result)
        self._state.judge()

    async def _delete(self, setup: Setup, job: DeleteJob) -> None:
        item, gone = job.item, False
        home = setup.storages[0]
        try:
            if item.storage != home:
                await storage.select(self._session, item.storage, home)
            gone = await storage.delete(self._session, item.index, item.pdu)
            if gone:
                self._inbox.deleted(item)
                self._one_less(item.storage == home)
        except Slow as error:
            log.warning("modem %s: not deleted yet: no answer to %s", self._settings.name, error)
        finally:
            job.finish(gone)
        if item.storage != home:
            await self._guarded(lambda: self._back_to(home))
        self._state.judge()

    def _one_less(self, at_home: bool) -> None:
        usage = self._state.health.usage
        if at_home and usage is not None:
            self._state.update(usage=replace(usage, used=max(0, usage.used - 1)))

    async def _back_to(self, home: str) -> None:
        await storage.select(self._session, home)

    # chores -------------------------------------------------------------------------------------------------

    async def _look(self, setup: Setup, announced: set[str]) -> None:
        """Read what was announced, the preferred storage in any case."""
        await self._same_card(setup)
        others = [name for name in setup.storages[1:] if name in announced]
        for name in (*others, setup.storages[0]):
            await self._read(setup, name)
        self._state.judge()

    async def _look_at_storage(self, setup: Setup) -> None:
        """The timer: read the set-up back, then the storage; an announcement can be lost."""
        wrong = await read_back(self._session, setup)
        if wrong is not None:
            self._state.restarted()
            raise Restarted(wrong)
        await self._look(setup, set())

    async def _read(self, setup: Setup, name: str) -> None:
        usage = await storage.select(self._session, name, setup.storages[0])
        if usage is None:
            return
        found = await storage.read_all(self._session, usage, list_all=setup.list_all)
        if isinstance(found, storage.Unreadable):
            log.warning("modem %s: storage %s cannot be read now: %s", self._settings.name, name, found.reason)
            return
        self._inbox.read(name, found, setup.iccid)
        if name == setup.storages[0]:
            self._state.update(usage=usage, last_inbound_ms=self._inbox.last_inbound_ms)

    async def _look_at_network(self) -> None:
        stat = await network.registration(self._session)
        rssi = await network.signal(self._session)
        self._state.update(network=replace(self._state.health.network, stat=-1 if stat is None else stat, rssi=rssi))
        if not self._state.health.network.registered:
            self._chores[0].due = min(self._chores[0].due, self._clock.monotonic() + _SEARCHING_S)
        self._state.judge()

    async def _look_at_operator(self) -> None:
        name, technology = await network.operator(self._session)
        before = self._state.health.network
        self._state.update(network=replace(before, operator=name, technology=technology))
        if (before.operator, before.technology) != (name, technology):
            self._state.tell()

    async def _ask_credit(self) -> None:
        problem = await network.ask_credit(self._session, self._settings.ussd_credit or "")
        if problem is not None:
            log.warning("modem %s: credit: %s", self._settings.name, problem)
