"""SMS PDUs as typed values: 3GPP TS 23.040 and 23.038. The only importer of gsmmodem. Pure.

Out: one part, its alphabet already chosen, to E.164 digits only. gsmmodem writes the address, the header, the
septets and the UCS-2; it is never given what it gets wrong (names for numbers, a backtick, an emoji, a
16-bit reference), and its output is checked in the tests against other decoders. In: ``tpdu.py`` reads the
octets, because gsmmodem's reader raises, drops characters and returns lone surrogates. No input raises:
what cannot be read is :class:`Undecodable` with the raw hexadecimal, to be kept and shown (MODEM 13).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textback_pbx.modem import tpdu
from textback_pbx.modem.alphabet import Unencodable, septets_of, text_of, unpack
from textback_pbx.modem.tpdu import Broken, Concat, Cursor, Header
from textback_pbx.phone import E164

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # 28 invalid escapes in its sources; a DeprecationWarning until 3.11
    warnings.simplefilter("ignore", DeprecationWarning)
    from gsmmodem import pdu as codec

__all__ = [
    "Concat",
    "Decoded",
    "Deliver",
    "Encoded",
    "Encoding",
    "StatusReport",
    "Undecodable",
    "Unencodable",
    "decode",
    "encode_submit",
    "join_parts",
]

Encoding = Literal["gsm7", "ucs2"]

_SUBMIT, _RELATIVE_VALIDITY, _REPORT_WANTED, _HAS_HEADER = 0x01, 0x10, 0x20, 0x40
_DCS = {"gsm7": 0x00, "ucs2": 0x08}
MAX_OCTETS, MAX_SEPTETS = 140, 160
MAX_RAW = 600  # hexadecimal digits of a PDU we look at; an honest one has at most 352


@dataclass(frozen=True, slots=True)
class Encoded:
    """One SMS-SUBMIT: upper-case hexadecimal with an empty SMSC, and the octets of the TPDU for ``AT+CMGS``."""

    hexadecimal: str
    length: int


def encode_submit(
    number: str,
    text: str,
    encoding: Encoding,
    *,
    concat: Concat | None = None,
    report: bool = True,
    validity_minutes: int | None = None,
) -> Encoded:
    """Encode one part for ``AT+CMGS``; raises :class:`Unencodable`, and never sends anything but what was asked.

    ``validity_minutes``: TP-VP, relative, rounded down to what 9.2.3.12.1 can say (at least 5 minutes).
    """
    if not E164.fullmatch(number) or not number.isascii():
        raise Unencodable("the destination is no E.164 number")
    head = b"" if concat is None else _concat_header(concat)
    length, data = _user_data(text, encoding, head)
    first = _SUBMIT | (_REPORT_WANTED if report else 0) | (_HAS_HEADER if head else 0)
    first |= 0 if validity_minutes is None else _RELATIVE_VALIDITY
    octets = bytearray([first, 0])  # TP-MR 0: the modem counts
    octets += bytes([len(number) - 1, 0x91]) + bytes(codec.encodeSemiOctets(number[1:]))
    octets += bytes([0, _DCS[encoding]])  # TP-PID 0: from person to person
    octets += b"" if validity_minutes is None else bytes([_validity(validity_minutes)])
    octets += bytes([length]) + data
    return Encoded("00" + octets.hex().upper(), len(octets))


def _concat_header(concat: Concat) -> bytes:
    limit = 0xFFFF if concat.wide else 0xFF
    if not (0 <= concat.ref <= limit and 1 <= concat.seq <= concat.total <= 255):
        raise Unencodable(f"part {concat.seq} of {concat.total} with reference {concat.ref}")
    if concat.wide:  # gsmmodem writes 16 bits only for a reference above 255
        return bytes([6, 8, 4]) + concat.ref.to_bytes(2, "big") + bytes([concat.total, concat.seq])
    element = codec.Concatenation()
    element.reference, element.parts, element.number = concat.ref, concat.total, concat.seq
    body = bytes(element.encode())
    return bytes([len(body)]) + body


def _user_data(text: str, encoding: Encoding, head: bytes) -> tuple[int, bytes]:
    """Return TP-UDL (septets or octets, with the header) and TP-UD."""
    if encoding == "ucs2":
        try:
            units = text.encode("utf-16-be")
        except UnicodeEncodeError:
            raise Unencodable("half of a surrogate pair") from None
        if len(head) + len(units) > MAX_OCTETS:
            raise Unencodable(f"{len(units) // 2} UCS-2 units do not fit one part")
        return len(head) + len(units), head + units
    septets = septets_of(text)
    head_septets = (len(head) * 8 + 6) // 7
    if head_septets + len(septets) > MAX_SEPTETS:
        raise Unencodable(f"{len(septets)} septets do not fit one part")
    fill = head_septets * 7 - len(head) * 8
    # padBits counts the bits of an imagined septet before the text: 7 minus the fill bits. 0 means: none.
    packed = bytes(codec.packSeptets(bytearray(septets), 7 - fill if fill else 0))
    return head_septets + len(septets), head + packed


def _validity(minutes: int) -> int:
    """TP-VP, relative (9.2.3.12.1): the longest it can say that is not longer than asked."""
    if minutes <= 12 * 60:
        return max(0, minutes // 5 - 1)
    if minutes <= 24 * 60:
        return 143 + (minutes - 12 * 60) // 30
    days = minutes // (24 * 60)
    return 166 + days if 2 <= days <= 30 else 167 if days < 2 else min(255, 192 + days // 7)


@dataclass(frozen=True, slots=True)
class Deliver:
    """One text that came in. ``text`` is ``None`` for binary data; ``scts_ms`` is ``None`` when it is no time.

    ``sender`` is E.164 with its plus, digits as the network gave them, or a name. ``problem`` says what is odd,
    or is empty. ``raw`` is always kept.
    """

    sender: str
    text: str | None
    scts_ms: int | None
    concat: Concat | None
    flash: bool
    smsc: str
    problem: str
    raw: str


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One status report. ``tp_st`` is read by 23.040, 9.2.3.15; times are ms UTC or ``None``."""

    recipient: str
    tp_mr: int
    tp_st: int
    scts_ms: int | None
    discharge_ms: int | None
    problem: str
    raw: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Octets that are no text and no report; keep ``raw`` and show it."""

    reason: str
    raw: str


Decoded = Deliver | StatusReport | Undecodable


def decode(hexadecimal: str) -> Decoded:
    """Read what ``+CMGL``, ``+CMGR``, ``+CMT`` or ``+CDS`` gave. Never raises."""
    raw = hexadecimal.strip().upper()
    if len(raw) > MAX_RAW:
        return Undecodable(f"longer than any PDU: {len(raw)} digits", raw[:MAX_RAW])
    try:
        cursor = Cursor(bytes.fromhex(raw))
        centre = tpdu.smsc(cursor)
        first = cursor.octet("first octet")
        if first & 3 == 0:
            return _deliver(cursor, first, centre, raw)
        if first & 3 == 2:
            return _report(cursor, raw)
    except Broken as error:
        return Undecodable(str(error), raw)
    except ValueError:
        return Undecodable("not hexadecimal", raw)
    return Undecodable("a text stored to be sent, not one that came" if first & 3 == 1 else "a reserved type", raw)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of an SMS-DELIVER before its text is decoded."""

    sender: str
    coded: tpdu.Coding
    scts_ms: int | None
    length: int
    data: bytes
    head: Header

    def text(self) -> str:
        """The text after the header; surrogates are left as they came, to be joined by the caller."""
        if self.coded.alphabet == "ucs2":
            units = self.data[self.head.octets :]
            return units[: len(units) & ~1].decode("utf-16-be", "surrogatepass")
        skip = (self.head.octets * 8 + 6) // 7
        septets = unpack(self.data, self.length - skip, skip=skip)
        return text_of(septets, locking=self.head.locking, single=self.head.single)


def _fields(cursor: Cursor, first: int) -> _Fields:
    sender = tpdu.address(cursor)
    cursor.octet("protocol identifier")
    coded = tpdu.coding(cursor.octet("data coding"))
    scts_ms = tpdu.timestamp(cursor, "time stamp")
    length = cursor.octet("length")
    octets = (length * 7 + 7) // 8 if coded.alphabet == "gsm7" else length
    data = cursor.rest(min(octets, MAX_OCTETS))
    if len(data) < octets:
        cursor.problems.append("shorter than it says")
    head = tpdu.header(data, cursor.problems) if first & _HAS_HEADER else Header()
    return _Fields(sender, coded, scts_ms, length, data, head)


def _deliver(cursor: Cursor, first: int, centre: str, raw: str) -> Deliver | Undecodable:
    fields = _fields(cursor, first)
    if fields.coded.compressed:
        return Undecodable("a compressed text", raw)
    if fields.head.ports:
        cursor.problems.append("addressed to an application")
    text = None
    if fields.coded.alphabet == "data":
        cursor.problems.append("binary data")
    else:
        text = _clean(fields.text(), cursor.problems)
    problem = "; ".join(cursor.problems)
    return Deliver(fields.sender, text, fields.scts_ms, fields.head.concat, fields.coded.flash, centre, problem, raw)


def _clean(text: str, problems: list[str]) -> str:
    """Make a text that any storage takes: surrogate pairs joined, lone halves and NUL replaced by U+FFFD."""
    clean = text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace").replace("\x00", "\ufffd")
    if "\ufffd" in clean and "\ufffd" not in text:
        problems.append("characters that are none, shown as U+FFFD")
    return clean


def _report(cursor: Cursor, raw: str) -> StatusReport:
    reference = cursor.octet("message reference")
    recipient = tpdu.address(cursor)
    scts_ms = tpdu.timestamp(cursor, "time stamp")
    discharge_ms = tpdu.timestamp(cursor, "discharge time")
    status = cursor.octet("status")
    return StatusReport(recipient, reference, status, scts_ms, discharge_ms, "; ".join(cursor.problems), raw)


def join_parts(raws: Sequence[str]) -> str | None:
    """Join the raw PDUs of all parts of one text, in order; ``None`` when one of them is no text.

    A sender may cut an emoji between two parts; joined before the halves are judged, it is whole again.
    """
    pieces: list[str] = []
    for raw in raws:
        decoded = decode(raw)
        if not isinstance(decoded, Deliver) or decoded.text is None:
            return None
        cursor = Cursor(bytes.fromhex(decoded.raw))
        tpdu.smsc(cursor)
        pieces.append(_fields(cursor, cursor.octet("first octet")).text())
    return _clean("".join(pieces), [])
