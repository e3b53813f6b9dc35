"""Whether the events a call needs really arrive: judged by what is heard and by what the PBX says lives; pure.

AMI does not tell an account which events it may read, and an ``eventfilter`` of somebody else's hides events without a
word. So the proof is in what happens: a channel that the PBX lists and of which nothing was ever heard, a phone that
was tried without a DialBegin, a caller in a queue whose joining was not told. One piece of evidence may be a race at
the moment of a (re)connection; :data:`ENOUGH` of them are none.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

from textback_pbx.calls import kinds as ev
from textback_pbx.calls.outcome import CallRecord
from textback_pbx.calls.trunks import TrunkMatcher

ENOUGH = 2
_KEPT_CONTEXTS = 40
_RING = 4

_FIX = (
    "give the account read = call,agent,user in manager.conf, look there for an eventfilter, reload, restart the agent"
)
#: Code -> the words for the health board. The codes are stable: ``doctor`` shows them too.
WORDS = {
    "call": f"the PBX has calls of which no event arrives: {_FIX}",
    "dial": f"phones are tried and neither DialBegin nor DialEnd arrives: {_FIX}",
    "hangup": f"calls end and no Hangup arrives: {_FIX}",
    "bridge": f"phones answer and no BridgeEnter arrives, so answered calls would look missed: {_FIX}",
    "agent": f"callers wait in a queue and no queue event arrives: {_FIX}",
    "user": f"an own UserEvent does not come back, so the dialplan's would not arrive either: {_FIX}",
}

#: Without these no call is told of, or answered calls would look missed.
GRAVE = frozenset({"events:call", "events:dial", "events:hangup", "events:bridge"})

_NAMES: dict[type, str] = {
    ev.NewChannel: "Newchannel",
    ev.DialBegin: "DialBegin",
    ev.DialEnd: "DialEnd",
    ev.Hangup: "Hangup",
    ev.BridgeEnter: "BridgeEnter",
    ev.Queue: "QueueCallerJoin",
    ev.UserEvent: "UserEvent",
    ev.MessageWaiting: "MessageWaiting",
    ev.Application: "Newexten",
}
#: Without these no call is judged rightly.
NEEDED = ("Newchannel", "DialBegin", "DialEnd", "Hangup", "BridgeEnter")


@dataclass(frozen=True, slots=True)
class Seen:
    """What arrived since the agent knows this PBX; kept on disk for ``doctor``.

    ``trunks`` are contexts in which calls from outside came in; ``strangers`` are contexts that are in no setting and
    in which a channel rang in with a number too long for an extension: perhaps a trunk nobody told us of.
    """

    events: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    presentation: bool = False

    def as_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))


def seen_of(text: str | None) -> Seen:
    """What was kept; nothing seen where that cannot be read."""
    try:
        kept = json.loads(text or "{}")
        lists = {key: tuple(str(one) for one in kept.get(key, ())) for key in ("events", "trunks", "strangers")}
        return Seen(**lists, presentation=bool(kept.get("presentation")))
    except (ValueError, TypeError, AttributeError):
        return Seen()


class SelfTest:
    """The evidence of one PBX. Feed it every event; ask it what is missing."""

    def __init__(self, trunks: TrunkMatcher) -> None:
        self._trunks = trunks
        self._events: set[str] = set()
        self._known = Seen()
        self._strikes: dict[str, int] = {}
        self._unheard: frozenset[str] = frozenset()
        self._said: set[str] = set()

    def restore(self, known: Seen) -> None:
        """Go on with what was seen before this start of the agent."""
        self._known = known

    def connected(self) -> None:
        """A new connection: privileges may be others now, so the evidence against it starts anew."""
        self._events, self._strikes, self._said, self._unheard = set(), {}, set(), frozenset()

    def heard(self, event: ev.Event) -> None:
        """Take note of one event."""
        name = _NAMES.get(type(event))
        if name is not None and name not in self._events:
            self._events.add(name)
            self._remember(events=name)
        if isinstance(event, ev.NewChannel):
            self._place(event.channel)

    def _place(self, shot: ev.Snapshot) -> None:
        if shot.presentation and not self._known.presentation:
            self._remember(presentation=True)
        if shot.uniqueid != shot.linkedid or shot.state != _RING or not shot.context:
            return
        if self._trunks.outside(shot.context, shot.name):
            self._remember(trunks=shot.context)
        elif sum(c.isdecimal() for c in shot.number) >= 7:
            self._remember(strangers=shot.context)

    def _remember(self, events: str = "", trunks: str = "", strangers: str = "", *, presentation: bool = False) -> None:
        old = self._known
        self._known = Seen(
            _with(old.events, events),
            _with(old.trunks, trunks),
            _with(old.strangers, strangers),
            old.presentation or presentation,
        )

    def seen(self) -> Seen:
        """Return what arrived; the same object while nothing new did."""
        return self._known

    # evidence against ----------------------------------------------------------------------------------------

    def roll(self, unknown: Collection[str], queued_untold: Collection[str]) -> None:
        """What the PBX lists: live channels never heard of, and callers in a queue we were not told of."""
        again = self._unheard & frozenset(unknown)
        self._unheard = frozenset(unknown)
        if again:
            self._strike("call", ENOUGH)  # twice on the roll: no race
        if queued_untold and "QueueCallerJoin" not in self._events:
            self._strike("agent")

    def unheard_end(self, count: int) -> None:
        """So many channels are gone of which no Hangup was heard."""
        if count and "Hangup" not in self._events:
            self._strike("hangup", count)

    def finished(self, record: CallRecord) -> None:
        """A customer call that was heard from its beginning."""
        if record.adopted:
            return
        tried = [leg for leg in record.legs if leg.parent is not None or not leg.bridged]
        if tried and not {"DialBegin", "DialEnd"} & self._events:
            self._strike("dial")
        if any(leg.up for leg in record.legs) and "BridgeEnter" not in self._events:
            self._strike("bridge")

    def doubts(self, record: CallRecord) -> bool:
        """Whether a call that looks missed may have been answered: a phone took it, and bridges are never told of.

        Without BridgeEnter every answered call looks like one whose phone was up and did not accept it.
        """
        return "BridgeEnter" not in self._events and any(
            leg.up and not leg.bridged and leg.dial_status == "ANSWER" for leg in record.legs
        )

    def own_event(self, *, came_back: bool) -> None:
        """The agent sent a UserEvent of its own (where the account may)."""
        if came_back:
            self._remember(events="UserEvent")
        else:
            self._strike("user", ENOUGH)

    def _strike(self, code: str, count: int = 1) -> None:
        self._strikes[code] = self._strikes.get(code, 0) + count

    def complaints(self) -> list[str]:
        """Return the codes of what is missing, each once for a connection."""
        new = [code for code, count in self._strikes.items() if count >= ENOUGH and code not in self._said]
        self._said.update(new)
        return new


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if not name or name in names else (*names, name)[-_KEPT_CONTEXTS:]
