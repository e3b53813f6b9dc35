"""From the fold's live state to frozen records, and the facts noted about a call on the way; pure."""

import re
from collections.abc import Iterable

from textback_pbx.calls.channels import Chan, Group
from textback_pbx.calls.events import printable
from textback_pbx.calls.kinds import Snapshot
from textback_pbx.calls.outcome import USER_BUSY, CallOut, CallRecord, Leg, LegClass, classify
from textback_pbx.calls.trunks import no_number, presentation_withheld

#: More legs than a person wants to read; a queue that retries for an hour makes thousands.
MAX_LEGS = 100

#: Application -> what a person calls it, from the strongest; the first that a call used names it.
_APPLICATIONS = {
    "voicemail": "voicemail",
    "minivmrecord": "voicemail",
    "queue": "queue",
    "confbridge": "conference",
    "meetme": "conference",
    "background": "ivr",
    "playback": "ivr",
    "read": "ivr",
    "waitexten": "ivr",
    "directory": "ivr",
    "agi": "ivr",
    "stasis": "ivr",
}
_STRENGTH = ("", "ivr", "conference", "queue", "voicemail")
_VOICEMAIL_PLACE = re.compile(r"voicemail|(?:^|[-_])vm(?:$|[-_])|macro-vm|app-vm", re.IGNORECASE)
_VOICEMAIL_EXTEN = re.compile(r"vm[a-z]?\d+|vmx?[busid]\d*", re.IGNORECASE)


def note_application(group: Group, application: str) -> None:
    """Remember the application that spoke to the caller: voicemail over a queue over a menu."""
    name = _APPLICATIONS.get(application.lower(), "")
    if _STRENGTH.index(name) > _STRENGTH.index(group.application):
        group.application = name


def application_name(applications: Iterable[str]) -> str:
    """What a person calls the strongest of these applications; '' when none of them speaks to a caller."""
    names = (_APPLICATIONS.get(application.lower(), "") for application in applications)
    return max(names, key=_STRENGTH.index, default="")


def note_place(group: Group, shot: Snapshot) -> None:
    """Where in the dialplan the caller's channel ended (FreePBX's voicemail contexts), without the dialplan class."""
    if _VOICEMAIL_PLACE.search(shot.context) or _VOICEMAIL_EXTEN.fullmatch(shot.exten):
        note_application(group, "voicemail")


def may_leave(group: Group) -> bool:
    """Whether the caller could be leaving a message now: up, and no person has answered."""
    return group.root is not None and group.root.up and group.answered_by is None


def _leg(chan: Chan) -> Leg:
    return Leg(
        channel=chan.name,
        uniqueid=chan.uid,
        parent=chan.parent,
        bridged=chan.bridged,
        up=chan.up,
        alerting=chan.alerting,
        forwarded=chan.forwarded,
        abandoned=chan.abandoned,
        dial_status=chan.dial_status,
        cause=chan.cause,
        outside=chan.outside,
        ring_ms=_ring_ms(chan),
    )


def _ring_ms(chan: Chan) -> int | None:
    if chan.ring_from_ms is None or chan.ring_until_ms is None:
        return None
    return max(0, chan.ring_until_ms - chan.ring_from_ms)


def compress(group: Group) -> None:
    """Keep at most ``MAX_LEGS`` gone legs, one for each phone and class; but one of every class there was."""
    if len(group.channels) <= 2 * MAX_LEGS:
        return
    kept: dict[tuple[str, LegClass], str] = {}
    classes: set[LegClass] = set()  # without the one leg that answered, the call would look missed
    gone = [chan for chan in group.channels.values() if not chan.alive and chan is not group.root]
    for chan in gone:
        if not chan.person:
            del group.channels[chan.uid]
            continue
        key = (chan.name.rpartition("-")[0], classify(_leg(chan))[0])
        if key in kept or (len(kept) >= MAX_LEGS and key[1] in classes):
            del group.channels[chan.uid]
        else:
            kept[key] = chan.uid
            classes.add(key[1])


def call(group: Group) -> CallRecord:
    """The record of a customer call as it stands now."""
    root = group.root
    assert root is not None
    withheld = no_number(root.number) or (root.presentation != "" and presentation_withheld(root.presentation))
    facts = {key: value for key, value in group.facts.items() if key not in ("adopted_up", "hangup_unheard")}
    # Empty: Asterisk never said whether the caller wishes to be known (channelvars is not set in manager.conf).
    facts["presentation"] = root.presentation
    answered_by = group.answered_by
    if answered_by is not None:
        facts["answered_by"] = answered_by
    else:
        facts.pop("left_alone", None)
    return CallRecord(
        uniqueid=root.uid,
        caller="" if withheld else printable(root.number, 64),
        dialled=printable(root.exten, 64),
        withheld=withheld,
        context=root.context,
        channel=root.name,
        order=group.order,
        started_ms=group.started_ms,
        ended_ms=group.ended_ms,
        up=root.up,
        ended=not root.alive and not group.facts.get("hangup_unheard", False),
        cause=root.cause,
        caller_hung_up=group.asked_to_end or root.cause == 127,
        adopted=group.adopted,
        adopted_up=bool(group.facts.get("adopted_up", False)),
        application=group.application or ("ivr" if root.up and answered_by is None else ""),
        legs=tuple(_leg(chan) for chan in group.legs()),
        dialplan_busy=_dialplan_busy(group),
        facts=facts,
    )


def _dialplan_busy(group: Group) -> bool:
    """Whether the far half of a Local channel hung up with 17 although it dialled nobody: Busy(), as DND does."""
    parents = {chan.parent for chan in group.channels.values()}
    far = (chan for chan in group.channels.values() if chan.half is not None and chan.half[1] == "2")
    return any(chan.cause == USER_BUSY and chan.uid not in parents for chan in far)


_DIGITS = re.compile(r"\+?[0-9]{5,20}")


def calls_out(group: Group) -> tuple[CallOut, ...]:
    """The calls to outside numbers among the legs of a call that began inside."""
    found = []
    for chan in group.channels.values():
        if chan.person and chan.outside and chan is not group.root:
            number = _dialled_number(chan, group)
            if number:
                found.append(CallOut(chan.uid, number, chan.bridged, group.ended_ms, chan.name))
    return tuple(found)


def _dialled_number(chan: Chan, group: Group) -> str:
    """The number a leg to the outside was dialled with: ``07700900123@trunk``, ``SIP/trunk/07...``, ``g0/07...``."""
    for part in reversed(re.split(r"[/@&,]", chan.dial_string)):
        if _DIGITS.fullmatch(part.removeprefix("sip:")):
            return part.removeprefix("sip:")
    if group.root is not None and _DIGITS.fullmatch(group.root.exten):
        return group.root.exten
    return chan.exten if _DIGITS.fullmatch(chan.exten) else ""
