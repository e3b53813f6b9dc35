"""What has been read from the storages and given to the pipeline, and what is still owed (MODEM 10, promise 4).

An entry is given once, and again only if nobody has deleted it after a while. The entries found right after the
modem was attached are remembered until each is committed: before that nothing is sent, because one of them may
be a STOP.
"""

from collections.abc import Callable, Sequence

from textback_pbx.clock import Clock
from textback_pbx.modem.items import Direct, Item, Stored
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.modem.storage import Entry

Key = tuple[str, int, str]  # storage, index, PDU

_RECEIVED = (0, 1)  # <stat> of texts that came; 2 and 3 are somebody's drafts, and stay


class Inbox:
    """The entries of one line's storages, between the modem and the pipeline."""

    def __init__(self, settings: ModemSettings, clock: Clock, give: Callable[[Item], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._give = give
        self._given: dict[Key, float] = {}
        self._owed: set[Key] = set()
        self._announced: set[str] = set()
        self._look = False
        self.first_read = False
        self.last_inbound_ms: int | None = None

    @property
    def owed(self) -> int:
        """How many of the entries that waited when the modem was attached are not committed yet."""
        return len(self._owed)

    def attach(self) -> None:
        """A modem was set up: whatever its storages hold is read before anything is sent."""
        self.first_read = False
        self._given.clear()
        self._owed.clear()
        self._announced.clear()

    def announced(self, storage: str) -> None:
        """+CMTI or +CDSI named a storage: read it now."""
        self._announced.add(storage)
        self._look = True

    def look_again(self) -> None:
        """Read the storage now, for a reason of somebody else's."""
        self._look = True

    def take_look(self) -> set[str] | None:
        """The storages that were announced (perhaps none) if a look is due, else ``None``; resets it."""
        if not self._look:
            return None
        self._look = False
        names, self._announced = self._announced, set()
        return names

    def direct(self, iccid: str | None, code: str, pdu: str) -> None:
        """A PDU came straight through."""
        self.last_inbound_ms = self._clock.now_ms()
        self._give(Direct(self._settings.name, iccid, code, pdu, self.last_inbound_ms))

    def read(self, storage: str, entries: Sequence[Entry], iccid: str | None) -> None:
        """Take what a storage holds now; give what is new, and what was given long ago and is still there."""
        now = self._clock.monotonic()
        received = [entry for entry in entries if entry.status in _RECEIVED and entry.pdu]
        there = {(storage, entry.index, entry.pdu) for entry in received}
        for key in [key for key in self._given if key[0] == storage and key not in there]:
            self._forget(key)
        for entry in received:
            key = (storage, entry.index, entry.pdu)
            given = self._given.get(key)
            if given is not None and now - given < self._settings.offer_again_s:
                continue
            if not self.first_read:
                self._owed.add(key)
            self._given[key] = now
            self.last_inbound_ms = self._clock.now_ms()
            self._give(
                Stored(self._settings.name, iccid, storage, entry.index, entry.pdu, entry.status, self.last_inbound_ms)
            )

    def committed(self, item: Stored) -> None:
        """The pipeline has it on disk."""
        self._owed.discard((item.storage, item.index, item.pdu))

    def deleted(self, item: Stored) -> None:
        """The modem has dropped it: the slot may be used again, by the same text even."""
        self._forget((item.storage, item.index, item.pdu))

    def _forget(self, key: Key) -> None:
        self._given.pop(key, None)
        self._owed.discard(key)
