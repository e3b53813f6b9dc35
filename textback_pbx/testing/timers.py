"""Delayed calls on a clock, for simulators: one task group that ends with its owner."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from textback_pbx.clock import Clock


class Timers:
    """Runs callbacks after a delay on ``clock``, and tasks; leaving the context cancels what is still waiting."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        if kind is not None and not issubclass(kind, asyncio.CancelledError):
            kind = error = trace = None  # the body's own error goes on as it is, not inside a group
        await self._group.__aexit__(kind, error, trace)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine until it ends or the context does."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def after(self, seconds: float, call: Callable[[], object]) -> asyncio.Task[None]:
        """Call back once, ``seconds`` from now; zero is as soon as the loop turns."""
        return self.start(self._wait(seconds, call))

    async def _wait(self, seconds: float, call: Callable[[], object]) -> None:
        await self.clock.sleep(seconds)
        call()
