"""Work that others ask of a modem's owner, one at a time, each with an answer.

A job outlives its caller: cancelling the caller never cancels what is on the wire, it only says that nobody
waits for the answer any more.
"""

import asyncio
from collections import deque

from textback_pbx.clock import Clock
from textback_pbx.modem.items import Stored
from textback_pbx.modem.pdu import Encoded
from textback_pbx.modem.waiting import Signal
from textback_pbx.outbox.attempt import HandOver, NotHandedOver, OutPart, SubmitResult


class Withdrawn(Exception):
    """The caller of a submit went away before its permission was asked for."""


class SubmitJob:
    """One part to hand over. ``granted``: the permission was given; ``left``: the PDU is on its way."""

    def __init__(self, part: OutPart, encoded: Encoded, hand_over: HandOver) -> None:
        self.part = part
        self.encoded = encoded
        self.granted = False
        self.withdrawn = False
        self._hand_over = hand_over
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[SubmitResult] = loop.create_future()
        self._safe: asyncio.Future[None] = loop.create_future()

    async def grant(self) -> None:
        """Ask the caller's permission; raises what it raises, or :class:`Withdrawn`."""
        if self.withdrawn:
            raise Withdrawn("nobody waits for it any more")
        await self._hand_over(self.encoded.hexadecimal)
        self.granted = True

    def left(self) -> None:
        """The PDU has been written: a cancelled caller may go."""
        if not self._safe.done():
            self._safe.set_result(None)

    def finish(self, result: SubmitResult) -> None:
        """Answer, once; later answers are dropped."""
        if not self._done.done():
            self._done.set_result(result)
        self.left()

    def refuse(self, why: str) -> None:
        """Answer a job that was never begun."""
        self.finish(NotHandedOver(why))

    async def result(self) -> SubmitResult:
        """Wait for the answer; on cancellation wait until the prompt cannot be open for this job, then pass it on."""
        try:
            return await asyncio.shield(self._done)
        except asyncio.CancelledError:
            self.withdrawn = True
            await _to_the_end(self._safe)
            raise


class DeleteJob:
    """One committed entry to delete from its storage."""

    def __init__(self, item: Stored) -> None:
        self.item = item
        self._done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def finish(self, deleted: bool) -> None:
        """Answer, once."""
        if not self._done.done():
            self._done.set_result(deleted)

    def refuse(self, why: str) -> None:
        """The line went down; the entry stays and is given again."""
        del why
        self.finish(deleted=False)

    async def result(self) -> bool:
        """Wait for the answer. A cancelled caller just goes: the entry is committed either way."""
        return await asyncio.shield(self._done)


Job = SubmitJob | DeleteJob


class Jobs:
    """The owner's queue: texts to send before entries to delete."""

    def __init__(self) -> None:
        self.open = False
        self._submits: deque[SubmitJob] = deque()
        self._deletes: deque[DeleteJob] = deque()
        self._signal = Signal()

    def put(self, job: Job) -> None:
        """Queue a job, or refuse it at once while the line is down."""
        if not self.open:
            job.refuse("the modem is not connected")
        elif isinstance(job, SubmitJob):
            self._submits.append(job)
        else:
            self._deletes.append(job)
        self._signal.set()

    def take(self) -> Job | None:
        """The next job."""
        if self._submits:
            return self._submits.popleft()
        return self._deletes.popleft() if self._deletes else None

    def refuse(self, why: str) -> None:
        """Answer everything that waits: the line is down."""
        self.open = False
        while (job := self.take()) is not None:
            job.refuse(why)

    def wake(self) -> None:
        """Make the owner look around."""
        self._signal.set()

    async def wait(self, clock: Clock, seconds: float) -> None:
        """Wait for a job or a wake-up, at most ``seconds``."""
        await self._signal.wait(clock, seconds)


async def _to_the_end(future: "asyncio.Future[None]") -> None:
    """Wait for ``future`` through any number of cancellations; the caller re-raises its own."""
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            continue
