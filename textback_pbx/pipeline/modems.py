"""The configuration of the modems as the stages read it, and the memory of PIN attempts on the disk."""

from collections.abc import Mapping

from textback_pbx.clock import Clock
from textback_pbx.config import Modem as Table
from textback_pbx.config import Settings
from textback_pbx.database import Database
from textback_pbx.health import Board
from textback_pbx.modem import store
from textback_pbx.modem.pin import PinResult, Pins
from textback_pbx.modem.pool import PoolSettings
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.budget import Budget
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.pipeline.loop import insist


def modem_settings(settings: Settings, table: Table | None = None) -> ModemSettings:
    """Map one modem's table (that of ``[modem]``) onto the driver's settings."""
    modem = table or settings.modem
    return ModemSettings(
        port=modem.port,
        name=modem.name,
        baudrate=modem.baud,
        profile=modem.model,
        imei=modem.imei or None,
        iccid=modem.iccid or None,
        pin=settings.modem_pin(modem) or None,
        smsc=modem.smsc or None,
        ussd_credit=modem.ussd_credit or None,
        status_reports=modem.status_reports,
    )


def outbox_settings(settings: Settings, table: Table | None = None) -> OutboxSettings:
    """Map one modem's table (that of ``[modem]``) onto its send loop's settings."""
    modem = table or settings.modem
    budget = Budget(float(modem.seconds_between_texts), modem.texts_per_hour, modem.texts_per_day)
    return OutboxSettings(budget=budget, validity_minutes=modem.validity_hours * 60, dry_run=settings.dry_run)


def pool_settings(settings: Settings) -> PoolSettings:
    """Map ``[pool]``."""
    return PoolSettings(float(settings.pool.failover_seconds), float(settings.pool.budget_seconds))


def lines_of(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Return the business lines that name each modem, in the order of the configuration."""
    return {
        modem.name: tuple(line.name for line in settings.lines if line.modem == modem.name)
        for modem in settings.every_modem()
    }


def first_lines(settings: Settings) -> Mapping[str, str]:
    """Return the line of somebody new who writes to a modem, for those that serve only lines that name them."""
    named = lines_of(settings)
    rest = {modem for modem, lines in named.items() if not lines} or {next(iter(named))}
    return {modem: lines[0] for modem, lines in named.items() if modem not in rest}


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
