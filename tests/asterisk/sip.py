"""A SIP user agent over UDP, small enough to read: the bench's phones and its carrier.

One `Agent` is one address on loopback. A call that comes in is handed to `on_call`; `Agent.invite` places one. Both
give a `Call`. There is no registration refresh, no TCP and no authentication: Asterisk knows its phones by address.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tests.asterisk.sip_call import GIVE_UP, Call
from tests.asterisk.sip_media import Rtp
from tests.asterisk.sip_text import REASONS, Dialog, Message, address, media_of, token

T1 = 0.5  # seconds; RFC 3261 section 17.1.1.1
SIP_PORT = 5060
OF_THE_TRANSACTION = {"Via", "Max-Forwards", "From", "Call-ID"}


class Agent(asyncio.DatagramProtocol):
    """One SIP address. `on_call` is run as a task of its own for every call that comes in."""

    def __init__(self, host: str, server: tuple[str, int], user: str) -> None:
        self.host = host
        self.server = server
        self.user = user
        self.on_call: Callable[[Call], Awaitable[None]] | None = None
        self.calls: list[Call] = []
        self.failures: list[BaseException] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: dict[tuple[str, str], bytes] = {}  # (branch, method) -> our last response
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message]] = {}

    @classmethod
    async def open(cls, host: str, server: tuple[str, int], user: str) -> "Agent":
        """Binds host:5060."""
        agent = cls(host, server, user)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: agent, local_addr=(host, SIP_PORT))
        return agent

    async def close(self) -> None:
        """Ends every call's task and the socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            call.close()
        if self._transport:
            self._transport.close()

    # ---- placing calls, registering --------------------------------------------------------------------------------

    def invite(
        self, extension: str, caller: str = "", name: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> Call:
        """Calls `extension` through the server. `caller` is the From user, or a whole SIP URI."""
        target = f"sip:{extension}@{self.server[0]}:{self.server[1]}"
        uri = caller if caller.startswith("sip:") else f"sip:{caller or self.user}@{self.host}"
        shown = f'"{name}" ' if name else ""
        dialog = (f"{token()}@{self.host}", f"{shown}<{uri}>;tag={token(4)}", f"<{target}>", target)
        call = Call(*dialog, agent=self, invite=Message(""), incoming=False)
        call.invite = self.build("INVITE", call, 1, *headers, body=call.offer())
        self.calls.append(call)
        self._spawn(self._place(call))
        return call

    async def register(self, seconds: int) -> int:
        """REGISTER this address for `seconds` (0 takes it away); returns the final status."""
        uri = f"sip:{self.user}@{self.server[0]}"
        target = f"sip:{self.server[0]}:{self.server[1]}"
        dialog = Dialog(f"{token()}@{self.host}", f"<{uri}>;tag={token(4)}", f"<{uri}>", target)
        message = self.build("REGISTER", dialog, 1, ("Expires", str(seconds)))
        final = await self.transact(message)
        return final.status if final else 408

    async def _place(self, call: Call) -> None:
        key, queue = self._expect(call.invite)
        self._send(call.invite.encode())
        again = asyncio.get_running_loop().call_later(T1, self._send, call.invite.encode())
        try:
            while call.status < 200:
                response = await queue.get()
                again.cancel()
                self._progress(call, response)
        finally:
            again.cancel()
            self._waiting.pop(key, None)

    def _progress(self, call: Call, response: Message) -> None:
        """A response to our INVITE."""
        if response.status < 200:
            if response.status >= 180:
                call.ringing.set()
            return
        call.status = response.status
        call.remote = response.get("to")
        self.acknowledge(call, call.invite, response)
        if response.status < 300:
            call.answered.set()
        else:
            call.end_reason = response.get("reason")
            call.ended.set()
            call.close()

    def cancel(self, invite: Message, headers: list[tuple[str, str]]) -> None:
        """CANCEL names the same transaction as the INVITE (RFC 3261 section 9.1)."""
        kept = [header for header in invite.headers if header[0] in {*OF_THE_TRANSACTION, "To"}]
        cseq = ("CSeq", f"{invite.cseq} CANCEL")
        self._send(Message(f"CANCEL {invite.uri} SIP/2.0", [*kept, cseq, *headers]).encode())

    def acknowledge(self, call: Call, invite: Message, final: Message) -> None:
        """ACK: in the INVITE's own transaction after a refusal, in one of its own after a 2xx."""
        if final.status < 300:
            if contact := final.get("contact"):
                call.target = address(contact)
            if call.rtp and (media := media_of(final.body)):
                call.rtp.remote = media
            ack = self.build("ACK", call, invite.cseq)
        else:
            kept = [header for header in invite.headers if header[0] in OF_THE_TRANSACTION]
            rest = [("To", final.get("to")), ("CSeq", f"{invite.cseq} ACK")]
            ack = Message(f"ACK {invite.uri} SIP/2.0", [*kept, *rest])
        self._send(ack.encode())

    # ---- transactions ----------------------------------------------------------------------------------------------

    def build(self, method: str, dialog: Dialog, cseq: int, *headers: tuple[str, str], body: str = "") -> Message:
        """A request with a transaction of its own."""
        usual = [
            ("Via", f"SIP/2.0/UDP {self.host}:{SIP_PORT};rport;branch=z9hG4bK{token()}"), ("Max-Forwards", "70"),
            ("From", dialog.local), ("To", dialog.remote), ("Call-ID", dialog.call_id), ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{self.user}@{self.host}:{SIP_PORT}>"),
            ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE"), *headers,
        ]  # fmt: skip
        if body and not any(name == "Content-Type" for name, _ in headers):
            usual.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {dialog.target} SIP/2.0", usual, body)

    async def transact(self, message: Message) -> Message | None:
        """Sends a request until a final response comes; None when none comes in time."""
        key, queue = self._expect(message)
        try:
            async with asyncio.timeout(GIVE_UP):
                wait = T1
                while True:
                    self._send(message.encode())
                    with contextlib.suppress(TimeoutError):
                        while True:
                            response = await asyncio.wait_for(queue.get(), wait)
                            if response.status >= 200:
                                return response
                    wait = min(wait * 2, 4.0)
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(key, None)

    def respond(self, request: Message, status: int, *headers: tuple[str, str], to: str = "", body: str = "") -> None:
        """A response, kept so that a repeated request gets the same one."""
        kept = [*request.all("via"), *request.all("record-route"), ("From", request.get("from")),
                ("To", to or request.get("to")), ("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq")),
                *headers]  # fmt: skip
        if not any(name == "Contact" for name, _ in headers):
            kept.append(("Contact", f"<sip:{self.user}@{self.host}:{SIP_PORT}>"))
        if body:
            kept.append(("Content-Type", "application/sdp"))
        data = Message(f"SIP/2.0 {status} {REASONS.get(status, 'Status')}", kept, body).encode()
        self._answers[request.branch, request.method] = data
        self._send(data)

    def _expect(self, message: Message) -> tuple[tuple[str, str], asyncio.Queue[Message]]:
        key = (message.branch, message.method)
        queue: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting[key] = queue
        return key, queue

    def _send(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(data, self.server)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.failures.append(error)

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = Message.parse(data)
        if message is None:
            return
        if message.is_response:
            self._on_response(message)
            return
        if earlier := self._answers.get((message.branch, message.method)):
            self._send(earlier)
            return
        call = self._find(message)
        if call and call.dead:
            return
        handler = getattr(self, f"_on_{message.method.lower()}", None)
        if handler:
            handler(message, call)
        elif message.method != "ACK":
            self.respond(message, 200)

    def _on_response(self, message: Message) -> None:
        if queue := self._waiting.get((message.branch, message.method)):
            queue.put_nowait(message)
        elif message.method == "INVITE" and 200 <= message.status < 300:
            # Our ACK was lost or crossed: acknowledge again.
            for call in self.calls:
                if call.call_id == message.get("call-id") and not call.incoming:
                    self.acknowledge(call, call.invite, message)

    def _find(self, message: Message) -> Call | None:
        call_id = message.get("call-id")
        return next((call for call in self.calls if call.call_id == call_id), None)

    def _on_invite(self, message: Message, call: Call | None) -> None:
        if call:  # a re-INVITE: agree to whatever it says
            call.sdp_version += 1
            self.respond(message, 200, body=call.offer())
            return
        local = f"{message.get('to')};tag={token(4)}"
        dialog = (message.get("call-id"), local, message.get("from"), address(message.get("contact")))
        call = Call(*dialog, agent=self, invite=message, incoming=True)
        if media := media_of(message.body):
            call.rtp = Rtp(self.host)
            call.rtp.remote = media
        self.calls.append(call)
        if self.on_call:
            self._spawn(self._serve(call))

    async def _serve(self, call: Call) -> None:
        assert self.on_call
        try:
            await self.on_call(call)
        finally:
            call.close()

    def _on_cancel(self, message: Message, call: Call | None) -> None:
        self.respond(message, 200)
        if call and not call.ended.is_set() and not call.answered.is_set():
            call.end_reason = message.get("reason")
            call.refuse(487)

    def _on_bye(self, message: Message, call: Call | None) -> None:
        self.respond(message, 200 if call else 481)
        if call:
            call.end_reason = message.get("reason")
            call.ended.set()
            call.close()

    def _on_notify(self, message: Message, call: Call | None) -> None:
        self.respond(message, 200)
        if call and message.get("event").startswith("refer") and message.body.startswith("SIP/2.0 "):
            call.transfer_status.put_nowait(int(message.body.split(" ", 2)[1]))

    def _on_update(self, message: Message, call: Call | None) -> None:
        self.respond(message, 200, body=call.offer() if call and message.body else "")
