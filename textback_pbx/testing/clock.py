"""A manual clock: wall and monotonic time move apart as a test wishes, and nothing waits for real.

``sleep`` returns when :meth:`ManualClock.advance` has passed its end; sleepers wake in order of their deadlines.
"""

import asyncio
import heapq
import itertools


class ManualClock:
    """A :class:`textback_pbx.clock.Clock` that only a test moves. Wall time in ms UTC, monotonic in seconds."""

    def __init__(self, now_ms: int = 1_793_000_000_000) -> None:
        self._monotonic = 1_000.0
        self._offset_ms = now_ms - 1_000_000.0  # wall time less monotonic time
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        """Wall time, milliseconds since the Unix epoch, UTC."""
        return round(self._offset_ms + self._monotonic * 1_000)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until :meth:`advance` has moved monotonic time past the end of this sleep."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    def set_wall(self, now_ms: int) -> None:
        """Step wall time alone, as NTP or an owner of the clock does."""
        self._offset_ms = now_ms - self._monotonic * 1_000

    async def advance(self, seconds: float) -> None:
        """Move both clocks on; every sleeper due on the way wakes at its own time and gets to run."""
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._move_to(max(due, self._monotonic))
            if not future.done():
                future.set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    async def step(self, at_most: float) -> bool:
        """Move on to the next deadline, let all that is due then run until nothing can; False when none is so near.

        Quicker and more exact than :meth:`advance` where everything waits on this clock: nothing else is waited for.
        """
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] > self._monotonic + at_most:
            self._move_to(self._monotonic + at_most)
            return False
        self._move_to(max(self._sleepers[0][0], self._monotonic))
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)
        await quiet()
        return True

    def _move_to(self, monotonic: float) -> None:
        self._monotonic = monotonic

    @property
    def sleeping(self) -> int:
        """How many tasks wait on this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)


async def settle(turns: int = 20) -> None:
    """Let every task that can run, run: ``turns`` passes of the event loop."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def quiet() -> None:
    """Let every task run until the loop has nothing to do at once; for a loop without files, sockets and threads."""
    ready = getattr(asyncio.get_running_loop(), "_ready", None)
    if ready is None:  # another kind of loop: a generous number of passes
        await settle(50)
        return
    await asyncio.sleep(0)
    while ready:
        await settle(1)
