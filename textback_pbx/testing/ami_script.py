"""Scripted calls for the simulated PBX: the AMI blocks Asterisk 22 with PJSIP sends for what happens in an office.

A :class:`Call` is a list of steps (``Wait`` seconds, or ``bytes`` to send). The builders at the end tell whole calls:
``rang_out(...)``, ``busy(...)`` and so on. Uniqueids come from a :class:`Counter`, as Asterisk's do. Times are seconds.
"""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

DOWN, RING, RINGING, UP = 0, 4, 5, 6
_STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}
_CAUSES = {
    16: "Normal Clearing",
    17: "User busy",
    19: "No user responding",
    20: "Subscriber absent",
    26: "Answered elsewhere",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for ``seconds``."""

    seconds: float


Step = Wait | bytes


def block(event: str, *headers: tuple[str, object]) -> bytes:
    """One AMI event as bytes."""
    lines = [f"Event: {event}", *(f"{key}: {value}" for key, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(slots=True)
class Counter:
    """Uniqueids and channel numbers; starts again with Asterisk. ``now`` gives seconds since the epoch."""

    now: Callable[[], float] = time.time
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    names: Iterator[int] = field(default_factory=itertools.count)

    def uniqueid(self) -> str:
        """The next Uniqueid: time.counter."""
        return f"{int(self.now())}.{next(self.ids)}"

    def name(self, endpoint: str) -> str:
        """The next channel name of an endpoint."""
        return f"PJSIP/{endpoint}-{next(self.names):08x}"


@dataclass(slots=True)
class Channel:
    """One scripted channel."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    context: str
    exten: str
    state: int = DOWN
    presentation: str | None = None
    caller_name: str = "<unknown>"

    def headers(self, prefix: str = "") -> list[tuple[str, object]]:
        """The snapshot headers of this channel."""
        values: list[tuple[str, object]] = [
            ("Channel", self.name),
            ("ChannelState", self.state),
            ("ChannelStateDesc", _STATES[self.state]),
            ("CallerIDNum", self.number or "<unknown>"),
            ("CallerIDName", self.caller_name),
            ("ConnectedLineNum", "<unknown>"),
            ("ConnectedLineName", "<unknown>"),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", 1),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        ]
        if self.presentation is not None:
            values.append(("ChanVariable", f"CALLERID(pres)={self.presentation}"))
        return [(prefix + key, value) for key, value in values]


class Call:
    """One call from outside, told step by step; ``steps`` is what happens on the wire."""

    def __init__(
        self,
        counter: Counter,
        caller: str,
        dialled: str = "5001",
        *,
        trunk: str = "trunk",
        context: str = "from-trunk",
        presentation: str | None = "allowed",
        pace: float = 1.0,
    ) -> None:
        self.steps: list[Step] = []
        self._counter = counter
        self._pace = pace
        self._bridge = ""
        uid = counter.uniqueid()
        # Asterisk learns of a withheld number after the channel is made: Newchannel always reads `allowed`.
        # None: a manager.conf without channelvars, which never says it.
        first = None if presentation is None else "allowed"
        self.caller = Channel(counter.name(trunk), uid, uid, caller, context, dialled, RING, first)
        self._send("Newchannel", self.caller)
        self.caller.presentation = presentation

    @property
    def uniqueid(self) -> str:
        """The call's root Uniqueid."""
        return self.caller.uniqueid

    def wait(self, seconds: float) -> "Call":
        """Let time pass (``pace`` scales it)."""
        self.steps.append(Wait(seconds * self._pace))
        return self

    def _send(self, event: str, channel: Channel, *more: tuple[str, object]) -> None:
        head = ("Privilege", "user,all" if event == "UserEvent" else "call,all")
        self.steps.append(block(event, head, *channel.headers(), *more))

    def _dial_event(self, event: str, leg: Channel, *more: tuple[str, object]) -> None:
        self._send(event, self.caller, *leg.headers("Dest"), *more)

    def dial(self, *extensions: str) -> list[Channel]:
        """Dial phones (a group at once); returns their legs, which do not ring yet."""
        legs = [self._leg(extension) for extension in extensions]
        for extension, leg in zip(extensions, legs, strict=True):
            self._dial_event("DialBegin", leg, ("DialString", extension))
        return legs

    def _leg(self, extension: str) -> Channel:
        leg = Channel(
            self._counter.name(extension), self._counter.uniqueid(), self.uniqueid, extension, "internal", "s"
        )
        self._send("Newchannel", leg)
        return leg

    def ring(self, *legs: Channel) -> "Call":
        """The phones ring."""
        for leg in legs:
            leg.state = RINGING
            self._send("Newstate", leg)
            self._dial_event("DialState", leg, ("DialStatus", "RINGING"))
        return self

    def end_leg(self, leg: Channel, status: str, cause: int) -> "Call":
        """A leg ends: the DialEnd with its status, then the hangup with its Q.850 cause."""
        self._dial_event("DialEnd", leg, ("DialStatus", status))
        return self._hang_up(leg, cause)

    def _hang_up(self, channel: Channel, cause: int) -> "Call":
        self._send("Hangup", channel, ("Cause", cause), ("Cause-txt", _CAUSES.get(cause, "Unknown")))
        return self

    def answer(self, leg: Channel, *losers: Channel) -> "Call":
        """A phone takes the call and is bridged with the caller; the others of its group stop."""
        leg.state = UP
        self._send("Newstate", leg)
        for loser in losers:
            self._dial_event("DialEnd", loser, ("DialStatus", "CANCEL"))
        self._dial_event("DialEnd", leg, ("DialStatus", "ANSWER"))
        self.up()
        for loser in losers:
            self._hang_up(loser, 26)
        self._bridge = str(uuid.uuid4())
        for members, channel in enumerate((leg, self.caller), start=1):
            self._send("BridgeEnter", channel, *self._bridge_headers(members))
        return self

    def _bridge_headers(self, members: int) -> list[tuple[str, object]]:
        return [
            ("BridgeUniqueid", self._bridge),
            ("BridgeType", "basic"),
            ("BridgeTechnology", "simple_bridge"),
            ("BridgeNumChannels", members),
        ]

    def up(self) -> "Call":
        """The caller's channel is answered, by a person or by an application."""
        if self.caller.state != UP:
            self.caller.state = UP
            self._send("Newstate", self.caller)
        return self

    def application(self, name: str, data: str = "") -> "Call":
        """The dialplan starts an application (seen only by accounts with the dialplan class)."""
        self._send("Newexten", self.caller, ("Application", name), ("AppData", data))
        return self

    def user_event(self, name: str, **fields: str) -> "Call":
        """The dialplan tells us something: TextbackConsent, TextbackHandled, TextbackSkip."""
        self._send("UserEvent", self.caller, ("UserEvent", name), *fields.items())
        return self

    def queue(self, name: str, *, joined: bool) -> "Call":
        """The caller joins or leaves a queue."""
        self._send("QueueCallerJoin" if joined else "QueueCallerLeave", self.caller, ("Queue", name), ("Position", 1))
        return self

    def caller_hangs_up(self) -> "Call":
        """The caller's side asks to end the call (before :meth:`end`)."""
        self._send("HangupRequest", self.caller, ("Cause", 127 if self.caller.state != UP else 16))
        return self

    def end(self, cause: int = 16, *others: Channel) -> "Call":
        """The caller's channel is gone; bridged phones go first."""
        for channel in (*others, self.caller) if self._bridge else ():
            self._send("BridgeLeave", channel, *self._bridge_headers(0))
        for channel in others:
            self._hang_up(channel, 16)
        self._send("SoftHangupRequest", self.caller, ("Cause", 16))
        return self._hang_up(self.caller, cause)


def rang_out(call: Call, *desks: str, seconds: float = 20.0) -> Call:
    """Every desk rings until the dialplan's time is over."""
    legs = call.dial(*(desks or ("101",)))
    call.wait(0.1).ring(*legs).wait(seconds)
    for leg in legs:
        call.end_leg(leg, "NOANSWER", 0)
    return call.end()


def gave_up(call: Call, *desks: str, seconds: float = 8.0) -> Call:
    """The caller hangs up while the desks ring."""
    legs = call.dial(*(desks or ("101",)))
    call.wait(0.1).ring(*legs).wait(seconds).caller_hangs_up()
    for leg in legs:
        call.end_leg(leg, "CANCEL", 127)
    return call.end(127)


def busy(call: Call, desk: str = "101") -> Call:
    """The desk is on the phone."""
    (leg,) = call.dial(desk)
    return call.wait(0.1).end_leg(leg, "BUSY", 17).end(17)


def unplugged(call: Call) -> Call:
    """The desk's phone is not registered: there is no leg at all."""
    return call.wait(0.1).end(3)


def answered(call: Call, *desks: str, rings: float = 4.0, talks: float = 30.0) -> Call:
    """The first desk takes the call; the others of the group stop ringing."""
    first, *others = call.dial(*(desks or ("101",)))
    call.wait(0.1).ring(first, *others).wait(rings).answer(first, *others).wait(talks)
    return call.caller_hangs_up().end(16, first)


def queue_timeout(call: Call, *agents: str, name: str = "support", seconds: float = 15.0) -> Call:
    """The queue answers, its agents ring, nobody takes the call."""
    call.up().queue(name, joined=True)
    legs = call.dial(*(agents or ("101", "102")))
    call.wait(0.1).ring(*legs).wait(seconds)
    for leg in legs:
        call.end_leg(leg, "NOANSWER", 0)
    return call.queue(name, joined=False).end()


def voicemail(call: Call, desk: str = "101", *, rings: float = 15.0, speaks: float = 10.0, leaves: bool = True) -> Call:
    """The desk rings out, voicemail answers; the caller leaves a message or hangs up in the greeting."""
    (leg,) = call.dial(desk)
    call.wait(0.1).ring(leg).wait(rings).end_leg(leg, "NOANSWER", 0)
    call.application("VoiceMail", f"{desk}@default,u").up().wait(speaks)
    if leaves:
        waiting = (("Privilege", "call,all"), ("Mailbox", f"{desk}@default"), ("Waiting", 1), ("New", 1), ("Old", 0))
        call.steps.append(block("MessageWaiting", *waiting))
    return call.caller_hangs_up().end()


#: The names ``simulate pbx`` and the control channel know the builders by.
SCRIPTS: dict[str, Callable[..., Call]] = {
    "rang_out": rang_out,
    "gave_up": gave_up,
    "busy": busy,
    "unplugged": unplugged,
    "answered": answered,
    "queue_timeout": queue_timeout,
    "voicemail": voicemail,
}
