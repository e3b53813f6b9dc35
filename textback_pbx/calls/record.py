"""Folds AMI events into one record for each customer call, and one for each call out; table-driven, pure, bounded.

A customer call is a group of channels whose root (Uniqueid equals Linkedid when it is made) is a trunk's, not Local,
and was seen in state Ring: Asterisk rings *in* with Ring and *out* with Ringing, so a call that Asterisk originates
through the same trunk is none. Events may come doubled, late, out of order or not at all; nothing here raises.
"""

from collections.abc import Callable
from typing import Any

from textback_pbx.calls import freeze
from textback_pbx.calls import kinds as ev
from textback_pbx.calls.channels import Chan, Kind
from textback_pbx.calls.outcome import USER_BUSY, CallOut, CallRecord
from textback_pbx.calls.registry import MAX_CHANNELS, Ended, Registry
from textback_pbx.calls.trunks import Trunks, no_number

Notices = tuple[Ended, ...]


class Fold:
    """The state of one PBX's calls. Feed it every event in order; take the records of calls that ended."""

    def __init__(
        self, trunks: Trunks | None = None, *, max_channels: int = MAX_CHANNELS, known: set[str] | None = None
    ) -> None:
        self._calls = Registry(trunks, max_channels, known)

    def apply(self, event: ev.Event, at_ms: int | None = None) -> Notices:
        """Fold one event that happened at ``at_ms`` (None: nobody told). Return the groups whose root it ended."""
        handler = _HANDLERS.get(type(event))
        if handler is None:
            return ()
        self._calls.at_ms = at_ms
        handler(self._calls, event)
        return self._calls.take_notices() if self._calls.notices else ()

    # what the caller of the fold asks ------------------------------------------------------------------------

    def size(self) -> tuple[int, int, int]:
        """How many groups, channels and bridges are held."""
        return len(self._calls.groups), len(self._calls.channels), len(self._calls.bridges)

    def open_calls(self) -> list[str]:
        """The Uniqueids of customer calls and calls out not taken yet, in the order they began."""
        return [uid for uid, group in self._calls.groups.items() if not group.closed and group.kind is not Kind.PENDING]

    def is_customer(self, uid: str) -> bool:
        """Whether this group is a customer call that has not been taken."""
        group = self._calls.groups.get(uid)
        return group is not None and group.kind is Kind.CUSTOMER and not group.closed

    def people_now(self) -> frozenset[tuple[str, str, str]]:
        """Who is on a call with us: number as the trunk sent it, or as we dialled it (no context); channel; context."""
        found = set()
        for group in self._calls.groups.values():
            if group.closed or not group.alive:
                continue
            if group.kind is Kind.CUSTOMER and group.root is not None:
                found.add((group.root.number, group.root.name, group.root.context))
            else:
                found.update((out.number, out.channel, "") for out in freeze.calls_out(group))
        return frozenset(found)

    def live_channels(self) -> set[str]:
        """The Uniqueids of the channels believed to live."""
        return {uid for uid, chan in self._calls.channels.items() if chan.alive}

    def is_live(self, uid: str) -> bool:
        """Whether this channel is believed to live."""
        chan = self._calls.channels.get(uid)
        return chan is not None and chan.alive

    def note_application(self, uid: str, application: str) -> None:
        """The PBX says that this application runs in a live channel."""
        chan = self._calls.channels.get(uid)
        if chan is not None and chan.group.root is chan:
            freeze.note_application(chan.group, application)

    def is_gone(self, uid: str) -> bool:
        """Whether this channel was known, and ended."""
        return uid in self._calls.tombs or uid in self._calls.channels

    def has_fact(self, uid: str, name: str) -> bool:
        """Whether the call of this channel has a fact of this name."""
        chan = self._calls.channels.get(uid)
        return chan is not None and name in chan.group.facts

    def take(self, uid: str) -> CallRecord | tuple[CallOut, ...]:
        """Close a group: its customer call, or the calls out in it (perhaps none). Taking twice gives none."""
        group = self._calls.groups.get(uid)
        if group is None or group.closed:
            return ()
        result: CallRecord | tuple[CallOut, ...]
        result = freeze.call(group) if group.kind is Kind.CUSTOMER else freeze.calls_out(group)
        group.closed = True
        self._calls.tombs.bury(uid)
        if not group.alive:
            self._calls.drop(group)
        return result

    def missed_a_part(self, live: set[str]) -> Notices:
        """After a gap: end the channels that are not in ``live``, and mark every call in progress as heard in part."""
        for group in list(self._calls.groups.values()):
            if group.kind is Kind.CUSTOMER and group.root is not None and group.root.alive:
                group.adopted = True
                group.facts.setdefault("adopted_up", group.root.up)
        return self.end_unheard(self.live_channels() - live)

    def end_unheard(self, gone: set[str]) -> Notices:
        """End channels that are known to be gone although no Hangup was heard."""
        for uid in gone:
            chan = self._calls.channels.get(uid)
            if chan is not None:
                self._calls.end_unheard(chan)
        return self._calls.take_notices()


def _new_channel(calls: Registry, event: ev.NewChannel) -> None:
    calls.see(event.channel)


def _seen(calls: Registry, event: ev.ChannelSeen) -> None:
    calls.see_late(event.channel)


def _caller_id(calls: Registry, event: ev.CallerId) -> None:
    chan = calls.see_late(event.channel)
    if chan is None:
        return
    if event.presentation is not None and not event.channel.presentation:
        chan.shown(event.presentation)
    # An analogue line sends its number after the first ring; what a trunk called anonymous stays so.
    if chan.number.strip().lower() in ("", "<unknown>") and not chan.up and not no_number(event.channel.number):
        chan.number = event.channel.number


def _dial_begin(calls: Registry, event: ev.DialBegin) -> None:
    caller, callee = calls.see_late(event.caller), calls.see(event.callee)
    if callee is None:
        return
    callee.dial_string = event.dial_string
    if caller is not None and caller is not callee:
        callee.parent = caller.uid
        calls.own(callee, caller.group)


def _dial_state(calls: Registry, event: ev.DialState) -> None:
    chan = calls.see(event.callee)
    if chan is not None and event.status in ("RINGING", "PROGRESS"):
        calls.alert(chan)


def _dial_end(calls: Registry, event: ev.DialEnd) -> None:
    caller, chan = calls.see_late(event.caller), calls.see(event.callee)
    if chan is None:
        return
    # A queue's losers get a second DialEnd; the first one said why. ANSWER is stronger than either.
    if chan.dial_status is None or event.status == "ANSWER":
        chan.dial_status = event.status
        chan.abandoned = _abandoned(calls, chan, event.status)
    chan.forwarded = chan.forwarded or bool(event.forward)
    calls.stop_ringing(chan)
    if event.status == "BUSY":
        calls.note_on_the_phone(chan)
    if caller is not None and chan.group is not caller.group and chan.person and event.status == "ANSWER":
        caller.group.guests[chan.uid] = chan  # a pickup: the leg that answers was never dialled


def _hangup_request(calls: Registry, event: ev.HangupRequest) -> None:
    chan = calls.channels.get(event.channel.uniqueid)
    if chan is not None and chan.group.root is chan:
        calls.see(event.channel)
        chan.group.asked_to_end = True
    elif chan is not None:
        calls.see(event.channel)


def _hangup(calls: Registry, event: ev.Hangup) -> None:
    chan = calls.channels.get(event.channel.uniqueid)
    if chan is None:
        return
    if event.channel.presentation:
        chan.shown(event.channel.presentation)
    if chan.group.root is chan:
        freeze.note_place(chan.group, event.channel)
    elif event.cause == USER_BUSY:
        calls.note_on_the_phone(chan)
    calls.gone(chan, event.cause)


def _bridge_enter(calls: Registry, event: ev.BridgeEnter) -> None:
    chan = calls.see_late(event.channel)
    if chan is None or not chan.alive:
        return
    calls.bridges.enter(chan, event.bridge, holding=event.holding)
    calls.meet(chan)


def _bridge_leave(calls: Registry, event: ev.BridgeLeave) -> None:
    chan = calls.channels.get(event.channel.uniqueid)
    if chan is not None:
        calls.bridges.leave(chan, event.bridge)


def _bridge_merge(calls: Registry, event: ev.BridgeMerge) -> None:
    for chan in calls.bridges.merge(event.target, event.source):
        calls.meet(chan)


def _bridge_destroy(calls: Registry, event: ev.BridgeDestroy) -> None:
    calls.bridges.destroy(event.bridge)


def _local_bridge(calls: Registry, event: ev.LocalBridge) -> None:
    one, two = calls.see(event.one), calls.see(event.two)
    if one is not None and two is not None:
        calls.own(two, one.group)


def _rename(calls: Registry, event: ev.Rename) -> None:
    chan = calls.channels.get(event.uniqueid)
    if chan is not None:
        chan.name = event.name


def _application(calls: Registry, event: ev.Application) -> None:
    chan = calls.see_late(event.channel)
    if chan is not None:
        freeze.note_application(chan.group, event.application)


def _voicemail(calls: Registry, event: ev.VoicemailStatus) -> None:
    chan = calls.channels.get(event.channel.uniqueid)
    if chan is not None:
        chan.group.facts["voicemail_left"] = event.status == "SUCCESS"
        freeze.note_application(chan.group, "VoiceMail")


def _message_waiting(calls: Registry, event: ev.MessageWaiting) -> None:
    before = calls.mailboxes.pop(event.mailbox, 0)
    new = event.new if event.new is not None else int(event.waiting)
    calls.mailboxes[event.mailbox] = new
    if len(calls.mailboxes) > 2_000:
        calls.mailboxes.pop(next(iter(calls.mailboxes)))
    talking = [g for g in calls.groups.values() if g.kind is Kind.CUSTOMER and not g.closed and freeze.may_leave(g)]
    # The event names no call: it is this one's only when no other caller could have left the message.
    if event.waiting and new > before and len(talking) == 1:
        talking[0].facts["voicemail_left"] = True
        freeze.note_application(talking[0], "VoiceMail")


def _queue(calls: Registry, event: ev.Queue) -> None:
    chan = calls.see_late(event.channel)
    if chan is not None:
        chan.group.facts["queue"] = event.queue
        freeze.note_application(chan.group, "Queue")


def _moved(calls: Registry, event: ev.Moved) -> None:
    chan = calls.channels.get(event.uniqueid)
    if chan is None:
        return
    group = chan.group
    group.facts[event.what] = True
    # Sent on blindly or parked, the caller himself is named, and may still be in the bridge; asked before, the desk is.
    if chan is group.root or not calls.with_a_person(group):
        group.facts["left_alone"] = event.what  # until a person takes the call again


def _user_event(calls: Registry, event: ev.UserEvent) -> None:
    chan = calls.see_late(event.channel) or calls.channels.get(event.uniqueid)
    if chan is not None:
        chan.group.facts[event.name.removeprefix("textback")] = event.fields


def _live(calls: Registry, event: ev.LiveChannel) -> None:
    chan = calls.see_late(event.channel)
    if chan is None:
        return
    freeze.note_application(chan.group, event.application)
    if chan.group.adopted and chan.group.root is chan and chan.up:
        chan.group.facts["adopted_up"] = True
    if event.bridge:
        calls.bridges.enter(chan, event.bridge, holding=calls.bridges.is_holding(event.bridge))
        calls.meet(chan)
    else:
        calls.bridges.leave(chan, chan.bridge)


def _abandoned(calls: Registry, chan: Chan, status: str) -> bool:
    """Whether the caller left while this leg was tried, or while its holder was asked to press a key (CONTINUE)."""
    if status == "CANCEL":
        return _caller_gave_up(calls, chan)
    return status == "CONTINUE" and chan.group.asked_to_end


def _caller_gave_up(calls: Registry, chan: Chan) -> bool:
    """A cancelled leg: the caller's side went while the dial was still on."""
    group = chan.group
    if group.asked_to_end:
        return True
    return group.root is not None and not group.root.alive and not _outer_dial_ended(calls, chan)


def _outer_dial_ended(calls: Registry, chan: Chan) -> bool:
    """Whether a leg behind a Local channel is cancelled because the dial of that Local channel had timed out.

    The two halves end in threads of their own: the caller's Hangup may be told before the inner leg's DialEnd.
    """
    dialler = calls.channels.get(chan.parent or "")
    if dialler is None or dialler.half is None:
        return False
    near = next((one for one in chan.group.channels.values() if one.half == (dialler.half[0], "1")), None)
    return near is not None and (near.dial_status not in (None, "CANCEL") or _outer_dial_ended(calls, near))


_HANDLERS: dict[type, Callable[[Registry, Any], None]] = {
    ev.NewChannel: _new_channel,
    ev.ChannelSeen: _seen,
    ev.CallerId: _caller_id,
    ev.DialBegin: _dial_begin,
    ev.DialState: _dial_state,
    ev.DialEnd: _dial_end,
    ev.HangupRequest: _hangup_request,
    ev.Hangup: _hangup,
    ev.BridgeEnter: _bridge_enter,
    ev.BridgeLeave: _bridge_leave,
    ev.BridgeMerge: _bridge_merge,
    ev.BridgeDestroy: _bridge_destroy,
    ev.LocalBridge: _local_bridge,
    ev.Rename: _rename,
    ev.Application: _application,
    ev.VoicemailStatus: _voicemail,
    ev.MessageWaiting: _message_waiting,
    ev.Queue: _queue,
    ev.Moved: _moved,
    ev.UserEvent: _user_event,
    ev.LiveChannel: _live,
}
