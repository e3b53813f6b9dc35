"""What the agent's loops log about one person: nothing that names them, whatever happens."""

import logging

import pytest

from tests.outbox.support import Network
from tests.pipeline.desk import CALLER, MONDAY_10, open_desk
from textback_pbx.testing.clock import ManualClock

WORDS = ("bathtub", "Elmwood", "Lakeside Plumbing:")


@pytest.mark.fault(45)
async def test_no_number_and_no_words_above_debug(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    clock = ManualClock(MONDAY_10)
    desk = await open_desk(tmp_path, clock, Network(clock))
    try:
        await desk.consent()
        await desk.call()
        await desk.work()
        await desk.reports()
        await desk.later(4 * 3600.0)  # its nudge
        await desk.write("the bathtub leaks, 12 Elmwood Drive")
        await desk.work()
        await desk.call(outcome="busy")
        await desk.work()
        await desk.write("STOP")
        await desk.work()
        await desk.call("+19005550142")
        await desk.call(None)
        desk.synchronised = False
        clock.set_wall(clock.now_ms() + 7_200_000)
        await desk.work()
    finally:
        await desk.database.close()
    assert len(desk.air()) >= 3
    assert caplog.records
    said = "\n".join(f"{record.name} {record.getMessage()}" for record in caplog.records)
    for word in (*WORDS, CALLER, CALLER[2:], CALLER[5:], "9005550142"):
        assert word not in said
