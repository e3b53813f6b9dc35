"""The modems joined to the rest: a send loop and a receive loop for each, their health on the board.

Which modem may claim which text is the pool's word. What one receives is committed item by item, whatever the
others do: a STOP to one SIM never waits for a text on another. Without a configured port the agent still hears
calls and makes tasks; texts then wait, and expire into tasks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from textback_pbx.clock import MINUTE_MS, Clock
from textback_pbx.config import Settings
from textback_pbx.database import Database
from textback_pbx.health import Board, State
from textback_pbx.modem.items import HealthChanged
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.pool import Load, Member, Pool
from textback_pbx.outbox.attempt import HandOver, NotHandedOver, OutPart, SubmitResult
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.line import Hooks, Line
from textback_pbx.outbox.sender import Sender
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import EVERYTHING, Share
from textback_pbx.pipeline.loop import insist
from textback_pbx.pipeline.modems import lines_of, modem_settings, outbox_settings, pins_of, pool_settings
from textback_pbx.pipeline.receive import Receiver
from textback_pbx.pipeline.send import Voices

_NO_PORT = "modem.port is not set: name the modem's stable port (ls /dev/serial/by-id) in the configuration"
#: How often figures that change all the time (the signal) are written down: an idle agent spares the SD card.
_FIGURES_MS = 15 * MINUTE_MS


class NoLine:
    """The line of an office that has configured no modem."""

    name = "none"
    iccid = None

    def trouble(self) -> str | None:
        """Say what to configure."""
        return _NO_PORT

    async def submit(self, part: OutPart, hand_over: HandOver) -> SubmitResult:
        """Send nothing."""
        del part, hand_over
        return NotHandedOver(_NO_PORT)


class Lines:
    """Every modem of the office."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        board: Board,
        receiver: Receiver,
        hooks: Hooks,
    ) -> None:
        self._database, self._clock, self._board = database, clock, board
        self._receiver, self._hooks, self._voices = receiver, hooks, Voices(board)
        self._pace = Pace(outbox_settings(settings).budget)
        self._figures_ms = clock.now_ms()
        tables = [table for table in settings.every_modem() if table.port]
        pins, named = pins_of(database, clock, board), lines_of(settings)
        self._modems = tuple(
            Modem(modem_settings(settings, table), clock, pins=pins, on_change=self._changed) for table in tables
        )
        members = [
            Member(modem, frozenset(named[table.name]), table.stands_in)
            for modem, table in zip(self._modems, tables, strict=True)
        ]
        self._pool = Pool(members, clock, load=self._load, settings=pool_settings(settings)) if members else None
        self._senders = {
            modem.name: self._sender(modem, outbox_settings(settings, table))
            for modem, table in zip(self._modems, tables, strict=True)
        } or {NoLine.name: self._sender(NoLine(), outbox_settings(settings))}
        for modem in self._modems:
            board.note(self.component(modem), State.WARN, modem.health.message)
        if not self._modems:
            board.note("modem", State.FAIL, _NO_PORT)

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the modems' notes on the board."""
        return tuple(self.component(modem) for modem in self._modems) or ("modem",)

    def component(self, modem: Modem) -> str:
        """Return the name of a modem's note: ``modem``, or ``modem:NAME`` where there are several."""
        return "modem" if len(self._modems) == 1 else f"modem:{modem.name}"

    def wake(self) -> None:
        """Let every send loop look now."""
        for sender in self._senders.values():
            sender.wake()

    # the loops ----------------------------------------------------------------------------------------------

    async def send(self) -> None:
        """Send until cancelled; all of them end within one grace."""
        async with asyncio.TaskGroup() as group:
            for name, sender in self._senders.items():
                group.create_task(sender.run(), name=f"send {name}")

    async def run(self) -> None:
        """Own every port until cancelled."""
        async with asyncio.TaskGroup() as group:
            for modem in self._modems:
                group.create_task(modem.run(), name=f"modem {modem.name}")

    async def receive(self) -> None:
        """Commit what comes in, then let its modem delete it."""
        async with asyncio.TaskGroup() as group:
            for modem in self._modems:
                group.create_task(self._receive(modem), name=f"receive {modem.name}")

    async def _receive(self, modem: Modem) -> None:
        async for item in modem.stream():
            if isinstance(item, HealthChanged):
                self._note(modem)
                continue
            await insist(lambda: self._receiver.keep(item), clock=self._clock, board=self._board)  # noqa: B023 - awaited here
            await modem.delete(item)

    # health -------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._pool is not None:
            self._pool.look()
        self.wake()

    def _note(self, modem: Modem) -> None:
        """Put a modem's health on the board."""
        health = modem.health
        self._board.note(self.component(modem), State(health.severity.value), health.message, self.figures(modem))

    def write_figures(self) -> None:
        """Write the figures of every modem down again, now and then."""
        if self._clock.now_ms() - self._figures_ms >= _FIGURES_MS:
            self._figures_ms = self._clock.now_ms()
            for modem in self._modems:
                self._note(modem)

    def all_figures(self) -> dict[str, dict[str, str | int | None]]:
        """Return the figures of every modem by its name."""
        return {modem.name: self.figures(modem) for modem in self._modems}

    def figures(self, modem: Modem) -> dict[str, str | int | None]:
        """Return what `modem status` shows beside the words, as of now."""
        figures = modem.health.figures()
        if modem.iccid is not None and self._pace.knows(modem.iccid):
            hour, day = self._pace.left(modem.iccid, self._clock.monotonic())
            figures |= {"left_this_hour": hour, "left_today": day}
        return figures | {"at_ms": self._clock.now_ms()}

    # sending ------------------------------------------------------------------------------------------------

    def _sender(self, line: Line, settings: OutboxSettings) -> Sender:
        def share() -> Share:
            return EVERYTHING if self._pool is None else self._pool.share(line.name)

        return Sender(
            line if self._pool is None or len(self._modems) < 2 else _Sharing(line, self._pool, self.wake),
            self._database.transaction,
            self._clock,
            pace=self._pace,
            hooks=replace(self._hooks, trouble=lambda why: self._voices.tell(line.name, why)),
            settings=settings,
            share=share,
        )

    def _load(self, name: str) -> Load:
        iccid = next(modem.iccid for modem in self._modems if modem.name == name)
        sender = self._senders[name]
        budget_s = 0.0 if iccid is None else self._pace.wait_s(iccid, self._clock.monotonic())
        return Load(max(budget_s, sender.rest_s), sender.busy_s)


class _Sharing:
    """A modem beside others: they look again when it begins and when it ends a text, for its budget may be spent."""

    def __init__(self, line: Line, pool: Pool, wake: Callable[[], None]) -> None:
        self._line, self._pool, self._wake = line, pool, wake
        self.name = line.name

    @property
    def iccid(self) -> str | None:
        """The SIM now in it."""
        return self._line.iccid

    def trouble(self) -> str | None:
        """Why it cannot send now, or must not yet."""
        return self._line.trouble() or self._pool.unread(self.name)

    async def submit(self, part: OutPart, hand_over: HandOver) -> SubmitResult:
        """Send one part, and wake the others."""
        self._wake()
        try:
            return await self._line.submit(part, hand_over)
        finally:
            self._wake()
