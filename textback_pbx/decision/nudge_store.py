"""The nudge's SQL: which texts wait for one, the facts ``nudge.plan`` judges, and what came of each.

Every automatic text of the last day gets one row in ``nudges``: it waits until a time, was sent, or never will be,
and why. Whoever enqueues the nudge does so in the transaction that gathered its facts and wrote that row.
"""

import json
from dataclasses import replace
from typing import NamedTuple

from textback_pbx.clock import MINUTE_MS
from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.decision import gathering, hours, nudge, store
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.nudge import NudgeFacts, NudgePlan
from textback_pbx.decision.policy import LinePolicy, Policy

#: The kind list is the partial index's own words: SQLite uses it for nothing less.
_NEW = """
SELECT m.id AS message_id, m.call_id, m.line, m.number, m.thread_id FROM messages m
WHERE m.kind IN ('auto', 'nudge') AND m.kind = 'auto' AND m.created_ms BETWEEN :oldest AND :newest
  AND m.cancelled IS NULL AND m.call_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM nudges n WHERE n.call_id = m.call_id)
ORDER BY m.created_ms LIMIT :limit
"""
_WAITING = """
SELECT m.id AS message_id, m.call_id, m.line, m.number, m.thread_id FROM nudges n
JOIN messages m ON m.call_id = n.call_id AND m.kind = 'auto'
WHERE n.state = 'waits' AND n.due_ms <= :now ORDER BY n.due_ms LIMIT :limit
"""
_OF_CALL = """
SELECT m.id AS message_id, m.call_id, m.line, m.number, m.thread_id FROM messages m
WHERE m.call_id = ? AND m.kind = 'auto'
"""
_SENT = """
SELECT max(handed_over_ms) AS sent_ms, min(state IN ('accepted', 'delivered')) AS fine,
  max(state IN ('queued', 'claimed', 'handed_over', 'unknown')) AS open,
  max(state IN ('refused', 'undelivered', 'expired', 'cancelled')) AS lost
FROM parts WHERE message_id = ?
"""
_SINCE = """
SELECT
 (SELECT max(ended_ms) FROM calls WHERE caller = :n AND ended_ms >= :started AND id <> :id) AS called_again_ms,
 (SELECT max(ended_ms) FROM calls_out WHERE number = :n AND ended_ms >= :started) AS called_out_ms,
 (SELECT max(created_ms) FROM messages WHERE number = :n AND kind = 'nudge' AND call_id IS NOT :id) AS nudged_ms,
 (SELECT max(received_ms) FROM inbound WHERE sender = :n) AS wrote_ms,
 (SELECT count(*) FROM messages WHERE call_id = :id AND kind = 'nudge' AND id <> :own) AS had
"""
#: How soon a nudge that something holds is looked at again.
_AGAIN_MS = 5 * MINUTE_MS


class Candidate(NamedTuple):
    """An automatic text that may want its nudge."""

    message_id: int
    call_id: int
    line: str
    number: str
    thread_id: int | None


async def candidates(tx: Tx, policy: Policy, now_ms: int, limit: int = 50) -> list[Candidate]:
    """Return texts to judge now, oldest first; none when nudges are off.

    These are the texts old enough for a nudge that have not been judged, and those whose waiting is over.
    """
    if not policy.nudge:
        return []
    newest = now_ms - policy.nudge_after_min * MINUTE_MS
    window = {"oldest": now_ms - 2 * nudge.LATEST_MS, "newest": newest, "limit": limit}
    found = await tx.all(_NEW, window)
    if len(found) < limit:
        found = [*found, *await tx.all(_WAITING, {"now": now_ms, "limit": limit - len(found)})]
    return [Candidate(*row) for row in found]


async def next_due_ms(tx: Tx, policy: Policy, now_ms: int) -> int | None:
    """Return when there is next a text to judge; ``None``: not before another text leaves."""
    waiting = await tx.value("SELECT min(due_ms) FROM nudges WHERE state = 'waits'")
    youngest = now_ms - policy.nudge_after_min * MINUTE_MS
    ripens = await tx.value(
        "SELECT min(created_ms) FROM messages WHERE kind IN ('auto', 'nudge') AND kind = 'auto' AND created_ms > ?",
        (youngest,),
    )
    times = [waiting, None if ripens is None else ripens + policy.nudge_after_min * MINUTE_MS]
    return min((int(at) for at in times if at is not None), default=None)


async def candidate_of(tx: Tx, call_id: int) -> Candidate | None:
    """Return the automatic text of one call, whatever became of its nudge."""
    row = await tx.one(_OF_CALL, (call_id,))
    return None if row is None else Candidate(*row)


async def gather(
    tx: Tx,
    candidate: Candidate,
    *,
    policy: Policy,
    line: LinePolicy,
    now_ms: int,
    clock_trusted: bool,
    own_id: int = 0,
) -> NudgeFacts:
    """Read fresh facts about one candidate. ``own_id``: its nudge, when that is what is looked at again."""
    call = await store.gather(
        tx, candidate.call_id, policy=policy, line=line, now_ms=now_ms, clock_trusted=clock_trusted, look=2
    )
    # A call's own text does not count against itself; its nudge comes on top of it.
    call = replace(call, sent_number_day=call.sent_number_day + 1, sent_day=call.sent_day + 1)
    row = await tx.one(_SENT, (candidate.message_id,))
    since = await tx.one(
        _SINCE, {"n": candidate.number, "id": candidate.call_id, "started": call.started_ms, "own": own_id}
    )
    assert row is not None
    assert since is not None
    quiet: tuple[Schedule, ...] = gathering.nudge_schedules(candidate.number, call, policy, line)
    return NudgeFacts(
        call=call,
        sent_ms=int(row["sent_ms"] or 0),
        delivered=bool(row["fine"]),
        on_its_way=bool(row["open"]) and not row["lost"],
        nudged=bool(since["had"]) or (since["nudged_ms"] or 0) > (since["wrote_ms"] or 0),
        recorded=await _recorded(tx, candidate.number, now_ms),
        waking=hours.all_open(quiet, now_ms),
        waking_from_ms=hours.next_open(quiet, now_ms),
        waking_until_ms=hours.open_until(quiet, now_ms),
        called_again_ms=int(since["called_again_ms"] or 0),
        called_out_ms=int(since["called_out_ms"] or 0),
    )


async def save(tx: Tx, call_id: int, plan: NudgePlan, now_ms: int, *, message_id: int | None = None) -> None:
    """Write what a look at one call's nudge said: it waits, was put into the outbox, or never will be."""
    state = "sent" if message_id is not None else "waits" if plan.waits else "never"
    due_ms = None if state != "waits" else plan.due_ms if plan.due_ms > now_ms else now_ms + _AGAIN_MS
    trace = json.dumps([list(step) for step in plan.trace], ensure_ascii=False, separators=(",", ":"))
    await tx.run(
        "INSERT INTO nudges (call_id, state, at_ms, due_ms, rule, reason, trace, message_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call_id) DO UPDATE SET state = excluded.state,"
        " at_ms = excluded.at_ms, due_ms = excluded.due_ms, rule = excluded.rule, reason = excluded.reason,"
        " trace = excluded.trace, message_id = coalesce(excluded.message_id, message_id)",
        (call_id, state, now_ms, due_ms, plan.rule, plan.why, trace, message_id),
    )


async def of_call(tx: Tx, call_id: int) -> Row | None:
    """Return what is on file about one call's nudge."""
    return await tx.one("SELECT * FROM nudges WHERE call_id = ?", (call_id,))


async def _recorded(tx: Tx, number: str, now_ms: int) -> bool:
    """Whether the ledger holds a consent that is more than an announcement or the one reply."""
    try:
        return (await consent.state_of(tx, number, now_ms)).consented
    except consent.LedgerProblem:
        return False
