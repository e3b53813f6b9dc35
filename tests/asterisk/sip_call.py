"""One side of one call, with a method for each thing a phone can do in it (RFC 3261, RFC 3515, RFC 3891)."""

import asyncio
import contextlib
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.asterisk.sip_media import Rtp
from tests.asterisk.sip_text import CRLF, Dialog, Message, address, parameter, sdp

if TYPE_CHECKING:
    from tests.asterisk.sip import Agent

GIVE_UP = 8.0  # seconds


@dataclass(eq=False, slots=True)
class Call(Dialog):
    """One side of one call. Times are the caller's business; every method acts at once."""

    agent: "Agent"
    invite: Message
    incoming: bool
    cseq: int = 1
    status: int = 0  # the final status of the INVITE; 0 while there is none
    sdp_version: int = 1
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    end_reason: str = ""  # the Reason header of the CANCEL or BYE that ended it
    transfer_status: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    rtp: "Rtp | None" = None
    dead: bool = False

    # ---- an incoming call ----------------------------------------------------------------------------------------

    def ring(self) -> None:
        """180 Ringing."""
        self._respond(180)
        self.ringing.set()

    def progress(self) -> None:
        """183 with SDP: the carrier plays something before anyone answers."""
        self._respond(183, body=self.offer())

    def answer(self) -> None:
        """200 OK with SDP."""
        if not self.ended.is_set():
            self._respond(200, body=self.offer())
            self.status = 200
            self.answered.set()

    def refuse(self, status: int, *headers: tuple[str, str]) -> None:
        """Any final status of 300 and above, such as 486, 603 or 302 with its Contact."""
        if not self.ended.is_set():
            self._respond(status, *headers)
            self.status = status
            self.ended.set()

    def play_dead(self) -> None:
        """Not one byte more about this call, as a phone without power."""
        self.dead = True

    def _respond(self, status: int, *headers: tuple[str, str], body: str = "") -> None:
        self.agent.respond(self.invite, status, *headers, to=self.local, body=body)

    # ---- both directions -----------------------------------------------------------------------------------------

    async def hang_up(self, reason: str = "") -> None:
        """BYE when answered, CANCEL while our own INVITE is open, 603 for a call that rings here."""
        headers = [("Reason", reason)] if reason else []
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self.ended.set()
            await self.request("BYE", *headers)
        elif self.incoming:
            self.refuse(603)
        else:
            self.agent.cancel(self.invite, headers)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), GIVE_UP)
        self.close()

    async def hold(self, *, on: bool = True) -> None:
        """A re-INVITE that says sendonly, or sendrecv again."""
        self.sdp_version += 1
        await self.request("INVITE", body=self.offer(direction="sendonly" if on else "sendrecv"))

    async def press(self, digit: str) -> None:
        """One key, as an INFO (application/dtmf-relay)."""
        body = f"Signal={digit}{CRLF}Duration=100{CRLF}"
        await self.request("INFO", ("Content-Type", "application/dtmf-relay"), body=body)

    async def transfer_to(self, extension: str, replaces: "Call | None" = None) -> int:
        """REFER; with `replaces` an attended transfer onto that other call. Returns the last status reported."""
        target = f"sip:{extension}@{self.agent.server[0]}:{self.agent.server[1]}"
        if replaces:
            theirs, ours = parameter(replaces.remote, "tag"), parameter(replaces.local, "tag")
            tags = urllib.parse.quote(f"{replaces.call_id};to-tag={theirs};from-tag={ours}", safe="")
            target += f"?Replaces={tags}"
        referred = ("Referred-By", f"<{address(self.local)}>")
        status = await self.request("REFER", ("Refer-To", f"<{target}>"), referred)
        while 200 <= status < 300 and not self.ended.is_set():
            status = await self._next_transfer_status()
            if status >= 200:
                break
        return status

    async def _next_transfer_status(self) -> int:
        news = asyncio.ensure_future(self.transfer_status.get())
        gone = asyncio.ensure_future(self.ended.wait())
        done, waiting = await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED, timeout=GIVE_UP)
        for task in waiting:
            task.cancel()
        return news.result() if news in done else 200

    def speak(self) -> None:
        """Sends audio (silence) from now on, as any real phone does."""
        if self.rtp:
            self.rtp.speak()

    async def request(self, method: str, *headers: tuple[str, str], body: str = "") -> int:
        """A request inside the dialog; returns the final status, 408 when nothing comes."""
        self.cseq += 1
        message = self.agent.build(method, self, self.cseq, *headers, body=body)
        final = await self.agent.transact(message)
        if final is None:
            return 408
        if method == "INVITE":
            self.agent.acknowledge(self, message, final)
        return final.status

    def close(self) -> None:
        """Lets go of the audio socket."""
        if self.rtp:
            self.rtp.close()
            self.rtp = None

    def offer(self, direction: str = "sendrecv") -> str:
        """Our SDP; opens the audio socket the first time."""
        if self.rtp is None:
            self.rtp = Rtp(self.agent.host)
        return sdp(self.agent.host, self.rtp.port, direction=direction, version=self.sdp_version)
