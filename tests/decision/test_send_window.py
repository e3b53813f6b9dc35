"""The window in which a text may leave: whatever the minute, the zones and the mode, no instant of it is forbidden.

The end of the window is the message's ``expires_ms``, which the hand-over itself checks; so this is what holds when
the modem was away, the budget was used up, or the clock was set meanwhile.
"""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.support import LINE, ordinary
from tests.decision.test_hours import CHANGES, ZONES, ms, wall
from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.decision import rules
from textback_pbx.decision.facts import timing
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.policy import Policy, QuietMode
from textback_pbx.decision.rules import Verdict


def window(policy: Policy, zones: tuple[str, ...], now_ms: int, ended_ms: int, office: str) -> tuple[int, int] | None:
    """Return from when until when the text of a call may leave, by the rules; ``None``: it does not."""
    line = replace(LINE, hours=Schedule(zone=office))
    when = timing(policy, line, zones=zones, now_ms=now_ms, ended_ms=ended_ms)
    decision = rules.decide(
        ordinary(
            now_ms=now_ms,
            started_ms=ended_ms - 20_000,
            ended_ms=ended_ms,
            send_ms=when.send_ms,
            waking=when.waking,
            waking_from_ms=when.waking_from_ms,
            allowed_until_ms=when.allowed_until_ms,
            policy=policy,
        )
    )
    return (decision.not_before_ms, decision.expires_ms) if decision.verdict is Verdict.TEXT else None


def allowed(at_ms: int, zones: tuple[str, ...], policy: Policy, ended_ms: int) -> bool:
    """Say it a second time from the wall clocks alone."""
    awake = all(8 <= wall(at_ms, zone).hour < 21 for zone in zones)
    return awake or (policy.quiet_mode is QuietMode.ANSWER_WITHIN and at_ms - ended_ms <= 10 * MINUTE_MS)


def check(policy: Policy, zones: tuple[str, ...], now_ms: int, ended_ms: int, office: str) -> None:
    found = window(policy, zones, now_ms, ended_ms, office)
    if found is None:
        return
    start, end = found
    assert end - start <= policy.max_age_min * MINUTE_MS
    moments = {start, end - 1, *range(start, end, MINUTE_MS)}
    for at in moments if end > start else ():
        assert allowed(at, (*zones, office), policy, ended_ms), (wall(at, zones[0]), wall(at, office))


def edges(zone: str, change: int) -> list[int]:
    """Every minute around a clock change, and around the hours at which texts begin and end on its day."""
    day = wall(change, zone).date().isoformat()
    places = [(change, 30), (ms(f"{day}T08:00", zone), 16), (ms(f"{day}T21:00", zone), 16)]
    return [at + n * MINUTE_MS for at, around in places for n in range(-around, around + 1)]


@pytest.mark.fault(21)
@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("mode", list(QuietMode))
def test_every_minute_around_every_clock_change(zone, change, mode):
    policy = Policy(quiet_mode=mode)
    for at in edges(zone, change):
        check(policy, (zone,), at, at - 1_000, "America/Chicago")


@pytest.mark.fault(19, 20, 21)
@settings(max_examples=80, deadline=None)
@given(
    at=st.integers(ms("2026-01-01T00:00"), ms("2028-01-01T00:00")),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    office=st.sampled_from(ZONES),
    mode=st.sampled_from(QuietMode),
    age=st.integers(0, 16 * MINUTE_MS),
    delay=st.sampled_from([0, 0, 120]),
)
def test_no_instant_of_any_window_is_forbidden(*, at, zones, office, mode, age, delay):
    check(Policy(quiet_mode=mode, delay_s=delay), tuple(zones), at, at - age, office)


def test_a_text_at_one_minute_to_nine_does_not_wait_into_the_night():
    nine = ms("2026-11-16T21:00", "America/Chicago")
    zones, before = ("America/Chicago",), nine - MINUTE_MS
    hold = window(Policy(quiet_mode=QuietMode.HOLD), zones, before, before, "America/Chicago")
    assert hold == (before, nine)
    within = window(Policy(), zones, nine - MINUTE_MS, nine - 2 * MINUTE_MS, "America/Chicago")
    assert within == (nine - MINUTE_MS, nine + 8 * MINUTE_MS)
    late = window(Policy(), zones, nine + 9 * HOUR_MS, nine + 9 * HOUR_MS - 11 * MINUTE_MS, "America/Chicago")
    assert late is not None
    assert datetime.fromtimestamp(late[0] / 1_000, UTC).astimezone(ZoneInfo("America/Chicago")).hour == 8
