"""The agent as a process, ``kill -9`` at more than fifty moments of a call's story, and a new agent each time.

The in-process sweep cuts at every step it can name; this one cuts where no test can name the step: inside SQLite,
inside a write to the port, between two threads. Judged by what the network took, what lies on the SIM,
and the database.
"""

import asyncio
import collections
from itertools import cycle

import pytest

from tests.sweep.support_kill import REPLY, STOP, Mark, Phase, Point, open_world

pytestmark = [pytest.mark.slow, pytest.mark.fault(1, 2, 3, 4, 5, 6, 7, 8, 10, 11)]

#: Every step of a submit that the modem sees, of both parts, and what it does with the report.
SENDING = [
    *(
        Mark(kind, word, nth)
        for nth in (1, 2)
        for kind, word in (("command", "AT+CMGS"), ("prompt", ""), ("ctrl_z", ""), ("submit", ""), ("reply", "+CMGS"))
    ),
    Mark("received"),
    Mark("received", "", 2),
]
READING = [Mark("received"), Mark("command", "AT+CMGL"), Mark("command", "AT+CMGD"), Mark("deleted")]
CONFIRMING = [Mark("command", "AT+CMGS"), Mark("prompt"), Mark("ctrl_z"), Mark("submit"), Mark("received", "", 2)]
#: A second death while the first is recovered from.
TWICE = [
    (Mark("command", "AT+CMGS"), Mark("command")),
    (Mark("prompt"), Mark("prompt")),
    (Mark("ctrl_z"), Mark("command", "AT+CMGL")),
    (Mark("reply", "+CMGS"), Mark("ctrl_z")),
    (Mark("prompt", "", 2), Mark("command", "AT+CMGL")),
]


def points():
    answers, late = cycle((REPLY, STOP, REPLY)), cycle((False, True))
    yield Point(Phase.RING, 50.0)
    yield Point(Phase.RING, 120.0, STOP)
    yield Point(Phase.RING, 300.0, ring_s=2.5)  # it rings on, and the next agent finds it ringing
    for ms in (*range(0, 40, 5), *range(40, 260, 20)):
        yield Point(Phase.SEND, float(ms), next(answers), late=next(late))
    for mark in SENDING:
        yield Point(Phase.SEND, mark, next(answers), late=mark.kind != "received" and next(late))
    for first, again in TWICE:
        yield Point(Phase.SEND, first, REPLY, again)
    for mark in READING:
        yield Point(Phase.REPLY, mark, REPLY)
    for ms in (5.0, 10.0, 20.0):
        yield Point(Phase.REPLY, ms, STOP)
    for mark in (*READING, *CONFIRMING):
        yield Point(Phase.REPLY, mark, STOP)


#: A database takes as many calls as one block of numbers may send before the agent calls it a flood.
WORLDS, AT_ONCE = 4, 2


async def live(folder, here):
    """Live through some points in a world of their own; return what each left, and the number of kills."""
    folder.mkdir()
    seen = []
    async with open_world(folder, [f"+151255501{number:02d}" for number in range(1, len(here) + 1)]) as world:
        for point in here:
            seen.append(await world.live_through(point))
            assert seen[-1].wrong == (), f"{point}; at the death: {seen[-1].at_death}"
        return seen, world.kills


async def test_kill_9_at_any_moment_sends_nothing_twice_and_loses_no_call(tmp_path):
    whole, gate = list(points()), asyncio.Semaphore(AT_ONCE)

    async def in_turn(number):
        async with gate:
            return await live(tmp_path / str(number), whole[number::WORLDS])

    async with asyncio.TaskGroup() as group:
        worlds = [group.create_task(in_turn(number)) for number in range(WORLDS)]
    seen = [one for world in worlds for one in world.result()[0]]
    kills = sum(world.result()[1] for world in worlds)
    print(f"\nkill -9: {kills} kills at {len(seen)} points; 0 texts on the air twice, 0 calls lost")
    for what, words in (("at the death", lambda one: one.at_death), ("in the end", lambda one: one.end)):
        found = collections.Counter(map(words, seen))
        print(f"{what}: " + "; ".join(f"{name} ({count})" for name, count in found.most_common()))
    assert kills >= 40
    assert {"delivered, delivered", "in a gap"} <= {one.end for one in seen}
