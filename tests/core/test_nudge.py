"""A command wakes the agent; whatever is wrong with the socket only costs time."""

import asyncio

from textback_pbx.nudge import Nudges, nudge


async def test_a_nudge_wakes_the_agent(tmp_path):
    woken = asyncio.Event()
    nudges = Nudges(tmp_path / "x.sqlite", woken.set)
    nudge(tmp_path / "x.sqlite")
    await asyncio.wait_for(woken.wait(), 5)
    nudges.close()
    assert list(tmp_path.iterdir()) == []


async def test_without_an_agent_or_with_a_path_too_long_nothing_happens(tmp_path):
    nudge(tmp_path / "x.sqlite")
    long = tmp_path / ("x" * 120)
    nudges = Nudges(long, lambda: None)
    nudge(long)
    nudges.close()
    assert not long.with_name(long.name + ".wake").exists()


async def test_a_socket_left_by_a_crash_is_replaced(tmp_path):
    woken = asyncio.Event()
    first = Nudges(tmp_path / "x.sqlite", lambda: None)
    second = Nudges(tmp_path / "x.sqlite", woken.set)
    nudge(tmp_path / "x.sqlite")
    await asyncio.wait_for(woken.wait(), 5)
    second.close()
    first.close()
