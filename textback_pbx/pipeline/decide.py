"""Calls -> decisions: one call, one transaction, in which its decision, its text or task, and its traces all stand.

An answered call also ends what waits for that caller: the queued text and the open call-back tasks.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.calls import store as calls
from textback_pbx.calls import words
from textback_pbx.clock import SECOND_MS, Clock
from textback_pbx.consent import entries, ledger
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import POLICIES, PolicyName
from textback_pbx.database import Database, Row, Tx
from textback_pbx.decision import gathering, plan, rules
from textback_pbx.decision import store as decisions
from textback_pbx.decision.gathering import Call
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.verdict import Decision, Verdict
from textback_pbx.decision.wording import segment
from textback_pbx.journal import about
from textback_pbx.outbox import store as outbox
from textback_pbx.outbox.claim_store import Drop, Go, Later
from textback_pbx.pipeline import people
from textback_pbx.pipeline.office import Office
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies.threads.store import thread_for
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, Priority
from textback_pbx.tasks.notify_store import emit

log = logging.getLogger(__name__)

_IDLE_S = 60.0
_TALK_MS = 5 * SECOND_MS
_FRESH_MS = 2 * SECOND_MS
#: What a manager calls a missed call.
MISSED = ("busy", "no_answer", "not_reachable")


class Decider:
    """The decide loop's step, and the second look that the send loop takes."""

    def __init__(
        self,
        database: Database,
        office: Office,
        clock: Clock,
        *,
        clock_trusted: Callable[[], bool],
        on_the_phone: Callable[[str], bool],
        on_text: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock = database, office, clock
        self._clock_trusted, self._on_the_phone, self._on_text = clock_trusted, on_the_phone, on_text

    async def step(self) -> float:
        """Decide one call; return 0.0 while there may be more."""
        async with self._database.transaction() as tx:
            waiting = await decisions.to_decide(tx, limit=1)
            if not waiting:
                return _IDLE_S
            queued = await self._decide(tx, waiting[0])
        if queued:
            self._on_text()
        return 0.0

    async def _decide(self, tx: Tx, call_id: int) -> bool:
        """Decide one call; return whether a text is in the outbox now."""
        call = await decisions.call_of(tx, call_id)
        line = self._office.line(call.line)
        await people.record_consent_of_call(tx, self._office, call, json.loads(call.facts))
        facts = await self._facts(tx, call_id, line, look=1)
        planned = plan.plan(facts, line)
        decision, message = planned.decision, planned.message
        names = (message.template, message.template_version) if message else ("", "")
        words = f"{decision.verdict} by rule {decision.rule}: {decision.reason}"
        log.info("call %s, %s: %s", call_id, call.outcome, words, extra=about(call=call_id))
        await decisions.save(tx, call_id, decision, facts, template=names[0], template_version=names[1])
        subject = Subject(f"call:{call_id}", call.line, call.caller, call_id=call_id)
        if call.outcome in MISSED:
            await emit(tx, "call.missed", subject.source, facts.now_ms, {"call_id": call_id})
        if call.outcome == "answered":
            await reached(tx, call.caller, "the caller called again and was answered", facts.now_ms)
        if decision.alert:
            wrong = await self._wrong(tx, call)
            await people.alert(tx, self._office, subject, decision, now_ms=facts.now_ms, what=wrong)
        if decision.verdict is Verdict.TEXT and message is not None and not decision.dry_run:
            await self._announce(tx, call, decision)
            return await self._enqueue(tx, call, message, facts.now_ms)
        await self._task(tx, subject, decision, facts.now_ms)
        return False

    async def _wrong(self, tx: Tx, call: Call) -> str:
        """What was wrong when a call reached nobody, for the admin; '' for any other call."""
        row = await calls.find_call(tx, str(call.id)) if call.outcome == "not_reachable" else None
        if row is None:
            return ""
        zone = ZoneInfo(self._office.line(call.line).hours.zone)
        stamp = partial(_stamp, zone=zone)
        return words.what_was_wrong(json.loads(row["legs"]), json.loads(row["facts"]), stamp)

    async def _facts(self, tx: Tx, call_id: int, line: LinePolicy, *, look: int) -> Any:
        return await decisions.gather(
            tx,
            call_id,
            policy=self._office.policy,
            line=line,
            now_ms=self._clock.now_ms(),
            clock_trusted=self._clock_trusted(),
            look=look,
        )

    async def _announce(self, tx: Tx, call: Call, decision: Decision) -> None:
        """Write the consent a text rests on, where the greeting announced it."""
        if decision.record != "announced" or call.caller is None:
            return
        line = self._office.line(call.line)
        local = ledger.local_time(call.ended_ms, ZoneInfo(line.hours.zone))
        greeting = ledger.Disclosure(*gathering.greeting_of(self._office.policy, line))
        version = POLICIES[PolicyName.ANNOUNCED].version
        entry = entries.announced(
            call.caller, call.ended_ms, local, greeting=greeting, policy_version=version, call_id=call.id
        )
        await consent.append(tx, entry)

    async def _enqueue(self, tx: Tx, call: Call, message: plan.Message, now_ms: int) -> bool:
        assert call.caller is not None
        thread_id = await thread_for(tx, call.caller, call.line, now_ms)
        await decisions.keep_template(tx, message.template, message.template_version, message.words, now_ms)
        cut = segment(message.body)
        new = outbox.NewMessage(
            kind="auto",
            line=call.line,
            number=call.caller,
            body=message.body,
            parts=cut.parts,
            encoding=cut.encoding.value,
            not_before_ms=message.not_before_ms or now_ms,
            expires_ms=message.expires_ms,
            call_id=call.id,
            thread_id=thread_id,
            template=message.template,
            template_version=message.template_version,
            look_again=True,
        )
        return await outbox.enqueue(tx, new, now_ms) is not None

    async def _task(self, tx: Tx, subject: Subject, decision: Decision, now_ms: int) -> None:
        if decision.verdict is Verdict.NOTHING:
            return
        dry = decision.dry_run and decision.verdict is Verdict.TEXT
        reason = "dry run: a text would have gone out" if dry else decision.reason
        priority = Priority.URGENT if decision.urgent else Priority.NORMAL
        if decision.urgent and subject.number is not None:
            due_ms = people.deadline(self._office, subject.line, priority, now_ms)
            if await tasks.raise_for_repeat(tx, subject.number, subject.line, due_ms, now_ms=now_ms):
                return
        await people.open_task(tx, self._office, subject, Kind.CALL_BACK, reason, now_ms=now_ms, priority=priority)

    async def look_again(self, tx: Tx, message: Row) -> Go | Drop | Later:
        """Judge a held or delayed text by fresh facts, just before it leaves."""
        if self._on_the_phone(message["number"]):
            return Later(self._clock.now_ms() + _TALK_MS, "the person is on the phone with the office")
        dry = self._office.policy.dry_run  # switched on while the text waited: what was to leave becomes a task
        if not dry and _just_decided(message, self._clock.now_ms()):
            return Go()
        line = self._office.line(message["line"])
        facts = await self._facts(tx, message["call_id"], line, look=2)
        decision = rules.decide(facts)
        row = await decisions.decision_of(tx, message["call_id"])
        assert row is not None
        await decisions.save_look(tx, row["id"], decision, facts.now_ms)
        if decision.verdict is Verdict.TEXT and not dry:
            wait = decision.not_before_ms > facts.now_ms
            return Later(decision.not_before_ms, decision.reason) if wait else Go()
        subject = Subject(f"call:{message['call_id']}", message["line"], message["number"], call_id=message["call_id"])
        await self._task(tx, subject, decision, facts.now_ms)
        return Drop("a dry run: nothing leaves" if decision.verdict is Verdict.TEXT else decision.reason)


def _just_decided(message: Row, now_ms: int) -> bool:
    """Whether the decision is seconds old and nothing held its text: the facts cannot have changed unnoticed."""
    return bool(0 <= now_ms - message["created_ms"] <= _FRESH_MS and message["not_before_ms"] <= message["created_ms"])


def _stamp(at_ms: int | None, zone: ZoneInfo) -> str:
    return (
        "?"
        if at_ms is None
        else datetime.fromtimestamp(at_ms / SECOND_MS, UTC).astimezone(zone).strftime("%a %d %b %H:%M")
    )


async def reached(tx: Tx, number: str | None, why: str, now_ms: int) -> None:
    """The office has spoken with this person: no text and no call-back is due any more."""
    if number is None:
        return
    await outbox.cancel_waiting(tx, number, why, now_ms)
    await tasks.close_call_backs(tx, number, now_ms=now_ms, result=why)
