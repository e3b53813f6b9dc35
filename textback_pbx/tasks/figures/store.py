"""The SQL of the report: each missed call of a period with what followed, in one pass over an index.

A week is read through ``calls_by_end``; what followed is looked up per call by number, so the cost grows with the
period and not with the database.
"""

from textback_pbx.database import Row, Tx
from textback_pbx.tasks.periods import Period
from textback_pbx.tasks.report import REPLY_WITHIN_MS, Counts, Missed

#: ``:week`` is how long after a call something belongs to it. Staff's texts count when they were written: whether the
#: network took them is another number's business.
_FOLLOWED = """
WITH missed AS MATERIALIZED (
  SELECT c.id, c.caller AS number, c.line, c.ended_ms, c.outcome,
    (SELECT min(i.received_ms) FROM inbound i WHERE i.sender = c.caller AND i.line = c.line
       AND i.received_ms BETWEEN c.ended_ms AND c.ended_ms + :week
       AND i.keyword NOT IN ('stop', 'start', 'help')) AS replied_ms
  FROM calls c
  WHERE c.ended_ms >= :from_ms AND c.ended_ms < :until_ms AND c.outcome IN ('busy', 'no_answer', 'not_reachable')
    AND (:line IS NULL OR c.line = :line)
)
SELECT c.number, c.line, c.ended_ms, c.outcome, c.replied_ms,
  coalesce(d.verdict, '') AS verdict, coalesce(d.rule, '') AS rule, coalesce(d.dry_run, 0) AS dry_run,
  coalesce(p.state, '') AS part_state, coalesce(m.cancelled, '') AS cancelled, p.handed_over_ms,
  coalesce(m.not_before_ms - c.ended_ms, 0) AS held_ms,
  CASE WHEN c.replied_ms IS NOT NULL THEN (SELECT min(at_ms) FROM (
    SELECT min(s.created_ms) AS at_ms FROM messages s WHERE s.number = c.number AND s.line = c.line
      AND s.kind = 'staff' AND s.cancelled IS NULL AND s.created_ms BETWEEN c.replied_ms AND c.replied_ms + :week
    UNION ALL SELECT min(o.ended_ms) FROM calls_out o WHERE o.number = c.number AND o.answered = 1
      AND o.ended_ms BETWEEN c.replied_ms AND c.replied_ms + :week
    UNION ALL SELECT min(a.ended_ms) FROM calls a WHERE a.caller = c.number AND a.line = c.line
      AND a.outcome = 'answered' AND a.ended_ms BETWEEN c.replied_ms AND c.replied_ms + :week)) END AS human_ms,
  EXISTS (SELECT 1 FROM threads t JOIN bookings b ON b.thread_id = t.id WHERE t.number = c.number AND t.line = c.line
    AND b.made_ms BETWEEN c.ended_ms AND c.ended_ms + :week
    AND coalesce(b.withdrawn_ms > c.ended_ms + :week, 1)) AS booked
FROM missed c
LEFT JOIN decisions d ON d.call_id = c.id
LEFT JOIN messages m ON m.call_id = c.id AND m.kind = 'auto'
LEFT JOIN parts p ON p.message_id = m.id AND p.seq = 1
"""


async def missed_calls(tx: Tx, period: Period, line: str | None = None) -> list[Missed]:
    """Return the period's missed calls, each with its text, the first reply and the first answer of a person."""
    values = {"from_ms": period.from_ms, "until_ms": period.until_ms, "line": line, "week": REPLY_WITHIN_MS}
    return [_missed(row) for row in await tx.all(_FOLLOWED, values)]


def _missed(row: Row) -> Missed:
    return Missed(**{**dict(row), "booked": bool(row["booked"]), "dry_run": bool(row["dry_run"])})


async def counts(tx: Tx, period: Period, now_ms: int, line: str | None = None) -> Counts:
    """Return what is counted without looking at single calls; a gap that lasts is counted until ``now_ms``."""
    values = {"from_ms": period.from_ms, "until_ms": period.until_ms, "line": line}
    gaps = await tx.one(
        "SELECT count(*) AS n, coalesce(sum(min(until_ms, :until_ms) - max(from_ms, :from_ms)), 0) AS ms,"
        " coalesce(sum(repaired <> 'cdr'), 0) AS left FROM (SELECT from_ms, coalesce(until_ms, :now_ms) AS until_ms,"
        " repaired FROM gaps) WHERE from_ms < :until_ms AND until_ms > :from_ms",
        {"from_ms": period.from_ms, "until_ms": period.until_ms, "now_ms": max(now_ms, period.from_ms)},
    )
    assert gaps is not None
    return Counts(
        opt_outs=await tx.value(
            "SELECT count(*) FROM consent WHERE event = 'revoked' AND at_ms >= :from_ms AND at_ms < :until_ms",
            {"from_ms": period.from_ms, "until_ms": period.until_ms},
        ),
        delivery_failures=await tx.value(
            "SELECT count(DISTINCT m.id) FROM parts p JOIN messages m ON m.id = p.message_id"
            " WHERE p.handed_over_ms >= :from_ms AND p.handed_over_ms < :until_ms"
            " AND p.state IN ('refused', 'undelivered')"
            " AND m.kind NOT IN ('notify', 'test') AND (:line IS NULL OR m.line = :line)",
            values,
        ),
        gaps=gaps["n"],
        gap_ms=gaps["ms"],
        gap_calls=await tx.value(
            "SELECT count(*) FROM calls WHERE ended_ms >= :from_ms AND ended_ms < :until_ms AND source = 'recovered'"
            " AND (:line IS NULL OR line = :line)",
            values,
        ),
        gaps_not_repaired=gaps["left"],
        lost=await tx.value(
            "SELECT count(*) FROM calls WHERE ended_ms >= :from_ms AND ended_ms < :until_ms AND outcome = 'lost'"
            " AND (:line IS NULL OR line = :line)",
            values,
        ),
    )
