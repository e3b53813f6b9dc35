"""The link to one manager interface: panoramisk's protocol with armour around it; the only importer of panoramisk.

panoramisk gives the actions, their ids and the pairing of answers. Bytes are split and filtered here before it sees
them (it decodes per TCP chunk, and its buffer has no bound), and events never go through its callbacks (a raising
handler tears the connection down, coroutine handlers run unordered). It neither reconnects (every 2 s, for ever, even
when refused) nor pings (an unanswered ping is never noticed): the session does both. An answer that comes after its
time belongs to nobody. No caller's data is ever put into an action.
"""

import asyncio
import logging
from typing import Any, Protocol

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from textback_pbx.calls import rounds, tls
from textback_pbx.calls.blocks import Blocks
from textback_pbx.calls.events import parse, sift
from textback_pbx.calls.kinds import Event, Ignored, LiveChannel, Malformed
from textback_pbx.calls.settings import AmiSettings

log = logging.getLogger(__name__)
logging.getLogger("panoramisk").setLevel(logging.CRITICAL)  # it logs actions, and a login holds the secret


class Lost(Exception):
    """The connection ended while something was awaited."""


class Hearer(Protocol):
    """Whom the link tells what came in. None of these may raise."""

    def heard_bytes(self) -> None:
        """Something came in: the peer lives."""

    def heard(self, event: Event) -> None:
        """One event that a call may need."""

    def malformed(self, event: Malformed) -> None:
        """One block that is not what its name says."""


class Link(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol, fed with whole blocks instead of TCP chunks."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self.blocks = Blocks()
        self.live: list[LiveChannel] = []  # of the CoreShowChannels that was asked last
        self.lost = asyncio.get_running_loop().create_future()
        self.own_event = asyncio.get_running_loop().create_future()
        self.awaits_own_event = False

    def data_received(self, data: bytes) -> None:
        """Split, filter and pass on; nothing in here may raise into the transport."""
        self._hearer.heard_bytes()
        blocks = self.blocks.feed(data)
        if not self.responses and not self.awaits_own_event:
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
            self._hearer.malformed(event)
        else:
            self._hearer.heard(event)

    def _answer(self, block: bytes) -> None:
        text = block.decode("utf-8", "replace").replace("\r\n", "\n").replace("\n", "\r\n")
        message = Message.from_line(text)
        if message is not None and message.action_id in self.responses:
            try:
                self.handle_message(message)
            except Exception:  # an answer panoramisk cannot pair must not cost the link
                log.exception("an answer could not be read")

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell who waits; panoramisk's own reconnection is not used."""
        del exc
        if not self.lost.done():
            self.lost.set_result(None)

    def ping(self) -> "asyncio.Future[Any]":
        """Send a ping; the future is done when it is answered."""
        return self.send({"Action": "Ping"})  # type: ignore[no-any-return]

    async def ask(self, action: dict[str, str], seconds: float) -> list[Any]:
        """Send one action; return its answer and, where it is a list, what follows. Raises TimeoutError, or Lost."""
        sent = Action(action)
        future = self.send(sent, as_list=None)  # None: the answer itself says whether it is a list
        try:
            async with asyncio.timeout(seconds):  # wait_for may lose a cancellation (until Python 3.12)
                await asyncio.wait({future, self.lost}, return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                raise Lost
        finally:
            self.responses.pop(sent.id, None)
        answer = future.result()
        return answer if isinstance(answer, list) else [answer]


async def connect(settings: AmiSettings, hearer: Hearer) -> Link:
    """Connect, with TLS where it is set. Raises OSError, TimeoutError or ValueError; ``tls.reason`` has the words."""
    name = (settings.tls_name or settings.host) if settings.tls else None
    async with asyncio.timeout(settings.connect_s):
        _, link = await asyncio.get_running_loop().create_connection(
            lambda: Link(hearer), settings.host, settings.port, ssl=tls.context(settings), server_hostname=name
        )
    return link
