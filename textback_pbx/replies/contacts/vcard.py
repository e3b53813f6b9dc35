"""vCard files (RFC 6350: 4.0; RFC 2426: 3.0; and the 2.1 that phones still write) <-> contacts; pure.

Only what a contact holds is read: FN or N, TEL, EMAIL, CATEGORIES, NOTE, and our own X-TEXTBACK-CUSTOMER. The rest
(photos, keys, addresses) is passed over. A small reader of our own: three versions stand side by side in what phones
export, and bad lines do too, so each card stands or falls by itself, with its line and its reason.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from textback_pbx.replies.contacts.person import Customer

#: RFC 6350, 3.2: a line is folded before its 76th octet.
_FOLD = 75
_NAME = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)(?:=((?:"[^"]*"|[^";:,])*(?:,(?:"[^"]*"|[^";:,])*)*))?')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: A card longer than this is no contact (a photo has been cut off by then).
_MOST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: its name in capitals, its parameters (names in capitals), its value still escaped."""

    name: str
    parameters: dict[str, list[str]]
    value: str


@dataclass(slots=True)
class Card:
    """One card as written; ``line`` is where it begins. ``problem`` says why it cannot be read, ``""``: it can."""

    line: int
    problem: str = ""
    name: str = ""
    numbers: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    email: str = ""
    note: str = ""
    customer: str = ""


def read(text: str) -> Iterator[Card]:
    """Read every card of a file's text; what stands between cards is passed over."""
    card: Card | None = None
    properties: list[Property] = []
    for number, line in _unfolded(text):
        found = _property(line)
        if found is not None and found.name == "BEGIN" and found.value.strip().upper() == "VCARD":
            if card is not None:
                card.problem = "the card has no END:VCARD"
                yield card
            card, properties = Card(number), []
        elif card is None:
            continue
        elif found is None:
            card.problem = card.problem or (f"line {number} cannot be read" if line.strip() else "")
        elif found.name == "END" and found.value.strip().upper() == "VCARD":
            yield _filled(card, properties)
            card = None
        elif len(properties) < _MOST_LINES:
            properties.append(found)
    if card is not None:
        card.problem = "the card has no END:VCARD"
        yield card


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first: folded ones joined, 2.1's soft line breaks too."""
    first, held = 1, ""
    for number, raw in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        soft = held.endswith("=") and "QUOTED-PRINTABLE" in held.split(":", maxsplit=1)[0].upper()
        if held and raw[:1] in (" ", "\t") and not soft:
            held += raw[1:]
        elif soft:
            held = held[:-1] + raw
        else:
            if held:
                yield first, held
            first, held = number, raw
    if held:
        yield first, held


def _property(line: str) -> Property | None:
    name = _NAME.match(line)
    if name is None:
        return None
    at = name.end()
    parameters: dict[str, list[str]] = {}
    while found := _PARAMETER.match(line, at):
        key = found[1].upper()
        # 2.1 leaves the name of a type out: TEL;CELL;VOICE
        kind, values = ("TYPE", [found[1]]) if found[2] is None else (key, re.findall(r'"[^"]*"|[^,]+', found[2]))
        if found[2] is None and key in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"):
            kind = "ENCODING"
        parameters.setdefault(kind, []).extend(value.strip('"') for value in values)
        at = found.end()
    if line[at : at + 1] != ":":
        return None
    return Property(name[1].upper(), parameters, line[at + 1 :])


def _filled(card: Card, properties: list[Property]) -> Card:
    structured = ""
    try:
        for one in properties:
            if one.name == "N":
                structured = _from_n(_decoded(one))
            elif one.name == "TEL":
                card.numbers += [number] if (number := _tel(one)) else []
            elif one.name in _INTO:
                _INTO[one.name](card, one)
    except (ValueError, LookupError) as error:
        card.problem = card.problem or str(error)
    card.name = card.name or structured
    return card


def _tel(one: Property) -> str:
    """Return the number: text, or 4.0's URI (RFC 3966: visual separators, an extension after a semicolon)."""
    value = _plain(_decoded(one)).strip()
    if value.lower().startswith("tel:"):
        value = value[4:].split(";")[0]
    return value


def _set_name(card: Card, one: Property) -> None:
    card.name = card.name or _plain(_decoded(one))


def _set_email(card: Card, one: Property) -> None:
    card.email = card.email or _plain(_decoded(one)).removeprefix("mailto:")


def _set_note(card: Card, one: Property) -> None:
    card.note = card.note or _plain(_decoded(one))


def _add_tags(card: Card, one: Property) -> None:
    card.tags += [_plain(part) for part in _split(_decoded(one), ",")]


def _set_customer(card: Card, one: Property) -> None:
    card.customer = _plain(_decoded(one)).strip().lower()


_INTO = {
    "FN": _set_name,
    "EMAIL": _set_email,
    "NOTE": _set_note,
    "CATEGORIES": _add_tags,
    "X-TEXTBACK-CUSTOMER": _set_customer,
}


def _decoded(one: Property) -> str:
    """Undo 2.1's and 3.0's transfer encodings. Raises ``ValueError`` or ``LookupError`` for what is none."""
    encoding = (one.parameters.get("ENCODING") or [""])[0].upper()
    charset = (one.parameters.get("CHARSET") or ["utf-8"])[0]
    if encoding == "QUOTED-PRINTABLE":
        return quopri.decodestring(one.value.encode()).decode(charset)
    if encoding in ("B", "BASE64"):
        try:
            return base64.b64decode(one.value, validate=True).decode(charset)
        except binascii.Error as error:
            raise ValueError(f"{one.name} is no base64: {error}") from error
    return one.value


def _from_n(value: str) -> str:
    """Return a readable name of N's components: family; given; additional; prefixes; suffixes (6.2.2)."""
    parts = [_plain(part).strip() for part in _split(value, ";")]
    family, given, additional = [*parts, "", "", ""][:3]
    return " ".join(part for part in (given, additional, family) if part)


def _split(value: str, mark: str) -> list[str]:
    """Split at each ``mark`` that no backslash escapes; the parts are still escaped."""
    return [part[1:] for part in re.findall(rf"{mark}(?:\\.|[^\\{mark}])*", mark + value, re.DOTALL)]


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


@dataclass(frozen=True, slots=True)
class Kept:
    """A contact as it is exported."""

    uid: str
    name: str
    numbers: tuple[str, ...]
    customer: Customer
    tags: tuple[str, ...]
    email: str
    note: str


def write(contacts: Iterable[Kept], version: str = "3.0") -> Iterator[str]:
    """Yield each contact as a card of ``version`` (3.0 or 4.0), with CRLF and folded lines."""
    for one in contacts:
        name = _escaped(one.name or one.numbers[0])
        lines = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:{_escaped(one.uid)}", f"FN:{name}", f"N:{name};;;;"]
        tel = "TEL;VALUE=uri;TYPE=voice:tel:" if version == "4.0" else "TEL;TYPE=voice:"
        lines += [f"{tel}{number}" for number in one.numbers]
        lines += [f"EMAIL:{_escaped(one.email)}"] if one.email else []
        lines += [f"CATEGORIES:{','.join(_escaped(tag) for tag in one.tags)}"] if one.tags else []
        lines += [f"NOTE:{_escaped(one.note)}"] if one.note else []
        lines += [f"X-TEXTBACK-CUSTOMER:{one.customer.value}"] if one.customer else []
        yield "".join(f"{fold(line)}\r\n" for line in [*lines, "END:VCARD"])


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "")
    return text.replace(",", "\\,").replace(";", "\\;")


def fold(line: str) -> str:
    """Fold a content line before its 76th octet, never inside a character (RFC 6350, 3.2; RFC 5545, 3.1)."""
    pieces, piece, size = [], "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > _FOLD:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + char, size + octets
    return "\r\n".join([*pieces, piece])
