"""Which channels belong to which call, and who heard whom: the state the fold keeps; mutable, no I/O, bounded."""

from collections import OrderedDict
from dataclasses import dataclass

from textback_pbx.calls import freeze
from textback_pbx.calls.channels import RING, RINGING, UP, Bridges, Chan, Group, Kind, Tombs
from textback_pbx.calls.kinds import Snapshot
from textback_pbx.calls.trunks import TrunkMatcher, Trunks, endpoint

#: More channels than any office PBX has; beyond it the calls heard of longest ago are given up.
MAX_CHANNELS = 20_000
_MAX_PHONES = 50
_MAX_KNOWN = 1_000
_STATE_DIALING = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """A group whose root is gone. ``complete``: every channel of it is; else a short grace is due for the rest."""

    uniqueid: str
    complete: bool


class Registry:
    """Groups of channels by their root, channels, bridges; ``at_ms`` is the time of the event in hand."""

    def __init__(
        self, trunks: Trunks | None = None, max_channels: int = MAX_CHANNELS, known: set[str] | None = None
    ) -> None:
        self.trunks = TrunkMatcher(trunks or Trunks())
        self.known = set() if known is None else known  # names of trunks that calls came in through; grows
        self.groups: OrderedDict[str, Group] = OrderedDict()
        self.channels: dict[str, Chan] = {}
        self.bridges = Bridges()
        self.tombs = Tombs()
        self.mailboxes: dict[str, int] = {}
        self.notices: list[Ended] = []
        self.at_ms: int | None = None
        self._order = 0
        self._max = max_channels

    def take_notices(self) -> tuple[Ended, ...]:
        """The groups whose root ended since this was asked last."""
        notices, self.notices = tuple(self.notices), []
        return notices

    def see(self, shot: Snapshot | None) -> Chan | None:
        """The channel of a snapshot, made when it is new, with its state brought up to date."""
        if shot is None:
            return None
        chan = self.channels.get(shot.uniqueid)
        if chan is None:
            if shot.uniqueid in self.tombs:
                return None
            chan = self._make(shot)
        if shot.presentation and shot.presentation != chan.presentation:
            chan.shown(shot.presentation)
        if shot.state is not None and shot.state != chan.state:
            self._set_state(chan, shot.state)
        return chan

    def _make(self, shot: Snapshot) -> Chan:
        group = self._group_for(shot)
        outside = self.trunks.outside(shot.context, shot.name)
        if not outside and group.adopted and group.root is None and shot.uniqueid == shot.linkedid:
            # The dialplan has sent it on to another context; which number was dialled is not to be seen any more.
            outside = group.facts["adopted_up"] = endpoint(shot.name) in self.known
        chan = Chan(shot, group, outside=outside)
        self.channels[chan.uid] = chan
        group.channels[chan.uid] = chan
        group.alive.add(chan.uid)
        self.bridges.add_half(chan)
        if shot.uniqueid == shot.linkedid and group.root is None:
            self._root(group, chan)
        if len(self.channels) > self._max:
            self._shed()
        return chan

    def _group_for(self, shot: Snapshot) -> Group:
        linked = self.channels.get(shot.linkedid)
        if linked is not None and linked.uid != shot.uniqueid:
            return linked.group
        uid = shot.linkedid or shot.uniqueid
        group = self.groups.get(uid)
        if group is None:
            self._order += 1
            group = self.groups[uid] = Group(uid, self._order)
            group.started_ms = self.at_ms
        return group

    def _root(self, group: Group, chan: Chan) -> None:
        group.root = chan
        if not chan.person or not chan.outside:
            group.kind = Kind.OTHER

    def _set_state(self, chan: Chan, state: int) -> None:
        first = chan.state is None
        chan.state = state
        if state == RINGING:
            self.alert(chan)
        elif state == UP and not chan.up:
            chan.up = True
            self.stop_ringing(chan)
            if chan.bridge is not None:
                self.meet(chan)
        group = chan.group
        if group.root is chan and group.kind is Kind.PENDING:
            self._decide_kind(group, state, first=first)

    def _learn(self, root: Chan | None) -> None:
        if root is not None and len(self.known) < _MAX_KNOWN:
            self.known.add(endpoint(root.name))

    def _decide_kind(self, group: Group, state: int, *, first: bool) -> None:
        """Ring: it came in. Dialing, Ringing, or Up without Ring: Asterisk made it."""
        if state == RING or (state == UP and first and group.adopted):
            group.kind = Kind.CUSTOMER
            self._learn(group.root)
        elif state in (_STATE_DIALING, RINGING, UP):
            group.kind = Kind.OTHER

    def alert(self, chan: Chan) -> None:
        """A phone rings (or its network plays ringing)."""
        chan.alerting = True
        if chan.ring_from_ms is None:
            chan.ring_from_ms = self.at_ms

    def stop_ringing(self, chan: Chan) -> None:
        """It does not ring any more; the first end counts."""
        if chan.ring_until_ms is None and chan.ring_from_ms is not None:
            chan.ring_until_ms = self.at_ms

    def gone(self, chan: Chan, cause: int | None) -> None:
        """A channel ended with a Q.850 cause (None: nobody told); what its call needs of it stays."""
        if not chan.alive:
            return
        chan.alive = False
        chan.cause = cause
        self.stop_ringing(chan)
        self.bridges.forget(chan)
        group = chan.group
        chan.abandoned = chan.abandoned or (group.asked_to_end and chan.dial_status in (None, "CANCEL"))
        group.alive.discard(chan.uid)
        if group.root is chan:
            group.ended_ms = self.at_ms
        freeze.compress(group)
        self._tell(group)

    def _tell(self, group: Group) -> None:
        if group.closed or group.kind is Kind.PENDING:
            if not group.alive:
                self.drop(group)
            return
        root_gone = group.root is None or not group.root.alive
        if not group.alive or (root_gone and group.kind is Kind.CUSTOMER):
            self.notices.append(Ended(group.uid, complete=not group.alive))

    def drop(self, group: Group) -> None:
        """Forget a group and its channels."""
        for uid in group.channels:
            self.channels.pop(uid, None)
            self.tombs.bury(uid)
        self.groups.pop(group.uid, None)

    def _shed(self) -> None:
        """Too many channels: give up the oldest group (its Hangups never came). A customer call of it is told."""
        group = next(iter(self.groups.values()))
        for chan in [chan for chan in group.channels.values() if chan.alive]:
            self.end_unheard(chan)

    def end_unheard(self, chan: Chan) -> None:
        """A channel is gone and its Hangup was not heard: its call is `lost` unless a person had answered."""
        if chan.group.root is chan:
            chan.group.facts["hangup_unheard"] = True
        self.gone(chan, None)

    def own(self, chan: Chan, group: Group) -> None:
        """Give a channel (and its Local other half) to the call that dials it."""
        for one in (chan, self.bridges.other_half(chan)):
            if one is None or one.group is group or one.group.root is one:
                continue
            old = one.group
            old.channels.pop(one.uid, None)
            old.alive.discard(one.uid)
            group.channels[one.uid] = one
            one.group = group
            if one.alive:
                group.alive.add(one.uid)
            if not old.channels:
                self.groups.pop(old.uid, None)

    def meet(self, chan: Chan) -> None:
        """A channel is up in a bridge: see whom it hears now, and note who answered whom."""
        heard = [one for one in self.bridges.connected(chan) if one.person and one.alive]
        if len(heard) < 2:
            return
        customers = [one for one in heard if one.group.root is one and one.group.kind is Kind.CUSTOMER]
        people = [one for one in heard if one.up and one not in customers]
        for person in people:
            person.bridged = person.bridged or len(people) > 1 or bool(customers)
            for customer in customers:
                group = customer.group
                group.answered_by = group.answered_by or person.uid
                group.facts.pop("left_alone", None)
                if person.group is not group:
                    group.guests[person.uid] = person

    def with_a_person(self, group: Group) -> bool:
        """Whether the caller hears a person now."""
        root = group.root
        if root is None or root.bridge is None:
            return False
        return any(one is not root and one.person and one.alive and one.up for one in self.bridges.connected(root))

    def note_on_the_phone(self, leg: Chan) -> None:
        """A phone said busy: whether it is in another call now, and with whom, as far as its channels show."""
        phone = endpoint(leg.name)
        others = [one for one in self.channels.values() if one.alive and one is not leg and endpoint(one.name) == phone]
        known = leg.group.facts.setdefault("on_the_phone", {})
        if isinstance(known, dict) and len(known) < _MAX_PHONES:
            known[phone] = self._busy_with(others)

    def _busy_with(self, others: list[Chan]) -> str:
        talking = [one for one in others if one.bridge is not None and one.up]
        if not talking:
            return "ringing or dialling" if others else "no other call was seen"
        far = [one for one in self.bridges.connected(talking[0]) if one.person and one is not talking[0]]
        if any(one.outside for one in far):
            return "talking with an outside number"
        return f"talking with {endpoint(far[0].name)}" if far else "in another call"

    def see_late(self, shot: Snapshot | None) -> Chan | None:
        """See a channel whose Newchannel ought to have come: if it did not, its call was heard in part only."""
        if shot is None:
            return None
        known = shot.uniqueid in self.channels
        if not known and shot.uniqueid == shot.linkedid and shot.uniqueid not in self.tombs:
            group = self._group_for(shot)
            if group.root is None:
                group.adopted = True
                group.facts["adopted_up"] = shot.state == UP
        return self.see(shot)
