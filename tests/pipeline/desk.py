"""The loops of one office on a manual clock, without sockets: the real decider, nudger, handler, keeper and sender.

A :class:`Desk` is one process's life; the :class:`~tests.outbox.support.Network` and the file outlive it. Nothing
runs by itself: :meth:`Desk.work` turns every loop until none has anything to do at this moment.
"""

import itertools
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.outbox.support import Network, SimLine, nothing
from textback_pbx.calls import store as calls
from textback_pbx.calls.outcome import CallOut, Outcome
from textback_pbx.calls.store import CallRow
from textback_pbx.calls.watcher import FinishedOut
from textback_pbx.config import parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry, local_time
from textback_pbx.database import Database
from textback_pbx.health import Board
from textback_pbx.outbox import claim_store
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.report_store import apply_report
from textback_pbx.outbox.sender import Sender
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.store import OpenTx
from textback_pbx.pipeline import send
from textback_pbx.pipeline.decide import Decider, reached
from textback_pbx.pipeline.follow_up import Nudger
from textback_pbx.pipeline.handle import Handler, Unread
from textback_pbx.pipeline.keep import Keeper
from textback_pbx.pipeline.office import DEFAULT_LINE, office_of
from textback_pbx.replies import store as replies
from textback_pbx.replies.inbound import Part
from textback_pbx.replies.threads import store as threads
from textback_pbx.tasks import store as tasks
from textback_pbx.testing.clock import ManualClock

#: Monday 2026-11-16 10:00 in Chicago.
MONDAY_10 = 1_794_844_800_000
CALLER = "+15125550142"
_ALL_DAY = "\n".join(f'{day} = ["00:00-24:00"]' for day in ("monday", "tuesday", "wednesday", "thursday", "friday"))
CONFIG = """
[office]
name = "Lakeside Plumbing"
timezone = "America/Chicago"
phone = "+15125550100"
[hours]
{days}
public_holidays = false
[modem]
seconds_between_texts = 0
texts_per_hour = 1000
texts_per_day = 1000
[nudge]
on = {nudge}
"""
_numbers = itertools.count(1)


class Desk:
    """One life of the agent's loops. ``step`` is called at each step that can be seen from outside."""

    def __init__(
        self,
        database: Any,
        network: Network,
        clock: ManualClock,
        *,
        before: str = "",
        extra: str = "",
        nudge: bool = True,
        step=nothing,
    ) -> None:
        self.database, self.network, self.clock = database, network, clock
        self.settings = parse(
            before + CONFIG.format(days=_ALL_DAY, nudge=str(nudge).lower()) + extra, Path("desk.toml")
        )
        self.office = office_of(self.settings)
        self.board = Board(clock)
        self.synchronised = True
        self.talking: set[str] = set()
        self.unread = Unread()
        self.outbox = OutboxSettings(
            budget=Budget(gap_s=0.0, per_hour=1000, per_day=1000), dry_run=self.settings.dry_run
        )
        self.keeper = Keeper(database, clock, self.board, on_change=nobody, is_synchronised=lambda: self.synchronised)
        trusted = self.keeper.trusted
        self.decider = Decider(
            database,
            self.office,
            clock,
            clock_trusted=trusted,
            on_the_phone=lambda number: number in self.talking,
            on_text=nobody,
        )
        self.nudger = Nudger(database, self.office, clock, clock_trusted=trusted, on_text=nobody)
        self.handler = Handler(database, self.office, clock, self.unread, on_text=nobody)
        self.line = SimLine(network, step)
        self.sender = Sender(
            self.line,
            database.transaction,
            clock,
            pace=Pace(self.outbox.budget),
            hooks=send.hooks_of(
                self.office, self.board, self._look, now_ms=clock.now_ms, unread=lambda: self.unread.any
            ),
            settings=self.outbox,
        )

    async def _look(self, tx: OpenTx, message: Any) -> Any:
        return await (self.nudger if message["kind"] == "nudge" else self.decider).look_again(tx, message)

    async def start(self) -> None:
        """Do what the agent does before its loops run."""
        await self.keeper.start()
        async with self.database.transaction() as tx:
            for one in await claim_store.recover_all(tx, self.clock.now_ms(), self.outbox):
                await send.follow(tx, self.office, one, self.clock.now_ms())

    async def work(self) -> None:
        """Turn every loop until nothing is left to do now."""
        await self.read()
        await self.act()

    async def read(self) -> None:
        """Look at the clock, and handle every text that came in."""
        await self.keeper.step()
        while await self.handler.step() == 0.0:
            pass

    async def act(self) -> None:
        """Decide, nudge and send until nothing is left to do now."""
        while await self.decider.step() == 0.0:
            pass
        while await self.nudger.step() == 0.0:
            pass
        while await self.sender._turn() == 0.0:
            pass

    async def later(self, seconds: float, every: float = 300.0) -> None:
        """Let time pass, with the loops at work every so many seconds."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            await self.clock.advance(min(every, end - self.clock.monotonic()))
            await self.work()

    # what happens to the office -------------------------------------------------------------------------------

    async def call(self, caller: str | None = CALLER, outcome: str = "no_answer", **columns: Any) -> int:
        """Store a finished call, as the listen loop does; return its id."""
        now_ms = self.clock.now_ms()
        key = f"pbx/{next(_numbers)}"
        values = {
            "call_key": key,
            "pbx": "pbx",
            "uniqueid": key,
            "line": DEFAULT_LINE,
            "dialled": "5001",
            "caller_raw": caller or "",
            "caller": caller,
            "withheld": caller is None,
            "started_ms": now_ms - 20_000,
            "ended_ms": now_ms,
            "outcome": Outcome(outcome),
            "ring_ms": 19_000,
            "facts": '{"presentation": "allowed_not_screened"}',
            "clock_trusted": self.keeper.trusted(),
        }
        async with self.database.transaction() as tx:
            made = await calls.save_call(tx, CallRow(**{**values, **columns}))
        assert made is not None
        return made

    async def call_out(self, number: str = CALLER, *, answered: bool = True) -> None:
        """The office called somebody."""
        now_ms = self.clock.now_ms()
        key = f"out/{next(_numbers)}"
        async with self.database.transaction() as tx:
            out = FinishedOut(key, "pbx", CallOut(key, number, answered, now_ms), now_ms)
            await calls.save_call_out(tx, out, number)
            if answered:
                await reached(tx, number, "the office called back and reached the person", now_ms)

    async def write(self, text: str, sender: str = CALLER) -> None:
        """A text comes in; it is on disk and not handled yet."""
        now_ms = self.clock.now_ms()
        self.unread.store()
        async with self.database.transaction() as tx:
            part = Part("m1", sender, f"raw{next(_numbers)}", now_ms, text, scts_ms=now_ms)
            await replies.store_part(tx, part)

    async def reports(self) -> None:
        """Take every status report that waits on the SIM."""
        while self.network.sim:
            report = self.network.sim.pop(0)
            async with self.database.transaction() as tx:
                applied = await apply_report(tx, report, self.clock.now_ms(), self.outbox.reports)
                for one in applied.settled:
                    await send.follow(tx, self.office, one, self.clock.now_ms())

    async def note(self, number: str = CALLER) -> None:
        """A person of the office keeps a note in the thread."""
        async with self.database.transaction() as tx:
            thread = await threads.thread_for(tx, number, DEFAULT_LINE, self.clock.now_ms())
            await threads.add_note(tx, thread, self.clock.now_ms(), "front desk", "called, nobody there")

    async def close_tasks(self, number: str = CALLER) -> None:
        """A person of the office has done what was asked about this number."""
        async with self.database.transaction() as tx:
            rows = await tx.all("SELECT id FROM tasks WHERE number = ? AND state = 'open'", (number,))
            for row in rows:
                await tasks.close_task(tx, row["id"], actor="front desk", now_ms=self.clock.now_ms())

    async def consent(self, number: str = CALLER, **changes: Any) -> None:
        """Put a consent on record."""
        now_ms = self.clock.now_ms()
        values = {
            "event": Event.GRANTED,
            "number": number,
            "at_ms": now_ms,
            "local_time": local_time(now_ms, ZoneInfo("America/Chicago")),
            "basis": Basis.EXPRESS_WRITTEN,
            "channel": "paper",
            "source": "form",
            "actor": "test",
        }
        async with self.database.transaction() as tx:
            await consent.append(tx, NewEntry(**{**values, **changes}))

    # what can be seen -----------------------------------------------------------------------------------------

    async def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        async with self.database.read() as tx:
            return [dict(row) for row in await tx.all(sql, params)]

    async def row(self, sql: str, *params: Any) -> dict[str, Any] | None:
        return next(iter(await self.rows(sql, *params)), None)

    def air(self, number: str = CALLER) -> list[str]:
        """The texts that left for a number."""
        return [one.text for one in self.network.air if one.number == number]


def nobody() -> None:
    """Nobody waits for a bell here."""


async def open_desk(folder: Path, clock: ManualClock, network: Network | None = None, **options: Any) -> Desk:
    """Open a desk on the file in ``folder``."""
    database = await Database.open(folder / "desk.sqlite")
    desk = Desk(database, network or Network(clock), clock, **options)
    await desk.start()
    return desk
