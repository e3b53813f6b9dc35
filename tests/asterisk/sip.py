"""A SIP user agent over UDP, small enough to read: the bench's phones and its carrier (RFC 3261, RFC 3515, RFC 3891).

One `Agent` is one address on loopback. A call that comes in is handed to `on_call`; `Agent.invite` places one. Both give a
`Call`, which rings, answers, refuses, moves, holds, transfers, presses keys and hangs up. It does no registration
refresh, no TCP and no authentication: the bench's Asterisk knows its phones by their addresses.
"""

import asyncio
import contextlib
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.asterisk.sip_text import CRLF, REASONS, Message, address, media_of, parameter, sdp, token

T1 = 0.5  # seconds; RFC 3261 section 17.1.1.1
GIVE_UP = 8.0
SIP_PORT = 5060
RTP_FRAME = 0.02
SILENCE = b"\xff" * 160  # 20 ms of mu-law silence


@dataclass(eq=False, slots=True)
class Call:
    """One side of one call. Times are the caller's business; every method acts at once."""

    agent: "Agent"
    call_id: str
    local: str  # our From or To, with our tag
    remote: str  # the other side's
    target: str  # where our requests in this dialog go
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
        self._respond(183, body=self._sdp())

    def answer(self) -> None:
        """200 OK with SDP."""
        if not self.ended.is_set():
            self._respond(200, body=self._sdp())
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
        await self.request("INVITE", body=self._sdp(direction="sendonly" if on else "sendrecv"))

    async def press(self, digit: str) -> None:
        """One key, as an INFO (application/dtmf-relay)."""
        body = f"Signal={digit}{CRLF}Duration=100{CRLF}"
        await self.request("INFO", ("Content-Type", "application/dtmf-relay"), body=body)

    async def transfer_to(self, extension: str, replaces: "Call | None" = None) -> int:
        """REFER; with `replaces` an attended transfer onto that other call. Returns the last status reported."""
        target = f"sip:{extension}@{self.agent.server[0]}:{self.agent.server[1]}"
        if replaces:
            tags = f"{replaces.call_id};to-tag={parameter(replaces.remote, 'tag')};from-tag={parameter(replaces.local, 'tag')}"
            target += f"?Replaces={urllib.parse.quote(tags, safe='')}"
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
        message = self.agent.build(
            method, self.target, self.local, self.remote, self.call_id, self.cseq, *headers, body=body
        )
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

    def _sdp(self, direction: str = "sendrecv") -> str:
        if self.rtp is None:
            self.rtp = Rtp(self.agent.host)
        return sdp(self.agent.host, self.rtp.port, direction=direction, version=self.sdp_version)


class Rtp:
    """The audio socket of one call: it swallows what comes and can send silence (RFC 3550)."""

    def __init__(self, host: str) -> None:
        import socket

        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.port: int = self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.task: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self.socket, self._swallow)

    def _swallow(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.socket.recv(2048)

    def speak(self) -> None:
        """Starts sending, when the other side's address is known."""
        if self.task is None and self.remote:
            self.task = asyncio.ensure_future(self._send(self.remote))

    async def _send(self, remote: tuple[str, int]) -> None:
        sequence = 0
        while True:
            stamp = sequence * 160
            header = bytes((0x80, 0)) + (sequence & 0xFFFF).to_bytes(2) + (stamp & 0xFFFFFFFF).to_bytes(4) + b"bnch"
            with contextlib.suppress(OSError):
                self.socket.sendto(header + SILENCE, remote)
            sequence += 1
            await asyncio.sleep(RTP_FRAME)

    def close(self) -> None:
        """Ends the sending and the socket."""
        if self.task:
            self.task.cancel()
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


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
        call = Call(
            self, f"{token()}@{self.host}", f"{shown}<{uri}>;tag={token(4)}", f"<{target}>", target, Message(""),
            incoming=False,
        )  # fmt: skip
        call.invite = self.build("INVITE", target, call.local, call.remote, call.call_id, 1, *headers, body=call._sdp())
        self.calls.append(call)
        self._spawn(self._place(call))
        return call

    async def register(self, seconds: int) -> int:
        """REGISTER this address for `seconds` (0 takes it away); returns the final status."""
        uri = f"sip:{self.user}@{self.server[0]}"
        message = self.build(
            "REGISTER", f"sip:{self.server[0]}:{self.server[1]}", f"<{uri}>;tag={token(4)}", f"<{uri}>",
            f"{token()}@{self.host}", 1, ("Expires", str(seconds)),
        )  # fmt: skip
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
        kept = [
            (name, value) for name, value in invite.headers if name in {"Via", "Max-Forwards", "From", "To", "Call-ID"}
        ]
        cseq = ("CSeq", f"{invite.cseq} CANCEL")
        self._send(Message(f"CANCEL {invite.uri} SIP/2.0", [*kept, cseq, *headers]).encode())

    def acknowledge(self, call: Call, invite: Message, final: Message) -> None:
        """ACK: in the INVITE's own transaction after a refusal, in one of its own after a 2xx."""
        if final.status < 300:
            if contact := final.get("contact"):
                call.target = address(contact)
            if call.rtp and (media := media_of(final.body)):
                call.rtp.remote = media
            ack = self.build("ACK", call.target, call.local, final.get("to"), call.call_id, invite.cseq)
        else:
            kept = [
                (name, value) for name, value in invite.headers if name in {"Via", "Max-Forwards", "From", "Call-ID"}
            ]
            rest = [("To", final.get("to")), ("CSeq", f"{invite.cseq} ACK")]
            ack = Message(f"ACK {invite.uri} SIP/2.0", [*kept, *rest])
        self._send(ack.encode())

    # ---- transactions ----------------------------------------------------------------------------------------------

    def build(
        self, method: str, target: str, local: str, remote: str, call_id: str, cseq: int, *headers: tuple[str, str], body: str = ""
    ) -> Message:  # fmt: skip
        """A request with a transaction of its own."""
        usual = [
            ("Via", f"SIP/2.0/UDP {self.host}:{SIP_PORT};rport;branch=z9hG4bK{token()}"), ("Max-Forwards", "70"),
            ("From", local), ("To", remote), ("Call-ID", call_id), ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{self.user}@{self.host}:{SIP_PORT}>"),
            ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE"), *headers,
        ]  # fmt: skip
        if body and not any(name == "Content-Type" for name, _ in headers):
            usual.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {target} SIP/2.0", usual, body)

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
            self.respond(message, 200, body=call._sdp())
            return
        local = f"{message.get('to')};tag={token(4)}"
        call = Call(self, message.get("call-id"), local, message.get("from"), address(message.get("contact")), message,
                    incoming=True)  # fmt: skip
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
        self.respond(message, 200, body=call._sdp() if call and message.body else "")
