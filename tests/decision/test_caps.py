"""Caps over floods, restarts and clock jumps: whatever order, no window of real time holds more than its limit."""

import asyncio
import random
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.support import LINE, MONDAY_10, POLICY, add_call, add_message
from tests.decision.test_store import consented
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Trust, judge
from textback_pbx.database import Database
from textback_pbx.decision import store
from textback_pbx.decision.plan import plan

LIMITS = replace(POLICY, per_number_day=2, per_prefix_hour=3, per_hour=4, per_day=6, once_per_h=1)
CALLERS = [f"+1512555{n:04}" for n in (101, 102, 103, 104, 105)] + ["+12125550142", "+13125550142", "+14155550142"]


@dataclass
class World:
    """Real time, the wall clock beside it, and what was sent when in real time."""

    database: Database
    real_ms: int = MONDAY_10
    wall_ms: int = MONDAY_10
    drift_ms: int = 0
    last_seen_ms: int = 0
    sent: list[tuple[int, str]] = field(default_factory=list)

    def pass_time(self, ms: int) -> None:
        self.real_ms += ms
        self.wall_ms += ms

    def jump(self, ms: int) -> None:
        self.wall_ms += ms
        self.drift_ms += ms

    def mend(self) -> None:
        """NTP sets the clock right and the agent trusts it again."""
        self.wall_ms, self.drift_ms = self.real_ms, 0

    async def call(self, caller: str) -> None:
        trusted = judge(self.wall_ms, self.last_seen_ms, self.drift_ms) is Trust.TRUSTED
        async with self.database.transaction() as tx:
            call_id = await add_call(tx, caller=caller, ended_ms=self.wall_ms - SECOND_MS)
            facts = await store.gather(
                tx, call_id, policy=LIMITS, line=LINE, now_ms=self.wall_ms, clock_trusted=trusted
            )
            made = plan(facts, LINE)
            await store.save(tx, call_id, made.decision, facts)
            if made.message is not None:
                await add_message(tx, call_id=call_id, number=caller, created_ms=self.wall_ms)
                self.sent.append((self.real_ms, caller))
        if trusted:
            self.last_seen_ms = max(self.last_seen_ms, self.wall_ms)

    async def restart(self, path: Path) -> None:
        await self.database.close()
        self.database = await Database.open(path)

    def check(self) -> None:
        for at, caller in self.sent:
            day = [one for one in self.sent if at - DAY_MS < one[0] <= at]
            hour = [one for one in self.sent if at - HOUR_MS < one[0] <= at]
            assert len(day) <= LIMITS.per_day
            assert len(hour) <= LIMITS.per_hour
            assert sum(one[1] == caller for one in day) <= LIMITS.per_number_day
            assert sum(one[1][:-4] == caller[:-4] for one in hour) <= LIMITS.per_prefix_hour


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.sampled_from(CALLERS)),
        st.tuples(st.just("call"), st.sampled_from(CALLERS)),
        st.tuples(st.just("pass"), st.sampled_from([SECOND_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 61 * MINUTE_MS])),
        st.tuples(st.just("jump"), st.sampled_from([-DAY_MS, -HOUR_MS, MINUTE_MS, HOUR_MS, 3 * DAY_MS])),
        st.tuples(st.just("mend"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=40,
)


async def live(steps) -> World:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "caps.sqlite"
        world = World(await Database.open(path))
        async with world.database.transaction() as tx:
            for caller in CALLERS:
                await consented(tx, caller)
        for step, value in steps:
            if step == "call":
                await world.call(value)
            elif step == "pass":
                world.pass_time(value)
            elif step == "jump":
                world.jump(value)
            elif step == "mend":
                world.mend()
            else:
                await world.restart(path)
        await world.database.close()
    world.check()
    return world


@pytest.mark.fault(19, 20, 39)
@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_no_window_holds_more_than_its_limit(steps):
    asyncio.run(live(steps))


@pytest.mark.fault(39)
def test_a_long_flood_sends_what_the_limits_allow_and_not_one_more():
    chance = random.Random(7)
    steps = []
    for _ in range(160):
        steps += [("call", chance.choice(CALLERS)), ("pass", 4 * MINUTE_MS)]
    world = asyncio.run(live(steps))
    assert 4 <= len(world.sent) <= LIMITS.per_day
