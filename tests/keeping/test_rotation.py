"""Which backups stay."""

from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.keeping.rotation import Keep, to_drop

DAY = 86_400_000
T0 = 1_793_000_000_000


def test_a_year_of_daily_backups_leaves_seven_days_four_weeks_six_months():
    stamps = [T0 + n * DAY for n in range(365)]
    kept = sorted(set(stamps) - to_drop(stamps, Keep()), reverse=True)
    assert kept[:7] == stamps[:-8:-1]
    assert len(kept) <= 7 + 4 + 6
    assert stamps[-1] - kept[-1] > 140 * DAY


def test_rotating_every_day_keeps_what_rotating_once_would():
    kept: list[int] = []
    for n in range(400):
        kept = sorted({*kept, T0 + n * DAY} - to_drop([*kept, T0 + n * DAY], Keep()))
    assert 13 <= len(kept) <= 17
    assert kept[-1] - kept[0] > 140 * DAY


@settings(max_examples=200)
@given(st.lists(st.integers(0, 4_000 * DAY), max_size=60), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_the_newest_stays_whatever_is_set_and_each_kind_is_bounded(made, days, weeks, months):
    dropped = to_drop(made, Keep(days, weeks, months))
    kept = set(made) - dropped
    assert not made or max(made) in kept
    assert len(kept) <= max(1, days + weeks + months)
    assert to_drop(kept, Keep(days, weeks, months)) == set()
