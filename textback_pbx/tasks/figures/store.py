"""The SQL of the report: each missed call of a period with what followed, in one pass over an index.

A week is read through ``calls_by_end``; what followed is looked up per call by number, so the cost grows with the
period and not with the database.
"""

from textback_pbx.database import Row, Tx
from textback_pbx.tasks.report import REPLY_WITHIN_MS, Missed, Period

_FOLLOWED = f"""
SELECT c.caller AS number, c.line, c.ended_ms, c.outcome,
  coalesce(d.verdict, '') AS verdict, coalesce(d.rule, '') AS rule,
  coalesce(p.state, '') AS part_state, coalesce(m.cancelled, '') AS cancelled, p.handed_over_ms,
  (SELECT min(i.received_ms) FROM inbound i WHERE i.sender = c.caller AND i.line = c.line
     AND i.received_ms BETWEEN c.ended_ms AND c.ended_ms + {REPLY_WITHIN_MS}) AS replied_ms,
  EXISTS (SELECT 1 FROM threads t WHERE t.number = c.caller AND t.line = c.line AND t.updated_ms >= c.ended_ms
     AND (t.status = 'booked' OR EXISTS (SELECT 1 FROM notes n WHERE n.thread_id = t.id
       AND n.body LIKE 'status set to booked%'
       AND n.at_ms BETWEEN c.ended_ms AND c.ended_ms + {REPLY_WITHIN_MS}))) AS booked
FROM calls c
LEFT JOIN decisions d ON d.call_id = c.id
LEFT JOIN messages m ON m.call_id = c.id AND m.kind = 'auto'
LEFT JOIN parts p ON p.message_id = m.id AND p.seq = 1
WHERE c.ended_ms >= :from_ms AND c.ended_ms < :until_ms AND c.outcome IN ('busy', 'no_answer', 'not_reachable')
  AND (:line IS NULL OR c.line = :line)
ORDER BY c.ended_ms, c.id
"""  # noqa: S608 - a constant number only


async def missed_calls(tx: Tx, period: Period, line: str | None = None) -> list[Missed]:
    """Return the period's missed calls, each with its text, the first reply and the first answer of a person."""
    rows = await tx.all(_FOLLOWED, {"from_ms": period.from_ms, "until_ms": period.until_ms, "line": line})
    answers: dict[tuple[str, str, int], int | None] = {}
    for row in rows:
        key = (row["number"], row["line"], row["replied_ms"])
        if row["replied_ms"] is not None and key not in answers:
            answers[key] = await _first_human(tx, *key)
    return [_missed(row, answers) for row in rows]


def _missed(row: Row, answers: dict[tuple[str, str, int], int | None]) -> Missed:
    human = answers.get((row["number"], row["line"], row["replied_ms"]))
    return Missed(**{**dict(row), "booked": bool(row["booked"]), "human_ms": human})


async def _first_human(tx: Tx, number: str, line: str, after_ms: int) -> int | None:
    """Return when a person first answered: a text of staff's, or a call either way that was taken."""
    return await tx.value(  # type: ignore[no-any-return]
        "SELECT min(at_ms) FROM ("
        "SELECT min(created_ms) AS at_ms FROM messages WHERE number = :number AND line = :line AND kind = 'staff'"
        " AND cancelled IS NULL AND created_ms BETWEEN :after AND :until UNION ALL "
        "SELECT min(ended_ms) FROM calls_out WHERE number = :number AND answered = 1"
        " AND ended_ms BETWEEN :after AND :until UNION ALL "
        "SELECT min(ended_ms) FROM calls WHERE caller = :number AND line = :line AND outcome = 'answered'"
        " AND ended_ms BETWEEN :after AND :until)",
        {"number": number, "line": line, "after": after_ms, "until": after_ms + REPLY_WITHIN_MS},
    )


async def opt_outs(tx: Tx, period: Period) -> int:
    """Return how many opt-outs were recorded; a number that opted out twice counts twice."""
    return int(
        await tx.value(
            "SELECT count(*) FROM consent WHERE event = 'revoked' AND at_ms >= ? AND at_ms < ?",
            (period.from_ms, period.until_ms),
        )
    )


async def delivery_failures(tx: Tx, period: Period, line: str | None = None) -> int:
    """Return how many texts to customers the network refused, or reported as undelivered."""
    return int(
        await tx.value(
            "SELECT count(DISTINCT m.id) FROM parts p JOIN messages m ON m.id = p.message_id"
            " WHERE p.handed_over_ms >= :from_ms AND p.handed_over_ms < :until_ms"
            " AND p.state IN ('refused', 'undelivered')"
            " AND m.kind NOT IN ('notify', 'test') AND (:line IS NULL OR m.line = :line)",
            {"from_ms": period.from_ms, "until_ms": period.until_ms, "line": line},
        )
    )
