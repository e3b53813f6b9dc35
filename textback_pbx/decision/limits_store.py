"""What is used of the limits, and the circuit breaker as it stands on the disk: for ``status`` and ``limits``."""

from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.database import Tx
from textback_pbx.decision import breaker
from textback_pbx.decision.breaker import Breaker
from textback_pbx.decision.policy import Policy
from textback_pbx.decision.store import BREAKER


async def breaker_of(tx: Tx) -> Breaker:
    """Return the circuit breaker as it was last written down."""
    return breaker.from_json(await tx.value("SELECT value FROM meta WHERE key = ?", (BREAKER,)))


_USED = """
SELECT
 (SELECT count(*) FROM messages WHERE created_ms >= :hour_from AND kind IN ('auto', 'nudge')
   AND cancelled IS NULL) AS hour,
 (SELECT count(*) FROM messages WHERE created_ms >= :day_from AND kind IN ('auto', 'nudge')
   AND cancelled IS NULL) AS day,
 (SELECT count(*) FROM calls WHERE ended_ms >= :flood_from
   AND outcome IN ('no_answer', 'busy', 'not_reachable')) AS missed
"""


async def limits_used(tx: Tx, policy: Policy, now_ms: int) -> dict[str, int]:
    """Return how much of the office's limits is used: automatic texts in an hour and a day, missed calls of late."""
    windows = {
        "hour_from": now_ms - HOUR_MS,
        "day_from": now_ms - DAY_MS,
        "flood_from": now_ms - policy.flood_window_min * MINUTE_MS,
    }
    row = await tx.one(_USED, windows)
    assert row is not None
    return {"hour": row["hour"], "day": row["day"], "missed": row["missed"]}


async def reset_breaker(tx: Tx) -> None:
    """Close the circuit breaker by hand; a flood that goes on opens it again."""
    await tx.run("DELETE FROM meta WHERE key = ?", (BREAKER,))
