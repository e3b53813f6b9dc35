"""An opt-out that comes in pieces, and a YES that comes late."""

import pytest

from tests.pipeline.desk import CALLER, MONDAY_10, open_desk
from textback_pbx.replies import store as replies
from textback_pbx.replies.inbound import Part
from textback_pbx.testing.clock import ManualClock


@pytest.fixture
async def desk(tmp_path):
    opened = await open_desk(tmp_path, ManualClock(MONDAY_10), nudge=False)
    yield opened
    await opened.database.close()


async def part(desk, seq, text):
    desk.unread.store()
    now_ms = desk.clock.now_ms()
    one = Part("m1", CALLER, f"part{seq}", now_ms, text, scts_ms=now_ms, concat_ref=5, seq=seq, total=2)
    async with desk.database.transaction() as tx:
        await replies.store_part(tx, one)


async def test_nothing_leaves_between_the_two_parts_of_a_stop(desk):
    await desk.consent()
    await desk.call()
    await part(desk, 1, "ST")
    await desk.work()
    assert desk.air() == []
    await part(desk, 2, "OP")
    await desk.work()
    (only,) = desk.air()
    assert "opted out" in only
    assert len(await desk.rows("SELECT 1 FROM opt_outs")) == 1


@pytest.mark.parametrize(("minutes", "lifted"), [(5, True), (61, False), (30 * 24 * 60, False)])
async def test_yes_lifts_an_opt_out_only_right_after_its_confirmation(desk, minutes, lifted):
    await desk.write("STOP")
    await desk.work()
    await desk.clock.advance(60 * minutes)
    await desk.write("YES")
    await desk.work()
    assert (await desk.rows("SELECT 1 FROM opt_outs") == []) is lifted
