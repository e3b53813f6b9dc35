"""The opening time of one line over a period, worked out once and then asked thousands of times; pure.

The rules of opening hours are :mod:`textback_pbx.decision.hours`'; here are only their stretches, in order, with the
minutes before each, so that a question is one search.
"""

from bisect import bisect_right
from itertools import accumulate

from textback_pbx.clock import DAY_MS, MINUTE_MS
from textback_pbx.decision import hours
from textback_pbx.decision.hours import Schedule

#: Shorter than the horizon within which the hours look for a change: a line that never closes has none.
_PIECE_MS = 200 * DAY_MS


class Openings:
    """One line's open stretches between two instants (ms UTC)."""

    def __init__(self, schedule: Schedule, from_ms: int, until_ms: int) -> None:
        spans = [
            span
            for start in range(from_ms, until_ms, _PIECE_MS)
            for span in _spans(schedule, start, min(start + _PIECE_MS, until_ms))
        ]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._before = [0, *accumulate(end - start for start, end in spans)]

    def is_open(self, at_ms: int) -> bool:
        """Whether the line is open at this instant."""
        n = bisect_right(self._starts, at_ms)
        return n > 0 and at_ms < self._ends[n - 1]

    def minutes(self, from_ms: int, until_ms: int) -> float:
        """Return the minutes of opening time between two instants."""
        return max(0, self._open_ms(until_ms) - self._open_ms(from_ms)) / MINUTE_MS

    def _open_ms(self, at_ms: int) -> int:
        n = bisect_right(self._starts, at_ms)
        return self._before[n] - max(0, self._ends[n - 1] - at_ms) if n else 0


def _spans(schedule: Schedule, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in hours.spans(schedule, from_ms):
        if start >= until_ms:
            return spans
        spans.append((start, min(end, until_ms)))
        if end >= until_ms:
            return spans
    # Nothing changes any more within the horizon: open from some moment on, or closed for good.
    last = hours.next_open([schedule], spans[-1][1] if spans else from_ms)
    return spans if last is None or last >= until_ms else [*spans, (last, until_ms)]
