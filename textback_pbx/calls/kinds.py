"""The typed events a call is folded from, frozen; what AMI says, in the words of telephony. Pure values.

The names follow Asterisk's manager events (13 to 22); only what some call needs is kept of each.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Snapshot(NamedTuple):
    """A channel as one event shows it. ``state`` is Asterisk's number (0 Down, 4 Ring, 5 Ringing, 6 Up).

    A tuple, because every event makes one or two of them.
    """

    name: str
    uniqueid: str
    linkedid: str
    state: int | None
    number: str
    context: str
    exten: str
    presentation: str  # CALLERID(pres) when channelvars gives it; '' when not


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel came to be."""

    channel: Snapshot


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """An event that only shows a channel's present state (Newstate, LocalBridge halves, CoreShowChannel ...)."""

    channel: Snapshot


@dataclass(frozen=True, slots=True)
class CallerId:
    """NewCallerid: number or presentation changed. ``presentation`` is CID-CallingPres (Q.931, 4.5.10), or None."""

    channel: Snapshot
    presentation: int | None


@dataclass(frozen=True, slots=True)
class DialBegin:
    """A channel dials another; ``caller`` is None when Asterisk itself originates."""

    caller: Snapshot | None
    callee: Snapshot
    dial_string: str


@dataclass(frozen=True, slots=True)
class DialState:
    """Progress of a dialled leg: RINGING, PROGRESS, PROCEEDING."""

    callee: Snapshot
    status: str


@dataclass(frozen=True, slots=True)
class DialEnd:
    """A dialling ended: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL ...; ``forward`` after a 302."""

    caller: Snapshot | None
    callee: Snapshot
    status: str
    forward: str


@dataclass(frozen=True, slots=True)
class HangupRequest:
    """The far end of a channel asked to end it."""

    channel: Snapshot


@dataclass(frozen=True, slots=True)
class Hangup:
    """A channel is gone; ``cause`` is ITU-T Q.850 plus Asterisk's own."""

    channel: Snapshot
    cause: int | None


@dataclass(frozen=True, slots=True)
class BridgeEnter:
    """A channel is now in a bridge. ``holding``: a bridge that connects nobody (parking, agents waiting)."""

    channel: Snapshot
    bridge: str
    holding: bool


@dataclass(frozen=True, slots=True)
class BridgeLeave:
    """A channel left a bridge."""

    channel: Snapshot
    bridge: str


@dataclass(frozen=True, slots=True)
class BridgeMerge:
    """Everybody in ``source`` is now in ``target``."""

    target: str
    source: str


@dataclass(frozen=True, slots=True)
class BridgeDestroy:
    """A bridge is gone."""

    bridge: str


@dataclass(frozen=True, slots=True)
class LocalBridge:
    """The two halves of a Local channel."""

    one: Snapshot
    two: Snapshot


@dataclass(frozen=True, slots=True)
class Rename:
    """A channel has a new name and keeps its Uniqueid (masquerade)."""

    uniqueid: str
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """The dialplan started an application on a channel (Newexten; only with the dialplan privilege)."""

    channel: Snapshot
    application: str
    data: str


@dataclass(frozen=True, slots=True)
class VoicemailStatus:
    """VMSTATUS was set on a channel: SUCCESS, USEREXIT, FAILED (only with the dialplan privilege)."""

    channel: Snapshot
    status: str


@dataclass(frozen=True, slots=True)
class MessageWaiting:
    """The lamp of a mailbox; ``new`` is the count of new messages, when told."""

    mailbox: str
    waiting: bool
    new: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """A caller joined or left a queue."""

    channel: Snapshot
    queue: str
    joined: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact worth showing: the call was transferred or parked. ``what`` is blind, attended, parked."""

    uniqueid: str
    what: str


@dataclass(frozen=True, slots=True)
class UserEvent:
    """The dialplan speaks to us (TextbackConsent, TextbackHandled, TextbackSkip); ``name`` is in lower case."""

    channel: Snapshot | None
    uniqueid: str
    name: str
    fields: dict[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A line of CoreShowChannels: a channel that lives now."""

    channel: Snapshot
    bridge: str
    application: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Asterisk says good-bye."""

    restart: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing a call needs."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A block that is not what its name says; ``reason`` is for the log and holds no caller's data."""

    reason: str


Event = (
    NewChannel
    | ChannelSeen
    | CallerId
    | DialBegin
    | DialState
    | DialEnd
    | HangupRequest
    | Hangup
    | BridgeEnter
    | BridgeLeave
    | BridgeMerge
    | BridgeDestroy
    | LocalBridge
    | Rename
    | Application
    | VoicemailStatus
    | MessageWaiting
    | Queue
    | Moved
    | UserEvent
    | LiveChannel
    | Shutdown
)
