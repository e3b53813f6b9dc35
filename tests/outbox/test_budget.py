"""The budget of one SIM, against a slow and obvious count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.outbox.budget import DAY_S, HOUR_S, Budget, Pace

BUDGET = Budget(gap_s=3.0, per_hour=5, per_day=12)


def allowed(times, now):
    """The rule, as a person would count it."""
    return (
        all(now - t >= 3.0 for t in times)
        and sum(now - t < HOUR_S for t in times) < 5
        and sum(now - t < DAY_S for t in times) < 12
    )


@given(st.lists(st.floats(0.0, 4_000.0), max_size=60), st.lists(st.floats(-5_000.0, 90_000.0), max_size=15))
def test_never_more_than_a_person_would_count_and_never_later(steps, ages):
    pace, now = Pace(BUDGET), 1_000_000.0
    pace.seed("sim", ages, now)
    times = [now - max(age, 0.0) for age in ages]
    for step in steps:
        now += step
        wait = pace.wait_s("sim", now)
        if wait < 1e-3:
            assert allowed(times, now + 1e-3)
            pace.note("sim", now)
            times.append(now)
        else:
            assert not allowed(times, now)
            assert not allowed(times, now + wait - 1e-3)


def test_each_sim_has_its_own():
    pace = Pace(BUDGET)
    for n in range(5):
        pace.note("one", 1_000.0 + n * 10)
    assert pace.wait_s("one", 1_100.0) > 3_000
    assert pace.wait_s("two", 1_100.0) == 0.0


@pytest.mark.fault(19, 20)
def test_a_past_in_the_future_counts_as_now_and_ends():
    pace = Pace(BUDGET)
    pace.seed("sim", [-100_000.0] * 12, 500.0)
    assert pace.wait_s("sim", 500.0) == DAY_S
    assert pace.wait_s("sim", 500.0 + DAY_S) == 0.0


def test_what_is_older_than_a_day_is_forgotten():
    pace = Pace(BUDGET)
    for n in range(1_000):
        pace.note("sim", n * 1_000.0)
    assert len(pace._times["sim"]) <= DAY_S / 1_000 + 1
