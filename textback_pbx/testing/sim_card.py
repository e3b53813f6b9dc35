"""The SIM of the simulated modem: identity, PIN and PUK with their tries, and message storage.

27.005 clause 3 (storages), 27.007 clause 8.3 (+CPIN), 3GPP TS 31.102 (tries; the SIM, not the modem, keeps the last
TP-MR and the service centre's number, so both outlive a power cut and follow the card into another modem).
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


class SimState(StrEnum):
    """What +CPIN? answers; ABSENT and BLOCKED answer +CME ERROR 10 and 13."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "ABSENT"
    BLOCKED = "BLOCKED"


class Status:
    """The <stat> of a stored message in PDU mode (27.005 3.1); text mode's words are in STATUS_WORDS."""

    UNREAD, READ, UNSENT, SENT, ALL = range(5)


STATUS_WORDS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")


@dataclass(slots=True)
class StoredPdu:
    """One slot: the PDU with its service centre in front, and <stat>."""

    status: int
    pdu: bytes

    @property
    def length(self) -> int:
        """The octets of the TPDU, without the service centre: the <length> of 27.005."""
        return len(self.tpdu)

    @property
    def tpdu(self) -> bytes:
        """The TPDU; empty when what is stored is no PDU at all."""
        return self.pdu[1 + self.pdu[0] :] if self.pdu else b""


@dataclass(slots=True)
class Store:
    """A message storage with numbered slots; ``first`` is the lowest index (modems differ: 0 or 1)."""

    name: str
    capacity: int
    first: int = 0
    slots: dict[int, StoredPdu] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether no slot is free."""
        return len(self.slots) >= self.capacity

    def add(self, message: StoredPdu) -> int | None:
        """Put a message into the lowest free slot; None when there is none."""
        if self.full:
            return None
        index = next(n for n in range(self.first, self.first + self.capacity) if n not in self.slots)
        self.slots[index] = message
        return index

    def has_index(self, index: int) -> bool:
        """Whether the storage has such a slot at all (else: +CMS ERROR 321)."""
        return self.first <= index < self.first + self.capacity


def with_luhn(digits: str) -> str:
    """Append the Luhn check digit (ITU-T E.118 for ICCIDs, 3GPP TS 23.003 for IMEIs)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def imei_for(name: str) -> str:
    """Return a stable IMEI for a name, inside a type allocation code reserved for testing."""
    serial = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 1_000_000
    return with_luhn(f"00499901{serial:06d}")


def iccid_for(number: str) -> str:
    """Return a stable ICCID (19 digits, issuer of the test network) for a subscriber's number."""
    account = int.from_bytes(hashlib.sha256(number.encode()).digest()[:5], "big") % 10**11
    return with_luhn(f"8988001{account:011d}")


@dataclass(slots=True)
class SimCard:
    """A SIM; numbers are ours and fictional. ``pin`` None: the card asks for none."""

    number: str = "+15125550100"
    iccid: str = ""
    imsi: str = ""
    smsc: str = "+15125550199"
    pin: str | None = None
    puk: str = "12345678"
    capacity: int = 20
    pin_tries: int = 3
    puk_tries: int = 10
    last_reference: int = 0
    unlocked: bool = False
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.iccid = self.iccid or iccid_for(self.number)
        self.imsi = self.imsi or "00101" + self.number.removeprefix("+")[-10:].rjust(10, "0")
        self.store = Store("SM", self.capacity)

    @property
    def state(self) -> SimState:
        """What the card asks for now."""
        if self.puk_tries == 0:
            return SimState.BLOCKED
        if self.pin_tries == 0:
            return SimState.PUK
        return SimState.READY if self.pin is None or self.unlocked else SimState.PIN

    def power_cycle(self) -> None:
        """Forget that the PIN was given; tries, storage and references stay."""
        self.unlocked = False

    def enter_pin(self, pin: str) -> bool:
        """Check a PIN; a wrong one costs a try."""
        if pin == self.pin:
            self.pin_tries, self.unlocked = 3, True
            return True
        self.pin_tries -= 1
        return False

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Check a PUK and set a new PIN; a wrong one costs one of ten tries, then the card is dead."""
        if puk == self.puk:
            self.pin, self.pin_tries, self.puk_tries, self.unlocked = new_pin, 3, 10, True
            return True
        self.puk_tries -= 1
        return False

    def next_reference(self) -> int:
        """Return the TP-MR for the next part; it wraps after 255 (23.040 9.2.3.6)."""
        self.last_reference = (self.last_reference + 1) % 256
        return self.last_reference
