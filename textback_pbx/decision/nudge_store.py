"""The nudge's SQL: which texts wait for one, and the facts :func:`textback_pbx.decision.nudge.plan` judges.

Candidates are the automatic texts of about a day without a nudge; everything else is the pure rules' matter.
Whoever enqueues the nudge does so in the transaction that gathered these facts.
"""

from dataclasses import replace
from typing import NamedTuple

from textback_pbx.consent import store as consent
from textback_pbx.database import Tx
from textback_pbx.decision import gathering, hours, nudge, store
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.nudge import NudgeFacts
from textback_pbx.decision.policy import LinePolicy, Policy

#: The kind list is the partial index's own words: SQLite uses it for nothing less.
_CANDIDATES = """
SELECT m.id AS message_id, m.call_id, m.line, m.number, m.thread_id FROM messages m
WHERE m.kind IN ('auto', 'nudge') AND m.kind = 'auto' AND m.created_ms BETWEEN :oldest AND :newest
  AND m.cancelled IS NULL AND m.call_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM messages n WHERE n.number = m.number AND n.created_ms >= m.created_ms AND n.kind = 'nudge'
      AND n.call_id = m.call_id)
ORDER BY m.created_ms LIMIT :limit
"""
_SENT = """
SELECT max(handed_over_ms) AS sent_ms, min(state IN ('accepted', 'delivered')) AS fine
FROM parts WHERE message_id = ?
"""


class Candidate(NamedTuple):
    """An automatic text that may want its nudge."""

    message_id: int
    call_id: int
    line: str
    number: str
    thread_id: int | None


async def candidates(tx: Tx, policy: Policy, now_ms: int, limit: int = 50) -> list[Candidate]:
    """Return the texts of the last day or so that have had no nudge, oldest first; none when nudges are off."""
    if not policy.nudge:
        return []
    window = {"oldest": now_ms - 2 * nudge.LATEST_MS, "newest": now_ms, "limit": limit}
    return [Candidate(*row) for row in await tx.all(_CANDIDATES, window)]


async def gather(
    tx: Tx, candidate: Candidate, *, policy: Policy, line: LinePolicy, now_ms: int, clock_trusted: bool
) -> NudgeFacts:
    """Read fresh facts about one candidate."""
    call = await store.gather(
        tx, candidate.call_id, policy=policy, line=line, now_ms=now_ms, clock_trusted=clock_trusted, look=2
    )
    # A call's own text does not count against itself; its nudge comes on top of it.
    call = replace(call, sent_number_day=call.sent_number_day + 1, sent_day=call.sent_day + 1)
    row = await tx.one(_SENT, (candidate.message_id,))
    had = await tx.value(
        "SELECT 1 FROM messages WHERE number = ? AND kind = 'nudge' AND call_id = ?",
        (candidate.number, candidate.call_id),
    )
    quiet: tuple[Schedule, ...] = gathering.nudge_schedules(candidate.number, call, policy, line)
    return NudgeFacts(
        call=call,
        sent_ms=int(row["sent_ms"] or 0) if row is not None else 0,
        delivered=row is not None and bool(row["fine"]),
        nudged=had is not None,
        recorded=await _recorded(tx, candidate.number, now_ms),
        waking=hours.all_open(quiet, now_ms),
        waking_from_ms=hours.next_open(quiet, now_ms),
    )


async def _recorded(tx: Tx, number: str, now_ms: int) -> bool:
    """Whether the ledger holds a consent that is more than an announcement or the one reply."""
    try:
        return (await consent.state_of(tx, number, now_ms)).consented
    except consent.LedgerProblem:
        return False
