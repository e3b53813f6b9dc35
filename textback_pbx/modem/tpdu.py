"""The fields of an SMS TPDU, read octet by octet: 3GPP TS 23.040, 9.1 and 9.2. Pure.

Every reader takes a :class:`Cursor` and either moves on or raises :class:`Broken`, which never leaves
``pdu.py``. What can be read although something is odd is read, and the oddity is noted in ``problems``.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from textback_pbx.modem.alphabet import text_of, unpack

_SEMI_OCTETS = "0123456789*#abc"


class Broken(ValueError):
    """The octets end too early or are no TPDU of a kind we read."""


@dataclass(slots=True)
class Cursor:
    """A place in the octets of one PDU."""

    octets: bytes
    at: int = 0
    problems: list[str] = field(default_factory=list)

    def octet(self, what: str) -> int:
        """Take one octet."""
        return self.take(1, what)[0]

    def take(self, count: int, what: str) -> bytes:
        """Take ``count`` octets, or say what was cut off."""
        if self.at + count > len(self.octets):
            raise Broken(f"it ends inside the {what}")
        self.at += count
        return self.octets[self.at - count : self.at]

    def rest(self, limit: int) -> bytes:
        """Take what is left, at most ``limit`` octets."""
        return self.take(min(limit, len(self.octets) - self.at), "user data")


def semi_octets(octets: bytes, digits: int | None = None) -> str:
    """Read swapped half octets (9.1.2.3) up to ``digits`` of them or the filler 0xF."""
    out: list[str] = []
    for octet in octets:
        for half in (octet & 0x0F, octet >> 4):
            if half == 0x0F or len(out) == digits:
                return "".join(out)
            out.append(_SEMI_OCTETS[half])
    return "".join(out)


def address(cursor: Cursor) -> str:
    """Read an address field (9.1.2.5): ``+`` and digits, digits as the network gave them, or a name."""
    digits = cursor.octet("address")
    kind = cursor.octet("address")
    if digits > 20:
        raise Broken(f"an address of {digits} digits")
    octets = cursor.take((digits + 1) // 2, "address")
    if kind & 0x70 == 0x50:
        name = unpack(octets, digits * 4 // 7)
        # Senders that round 7 septets up to 14 half octets leave an eighth septet of fill, which reads as "@".
        return text_of(name[:7] if len(name) == 8 and not name[7] else name).strip()
    number = semi_octets(octets, digits)
    return f"+{number}" if kind & 0x70 == 0x10 and number else number


def smsc(cursor: Cursor) -> str:
    """Read the SMSC address in front of a TPDU (27.005, 3.1; 24.011, 8.2.5.1): its length counts octets."""
    length = cursor.octet("SMSC address")
    if not length:
        return ""
    if length > 11:
        raise Broken(f"an SMSC address of {length} octets")
    octets = cursor.take(length, "SMSC address")
    number = semi_octets(octets[1:])
    return f"+{number}" if octets[0] & 0x70 == 0x10 and number else number


def timestamp(cursor: Cursor, what: str) -> int | None:
    """Read a time stamp (9.2.3.11) as ms UTC; ``None``, with a problem noted, when it is no time."""
    octets = cursor.take(7, what)
    if not any(octets):
        cursor.problems.append(f"no {what}")
        return None
    try:
        year, month, day, hour, minute, second = (_two_digits(octet) for octet in octets[:6])
        quarters = _two_digits(octets[6] & 0xF7)
        local = datetime(year + (1900 if year >= 90 else 2000), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        cursor.problems.append(f"unreadable {what}")
        return None
    if quarters > 56:  # no place on earth is more than 14 hours from UTC
        cursor.problems.append(f"{what} in an impossible time zone, read as UTC")
        quarters = 0
    sign = -1 if octets[6] & 0x08 else 1
    return round((local - sign * timedelta(minutes=15 * quarters)).timestamp() * 1_000)


def _two_digits(octet: int) -> int:
    tens, units = octet & 0x0F, octet >> 4
    if tens > 9 or units > 9:
        raise ValueError
    return tens * 10 + units


@dataclass(frozen=True, slots=True)
class Coding:
    """What TP-DCS says (23.038, 4): ``gsm7``, ``ucs2`` or ``data``; ``flash`` for class 0."""

    alphabet: str
    flash: bool = False
    compressed: bool = False


def coding(octet: int) -> Coding:
    """Read TP-DCS; reserved values mean the default alphabet (23.038, 4)."""
    group = octet >> 4
    if group < 8:
        alphabet = ("gsm7", "data", "ucs2", "gsm7")[octet >> 2 & 3]
        return Coding(alphabet, flash=octet & 0x13 == 0x10, compressed=bool(octet & 0x20))
    if group == 0xE:
        return Coding("ucs2")
    if group == 0xF:
        return Coding("data" if octet & 4 else "gsm7", flash=octet & 3 == 0)
    return Coding("gsm7")


@dataclass(frozen=True, slots=True)
class Concat:
    """Which part of which text (9.2.3.24.1 and .8). ``wide``: the reference has 16 bits."""

    ref: int
    seq: int
    total: int
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """What the user data header (9.2.3.24) told that matters here."""

    octets: int = 0  # its length with its own length octet
    concat: Concat | None = None
    locking: int = 0
    single: int = 0
    ports: bool = False  # addressed to an application, not to a person


def header(data: bytes, problems: list[str]) -> Header:
    """Read the user data header at the start of ``data``; an element that breaks off ends it."""
    if not data:
        raise Broken("a user data header that is not there")
    end = 1 + data[0]
    if end > len(data):
        raise Broken("it ends inside the user data header")
    found: dict[int, bytes] = {}
    at = 1
    while at < end:
        length = data[at + 1] if at + 1 < end else 255
        if at + 2 + length > end:
            problems.append("a broken element in the user data header")
            break
        found[data[at]] = data[at + 2 : at + 2 + length]  # of two that exclude each other the last counts (9.2.3.24)
        at += 2 + length
    locking, single = (found.get(element, b"\0")[:1] or b"\0" for element in (0x25, 0x24))
    return Header(end, _concat(found, problems), locking[0], single[0], ports=bool({4, 5} & found.keys()))


def _concat(found: dict[int, bytes], problems: list[str]) -> Concat | None:
    for element, length in ((0x08, 4), (0x00, 3)):
        data = found.get(element)
        if data is None:
            continue
        if len(data) != length:
            problems.append("a broken concatenation element")
            continue
        ref, total, seq = int.from_bytes(data[:-2], "big"), data[-2], data[-1]
        if 1 <= seq <= total:
            return Concat(ref, seq, total, wide=length == 4)
        problems.append(f"part {seq} of {total}")  # to be ignored as a whole: 9.2.3.24.1
    return None
