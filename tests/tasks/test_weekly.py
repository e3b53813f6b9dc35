"""The weekly mail: each week once, on the office's clock, whatever is switched off in between."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.tasks.periods import week_of
from textback_pbx.tasks.report import DEFINITIONS, Report
from textback_pbx.tasks.weekly import WeeklySettings, due_ms, mail, monday_of

ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"]
MONDAY = date(2026, 11, 16)


@given(
    zone=st.sampled_from(ZONES),
    weeks=st.integers(0, 300),
    weekday=st.integers(0, 6),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_it_is_due_after_the_week_on_its_day_and_time(zone, weeks, weekday, minute):
    zone = ZoneInfo(zone)
    monday = MONDAY + timedelta(7 * weeks)
    settings = WeeklySettings(("sam",), weekday, minute)
    due = due_ms(monday, settings, zone)
    assert due >= week_of(monday, zone, "").until_ms
    following = due_ms(monday + timedelta(7), settings, zone)
    assert abs(following - due - 7 * DAY_MS) <= HOUR_MS
    wall = datetime.fromtimestamp(due / 1000, zone)
    assert wall.weekday() == weekday
    assert (wall.hour * 60 + wall.minute - minute) in (0, 30, 60)


def test_a_week_begins_on_the_offices_monday():
    sunday_evening = round(datetime(2026, 11, 16, 3, tzinfo=UTC).timestamp() * 1000)
    assert monday_of(sunday_evening, ZoneInfo("America/New_York")) == date(2026, 11, 9)
    assert monday_of(sunday_evening, ZoneInfo("Europe/London")) == date(2026, 11, 16)


def test_the_mail_has_the_sentence_every_number_and_its_definition():
    zone = ZoneInfo("UTC")
    now = Report(week_of(MONDAY, zone, "last week"), missed=47, replied=23, booked=12, send_rate_of_missed=0.5)
    made = mail(now, Report(week_of(MONDAY, zone, "x"), missed=51), MONDAY)
    assert made.subject == "You missed 47 calls last week; 23 replied and 12 booked."
    assert "Monday 2026-11-16 to Sunday 2026-11-22" in made.body
    assert "missed: 47 (51)\n" in made.body
    assert "send rate of missed: 50 % (-)\n" in made.body
    shown = [name for name, words in DEFINITIONS.items() if f"    {words}\n" in made.body]
    assert {"missed", "booked", "opt_outs", "gaps", "delivery_failures"} <= set(shown)


@pytest.mark.parametrize("value", ["", "-"])
def test_what_is_nothing_in_both_weeks_is_left_out(value):
    zone = ZoneInfo("UTC")
    empty = Report(week_of(MONDAY, zone, "last week"))
    assert f"by reason: {value}" not in mail(empty, empty, MONDAY).body
