"""Gaps -> recovered calls: what Asterisk's own call records know of a time the PBX was not heard.

A gap is looked at shortly after it ends (a row is written when its call is over), and once more when Asterisk's batch
mode has written too. While it lasts, calls too old for a text are recovered, so that nobody waits for the link to hear
of them. Recovered calls are decided like any other: fresh and certain ones may be texted, the rest become tasks.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx import phone
from textback_pbx.calls import backfill_store as gaps
from textback_pbx.calls import store as calls
from textback_pbx.calls.backfill import Recovered, RecoveredOut, fold
from textback_pbx.calls.backfill_book import first_ms
from textback_pbx.calls.backfill_rows import times_of
from textback_pbx.calls.backfill_source import CdrSettings, Read, Unreadable, read
from textback_pbx.calls.backfill_store import Learned, Look
from textback_pbx.calls.numbers import Place
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.store import CallRow
from textback_pbx.calls.trunks import TrunkMatcher, Trunks
from textback_pbx.calls.watcher import Finished
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from textback_pbx.database import Database, Row, Tx
from textback_pbx.health import Board, State
from textback_pbx.pipeline.decide import reached
from textback_pbx.pipeline.office import Office

log = logging.getLogger(__name__)

_IDLE_S = 60.0
_WHILE_IT_LASTS_MS = 5 * MINUTE_MS
_GIVE_UP_MS = DAY_MS
_SAME_SECOND_MS = 2 * SECOND_MS
_NOT_CONFIGURED = "not repaired: no call records are configured ([cdr])"


@dataclass(frozen=True, slots=True)
class Source:
    """One PBX and its call records; ``component`` is its name on the health board."""

    ami: AmiSettings
    cdr: CdrSettings
    component: str = "cdr"


class Repairer:
    """The repair loop's step, for every PBX."""

    def __init__(
        self,
        parts: tuple[Database, Office, Clock, Board],
        sources: Mapping[str, Source],
        *,
        clock_trusted: Callable[[], bool],
        on_call: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock, self._board = parts
        self._sources, self._clock_trusted, self._on_call = sources, clock_trusted, on_call

    async def step(self) -> float:
        """Look at every gap that is due; return the pause in seconds."""
        async with self._database.read() as tx:
            waiting = await gaps.open_work(tx)
        pauses = [await self._take(gap) for gap in waiting]
        return min([_IDLE_S, *pauses])

    async def _take(self, gap: Row) -> float:
        source, now_ms = self._sources.get(gap["pbx"]), self._clock.now_ms()
        if source is None or not source.cdr.name:
            if gap["until_ms"] is not None:
                await self._save(gap, Look("no", 0, _NOT_CONFIGURED, None))
            return _IDLE_S
        if not self._clock_trusted():
            return _IDLE_S  # its beginning and its end are not known
        due_ms = self._due_ms(gap, source.cdr)
        if due_ms > now_ms:
            return (due_ms - now_ms) / SECOND_MS
        await self._look(gap, source, now_ms)
        return 0.0

    def _due_ms(self, gap: Row, cdr: CdrSettings) -> int:
        if gap["look_ms"] is not None:
            return int(gap["look_ms"])
        if gap["until_ms"] is not None:
            return int(gap["until_ms"]) + cdr.delay_s * SECOND_MS
        return int(gap["from_ms"]) + (self._office.policy.max_age_min + 1) * MINUTE_MS

    async def _look(self, gap: Row, source: Source, now_ms: int) -> None:
        async with self._database.read() as tx:
            teaching = await gaps.learned(tx, source.ami.name)
        since = _Since(gap, source.cdr, now_ms)
        try:
            repair = await asyncio.to_thread(_read, self._office, source, teaching, since)
        except Unreadable as problem:
            self._board.note(source.component, State.FAIL, f"{problem}. Gaps are not repaired meanwhile")
            await self._save(gap, self._failed(gap, problem, now_ms))
            return
        async with self._database.transaction() as tx:
            # While a gap lasts, only what is too old for a text in any case: nobody sees who is on the phone.
            until_ms = gap["until_ms"] or now_ms - self._office.policy.max_age_min * MINUTE_MS
            count = await self._store(tx, repair, until_ms)
            look = self._seen(gap, repair, count, now_ms)
            await gaps.save_look(tx, gap, look, now_ms)
        self._board.note(source.component, *repair.health())
        if count:
            log.info("%s: %s", source.ami.name, look.result)
            self._on_call()

    async def _save(self, gap: Row, look: Look) -> None:
        async with self._database.transaction() as tx:
            await gaps.save_look(tx, gap, look, self._clock.now_ms())

    def _failed(self, gap: Row, problem: Unreadable, now_ms: int) -> Look:
        since_ms = now_ms - (gap["until_ms"] or now_ms)
        wait_ms = min(MINUTE_MS * 2 ** min(gap["looks"], 6), HOUR_MS)
        return Look("no", 0, f"not repaired: {problem}", None if since_ms > _GIVE_UP_MS else now_ms + wait_ms)

    def _seen(self, gap: Row, repair: "_Repair", count: int, now_ms: int) -> Look:
        next_ms: int | None = now_ms + _WHILE_IT_LASTS_MS
        if gap["until_ms"] is not None:
            next_ms = int(gap["until_ms"]) + repair.source.cdr.batch_s * SECOND_MS
            if now_ms >= next_ms:
                next_ms = None
        words = repair.words(int(gap["recovered"]) + count)
        return Look("partly" if repair.doubts or repair.since.cut else "cdr", count, words, next_ms)

    async def _store(self, tx: Tx, repair: "_Repair", until_ms: int) -> int:
        """Store what the records know of calls that ended in the gap; return how many calls are new or mended."""
        count, taken = 0, set[int]()
        for out in repair.outs:
            await self._store_out(tx, repair.source.ami.name, out)
        for call in repair.calls:
            row = repair.row(call, trusted=self._clock_trusted())
            there = await gaps.same_call(tx, row, frozenset(taken))
            if there is not None:
                taken.add(there["id"])
                count += await self._mend(tx, there, row)
            elif repair.since.from_ms <= call.ended_ms <= until_ms + _SAME_SECOND_MS:
                count += await calls.save_call(tx, row) is not None
        return count

    async def _mend(self, tx: Tx, there: Row, row: CallRow) -> bool:
        if not await gaps.mend_lost(tx, there["id"], row):
            return False
        if row.outcome.value == "answered":
            await self._reached(tx, row.caller, row.ended_ms, "Asterisk's call records show that the call was answered")
        return True

    async def _store_out(self, tx: Tx, pbx: str, out: RecoveredOut) -> None:
        number = self._office.numbers.dialled(out.number, Place(pbx))
        if isinstance(number, phone.Number) and await gaps.save_out(tx, pbx, out, number.e164) and out.answered:
            await self._reached(tx, number.e164, out.ended_ms, "the office called back and reached the person")

    async def _reached(self, tx: Tx, number: str | None, ended_ms: int, why: str) -> None:
        if number is not None and not await gaps.missed_after(tx, number, ended_ms):
            await reached(tx, number, why, self._clock.now_ms())


class _Since:
    """From when on a gap is repaired. ``cut``: it began before what is looked for, and nobody calls back that late."""

    def __init__(self, gap: Row, cdr: CdrSettings, now_ms: int) -> None:
        earliest_ms = now_ms - cdr.days * DAY_MS
        self.cut = int(gap["from_ms"]) < earliest_ms
        self.gap_ms = max(int(gap["from_ms"]), earliest_ms)
        self.from_ms = max(int(gap["from_ms"]) - cdr.margin_s * SECOND_MS, earliest_ms)


def _read(office: Office, source: Source, teaching: Learned, since: _Since) -> "_Repair":
    """Read and fold, in a thread. Raises :class:`Unreadable`, also for what another program's rows bring up in here."""
    try:
        return _Repair(office, source, read(source.cdr, since.from_ms // SECOND_MS), teaching, since)
    except Unreadable:
        raise
    except Exception as bug:  # rows that others wrote must not end the agent, again at every start
        log.exception("%s: the call records could not be folded; please report this", source.ami.name)
        raise Unreadable(f"{source.cdr.name} cannot be folded ({type(bug).__name__}): please report it") from bug


class _Repair:
    """What one look found, folded, with what is in doubt about all of it."""

    def __init__(self, office: Office, source: Source, found: Read, teaching: Learned, since: _Since) -> None:
        self.office, self.source, self.teaching, self.since = office, source, teaching, since
        cdr, ami = source.cdr, source.ami
        self.times = times_of(found.rows, ZoneInfo(cdr.zone), cdr.times, found.written_s)
        matcher = TrunkMatcher(Trunks(ami.contexts, ami.trunks))
        self.calls, self.outs = fold(found.rows, self.times, matcher, teaching.trunks)
        self.found = found
        self.doubts = tuple(self._doubts())

    def _doubts(self) -> Any:
        begins_ms = first_ms(self.found.rows, self.times)
        if not self.source.cdr.unanswered:
            yield "cdr.unanswered is not set: unanswered legs may be missing"
        if not self.found.covers and (begins_ms is None or begins_ms > self.since.gap_ms):
            yield "the call records begin after the gap did"
        if self.found.damaged:
            yield f"{self.found.damaged} rows could not be read"

    def row(self, call: Recovered, *, trusted: bool) -> CallRow:
        """The row of a recovered call."""
        ami = self.source.ami
        place = Place(ami.name, call.record.channel, call.record.context)
        number = self.office.numbers.read(call.record.caller, place)
        finished = Finished(
            f"{ami.name}/cdr/{call.record.facts['cdr']}",
            ami.name,
            call.record,
            call.verdict,
            call.started_ms,
            call.ended_ms,
            monotonic=0.0,
        )
        doubts = (*call.doubts, *self.doubts, *self._own_doubts(call))
        noted = replace(
            call.record,
            facts={**call.record.facts, "cdr": self.source.cdr.name, "doubts": list(dict.fromkeys(doubts))},
        )
        row = calls.row_of(
            replace(finished, record=noted),
            line=self.office.line_of(call.record.dialled, ami.name),
            caller=number.e164 if isinstance(number, phone.Number) else None,
            clock_trusted=trusted,
        )
        return replace(row, source="recovered", confidence="low" if doubts else "high")

    def _own_doubts(self, call: Recovered) -> Any:
        if self.teaching.elsewhere and call.verdict.detail == "abandoned":
            yield "this trunk's carrier connects calls elsewhere, and call records do not show it"
        if call.record.dialled in self.teaching.told:
            yield "this number's dialplan tells the agent when no text is due, and the agent was not there to hear it"
        if not self.office.policy.after_rejected and call.verdict.outcome.value == "no_answer":
            yield "call records show a refused call as unanswered, and refused calls are not texted here"

    def words(self, count: int) -> str:
        """One sentence for the gap's row."""
        what = {0: "no further call", 1: "1 call recovered"}.get(count, f"{count} calls recovered")
        cut = [f"only its last {self.source.cdr.days} days were looked at"] if self.since.cut else []
        return "; ".join([f"{what}, by {self.source.cdr.name}", *cut, *self.doubts])

    def health(self) -> tuple[State, str]:
        """How the source is."""
        notes = [f"{self.found.damaged} rows could not be read"] if self.found.damaged else []
        if not self.found.rows:
            notes.append(f"{self.source.cdr.name} is empty: does Asterisk write it?")
        if self.times.note:
            notes.append(self.times.note)
        if notes:
            return State.WARN, "; ".join(notes)
        return State.OK, f"{self.source.cdr.name} reads well"
