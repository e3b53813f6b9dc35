"""The office of the demo's week: the agent's own loops on one database and a manual clock, and the phones around it.

Calls enter as the listen loop stores them and texts as the receive loop does; the decide, handle, send, tell and
deliver loops are the real ones. The network takes every text and reports it a second later; the endpoint stands in
this process, verifies each signature and can be down.
"""

import itertools
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.calls.outcome import Outcome
from textback_pbx.calls.store import CallRow, save_call
from textback_pbx.clock import MINUTE_MS, SECOND_MS
from textback_pbx.config import parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry, local_time
from textback_pbx.database import Database
from textback_pbx.health import Board
from textback_pbx.outbox import report_store
from textback_pbx.outbox.attempt import Accepted, HandOver, NotHandedOver, OutPart, SubmitResult
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.reports import Report
from textback_pbx.outbox.sender import Sender
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.store import next_due_ms as next_text_ms
from textback_pbx.pipeline import send
from textback_pbx.pipeline.decide import Decider
from textback_pbx.pipeline.deliver import Deliverer
from textback_pbx.pipeline.handle import Handler, Unread
from textback_pbx.pipeline.office import DEFAULT_LINE, office_of
from textback_pbx.pipeline.tell import Teller
from textback_pbx.replies.inbound import Part
from textback_pbx.replies.store import store_part
from textback_pbx.tasks import notify_store, staff_store
from textback_pbx.tasks.notify import Again, Endpoint, Told
from textback_pbx.tasks.notify import Outcome as Said
from textback_pbx.tasks.notify_channels import signed
from textback_pbx.testing.clock import ManualClock
from textback_pbx.testing.demo_week import CONFIG, ZONE

ICCID = "8901260123456789012"
_STEP_MS = 5 * MINUTE_MS
_RING_MS = 20 * SECOND_MS


class Crm:
    """An endpoint: it verifies what it is sent, keeps each id, and can be down."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[tuple[str, str]] = []  # id, type
        self.tries: list[str] = []

    async def post(self, endpoint: Endpoint, uid: str, payload: Any, now_ms: int, tries: int) -> Said:
        """Take one event, or be out."""
        del tries
        self.tries.append(uid)
        headers = signed(endpoint, uid, str(payload), now_ms)
        if not self.up:
            return Again("it could not be reached")
        if headers["webhook-id"] != uid or not headers["webhook-signature"].startswith("v1,"):
            raise AssertionError("an event was not signed")
        self.taken.append((uid, payload["type"]))
        return Told()


class Network:
    """A line of the send loop: every text arrives."""

    name, iccid = "m1", ICCID

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.sent: list[tuple[int, str, str]] = []  # when, to whom, the part's words
        self.reports: list[Report] = []

    def trouble(self) -> str | None:
        """Nothing is wrong."""
        return None

    async def submit(self, part: OutPart, hand_over: HandOver) -> SubmitResult:
        """Ask for the hand-over, as a modem does after its prompt, and deliver."""
        try:
            await hand_over("")
        except Exception as error:  # noqa: BLE001 - whatever kept it from the disk: nothing leaves
            return NotHandedOver(str(error))
        now_ms, reference = self._clock.now_ms(), len(self.sent) % 256
        self.sent.append((now_ms, part.number, part.text))
        self.reports.append(
            Report(part.number, reference, 0, now_ms + SECOND_MS, self.name, ICCID, now_ms, now_ms, f"{len(self.sent)}")
        )
        return Accepted(reference)


class WeekOffice:
    """One office, its people's phones, and its customers'."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.zone = ZoneInfo(ZONE)
        self.office = office_of(parse(CONFIG, Path("the demo's configuration")))
        self.crm, self.network = Crm(), Network(clock)
        board, settings = Board(clock), OutboxSettings(budget=Budget(0.0, 1_000, 10_000))
        self._settings = settings
        self._counter = itertools.count(1)

        def always() -> bool:
            return True

        decider = Decider(
            database, self.office, clock, clock_trusted=always, on_the_phone=lambda _: False, on_text=_nothing
        )
        sender = Sender(
            self.network,
            database.transaction,
            clock,
            pace=Pace(settings.budget),
            hooks=send.hooks_of(self.office, board, decider.look_again, now_ms=clock.now_ms, unread=lambda: False),
            settings=settings,
        )
        parts = (database, self.office, clock, board)
        teller = Teller(parts, clock_trusted=always, on_notice=_nothing)
        handler = Handler(database, self.office, clock, Unread(), on_text=_nothing)
        deliverer = Deliverer(parts, on_text=_nothing, poster=self.crm)
        self._steps: tuple[Callable[[], Any], ...] = (
            decider.step,
            handler.step,
            teller.step,
            deliverer.step,
            sender._turn,  # noqa: SLF001 - one turn of the loop, because here the clock is moved by hand
            self._report,
        )

    # time ------------------------------------------------------------------------------------------------------

    def at(self, local: str) -> int:
        """Return a local time as ms UTC."""
        return int(datetime.fromisoformat(local).replace(tzinfo=self.zone).timestamp() * SECOND_MS)

    async def until(self, at_ms: int) -> None:
        """Let time pass, from one due moment to the next; every loop works at each of them."""
        await self.work()
        while (now_ms := self.clock.now_ms()) < at_ms:
            async with self.database.read() as tx:
                due = [
                    await staff_store.next_step_ms(tx),
                    await notify_store.next_due_ms(tx),
                    await next_text_ms(tx, now_ms),
                ]
            ahead = [max(moment, now_ms + _STEP_MS) if moment <= now_ms else moment for moment in due if moment]
            await self.clock.advance((min([at_ms, *ahead]) - now_ms) / SECOND_MS)
            await self.work()

    async def work(self) -> None:
        """Let every loop work until none has anything to do now."""
        busy = True
        while busy:
            busy = False
            for step in self._steps:
                while await step() == 0:
                    busy = True

    async def _report(self) -> float:
        """Bring one status report, as the receive loop does."""
        if not self.network.reports:
            return 1.0
        report = self.network.reports.pop(0)
        async with self.database.transaction() as tx:
            applied = await report_store.apply_report(tx, report, self.clock.now_ms(), self._settings.reports)
            for one in applied.settled:
                await send.follow(tx, self.office, one, self.clock.now_ms())
        return 0.0

    # people ----------------------------------------------------------------------------------------------------

    async def consents(self, number: str) -> None:
        """Put a signed form on record."""
        now_ms = self.clock.now_ms()
        entry = NewEntry(
            event=Event.GRANTED,
            number=number,
            at_ms=now_ms,
            local_time=local_time(now_ms, self.zone),
            basis=Basis.EXPRESS_WRITTEN,
            channel="paper",
            source="service agreement",
            actor="front desk",
        )
        async with self.database.transaction() as tx:
            await consent.append(tx, entry)

    async def call(self, caller: str, outcome: str) -> None:
        """Let a call end, as the listen loop stores it; no number: withheld."""
        number, now_ms = next(self._counter), self.clock.now_ms()
        row = CallRow(
            call_key=f"demo/{number}",
            pbx="pbx",
            uniqueid=f"demo.{number}",
            line=DEFAULT_LINE,
            dialled="5001",
            caller_raw=caller,
            caller=caller or None,
            withheld=not caller,
            started_ms=now_ms - _RING_MS,
            ended_ms=now_ms,
            outcome=Outcome(outcome),
            detail="timeout" if outcome == "no_answer" else "",
            ring_ms=_RING_MS if outcome in ("no_answer", "answered") else None,
            facts=json.dumps({"presentation": "allowed_not_screened" if caller else "prohib_passed_screen"}),
        )
        async with self.database.transaction() as tx:
            await save_call(tx, row)
        await self.work()

    async def writes(self, sender: str, text: str) -> None:
        """Let somebody write to the office's SIM: a customer, or one of the staff."""
        now_ms = self.clock.now_ms()
        part = Part(self.network.name, sender, f"07{next(self._counter):06X}", now_ms, text, scts_ms=now_ms)
        async with self.database.transaction() as tx:
            await store_part(tx, part)
        await self.work()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Read what the database says."""
        async with self.database.read() as tx:
            return [dict(row) for row in await tx.all(sql)]


def _nothing() -> None:
    """No bell is needed: every loop is asked."""
