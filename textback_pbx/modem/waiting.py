"""Waiting with an end, on the program's clock, so that a manual clock drives every deadline of the driver."""

import asyncio
from typing import Any, TypeVar

from textback_pbx.clock import Clock

T = TypeVar("T")


async def within(clock: Clock, future: "asyncio.Future[T]", seconds: float) -> bool:
    """Wait for ``future`` at most ``seconds``; say whether it is done. Never cancels it, never raises what it holds."""
    if future.done():
        return True
    async with asyncio.TaskGroup() as group:
        timer = group.create_task(clock.sleep(max(0.0, seconds)))
        both: set[asyncio.Future[Any]] = {future, timer}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
    return future.done()


class Signal:
    """An event that a waiter consumes; setting it twice before it is seen is setting it once."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._set = False

    def set(self) -> None:
        """Wake the waiter, now or when it next waits."""
        self._set = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self, clock: Clock, seconds: float) -> bool:
        """Wait until it is set or ``seconds`` passed; say which, and reset it."""
        if not self._set:
            self._future = asyncio.get_running_loop().create_future()
            try:
                await within(clock, self._future, seconds)
            finally:
                self._future = None
        was, self._set = self._set, False
        return was
