"""The end of a gap when nobody knows what time it is: a machine without a clock of its own, after a power cut."""

import pytest

from tests.pipeline.support import Ami, Office
from textback_pbx.calls import store as calls
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.watcher import GapClosed, GapOpened
from textback_pbx.clock import HOUR_MS
from textback_pbx.health import Board
from textback_pbx.pipeline.listen import Listener
from textback_pbx.pipeline.office import office_of


def listener(tmp_path, database, clock, trust, heard_again):
    return Listener(
        (database, office_of(Office(tmp_path, ami=Ami("127.0.0.1", 5038)).settings()), clock, Board(clock)),
        AmiSettings(),
        clock_trusted=lambda: trust[0],
        on_call=lambda: None,
        on_heard_again=lambda: heard_again.append(1),
    )


@pytest.mark.fault(19)
async def test_a_gap_ends_when_the_clock_is_trusted_and_not_before_it_began(tmp_path, database, clock):
    trust, heard_again, begun_ms = [False], [], clock.now_ms()
    async with database.transaction() as tx:
        await calls.heartbeat(tx, "pbx", begun_ms)
    one = listener(tmp_path, database, clock, trust, heard_again)
    await one.start()
    await one._store([GapClosed("pbx", begun_ms - HOUR_MS, "", "22")])  # the clock says an hour ago
    await one.beat()
    await one.beat(now=True)
    async with database.read() as tx:
        (gap,) = await calls.list_gaps(tx)
        assert (gap["from_ms"], gap["until_ms"]) == (begun_ms, None)
        assert await calls.last_heard(tx, "pbx") == begun_ms
    trust[0] = True
    clock.set_wall(begun_ms + 3 * HOUR_MS)
    await one.beat()
    async with database.read() as tx:
        (gap,) = await calls.list_gaps(tx)
        assert (gap["from_ms"], gap["until_ms"]) == (begun_ms, begun_ms + 3 * HOUR_MS)
        assert await calls.last_heard(tx, "pbx") == clock.now_ms()
    assert len(heard_again) == 2  # the repair is woken by the end that counts, too
    await one.beat()
    assert len(heard_again) == 2


@pytest.mark.fault(19)
async def test_a_link_that_goes_again_before_the_clock_is_right_is_the_same_gap(tmp_path, database, clock):
    trust, begun_ms = [False], clock.now_ms()
    one = listener(tmp_path, database, clock, trust, [])
    await one._store([GapOpened("pbx", "closed", "gone", begun_ms)])
    await one._store([GapClosed("pbx", begun_ms + 1, "", "22")])
    await one._store([GapOpened("pbx", "closed", "gone again", begun_ms + 2)])
    trust[0] = True
    await one.beat()
    async with database.read() as tx:
        assert [(gap["from_ms"], gap["until_ms"]) for gap in await calls.list_gaps(tx)] == [(begun_ms, None)]
    await one._store([GapClosed("pbx", begun_ms + 9, "", "22")])
    async with database.read() as tx:
        assert [(gap["from_ms"], gap["until_ms"]) for gap in await calls.list_gaps(tx)] == [(begun_ms, begun_ms + 9)]
