"""The clock's verdict, and the manual clock the other tests stand on."""

import asyncio

import pytest

from textback_pbx.clock import HOUR_MS, MINUTE_MS, RELEASED_MS, SystemClock, Trust, judge

NOW = RELEASED_MS + 100 * HOUR_MS


@pytest.mark.fault(19, 20)
@pytest.mark.parametrize(
    ("now", "last_seen", "drift", "trust"),
    [
        (NOW, 0, 0, Trust.TRUSTED),
        (NOW, NOW - HOUR_MS, 0, Trust.TRUSTED),
        (NOW, NOW + MINUTE_MS, 0, Trust.TRUSTED),
        (0, 0, 0, Trust.IN_THE_PAST),
        (RELEASED_MS - 1, 0, 0, Trust.IN_THE_PAST),
        (NOW, NOW + 3 * MINUTE_MS, 0, Trust.IN_THE_PAST),
        (NOW, 0, 3 * MINUTE_MS, Trust.JUMPED),
        (NOW, 0, -3 * MINUTE_MS, Trust.JUMPED),
    ],
)
def test_the_verdict(now, last_seen, drift, trust):
    assert judge(now, last_seen, drift) is trust


async def test_the_manual_clock_wakes_sleepers_in_their_order(clock):
    woken = []

    async def sleeper(name, seconds):
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 5), ("early", 1), ("never early", 9)):
            group.create_task(sleeper(name, seconds))
        await asyncio.sleep(0)
        start = clock.monotonic()
        await clock.advance(6)
        assert woken == [("early", start + 1), ("late", start + 5)]
        await clock.advance(3)
    assert [name for name, _ in woken] == ["early", "late", "never early"]


async def test_wall_time_moves_alone(clock):
    before = clock.monotonic()
    clock.set_wall(NOW)
    assert (clock.now_ms(), clock.monotonic()) == (NOW, before)


def test_the_system_clock_is_the_machines():
    import time

    assert abs(SystemClock().now_ms() - time.time() * 1000) < 1000
