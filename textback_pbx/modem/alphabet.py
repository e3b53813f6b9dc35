"""The GSM 7-bit alphabets and septets, by 3GPP TS 23.038. Pure.

gsmmodem's tables are not used: they lack the section sign and send it for a backtick, and its unpacking drops an
``@`` at the end of eight septets. Nothing here guesses: a character without a code is :class:`Unencodable`.
"""

from textback_pbx.modem.languages import EXTENSION, LOCKING, SINGLE

ESCAPE = 0x1B

#: Clause 6.2.1, in code order. Position 0x1B is the escape.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

_CODES = {char: bytes([code]) for code, char in enumerate(DEFAULT) if code != ESCAPE} | {
    char: bytes([ESCAPE, code]) for code, char in EXTENSION.items()
}


class Unencodable(ValueError):
    """A text that the alphabet asked for cannot hold, or that is too long for one part."""


def septets_of(text: str) -> bytes:
    """Encode in the default alphabet and its extension, one septet a byte."""
    try:
        return b"".join(_CODES[char] for char in text)
    except KeyError as error:
        raise Unencodable(f"U+{ord(error.args[0]):04X} is not in the GSM 7-bit alphabet") from None


def text_of(septets: bytes, *, locking: int = 0, single: int = 0) -> str:
    """Decode septets. ``locking`` and ``single`` are national language identifiers (6.2.1.2.4), 0 for none.

    An escape before a code without a meaning shows that code's own character (6.2.1.1, note 1); an unknown
    language is read with the default tables, as 6.2.1.2.4 asks of an old receiver.
    """
    table = LOCKING.get(locking, DEFAULT)
    shifted = SINGLE.get(single, EXTENSION)
    out: list[str] = []
    escaped = False
    for code in septets:
        if escaped:
            out.append(" " if code == ESCAPE else shifted.get(code, table[code]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            out.append(table[code])
    return "".join(out)


def pack(septets: bytes, *, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first (6.1.2.1), after ``fill_bits`` zero bits."""
    value = sum(septet << (7 * place) for place, septet in enumerate(septets)) << fill_bits
    return value.to_bytes((len(septets) * 7 + fill_bits + 7) // 8, "little")


def unpack(octets: bytes, count: int, *, skip: int = 0) -> bytes:
    """Unpack ``count`` septets from ``octets`` after the first ``skip`` ones; fewer when the octets end."""
    count = max(0, min(count, len(octets) * 8 // 7 - skip))
    value = int.from_bytes(octets, "little") >> (7 * skip)
    return bytes((value >> (7 * place)) & 0x7F for place in range(count))
