"""The circuit breaker: a flood of calls that looks like abuse stops all automatic texts for a while. Pure.

It opens on the number of missed calls in a short window, in all or from one block of numbers, stays open until
``breaker_min`` after the last sign of the flood, and survives a restart (``store`` keeps it). Every call still
becomes a call-back task. A clock that went back keeps it open.
"""

import json
from dataclasses import asdict, dataclass

from textback_pbx.clock import MINUTE_MS
from textback_pbx.decision.policy import Policy


@dataclass(frozen=True, slots=True)
class Breaker:
    """``why`` is ``""`` while it is closed. Times are ms UTC."""

    why: str = ""
    since_ms: int = 0
    until_ms: int = 0

    def to_json(self) -> str:
        """Return JSON for the table ``meta``."""
        return json.dumps(asdict(self))


def from_json(text: str | None) -> Breaker:
    """Read :meth:`Breaker.to_json` back; what cannot be read counts as open for good, until a person resets it."""
    if text is None:
        return Breaker()
    try:
        raw = json.loads(text)
        return Breaker(str(raw["why"]), int(raw["since_ms"]), int(raw["until_ms"]))
    except (ValueError, KeyError, TypeError):
        return Breaker("its record is damaged; reset it", 0, 2**62)


def judge(last: Breaker, policy: Policy, now_ms: int, *, missed: int, from_prefix: int) -> Breaker:
    """Return the breaker after a look at the window: ``missed`` calls in all, ``from_prefix`` of the caller's block."""
    why = ""
    if missed >= policy.flood_calls:
        why = f"{missed} or more missed calls within {policy.flood_window_min} min"
    elif from_prefix >= policy.flood_prefix_calls:
        why = f"{from_prefix} or more missed calls from one block of numbers within {policy.flood_window_min} min"
    still = bool(last.why) and (now_ms < last.until_ms or now_ms < last.since_ms)
    if why:
        since = last.since_ms if still else now_ms
        return Breaker(why, since, max(last.until_ms if still else 0, now_ms + policy.breaker_min * MINUTE_MS))
    return last if still else Breaker()
