"""One AMI header block (bytes) -> a typed event, or :class:`Ignored`, or :class:`Malformed`; pure, never raises.

The names and headers are Asterisk's own (manager events of 13 to 22). What a caller can choose (number, name) is
hostile: text is decoded as UTF-8 with replacement, so no surrogate leaves here, lengths are capped, and a block in
which a header that identifies a channel stands twice is malformed (a line break smuggled into a number could
otherwise forge one). :func:`wanted` looks at raw bytes and drops what no call needs before anything is parsed.
"""

import re
from collections.abc import Callable, Iterable

from textback_pbx.calls.blocks import MAX_BLOCK
from textback_pbx.calls.kinds import (
    Application,
    BridgeDestroy,
    BridgeEnter,
    BridgeLeave,
    BridgeMerge,
    CallerId,
    ChannelSeen,
    DialBegin,
    DialEnd,
    DialState,
    Event,
    Hangup,
    HangupRequest,
    Ignored,
    LiveChannel,
    LocalBridge,
    Malformed,
    MessageWaiting,
    Moved,
    NewChannel,
    Queue,
    Rename,
    Shutdown,
    Snapshot,
    UserEvent,
    VoicemailStatus,
)
from textback_pbx.calls.quick import quick
from textback_pbx.calls.trunks import prohibited

MAX_HEADERS = 256
_MAX_ID = 150  # Asterisk's AST_MAX_UNIQUEID
_MAX_TEXT = 200


IGNORED = Ignored()
Headers = dict[str, str]
Result = Event | Ignored | Malformed

#: FreePBX's inbound routes keep the caller's own presentation in CALLINGNUMPRES_SV and set every call to allowed.
_PRESENTATION = re.compile(
    r"^(Dest|LocalOne|LocalTwo)?ChanVariable(?:\([^)\n]*\))?: (?:CALLERID\(pres\)|(CALLINGNUMPRES_SV))=([^\r\n]*)",
    re.MULTILINE,
)
#: Applications that say something about a call (freeze.py names them); the dialplan's other steps are dropped.
_TELLING = frozenset(
    b"voicemail minivmrecord queue confbridge meetme background playback read waitexten directory agi stasis".split()
)
_APPLICATION = b"\nApplication: "
_TIMESTAMP = re.compile(rb"Timestamp: (\d{1,12})\.(\d{1,9})\r?(?:\n|\Z)")
#: Headers that say what or who; twice in one block is a forgery or damage.
_SINGLE = (
    frozenset(
        prefix + name
        for prefix in ("", "Dest")
        for name in ("Channel", "ChannelState", "Uniqueid", "Linkedid", "Context")
    )
) | {"Event", "Cause", "DialStatus", "BridgeUniqueid"}


def wanted(block: bytes) -> bool:
    """Whether a raw block is an event that some call needs: a look at its first line, before any parsing."""
    end = block.find(b"\n", 7, 48)
    if not block.startswith(b"Event: "):
        return False
    name = (block[7:end] if end > 0 else block[7:48]).rstrip(b"\r")
    if name == b"VarSet":
        return b"\nVariable: VMSTATUS" in block
    if name == b"Newexten":
        at = block.find(_APPLICATION) + len(_APPLICATION)
        return block[at:].partition(b"\n")[0].rstrip(b"\r").lower() in _TELLING
    return name in BUILDERS


def sift(blocks: Iterable[bytes]) -> list[bytes]:
    """The blocks that may be events some call needs: a look at each first line, nothing else.

    It keeps every block for which :func:`parse` gives an event, and drops most of the others at a tenth of its cost.
    """
    start = _STARTS.get
    return [
        block
        for block in blocks
        if (has := start(block[7:11]))
        and (has in block if has is not _ALL else block[7 : block.find(b"\n", 7, 48)] in _FIRST_LINES)
    ]


def stamp_ms(block: bytes) -> int | None:
    """The ``Timestamp:`` header (manager.conf: timestampevents), in ms UTC; None when there is none."""
    at = block.find(b"\nTimestamp: ")
    match = _TIMESTAMP.match(block, at + 1) if at >= 0 else None
    if match is None:
        return None
    return int(match[1]) * 1_000 + int(match[2].ljust(9, b"0")[:3])


def parse(block: bytes) -> Result:
    """Read one block as :class:`~textback_pbx.calls.blocks.Blocks` gives it. Never raises."""
    if len(block) > MAX_BLOCK:
        return Malformed("longer than 64 KiB")
    return quick(block) or (read(block) if wanted(block) else IGNORED)


def read(block: bytes) -> Result:
    """Read a wanted block of any form, header by header; what :func:`parse` does when the quick way does not fit."""
    text = block.decode("utf-8", "replace").replace("\r", "")
    lines = text.split("\n")
    if len(lines) > MAX_HEADERS:
        return Malformed("more than 256 headers")
    # Asterisk writes "Key: value"; a line that is not of this form says nothing.
    pairs = [line.split(": ", 1) for line in lines if ": " in line]
    headers: Headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = {}
        for key, value in pairs:
            if key not in headers:
                headers[key] = value
            elif key in _SINGLE:
                return Malformed(f"header {key} twice")
    if "ChanVariable" in text:
        _show(headers, _PRESENTATION.findall(text))
    return BUILDERS[headers["Event"].encode()](headers)


def _show(headers: Headers, told: Iterable[tuple[str, str, str]]) -> None:
    """Put the presentations into ``headers``: a prohibited one stands; what FreePBX saved counts only as that."""
    for prefix, saved, value in told:
        old = headers.get(f"{prefix}pres", "")
        if not prohibited(old) and (not saved or not old or prohibited(value)):
            headers[f"{prefix}pres"] = value


def printable(text: str, limit: int = _MAX_TEXT) -> str:
    """Text from the wire without control characters, at most ``limit`` long."""
    return "".join(c if c.isprintable() else " " for c in text[: limit * 2]).strip()[:limit]


_ESCAPE = re.compile(r"\\([abfnrtv\\'\"?])")


def caller_name(escaped: str) -> str:
    """Undo the C escapes AMI puts on CallerIDName, and make it printable. Still the caller's own words."""
    return printable(_ESCAPE.sub(lambda m: m[1] if m[1] in "\\'\"?" else " ", escaped), 80)


def _snapshot(headers: Headers, prefix: str = "") -> Snapshot | None:
    name, uniqueid = headers.get(prefix + "Channel", ""), headers.get(prefix + "Uniqueid", "")
    if not name or not uniqueid or len(uniqueid) > _MAX_ID or len(name) > _MAX_TEXT:
        return None
    state = headers.get(prefix + "ChannelState", "")
    return Snapshot(
        name,
        uniqueid,
        headers.get(prefix + "Linkedid", "")[:_MAX_ID],
        int(state) if state.isdecimal() and len(state) < 3 else None,
        headers.get(prefix + "CallerIDNum", "")[:_MAX_TEXT],
        headers.get(prefix + "Context", "")[:_MAX_TEXT],
        headers.get(prefix + "Exten", "")[:_MAX_TEXT],
        headers.get(prefix + "pres", "")[:40],
    )


def number(text: str | None) -> int | None:
    """A small whole number, or None."""
    return int(text) if text and len(text) < 7 and text.isascii() and text.isdecimal() else None


_NO_CHANNEL = Malformed("no Channel and Uniqueid")
_NO_BRIDGE = Malformed("no BridgeUniqueid")
Builder = Callable[[Headers], Result]


def _of_channel(make: Callable[[Snapshot, Headers], Event]) -> Builder:
    def build(headers: Headers) -> Result:
        channel = _snapshot(headers)
        return _NO_CHANNEL if channel is None else make(channel, headers)

    return build


def _of_callee(make: Callable[[Snapshot | None, Snapshot, Headers], Event]) -> Builder:
    def build(headers: Headers) -> Result:
        callee = _snapshot(headers, "Dest")
        return (
            Malformed("no DestChannel and DestUniqueid")
            if callee is None
            else make(_snapshot(headers), callee, headers)
        )

    return build


def _of_bridge(make: Callable[[Snapshot, str, Headers], Event], key: str = "BridgeUniqueid", kind: str = "") -> Builder:
    def build(headers: Headers) -> Result:
        channel, bridge = _snapshot(headers), headers.get(key, "")[:_MAX_ID]
        if channel is None:
            return _NO_CHANNEL
        return make(channel, kind + bridge, headers) if bridge else _NO_BRIDGE

    return build


def _presentation(headers: Headers) -> int | None:
    return number(headers.get("CID-CallingPres", "").partition(" ")[0])


def _bridge_merge(headers: Headers) -> Result:
    target, source = headers.get("ToBridgeUniqueid", ""), headers.get("FromBridgeUniqueid", "")
    return BridgeMerge(target[:_MAX_ID], source[:_MAX_ID]) if target and source else _NO_BRIDGE


def _bridge_destroy(headers: Headers) -> Result:
    bridge = headers.get("BridgeUniqueid", "")[:_MAX_ID]
    return BridgeDestroy(bridge) if bridge else _NO_BRIDGE


def _local_bridge(headers: Headers) -> Result:
    one, two = _snapshot(headers, "LocalOne"), _snapshot(headers, "LocalTwo")
    return LocalBridge(one, two) if one and two else _NO_CHANNEL


def _rename(headers: Headers) -> Result:
    uniqueid, name = headers.get("Uniqueid", ""), headers.get("Newname", "")
    return Rename(uniqueid[:_MAX_ID], name[:_MAX_TEXT]) if uniqueid and name else _NO_CHANNEL


def _message_waiting(headers: Headers) -> Result:
    mailbox = headers.get("Mailbox", "")[:_MAX_TEXT]
    if not mailbox:
        return Malformed("no Mailbox")
    return MessageWaiting(mailbox, headers.get("Waiting", "0") != "0", number(headers.get("New")))


def _moved(what: str, key: str) -> Builder:
    def build(headers: Headers) -> Result:
        uniqueid = headers.get(key, "")[:_MAX_ID]
        return Moved(uniqueid, what) if uniqueid else IGNORED

    return build


_USER_EVENTS = ("textbackconsent", "textbackhandled", "textbackskip")
_NOT_FIELDS = (
    frozenset(
        ("Event", "Privilege", "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "Language")
    )
    | frozenset(
        ("ConnectedLineNum", "ConnectedLineName", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid")
    )
    | frozenset(("UserEvent", "Timestamp", "SystemName", "pres"))
)


def _user_event(headers: Headers) -> Result:
    name = headers.get("UserEvent", "").strip().lower()
    if name not in _USER_EVENTS:
        return IGNORED
    fields = {printable(k, 40).lower(): printable(v) for k, v in headers.items() if k not in _NOT_FIELDS}
    fields = dict(list(fields.items())[:20])
    return UserEvent(_snapshot(headers), headers.get("Uniqueid", "")[:_MAX_ID], name, fields)


def _live_channel(channel: Snapshot, headers: Headers) -> Event:
    hours = headers.get("Duration", "").split(":")
    seconds = None
    if len(hours) == 3 and all(part.isdecimal() and len(part) < 7 for part in hours):
        seconds = int(hours[0]) * 3600 + int(hours[1]) * 60 + int(hours[2])
    bridge = headers.get("BridgeId", "")[:_MAX_ID]
    return LiveChannel(channel, bridge, headers.get("Application", "")[:_MAX_TEXT], seconds)


#: Event name -> how it is read. What is not in this table is dropped unparsed.
BUILDERS: dict[bytes, Builder] = {
    b"Newchannel": _of_channel(lambda c, _: NewChannel(c)),
    b"Newstate": _of_channel(lambda c, _: ChannelSeen(c)),
    b"NewCallerid": _of_channel(lambda c, h: CallerId(c, _presentation(h))),
    b"Newexten": _of_channel(lambda c, h: Application(c, h.get("Application", "")[:80], h.get("AppData", "")[:80])),
    b"VarSet": _of_channel(lambda c, h: VoicemailStatus(c, h.get("Value", "")[:40])),
    b"DialBegin": _of_callee(lambda c, d, h: DialBegin(c, d, h.get("DialString", "")[:_MAX_TEXT])),
    b"DialState": _of_callee(lambda _, d, h: DialState(d, h.get("DialStatus", "")[:40])),
    b"DialEnd": _of_callee(lambda c, d, h: DialEnd(c, d, h.get("DialStatus", "")[:40], h.get("Forward", "")[:80])),
    b"HangupRequest": _of_channel(lambda c, _: HangupRequest(c)),
    b"Hangup": _of_channel(lambda c, h: Hangup(c, number(h.get("Cause")))),
    b"BridgeEnter": _of_bridge(
        lambda c, b, h: BridgeEnter(c, b, h.get("BridgeTechnology", "").startswith("holding")),
    ),
    b"BridgeLeave": _of_bridge(lambda c, b, _: BridgeLeave(c, b)),
    b"BridgeMerge": _bridge_merge,
    b"BridgeDestroy": _bridge_destroy,
    # MeetMe (16 and older) mixes outside the bridging core: the room is its bridge.
    b"MeetmeJoin": _of_bridge(lambda c, b, _: BridgeEnter(c, b, holding=False), "Meetme", "meetme:"),
    b"MeetmeLeave": _of_bridge(lambda c, b, _: BridgeLeave(c, b), "Meetme", "meetme:"),
    b"LocalBridge": _local_bridge,
    b"Rename": _rename,
    b"QueueCallerJoin": _of_channel(lambda c, h: Queue(c, h.get("Queue", "")[:80], joined=True)),
    b"QueueCallerLeave": _of_channel(lambda c, h: Queue(c, h.get("Queue", "")[:80], joined=False)),
    b"ParkedCall": _moved("parked", "ParkeeUniqueid"),
    b"BlindTransfer": _moved("transferred", "TransfereeUniqueid"),
    b"AttendedTransfer": _moved("transferred", "OrigTransfererUniqueid"),
    b"MessageWaiting": _message_waiting,
    b"UserEvent": _user_event,
    b"CoreShowChannel": _of_channel(_live_channel),
    b"Shutdown": lambda h: Shutdown(h.get("Restart", "").lower() in ("true", "yes", "1")),
}
_ALL = b"Event: "
#: First lines of wanted events, with either line end and without ``Event: ``; of a block of one line all but the last
#: byte is looked at.
_FIRST_LINES = frozenset(line for name in BUILDERS for line in (name + b"\r", name, name[:-1]))
#: How a wanted event's name begins -> what its block has in it; most of what Asterisk sends is none of these.
_STARTS = {name[:4]: _ALL for name in BUILDERS} | {b"VarS": b"\nVariable: VMSTATUS", b"Newe": _APPLICATION}
