"""PBX -> calls: what the AMI session heard becomes rows, once each, and the gaps in what was heard.

What could not be stored yet waits in memory until the disk takes it; the session's queue behind it is bounded, and
its overflow is a gap with a row of its own.
"""

import logging
from collections.abc import Callable

from textback_pbx import phone
from textback_pbx.calls import backfill_store
from textback_pbx.calls import store as calls
from textback_pbx.calls.numbers import Place
from textback_pbx.calls.selftest import GRAVE, Seen
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.store import CallRow
from textback_pbx.calls.watcher import Finished, FinishedOut, GapClosed, GapOpened, Result, Warned, Watcher, watch
from textback_pbx.clock import MINUTE_MS, Clock
from textback_pbx.database import Database, Tx
from textback_pbx.health import Board, State
from textback_pbx.journal import about
from textback_pbx.pipeline.decide import reached
from textback_pbx.pipeline.loop import insist
from textback_pbx.pipeline.office import Office

log = logging.getLogger(__name__)

_BEAT_MS = 10 * MINUTE_MS


def _nobody_repairs() -> None:
    """Nothing waits for the end of a gap."""


class Listener:
    """The listen loop of one PBX."""

    def __init__(
        self,
        parts: tuple[Database, Office, Clock, Board],
        settings: AmiSettings,
        *,
        component: str = "ami",
        clock_trusted: Callable[[], bool],
        on_call: Callable[[], None],
        on_heard_again: Callable[[], None] = _nobody_repairs,
    ) -> None:
        self._database, self._office, self._clock, self._board = parts
        self._settings, self._clock_trusted, self._on_call = settings, clock_trusted, on_call
        self.component = component
        self._on_heard_again = on_heard_again
        self.session = AmiSession(settings, self._clock)
        self._watcher = Watcher(settings)
        self._warnings: dict[str, str] = {}
        self._kept = Seen()
        self._connected = False
        self._open_ended = False  # heard again, and nobody knows yet what time it was
        self._beat_ms = 0

    @property
    def name(self) -> str:
        """The PBX's name: it stands in the key of every call."""
        return self._settings.name

    async def start(self) -> None:
        """Note the time the agent was off as a gap: AMI has no replay."""
        async with self._database.transaction() as tx:
            self._kept = await calls.seen(tx, self._settings.name)
            self._watcher.self_test.restore(self._kept)
            self._watcher.know_trunks((await backfill_store.learned(tx, self._settings.name)).trunks)
            heard_ms = await calls.last_heard(tx, self._settings.name)
            if heard_ms is not None:
                await calls.open_gap(tx, self._settings.name, heard_ms, "the agent was not running")
        self._note(State.WARN, f"connecting to {self._settings.host}:{self._settings.port}")

    async def run(self) -> None:
        """Store what is heard, for ever."""
        async for results in watch(self.session.items, self._watcher, self._clock):
            await insist(lambda: self._store(results), clock=self._clock, board=self._board)  # noqa: B023 - awaited here

    def on_the_phone(self, number: str) -> bool:
        """Whether this person (E.164) is on a call with the office now: ringing, talking, or being called."""
        numbers = self._office.numbers
        spoken = (
            (numbers.read if context else numbers.dialled)(raw, Place(self.name, channel, context))
            for raw, channel, context in self._watcher.people_now()
        )
        return any(isinstance(parsed, phone.Number) and parsed.e164 == number for parsed in spoken)

    async def beat(self, *, now: bool = False) -> None:
        """Note on disk until when the PBX was heard, so that a crash leaves a gap with a beginning.

        A clock that is not trusted notes nothing, and a gap that ended meanwhile ends when it is: a Raspberry Pi boots
        with yesterday's time, and by that the gap would end before it began.
        """
        now_ms = self._clock.now_ms()
        if not self._connected or not self._clock_trusted():
            return
        late, self._open_ended = self._open_ended, False
        if late or now or abs(now_ms - self._beat_ms) >= _BEAT_MS:
            async with self._database.transaction() as tx:
                await calls.heartbeat(tx, self._settings.name, now_ms)
                if late:
                    await calls.close_gap(tx, self._settings.name, now_ms)
            self._beat_ms = now_ms
        if late:
            self._on_heard_again()

    async def _store(self, results: list[Result]) -> None:
        async with self._database.transaction() as tx:
            ids = [await self._store_one(tx, result) for result in results]
            seen = self._watcher.self_test.seen()
            if seen != self._kept:
                await calls.keep_seen(tx, self.name, seen)
        self._kept = seen
        for result, call_id in zip(results, ids, strict=True):
            self._tell(result, call_id)
        if any(ids):
            self._on_call()

    async def _store_one(self, tx: Tx, result: Result) -> int | None:
        """Store a result; return the id of a call that is new."""
        match result:
            case Finished():
                return await calls.save_call(tx, self._row(result))
            case FinishedOut():
                await self._store_out(tx, result)
            case GapOpened():
                await calls.open_gap(tx, result.pbx, result.from_ms, result.reason)
            case GapClosed():
                self._open_ended = not self._clock_trusted()
                if not self._open_ended:
                    await calls.close_gap(tx, result.pbx, result.until_ms)
                    await calls.heartbeat(tx, result.pbx, result.until_ms)
            case Warned():
                pass
        return None

    async def _store_out(self, tx: Tx, out: FinishedOut) -> None:
        number = self._office.numbers.dialled(out.call.number, Place(self.name, out.call.channel))
        if isinstance(number, phone.Number) and await calls.save_call_out(tx, out, number.e164) and out.call.answered:
            await reached(tx, number.e164, "the office called back and reached the person", self._clock.now_ms())

    def _row(self, finished: Finished) -> CallRow:
        record = finished.record
        number = self._office.numbers.read(record.caller, Place(self.name, record.channel, record.context))
        return calls.row_of(
            finished,
            line=self._office.line_of(record.dialled, self.name),
            caller=number.e164 if isinstance(number, phone.Number) else None,
            clock_trusted=self._clock_trusted(),
        )

    def _tell(self, result: Result, call_id: int | None) -> None:
        match result:
            case Finished():
                record, verdict = result.record, result.verdict
                who = phone.tag(record.caller) if record.caller else "withheld"
                words = verdict.detail or verdict.condition
                keys = about(call=call_id, uniqueid=record.uniqueid)
                name = f"{call_id or 'known already'}, {record.uniqueid},"
                log.info("call %s from %s: %s (%s)", name, who, verdict.outcome, words, extra=keys)
            case GapOpened():
                self._connected = False
                self._note(State.FAIL, result.message)
            case GapClosed():
                self._connected = True
                self._on_heard_again()
                self._warnings = {code: words for code, words in self._warnings.items() if code == "presentation"}
                self._note_connected(result.version)
            case Warned():
                self._warnings[result.code] = result.message
                self._note_connected("")
            case FinishedOut():
                pass

    def _note_connected(self, version: str) -> None:
        if self._warnings:
            state = State.FAIL if GRAVE & self._warnings.keys() else State.WARN
            self._note(state, "; ".join(self._warnings.values()))
        else:
            self._note(State.OK, f"connected to Asterisk {version}".rstrip())

    def _note(self, state: State, message: str) -> None:
        self._board.note(self.component, state, message)
