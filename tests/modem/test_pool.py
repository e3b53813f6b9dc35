"""Several modems on real ptys: who serves which line, who stands in, and that nothing handed over moves."""

import asyncio
import contextlib
import time

import pytest

from textback_pbx.clock import SystemClock
from textback_pbx.modem.items import HealthChanged, Stored
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.pdu import decode
from textback_pbx.modem.pool import Member, Pool, PoolSettings
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.attempt import Accepted, NotHandedOver, OutPart
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import SimulatedModem

PART = OutPart(1, 1, "+15125550142", "hello", "gsm7", 1, 1, None, 60)
NUMBERS = {"a": "+15125550101", "b": "+15125550102"}


async def until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.005)


async def nothing() -> None:
    """A permission given at once."""


class Two:
    """Modems a (line main) and b (line sales) in a pool."""

    def __init__(self, pool, sims, waits):
        self.pool, self.sims, self.waits, self.items = pool, sims, waits, []
        lines = {(line.name, line.standing_in): line for line in pool.lines()}
        self.a, self.b = lines["a", False], lines["b", False]
        self.b_for_main = lines["b", True]
        self.lines = lines

    async def pump(self):
        async for item in self.pool.stream():
            self.items.append(item)
            await self.pool.delete(item)


@contextlib.asynccontextmanager
async def two(tmp_path, *, b_stands_in=True):
    waits: dict[str, float] = {}
    async with contextlib.AsyncExitStack() as stack:
        sims = {
            name: await stack.enter_async_context(SimulatedModem(PtyPort(tmp_path / name), sim=SimCard(number)))
            for name, number in NUMBERS.items()
        }
        clock = SystemClock()
        modems = {name: Modem(ModemSettings(str(tmp_path / name), name=name), clock) for name in sims}
        members = [
            Member(modems["a"], frozenset({"main"}), stands_in=False),
            Member(modems["b"], frozenset({"sales"}), stands_in=b_stands_in),
        ]
        pool = Pool(
            members,
            clock,
            wait_s=lambda iccid: waits.get(iccid, 0.0),
            settings=PoolSettings(failover_s=0.3, spill_s=120),
        )
        if not b_stands_in:
            yield pool
            return
        one = Two(pool, sims, waits)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(pool.run()), group.create_task(one.pump())]
            await until(lambda: one.a.trouble() is None and one.b.trouble() is None)
            try:
                yield one
            finally:
                for task in tasks:
                    task.cancel()


async def test_each_serves_its_lines_and_the_other_stands_by(tmp_path):
    async with two(tmp_path) as one:
        assert one.a.lines == one.b_for_main.lines == frozenset({"main"})
        assert one.b.lines == frozenset({"sales"})
        assert ("a", True) not in one.lines  # it does not stand in
        assert one.b_for_main.trouble() == "stands by for a"
        assert await one.a.submit(PART, nothing) == Accepted(1)
        assert len(one.sims["a"].smsc.submits) == 1
        assert one.sims["b"].smsc.submits == []
        assert one.a.iccid != one.b.iccid == one.b_for_main.iccid


@pytest.mark.fault(29)
async def test_a_failed_modem_is_stood_in_for_after_a_while_and_gets_its_line_back(tmp_path):
    async with two(tmp_path) as one:
        one.sims["a"].unplug()
        await until(lambda: one.a.trouble() is not None)
        assert one.b_for_main.trouble() == "stands by for a"
        assert isinstance(await one.a.submit(PART, nothing), NotHandedOver)
        await until(lambda: one.b_for_main.trouble() is None)
        assert await one.b_for_main.submit(PART, nothing) == Accepted(1)
        assert len(one.sims["b"].smsc.submits) == 1
        one.sims["a"].plug()
        await until(lambda: one.a.trouble() is None)
        assert one.b_for_main.trouble() == "stands by for a"
        assert any(isinstance(item, HealthChanged) and item.modem == "a" for item in one.items)


async def test_a_spent_budget_calls_for_help(tmp_path):
    async with two(tmp_path) as one:
        one.waits[one.a.iccid] = 119.0
        assert one.b_for_main.trouble() == "stands by for a"
        one.waits[one.a.iccid] = 121.0
        assert one.b_for_main.trouble() is None


async def test_texts_of_both_come_on_one_stream_and_are_deleted_from_their_own(tmp_path):
    async with two(tmp_path) as one:
        for name, sim in one.sims.items():
            sim.smsc.inbound("+15125550142", NUMBERS[name], f"to {name}")
        await until(lambda: sum(isinstance(item, Stored) for item in one.items) == 2)
        got = {(item.modem, decode(item.pdu).text) for item in one.items if isinstance(item, Stored)}
        assert got == {("a", "to a"), ("b", "to b")}
        await until(lambda: not any(store.slots for sim in one.sims.values() for store in sim.stores.values()))


async def test_nobody_stands_in_where_it_is_not_wanted(tmp_path):
    async with two(tmp_path, b_stands_in=False) as pool:
        assert [line.standing_in for line in pool.lines()] == [False, False]
        assert len(pool.health) == 2


def test_modems_for_everything_share_the_work_and_names_are_unique():
    clock = SystemClock()
    members = [Member(Modem(ModemSettings("x", name=name), clock)) for name in "ab"]
    assert [line.standing_in for line in Pool(members, clock, wait_s=lambda _: 0.0).lines()] == [False, False]
    with pytest.raises(ValueError, match="two modems have one name"):
        Pool([members[0], members[0]], clock, wait_s=lambda _: 0.0)
