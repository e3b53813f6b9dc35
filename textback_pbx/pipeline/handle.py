"""Stored texts -> consent, answers, tasks: one text, one transaction.

A STOP is in the ledger, and in the row that every claim reads, before anything else is done with it. A text of our
own staff is an order, not a customer's word: it goes to :mod:`textback_pbx.pipeline.orders`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.clock import MINUTE_MS, Clock
from textback_pbx.consent import entries, keywords, ledger
from textback_pbx.consent import store as consent
from textback_pbx.database import Database, Tx
from textback_pbx.decision import store as decisions
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.wording import segment
from textback_pbx.outbox import store as outbox
from textback_pbx.phone import E164
from textback_pbx.pipeline import people, routes
from textback_pbx.pipeline.answers import Answers, answers_of
from textback_pbx.pipeline.office import DEFAULT_LINE, Office
from textback_pbx.pipeline.orders import Orders
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies import care, handling, routing
from textback_pbx.replies import store as replies
from textback_pbx.replies.contacts.person import Customer
from textback_pbx.replies.contacts.store import customer_of
from textback_pbx.replies.handling import Label, LineWords, Plan, Situation
from textback_pbx.replies.intake import Intake
from textback_pbx.replies.routing import Route
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, Priority
from textback_pbx.tasks.notify_store import emit
from textback_pbx.tasks.staff import available

_IDLE_S = 60.0
#: Its owner hears of a further text unless the one before is younger than this.
_TOLD_AGAIN_MS = 2 * MINUTE_MS
#: Texts that are keywords have no route but the line's.
_ORDINARY = (Label.NONE, Label.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class Read:
    """One text as it was understood: its intake, whether its writer is known, what wants care in it, whose it is."""

    intake: Intake
    customer: Customer
    signs: tuple[str, ...]
    route: Route

    def values(self) -> dict[str, Any]:
        """Return the intake as it is kept; the contact record says that this is a customer where the text does not."""
        found = {**self.intake.values(), "evidence": self.intake.evidence_values()}
        if self.intake.customer or not self.customer:
            return found
        evidence = {"span": None, "words": "", "rule": "contact_record", "confidence": 1.0}
        return {**found, "customer": self.customer.value, "evidence": {**found["evidence"], "customer": evidence}}


@dataclass(frozen=True, slots=True)
class Case:
    """One text while it is handled."""

    subject: Subject
    situation: Situation
    read: Read
    now_ms: int

    @property
    def thread_id(self) -> int:
        """Return the thread: every text but those of staff has one."""
        assert self.subject.thread_id is not None
        return self.subject.thread_id


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
        self,
        database: Database,
        office: Office,
        clock: Clock,
        unread: Unread,
        *,
        on_text: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock = database, office, clock
        self._unread, self._on_text = unread, on_text
        self._staff = office.staffing.staff.phones()
        self._orders = Orders(office)

    async def step(self) -> float:
        """Put parts together and handle one text; return 0.0 while there may be more."""
        stored = self._unread.stored
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            await replies.assemble_ready(
                tx, now_ms, default_line=DEFAULT_LINE, modem_lines=self._office.modem_lines, staff=self._staff
            )
            waiting = await replies.to_handle(tx, limit=1)
            if waiting:
                await self._handle(tx, waiting[0], now_ms)
        if not waiting:
            self._unread.read(stored)
        self._on_text()
        return 0.0 if waiting else _IDLE_S

    async def _handle(self, tx: Tx, inbound_id: int, now_ms: int) -> None:
        sender, line_name, thread_id = await replies.whose(tx, inbound_id)
        if thread_id is None and sender in self._staff:
            await self._orders.handle(tx, inbound_id, sender, now_ms)
            return
        if thread_id is None:  # they worked here when it came in
            thread_id = await replies.give_thread(tx, inbound_id, now_ms)
        known = bool(E164.fullmatch(sender))
        opted_out = known and await consent.is_opted_out(tx, sender)
        situation = await replies.situation_of(tx, inbound_id, now_ms, opted_out=opted_out)
        line = self._office.line(line_name)
        last = await replies.last_outbound(tx, sender, situation.received_ms)
        keyword = keywords.classify(situation.body, keywords.LastOutbound(last))
        label = Label(keyword.label.value)
        subject = Subject(f"inbound:{inbound_id}", line_name, sender, None, thread_id)
        read = await self._read(tx, situation, subject, label)
        case = Case(subject, situation, read, now_ms)
        answers = answers_of(line, now_ms)
        plan = handling.plan(
            situation,
            label,
            keyword.why,
            now_ms,
            words=LineWords(line.business, line.phone),
            urgency=read.route.priority,
            settings=answers.settings,
        )
        plan = _with_care(plan, read.signs)
        await self._consent(tx, situation, plan, line, now_ms)
        for message_id in await replies.queued_automatic(tx, sender, plan.cancel_kinds):
            await outbox.cancel(tx, message_id, plan.cancel_why, now_ms)
        await self._answer(tx, plan, subject, inbound_id, now_ms, answers=answers)
        told = await self._task(tx, plan, case)
        await self._event(tx, case, told=told)
        await replies.mark_handled(
            tx,
            inbound_id,
            plan,
            keyword=keyword.label.value,
            why=keyword.why,
            intake=read.values(),
            now_ms=now_ms,
        )

    async def _read(self, tx: Tx, s: Situation, subject: Subject, label: Label) -> Read:
        """Read what a text says, and whose it is; a keyword is the line's, and no cry for help."""
        found = routes.read_text(self._office, subject.line, s.body, s.received_ms)
        signs: tuple[str, ...] = ()
        if label in _ORDINARY and subject.thread_id is not None:
            unanswered = await replies.unanswered(tx, subject.thread_id)
            signs = care.signs_of(s.body, unanswered=unanswered, services=1 + len(found.also))
        customer = await customer_of(tx, s.sender)
        inquiry = routes.inquiry_of(
            self._office, subject.line, s.body, found, s.received_ms, customer=customer.value, signs=signs
        )
        return Read(found, customer, signs, routes.route_of(self._office, inquiry))

    async def _consent(self, tx: Tx, s: Situation, plan: Plan, line: LinePolicy, now_ms: int) -> None:
        if plan.consent is None:
            return
        make = entries.opted_out_by_text if plan.consent.event is ledger.Event.REVOKED else entries.resubscribed_by_text
        local = ledger.local_time(now_ms, ZoneInfo(line.hours.zone))
        entry = make(s.sender, now_ms, local, text=s.body, why=plan.consent.why, inbound_id=s.inbound_id)
        await consent.append(tx, entry)

    async def _answer(self, tx: Tx, plan: Plan, to: Subject, inbound_id: int, now_ms: int, *, answers: Answers) -> None:
        if plan.answer is None or to.number is None:
            return
        cut = segment(plan.answer.body)
        template = answers.chosen.get(plan.answer.kind)
        if template is not None:
            await decisions.keep_template(tx, template.key, template.version, template.template, now_ms)
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
            template=template.key if template else "",
            template_version=template.version if template else "",
        )
        await outbox.enqueue(tx, new, now_ms)

    async def _task(self, tx: Tx, plan: Plan, case: Case) -> bool:
        """Open, raise or hand on the task that a text wants; return whether its owner hears of it by that."""
        if plan.task is None:
            return True
        route, priority = case.read.route, Priority(plan.task.priority.value)
        reason, wanted = plan.task.reason + _by(route), self._wanted(case)
        if plan.task.raises:
            return await self._raise(tx, case, priority, reason, wanted)
        await people.open_task(
            tx,
            self._office,
            case.subject,
            Kind(plan.task.kind),
            reason,
            now_ms=case.now_ms,
            priority=priority,
            owner=wanted,
            minutes=route.minutes,
        )
        return True

    async def _raise(self, tx: Tx, case: Case, priority: Priority, reason: str, wanted: str) -> bool:
        """Raise the thread's task; what a rule gives to somebody else is handed on when it is raised."""
        now_ms = case.now_ms
        due_ms = people.deadline(self._office, case.subject.line, priority, now_ms)
        raised = await tasks.raise_for_thread(tx, case.thread_id, priority, due_ms, reason, now_ms=now_ms)
        rule = case.read.route.rule
        if not raised or rule == routing.LINES_OWNER:
            return bool(raised)
        for task in await tasks.open_of_thread(tx, case.thread_id):
            if task.id in raised and not self._has(task.owner, wanted):
                await people.hand_to(tx, self._office, task.id, wanted, now_ms=now_ms, why=f"route {rule}")
        return True

    def _wanted(self, case: Case) -> str:
        """Return who is to have a text: whoever had the thread before, unless a rule gives it to others."""
        route, had = case.read.route, case.situation.owner
        if route.rule == routing.LINES_OWNER:
            return had or route.to
        before = self._office.staffing.staff.people.get(had)
        if before is not None and self._has(had, route.to) and available(before, case.now_ms, {}):
            return had
        return route.to

    def _has(self, owner: str, wanted: str) -> bool:
        """Say whether somebody is, or is one of, whom a rule names."""
        queue = self._office.staffing.staff.queues.get(wanted)
        return owner == wanted or (queue is not None and owner in queue.members)

    async def _event(self, tx: Tx, case: Case, *, told: bool) -> None:
        """Tell of the text; its owner only if no task does so, and not for each text of a burst."""
        s, tell = case.situation, list[str]()
        if not told:
            since_ms = s.received_ms - _TOLD_AGAIN_MS
            if not await replies.written_before(tx, case.thread_id, s.inbound_id, since_ms):
                tell = [task.owner for task in (await tasks.open_of_thread(tx, case.thread_id))[:1]]
        data = {"inbound_id": s.inbound_id, "thread_id": case.thread_id, "line": case.subject.line, "tell": tell}
        await emit(tx, "reply.received", case.subject.source, s.received_ms, data)


def _with_care(plan: Plan, signs: tuple[str, ...]) -> Plan:
    """Sensitive or distressed: nothing automatic goes there until a person has looked."""
    if plan.task is None:
        return plan
    said = f"; {', '.join(signs)}" if signs else ""
    plan = replace(plan, task=replace(plan.task, reason=plan.task.reason + said))
    if not {"sensitive", "distressed"} & set(signs):
        return plan
    kinds = tuple(dict.fromkeys((*plan.cancel_kinds, *handling.AUTOMATIC_KINDS)))
    why = plan.cancel_why or "paused: a person looks first"
    return replace(plan, automation="paused", cancel_kinds=kinds, cancel_why=why)


def _by(route: Route) -> str:
    return "" if route.rule == routing.LINES_OWNER else f" (route {route.rule})"
