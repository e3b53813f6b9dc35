"""What the simulated modem remembers: settings a reset forgets, the radio's view of the network, and the journal."""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from textback_pbx.clock import Clock
from textback_pbx.testing.modem_models import Model


@dataclass(slots=True)
class Settings:
    """Everything AT&F, a brown-out or a re-plug puts back (27.005, 27.007 and V.250 defaults)."""

    echo: bool = True
    quiet: bool = False
    verbose: bool = True
    cmee: int = 0
    cmgf: int = 0
    cscs: str = "GSM"
    csms: int = 0
    cnmi: tuple[int, ...] = (0, 0, 0, 0, 0)
    memories: tuple[str, str, str] = ("SM", "SM", "SM")
    reporting: dict[str, int] = field(default_factory=lambda: {"+CREG": 0, "+CGREG": 0, "+CEREG": 0})
    csmp: tuple[int, int, int, int] = (17, 167, 0, 0)
    csdh: int = 0
    cmms: int = 0
    curc: int = 1
    cfun: int = 1
    cops_format: int = 0
    registers: dict[int, int] = field(default_factory=lambda: {0: 0, 3: 13, 4: 10, 5: 8})
    indications: list[str] = field(default_factory=list)  # kept back while <mode> of +CNMI is 0
    options: dict[str, str] = field(default_factory=dict)  # +QCFG and settings that are only kept

    @classmethod
    def of(cls, model: Model) -> "Settings":
        """Return a model's settings after power-on."""
        return cls(echo=model.echo, memories=(model.preferred_storage,) * 3)


@dataclass(slots=True)
class Radio:
    """The network as the modem sees it: <stat> of 27.007 7.2, <AcT> of 7.3, <rssi> of 8.5."""

    stat: int = 1
    technology: int = 7
    operator: str = "TESTNET"
    plmn: str = "00101"
    rssi: int = 20
    ber: int = 99
    lac: str = "1A2B"
    cell: str = "01C3D4E5"

    @property
    def registered(self) -> bool:
        """Home or roaming."""
        return self.stat in {1, 5}


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Something that happened: ``at_ms`` wall UTC; ``monotonic_s`` CLOCK_MONOTONIC when the clock is the machine's."""

    number: int
    at_ms: int
    monotonic_s: float
    kind: str
    detail: dict[str, Any]


#: The kinds of journal entries.
JOURNAL_KINDS: dict[str, str] = {
    "power": "plugged, unplugged, brown-out, booted: `what`, `path`",
    "command": "a command line arrived, complete with its CR: `line`",
    "prompt": "the prompt was written: `command`",
    "ctrl_z": "a whole PDU arrived: `command`, `body`",
    "escape": "the prompt was left with ESC: `command`",
    "submit": "the network took a part: the submit record's fields",
    "reply": "a final result was written: `command`, `final`",
    "urc": "an unsolicited code was written: `text`",
    "received": "the modem took a text or report: `tpdu`, `storage`, `index` (absent when given on directly)",
    "held": "the modem refused one for want of room: `tpdu`",
    "deleted": "stored messages were deleted: `storage`, `indices`",
    "fault": "a fault struck: `do`, `event`, `command`, `step`",
}


class Journal:
    """The newest entries, numbered from 1 without gaps."""

    def __init__(self, clock: Clock, limit: int = 100_000) -> None:
        self._clock = clock
        self._entries: deque[JournalEntry] = deque(maxlen=limit)
        self._next = 1
        self._waiters: set[asyncio.Future[None]] = set()

    def add(self, kind: str, **detail: Any) -> JournalEntry:
        """Append an entry of one of JOURNAL_KINDS."""
        if kind not in JOURNAL_KINDS:
            raise ValueError(f"no journal kind {kind!r}")
        entry = JournalEntry(self._next, self._clock.now_ms(), self._clock.monotonic(), kind, detail)
        self._next += 1
        self._entries.append(entry)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
        return entry

    async def changed(self) -> None:
        """Wait for the next entry."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def since(self, number: int = 0, kind: str | None = None) -> tuple[JournalEntry, ...]:
        """Entries after ``number``, of one kind or all."""
        oldest = self._next - len(self._entries)
        found = itertools.islice(self._entries, max(0, number + 1 - oldest), None)
        return tuple(entry for entry in found if kind in {None, entry.kind})
