"""The upkeep loop: every night a checked backup, then what is too old is forgotten; and the word after a restore.

Nothing here is urgent, and nothing may harm what is: the copy is made in a thread, the deleting in small transactions,
and while the clock is not trusted neither is done (a jump of years must not delete the office's memory).
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from textback_pbx.clock import DAY_MS, HOUR_MS, SECOND_MS, Clock
from textback_pbx.config import Settings
from textback_pbx.consent.ledger import local_time
from textback_pbx.database import Database
from textback_pbx.health import Board, State
from textback_pbx.keeping import backup
from textback_pbx.keeping.backup import BackupProblem
from textback_pbx.keeping.purge import Retention, purge
from textback_pbx.keeping.restore import LEDGER_LOST
from textback_pbx.keeping.rotation import Keep
from textback_pbx.replies import search_store

log = logging.getLogger(__name__)

#: When the last nightly round was for, in ``meta``.
LAST_ROUND, LAST_SCRUB = "upkeep_ms", "search_scrubbed_ms"
_LONGEST_S = 3600.0
_SCRUB_EVERY_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True)
class Plan:
    """What the office has set: where copies go (``None``: none are made), when, how many, and how long things stay."""

    folder: Path | None
    hour: int
    minute: int
    zone: ZoneInfo
    keep: Keep
    retention: Retention


def plan_of(settings: Settings) -> Plan:
    """Map the configuration."""
    made, kept = settings.backup, settings.retention
    hour, minute = made.at.split(":")
    return Plan(
        folder=folder_of(settings) if made.on else None,
        hour=int(hour),
        minute=int(minute),
        zone=settings.zone(),
        keep=Keep(made.days, made.weeks, made.months),
        retention=Retention(kept.words_months, kept.records_months),
    )


def folder_of(settings: Settings) -> Path:
    """Return where the copies go: as set, or beside the database."""
    return settings.backup.folder or settings.database.path.parent / "backups"


def last_due_ms(now_ms: int, plan: Plan) -> int:
    """Return the last moment that was ``at`` o'clock in the office (a time that DST skips comes an hour later)."""
    now = datetime.fromtimestamp(now_ms / SECOND_MS, plan.zone)
    due = now.replace(hour=plan.hour, minute=plan.minute, second=0, microsecond=0, fold=0)
    due_ms = round(due.timestamp() * SECOND_MS)
    if due_ms > now_ms:
        due_ms = round((due - timedelta(days=1)).timestamp() * SECOND_MS)
    return due_ms


class Upkeep:
    """The nightly round; :meth:`step` is the loop's."""

    def __init__(
        self, database: Database, plan: Plan, clock: Clock, board: Board, *, clock_trusted: Callable[[], bool]
    ) -> None:
        self._database, self._plan, self._clock, self._board = database, plan, clock, board
        self._trusted = clock_trusted

    async def start(self) -> None:
        """Say whether a restore holds all texts; before anything may be sent."""
        async with self._database.read() as tx:
            lost = await tx.value("SELECT value FROM meta WHERE key = ?", (LEDGER_LOST,))
        if lost is not None:
            self._board.note("restore", State.FAIL, _LEDGER_LOST)
        else:
            self._board.note("restore", State.OK, "nothing to be looked at")

    async def step(self) -> float:
        """Do what is due; return the pause in seconds."""
        await self.start()
        if not self._trusted():
            return _LONGEST_S
        now_ms = self._clock.now_ms()
        due_ms = last_due_ms(now_ms, self._plan)
        if await self._last_round() < due_ms:
            if not await self._copy(now_ms):
                return _LONGEST_S
            await self._forget(now_ms)
            await self._note_round(now_ms)
        next_ms = last_due_ms(now_ms, self._plan) + 24 * HOUR_MS
        return min(_LONGEST_S, max(1.0, (next_ms - now_ms) / SECOND_MS))

    async def _copy(self, now_ms: int) -> bool:
        """Make the copy and rotate; False: it failed, and is tried again within the hour."""
        folder = self._plan.folder
        if folder is None:
            self._board.note("backup", State.WARN, "no backups are made (backup.on = false)")
            return True
        try:
            made = await asyncio.to_thread(backup.make, self._database.path, folder, now_ms)
            dropped = await asyncio.to_thread(backup.rotate, folder, self._plan.keep)
        except (BackupProblem, OSError) as problem:
            self._board.note("backup", State.WARN, str(problem))
            return False
        log.info("backup %s: %d bytes, %d older ones deleted", made.path.name, made.size, len(dropped))
        self._board.note("backup", State.OK, "made every night and read back whole", {"newest_ms": made.made_ms})
        return True

    async def _forget(self, now_ms: int) -> None:
        zone = self._plan.zone
        gone = await purge(
            self._database, self._plan.retention, now_ms, local_time=lambda at_ms: local_time(at_ms, zone)
        )
        if gone:
            log.info("kept no longer: %s", ", ".join(f"{count} {kind}" for kind, count in gone.items()))
            await self._scrub(now_ms)

    async def _scrub(self, now_ms: int) -> None:
        """Once a month, take what was forgotten out of the search index's older pieces too: it writes all of it."""
        async with self._database.read() as tx:
            last_ms = int(await tx.value("SELECT value FROM meta WHERE key = ?", (LAST_SCRUB,)) or 0)
        if now_ms - last_ms < _SCRUB_EVERY_MS:
            return
        await search_store.scrub_slowly(self._database.transaction)
        async with self._database.transaction() as tx:
            await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (LAST_SCRUB, str(now_ms)))

    async def _last_round(self) -> int:
        async with self._database.read() as tx:
            return int(await tx.value("SELECT value FROM meta WHERE key = ?", (LAST_ROUND,)) or 0)

    async def _note_round(self, now_ms: int) -> None:
        async with self._database.transaction() as tx:
            await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (LAST_ROUND, str(now_ms)))


_LEDGER_LOST = (
    "the database came back from a backup, and who said STOP after it was made is not known: nothing is sent. Write "
    "down the opt-outs you know of (textback-pbx consent revoke NUMBER), erase again who asked for it since "
    "(textback-pbx consent erase NUMBER), then: textback-pbx restore --accept"
)
