"""The calls around a call: the misses before it, the redial that was answered, the office's own call back."""

from typing import Any

from textback_pbx.clock import DAY_MS
from textback_pbx.database import Row, Tx

_LOOK_MS = 7 * DAY_MS
_MISSED = "('busy', 'no_answer', 'not_reachable')"


async def around(tx: Tx, call: Row) -> dict[str, Any]:
    """What happened with this caller within a week of the call; empty for a withheld number."""
    number, ended_ms = call["caller"], call["ended_ms"]
    if number is None:
        return {}
    before = await tx.one(
        f"SELECT count(*) AS count, max(ended_ms) AS last FROM calls WHERE caller = ? AND outcome IN {_MISSED}"  # noqa: S608  # fixed words
        " AND ended_ms >= ? AND (ended_ms < ? OR (ended_ms = ? AND id < ?))",
        (number, ended_ms - _LOOK_MS, ended_ms, ended_ms, call["id"]),
    )
    redial = await tx.one(
        "SELECT id, ended_ms FROM calls WHERE caller = ? AND outcome = 'answered' AND ended_ms > ? AND ended_ms < ?"
        " ORDER BY ended_ms LIMIT 1",
        (number, ended_ms, ended_ms + _LOOK_MS),
    )
    back = await tx.one(
        "SELECT ended_ms, answered FROM calls_out WHERE number = ? AND ended_ms > ? AND ended_ms < ?"
        " ORDER BY answered DESC, ended_ms LIMIT 1",
        (number, ended_ms, ended_ms + _LOOK_MS),
    )
    assert before is not None
    return {
        "missed_before": before["count"],
        "missed_ms": before["last"],
        "redial_id": redial["id"] if redial else None,
        "redial_ms": redial["ended_ms"] if redial else None,
        "back_ms": back["ended_ms"] if back else None,
        "back_answered": bool(back["answered"]) if back else None,
    }
