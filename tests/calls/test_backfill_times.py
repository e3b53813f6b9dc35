"""Call records have no time zone: it is found from the Uniqueids, from the file's time, or told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.cdr import CHICAGO, KINDS, row, written
from textback_pbx.calls.backfill_rows import row_of, times_of

ZONES = ("America/Chicago", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


def at(moment_s: int, zone: ZoneInfo | None, *, uniqueid: bool = True, late: int = 0):
    """A row of a call whose channel was made at `moment_s`, written in `zone` (None: UTC), `late` s into the call."""
    wall = datetime.fromtimestamp(moment_s + late, zone or UTC).strftime("%Y-%m-%d %H:%M:%S")
    return row_of(row(calldate=wall, uniqueid=f"{moment_s}.7" if uniqueid else ""))


@pytest.mark.parametrize("zone", ZONES)
@given(moment_s=st.integers(1_767_225_600, 1_830_297_600), late=st.integers(0, 100))
def test_a_uniqueid_shows_the_zone_at_any_moment_of_the_year(zone, moment_s, late):
    """Both daylight saving changes of each zone are inside: 2026 and 2027 whole."""
    here = ZoneInfo(zone)
    for written_in in (here, None):
        one = at(moment_s, written_in, late=late)
        times = times_of([one], here)
        assert times.sure
        start_ms, sure = times.start_ms(one)
        assert (start_ms, sure) == ((moment_s + late) * 1_000, True)


def test_the_hour_the_clocks_repeat():
    """Chicago, 1 November 2026: 01:30 comes twice."""
    first = int(datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp())
    second = first + 3600
    rows = [at(first, CHICAGO), at(second, CHICAGO)]
    assert rows[0].wall_s == rows[1].wall_s
    times = times_of(rows, CHICAGO)
    assert [times.start_ms(one)[0] for one in rows] == [first * 1_000, second * 1_000]


def test_in_that_hour_without_a_uniqueid_the_order_of_the_rows_decides_and_it_is_not_certain():
    first = int(datetime(2026, 11, 1, 6, 50, tzinfo=UTC).timestamp())
    second = first + 1800  # 01:20 again, after 01:50
    rows = [at(first, CHICAGO, uniqueid=False), at(second, CHICAGO, uniqueid=False)]
    times = times_of(rows, CHICAGO, "local")
    assert times.start_ms(rows[0]) == (first * 1_000, False)
    assert times.start_ms(rows[1], after_s=first + 20) == (second * 1_000, False)


def test_without_a_uniqueid_the_files_time_tells():
    now_s = int(datetime(2026, 7, 1, 15, 0, tzinfo=UTC).timestamp())
    for zone, offset in ((CHICAGO, None), (None, 0)):
        one = at(now_s - 20, zone, uniqueid=False)
        times = times_of([one], CHICAGO, written_s=now_s)
        assert (times.offset_s, times.sure) == (offset, True)
        assert times.start_ms(one) == ((now_s - 20) * 1_000, True)
    assert not times_of([at(now_s, None, uniqueid=False)], CHICAGO).sure


def test_a_pbx_in_another_zone_is_read_by_its_offset_and_said():
    now_s = int(datetime(2026, 7, 1, 15, 0, tzinfo=UTC).timestamp())
    one = at(now_s, ZoneInfo("Asia/Kolkata"))
    times = times_of([one], CHICAGO)
    assert times.start_ms(one) == (now_s * 1_000, True)
    assert "UTC+05:30, not in America/Chicago" in times.note


def test_what_the_admin_says_is_believed():
    one = at(1_795_218_289, None, uniqueid=False)
    assert times_of([one], CHICAGO, "utc").start_ms(one) == (1_795_218_289_000, True)
    assert times_of([one], CHICAGO, "local").start_ms(one)[0] == (1_795_218_289 + 6 * 3600) * 1_000


def test_seconds_since_the_epoch_need_no_zone():
    one = row_of(row(calldate="1795218289.123456", uniqueid=""))
    assert times_of([one], CHICAGO).start_ms(one) == (1_795_218_289_000, True)


@pytest.mark.parametrize("kind", KINDS)
def test_real_rows_in_either_zone_give_the_same_moments(kind):
    """The bench writes UTC (the machine's zone); the same rows moved to Chicago are read the same."""
    for one in written(kind):
        rows = [row_of(columns) for columns in one.rows]
        moved = [row_of({**columns, "calldate": _six_hours_before(columns["calldate"])}) for columns in one.rows]
        utc, local = times_of(rows, CHICAGO), times_of(moved, CHICAGO)
        assert (utc.offset_s, local.offset_s) == (0, None)
        assert [utc.start_ms(r) for r in rows] == [local.start_ms(r) for r in moved]


def _six_hours_before(wall: str) -> str:
    return str(datetime.fromisoformat(wall) - timedelta(hours=6))
