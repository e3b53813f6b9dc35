"""The report adds up: against a slow count over a generated year, over weeks with clock changes, in one sentence."""

import os
import random
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replies.support import T0, a_call, a_decision, a_message, a_part
from tests.tasks.support_year import CLOSED, LINES, SlowCount, make_year
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.config import parse
from textback_pbx.decision import hours
from textback_pbx.decision.hours import Schedule, parse_week
from textback_pbx.pipeline.figures import report_of
from textback_pbx.pipeline.office import office_of
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.tasks import report
from textback_pbx.tasks.figures import store
from textback_pbx.tasks.figures.openings import Openings
from textback_pbx.tasks.periods import Period, between, month_before, week_before
from textback_pbx.tasks.report import Counts, Missed, make, percentile, sentence

ZONE = ZoneInfo("America/New_York")
WEEK = Period(T0, T0 + 7 * DAY_MS, "last week")


def wall_minutes(line, start, end):
    del line
    return (end - start) / MINUTE_MS


def counted(calls, **counts):
    return make(calls, WEEK, ZONE, Counts(**counts), is_open=lambda *_: True, business_minutes=wall_minutes)


def missed(number="+15125550100", **changes):
    return Missed(**{"number": number, "line": "main", "ended_ms": T0, "outcome": "busy", **changes})


def test_the_sentence():
    calls = [missed(f"+1512555{n:04d}", replied_ms=T0 + 1 if n < 23 else None, booked=n < 12) for n in range(47)]
    assert sentence(counted(calls)) == "You missed 47 calls last week; 23 replied and 12 booked."
    assert sentence(counted([])) == "You missed no calls last week."
    assert sentence(counted([missed()])) == "You missed 1 call last week; nobody replied and nobody booked."


def test_a_caller_who_was_missed_twice_replied_once():
    made = counted([missed(replied_ms=T0 + 5), missed(ended_ms=T0 + 1, replied_ms=T0 + 5), missed(None)])
    assert (made.missed, made.missed_callers, made.replied) == (3, 1, 1)


def test_rates_of_nothing_are_blank():
    made = counted([])
    assert made.send_rate_of_missed is None
    assert made.first_answer_median_min is None
    assert made.latency_within == {}


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (90, 4.0), (100, 4.0), (1, 1.0)])
def test_percentiles_are_nearest_rank(percent, expected):
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == expected


def test_every_number_has_a_definition():
    names = set(report.Report.__dataclass_fields__) - {"period"}
    assert names == set(report.DEFINITIONS)
    shown = [name for names in report.SECTIONS.values() for name in names]
    assert sorted(shown) == sorted(report.DEFINITIONS)


def test_weeks_run_from_monday_midnight_through_clock_changes():
    wall = ZoneInfo("America/New_York")
    for now in (1_793_000_000_000, 1_794_000_000_000, 1_773_000_000_000):
        period = week_before(now, wall)
        assert period.until_ms <= now < period.until_ms + 8 * DAY_MS
        assert (period.until_ms - period.from_ms - 7 * DAY_MS) in (0, HOUR_MS, -HOUR_MS)
        assert month_before(now, wall).until_ms <= now
    autumn = between("2026-11-01", "2026-11-01", wall)
    assert autumn.until_ms - autumn.from_ms == 25 * HOUR_MS
    with pytest.raises(ValueError, match="before"):
        between("2026-11-02", "2026-11-01", wall)


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS = "\n".join(f'{day} = ["08:00-12:00", "13:00-17:00"]' for day in DAYS[:5])
ALWAYS = "\n".join(f'{day} = ["00:00-24:00"]' for day in DAYS)
CONFIG = f"""
[office]
name = "Lakeside Plumbing"
timezone = "America/New_York"
[hours]
{WEEKDAYS}
public_holidays = false
closed_on = ["{CLOSED}"]
[[lines]]
name = "second"
dialled = ["5002"]
[lines.hours]
{ALWAYS}
public_holidays = false
"""
TABLES = ("calls", "decisions", "messages", "parts", "inbound", "threads", "bookings", "calls_out", "consent", "gaps")


def periods():
    """Every week and month of the year, days with 23 and 25 hours, and stretches of all lengths."""
    for n in range(54):
        yield week_before(round(datetime(2026, 1, 5, 17, tzinfo=UTC).timestamp() * 1000) + n * 7 * DAY_MS, ZONE)
    for month in range(2, 13):
        yield month_before(round(datetime(2026, month, 3, tzinfo=UTC).timestamp() * 1000), ZONE)
    for day in ("2026-03-08", "2026-11-01", CLOSED):
        yield between(day, day, ZONE)
    yield between("2026-01-01", "2026-12-31", ZONE)
    rnd = random.Random(3)
    for _ in range(10):
        first = date(2026, 1, 1) + timedelta(rnd.randrange(360))
        yield between(first.isoformat(), (first + timedelta(rnd.randrange(40))).isoformat(), ZONE)


async def test_every_number_agrees_with_a_slow_count_over_a_year(database):
    seed = int(os.environ.get("TEXTBACK_YEAR_SEED", "1"))
    office = office_of(parse(CONFIG, Path("test.toml")))
    now_ms = round(datetime(2027, 1, 10, tzinfo=UTC).timestamp() * 1000)
    async with database.transaction() as tx:
        await make_year(tx, seed, calls=900)
        rows = {table: [dict(row) for row in await tx.all(f"SELECT * FROM {table}")] for table in TABLES}
    slow = SlowCount(rows, now_ms)
    busy = 0
    async with database.read() as tx:
        for period in periods():
            for line in (None, *LINES):
                made = await report_of(tx, office, period, ZONE, now_ms, line=line)
                expected = slow(period.from_ms, period.until_ms, line)
                ours = {key: value for key, value in asdict(made).items() if key != "period"}
                assert ours == expected, (period, line)
                busy += made.missed
    assert busy > 900


_A_YEAR = st.integers(T0, T0 + 500 * DAY_MS)


@settings(max_examples=60, deadline=None)
@given(
    week=st.sampled_from(["8:00-12:00, 13:00-17:00", "24h", "22:00-02:00", "closed"]),
    days=st.sampled_from(["mon-fri", "mon-sun", "sat"]),
    at=_A_YEAR,
    length=st.integers(0, 10 * DAY_MS),
)
def test_openings_are_the_hours_worked_out(week, days, at, length):
    schedule = Schedule(week=parse_week({days: week}), zone="America/New_York")
    openings = Openings(schedule, T0, T0 + 520 * DAY_MS)
    assert openings.is_open(at) == hours.is_open(schedule, at)
    assert int(openings.minutes(at, at + length)) == hours.business_minutes(schedule, at, at + length)


async def test_the_first_answer_of_a_person_is_timed(database):
    async with database.transaction() as tx:
        number = "+15125550150"
        call = await a_call(tx, caller=number)
        await a_decision(tx, call)
        await a_message(tx, number=number, call_id=call, state="undelivered")
        await store_part(tx, a_part("hi", sender=number, received_ms=T0 + MINUTE_MS))
        await assemble_ready(tx, T0 + MINUTE_MS, default_line="main")
        await a_message(tx, kind="help", number=number, at_ms=T0 + 2 * MINUTE_MS)
        await a_message(tx, kind="staff", number=number, at_ms=T0 + 11 * MINUTE_MS)
        (row,) = await store.missed_calls(tx, WEEK)
        counts = await store.counts(tx, WEEK, T0)
        result = counted([row], delivery_failures=counts.delivery_failures)
    assert (result.first_answer_median_min, result.recovered, result.delivery_failures) == (10.0, 1, 1)
    assert row.replied_ms == T0 + MINUTE_MS
