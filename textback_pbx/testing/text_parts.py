"""Texts cut into parts and put together again, for the simulated network and its handsets (23.040 9.2.3.24.1)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textback_pbx.testing.gsm_alphabet import ESCAPE, from_septets, is_gsm7, to_septets
from textback_pbx.testing.tpdu import Concat, Encoding, UserData, concat_header


def split_text(
    text: str, *, encoding: Encoding | None = None, ref: int = 0, wide: bool = False, language: int = 0
) -> tuple[UserData, ...]:
    """Cut ``text`` into parts as a handset does; ``encoding`` None takes GSM-7 where the text fits it.

    One part of 160 septets or 70 UTF-16 units needs no header; longer ones get 8-bit or, with ``wide``, 16-bit
    references. An escape pair or a surrogate pair is never cut. A ``language`` puts its single shift table into
    the header (0x24).
    """
    chosen = encoding or (Encoding.GSM7 if is_gsm7(text, language) else Encoding.UCS2)
    shift = bytes((0x24, 1, language)) if language and chosen is Encoding.GSM7 else b""
    pieces = _pieces(text, chosen, len(shift) and 1 + len(shift), language)
    if len(pieces) == 1:
        return (_content(pieces[0], chosen, shift, None),)
    head = 1 + (6 if wide else 5) + len(shift)
    pieces = _pieces(text, chosen, head, language)
    if len(pieces) > 255:
        raise ValueError(f"{len(pieces)} parts; a message has 255 at most")
    places = [Concat(ref, len(pieces), number, wide) for number in range(1, len(pieces) + 1)]
    return tuple(
        _content(piece, chosen, concat_header(place) + shift, place)
        for piece, place in zip(pieces, places, strict=True)
    )


def _content(piece: bytes, encoding: Encoding, header: bytes, concat: Concat | None) -> UserData:
    if encoding is Encoding.GSM7:
        language = header[-1] if header[-3:-1] == b"\x24\x01" else 0
        return UserData(encoding, from_septets(piece, language), b"", header, concat)
    text = piece.decode("utf-16-be", "replace") if encoding is Encoding.UCS2 else ""
    return UserData(encoding, text, piece, header, concat)


def _pieces(text: str, encoding: Encoding, head: int, language: int) -> list[bytes]:
    octets = 140 - head
    if encoding is Encoding.GSM7:
        return _cut(to_septets(text, language), octets * 8 // 7, lambda data, end: data[end - 1] == ESCAPE, 1)
    if encoding is Encoding.UCS2:
        return _cut(text.encode("utf-16-be"), octets // 2 * 2, lambda data, end: 0xD8 <= data[end - 2] <= 0xDB, 2)
    return _cut(text.encode(), octets, lambda _data, _end: False, 1)


def _cut(data: bytes, room: int, splits_pair: Callable[[bytes, int], bool], back: int) -> list[bytes]:
    pieces: list[bytes] = []
    start = 0
    while start < len(data) or not pieces:
        end = min(start + room, len(data))
        if end < len(data) and splits_pair(data, end):
            end -= back
        pieces.append(data[start:end])
        start = end
    return pieces


@dataclass(frozen=True, slots=True)
class AirPart:
    """One part as a handset received it, with when (ms UTC) and from whom."""

    at_ms: int
    sender: str
    reference: int
    content: UserData
    flash: bool = False


@dataclass(frozen=True, slots=True)
class HandsetText:
    """A message as the handset shows it. ``missing`` lists parts not (yet) there; ``copies`` counts every part."""

    at_ms: int
    sender: str
    text: str
    parts: int
    missing: tuple[int, ...]
    copies: tuple[int, ...]
    flash: bool


def assemble(parts: Iterable[AirPart]) -> tuple[HandsetText, ...]:
    """Put parts together as a handset does, in order of first arrival.

    A part that is on the air twice is counted, not shown twice: ``copies`` holds the number received of each
    part. Two unconcatenated texts that are equal are two messages, as they are on a telephone.
    """
    groups: dict[object, list[AirPart]] = {}
    for order, part in enumerate(parts):
        concat = part.content.concat
        key: object = order if concat is None else (part.sender, concat.ref, concat.total, concat.wide)
        groups.setdefault(key, []).append(part)
    return tuple(_assemble_one(group) for group in groups.values())


def _assemble_one(group: list[AirPart]) -> HandsetText:
    first = group[0]
    concat = first.content.concat
    total = concat.total if concat else 1
    by_number: dict[int, list[AirPart]] = {}
    for part in group:
        by_number.setdefault(part.content.concat.number if part.content.concat else 1, []).append(part)
    whole = [by_number[number][0].content for number in sorted(by_number)]
    if all(content.encoding is Encoding.UCS2 for content in whole):
        # joined before decoding: a phone shows the emoji whose surrogate pair a sender cut in two
        text = b"".join(content.data for content in whole).decode("utf-16-be", "replace")
    else:
        text = "".join(content.text for content in whole)
    numbers = range(1, total + 1)
    missing = tuple(number for number in numbers if number not in by_number)
    copies = tuple(len(by_number.get(number, ())) for number in numbers)
    return HandsetText(first.at_ms, first.sender, text, total, missing, copies, first.flash)
