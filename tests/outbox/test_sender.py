"""The send loop against a line that can be slow, broken or gone, a disk that can be full, and a stop at any time."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager

import pytest

from tests.outbox.support import (
    ANNA,
    BERT,
    CARA,
    FAST,
    ICCID,
    SETTINGS,
    T0,
    Network,
    SimLine,
    a_sender,
    a_text,
    put,
    states,
    stop,
    work_off,
)
from textback_pbx.outbox.attempt import Accepted, LateAccept
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.line import Hold
from textback_pbx.outbox.report_store import accept_late, apply_report
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import Share
from textback_pbx.outbox.store import cancel
from textback_pbx.testing.clock import settle


@pytest.fixture
def network(clock):
    return Network(clock)


class Disk:
    """A database whose commits fail while the disk is full."""

    def __init__(self, database, commits_until_full=None):
        self._database, self.left = database, commits_until_full

    @asynccontextmanager
    async def transaction(self):
        async with self._database.transaction() as tx:
            yield tx
            if self.left is not None:
                if self.left <= 0:
                    raise sqlite3.OperationalError("database or disk is full")
                self.left -= 1


async def until(condition, turns=400):
    for _ in range(turns):
        if condition():
            return
        await settle(2)
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


async def test_a_text_leaves_at_once_when_it_is_put_in(database, clock, network):
    sender = a_sender(database, SimLine(network), clock)
    task = asyncio.ensure_future(sender.run())
    await until(lambda: clock.sleeping == 1)
    await put(database, a_text())
    sender.wake()
    await until(lambda: len(network.air) == 1)
    assert clock.now_ms() == T0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await states(database) == ["accepted"]


async def test_the_parts_of_a_text_go_in_order_and_before_nothing_else_of_it(database, clock, network):
    await put(database, a_text(ANNA, "1", "2", "3"), a_text(BERT, "x"))
    network.answers["2"] = ["41"]
    await work_off(a_sender(database, SimLine(network), clock), clock)
    ours = [one.text for one in network.air if one.number == ANNA]
    assert ours == ["1", "2", "2", "3"]
    assert await states(database) == ["accepted"] * 4


@pytest.mark.fault(8)
async def test_an_unknown_part_holds_the_rest_until_it_is_known(database, clock, network):
    network.answers["1"] = ["silence"]
    network.fates["1"] = None
    await put(database, a_text(ANNA, "1", "2"))
    sender = a_sender(database, SimLine(network), clock)
    await work_off(sender, clock, for_s=600)
    assert await states(database) == ["unknown", "queued"]
    async with database.transaction() as tx:
        await accept_late(tx, LateAccept(1, 77), clock.now_ms(), FAST.reports)
    await work_off(sender, clock, for_s=600)
    assert await states(database) == ["accepted", "accepted"]


async def test_a_refused_part_ends_the_rest_with_its_reason(database, clock, network):
    network.answers["2"] = ["21"]
    await put(database, a_text(ANNA, "1", "2", "3"))
    await work_off(a_sender(database, SimLine(network), clock), clock)
    assert await states(database) == ["accepted", "refused", "cancelled"]
    async with database.read() as tx:
        assert "part 2 of 3 was refused" in await tx.value("SELECT reason FROM parts WHERE seq = 3")


@pytest.mark.fault(36)
async def test_a_barred_sim_rests_the_line_and_every_try_is_counted(database, clock, network):
    network.answers = {text: ["8"] * 9 for text in "abc"}
    await put(database, *(a_text(number, text) for number, text in zip((ANNA, BERT, CARA), "abc", strict=True)))
    sender = a_sender(database, SimLine(network), clock)
    await work_off(sender, clock, for_s=3_400)
    assert all(sum(one.text == text for one in network.air) <= 3 for text in "abc")
    gaps = [(b.at_ms - a.at_ms) / 1000 for a, b in zip(network.air, network.air[1:], strict=False)]
    assert all(gap >= 60 for gap in gaps)
    await work_off(sender, clock, for_s=3_000)
    assert set(await states(database)) <= {"refused", "expired"}


async def test_the_network_silent_again_and_again_does_not_burn_the_whole_queue(database, clock, network):
    await put(database, *(a_text(ANNA, f"t{n}") for n in range(30)))
    network.answers = {f"t{n}": ["lost"] for n in range(30)}
    await work_off(a_sender(database, SimLine(network), clock), clock, for_s=900)
    assert (await states(database)).count("unknown") <= 7


@pytest.mark.fault(15)
async def test_an_answer_that_cannot_be_written_is_kept_and_nothing_else_leaves(database, clock, network):
    await put(database, a_text(ANNA, "first"), a_text(BERT, "second"))
    disk = Disk(database, commits_until_full=2)  # the claim and the hand-over
    said = []
    sender = a_sender(disk, SimLine(network), clock, trouble=said.append)
    await work_off(sender, clock, for_s=120)
    assert [one.text for one in network.air] == ["first"]
    assert sender.unwritten == 1
    assert "disk is full" in said[-1]
    disk.left = None
    await work_off(sender, clock, for_s=120)
    assert sender.unwritten == 0
    assert said[-1] is None
    assert await states(database) == ["accepted", "accepted"]
    assert len(network.air) == 2


@pytest.mark.fault(14)
@pytest.mark.parametrize("commits", [0, 1])
async def test_a_claim_or_a_hand_over_that_cannot_be_written_sends_nothing(database, clock, network, commits):
    await put(database, a_text())
    disk = Disk(database, commits_until_full=commits)
    sender = a_sender(disk, SimLine(network), clock)
    await work_off(sender, clock, for_s=300)
    assert network.air == []
    disk.left = None
    await work_off(sender, clock, for_s=300)
    assert len(network.air) == 1
    assert await states(database) == ["accepted"]


@pytest.mark.fault(13)
@pytest.mark.parametrize("answers", [True, False])
async def test_a_stop_in_mid_send_waits_for_the_answer_or_writes_unknown(database, clock, network, answers):
    await put(database, a_text(ANNA, "first"), a_text(BERT, "second"))
    line = SimLine(network)
    line.gate = asyncio.Event()
    task = asyncio.ensure_future(a_sender(database, line, clock).run())
    await until(lambda: len(network.air) == 1)
    task.cancel()
    await settle()
    assert not task.done()
    if answers:
        line.gate.set()
    else:
        await until(lambda: clock.sleeping > 0)
        await clock.advance(FAST.grace_s + 1)
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert await states(database) == ["accepted" if answers else "unknown", "queued"]


@pytest.mark.fault(13, 48)
@pytest.mark.parametrize("turns", range(0, 60, 2))
async def test_a_stop_at_any_await_leaves_nothing_in_the_air(database, clock, network, turns):
    await put(database, a_text(ANNA, "1", "2"))
    task = asyncio.ensure_future(a_sender(database, SimLine(network), clock).run())
    for _ in range(turns):
        await asyncio.sleep(0.0003)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sent = {one.part_id for one in network.air}
    assert len(sent) == len(network.air)
    for part, state in enumerate(await states(database), start=1):
        assert state == ("accepted" if part in sent else "queued")


async def test_a_stop_while_the_prompt_is_open_gives_the_part_back(database, clock, network):
    await put(database, a_text())
    line, asked = SimLine(network), asyncio.Event()
    go_on = asyncio.Event()

    async def submit(part, hand_over):
        asked.set()
        await go_on.wait()
        return await SimLine.submit(line, part, hand_over)

    line.submit = submit
    task = asyncio.ensure_future(a_sender(database, line, clock).run())
    await asked.wait()
    task.cancel()
    await settle()
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    assert network.air == []
    assert await states(database) == ["queued"]
    async with database.read() as tx:
        assert await tx.value("SELECT tries FROM parts") == 0


@pytest.mark.parametrize("after_hand_over", [True, False])
async def test_a_line_that_raises_has_said_nothing(database, clock, network, after_hand_over):
    await put(database, a_text())
    line = SimLine(network)

    async def submit(part, hand_over):
        if after_hand_over:
            await hand_over()
        raise OSError("the stick is gone")

    line.submit = submit
    await work_off(a_sender(database, line, clock), clock, for_s=20)
    assert await states(database) == ["unknown" if after_hand_over else "queued"]


async def test_a_line_that_asks_twice_gets_one_permission(database, clock, network):
    await put(database, a_text())
    line = SimLine(network)
    refused = []

    async def submit(part, hand_over):
        await hand_over()
        try:
            await hand_over()
        except Exception as error:  # noqa: BLE001 - any refusal will do
            refused.append(error)
        return Accepted(1)

    line.submit = submit
    await work_off(a_sender(database, line, clock), clock, for_s=20)
    assert len(refused) == 1
    async with database.read() as tx:
        assert await tx.value("SELECT tries FROM parts") == 1


@pytest.mark.parametrize("why", ["cancelled", "opted out", "held", "the SIM was changed"])
async def test_the_permission_is_withheld_when_something_happened_since_the_claim(database, clock, network, why):
    await put(database, a_text(kind="auto"))
    line, holds = SimLine(network), []

    async def submit(part, hand_over):
        line.submit = lambda *again: SimLine.submit(line, *again)
        if why == "held":
            holds.append(Hold("the clock has jumped"))
        elif why == "the SIM was changed":
            line.iccid = "8900000000000000000"
        else:
            async with database.transaction() as tx:
                await (cancel(tx, 1, "called back", T0) if why == "cancelled" else stop(tx, ANNA))
        return await SimLine.submit(line, part, hand_over)

    line.submit = submit
    sender = a_sender(database, line, clock, hold=lambda: holds[0] if holds else None)
    await sender._turn()
    assert network.air == []
    assert network.escapes == 1
    await work_off(sender, clock, for_s=100)
    left = {"cancelled": "cancelled", "opted out": "cancelled", "held": "queued", "the SIM was changed": "accepted"}
    assert await states(database) == [left[why]]


@pytest.mark.fault(14, 19)
async def test_a_hold_stops_everything_and_an_untrusted_clock_expires_nothing(database, clock, network):
    await put(database, a_text(expires_ms=T0 + 1_000))
    hold = [Hold("the clock is not trusted", clock=True)]
    said = []
    sender = a_sender(database, SimLine(network), clock, hold=lambda: hold[0], trouble=said.append)
    await work_off(sender, clock, for_s=60)
    assert await states(database) == ["queued"]
    assert said == ["the clock is not trusted"]
    hold[0] = Hold("the modem is being served")
    await work_off(sender, clock, for_s=60)
    assert await states(database) == ["expired"]


async def test_a_line_in_trouble_claims_nothing_and_texts_still_expire_in_time(database, clock, network):
    ended = []

    async def settled(tx, one):
        ended.append((one.state, one.message, clock.now_ms() - T0))

    await put(database, a_text(expires_ms=T0 + 47_000))
    line = SimLine(network)
    line.no = "no network"
    await work_off(a_sender(database, line, clock, settled=settled), clock, for_s=60)
    assert ended == [("expired", "expired", 47_000)]


@pytest.mark.fault(20)
async def test_the_budget_holds_across_restarts_and_jumps_of_the_clock(database, clock, network):
    settings = OutboxSettings(budget=Budget(gap_s=3.0, per_hour=4, per_day=100))
    await put(database, *(a_text(ANNA, f"t{n}", expires_ms=T0 + 10**9) for n in range(9)))
    await work_off(a_sender(database, SimLine(network), clock, settings=settings), clock, for_s=60)
    assert len(network.air) == 4
    clock.set_wall(clock.now_ms() + 5 * 3_600_000)  # forward: nothing loosens in the running process
    sender = a_sender(database, SimLine(network), clock, settings=settings, pace=Pace(settings.budget))
    running = a_sender(database, SimLine(network), clock, settings=settings)
    running._pace.seed(ICCID, [0.0] * 4, clock.monotonic())
    await work_off(running, clock, for_s=30)
    assert len(network.air) == 4
    clock.set_wall(T0 - 3_600_000)  # and a restart with the clock back: not looser either
    await work_off(sender, clock, for_s=600)
    assert len(network.air) == 4
    gaps = [b.at_ms - a.at_ms for a, b in zip(network.air, network.air[1:], strict=False)]
    assert all(gap >= SETTINGS.budget.gap_s * 1_000 for gap in gaps)


async def test_the_answer_to_a_stop_goes_before_the_waiting_crowd(database, clock, network):
    async with database.transaction() as tx:
        await stop(tx, BERT)
    await put(database, *(a_text(ANNA, f"t{n}") for n in range(5)), a_text(BERT, "bye", kind="optout_confirmation"))
    await a_sender(database, SimLine(network), clock)._turn()
    assert [one.text for one in network.air] == ["bye"]


async def test_two_lines_share_the_work_and_keep_a_text_together(database, clock, network):
    await put(database, a_text(ANNA, "1", "2"), a_text(BERT, "x", line="second"), a_text(BERT, "y"))
    pace = Pace(FAST.budget)
    one = a_sender(database, SimLine(network), clock, pace=pace)
    other = a_sender(
        database, SimLine(network, name="m2", iccid="8902"), clock, pace=pace, share=Share(frozenset({"second"}))
    )
    for _ in range(6):
        await other._turn()
    assert [sent.text for sent in network.air] == ["x"]
    await one._turn()
    third = a_sender(database, SimLine(network, name="m3", iccid="8903"), clock, pace=pace)
    await work_off(third, clock, for_s=30)
    assert [sent.text for sent in network.air] == ["x", "1", "y"]  # part 2 waits for the SIM of part 1
    await work_off(one, clock, for_s=30)
    assert [sent.text for sent in network.air][-1] == "2"


@pytest.mark.fault(9, 37)
async def test_reports_early_twice_late_and_foreign(database, clock, network):
    await put(database, a_text(ANNA, "a"))
    line = SimLine(network)

    def early(name):
        if name == "Ctrl-Z":
            network.sim.append("now")

    line.step = early
    line.gate = asyncio.Event()
    sender = a_sender(database, line, clock)
    turn = asyncio.ensure_future(sender._turn())
    await until(lambda: "now" in network.sim)
    report = network.sim[0]
    async with database.transaction() as tx:
        first = await apply_report(tx, report, T0, FAST.reports)
    assert first.part_id is None
    line.gate.set()
    await turn
    assert await states(database) == ["delivered"]
    async with database.transaction() as tx:
        again = await apply_report(tx, report, T0, FAST.reports)
        later = await apply_report(tx, network.report_of(network.air[0], 0x46), T0, FAST.reports)
    assert again.duplicate
    assert later.part_id == 1
    assert later.settled == ()
    assert await states(database) == ["delivered"]
