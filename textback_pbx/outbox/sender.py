"""The send loop of one modem line: claim, submit, settle.

Written against :class:`Line` alone, so that a modem, a pool and a simulated line are the same to it. It waits on
a wake-up and on the next due time. What it must never do: let a text leave that could not be recorded first
(promise 7), forget an answer because the disk was full (FAULTS 15), or end in the middle of a send (FAULTS 13):
a send that has begun is given its grace, and what is still open then is written down as unknown.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from textback_pbx.clock import SECOND_MS, Clock
from textback_pbx.consent.store import LedgerProblem
from textback_pbx.outbox.attempt import Accepted, NotHandedOver, OutPart, State, SubmitResult
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.claim_store import (
    Asking,
    Claimed,
    claim_next,
    hand_over,
    release,
    settle,
)
from textback_pbx.outbox.line import Hold, Hooks, Line
from textback_pbx.outbox.permission import Permission, Withheld, answer_of
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import EVERYTHING, Share
from textback_pbx.outbox.store import OpenTx, Settled, expire_due, next_due_ms
from textback_pbx.phone import tag

log = logging.getLogger(__name__)

_LEAST_S = 0.001


class Sender:
    """The send loop of one line. ``share`` says before each claim which texts are its own (default: all).

    Every sender of the agent shares one ``pace``. :meth:`wake` makes it look at once; losing a wake-up costs
    latency only.
    """

    def __init__(
        self,
        line: Line,
        transaction: Callable[[], AbstractAsyncContextManager[OpenTx]],
        clock: Clock,
        *,
        pace: Pace,
        hooks: Hooks,
        settings: OutboxSettings,
        share: Callable[[], Share] = lambda: EVERYTHING,
    ) -> None:
        self._line, self._transaction, self._clock, self._pace = line, transaction, clock, pace
        self._hooks, self._settings, self._share = hooks, settings, share
        self._wake = asyncio.Event()
        self._stopping = False
        self._submitting: asyncio.Future[SubmitResult] | None = None
        self._kept: list[tuple[OutPart, SubmitResult]] = []
        self._rest_until, self._rests = 0.0, 0
        self._began = 0.0
        self._trouble: str | None = None

    @property
    def rest_s(self) -> float:
        """How long the line still rests after refusals that concern its SIM, seconds."""
        return max(0.0, self._rest_until - self._clock.monotonic())

    @property
    def busy_s(self) -> float:
        """How long the present text is being sent already, seconds; 0.0 while none is."""
        return 0.0 if self._submitting is None else max(0.001, self._clock.monotonic() - self._began)

    @property
    def unwritten(self) -> int:
        """How many answers of the network wait for the disk."""
        return len(self._kept)

    def wake(self) -> None:
        """Look at the outbox now: a text was put in, the line came back, a hold was lifted, the clock was set."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. A cancellation lets a begun send end within the grace, or writes it down as unknown."""
        self._stopping = False
        while True:
            self._wake.clear()
            turn = asyncio.ensure_future(self._turn())
            try:
                wait_s = await asyncio.shield(turn)
            except asyncio.CancelledError:
                await self._wind_up(turn)
                raise
            if wait_s > 0:
                await self._pause(wait_s)

    async def _pause(self, seconds: float) -> None:
        async def ring() -> None:
            await self._clock.sleep(seconds)
            self._wake.set()

        async with asyncio.TaskGroup() as group:
            timer = group.create_task(ring())
            await self._wake.wait()
            timer.cancel()

    async def _wind_up(self, turn: "asyncio.Future[float]") -> None:
        """Let the turn end; after the grace, give up its submit, so that it writes unknown. A second call is firm."""
        self._stopping = True
        if not await self._ends_within(turn, self._settings.grace_s):
            if self._submitting is not None:
                self._submitting.cancel()
            if not await self._ends_within(turn, self._settings.grace_s):
                turn.cancel()
                await asyncio.wait({turn})
        if not turn.cancelled() and (error := turn.exception()) is not None:
            raise error

    async def _ends_within(self, turn: "asyncio.Future[float]", seconds: float) -> bool:
        timer: asyncio.Future[None] = asyncio.ensure_future(self._clock.sleep(seconds))
        both: set[asyncio.Future[Any]] = {turn, timer}
        with suppress(asyncio.CancelledError):
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        return turn.done()

    # one turn ------------------------------------------------------------------------------------------------

    async def _turn(self) -> float:
        """Do one thing; return how many seconds nothing else needs doing (0.0: go on at once)."""
        try:
            if self._kept:
                await self._write_kept()
            return await self._expire_only(reason) if (reason := self._against_sending()) else await self._send_next()
        except (sqlite3.Error, LedgerProblem) as error:
            self._say(f"nothing is sent, because the database cannot be used: {error}")
            return self._settings.look_s

    def _against_sending(self) -> Hold | None:
        """Why nothing may be claimed now, the widest reason first."""
        if (hold := self._hooks.hold()) is not None:
            return hold
        if (words := self._line.trouble()) is not None:
            self._rest_until, self._rests = 0.0, 0  # when it is well again, it starts afresh
            return Hold(words)
        return Hold("the SIM has not been read") if self._line.iccid is None else None

    async def _expire_only(self, why: Hold) -> float:
        self._say(why.reason)
        if why.clock:
            return self._settings.look_s
        async with self._transaction() as tx:
            now_ms = self._clock.now_ms()
            await self._tell(tx, await expire_due(tx, now_ms))
            due_ms = await next_due_ms(tx, now_ms)
        return self._until(due_ms, now_ms, self._settings.look_s)

    async def _send_next(self) -> float:
        if self.rest_s > 0:
            return min(self.rest_s, self._settings.look_s)
        asking = self._asking()
        async with self._transaction() as tx:
            found = await claim_next(tx, asking, self._pace, self._hooks.look_again, self._settings)
            await self._tell(tx, list(found.ended))
        self._say(None)
        if isinstance(found, Claimed):
            await self._send(found.part, asking)
            return 0.0
        waits = [self._until(found.due_ms, asking.now_ms, self._settings.idle_look_s)]
        waits += [found.wait_s] if found.wait_s > 0 else []
        waits += [] if asking.share.again_s is None else [asking.share.again_s]
        return max(_LEAST_S, min(waits))

    def _until(self, due_ms: int | None, now_ms: int, at_most_s: float) -> float:
        return at_most_s if due_ms is None else min(at_most_s, max(0.0, (due_ms - now_ms) / SECOND_MS))

    def _asking(self) -> Asking:
        iccid = self._line.iccid
        assert iccid is not None
        self._pace.limit(iccid, self._settings.budget)
        return Asking(self._line.name, iccid, self._clock.now_ms(), self._clock.monotonic(), self._share())

    async def _send(self, part: OutPart, asking: Asking) -> None:
        log.debug("part %d of message %d to %s: claimed", part.seq, part.message_id, tag(part.number))
        permission = Permission(lambda pdu: self._permit(part, asking, pdu))
        if self._stopping:
            result: SubmitResult = NotHandedOver("the agent stops")
        else:
            self._began = self._clock.monotonic()
            self._submitting = asyncio.ensure_future(self._line.submit(part, permission.ask))
            await asyncio.wait({self._submitting})
            result = answer_of(self._submitting, given=permission.given)
            self._submitting = None
        if isinstance(result, NotHandedOver) and self._stopping and not permission.given:
            await self._release(part)
        else:
            await self._settle(part, result, rests=not permission.withheld)

    async def _release(self, part: OutPart) -> None:
        async with self._transaction() as tx:
            await self._tell(tx, await release(tx, part.part_id, "the agent stops", self._clock.now_ms()))

    # settling ------------------------------------------------------------------------------------------------

    async def _settle(self, part: OutPart, result: SubmitResult, *, rests: bool) -> None:
        self._kept.append((part, result))
        settled = (await self._write_kept())[-1:]
        if isinstance(result, Accepted):
            self._rests = 0
        elif rests and settled and settled[0].rest_ms:
            retries, no_prompt = self._settings.retries, isinstance(result, NotHandedOver)
            longest = retries.no_prompt_longest_ms / SECOND_MS if no_prompt else self._settings.longest_rest_s
            self._rest(settled[0].rest_ms / SECOND_MS, longest)

    async def _write_kept(self) -> list[Settled]:
        """Write the answers that are still in memory, oldest first; one stays there until its commit has returned."""
        written: list[Settled] = []
        while self._kept:
            part, result = self._kept[0]
            async with self._transaction() as tx:
                settled = await settle(tx, part.part_id, result, self._clock.now_ms(), self._settings)
                await self._tell(tx, settled)
            del self._kept[0]
            written += settled[:1]
        return written

    def _rest(self, seconds: float, longest: float) -> None:
        """Let the line rest, twice as long each time until something is accepted."""
        seconds = min(seconds * 2 ** min(self._rests, 10), longest)
        self._rests += 1
        self._rest_until = self._clock.monotonic() + seconds

    async def _tell(self, tx: OpenTx, settled: list[Settled]) -> None:
        for one in settled:
            level = logging.WARNING if one.state in (State.UNKNOWN, State.REFUSED) else logging.INFO
            where = f"part {one.seq}/{one.total} of message {one.message_id} to {tag(one.number)}"
            why = f": {one.reason}" if one.reason else ""
            keys = {"textback_message": one.message_id, "textback_call": one.call_id}
            log.log(level, "%s is %s%s", where, one.state, why, extra=keys)
            await self._hooks.settled(tx, one)

    def _say(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._hooks.trouble(trouble)

    # the permission ------------------------------------------------------------------------------------------

    async def _permit(self, part: OutPart, asking: Asking, pdu: str) -> None:
        """Commit the point of no return, or raise."""
        if self._stopping:
            raise Withheld("the agent stops")
        if (hold := self._hooks.hold()) is not None:
            raise Withheld(hold.reason)
        if self._line.iccid != asking.iccid:
            raise Withheld("the SIM has changed since the claim")
        async with self._transaction() as tx:
            await hand_over(tx, part.part_id, self._asking(), pdu)
        self._pace.note(asking.iccid, self._clock.monotonic())
