"""The GSM 7-bit alphabets and septet packing of the simulated modem, written from 3GPP TS 23.038.

This is the independent witness: it shares no code with the codec the agent uses, so a mistake in one does
not hide in the other. Clauses: 6.1.2.1 (packing), 6.2.1 (default alphabet), 6.2.1.1 (extension table),
A.2.1 and A.2.2 (Turkish and Spanish single shift tables).
"""

ESCAPE = 0x1B

#: 6.2.1, in code order; position 0x1B is the escape to the extension table.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

#: 6.2.1.1
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

#: Annex A.2: national language identifier -> its single shift table (what follows an escape).
SINGLE_SHIFT = {
    0: EXTENSION,
    1: EXTENSION | {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    2: EXTENSION | {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
}

_DEFAULT_CODES = {character: code for code, character in enumerate(DEFAULT) if code != ESCAPE}


def is_gsm7(text: str, language: int = 0) -> bool:
    """Whether ``text`` fits the default alphabet with the single shift table of ``language``."""
    shifted = set(SINGLE_SHIFT[language].values())
    return all(character in _DEFAULT_CODES or character in shifted for character in text)


def to_septets(text: str, language: int = 0) -> bytes:
    """Encode ``text``, one septet a byte; ValueError names the character that has no code."""
    codes = {character: code for code, character in SINGLE_SHIFT[language].items()}
    out = bytearray()
    for character in text:
        if character in _DEFAULT_CODES:
            out.append(_DEFAULT_CODES[character])
        elif character in codes:
            out += bytes((ESCAPE, codes[character]))
        else:
            raise ValueError(f"{character!r} is not in the GSM 7-bit alphabet")
    return bytes(out)


def from_septets(septets: bytes, language: int = 0) -> str:
    """Decode septets; an escape before a code the table lacks shows the default character (6.2.1.1 note 1)."""
    table = SINGLE_SHIFT.get(language, EXTENSION)
    out: list[str] = []
    escaped = False
    for septet in septets:
        if escaped:
            out.append(table.get(septet, DEFAULT[septet & 0x7F]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            out.append(DEFAULT[septet & 0x7F])
    return "".join(out)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first, after ``fill_bits`` zero bits (6.1.2.1.1)."""
    value, width = 0, fill_bits
    for septet in septets:
        value |= (septet & 0x7F) << width
        width += 7
    return value.to_bytes((width + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Unpack ``count`` septets from octets; ValueError when the octets are too few."""
    if len(octets) * 8 < fill_bits + 7 * count:
        raise ValueError(f"{len(octets)} octets cannot hold {count} septets")
    value = int.from_bytes(octets, "little") >> fill_bits
    return bytes((value >> (7 * n)) & 0x7F for n in range(count))
