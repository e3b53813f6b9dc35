"""What every loop shares: a bell to wake it, and what happens when the disk does not take a row.

A full or read-only disk is no reason to die: the loop says so on the board (which holds all sending), waits, and
tries the same step again. Any other exception is a bug and ends the agent, which systemd starts anew.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textback_pbx.clock import Clock
from textback_pbx.health import Board, State

T = TypeVar("T")

_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 15.0


class Bell:
    """A wake-up without data. Rings while nobody waits are kept as one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Let the waiting loop run now."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a ring, at most ``seconds`` on the monotonic clock."""
        ring = asyncio.ensure_future(self._rung.wait())
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((ring, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in (ring, timer):
                future.cancel()
            await asyncio.gather(ring, timer, return_exceptions=True)
        self._rung.clear()


async def work(step: Callable[[], Awaitable[float]], bell: Bell, *, clock: Clock, board: Board) -> None:
    """Run ``step`` for ever: it does what there is to do and returns how many seconds it can wait for a ring."""
    while True:
        pause = await insist(step, clock=clock, board=board)
        await bell.wait(pause)


async def insist(step: Callable[[], Awaitable[T]], *, clock: Clock, board: Board) -> T:
    """Run ``step`` until the disk takes what it writes; hold all sending meanwhile.

    The disk is well again when no step waits for it: another one, which had nothing to write, has shown nothing.
    """
    retry = _FIRST_RETRY_S
    this = object()
    try:
        while True:
            board.working[this] = clock.monotonic()
            try:
                result = await step()
            except sqlite3.Error as error:
                board.stuck.add(this)
                board.note("disk", State.FAIL, disk_words(error))
                board.working.pop(this)  # it does not hang: it waits
                await clock.sleep(retry)
                retry = min(2 * retry, _LAST_RETRY_S)
            else:
                board.stuck.discard(this)
                if not board.stuck:
                    board.note("disk", State.OK, "takes every row")
                return result
    finally:
        board.stuck.discard(this)
        board.working.pop(this, None)


def disk_words(error: sqlite3.Error) -> str:
    """Say what SQLite's complaint means for the office and what to do."""
    text = str(error)
    for word, advice in _ADVICE.items():
        if word in text.lower():
            return f"{advice} (SQLite: {text}). Nothing is sent meanwhile; nothing is lost"
    return f"the database does not take rows (SQLite: {text}). Nothing is sent meanwhile; check the disk"


_ADVICE = {
    "full": "the disk is full: free some room",
    "readonly": "the disk is read-only: remount it read-write, and check the SD card",
    "read-only": "the disk is read-only: remount it read-write, and check the SD card",
    "locked": "another program holds the database: close it",
    "malformed": "the database is damaged: stop the agent and restore the newest backup",
    "i/o": "the disk fails: replace the SD card and restore the newest backup",
}
