"""The report of a period, joined: the rows, the opening hours of each line, and the counting."""

from collections.abc import Callable
from datetime import tzinfo
from functools import cache

from textback_pbx.database import Tx
from textback_pbx.pipeline.office import Office
from textback_pbx.tasks.figures import store
from textback_pbx.tasks.figures.openings import Openings
from textback_pbx.tasks.periods import Period
from textback_pbx.tasks.report import REPLY_WITHIN_MS, Report, make


async def report_of(
    tx: Tx, office: Office, period: Period, zone: tzinfo, now_ms: int, *, line: str | None = None
) -> Report:
    """Count one period; ``zone`` is the office's, whose hours and weekdays the report shows."""
    openings = _openings(office, period)
    return make(
        await store.missed_calls(tx, period, line),
        period,
        zone,
        await store.counts(tx, period, now_ms, line),
        is_open=lambda name, at_ms: openings(name).is_open(at_ms),
        business_minutes=lambda name, start, end: openings(name).minutes(start, end),
    )


def _openings(office: Office, period: Period) -> Callable[[str], Openings]:
    """Return each line's opening time, worked out when the first call of that line is met.

    A call at the period's end may be answered until a week after a reply that came a week after it.
    """

    @cache
    def of(line: str) -> Openings:
        return Openings(office.line(line).hours, period.from_ms, period.until_ms + 2 * REPLY_WITHIN_MS + 1)

    return of
