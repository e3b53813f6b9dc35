"""The modem joined to the rest: its stream is committed item by item, its health goes on the board.

Without a configured port the agent still hears calls and makes tasks; texts then wait, and expire into tasks.
"""

from collections.abc import Awaitable, Callable

from textback_pbx.clock import Clock
from textback_pbx.config import Settings
from textback_pbx.database import Database
from textback_pbx.health import Board, State
from textback_pbx.modem import store
from textback_pbx.modem.health import Health
from textback_pbx.modem.items import HealthChanged
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.pin import PinResult, Pins
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.attempt import NotHandedOver, OutPart, SubmitResult
from textback_pbx.pipeline.loop import insist
from textback_pbx.pipeline.receive import Receiver

_NO_PORT = "modem.port is not set: name the modem's stable port (ls /dev/serial/by-id) in the configuration"


class ModemLine:
    """A modem as the send loop wants it, with its receive loop."""

    def __init__(self, modem: Modem, receiver: Receiver, clock: Clock, board: Board) -> None:
        self._modem, self._receiver, self._clock, self._board = modem, receiver, clock, board
        board.note("modem", State.WARN, modem.health.message)

    @property
    def name(self) -> str:
        """The modem's name."""
        return self._modem.name

    @property
    def iccid(self) -> str | None:
        """The SIM now in it."""
        return self._modem.iccid

    def trouble(self) -> str | None:
        """Why it cannot send now."""
        return self._modem.trouble()

    async def submit(self, part: OutPart, hand_over: Callable[[], Awaitable[None]]) -> SubmitResult:
        """Send one part."""
        return await self._modem.submit(part, hand_over)

    async def run(self) -> None:
        """Own the port."""
        await self._modem.run()

    async def receive(self) -> None:
        """Commit what comes in, then let the modem delete it."""
        async for item in self._modem.stream():
            if isinstance(item, HealthChanged):
                note(self._board, self._modem.health)
                continue
            await insist(lambda: self._receiver.keep(item), clock=self._clock, board=self._board)  # noqa: B023 - awaited here
            await self._modem.delete(item)


class NoLine:
    """The line of an office that has configured no modem."""

    name = "none"
    iccid = None

    def trouble(self) -> str | None:
        """Say what to configure."""
        return _NO_PORT

    async def submit(self, part: OutPart, hand_over: Callable[[], Awaitable[None]]) -> SubmitResult:
        """Send nothing."""
        del part, hand_over
        return NotHandedOver(_NO_PORT)

    async def run(self) -> None:
        """Have nothing to do."""

    async def receive(self) -> None:
        """Have nothing to do."""


def note(board: Board, health: Health) -> None:
    """Put a line's health on the board."""
    board.note("modem", State(health.severity.value), health.message, {"iccid": health.iccid, "imei": health.imei})


def make(
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    board: Board,
    receiver: Receiver,
    on_ready: Callable[[], None],
) -> ModemLine | NoLine:
    """Return the configured line."""
    if not settings.modem.port:
        board.note("modem", State.FAIL, _NO_PORT)
        return NoLine()
    modem = Modem(modem_settings(settings), clock, pins=pins_of(database, clock, board), on_change=on_ready)
    return ModemLine(modem, receiver, clock, board)


def modem_settings(settings: Settings) -> ModemSettings:
    """Map the configuration onto the modem's settings."""
    modem = settings.modem
    return ModemSettings(
        port=modem.port,
        baudrate=modem.baud,
        profile=modem.model,
        imei=modem.imei or None,
        iccid=modem.iccid or None,
        pin=settings.modem_pin() or None,
        smsc=modem.smsc or None,
    )


def pins_of(database: Database, clock: Clock, board: Board) -> Pins:
    """Return the memory of PIN attempts: one for each card and PIN, on disk before it is tried."""

    async def begin(iccid: str, pin: str) -> PinResult | None:
        async def step() -> PinResult | None:
            async with database.transaction() as tx:
                return await store.begin_pin(tx, iccid, pin, clock.now_ms())

        return await insist(step, clock=clock, board=board)

    async def settle(iccid: str, pin: str, result: PinResult) -> None:
        async def step() -> None:
            async with database.transaction() as tx:
                await store.settle_pin(tx, iccid, pin, result)

        await insist(step, clock=clock, board=board)

    return Pins(begin, settle)
