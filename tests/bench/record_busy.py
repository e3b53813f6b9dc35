"""Records what a `read = all` user of a busy office's Asterisk gets: `python -m tests.bench.record_busy`, as root.

A minute of an ordinary morning, pressed together: eight customers are talked to for a while at the same time, others
ring out, hear busy, wait in the queue, hear voicemail. Nothing is edited afterwards.
"""

import asyncio
import gzip
from pathlib import Path

from tests.asterisk.bench import Bench
from tests.asterisk.isolate import isolate
from tests.asterisk.people import answers, holds, in_turn, refuses, talks, waits
from tests.asterisk.scenarios import ANSWERED, NO_ANSWER, TIMEOUT, VOICEMAIL, Caller, Scenario
from tests.asterisk.server import Asterisk

FILE = Path(__file__).parent / "busy_office.full.ami.gz"
TALK_S = 22.0


def morning() -> Scenario:
    talked = tuple(Caller("5001", talks(TALK_S), ANSWERED, f"+1512555{110 + n:04d}", after=n * 0.5) for n in range(8))
    missed = (
        Caller("5002", waits(), TIMEOUT, "+15125550131", after=1.0),
        Caller("5008", waits(), NO_ANSWER, "+15125550132", after=3.0),
        Caller("5003", talks(1.5), VOICEMAIL, "+15125550133", after=8.0),
        Caller("5004", waits(), TIMEOUT, "+15125550134", after=12.0),
        Caller("5008", talks(10.0), ANSWERED, "+15125550135", after=14.0),
    )
    desks = {101: answers(then=holds(2.0)), 102: in_turn(refuses(486), answers()), 103: refuses(486, after=1.0)}
    return Scenario("busy", "a busy office", (*talked, *missed), desks)


async def play(asterisk: Asterisk) -> bytes:
    async with Bench(asterisk) as bench:
        mark = bench._full.mark()
        scenario = morning()
        bench._desks = dict(scenario.phones)
        async with asyncio.TaskGroup() as people:
            for caller in scenario.callers:
                people.create_task(bench._call(caller))
        await bench._full.until_quiet(0.5, 60)
        return bench._full.since(mark)


def main() -> None:
    isolate()
    asterisk = Asterisk(22)
    try:
        asterisk.start()
        data = asyncio.run(play(asterisk))
    finally:
        asterisk.close()
    FILE.write_bytes(gzip.compress(data, mtime=0))
    print(f"{FILE.name}: {data.count(b'Event: ')} events, {len(data)} bytes")


if __name__ == "__main__":
    main()
