"""Texts that nothing came back to -> their nudge: one call, one transaction, in which the text and its row both stand.

The nudge is judged twice: here, when its time has come, and again by :meth:`Nudger.look_again` in the claim's own
transaction, so that whatever happened in between (a reply, a STOP, a call, a note) ends it. It is off by default.
"""

import json
from collections.abc import Callable

from textback_pbx.clock import MINUTE_MS, SECOND_MS, Clock
from textback_pbx.database import Database, Row, Tx
from textback_pbx.decision import nudge, nudge_store, plan
from textback_pbx.decision import store as decisions
from textback_pbx.decision.nudge import NudgeFacts, NudgePlan
from textback_pbx.decision.nudge_store import Candidate
from textback_pbx.decision.wording import RenderProblem, segment
from textback_pbx.outbox import store as outbox
from textback_pbx.outbox.claim_store import Drop, Go, Later
from textback_pbx.pipeline.office import Office

_OFF_S, _IDLE_S, _LEAST_S = 3_600.0, 300.0, 1.0
_HELD_MS = MINUTE_MS


class Nudger:
    """The nudge loop's step, and the look at a nudge just before it leaves."""

    def __init__(
        self,
        database: Database,
        office: Office,
        clock: Clock,
        *,
        clock_trusted: Callable[[], bool],
        on_text: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock = database, office, clock
        self._clock_trusted, self._on_text = clock_trusted, on_text

    async def step(self) -> float:
        """Judge one text; return 0.0 while there may be more, else how long nothing is due."""
        policy = self._office.policy
        if not policy.nudge:
            return _OFF_S
        if not self._clock_trusted():
            return _IDLE_S  # nothing is ended for good by a clock that is wrong
        now_ms = self._clock.now_ms()
        async with self._database.read() as tx:
            if not await nudge_store.candidates(tx, policy, now_ms, limit=1):
                return _pause(await nudge_store.next_due_ms(tx, policy, now_ms), now_ms)
        async with self._database.transaction() as tx:
            found = await nudge_store.candidates(tx, policy, now_ms, limit=1)
            queued = bool(found) and await self._judge(tx, found[0], now_ms)
        if queued:
            self._on_text()
        return 0.0

    async def _judge(self, tx: Tx, candidate: Candidate, now_ms: int) -> bool:
        """Judge one text that had no answer; return whether its nudge is in the outbox now."""
        facts, planned = await self._plan(tx, candidate, now_ms)
        message_id = None
        if planned.rule == "nudge":
            made = plan.nudge_message(facts.call, self._office.line(candidate.line), facts.waking_until_ms)
            if isinstance(made, RenderProblem):
                planned = planned._replace(due_ms=0, rule="wording", why=made.reason, waits=False)
            else:
                message_id = await self._enqueue(tx, candidate, made, now_ms)
        await nudge_store.save(tx, candidate.call_id, planned, now_ms, message_id=message_id)
        return message_id is not None

    async def _plan(
        self, tx: Tx, candidate: Candidate, now_ms: int, *, own_id: int = 0
    ) -> tuple[NudgeFacts, NudgePlan]:
        facts = await nudge_store.gather(
            tx,
            candidate,
            policy=self._office.policy,
            line=self._office.line(candidate.line),
            now_ms=now_ms,
            clock_trusted=self._clock_trusted(),
            own_id=own_id,
        )
        return facts, nudge.plan(facts)

    async def _enqueue(self, tx: Tx, candidate: Candidate, message: plan.Message, now_ms: int) -> int | None:
        cut = segment(message.body)
        await decisions.keep_template(tx, message.template, message.template_version, message.words, now_ms)
        new = outbox.NewMessage(
            kind="nudge",
            line=candidate.line,
            number=candidate.number,
            body=message.body,
            parts=cut.parts,
            encoding=cut.encoding.value,
            not_before_ms=message.not_before_ms,
            expires_ms=message.expires_ms,
            call_id=candidate.call_id,
            thread_id=candidate.thread_id,
            template=message.template,
            template_version=message.template_version,
            look_again=True,
        )
        return await outbox.enqueue(tx, new, now_ms)

    async def look_again(self, tx: Tx, message: Row) -> Go | Drop | Later:
        """Judge a queued nudge by fresh facts, just before it leaves."""
        now_ms = self._clock.now_ms()
        candidate = await nudge_store.candidate_of(tx, message["call_id"])
        if candidate is None:
            return Drop("the text it follows up is gone")
        _, planned = await self._plan(tx, candidate, now_ms, own_id=message["id"])
        await self._save_look(tx, message["call_id"], planned, now_ms)
        if planned.rule == "nudge":
            return Go()
        if planned.waits and planned.rule != "quiet_hours":
            return Later(now_ms + _HELD_MS, planned.why)  # it expires before long, and never leaves late
        return Drop(f"{planned.rule}: {planned.why}")

    async def _save_look(self, tx: Tx, call_id: int, planned: NudgePlan, now_ms: int) -> None:
        decision = await decisions.decision_of(tx, call_id)
        if decision is None:
            return
        verdict = "text" if planned.rule == "nudge" else "nothing"
        trace = json.dumps([list(step) for step in planned.trace], ensure_ascii=False)
        await decisions.save_look_row(
            tx, decision["id"], (now_ms, verdict, f"nudge/{planned.rule}", planned.why, trace)
        )


def _pause(due_ms: int | None, now_ms: int) -> float:
    """Return how long to wait, in seconds; the wall clock may be set meanwhile, so not for long."""
    if due_ms is None:
        return _IDLE_S
    return min(_IDLE_S, max(_LEAST_S, (due_ms - now_ms) / SECOND_MS))
