"""A short hand for AMI traffic: scenarios nobody has recorded here, written as a telephony engineer would tell them."""

from textback_pbx.calls.outcome import CallRecord, judge
from textback_pbx.calls.replay import Replay
from textback_pbx.testing.ami_script import DOWN, RING, RINGING, UP, Channel, block

CALLER = "+15125550142"
__all__ = ["CALLER", "DOWN", "RING", "RINGING", "UP", "Wire"]


class Wire:
    """Collects blocks; channels count up like Asterisk's."""

    def __init__(self, start: int = 1) -> None:
        self.blocks: list[bytes] = []
        self._next = start

    def add(self, event: str, channel: Channel | None, *more) -> "Wire":
        self.blocks.append(block(event, *(channel.headers() if channel else ()), *more))
        return self

    def chan(
        self, name, *, state=DOWN, context="internal", exten="s", number="", linked=None, quiet=False, uid=""
    ) -> Channel:
        uid = uid or f"1795203453.{self._next}"
        self._next += 1
        made = Channel(name, uid, linked.linkedid if linked else uid, number, context, exten, state)
        if not quiet:
            self.add("Newchannel", made)
        return made

    def root(self, name="PJSIP/trunk-00000001", *, state=RING, context="from-trunk", exten="5001", number=CALLER, **kw):
        return self.chan(name, state=state, context=context, exten=exten, number=number, **kw)

    def local(self, target, linked):
        stem = f"Local/{target}-{self._next:08x}"
        one = self.chan(f"{stem};1", linked=linked)
        two = self.chan(f"{stem};2", state=RING, linked=linked)
        self.blocks.append(block("LocalBridge", *one.headers("LocalOne"), *two.headers("LocalTwo")))
        return one, two

    def dial(self, caller, *names_or_chans):
        legs = []
        for one in names_or_chans:
            leg = one if isinstance(one, Channel) else self.chan(one, linked=caller)
            self.add("DialBegin", caller, *leg.headers("Dest"), ("DialString", leg.name.split("/")[-1]))
            legs.append(leg)
        return legs[0] if len(legs) == 1 else legs

    def state(self, channel, state):
        channel.state = state
        return self.add("Newstate", channel)

    def ring(self, *legs):
        for leg in legs:
            self.state(leg, RINGING)
        return self

    def dial_end(self, caller, leg, status, *more):
        return self.add("DialEnd", caller, *leg.headers("Dest"), *more, ("DialStatus", status))

    def up(self, *channels):
        for channel in channels:
            self.state(channel, UP)
        return self

    def enter(self, bridge, *channels, tech="simple_bridge"):
        for channel in channels:
            self.add("BridgeEnter", channel, ("BridgeUniqueid", bridge), ("BridgeTechnology", tech))
        return self

    def leave(self, bridge, *channels):
        for channel in channels:
            self.add("BridgeLeave", channel, ("BridgeUniqueid", bridge), ("BridgeTechnology", "simple_bridge"))
        return self

    def asks(self, channel, cause=16):
        return self.add("HangupRequest", channel, ("Cause", cause))

    def end(self, channel, cause=16):
        return self.add("Hangup", channel, ("Cause", cause), ("Cause-txt", "x"))

    def replay(self, trunks=None) -> Replay:
        run = Replay(trunks)
        for piece in self.blocks:
            run.feed(piece)
        return run

    def calls(self, trunks=None) -> list[CallRecord]:
        return self.replay(trunks).finish()[0]

    def outcomes(self, trunks=None) -> list[str]:
        return [judge(record).outcome.value for record in self.calls(trunks)]

    def verdict(self) -> tuple[str, str]:
        (record,) = self.calls()
        found = judge(record)
        return found.outcome.value, found.detail
