"""Hours against a second judge that walks the wall clock minute by minute; every minute around every clock change."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.support import LINE, POLICY
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.decision import hours, regions
from textback_pbx.decision.facts import timing
from textback_pbx.decision.hours import HoursProblem, Schedule

ZONES = ("America/Chicago", "Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca")


def ms(text: str, zone: str = "UTC", fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


def wall(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))


def clock_changes(zone: str, year: int = 2027) -> list[int]:
    """Find the changes of a zone's offset by walking the year hour by hour."""
    start = ms(f"{year}-01-01T00:00")
    offsets = [wall(start + n * HOUR_MS, zone).utcoffset() for n in range(366 * 24)]
    return [start + n * HOUR_MS for n in range(1, len(offsets)) if offsets[n] != offsets[n - 1]]


def slow_open(schedule: Schedule, at_ms: int) -> bool:
    """Judge by the text of the wall clock alone."""
    now = wall(at_ms, schedule.zone)
    minute = now.hour * 60 + now.minute
    return any(a <= minute < b for a, b in schedule.week[now.weekday()])


CHANGES = [(zone, change) for zone in ZONES for change in clock_changes(zone)]
#: Intervals whose ends fall into gaps and folds.
NIGHT = hours.parse_week({"mon-sun": "0:10-1:15, 1:45-2:20, 2:40-3:10, 8:00-21:00"})


def test_the_five_zones_change_their_clocks():
    assert len(CHANGES) >= 10
    assert {zone for zone, _ in CHANGES} == set(ZONES)


@pytest.mark.fault(21)
@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_every_minute_around_a_clock_change(zone, change):
    schedule = Schedule(week=NIGHT, zone=zone)
    first, last = change - 5 * HOUR_MS, change + 5 * HOUR_MS
    minutes = range(first, last, MINUTE_MS)
    slow = {at: slow_open(schedule, at) for at in minutes}
    upcoming = None
    for at in reversed(minutes):
        assert hours.is_open(schedule, at) == slow[at]
        upcoming = at if slow[at] else upcoming
        if upcoming is not None and at % (7 * MINUTE_MS) == 0:
            assert hours.next_open([schedule], at) == upcoming, (wall(at, zone), wall(upcoming, zone))
    total = sum(slow.values())
    assert hours.business_minutes(schedule, first, last) == total
    if total:
        deadline = hours.business_deadline(schedule, first, total)
        assert deadline is not None
        assert hours.business_minutes(schedule, first, deadline) == total
        assert hours.business_minutes(schedule, first, deadline - MINUTE_MS) == total - 1


@pytest.mark.fault(21)
@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_a_text_waits_for_all_zones_around_a_clock_change(zone, change):
    theirs = ("America/New_York", zone)
    for at in range(change - 26 * HOUR_MS, change + 26 * HOUR_MS, 53 * MINUTE_MS):
        when = timing(POLICY, LINE, zones=theirs, now_ms=at, ended_ms=at)
        fine = [8 <= wall(at, name).hour < 21 for name in (*theirs, LINE.hours.zone)]
        assert when.waking == all(fine)
        if when.waking_from_ms is not None:
            assert all(8 <= wall(when.waking_from_ms, name).hour < 21 for name in (*theirs, LINE.hours.zone))


def test_a_number_of_many_zones_must_be_fine_in_each():
    zones = ("Europe/Moscow", "Asia/Kamchatka")  # nine hours apart: 8-21 overlap for four hours a day
    noon_in_moscow = ms("2026-11-16T12:00", "Europe/Moscow")
    line = Schedule(zone="Europe/Moscow")
    quiet = [Schedule(week=hours.WAKING_WEEK, zone=zone) for zone in zones]
    assert not hours.all_open(quiet, noon_in_moscow)
    upcoming = hours.next_open(quiet, noon_in_moscow)
    assert upcoming == ms("2026-11-17T08:00", "Europe/Moscow")
    del line


def test_both_folds_and_the_gap():
    week = hours.parse_week({"sun": "1:30-1:45, 2:30-2:45"})
    schedule = Schedule(week=week, zone="America/Chicago")
    folds = [ms("2026-11-01T01:30", "America/Chicago", fold) for fold in (0, 1)]
    assert folds[1] - folds[0] == HOUR_MS
    opened = [start for start, _ in islice(hours.spans(schedule, ms("2026-11-01T00:00", "America/Chicago")), 3)]
    assert opened[:2] == folds
    # 2:30 does not exist on 2027-03-14: the stretch is missing, not moved.
    spring = list(islice(hours.spans(schedule, ms("2027-03-14T00:00", "America/Chicago")), 2))
    assert wall(spring[0][0], "America/Chicago").strftime("%d %H:%M") == "14 01:30"
    assert wall(spring[1][0], "America/Chicago").strftime("%d %H:%M") == "21 01:30"


def test_holidays_special_days_and_deadlines():
    office = Schedule(zone="America/Chicago", country="US", subdivision="TX", special=(("2026-12-24", ((480, 720),)),))
    assert hours.holiday(office, date(2026, 11, 26)) == "Thanksgiving Day"
    assert not hours.is_open(office, ms("2026-11-26T10:00", "America/Chicago"))
    assert hours.intervals_on(office, date(2026, 12, 24)) == ((480, 720),)
    wednesday = ms("2026-11-25T16:30", "America/Chicago")
    deadline = hours.business_deadline(Schedule(zone="America/Chicago", country="US"), wednesday, 60)
    assert deadline == ms("2026-11-27T08:30", "America/Chicago")
    assert hours.holiday_problem("US", "TX") == ""
    assert "no calendar" in hours.holiday_problem("XX")


def test_an_office_that_never_opens_and_one_that_never_closes():
    never = Schedule(week=((),) * 7)
    assert hours.next_open([never], 0) is None
    assert hours.business_deadline(never, 0, 10) is None
    assert hours.business_minutes(never, 0, DAY_MS) == 0
    always = Schedule(week=hours.parse_week({"mon-sun": "24h"}))
    assert hours.next_open([always], 0) == 0
    assert hours.business_deadline(always, 0, 3000) == 3000 * MINUTE_MS
    assert hours.business_minutes(always, 0, 3 * DAY_MS) == 3 * 1440


@pytest.mark.parametrize(
    ("text", "today", "spill"),
    [("8:00-12:00, 13:00-17:30", ((480, 720), (780, 1050)), ()), ("closed", (), ()), ("24h", ((0, 1440),), ()),
     ("22:00-2:00", ((1320, 1440),), ((0, 120),)), ("22:00-24:00", ((1320, 1440),), ()),
     ("8:00-12:00,11:00-13:00", ((480, 780),), ())],
)  # fmt: skip
def test_a_day_is_read(text, today, spill):
    assert hours.parse_day(text) == (today, spill)


@pytest.mark.parametrize(
    "text", ["8-17", "8:00", "8:00-8:00", "25:00-26:00", "8:60-9:00", "nine to five", "24:00-1:00"]
)
def test_what_cannot_be_read_is_refused_with_words(text):
    with pytest.raises(HoursProblem):
        hours.parse_day(text)
    with pytest.raises(HoursProblem, match="no day"):
        hours.parse_week({"someday": "8:00-9:00"})


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    at=st.integers(ms("2026-01-01T00:00"), ms("2029-01-01T00:00")),
    minutes=st.integers(1, 4000),
    texts=st.lists(
        st.sampled_from(["", "8:00-17:00", "22:00-6:00", "0:00-0:45, 23:30-24:00", "24h"]), min_size=7, max_size=7
    ),
)
def test_a_deadline_lies_open_minutes_ahead(zone, at, minutes, texts):
    schedule = Schedule(week=hours.parse_week(dict(zip(hours.DAY_NAMES, texts, strict=True))), zone=zone)
    deadline = hours.business_deadline(schedule, at, minutes)
    if deadline is None:
        assert texts == [""] * 7
        return
    assert hours.business_minutes(schedule, at, deadline) == minutes
    assert hours.is_open(schedule, deadline - 1)


def test_regional_tables_are_dated_named_and_stricter():
    dated, tables = regions.tables()
    assert date.fromisoformat(dated) <= datetime.now(UTC).date() + timedelta(days=400)
    assert all(table.source and table.prefixes for table in tables)
    texas = regions.table_for("+15125550142", "US")
    assert texas is not None
    assert texas.name == "Texas"
    federal = regions.table_for("+12125550142", "US")
    assert federal is not None
    assert federal.name.startswith("US federal")
    assert regions.table_for("+447700900123", "GB") is None
    canada = regions.table_for("+14165550142", "CA")
    assert canada is not None
    assert canada.country == "CA"
    half_past_eight = ms("2026-11-16T08:30", "America/Chicago")
    strict = regions.strict_schedules("+15125550142", "US", ("America/Chicago",))
    when = timing(
        POLICY, LINE, zones=("America/Chicago",), now_ms=half_past_eight, ended_ms=half_past_eight, strict=strict
    )
    assert not when.waking
    assert when.waking_from_ms == ms("2026-11-16T09:00", "America/Chicago")
