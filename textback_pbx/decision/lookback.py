"""What a decision looks back at, as one statement and its windows. Pure: text and numbers only.

It is one trip to the database and reads through indexes, so that deciding costs the same with a million
calls. Windows have no upper end: rows that a wrong clock dated into the future still count.
"""

from typing import Any

from textback_pbx import phone
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.decision.gathering import Call
from textback_pbx.decision.policy import Policy

#: Components of the health table whose failure holds the line.
HOLDING = ("disk", "clock", "consent", "limits", "restore")
_FLOOD_ROWS = 500  # no flood limit may be set higher than what is looked at

#: Which of them are in failure, as one text; no rows: NULL.
HOLDS = "SELECT group_concat(component) FROM health WHERE state = 'fail' AND component IN (NAMES)".replace(
    "NAMES", ", ".join(f"'{component}'" for component in HOLDING)
)
HISTORY = """
WITH flood AS (SELECT count(*) AS missed, coalesce(sum(substr(caller, 1, :prefix_length) = :prefix), 0) AS from_prefix
 FROM (SELECT caller FROM calls WHERE ended_ms >= :flood_from AND outcome IN ('no_answer', 'busy', 'not_reachable')
  LIMIT :rows)),
recent AS (SELECT count(*) AS sent_day, sum(created_ms >= :hour_from) AS sent_hour,
  sum(created_ms >= :hour_from AND substr(number, 1, :prefix_length) = :prefix AND length(number) = :length)
   AS sent_prefix_hour
 FROM messages WHERE created_ms >= :day_from AND kind IN ('auto', 'nudge') AND cancelled IS NULL
  AND call_id IS NOT :id)
SELECT flood.missed, flood.from_prefix, (SELECT value FROM meta WHERE key = 'breaker') AS breaker,
 (SELECT c.name FROM contact_numbers k JOIN contacts c ON c.id = k.contact_id WHERE k.number = :n) AS contact_name,
 (SELECT max(ended_ms) FROM calls WHERE caller = :n AND ended_ms >= :started AND id <> :id AND outcome = 'answered')
   AS answered_since_ms,
 (SELECT max(ended_ms) FROM calls_out WHERE number = :n AND ended_ms >= :started AND answered = 1) AS called_back_ms,
 (SELECT max(at) FROM (
   SELECT max(received_ms) AS at FROM inbound WHERE sender = :n AND received_ms >= :started
   UNION ALL SELECT max(received_ms) FROM inbound_parts WHERE sender = :n AND inbound_id IS NULL
     AND received_ms >= :started)) AS wrote_ms,
 (SELECT max(at) FROM (
   SELECT max(created_ms) AS at FROM messages WHERE number = :n AND created_ms >= :started AND kind = 'staff'
   UNION ALL SELECT max(closed_ms) FROM tasks WHERE call_id = :id AND state <> 'open' AND closed_by <> 'agent'
   UNION ALL SELECT max(at_ms) FROM notes WHERE at_ms >= :started
     AND thread_id = (SELECT id FROM threads WHERE number = :n AND line = :line))) AS staff_ms,
 (SELECT max(ended_ms) FROM calls WHERE caller = :n AND ended_ms BETWEEN :repeat_from AND :ended AND id <> :id
   AND line = :line AND outcome IN ('no_answer', 'busy', 'not_reachable')) AS previous_missed_ms,
 (SELECT count(*) FROM messages WHERE number = :n AND created_ms >= :once_from AND kind = 'auto' AND line = :line
   AND cancelled IS NULL AND call_id IS NOT :id)
 + (SELECT count(*) FROM calls c JOIN decisions d ON d.call_id = c.id WHERE c.caller = :n AND c.ended_ms >= :once_from
   AND c.line = :line AND c.id <> :id AND d.dry_run = 1 AND d.verdict = 'text') AS texts_this_line,
 (SELECT created_ms FROM messages WHERE number = :n AND kind IN ('auto', 'nudge') AND cancelled IS NULL
   AND call_id IS NOT :id ORDER BY created_ms DESC LIMIT 1) AS last_text_ms,
 EXISTS (SELECT 1 FROM messages m WHERE m.number = :n AND m.kind IN ('auto', 'nudge') AND m.cancelled IS NULL
   AND m.call_id IS NOT :id AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id
   AND p.state IN ('refused', 'undelivered', 'expired', 'cancelled'))) AS ever_texted,
 (SELECT count(*) FROM messages WHERE number = :n AND created_ms >= :day_from AND kind IN ('auto', 'nudge')
   AND cancelled IS NULL AND call_id IS NOT :id) AS sent_number_day,
 recent.sent_prefix_hour, recent.sent_hour, recent.sent_day,
 (SELECT reason FROM cannot_text WHERE number = :n) AS cannot_text,
 (SELECT automation FROM threads WHERE number = :n AND line = :line) AS automation,
 (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'restored_ms') AS restored_ms,
 (HOLDS) AS holds
FROM flood, recent
""".replace("HOLDS", HOLDS)


def windows(call: Call, number: str, policy: Policy, now_ms: int) -> dict[str, Any]:
    """Return the statement's parameters for one call of ``number`` (E.164); times are ms UTC."""
    block = phone.prefix(number)
    return {
        "n": number,
        "id": call.id,
        "line": call.line,
        "started": call.started_ms,
        "ended": call.ended_ms,
        "repeat_from": call.started_ms - policy.repeat_min * MINUTE_MS,
        "once_from": now_ms - policy.once_per_h * HOUR_MS,
        "hour_from": now_ms - HOUR_MS,
        "day_from": now_ms - DAY_MS,
        "flood_from": now_ms - policy.flood_window_min * MINUTE_MS,
        "prefix": block,
        "prefix_length": len(block),
        "length": len(number),
        "rows": _FLOOD_ROWS,
    }
