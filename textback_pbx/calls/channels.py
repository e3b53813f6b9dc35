"""The channels and bridges that live now, as the events show them, and which call owns each; mutable, no I/O.

Ownership is by the channel that dials, not by linkedid: linkedids of strangers merge when their channels meet
(a parking lot, a conference), the call a leg was dialled for does not.
"""

from collections import OrderedDict
from collections.abc import Iterator
from enum import Enum

from textback_pbx.calls.kinds import Snapshot
from textback_pbx.calls.trunks import NOT_A_PERSON, local_half, prohibited, technology

RING, RINGING, UP = 4, 5, 6


class Kind(Enum):
    """What the root of a group of channels shows it to be."""

    PENDING = "pending"  # root unknown, or known and not yet seen ringing in
    CUSTOMER = "customer"
    OTHER = "other"


class Chan:
    """One channel with the evidence the outcome rests on. Times are ms UTC, or None when nobody told them."""

    __slots__ = (
        "abandoned",
        "alerting",
        "alive",
        "bridge",
        "bridged",
        "cause",
        "context",
        "dial_status",
        "dial_string",
        "exten",
        "forwarded",
        "group",
        "half",
        "linkedid",
        "name",
        "number",
        "outside",
        "parent",
        "person",
        "presentation",
        "ring_from_ms",
        "ring_until_ms",
        "state",
        "uid",
        "up",
    )

    def __init__(self, snapshot: Snapshot, group: "Group", *, outside: bool) -> None:
        self.uid = snapshot.uniqueid
        self.name = snapshot.name
        self.linkedid = snapshot.linkedid
        self.context = snapshot.context
        self.exten = snapshot.exten
        self.number = snapshot.number
        self.presentation: str | int = ""
        self.half = local_half(snapshot.name)
        self.person = technology(snapshot.name) not in NOT_A_PERSON
        self.outside = outside
        self.group = group
        self.parent: str | None = None
        self.state: int | None = None
        self.alive = True
        self.up = False
        self.alerting = False
        self.bridge: str | None = None
        self.bridged = False
        self.forwarded = False
        self.abandoned = False
        self.dial_status: str | None = None
        self.dial_string = ""
        self.cause: int | None = None
        self.ring_from_ms: int | None = None
        self.ring_until_ms: int | None = None

    def shown(self, presentation: str | int) -> None:
        """Take a presentation: the last one counts, but what was withheld once stays so.

        The inbound routes of FreePBX set every call to `allowed`, whatever the caller wishes.
        """
        if not prohibited(self.presentation):
            self.presentation = presentation


class Group:
    """The channels of one call, by its root's Uniqueid."""

    __slots__ = (
        "adopted",
        "alive",
        "answered_by",
        "application",
        "asked_to_end",
        "channels",
        "closed",
        "ended_ms",
        "facts",
        "guests",
        "kind",
        "order",
        "root",
        "started_ms",
        "uid",
        "up_after_legs",
        "withheld",
    )

    def __init__(self, uid: str, order: int) -> None:
        self.uid = uid
        self.order = order
        self.kind = Kind.PENDING
        self.root: Chan | None = None
        self.channels: dict[str, Chan] = {}  # owned, gone ones too while they are evidence
        self.guests: dict[str, Chan] = {}  # other calls' channels that took this caller (pickup, parking)
        self.alive: set[str] = set()
        self.started_ms: int | None = None
        self.ended_ms: int | None = None
        self.asked_to_end = False  # the caller's side hung up
        self.answered_by: str | None = None
        self.adopted = False  # its beginning, or a part of it, was not heard
        self.application = ""
        self.withheld = False
        self.facts: dict[str, object] = {}
        self.closed = False  # handed over; kept only while its channels live

    def legs(self) -> Iterator[Chan]:
        """Every real channel other than the root that was tried for, or took, this call."""
        for chan in self.channels.values():
            if chan.person and chan is not self.root:
                yield chan
        yield from self.guests.values()


class Bridges:
    """Who is in which bridge, and who can hear whom."""

    def __init__(self) -> None:
        self._members: dict[str, dict[str, Chan]] = {}
        self._holding: set[str] = set()
        self._halves: dict[tuple[str, str], Chan] = {}

    def __len__(self) -> int:
        return len(self._members)

    def add_half(self, chan: Chan) -> None:
        """Know a Local channel's half, so that its other half can be found."""
        if chan.half:
            self._halves[chan.half] = chan

    def other_half(self, chan: Chan) -> Chan | None:
        """The other half of a Local channel, if it lives."""
        if chan.half is None:
            return None
        stem, number = chan.half
        return self._halves.get((stem, "2" if number == "1" else "1"))

    def enter(self, chan: Chan, bridge: str, *, holding: bool) -> None:
        """Put a channel into a bridge (and out of the one it was in)."""
        if chan.bridge not in (None, bridge):
            self.leave(chan, chan.bridge)
        self._members.setdefault(bridge, {})[chan.uid] = chan
        chan.bridge = bridge
        (self._holding.add if holding else self._holding.discard)(bridge)

    def is_holding(self, bridge: str) -> bool:
        """Whether this bridge is known to connect nobody (the list of live channels does not tell)."""
        return bridge in self._holding

    def leave(self, chan: Chan, bridge: str | None) -> None:
        """Take a channel out of a bridge; nothing if it is elsewhere already."""
        if bridge is None or chan.bridge != bridge:
            return
        chan.bridge = None
        members = self._members.get(bridge, {})
        members.pop(chan.uid, None)
        if not members:
            self._members.pop(bridge, None)
            self._holding.discard(bridge)

    def merge(self, target: str, source: str) -> list[Chan]:
        """Move everybody from ``source`` to ``target``; return them."""
        moved = list(self._members.get(source, {}).values())
        for chan in moved:
            self.enter(chan, target, holding=target in self._holding)
        return moved

    def destroy(self, bridge: str) -> None:
        """A bridge is gone, whoever was in it."""
        for chan in list(self._members.get(bridge, {}).values()):
            self.leave(chan, bridge)

    def forget(self, chan: Chan) -> None:
        """A channel is gone."""
        self.leave(chan, chan.bridge)
        if chan.half and self._halves.get(chan.half) is chan:
            del self._halves[chan.half]

    def connected(self, start: Chan) -> list[Chan]:
        """Everybody who hears ``start``: through its bridge, and on through Local channels; itself included."""
        seen = {start.uid: start}
        queue = [start]
        while queue:
            chan = queue.pop()
            near = self._near(chan.bridge)
            if other := self.other_half(chan):
                near.append(other)
            for neighbour in near:
                if neighbour.uid not in seen:
                    seen[neighbour.uid] = neighbour
                    queue.append(neighbour)
        return list(seen.values())

    def _near(self, bridge: str | None) -> list[Chan]:
        if bridge is None or bridge in self._holding:
            return []
        return list(self._members.get(bridge, {}).values())


class Tombs:
    """Uniqueids that are gone for good, so that a late or doubled event does not raise them; bounded."""

    def __init__(self, limit: int = 8_192) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._limit = limit

    def __contains__(self, uid: str) -> bool:
        return uid in self._ids

    def bury(self, uid: str) -> None:
        """Remember that ``uid`` is gone."""
        self._ids[uid] = None
        if len(self._ids) > self._limit:
            self._ids.popitem(last=False)
