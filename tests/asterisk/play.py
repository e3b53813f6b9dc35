"""Plays the whole table on several Asterisks at once.

Each plays its share one by one, so that no recording holds another's events.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.asterisk.bench import Bench, Recording
from tests.asterisk.scenarios import Scenario
from tests.asterisk.server import Asterisk

NEWEST = 22
OLDEST = 16
AT_ONCE = 6  # most of a scenario is waiting for a phone to ring out


@dataclass(slots=True)
class Played:
    """What came of a table: recordings and failures by scenario name, and how long it took in seconds."""

    recordings: dict[str, Recording] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    seconds: float = 0.0


def office_of(major: int) -> Asterisk:
    """The office of the recordings. The older version names its system (Asterisk then puts that before every Uniqueid)
    and stamps its events; the newer one does neither: both shapes are out there."""
    older = major < NEWEST
    return Asterisk(major, system_name="office" if older else "", timestamps=older)


def play(scenarios: tuple[Scenario, ...], make: Callable[[], Asterisk], at_once: int = AT_ONCE) -> Played:
    """Starts up to `at_once` Asterisks from `make`, plays every scenario once, ends them all; also on Ctrl-C."""
    played = Played()
    began = time.monotonic()
    asterisks = [make() for _ in range(min(at_once, len(scenarios)))]
    try:
        for asterisk in asterisks:
            asterisk.start()
        asyncio.run(_share_out(list(scenarios), asterisks, played))
    finally:
        for asterisk in asterisks:
            asterisk.close()
    played.seconds = time.monotonic() - began
    return played


async def _share_out(left: list[Scenario], asterisks: list[Asterisk], played: Played) -> None:
    left.reverse()
    async with asyncio.TaskGroup() as workers:
        for asterisk in asterisks:
            workers.create_task(_work(left, asterisk, played))


async def _work(left: list[Scenario], asterisk: Asterisk, played: Played) -> None:
    while left:
        async with Bench(asterisk) as bench:
            while left:
                scenario = left.pop()
                try:
                    played.recordings[scenario.name] = await bench.run(scenario)
                except Exception as error:  # noqa: BLE001 -- it belongs to the one test that asks for this scenario
                    played.failures[scenario.name] = error
                    break
        if left:
            asterisk.restart()  # after a failure: no channel of it may reach the next recording
