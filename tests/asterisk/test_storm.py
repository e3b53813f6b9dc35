"""Thousands of events a second from a real Asterisk: the session is not dropped as a slow reader, and hears a call.

Asterisk gives a reader 100 ms to take what it writes (manager.conf: writetimeout), then hangs up. Ten seconds here;
TEXTBACK_PBX_STORM_SECONDS=60 for the whole minute, as `make bench` does.
"""

import asyncio
import os
import resource
import time

import pytest

from tests.asterisk.scenarios import BY_NAME
from tests.asterisk.test_session import finished, listening
from tests.asterisk.wire import AmiWire
from textback_pbx.calls.watcher import Finished, GapClosed, GapOpened

SECONDS = float(os.environ.get("TEXTBACK_PBX_STORM_SECONDS", "10"))
WANTED = 5_000  # events a second
CHANNELS = 14


@pytest.mark.fault(25)
async def test_a_storm_of_events_neither_drops_the_session_nor_hides_a_call(own_asterisk, own_bench, monkeypatch):
    heard = _count_blocks(monkeypatch)
    await own_bench.disconnect()  # the recorder would be the slow one
    driver = await AmiWire.open(own_asterisk.host, own_asterisk.port, "recorder", own_asterisk.recorder_secret)
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port, ping_s=10.0, liveness_s=25.0) as ear:
        await driver.action("Events", EventMask="off")
        for _ in range(CHANNELS):
            await driver.action(
                "Originate", Channel="Local/s@storm/n", Application="Wait", Data=str(SECONDS + 60), Async="true"
            )
        await asyncio.sleep(1)
        before, began = heard[0], time.monotonic()
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        call = own_bench.phones[2].invite("5001", "+15125550142")
        await asyncio.wait_for(call.ended.wait(), 20)
        await ear.until(finished(1))
        await asyncio.sleep(max(0.0, SECONDS - (time.monotonic() - began)))
        took, count = time.monotonic() - began, heard[0] - before
        used = resource.getrusage(resource.RUSAGE_SELF)
        await driver.action("Hangup", Channel="/^Local/s@storm.*/")
        gaps = [gap for gap in ear.of(GapOpened) if gap.reason != "start"]
        print(
            f"\n{count:,} events in {took:.0f} s: {count / took:,.0f} a second, "
            f"{(used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime) / took:.0%} of one core"
        )
    await driver.close()
    assert count / took >= WANTED
    assert gaps == []
    assert len(ear.of(GapClosed)) == 1
    (one,) = ear.of(Finished)
    assert one.verdict.outcome.value == BY_NAME["rings_out"].callers[0].expected.outcome


def _count_blocks(monkeypatch) -> list[int]:
    """Count every block that the session's socket gave."""
    from textback_pbx.calls.blocks import Blocks

    heard, feed = [0], Blocks.feed

    def counting(self, data):
        blocks = feed(self, data)
        heard[0] += len(blocks)
        return blocks

    monkeypatch.setattr(Blocks, "feed", counting)
    return heard
