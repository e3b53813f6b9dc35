"""The modems: asked themselves where no agent runs, else what the agent noted of them; and what is around them."""

import asyncio
import json

from textback_pbx.clock import SystemClock
from textback_pbx.config import Modem, Settings
from textback_pbx.database import Database, DatabaseProblem, Row
from textback_pbx.database_file import agent_runs
from textback_pbx.findings import Finding, failed, passed
from textback_pbx.modem import checks
from textback_pbx.modem.settings import ModemSettings

_LOOK_S = 45.0
_NOTED = "SELECT * FROM health WHERE component = 'modem' OR component LIKE 'modem:%' ORDER BY component"


async def modem(settings: Settings) -> list[Finding]:
    """Whether each modem can send and receive, and whether the machine lets it."""
    modems = [one for one in settings.every_modem() if one.port]
    if not modems:
        fix = "textback-pbx modem list shows the stable port; put it into [modem] port"
        return [failed("modem.port", "modem.port is not set: no text can be sent", fix)]
    around = [one for port in modems for one in checks.of_machine(port.port)]
    found = list({(one.check, one.says): one for one in [*around, *await checks.supply()]}.values())
    noted = await _noted(settings)
    if noted is None:
        return [*found, *await _asked(modems)]
    return [*found, *(one for row in noted for one in _of_row(row))]


async def _noted(settings: Settings) -> list[Row] | None:
    """What a running agent wrote, ``None`` when none runs: then the ports are free to be asked."""
    path = settings.database.path
    if not agent_runs(path):
        return None
    try:
        database = await Database.open(path, read_only=True)
    except DatabaseProblem:
        return None
    try:
        async with database.read() as tx:
            return await tx.all(_NOTED)
    finally:
        await database.close()


def _of_row(row: Row) -> list[Finding]:
    figures = json.loads(row["detail"])
    found = [checks.of_note(row["component"], row["state"], row["message"])]
    if figures.get("left_today") is not None:
        says = f"its SIM may send {figures['left_this_hour']} texts more this hour, {figures['left_today']} today"
        found.append(passed(f"{row['component']}.budget", says))
    return found


async def _asked(modems: list[Modem]) -> list[Finding]:
    """Look at each modem, all at once. No PIN is tried, nothing is sent or deleted."""
    clock = SystemClock()
    asked = await asyncio.gather(
        *(checks.look(ModemSettings(one.port, one.name, one.baud, one.model), clock, seconds=_LOOK_S) for one in modems)
    )
    several = len(modems) > 1
    return [one for health in asked for one in checks.of_health(health, f"modem:{health.name}" if several else "modem")]
