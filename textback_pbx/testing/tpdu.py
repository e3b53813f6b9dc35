"""Transfer PDUs of the simulated modem, written from 3GPP TS 23.040 clause 9 with no library.

The simulator reads SMS-SUBMIT (9.2.2.2) and writes SMS-DELIVER (9.2.2.1) and SMS-STATUS-REPORT (9.2.2.3). Times on
the wire carry a zone in quarters of an hour (9.2.3.11); in this file they are milliseconds since the epoch, UTC.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.testing.gsm_alphabet import from_septets, pack, to_septets, unpack

MAX_USER_DATA = 140  # octets, 9.2.3.24


class PduProblem(Exception):
    """The octets are not what 23.040 says; the modem answers +CMS ERROR: 304."""


class Encoding(StrEnum):
    """How TP-UD is coded (23.038 clause 4)."""

    GSM7 = "gsm7"
    DATA = "data"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Concat:
    """A part's place in its message (9.2.3.24.1, 9.2.3.24.8)."""

    ref: int
    total: int
    number: int
    wide: bool = False


@dataclass(frozen=True, slots=True)
class UserData:
    """TP-UD taken apart: headers (without UDHL), the text, or the bytes when it is data."""

    encoding: Encoding
    text: str
    data: bytes
    header: bytes
    concat: Concat | None


@dataclass(frozen=True, slots=True)
class Submit:
    """An SMS-SUBMIT as the modem got it; ``validity_s`` is None when no TP-VP came."""

    destination: str
    reference: int
    pid: int
    dcs: int
    validity_s: int | None
    report_requested: bool
    reject_duplicates: bool
    content: UserData


# --- addresses (9.1.2.5) ---------------------------------------------------------------------------------


def semi_octets(digits: str) -> bytes:
    """Swap digit pairs; an odd count ends with F."""
    table = {"*": "a", "#": "b", "a": "c", "b": "d", "c": "e"}
    nibbles = "".join(table.get(digit, digit) for digit in digits.lower())
    nibbles += "f" * (len(nibbles) % 2)
    return bytes(int(nibbles[n + 1] + nibbles[n], 16) for n in range(0, len(nibbles), 2))


def from_semi_octets(octets: bytes, count: int) -> str:
    """Read ``count`` digits back."""
    digits = "".join(f"{octet & 0x0F:x}{octet >> 4:x}" for octet in octets)[:count]
    if "f" in digits:
        raise PduProblem(f"a filler inside the digits {digits}")
    return digits.translate(str.maketrans("abcde", "*#abc"))


def encode_address(number: str) -> bytes:
    """Encode a TP-OA, TP-DA or TP-RA: ``+digits`` international, ``digits`` unknown, anything else alphanumeric."""
    digits = number.removeprefix("+")
    if digits and all(digit in "0123456789*#" for digit in digits):
        return bytes((len(digits), 0x91 if number.startswith("+") else 0x81)) + semi_octets(digits)
    packed = pack(to_septets(number))
    return bytes(((len(to_septets(number)) * 7 + 3) // 4, 0xD0)) + packed


def decode_address(octets: bytes) -> tuple[str, int]:
    """Read an address; return it and the octets it took."""
    if len(octets) < 2:
        raise PduProblem("the address is cut short")
    count, kind = octets[0], octets[1]
    size = 2 + (count + 1) // 2
    if count > 20 or len(octets) < size:
        raise PduProblem(f"an address of {count} semi-octets")
    body = octets[2:size]
    if kind & 0x70 == 0x50:
        return from_septets(unpack(body, count * 4 // 7)), size
    prefix = "+" if kind & 0x70 == 0x10 else ""
    return prefix + from_semi_octets(body, count), size


def encode_smsc(number: str) -> bytes:
    """Write the service centre in front of a TPDU (27.005 3.1: its length is in octets); none is one zero octet."""
    digits = number.removeprefix("+")
    if not digits:
        return b"\x00"
    body = bytes((0x91 if number.startswith("+") else 0x81,)) + semi_octets(digits)
    return bytes((len(body),)) + body


# --- time (9.2.3.11) --------------------------------------------------------------------------------------


def encode_time(at_ms: int, zone_minutes: int = 0) -> bytes:
    """Encode an SCTS or discharge time in local time with its zone."""
    local = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC) + dt.timedelta(minutes=zone_minutes)
    quarters = abs(zone_minutes) // 15
    stamp = local.strftime("%y%m%d%H%M%S")
    zone = semi_octets(f"{quarters:02d}")[0] | (0x08 if zone_minutes < 0 else 0)
    return semi_octets(stamp) + bytes((zone,))


def decode_time(octets: bytes) -> int:
    """Read a 7-octet time back, in ms UTC."""
    try:
        stamp = from_semi_octets(octets[:6], 12)
        zone = octets[6]
        quarters = (zone & 0x07) * 10 + (zone >> 4)
        local = dt.datetime.strptime(stamp, "%y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except (ValueError, IndexError) as error:
        raise PduProblem(f"a time that is none: {octets.hex()}") from error
    offset = dt.timedelta(minutes=15 * quarters * (-1 if zone & 0x08 else 1))
    return round((local - offset).timestamp() * 1000)


def relative_validity_s(value: int) -> int:
    """Read a one-octet TP-VP (9.2.3.12.1), in seconds."""
    if value <= 143:
        return (value + 1) * 300
    if value <= 167:
        return 12 * 3600 + (value - 143) * 1800
    if value <= 196:
        return (value - 166) * 86_400
    return (value - 192) * 7 * 86_400


# --- user data (9.2.3.24) ---------------------------------------------------------------------------------


def encoding_of(dcs: int) -> Encoding:
    """Read a data coding scheme (23.038 clause 4); a reserved one is the default alphabet, as it says."""
    if dcs & 0xC0 in {0x00, 0x40}:
        return {0x04: Encoding.DATA, 0x08: Encoding.UCS2}.get(dcs & 0x0C, Encoding.GSM7)
    if dcs & 0xF0 == 0xE0:
        return Encoding.UCS2
    if dcs & 0xF0 == 0xF0 and dcs & 0x04:
        return Encoding.DATA
    return Encoding.GSM7


def concat_header(concat: Concat) -> bytes:
    """Write the concatenation element, without UDHL."""
    if concat.wide:
        return bytes((0x08, 4, concat.ref >> 8 & 0xFF, concat.ref & 0xFF, concat.total, concat.number))
    return bytes((0x00, 3, concat.ref & 0xFF, concat.total, concat.number))


def read_header(header: bytes) -> tuple[Concat | None, int]:
    """Read the elements of a header: its concatenation, and the single shift language (0: none)."""
    concat: Concat | None = None
    language = 0
    position = 0
    while position < len(header):
        if position + 2 > len(header) or position + 2 + header[position + 1] > len(header):
            raise PduProblem("a header element is cut short")
        kind, size = header[position], header[position + 1]
        body = header[position + 2 : position + 2 + size]
        if kind == 0x00 and size == 3:
            concat = Concat(body[0], body[1], body[2])
        elif kind == 0x08 and size == 4:
            concat = Concat(int.from_bytes(body[:2], "big"), body[2], body[3], wide=True)
        elif kind == 0x24 and size == 1:
            language = body[0]
        position += 2 + size
    return concat, language


def encode_user_data(content: UserData, language: int = 0) -> tuple[int, bytes]:
    """Return TP-UDL and TP-UD; ValueError when it is longer than 140 octets."""
    head = bytes((len(content.header),)) + content.header if content.header else b""
    if content.encoding is Encoding.GSM7:
        septets = to_septets(content.text, language)
        fill = -len(head) * 8 % 7
        octets = head + pack(septets, fill)
        length = (len(head) * 8 + fill) // 7 + len(septets)
    else:
        body = content.data if content.encoding is Encoding.DATA else content.text.encode("utf-16-be", "surrogatepass")
        octets = head + body
        length = len(octets)
    if len(octets) > MAX_USER_DATA:
        raise ValueError(f"{len(octets)} octets do not fit one part")
    return length, octets


def decode_user_data(dcs: int, has_header: bool, length: int, octets: bytes) -> UserData:
    """Take TP-UD apart; PduProblem when the lengths do not agree."""
    encoding = encoding_of(dcs)
    needed = (length * 7 + 7) // 8 if encoding is Encoding.GSM7 else length
    if needed > MAX_USER_DATA or len(octets) != needed:
        raise PduProblem(f"TP-UDL {length} ({encoding}) does not agree with {len(octets)} octets of user data")
    head = 1 + octets[0] if has_header and octets else 0
    if head > len(octets):
        raise PduProblem("the user data header is longer than the user data")
    header = octets[1:head]
    concat, language = read_header(header)
    if encoding is Encoding.GSM7:
        fill = -head * 8 % 7
        count = length - (head * 8 + fill) // 7
        text = from_septets(unpack(octets[head:], count, fill), language)
        return UserData(encoding, text, b"", header, concat)
    data = octets[head:]
    text = data.decode("utf-16-be", "replace") if encoding is Encoding.UCS2 else ""
    return UserData(encoding, text, data, header, concat)


# --- the three messages ------------------------------------------------------------------------------------


def decode_submit(tpdu: bytes) -> Submit:
    """Read an SMS-SUBMIT; PduProblem when it is anything else."""
    if len(tpdu) < 7 or tpdu[0] & 0x03 != 0x01:
        raise PduProblem("not an SMS-SUBMIT")
    first = tpdu[0]
    destination, size = decode_address(tpdu[2:])
    rest = tpdu[2 + size :]
    if len(rest) < 3:
        raise PduProblem("the SUBMIT is cut short")
    pid, dcs = rest[0], rest[1]
    period = {0x00: 0, 0x10: 1}.get(first & 0x18, 7)
    if len(rest) < 3 + period:
        raise PduProblem("the SUBMIT is cut short in TP-VP")
    validity = relative_validity_s(rest[2]) if period == 1 else None
    content = decode_user_data(dcs, bool(first & 0x40), rest[2 + period], rest[3 + period :])
    return Submit(destination, tpdu[1], pid, dcs, validity, bool(first & 0x20), bool(first & 0x04), content)


def encode_deliver(
    sender: str, content: UserData, scts_ms: int, *, zone_minutes: int = 0, dcs: int | None = None, language: int = 0
) -> bytes:
    """Write an SMS-DELIVER; ``dcs`` None is the plain scheme of the encoding."""
    plain = {Encoding.GSM7: 0x00, Encoding.DATA: 0x04, Encoding.UCS2: 0x08}[content.encoding]
    length, octets = encode_user_data(content, language)
    first = 0x04 | (0x40 if content.header else 0)  # no more messages to send
    head = bytes((first,)) + encode_address(sender) + bytes((0, plain if dcs is None else dcs))
    return head + encode_time(scts_ms, zone_minutes) + bytes((length,)) + octets


def encode_report(
    reference: int, recipient: str, times_ms: tuple[int, int], status: int, *, zone_minutes: int = 0
) -> bytes:
    """Write an SMS-STATUS-REPORT; ``times_ms`` are the SCTS and the discharge time, ``status`` is TP-ST (9.2.3.15)."""
    times = b"".join(encode_time(at_ms, zone_minutes) for at_ms in times_ms)
    return bytes((0x06, reference & 0xFF)) + encode_address(recipient) + times + bytes((status,))
