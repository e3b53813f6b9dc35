"""Folds AMI events into one record for each customer call, and one for each call out; table-driven, pure, bounded.

A customer call is a group of channels whose root (Uniqueid equals Linkedid when it is made) is a trunk's, not Local,
and was seen in state Ring: Asterisk rings *in* with Ring and *out* with Ringing, so a call that Asterisk originates
through the same trunk is none. Events may come doubled, late, out of order or not at all; nothing here raises.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textback_pbx.calls import freeze
from textback_pbx.calls import kinds as ev
from textback_pbx.calls.channels import RING, RINGING, UP, Bridges, Chan, Group, Kind, Tombs
from textback_pbx.calls.kinds import Snapshot
from textback_pbx.calls.outcome import CallOut, CallRecord
from textback_pbx.calls.trunks import TrunkMatcher, Trunks, no_number

#: More channels than any office PBX has; beyond it the calls heard of longest ago are given up.
MAX_CHANNELS = 20_000
_STATE_DIALING = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """A group whose root is gone. ``complete``: every channel of it is; else a short grace is due for the rest."""

    uniqueid: str
    complete: bool


Notices = tuple[Ended, ...]


class Fold:
    """The state of one PBX's calls. Feed it every event in order; take the records of calls that ended."""

    def __init__(self, trunks: Trunks | None = None, *, max_channels: int = MAX_CHANNELS) -> None:
        self._trunks = TrunkMatcher(trunks or Trunks())
        self._groups: OrderedDict[str, Group] = OrderedDict()
        self._channels: dict[str, Chan] = {}
        self._bridges = Bridges()
        self._tombs = Tombs()
        self._mailboxes: dict[str, int] = {}
        self._order = 0
        self._max = max_channels
        self._at_ms: int | None = None
        self._notices: list[Ended] = []

    def apply(self, event: ev.Event, at_ms: int | None = None) -> Notices:
        """Fold one event that happened at ``at_ms`` (None: nobody told). Return the groups whose root it ended."""
        handler = _HANDLERS.get(type(event))
        if handler is None:
            return ()
        self._at_ms = at_ms
        handler(self, event)
        if not self._notices:
            return ()
        notices, self._notices = tuple(self._notices), []
        return notices

    # what the caller of the fold asks ------------------------------------------------------------------------

    def size(self) -> tuple[int, int, int]:
        """How many groups, channels and bridges are held."""
        return len(self._groups), len(self._channels), len(self._bridges)

    def open_calls(self) -> list[str]:
        """The Uniqueids of customer calls and calls out not taken yet, in the order they began."""
        return [uid for uid, group in self._groups.items() if not group.closed and group.kind is not Kind.PENDING]

    def is_customer(self, uid: str) -> bool:
        """Whether this group is a customer call that has not been taken."""
        group = self._groups.get(uid)
        return group is not None and group.kind is Kind.CUSTOMER and not group.closed

    def live_channels(self) -> set[str]:
        """The Uniqueids of the channels believed to live."""
        return {uid for uid, chan in self._channels.items() if chan.alive}

    def take(self, uid: str) -> CallRecord | tuple[CallOut, ...]:
        """Close a group: its customer call, or the calls out in it (perhaps none). Taking twice gives none."""
        group = self._groups.get(uid)
        if group is None or group.closed:
            return ()
        result: CallRecord | tuple[CallOut, ...]
        result = freeze.call(group) if group.kind is Kind.CUSTOMER else freeze.calls_out(group)
        group.closed = True
        self._tombs.bury(uid)
        if not group.alive:
            self._drop(group)
        return result

    def missed_a_part(self, live: set[str]) -> Notices:
        """After a gap: end the channels that are not in ``live``, and mark every open call as heard in part."""
        for group in list(self._groups.values()):
            if group.kind is Kind.CUSTOMER and group.root is not None:
                group.adopted = True
                group.facts.setdefault("adopted_up", group.root.up)
        for uid in self.live_channels() - live:
            self._end_unheard(self._channels[uid])
        notices, self._notices = tuple(self._notices), []
        return notices

    def _end_unheard(self, chan: Chan) -> None:
        if chan.group.root is chan:
            # Its Hangup was not heard: it stays without an end, and so becomes `lost` unless a person had answered.
            chan.group.facts["hangup_unheard"] = True
        self._gone(chan, None)

    # channels and groups -------------------------------------------------------------------------------------

    def _see(self, shot: Snapshot | None) -> Chan | None:
        """The channel of a snapshot, made when it is new, with its state brought up to date."""
        if shot is None:
            return None
        chan = self._channels.get(shot.uniqueid)
        if chan is None:
            if shot.uniqueid in self._tombs:
                return None
            chan = self._make(shot)
        if shot.presentation:
            chan.presentation = shot.presentation
        if shot.state is not None and shot.state != chan.state:
            self._set_state(chan, shot.state)
        return chan

    def _make(self, shot: Snapshot) -> Chan:
        group = self._group_for(shot)
        chan = Chan(shot, group, outside=self._trunks.outside(shot.context, shot.name))
        self._channels[chan.uid] = chan
        group.channels[chan.uid] = chan
        group.alive.add(chan.uid)
        self._bridges.add_half(chan)
        if shot.uniqueid == shot.linkedid and group.root is None:
            self._root(group, chan)
        if len(self._channels) > self._max:
            self._shed()
        return chan

    def _group_for(self, shot: Snapshot) -> Group:
        linked = self._channels.get(shot.linkedid)
        if linked is not None and linked.uid != shot.uniqueid:
            return linked.group
        uid = shot.linkedid or shot.uniqueid
        group = self._groups.get(uid)
        if group is None:
            self._order += 1
            group = self._groups[uid] = Group(uid, self._order)
            group.started_ms = self._at_ms
        return group

    def _root(self, group: Group, chan: Chan) -> None:
        group.root = chan
        if not chan.person or not chan.outside:
            group.kind = Kind.OTHER

    def _set_state(self, chan: Chan, state: int) -> None:
        first = chan.state is None
        chan.state = state
        if state == RINGING:
            self._alert(chan)
        elif state == UP and not chan.up:
            chan.up = True
            self._stop_ringing(chan)
            if chan.bridge is not None:
                self._meet(chan)
        group = chan.group
        if group.root is chan and group.kind is Kind.PENDING:
            self._decide_kind(group, state, first=first)

    @staticmethod
    def _decide_kind(group: Group, state: int, *, first: bool) -> None:
        """Ring: it came in. Dialing, Ringing, or Up without Ring: Asterisk made it."""
        if state == RING or (state == UP and first and group.adopted):
            group.kind = Kind.CUSTOMER
        elif state in (_STATE_DIALING, RINGING, UP):
            group.kind = Kind.OTHER

    def _alert(self, chan: Chan) -> None:
        chan.alerting = True
        if chan.ring_from_ms is None:
            chan.ring_from_ms = self._at_ms

    def _stop_ringing(self, chan: Chan) -> None:
        if chan.ring_until_ms is None and chan.ring_from_ms is not None:
            chan.ring_until_ms = self._at_ms

    def _gone(self, chan: Chan, cause: int | None) -> None:
        if not chan.alive:
            return
        chan.alive = False
        chan.cause = cause
        self._stop_ringing(chan)
        self._bridges.forget(chan)
        group = chan.group
        chan.abandoned = chan.abandoned or (group.asked_to_end and chan.dial_status in (None, "CANCEL"))
        group.alive.discard(chan.uid)
        if group.root is chan:
            group.ended_ms = self._at_ms
        freeze.compress(group)
        self._tell(group)

    def _tell(self, group: Group) -> None:
        if group.closed or group.kind is Kind.PENDING:
            if not group.alive:
                self._drop(group)
            return
        root_gone = group.root is None or not group.root.alive
        if not group.alive or (root_gone and group.kind is Kind.CUSTOMER):
            self._notices.append(Ended(group.uid, complete=not group.alive))

    def _drop(self, group: Group) -> None:
        for uid in group.channels:
            self._channels.pop(uid, None)
            self._tombs.bury(uid)
        self._groups.pop(group.uid, None)

    def _shed(self) -> None:
        """Too many channels: give up the oldest group (its Hangups never came)."""
        group = next(iter(self._groups.values()))
        for chan in group.channels.values():
            self._bridges.forget(chan)
        self._notices = [notice for notice in self._notices if notice.uniqueid != group.uid]
        self._drop(group)

    def _own(self, chan: Chan, group: Group) -> None:
        """Give a channel (and its Local other half) to the call that dials it."""
        for one in (chan, self._bridges.other_half(chan)):
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
                self._groups.pop(old.uid, None)

    def _meet(self, chan: Chan) -> None:
        """A channel is up in a bridge: see whom it hears now, and note who answered whom."""
        heard = [one for one in self._bridges.connected(chan) if one.person and one.alive]
        if len(heard) < 2:
            return
        customers = [one for one in heard if one.group.root is one and one.group.kind is Kind.CUSTOMER]
        people = [one for one in heard if one.up and one not in customers]
        for person in people:
            person.bridged = person.bridged or len(people) > 1 or bool(customers)
            for customer in customers:
                group = customer.group
                group.answered_by = group.answered_by or person.uid
                if person.group is not group:
                    group.guests[person.uid] = person

    # one handler for each kind of event ----------------------------------------------------------------------

    def _on_new_channel(self, event: ev.NewChannel) -> None:
        self._see(event.channel)

    def _on_seen(self, event: ev.ChannelSeen) -> None:
        self._see_late(event.channel)

    def _see_late(self, shot: Snapshot | None) -> Chan | None:
        """See a channel whose Newchannel ought to have come: if it did not, its call was heard in part only."""
        if shot is None:
            return None
        known = shot.uniqueid in self._channels
        if not known and shot.uniqueid == shot.linkedid and shot.uniqueid not in self._tombs:
            group = self._group_for(shot)
            if group.root is None:
                group.adopted = True
                group.facts["adopted_up"] = shot.state == UP
        return self._see(shot)

    def _on_caller_id(self, event: ev.CallerId) -> None:
        chan = self._see_late(event.channel)
        if chan is None:
            return
        if event.presentation is not None and not event.channel.presentation:
            chan.presentation = event.presentation
        # An analogue line sends its number after the first ring; what a trunk called anonymous stays so.
        if chan.number.strip().lower() in ("", "<unknown>") and not chan.up and not no_number(event.channel.number):
            chan.number = event.channel.number

    def _on_dial_begin(self, event: ev.DialBegin) -> None:
        caller, callee = self._see_late(event.caller), self._see(event.callee)
        if callee is None:
            return
        callee.dial_string = event.dial_string
        if caller is not None and caller is not callee:
            callee.parent = caller.uid
            self._own(callee, caller.group)

    def _on_dial_state(self, event: ev.DialState) -> None:
        chan = self._see(event.callee)
        if chan is not None and event.status in ("RINGING", "PROGRESS"):
            self._alert(chan)

    def _on_dial_end(self, event: ev.DialEnd) -> None:
        caller, chan = self._see_late(event.caller), self._see(event.callee)
        if chan is None:
            return
        # A queue's losers get a second DialEnd; the first one said why. ANSWER is stronger than either.
        if chan.dial_status is None or event.status == "ANSWER":
            chan.dial_status = event.status
            chan.abandoned = event.status == "CANCEL" and self._caller_gave_up(chan)
        chan.forwarded = chan.forwarded or bool(event.forward)
        self._stop_ringing(chan)
        if caller is not None and chan.group is not caller.group and chan.person and event.status == "ANSWER":
            caller.group.guests[chan.uid] = chan  # a pickup: the leg that answers was never dialled

    @staticmethod
    def _caller_gave_up(chan: Chan) -> bool:
        """A cancelled leg: the caller's side went, unless another phone had taken the call."""
        group = chan.group
        return group.asked_to_end or (group.root is not None and not group.root.alive)

    def _on_hangup_request(self, event: ev.HangupRequest) -> None:
        chan = self._channels.get(event.channel.uniqueid)
        if chan is not None and chan.group.root is chan:
            self._see(event.channel)
            chan.group.asked_to_end = True
        elif chan is not None:
            self._see(event.channel)

    def _on_hangup(self, event: ev.Hangup) -> None:
        chan = self._channels.get(event.channel.uniqueid)
        if chan is None:
            return
        if event.channel.presentation:
            chan.presentation = event.channel.presentation
        if chan.group.root is chan:
            freeze.note_place(chan.group, event.channel)
        self._gone(chan, event.cause)

    def _on_bridge_enter(self, event: ev.BridgeEnter) -> None:
        chan = self._see_late(event.channel)
        if chan is None or not chan.alive:
            return
        self._bridges.enter(chan, event.bridge, holding=event.holding)
        self._meet(chan)

    def _on_bridge_leave(self, event: ev.BridgeLeave) -> None:
        chan = self._channels.get(event.channel.uniqueid)
        if chan is not None:
            self._bridges.leave(chan, event.bridge)

    def _on_bridge_merge(self, event: ev.BridgeMerge) -> None:
        for chan in self._bridges.merge(event.target, event.source):
            self._meet(chan)

    def _on_bridge_destroy(self, event: ev.BridgeDestroy) -> None:
        self._bridges.destroy(event.bridge)

    def _on_local_bridge(self, event: ev.LocalBridge) -> None:
        one, two = self._see(event.one), self._see(event.two)
        if one is not None and two is not None:
            self._own(two, one.group)

    def _on_rename(self, event: ev.Rename) -> None:
        chan = self._channels.get(event.uniqueid)
        if chan is not None:
            chan.name = event.name

    def _on_application(self, event: ev.Application) -> None:
        chan = self._see_late(event.channel)
        if chan is not None:
            freeze.note_application(chan.group, event.application)

    def _on_voicemail(self, event: ev.VoicemailStatus) -> None:
        chan = self._channels.get(event.channel.uniqueid)
        if chan is not None:
            chan.group.facts["voicemail_left"] = event.status == "SUCCESS"
            freeze.note_application(chan.group, "VoiceMail")

    def _on_message_waiting(self, event: ev.MessageWaiting) -> None:
        before = self._mailboxes.pop(event.mailbox, 0)
        new = event.new if event.new is not None else int(event.waiting)
        self._mailboxes[event.mailbox] = new
        if len(self._mailboxes) > 2_000:
            self._mailboxes.pop(next(iter(self._mailboxes)))
        talking = [g for g in self._groups.values() if g.kind is Kind.CUSTOMER and not g.closed and freeze.may_leave(g)]
        # The event names no call: it is this one's only when no other caller could have left the message.
        if event.waiting and new > before and len(talking) == 1:
            talking[0].facts["voicemail_left"] = True
            freeze.note_application(talking[0], "VoiceMail")

    def _on_queue(self, event: ev.Queue) -> None:
        chan = self._see_late(event.channel)
        if chan is not None:
            chan.group.facts["queue"] = event.queue
            freeze.note_application(chan.group, "Queue")

    def _on_moved(self, event: ev.Moved) -> None:
        chan = self._channels.get(event.uniqueid)
        if chan is not None:
            chan.group.facts[event.what] = True

    def _on_user_event(self, event: ev.UserEvent) -> None:
        chan = self._see_late(event.channel) or self._channels.get(event.uniqueid)
        if chan is not None:
            chan.group.facts[event.name.removeprefix("textback")] = event.fields

    def _on_live(self, event: ev.LiveChannel) -> None:
        chan = self._see_late(event.channel)
        if chan is None:
            return
        freeze.note_application(chan.group, event.application)
        if event.bridge:
            self._bridges.enter(chan, event.bridge, holding=False)
            self._meet(chan)
        else:
            self._bridges.leave(chan, chan.bridge)


_HANDLERS: dict[type, Callable[[Fold, Any], None]] = {
    ev.NewChannel: Fold._on_new_channel,
    ev.ChannelSeen: Fold._on_seen,
    ev.CallerId: Fold._on_caller_id,
    ev.DialBegin: Fold._on_dial_begin,
    ev.DialState: Fold._on_dial_state,
    ev.DialEnd: Fold._on_dial_end,
    ev.HangupRequest: Fold._on_hangup_request,
    ev.Hangup: Fold._on_hangup,
    ev.BridgeEnter: Fold._on_bridge_enter,
    ev.BridgeLeave: Fold._on_bridge_leave,
    ev.BridgeMerge: Fold._on_bridge_merge,
    ev.BridgeDestroy: Fold._on_bridge_destroy,
    ev.LocalBridge: Fold._on_local_bridge,
    ev.Rename: Fold._on_rename,
    ev.Application: Fold._on_application,
    ev.VoicemailStatus: Fold._on_voicemail,
    ev.MessageWaiting: Fold._on_message_waiting,
    ev.Queue: Fold._on_queue,
    ev.Moved: Fold._on_moved,
    ev.UserEvent: Fold._on_user_event,
    ev.LiveChannel: Fold._on_live,
}
