"""The AMI session: login, liveness deadline, back-off, resynchronisation; the only importer of panoramisk.

panoramisk gives the actions, their ids and the pairing of answers. Around it stands armour: bytes are split and
filtered here before it sees them (it decodes per TCP chunk, and its buffer has no bound); events never go through
its callbacks (a raising handler tears the connection down, coroutine handlers run unordered); it neither reconnects
(every 2 s, for ever, even when refused) nor pings (an unanswered ping is never noticed): this module does both.
No caller's data is ever put into an action.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Coroutine
from functools import partial
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from textback_pbx.calls import rounds, tls
from textback_pbx.calls.blocks import Blocks
from textback_pbx.calls.events import parse, sift
from textback_pbx.calls.items import Connected, Devices, Disconnected, Down, Heard, Items, OwnEvent, Roll
from textback_pbx.calls.kinds import ChannelSeen, Ignored, LiveChannel, Malformed
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import Clock

__all__ = ["AmiSession", "AmiSettings"]

log = logging.getLogger(__name__)

_EVENT_CLASSES = "call,agent,user,dialplan,system"  # a mask over what the account may read, not a demand
_MAX_PENDING = 20_000


class _Down(Exception):
    """The link ended; carries the words for :class:`Disconnected`."""

    def __init__(self, reason: Down, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol, fed with whole blocks instead of TCP chunks."""

    def __init__(self, session: "AmiSession") -> None:
        self.session = session
        self.blocks = Blocks()
        self.live: list[LiveChannel] = []
        self.lost, self.poked, self.own_event = self.loop_future(), self.loop_future(), self.loop_future()

    @staticmethod
    def loop_future() -> "asyncio.Future[None]":
        """A future of the running loop."""
        return asyncio.get_running_loop().create_future()

    def poke(self) -> None:
        """Let the session look soon at what lives."""
        if not self.poked.done():
            self.poked.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Split, filter and pass on; nothing in here may raise into the transport."""
        session = self.session
        session.heard_bytes(len(data))
        blocks = self.blocks.feed(data)
        if not self.responses and self.own_event.done():
            blocks = sift(blocks)  # nobody waits for an answer: only what calls need
        for block in blocks:
            if block.startswith(b"Event:"):
                self._event(block)
            elif block.startswith(b"Response:"):
                self._answer(block)

    def _event(self, block: bytes) -> None:
        event = parse(block)
        if isinstance(event, Ignored):
            if b"\nActionID: " in block:  # the end of a list we asked for
                self._answer(block)
            elif rounds.is_own_event(block) and not self.own_event.done():
                self.own_event.set_result(None)
        elif isinstance(event, LiveChannel):
            self.live.append(event)
        elif isinstance(event, Malformed):
            self.session.malformed(event)
        else:
            self.session.heard(event)

    def _answer(self, block: bytes) -> None:
        text = block.decode("utf-8", "replace").replace("\r\n", "\n").replace("\n", "\r\n")
        message = Message.from_line(text)
        if message is not None and message.action_id in self.responses:
            try:
                self.handle_message(message)
            except Exception:  # an answer panoramisk cannot pair must not cost the link
                log.exception("%s: an answer could not be read", self.session.settings.name)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the session; panoramisk's own reconnection is not used."""
        del exc
        if not self.lost.done():
            self.lost.set_result(None)


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
        self._link: _Protocol | None = None
        self._overflown = False
        self._may: frozenset[str] = frozenset()

    # called by the protocol ----------------------------------------------------------------------------------

    def heard_bytes(self, count: int) -> None:
        """Any byte shows that the peer lives."""
        del count
        self._last_heard = self._clock.monotonic()

    def heard(self, event: Any) -> None:
        """Enqueue one event; on overflow drop the link, so that the resynchronisation closes the gap."""
        item = Heard(event, self._clock.now_ms(), self._last_heard)
        if isinstance(event, ChannelSeen) and rounds.answered(event.channel) and self._link is not None:
            self._link.poke()
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
        self.items.put(Disconnected(self.settings.name, down.reason, down.message, wait, self._clock.now_ms()))

    async def _one_link(self) -> None:
        self._pending, self._overflown = [], False
        link, manager = await self._connect()
        try:
            await self._login_and_sync(manager, link)
            await self._listen(manager, link)
        except TimeoutError as error:
            raise _Down(Down.PROTOCOL, f"{self._where()} accepts connections but does not answer as AMI") from error
        except (ConnectionError, _Lost) as error:
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

    async def _connect(self) -> tuple[_Protocol, Any]:
        s = self.settings
        loop = asyncio.get_running_loop()
        manager = Manager(loop=loop, host=s.host, port=s.port, log=logging.getLogger("textback_pbx.calls.panoramisk"))
        manager.log.setLevel(logging.CRITICAL)  # it logs actions, and a login holds the secret
        name = (s.tls_name or s.host) if s.tls else None
        try:
            async with asyncio.timeout(s.connect_s):
                made = await loop.create_connection(
                    lambda: _Protocol(self), s.host, s.port, ssl=tls.context(s), server_hostname=name
                )
        except (OSError, TimeoutError, ValueError) as error:
            raise _Down(*tls.reason(error, s)) from error
        done: asyncio.Future[Any] = loop.create_future()
        done.set_result(made)
        manager.connection_made(done)
        manager.pinger.cancel()
        link = made[1]
        self._link = link
        self._last_heard = self._clock.monotonic()
        return link, manager

    async def _login_and_sync(self, manager: Any, link: _Protocol) -> None:
        await self._login(manager)
        core = await self._ask(manager, {"Action": "CoreStatus"})
        about = await self._ask(manager, {"Action": "CoreSettings"})
        link.live.clear()
        self._may = may = await rounds.may(partial(self._ask_all, manager))
        channels = await self._ask(manager, {"Action": "CoreShowChannels"})
        warnings = []
        if not (core.success and channels.success):
            warnings.append(
                "this account may not ask for the live channels: give it write = reporting in manager.conf, "
                "or calls under way while the agent reconnects are lost"
            )
        if not about.success:
            warnings.append("this account may not ask for the system's name (CoreSettings)")
        self.items.put(
            Connected(
                self.settings.name,
                str(about.systemname),
                f"{core.corestartupdate}T{core.corestartuptime}" if core.success else "",
                str(about.asteriskversion),
                tuple(link.live),
                tuple(warnings),
                self._clock.now_ms(),
                may,
            )
        )
        pending, self._pending = self._pending or [], None
        for item in pending:  # heard while the live channels were asked for; the fold is idempotent
            if not self._overflown and not self.items.put(item):
                self._overflow()

    async def _login(self, manager: Any) -> None:
        s = self.settings
        login = {"Action": "Login", "Username": s.username, "Events": _EVENT_CLASSES}
        if s.login == "md5":
            answer = await self._ask(manager, {"Action": "Challenge", "AuthType": "MD5"})
            digest = hashlib.md5(f"{answer.challenge}{s.secret}".encode())  # noqa: S324  # AMI knows no other
            login |= {"AuthType": "MD5", "Key": digest.hexdigest()}
        else:
            login["Secret"] = s.secret
        try:
            answer = await self._ask(manager, login)
        except _Lost as error:
            raise self._refusal("it hung up on the login") from error
        if not answer.success:
            raise self._refusal(str(answer.message))

    def _refusal(self, words: str) -> _Down:
        return _Down(
            Down.REFUSED,
            f"{self._where()} refused the login of {self.settings.username!r} ({words[:80]}): check ami.username and "
            "ami.secret against manager.conf, and its permit/deny lines for this host",
        )

    async def _ask(self, manager: Any, action: dict[str, str]) -> Any:
        """Send one action and wait for its answer. Raises TimeoutError, or :class:`_Lost`."""
        return (await self._ask_all(manager, action))[0]

    async def _ask_all(self, manager: Any, action: dict[str, str]) -> list[Any]:
        """The same with the whole list where the answer is one."""
        assert self._link is not None
        future = manager.send_action(action)
        async with asyncio.timeout(self.settings.answer_s):  # wait_for may lose a cancellation (until 3.12)
            answer = await _race_future(future, self._link.lost)
        return answer if isinstance(answer, list) else [answer]

    async def _listen(self, manager: Any, link: _Protocol) -> None:
        """Wait until the link is gone; ping through silence, and give up on a peer that stays silent."""
        s = self.settings
        patience = self._patience()
        pong: asyncio.Future[Any] | None = None
        pinged = 0.0
        roll, devices = rounds.of(s, self._may, self._clock.monotonic())
        await self._unless_silent(self._test_own_event(manager, link))
        while not link.lost.done():
            now = self._clock.monotonic()
            if devices.due(now):
                await self._unless_silent(self._look_at_devices(manager))
            if link.poked.done():
                link.poked = link.loop_future()
                roll.hasten(now, rounds.LOOK_AFTER_S)
            if roll.due(now):
                await self._unless_silent(self._call_the_roll(manager, link))
            if pong is not None and self._last_heard >= pinged:
                pong = None  # any byte is an answer
            if pong is None and now - self._last_heard >= s.ping_s:
                pong, pinged = manager.send_action({"Action": "Ping"}), now
            elif pong is not None and now - pinged >= patience:
                raise self._silent()
            wake = self._last_heard + s.ping_s if pong is None else pinged + patience
            await _wait((link.lost, link.poked, pong), min(wake, roll.next, devices.next) - now)
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
        )

    async def _call_the_roll(self, manager: Any, link: _Protocol) -> None:
        link.live.clear()
        answer = await self._ask(manager, {"Action": "CoreShowChannels"})
        if answer.success:
            live = frozenset(one.channel.uniqueid for one in link.live)
            runs = {one.channel.uniqueid: one.application for one in link.live if one.application}
            self.items.put(Roll(self.settings.name, live, self._clock.now_ms(), runs))

    async def _look_at_devices(self, manager: Any) -> None:
        states = await rounds.devices(partial(self._ask_all, manager))
        if states is not None:
            self.items.put(Devices(self.settings.name, states, self._clock.now_ms()))

    async def _test_own_event(self, manager: Any, link: _Protocol) -> None:
        """Where the account may (it need not), see whether a UserEvent comes back: classes cannot be asked for."""
        if "userevent" not in self._may:
            return
        answer = await self._ask(manager, {"Action": "UserEvent", "UserEvent": rounds.OWN_EVENT})
        if answer.success:
            await _wait((link.lost, link.own_event), self.settings.answer_s)
            self.items.put(OwnEvent(self.settings.name, link.own_event.done()))


class _Lost(Exception):
    """The connection ended while something was awaited."""


async def _race_future(future: "asyncio.Future[Any]", lost: "asyncio.Future[None]") -> Any:
    await asyncio.wait({future, lost}, return_when=asyncio.FIRST_COMPLETED)
    if future.done():
        return future.result()
    future.cancel()
    raise _Lost


async def _wait(futures: "tuple[asyncio.Future[Any] | None, ...]", seconds: float) -> None:
    """Wait until one of them is done, or the time is over."""
    there = {future for future in futures if future is not None}
    await asyncio.wait(there, timeout=max(0.001, seconds), return_when=asyncio.FIRST_COMPLETED)
