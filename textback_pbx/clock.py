"""Time, in the two kinds that must not be mixed.

Wall time is an ``int`` of milliseconds since the Unix epoch, UTC, and its names end in ``_ms``: it is what the
database keeps and what rules about hours, freshness and caps read. Monotonic time is a ``float`` of seconds
without a meaning outside this process: it is what deadlines and back-offs read. A Raspberry Pi boots in the
past, so wall time is trusted only after :func:`judge` says so.
"""

import asyncio
import time
from enum import StrEnum
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: Nothing this program records can be older than its first release; a clock before it is a Pi that just booted.
RELEASED_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class Clock(Protocol):
    """What the program asks of time; :class:`SystemClock` in service, a manual clock in tests."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; comparable within this process only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop's (monotonic) clock."""
        await asyncio.sleep(seconds)


class Trust(StrEnum):
    """Whether wall time may be used to decide about sending."""

    TRUSTED = "trusted"
    IN_THE_PAST = "in_the_past"  # before the release, or before what the database has already seen
    JUMPED = "jumped"  # wall and monotonic time moved apart while the agent ran


def judge(now_ms: int, last_seen_ms: int, drift_ms: int = 0, *, tolerance_ms: int = 2 * MINUTE_MS) -> Trust:
    """Judge the wall clock.

    ``last_seen_ms`` is the newest wall time the database has durably recorded (0 when none); ``drift_ms`` is
    how far wall time moved against monotonic time since the clock was last trusted. Either way of jumping is
    distrusted, because a jump forward makes every limit look expired.
    """
    if now_ms < RELEASED_MS or now_ms < last_seen_ms - tolerance_ms:
        return Trust.IN_THE_PAST
    if abs(drift_ms) > tolerance_ms:
        return Trust.JUMPED
    return Trust.TRUSTED
