"""From the session's items and the clock to what is stored: finished calls, calls out, gaps, warnings.

The :class:`Watcher` is pure: it is told every item and the time, and asked when it wants to be woken. A call is
handed over at once when all of its channels are gone; when only the caller is, after a short grace for the rest. A
call that was under way when the link or Asterisk went is adopted again if its channel is still there, and else lost.
:func:`watch` is the loop around it: it waits for an item or for the next deadline, and never polls.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from textback_pbx.calls.epoch import Epoch
from textback_pbx.calls.items import Connected, Devices, Disconnected, Heard, Item, Items, Overflow, OwnEvent, Roll
from textback_pbx.calls.kinds import Event, NewChannel, Shutdown
from textback_pbx.calls.outcome import CallOut, CallRecord, Outcome, Verdict, judge
from textback_pbx.calls.phones import Phones
from textback_pbx.calls.record import Fold, Notices
from textback_pbx.calls.selftest import WORDS, SelfTest
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.trunks import TrunkMatcher, Trunks
from textback_pbx.clock import Clock

#: With the link down this long, calls under way are given up as lost: a text would be too late anyway.
LOST_AFTER_S = 300.0


@dataclass(frozen=True, slots=True)
class Finished:
    """One customer call is over. ``key`` is unique for ever: pbx/system/Asterisk's start/Uniqueid."""

    key: str
    pbx: str
    record: CallRecord
    verdict: Verdict
    started_ms: int
    ended_ms: int
    monotonic: float  # when its last event was heard, s


@dataclass(frozen=True, slots=True)
class FinishedOut:
    """One call from the office to an outside number is over."""

    key: str
    pbx: str
    call: CallOut
    ended_ms: int


@dataclass(frozen=True, slots=True)
class GapOpened:
    """From ``from_ms`` the PBX is not heard. Repeated while it lasts with a newer reason; store it once."""

    pbx: str
    reason: str
    message: str
    from_ms: int


@dataclass(frozen=True, slots=True)
class GapClosed:
    """The PBX is heard again."""

    pbx: str
    until_ms: int
    system: str
    version: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the admin should mend; said once for each connection. ``code`` is stable."""

    pbx: str
    code: str
    message: str


Result = Finished | FinishedOut | GapOpened | GapClosed | Warned

NO_PRESENTATION = (
    "Asterisk does not say whether callers wish to be known: put channelvars = CALLERID(pres) into [general] of "
    "manager.conf and reload, or texts could go to people who withheld their number"
)

#: Never texted on a guess: a phone answered, and nothing tells whether anybody talked.
NO_BRIDGES = Verdict(
    Outcome.LOST, "gap", "a phone answered, and since the login no event has told of any bridge: they may have talked"
)

#: What a call's fact ``presentation`` says where nobody told, and the installer opted in for this PBX.
ACCEPTED_UNSHOWN = "not shown, accepted"


class Watcher:
    """The calls of one PBX. ``take`` every item in order; ``due`` when :meth:`next_due` has come."""

    def __init__(self, settings: AmiSettings) -> None:
        self._settings = settings
        self._trunks = Trunks(settings.contexts, settings.trunks)
        self._known: set[str] = set()
        self._fold = Fold(self._trunks, known=self._known)
        self._phones = Phones()
        self._epoch = Epoch()
        self.self_test = SelfTest(TrunkMatcher(self._trunks))
        self._system = ""
        self._started = ""
        self._due: dict[str, float] = {}
        self._connected = False
        self._warned: set[str] = set()
        self._give_up: float | None = None
        self._absent: set[str] = set()  # from the last roll; absent twice is gone (a new channel may be too new once)
        self._last_ms = 0
        self._last_heard = 0.0

    def know_trunks(self, names: Iterable[str]) -> None:
        """Channel names (``PJSIP/carrier``) that earlier calls came in through: live calls are known again by them."""
        self._known.update(names)

    def take(self, item: Item, monotonic: float) -> list[Result]:
        """Fold one item in at monotonic time ``monotonic`` (s); return what is to be stored now."""
        if isinstance(item, Heard):
            self._last_ms, self._last_heard = item.at_ms, item.monotonic
            return self._on_event(item.event, item.at_ms, monotonic)
        if isinstance(item, Connected):
            return self._on_connected(item, monotonic)
        if isinstance(item, Roll):
            return self._on_roll(item, monotonic) + self._complain()
        if isinstance(item, Devices):
            self._phones.look(item.states, item.at_ms)
            return []
        if isinstance(item, OwnEvent):
            self.self_test.own_event(came_back=item.came_back)
            return self._complain()
        return self._on_gap(item, monotonic)

    def _on_event(self, event: Event, at_ms: int, monotonic: float) -> list[Result]:
        self.self_test.heard(event)
        if isinstance(event, Shutdown):
            self._epoch.ended()
            return self._lose_all(at_ms)
        results: list[Result] = []
        if isinstance(event, NewChannel) and self._epoch.is_another(
            event.channel.uniqueid, lives=self._fold.is_live(event.channel.uniqueid)
        ):
            results += self._start_anew(at_ms)  # Asterisk came back within the second its start time counts in
        results += self._settle(self._fold.apply(event, at_ms), at_ms, monotonic)
        return results

    def people_now(self) -> frozenset[tuple[str, str, str]]:
        """The outside numbers on a call with the office now, as the trunk writes them: number, channel, context."""
        return self._fold.people_now()

    def next_due(self) -> float | None:
        """The monotonic time (s) at which :meth:`due` has something to do; None: never, until an item comes."""
        times = [*self._due.values()] + ([self._give_up] if self._give_up is not None else [])
        return min(times) if times else None

    def due(self, monotonic: float, now_ms: int) -> list[Result]:
        """Hand over the calls whose grace is over, and give up those of a link that stays down."""
        results: list[Result] = []
        for uid in [uid for uid, at in self._due.items() if at <= monotonic]:
            results += self._finish(uid, now_ms)
        if self._give_up is not None and self._give_up <= monotonic:
            self._give_up = None
            results += self._lose_all(now_ms)
        return results

    # ---------------------------------------------------------------------------------------------------------

    def _on_connected(self, item: Connected, monotonic: float) -> list[Result]:
        results: list[Result] = []
        known = bool(self._started and item.started)
        if known and (self._started, self._system) != (item.started, item.system):
            results += self._start_anew(item.at_ms)
            self._epoch = Epoch()
        elif known and self._epoch.was_ended:
            results += self._start_anew(item.at_ms)
        self.self_test.connected()
        self._system, self._started = item.system, item.started
        self._give_up = None
        self._warned = {code for code in self._warned if code == "presentation"}
        live = {channel.channel.uniqueid for channel in item.live}
        results += self._settle(self._fold.missed_a_part(live), item.at_ms, monotonic)
        for channel in item.live:
            results += self._settle(self._fold.apply(channel, item.at_ms), item.at_ms, monotonic)
        self._connected = True
        results.append(GapClosed(self._settings.name, item.at_ms, item.system, item.version))
        results += [Warned(self._settings.name, "privileges", message) for message in item.warnings]
        return results

    def _start_anew(self, at_ms: int) -> list[Result]:
        """Uniqueids start again with Asterisk: what was under way is gone, and must not meet its namesakes."""
        results = self._lose_all(at_ms)
        self._fold = Fold(self._trunks, known=self._known)
        self._epoch.next()
        return results

    def _complain(self) -> list[Result]:
        return [Warned(self._settings.name, f"events:{c}", WORDS[c]) for c in self.self_test.complaints()]

    def _on_roll(self, item: Roll, monotonic: float) -> list[Result]:
        known = self._fold.live_channels()
        absent = known - item.live
        gone, self._absent = absent & self._absent, absent
        for uid, application in item.applications.items():
            self._fold.note_application(uid, application)
        queued = {uid for uid in known if item.applications.get(uid, "").lower() == "queue"}
        queued = {uid for uid in queued if not self._fold.has_fact(uid, "queue")}
        self.self_test.roll([uid for uid in item.live - known if not self._fold.is_gone(uid)], queued)
        self.self_test.unheard_end(len(gone))
        return self._settle(self._fold.end_unheard(gone), item.at_ms, monotonic)

    def _on_gap(self, item: Disconnected | Overflow, monotonic: float) -> list[Result]:
        if isinstance(item, Overflow):
            reason, message = "overflow", f"{item.count} events came faster than they could be taken"
        else:
            reason, message = item.reason.value, item.message
        self._epoch.gap()
        if self._connected:
            self._connected = False
            self._give_up = monotonic + LOST_AFTER_S
        # While it lasts the reason may change (unreachable, then refused): the store keeps one row, from the first.
        return [GapOpened(self._settings.name, reason, message, item.at_ms)]

    def _settle(self, notices: Notices, at_ms: int, monotonic: float) -> list[Result]:
        results: list[Result] = []
        for notice in notices:
            if notice.complete:
                results += self._finish(notice.uniqueid, at_ms)
            else:
                self._due.setdefault(notice.uniqueid, monotonic + self._settings.grace_s)
        return results

    def _finish(self, uid: str, at_ms: int) -> list[Result]:
        self._due.pop(uid, None)
        taken = self._fold.take(uid)
        if not isinstance(taken, CallRecord):
            return [
                FinishedOut(self._key(out.uniqueid), self._settings.name, out, out.ended_ms or at_ms) for out in taken
            ]
        ended_ms = taken.ended_ms or at_ms
        unshown = taken.facts.get("presentation") == "" and not taken.withheld
        if unshown and self._settings.without_presentation:
            taken.facts["presentation"] = ACCEPTED_UNSHOWN
        verdict, started_ms = judge(taken), min(taken.started_ms or ended_ms, ended_ms)
        if verdict.outcome is Outcome.NO_ANSWER and self.self_test.doubts(taken):
            verdict = NO_BRIDGES
        results: list[Result] = [
            Finished(self._key(uid), self._settings.name, taken, verdict, started_ms, ended_ms, self._last_heard)
        ]
        if verdict.outcome is not Outcome.ANSWERED and (away := self._phones.away()):
            taken.facts["not_registered"] = [one.as_fact() for one in away]
        self.self_test.finished(taken)
        results += self._complain()
        if unshown and "presentation" not in self._warned:
            self._warned.add("presentation")
            results.append(Warned(self._settings.name, "presentation", NO_PRESENTATION))
        return results

    def _lose_all(self, at_ms: int) -> list[Result]:
        results: list[Result] = []
        for uid in self._fold.open_calls():
            results += self._finish(uid, at_ms)
        return results

    def _key(self, uid: str) -> str:
        return f"{self._settings.name}/{self._system}/{self._started}{self._epoch.suffix}/{uid}"


async def watch(items: Items, watcher: Watcher, clock: Clock) -> AsyncIterator[list[Result]]:
    """Yield what is to be stored, as soon as it is; waits for items and deadlines, for ever."""
    while True:
        item = items.get_nowait()
        if item is None:
            item = await _next_item(items, watcher, clock)
        results = watcher.take(item, clock.monotonic()) if item is not None else []
        now = clock.monotonic()
        due = watcher.next_due()
        if due is not None and due <= now:
            results += watcher.due(now, clock.now_ms())
        if results:
            yield results


async def _next_item(items: Items, watcher: Watcher, clock: Clock) -> Item | None:
    """The next item, or None when a deadline came first."""
    due = watcher.next_due()
    if due is None:
        return await items.get()
    getting = asyncio.ensure_future(items.get())
    sleeping = asyncio.ensure_future(clock.sleep(max(0.0, due - clock.monotonic())))
    try:
        await asyncio.wait({getting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        return None
    finally:
        sleeping.cancel()
        if not getting.done():
            getting.cancel()
