"""Stored texts -> consent, answers, tasks: one text, one transaction.

A STOP is in the ledger, and in the row that every claim reads, before anything else is done with it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.clock import Clock
from textback_pbx.consent import entries, keywords, ledger
from textback_pbx.consent import store as consent
from textback_pbx.database import Database, Tx
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.wording import segment
from textback_pbx.outbox import store as outbox
from textback_pbx.phone import E164
from textback_pbx.pipeline import people
from textback_pbx.pipeline.office import DEFAULT_LINE, Office
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies import handling, intake
from textback_pbx.replies import store as replies
from textback_pbx.replies.contacts import store as contacts
from textback_pbx.replies.handling import HandlingSettings, Label, LineWords, Plan, Situation, Urgency
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, Priority

_IDLE_S = 60.0
_URGENCY = {"urgent": Urgency.URGENT, "emergency": Urgency.EMERGENCY}
#: The trades that the intake has a lexicon for.
_TRADES = frozenset(("home_services", "dental", "law", "salon", "pet"))


class Unread:
    """Whether a stored text may still hold a STOP that nobody has read: nothing is claimed until it is (fault 11)."""

    def __init__(self) -> None:
        self._stored, self._read = 1, 0  # at start there may be texts from before

    @property
    def any(self) -> bool:
        """Whether some stored text has not been handled."""
        return self._read < self._stored

    @property
    def stored(self) -> int:
        """How many texts were stored so far."""
        return self._stored

    def store(self) -> None:
        """Note a text, before its commit."""
        self._stored += 1

    def read(self, stored: int) -> None:
        """Note that everything stored until then has been handled."""
        self._read = max(self._read, stored)


class Handler:
    """The handle loop's step."""

    def __init__(
        self, database: Database, office: Office, clock: Clock, unread: Unread, *, on_text: Callable[[], None]
    ) -> None:
        self._database, self._office, self._clock = database, office, clock
        self._unread, self._on_text = unread, on_text

    async def step(self) -> float:
        """Put parts together and handle one text; return 0.0 while there may be more."""
        stored = self._unread.stored
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            await replies.assemble_ready(tx, now_ms, default_line=DEFAULT_LINE)
            waiting = await replies.to_handle(tx, limit=1)
            if waiting:
                await self._handle(tx, waiting[0], now_ms)
        if not waiting:
            self._unread.read(stored)
        self._on_text()
        return 0.0 if waiting else _IDLE_S

    async def _handle(self, tx: Tx, inbound_id: int, now_ms: int) -> None:
        sender, line_name, thread_id = await replies.whose(tx, inbound_id)
        known = bool(E164.fullmatch(sender))
        opted_out = known and await consent.is_opted_out(tx, sender)
        situation = await replies.situation_of(tx, inbound_id, now_ms, opted_out=opted_out)
        line = self._office.line(line_name)
        last = await replies.last_outbound(tx, sender, situation.received_ms)
        keyword = keywords.classify(situation.body, keywords.LastOutbound(last))
        read = await _known(tx, sender, self._intake(situation, line))
        plan = handling.plan(
            situation,
            Label(keyword.label.value),
            keyword.why,
            now_ms,
            words=LineWords(line.business, line.phone),
            urgency=_URGENCY.get(str(read.get("urgency")), Urgency.NORMAL),
            settings=HandlingSettings(owner=line.owner),
        )
        await self._consent(tx, situation, plan, line, now_ms)
        for message_id in await replies.queued_automatic(tx, sender, plan.cancel_kinds):
            await outbox.cancel(tx, message_id, plan.cancel_why, now_ms)
        subject = Subject(f"inbound:{inbound_id}", line_name, sender, None, thread_id)
        await self._answer(tx, plan, subject, inbound_id, now_ms)
        await self._task(tx, plan, subject, now_ms)
        await replies.mark_handled(
            tx, inbound_id, plan, keyword=keyword.label.value, why=keyword.why, intake=read, now_ms=now_ms
        )

    def _intake(self, situation: Situation, line: LinePolicy) -> dict[str, Any]:
        zone = line.hours.zone
        moment = datetime.fromtimestamp(situation.received_ms / 1_000, UTC).astimezone(ZoneInfo(zone))
        trade = line.trade if line.trade in _TRADES else None
        read = intake.read(situation.body, now=moment, tz=zone, business=trade)
        return {**read.values(), "evidence": read.evidence_values()}

    async def _consent(self, tx: Tx, s: Situation, plan: Plan, line: LinePolicy, now_ms: int) -> None:
        if plan.consent is None:
            return
        make = entries.opted_out_by_text if plan.consent.event is ledger.Event.REVOKED else entries.resubscribed_by_text
        local = ledger.local_time(now_ms, ZoneInfo(line.hours.zone))
        entry = make(s.sender, now_ms, local, text=s.body, why=plan.consent.why, inbound_id=s.inbound_id)
        await consent.append(tx, entry)

    async def _answer(self, tx: Tx, plan: Plan, to: Subject, inbound_id: int, now_ms: int) -> None:
        if plan.answer is None or to.number is None:
            return
        cut = segment(plan.answer.body)
        new = outbox.NewMessage(
            kind=plan.answer.kind,  # type: ignore[arg-type]  # the plan's kinds are the outbox's
            line=to.line,
            number=to.number,
            body=plan.answer.body,
            parts=cut.parts,
            encoding=cut.encoding.value,
            not_before_ms=now_ms,
            expires_ms=plan.answer.expires_ms,
            thread_id=to.thread_id,
            inbound_id=inbound_id,
        )
        await outbox.enqueue(tx, new, now_ms)

    async def _task(self, tx: Tx, plan: Plan, subject: Subject, now_ms: int) -> None:
        if plan.task is None:
            return
        priority = Priority(plan.task.priority.value)
        if plan.task.raises and subject.thread_id is not None:
            due_ms = people.deadline(self._office, subject.line, priority, now_ms)
            await tasks.raise_for_thread(tx, subject.thread_id, priority, due_ms, plan.task.reason)
            return
        await people.open_task(
            tx,
            self._office,
            subject,
            Kind(plan.task.kind),
            plan.task.reason,
            now_ms=now_ms,
            priority=priority,
            owner=plan.task.owner,
        )


async def _known(tx: Tx, sender: str, read: dict[str, Any]) -> dict[str, Any]:
    """Add from the contact record whether this is a customer already, where the text does not say."""
    customer = await contacts.customer_of(tx, sender)
    if read.get("customer") or not customer:
        return read
    found = {"span": None, "words": "", "rule": "contact_record", "confidence": 1.0}
    return {**read, "customer": customer.value, "evidence": {**read.get("evidence", {}), "customer": found}}
