"""What the AMI session tells the pipeline, in order: connected, heard, disconnected, overflow; and the queue of it.

The reader of the socket only enqueues: Asterisk drops a reader that is slow for 100 ms. The queue has a bound, and
passing it is a deliberate gap that is told, never a silent skip.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from textback_pbx.calls.kinds import Event, LiveChannel


class Down(StrEnum):
    """Why there is no link to the PBX."""

    UNREACHABLE = "unreachable"  # no TCP or TLS connection
    UNTRUSTED = "untrusted"  # TLS: the certificate, or our CA file
    REFUSED = "refused"  # the login was refused
    CLOSED = "closed"  # the PBX ended the connection
    SILENT = "silent"  # half-open: nothing heard within the liveness deadline
    OVERFLOW = "overflow"  # we could not keep up
    PROTOCOL = "protocol"  # what answered is no AMI, or it did not answer an action


@dataclass(frozen=True, slots=True)
class Connected:
    """Logged in and synchronised. ``started`` is Asterisk's start time, its own local time, only to be compared."""

    pbx: str
    system: str
    started: str
    version: str
    live: tuple[LiveChannel, ...]
    warnings: tuple[str, ...]
    at_ms: int
    may: frozenset[str] = frozenset()  # the actions this account may use, in lower case


@dataclass(frozen=True, slots=True)
class Devices:
    """The state of every phone and trunk, as DeviceStateList tells it: ``PJSIP/109`` -> ``UNAVAILABLE``."""

    pbx: str
    states: Mapping[str, str] = field(hash=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """A UserEvent of our own was sent as a test; whether it came back."""

    pbx: str
    came_back: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, with the wall time (ms UTC) and the monotonic time (s) of its arrival here."""

    event: Event
    at_ms: int
    monotonic: float


@dataclass(frozen=True, slots=True)
class Roll:
    """The Uniqueids of the channels that live now: asked for now and then, because a Hangup can be missed."""

    pbx: str
    live: frozenset[str]
    at_ms: int
    applications: Mapping[str, str] = field(default_factory=dict, hash=False)  # Uniqueid -> what runs in it


@dataclass(frozen=True, slots=True)
class Disconnected:
    """No link since ``at_ms``. ``message`` says what to do, in words; the next try is in ``retry_s``."""

    pbx: str
    reason: Down
    message: str
    retry_s: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """``count`` events since ``at_ms`` were thrown away because nobody took them; a reconnection follows."""

    pbx: str
    count: int
    at_ms: int


Item = Connected | Devices | OwnEvent | Heard | Roll | Disconnected | Overflow


class Items:
    """A bounded queue in order, for one reader. Only :class:`Heard` items are ever thrown away."""

    def __init__(self, limit: int) -> None:
        self._items: deque[Item] = deque()
        self._limit = limit
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> bool:
        """Add an item; False when a :class:`Heard` found no room."""
        if isinstance(item, Heard) and len(self._items) >= self._limit:
            return False
        self._items.append(item)
        self._some.set()
        return True

    def overflow(self, pbx: str, lost: int, at_ms: int) -> None:
        """Throw away what was heard and say how much, so that the reader stands at one clear gap.

        The gap begins with the oldest event thrown away: a reader that waits for its disk may be minutes behind.
        """
        thrown = [item.at_ms for item in self._items if isinstance(item, Heard)]
        kept = [item for item in self._items if not isinstance(item, Heard)]
        self._items = deque([*kept, Overflow(pbx, len(thrown) + lost, min([at_ms, *thrown]))])
        self._some.set()

    async def get(self) -> Item:
        """Wait for the next item."""
        while not self._items:
            self._some.clear()
            await self._some.wait()
        return self._items.popleft()

    def get_nowait(self) -> Item | None:
        """The next item, or None."""
        return self._items.popleft() if self._items else None
