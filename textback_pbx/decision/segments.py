"""How many SMS parts a text takes, and which character makes it expensive. Pure.

3GPP 23.038, 6.2.1 (GSM 7-bit default alphabet and its extension table) and 3GPP 23.040, 9.2.3.24.1 (concatenation):
one part holds 160 septets or 70 UCS-2 code units; a part of a longer text loses six octets to its header and
holds 153 septets or 67 units. An extension character is an escape pair of two septets, a character outside the
Basic Multilingual Plane is a surrogate pair of two units; neither is ever split.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"

_SEPTETS = {**dict.fromkeys(GSM_BASIC, 1), **dict.fromkeys(GSM_EXTENSION, 2)}
_SINGLE = {"gsm7": 160, "ucs2": 70}
_CONCATENATED = {"gsm7": 153, "ucs2": 67}

#: Characters that word processors and phones put in place of a plain one: replaced without changing the words.
TYPOGRAPHIC = {
    **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−•·", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    "…": "...",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "×": "x",
}


class Encoding(StrEnum):
    """The two ways a text travels."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Forcing:
    """A character outside the GSM alphabet. ``plain`` is what could stand there; ``""``: leave it out."""

    char: str
    index: int
    plain: str


@dataclass(frozen=True, slots=True)
class Segments:
    """A text cut into parts. ``units``: septets (GSM-7) or code units (UCS-2) used by the text without headers."""

    encoding: Encoding
    parts: tuple[str, ...]
    units: int
    forcing: tuple[Forcing, ...]

    @property
    def count(self) -> int:
        """How many parts; an empty text still takes one."""
        return len(self.parts)


def segment(text: str) -> Segments:
    """Cut ``text`` into the parts it would travel in. The parts joined are the text, whatever it holds."""
    forcing = tuple(Forcing(c, i, plain_for(c)) for i, c in enumerate(text) if c not in _SEPTETS)
    encoding = Encoding.UCS2 if forcing else Encoding.GSM7
    widths = [_width(c, encoding) for c in text]
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Segments(encoding, (text,), units, forcing)
    return Segments(encoding, tuple(_cut(text, widths, _CONCATENATED[encoding])), units, forcing)


def _width(char: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return _SEPTETS[char]
    return 2 if ord(char) > 0xFFFF else 1


def _cut(text: str, widths: list[int], room: int) -> list[str]:
    parts: list[str] = []
    start = used = 0
    for index, width in enumerate(widths):
        if used + width > room:
            parts.append(text[start:index])
            start, used = index, 0
        used += width
    return [*parts, text[start:]]


def plain_for(char: str) -> str:
    """Return what the GSM alphabet has in place of ``char``: the straight quote, the bare letter, or nothing."""
    if char in TYPOGRAPHIC:
        return TYPOGRAPHIC[char]
    # á -> a, ﬁ -> fi, fullwidth -> plain; what has no such form (an emoji, another script) can only go.
    spread = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    special = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE", "þ": "th", "ð": "d"}
    spread = special.get(spread, spread)
    return spread if all(c in _SEPTETS for c in spread) else ""


def straighten(text: str) -> str:
    """Replace typographic characters by plain ones; accents and other scripts stay as they are."""
    return "".join(TYPOGRAPHIC.get(c, c) if c not in _SEPTETS else c for c in text)


def to_gsm(text: str) -> str | None:
    """Return the text with every character in the GSM alphabet, or ``None`` where that would lose a letter."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        plain = char if char in _SEPTETS else plain_for(char)
        if not plain and unicodedata.category(char)[0] in "LN":
            return None
        out.append(plain)
    return "".join(out)
