"""What the simulated PBX remembers of the events it sent: the channels that live, for CoreShowChannels."""

from textback_pbx.calls.blocks import Blocks

Headers = dict[str, str]
_SHOWN = ("ChannelState", "ChannelStateDesc", "CallerIDNum", "Context", "Exten", "Linkedid")


def headers_of(block: bytes) -> Headers:
    """The headers of one block; the first of a name counts."""
    found: Headers = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        key, colon, value = line.rstrip("\r").partition(":")
        if colon:
            found.setdefault(key, value.removeprefix(" "))
    return found


class LiveChannels:
    """Follows Newchannel, Newstate, bridges and Hangup in what is sent."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self.channels: dict[str, Headers] = {}

    def sent(self, data: bytes) -> None:
        """Take note of bytes that were sent."""
        for block in self._blocks.feed(data):
            self._note(headers_of(block))

    def _note(self, headers: Headers) -> None:
        uid, event = headers.get("Uniqueid", ""), headers.get("Event", "")
        if event == "Newchannel" and uid:
            self.channels[uid] = dict(headers)
        elif event == "Hangup":
            self.channels.pop(uid, None)
        elif uid in self.channels:
            known = self.channels[uid]
            known.update({key: headers[key] for key in _SHOWN if key in headers})
            if event == "BridgeEnter":
                known["BridgeId"] = headers.get("BridgeUniqueid", "")
            elif event == "BridgeLeave":
                known["BridgeId"] = ""

    def clear(self) -> None:
        """Asterisk restarted: nothing lives."""
        self.channels.clear()
        self._blocks = Blocks()

    def show(self, action_id: str) -> list[list[tuple[str, object]]]:
        """The CoreShowChannel events, as header lists."""
        return [self._show(headers, action_id) for headers in self.channels.values()]

    @staticmethod
    def _show(headers: Headers, action_id: str) -> list[tuple[str, object]]:
        names = ("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum")
        rest = ("Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid")
        return [
            ("ActionID", action_id),
            *((name, headers.get(name, "")) for name in (*names, *rest)),
            ("Application", headers.get("Application", "")),
            ("ApplicationData", ""),
            ("Duration", "00:00:01"),
            ("BridgeId", headers.get("BridgeId", "")),
        ]
