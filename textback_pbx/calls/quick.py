"""The quick way to read the events a call is mostly made of: one regular expression for the whole block; pure.

It takes only blocks that are, line for line, what Asterisk 13 to 22 writes; anything else (other headers, another
order, a smuggled line, LF alone) is None here and goes the general way of events.py, with the same result for both.
"""

import re
from collections.abc import Callable

from textback_pbx.calls.kinds import (
    BridgeDestroy,
    BridgeEnter,
    BridgeLeave,
    CallerId,
    ChannelSeen,
    DialBegin,
    DialEnd,
    DialState,
    Event,
    Hangup,
    HangupRequest,
    LocalBridge,
    NewChannel,
    Snapshot,
)

_GROUPS = 8  # in one snapshot


def _line(key: str) -> str:
    return f"{key}: [^\r]*\r\n"


def _shot(p: str = "") -> str:
    """A snapshot's lines with the prefix ``p``; the last one without its line end."""
    return (
        f"{p}Channel: ([^\r]{{1,200}})\r\n{p}ChannelState: ([0-9]{{1,2}})\r\n{_line(p + 'ChannelStateDesc')}"
        f"{p}CallerIDNum: ([^\r]{{0,200}})\r\n{_line(p + 'CallerIDName')}{_line(p + 'ConnectedLineNum')}"
        f"{_line(p + 'ConnectedLineName')}{_line(p + 'Language')}{_line(p + 'AccountCode')}"
        f"{p}Context: ([^\r]{{0,200}})\r\n{p}Exten: ([^\r]{{0,200}})\r\n{_line(p + 'Priority')}"
        f"{p}Uniqueid: ([^\r]{{1,150}})\r\n{p}Linkedid: ([^\r]{{0,150}})"
        f"(?:\r\n{p}ChanVariable: CALLERID\\(pres\\)=([^\r]{{1,40}})"
        # What FreePBX saved of the caller's own; anything but allowed goes the general way.
        f"(?:\r\n{p}ChanVariable: CALLINGNUMPRES_SV=(?:allowed[^\r]{{0,33}})?)?)?"
    )


_BRIDGE_ID = f"BridgeUniqueid: ([^\r]{{1,150}})\r\n{_line('BridgeType')}"
_BRIDGE_END = (
    f"{_line('BridgeCreator')}{_line('BridgeName')}BridgeNumChannels: [^\r]*"
    "(?:\r\nBridgeVideoSourceMode: [^\r]*)?"  # from Asterisk 16 on
)
_BRIDGE = f"{_BRIDGE_ID}BridgeTechnology: ([^\r]*)\r\n{_BRIDGE_END}\r\n"
#: With ``timestampevents = yes`` and with a ``systemname``.
_STAMP = f"(?:{_line('Timestamp')})?(?:{_line('SystemName')})?"
_TECH = "(?:\r\nTechCause: [^\r]*)?"  # Asterisk 22
_DIAL = f"{_shot()}\r\n{_shot('Dest')}\r\n"
Groups = tuple[str, ...]
_STATES = {f"{state:0{width}}": state for state in range(100) for width in (1, 2)}


def _snapshot(groups: Groups, at: int = 0) -> Snapshot:
    name, state, number, context, exten, uniqueid, linkedid, presentation = groups[at : at + _GROUPS]
    return Snapshot(name, uniqueid, linkedid, _STATES[state], number, context, exten, presentation or "")


def _dial_end(g: Groups) -> Event:
    return DialEnd(_snapshot(g), _snapshot(g, _GROUPS), g[-1], "")


_FORMS: dict[bytes, tuple[str, Callable[[Groups], Event]]] = {
    b"Newchannel": (_shot(), lambda g: NewChannel(_snapshot(g))),
    b"Newstate": (_shot(), lambda g: ChannelSeen(_snapshot(g))),
    b"NewCallerid": (
        f"{_shot()}\r\nCID-CallingPres: ([0-9]{{1,6}}) [^\r]*",
        lambda g: CallerId(_snapshot(g), int(g[_GROUPS])),
    ),
    b"HangupRequest": (f"{_shot()}(?:\r\nCause: [^\r]*)?{_TECH}", lambda g: HangupRequest(_snapshot(g))),
    b"Hangup": (
        f"{_shot()}\r\nCause: ([0-9]{{1,6}})\r\nCause-txt: [^\r]*{_TECH}",
        lambda g: Hangup(_snapshot(g), int(g[_GROUPS])),
    ),
    b"BridgeEnter": (
        f"{_BRIDGE}{_shot()}",
        lambda g: BridgeEnter(_snapshot(g, 2), g[0], g[1].startswith("holding")),
    ),
    b"BridgeLeave": (f"{_BRIDGE}{_shot()}", lambda g: BridgeLeave(_snapshot(g, 2), g[0])),
    b"DialBegin": (
        f"{_DIAL}DialString: ([^\r]{{0,200}})",
        lambda g: DialBegin(_snapshot(g), _snapshot(g, _GROUPS), g[-1]),
    ),
    b"DialState": (
        f"{_DIAL}DialStatus: ([^\r]{{0,40}})",
        lambda g: DialState(_snapshot(g, _GROUPS), g[-1]),
    ),
    b"BridgeDestroy": (f"{_BRIDGE_ID}{_line('BridgeTechnology')}{_BRIDGE_END}", lambda g: BridgeDestroy(g[0])),
    b"LocalBridge": (
        f"{_shot('LocalOne')}\r\n{_shot('LocalTwo')}\r\n{_line('Context')}{_line('Exten')}LocalOptimization: [^\r]*",
        lambda g: LocalBridge(_snapshot(g), _snapshot(g, _GROUPS)),
    ),
    b"DialEnd": (f"{_DIAL}DialStatus: ([^\r]{{0,40}})", _dial_end),
}
_TABLE = {
    name: (re.compile(f"Event: {name.decode()}\r\n{_line('Privilege')}{_STAMP}{form}"), make)
    for name, (form, make) in _FORMS.items()
}


def quick(block: bytes) -> Event | None:
    """The event of a block in Asterisk's own form; None: read it the general way."""
    entry = _TABLE.get(block[7 : block.find(b"\r", 7, 48)])
    if entry is None:
        return None
    # The forms stop at CR only, which is much quicker; that no LF stands alone is seen by counting.
    if block.count(b"\n") != block.count(b"\r"):
        return None
    match = entry[0].fullmatch(block.decode("utf-8", "replace"))
    return None if match is None else entry[1](match.groups())
