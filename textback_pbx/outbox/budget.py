"""How fast one SIM may send: a gap, an hourly and a daily limit (MODEM 16). Pure: the caller tells the time.

Limits belong to the SIM (its ICCID), because the plan behind it is what a burst endangers. They are counted in
monotonic time, so a wall clock that jumps loosens nothing (FAULTS 20); a restart seeds them from the hand-overs
the database has kept. One :class:`Pace` is shared by every line of the agent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

HOUR_S, DAY_S = 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What one SIM may send. ``gap_s`` is the least time between two hand-overs, seconds."""

    gap_s: float = 3.0
    per_hour: int = 30
    per_day: int = 100


class Pace:
    """When each SIM last handed over, in monotonic seconds; forgets what is older than a day."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._own: dict[str, Budget] = {}
        self._times: dict[str, list[float]] = {}

    def limit(self, iccid: str, budget: Budget) -> None:
        """Give this SIM a budget of its own: that of the modem it now sits in."""
        self._own[iccid] = budget

    def knows(self, iccid: str) -> bool:
        """Whether this SIM's past has been seeded in this process."""
        return iccid in self._times

    def seed(self, iccid: str, ages_s: Iterable[float], monotonic: float) -> None:
        """Start a SIM from the ages, in seconds, of the hand-overs on disk.

        A time in the future (the clock was wrong, then or now) counts as just now: never looser, and over within
        a day of running.
        """
        self._times[iccid] = sorted(monotonic - max(age, 0.0) for age in ages_s)

    def note(self, iccid: str, monotonic: float) -> None:
        """Count one hand-over, whatever comes of it."""
        times = self._times.setdefault(iccid, [])
        times.append(monotonic)
        while times and times[0] < monotonic - DAY_S:
            del times[0]

    def wait_s(self, iccid: str, monotonic: float) -> float:
        """Return how long this SIM must wait before the next hand-over; 0.0 when it may now."""
        times, budget = self._times.get(iccid, []), self._own.get(iccid, self._budget)
        limits = ((1, budget.gap_s), (budget.per_hour, HOUR_S), (budget.per_day, DAY_S))
        free = (times[-count] + window for count, window in limits if len(times) >= count)
        return max(0.0, max(free, default=0.0) - monotonic) if times else 0.0

    def left(self, iccid: str, monotonic: float) -> tuple[int, int]:
        """Return how many texts this SIM may still send in the hour and in the day that end now."""
        times, budget = self._times.get(iccid, []), self._own.get(iccid, self._budget)
        hour, day = (sum(time > monotonic - span for time in times) for span in (HOUR_S, DAY_S))
        return max(0, budget.per_hour - hour), max(0, budget.per_day - day)
