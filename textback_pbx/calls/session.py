"""The AMI session of one PBX, for ever: login, liveness deadline, back-off, resynchronisation, and its questions.

A silent peer is noticed and dropped; a refused login is not hammered; a queue that overflows is a gap that is told. At
every (re)connection the start time and the live channels are asked for, so that no two calls are taken for one.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Coroutine
from typing import Any

from textback_pbx.calls import rounds, tls
from textback_pbx.calls.ami import Link, Lost, connect
from textback_pbx.calls.items import Connected, Devices, Disconnected, Down, Heard, Items, OwnEvent, Roll
from textback_pbx.calls.kinds import ChannelSeen, Event, Malformed
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import Clock

log = logging.getLogger(__name__)

_EVENT_CLASSES = "call,agent,user,dialplan,system"  # a mask over what the account may read, not a demand
_MAX_PENDING = 20_000


class _Down(Exception):
    """The link ended; carries the words for :class:`Disconnected`."""

    def __init__(self, reason: Down, message: str, quiet_s: float = 0.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.quiet_s = quiet_s  # so long nothing had come when it was noticed


class AmiSession:
    """One PBX, for ever: :meth:`run` connects, logs in, resynchronises, listens, and starts again with back-off.

    What happens is put into :attr:`items`, in order. Never raises for anything a peer does.
    """

    def __init__(self, settings: AmiSettings, clock: Clock, rng: random.Random | None = None) -> None:
        self.settings = settings
        self.items = Items(settings.queue_limit)
        self.malformed_count = 0
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311  # jitter, no secret
        self._pending: list[Heard] | None = None
        self._last_heard = 0.0
        self._link: Link | None = None
        self._overflown = False
        self._may: frozenset[str] = frozenset()
        self._poked = asyncio.Event()  # something answered a caller: look soon what it is

    # called by the protocol ----------------------------------------------------------------------------------

    def heard_bytes(self) -> None:
        """Any byte shows that the peer lives."""
        self._last_heard = self._clock.monotonic()

    def heard(self, event: Event) -> None:
        """Enqueue one event; on overflow drop the link, so that the resynchronisation closes the gap."""
        item = Heard(event, self._clock.now_ms(), self._last_heard)
        if isinstance(event, ChannelSeen) and rounds.answered(event.channel) and self._link is not None:
            self._poked.set()
        if self._pending is not None:
            if len(self._pending) < _MAX_PENDING:
                self._pending.append(item)
                return
        elif not self._overflown and self.items.put(item):
            return
        self._overflow()

    def _overflow(self) -> None:
        if self._overflown:
            return
        self._overflown = True
        self.items.overflow(self.settings.name, 1 + len(self._pending or ()), self._clock.now_ms())
        if self._link is not None:
            self._link.transport.abort()

    def malformed(self, event: Malformed) -> None:
        """Count it; say so once in a while. The reason holds no caller's data."""
        self.malformed_count += 1
        if self.malformed_count & (self.malformed_count - 1) == 0:  # 1, 2, 4, 8 ...
            log.warning("%s: malformed event (%s), %d so far", self.settings.name, event.reason, self.malformed_count)

    # the life of a link --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the session up until cancelled."""
        retry = refused = 0
        while True:
            since = self._clock.monotonic()
            try:
                await self._one_link()
            except _Down as down:
                if self._clock.monotonic() - since >= self.settings.steady_s:
                    retry = refused = 0
                if down.reason is Down.REFUSED:
                    refused, wait = refused + 1, self._wait(refused, refused=True)
                else:
                    retry, wait = retry + 1, self._wait(retry, refused=False)
                self._tell_down(down, wait)
            await self._clock.sleep(wait)

    def _wait(self, tries: int, *, refused: bool) -> float:
        s = self.settings
        first, cap = (s.refused_first_s, s.refused_cap_s) if refused else (s.retry_first_s, s.retry_cap_s)
        return float(min(cap, first * 2 ** min(tries, 16))) * self._rng.uniform(0.75, 1.25)

    def _tell_down(self, down: _Down, wait: float) -> None:
        # The health board says it once; each try again is no event of its own.
        log.debug("%s: %s; next try in %.0f s", self.settings.name, down.message, wait)
        since_ms = self._clock.now_ms() - int(down.quiet_s * 1_000)
        self.items.put(Disconnected(self.settings.name, down.reason, down.message, wait, since_ms))

    async def _one_link(self) -> None:
        self._pending, self._overflown = [], False
        link = await self._connect()
        try:
            await self._login()
            await self._synchronise(link)
            await self._listen(link)
        except TimeoutError as error:
            raise _Down(Down.PROTOCOL, f"{self._where()} accepts connections but does not answer as AMI") from error
        except (ConnectionError, Lost) as error:
            raise self._ended() from error
        finally:
            self._link = None
            link.transport.abort()

    def _ended(self) -> _Down:
        if self._overflown:
            return _Down(Down.OVERFLOW, "more events than could be taken: reconnecting to see what is there now")
        return _Down(Down.CLOSED, f"{self._where()} closed the connection")

    def _where(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    async def _connect(self) -> Link:
        try:
            link = await connect(self.settings, self)
        except (OSError, TimeoutError, ValueError) as error:
            raise _Down(*tls.reason(error, self.settings)) from error
        self._link = link
        self._last_heard = self._clock.monotonic()
        return link

    async def _synchronise(self, link: Link) -> None:
        """Ask for the start time and the live channels, and hand on what was heard meanwhile."""
        core, about = await self._ask("CoreStatus"), await self._ask("CoreSettings")
        self._may = await rounds.may(self._ask_all)
        link.live.clear()
        channels = await self._ask("CoreShowChannels")
        self.items.put(
            Connected(
                self.settings.name,
                str(about.systemname),
                f"{core.corestartupdate}T{core.corestartuptime}" if core.success else "",
                str(about.asteriskversion),
                tuple(link.live),
                rounds.warnings(core, channels, about),
                self._clock.now_ms(),
                self._may,
            )
        )
        pending, self._pending = self._pending or [], None
        for item in pending:  # heard while the live channels were asked for; the fold is idempotent
            if not self._overflown and not self.items.put(item):
                self._overflow()

    async def _login(self) -> None:
        s = self.settings
        login = {"Username": s.username, "Events": _EVENT_CLASSES}
        if s.login == "md5":
            answer = await self._ask("Challenge", AuthType="MD5")
            digest = hashlib.md5(f"{answer.challenge}{s.secret}".encode())  # noqa: S324  # AMI knows no other
            login |= {"AuthType": "MD5", "Key": digest.hexdigest()}
        else:
            login["Secret"] = s.secret
        try:
            answer = await self._ask("Login", **login)
        except Lost as error:
            raise self._refusal("it hung up on the login") from error
        if not answer.success:
            raise self._refusal(str(answer.message))

    def _refusal(self, words: str) -> _Down:
        return _Down(
            Down.REFUSED,
            f"{self._where()} refused the login of {self.settings.username!r} ({words[:80]}): check ami.username and "
            "ami.secret against manager.conf, and its permit/deny lines for this host",
        )

    async def _ask(self, name: str, **headers: str) -> Any:
        """Send one action and wait for its answer. Raises TimeoutError, or ``Lost``."""
        return (await self._ask_all({"Action": name, **headers}))[0]

    async def _ask_all(self, action: dict[str, str]) -> list[Any]:
        """The same with the whole list where the answer is one."""
        assert self._link is not None
        return await self._link.ask(action, self.settings.answer_s)

    async def _listen(self, link: Link) -> None:
        """Wait until the link is gone; ping through silence, and give up on a peer that stays silent."""
        s = self.settings
        patience = self._patience()
        pong: asyncio.Future[Any] | None = None
        pinged = 0.0
        roll, devices = rounds.of(s, self._may, self._clock.monotonic())
        await self._unless_silent(self._test_own_event(link))
        while not link.lost.done():
            now = self._clock.monotonic()
            if devices.due(now):
                await self._unless_silent(self._look_at_devices())
            if self._poked.is_set():
                self._poked.clear()
                roll.hasten(now, rounds.LOOK_AFTER_S)
            if roll.due(now):
                await self._unless_silent(self._call_the_roll(link))
            if pong is not None and self._last_heard >= pinged:
                pong = None  # any byte is an answer
            if pong is None and now - self._last_heard >= s.ping_s:
                pong, pinged = link.ping(), now
            elif pong is not None and now - pinged >= patience:
                raise self._silent()
            wake = self._last_heard + s.ping_s if pong is None else pinged + patience
            await _wait((link.lost, pong), self._poked, min(wake, roll.next, devices.next) - now)
        raise self._ended()

    async def _unless_silent(self, asking: Coroutine[Any, Any, None]) -> None:
        """Ask while listening. A PBX that talks but has no time for this question keeps its link."""
        asked = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._patience()):
                await asking
        except TimeoutError as error:
            if self._last_heard <= asked:
                raise self._silent() from error

    def _patience(self) -> float:
        """What an answer may take while listening, s: silence and a question are within the liveness deadline."""
        return max(0.01, self.settings.liveness_s - self.settings.ping_s)

    def _silent(self) -> _Down:
        quiet = self._clock.monotonic() - self._last_heard
        return _Down(
            Down.SILENT,
            f"nothing heard from {self._where()} for {quiet:.0f} s, not even an answer to what it was asked: "
            "the link is half-open",
            quiet,
        )

    async def _call_the_roll(self, link: Link) -> None:
        link.live.clear()
        answer = await self._ask("CoreShowChannels")
        if answer.success:
            live = frozenset(one.channel.uniqueid for one in link.live)
            runs = {one.channel.uniqueid: one.application for one in link.live if one.application}
            self.items.put(Roll(self.settings.name, live, self._clock.now_ms(), runs))

    async def _look_at_devices(self) -> None:
        states = await rounds.devices(self._ask_all)
        if states is not None:
            self.items.put(Devices(self.settings.name, states, self._clock.now_ms()))

    async def _test_own_event(self, link: Link) -> None:
        """Where the account may (it need not), see whether a UserEvent comes back: classes cannot be asked for."""
        if "userevent" not in self._may:
            return
        link.awaits_own_event = True
        try:
            answer = await self._ask("UserEvent", UserEvent=rounds.OWN_EVENT)
            if answer.success:
                await asyncio.wait(
                    {link.lost, link.own_event}, timeout=self.settings.answer_s, return_when="FIRST_COMPLETED"
                )
                self.items.put(OwnEvent(self.settings.name, link.own_event.done()))
        finally:
            link.awaits_own_event = False


async def _wait(futures: "tuple[asyncio.Future[Any] | None, ...]", poked: asyncio.Event, seconds: float) -> None:
    """Wait until one of them is done, somebody pokes, or the time is over."""
    poke = asyncio.ensure_future(poked.wait())
    there = {poke, *(future for future in futures if future is not None)}
    try:
        await asyncio.wait(there, timeout=max(0.001, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        poke.cancel()
