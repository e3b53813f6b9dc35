"""Parts of texts from the SIM -> whole texts; pure.

An inbound part is told apart by a fingerprint over sender, service-centre time stamp (SCTS), concatenation
reference, part number and content (promise 4), so a part that is read twice after a crash counts once. Parts
come in any order, with 8-bit or 16-bit references (3GPP 23.040, 9.2.3.24.1 and 9.2.3.24.8); references wrap, so
a group also has a span in time. Nothing is ever thrown away here: what cannot be read is kept raw and shown.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from textback_pbx import phone
from textback_pbx.clock import DAY_MS

#: A text whose parts have not all come in this time is shown as incomplete.
INCOMPLETE_AFTER_MS = DAY_MS
#: A part that comes later than that still completes its text for so long.
LATE_PART_MS = 7 * DAY_MS
#: The same PDU without a time stamp is another text after so long; before that it is the same one read again.
UNTIMED_AGAIN_MS = DAY_MS
#: 16-bit references are kept with this bit set, so that they never meet an 8-bit reference of the same value.
WIDE = 0x1_0000

_CUT = "\ufffd"  # what a lone half of a surrogate pair is kept as
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS-DELIVER as the modem gave it.

    ``text`` is ``None`` when it could not be decoded; then ``problem`` says why and ``raw`` (the PDU, hex) is all
    there is. ``concat_ref`` is ``None`` for a text of one part; give 16-bit references through :func:`wide`.
    ``scts_ms`` is ``None`` when the time stamp made no sense.
    """

    modem: str
    sender: str
    raw: str
    received_ms: int
    text: str | None
    scts_ms: int | None = None
    concat_ref: int | None = None
    seq: int = 1
    total: int = 1
    problem: str = ""
    iccid: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part's row: what reassembly reads. ``inbound_id`` is set when it stands in an incomplete text already."""

    id: int
    sender: str
    received_ms: int
    text: str | None
    scts_ms: int | None = None
    concat_ref: int | None = None
    seq: int = 1
    total: int = 1
    problem: str = ""
    inbound_id: int | None = None
    raw: str = ""
    modem: str = ""
    iccid: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A text that is ready to be shown: its parts' ids, its body, and whether anything is missing.

    ``inbound_id`` names the incomplete text that this one completes, or ``None`` for a new one. ``modem`` and
    ``iccid`` say to which of our numbers it was written.
    """

    part_ids: tuple[int, ...]
    sender: str
    body: str
    complete: bool
    scts_ms: int | None
    received_ms: int
    problem: str = ""
    inbound_id: int | None = None
    modem: str = ""
    iccid: str | None = None


#: Reads the PDUs of parts that follow each other as one text; ``None`` when one of them is no text.
Join = Callable[[Sequence[str]], str | None]


@dataclass(slots=True)
class _Group:
    parts: dict[int, StoredPart] = field(default_factory=dict)

    @property
    def first_ms(self) -> int:
        return min(part.received_ms for part in self.parts.values())

    @property
    def inbound_id(self) -> int | None:
        return next((p.inbound_id for p in self.parts.values() if p.inbound_id is not None), None)

    def takes(self, part: StoredPart) -> bool:
        span = LATE_PART_MS if self.inbound_id is not None else INCOMPLETE_AFTER_MS
        return part.seq not in self.parts and abs(_time_of(part) - self._anchor_ms) <= span

    @property
    def _anchor_ms(self) -> int:
        return min(_time_of(part) for part in self.parts.values())


def wide(reference: int) -> int:
    """Return a 16-bit concatenation reference in the form it is kept in."""
    return WIDE | (reference & 0xFFFF)


def clean(text: str) -> str:
    """Make text safe to keep and to show: surrogate pairs joined, lone ones and control characters replaced.

    Some codecs return emoji as two lone surrogates, which SQLite refuses; an escape byte would reach an admin's
    terminal. Line feeds and tabs stay; the PDU is kept beside it, so nothing is lost.
    """
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub("", joined.replace("\r\n", "\n").replace("\r", "\n"))


def sender_of(raw: str, country: str) -> str:
    """Return the sender as E.164 where it is a number of ``country`` or international, else cleaned as it came."""
    number = phone.parse(raw, country)
    return number.e164 if isinstance(number, phone.Number) else clean(raw).strip()[:64]


def answerable(sender: str) -> bool:
    """Say whether a text may ever go back: names ("CARRIER") and short codes are never answered."""
    return phone.E164.fullmatch(sender) is not None


def fingerprint(part: Part) -> str:
    """Return the part's identity, 64 hex digits (promise 4).

    The content is the decoded text, because two copies of one part may travel through different service
    centres and so differ in their PDU; where text or time stamp could not be read, the PDU itself.
    """
    readable = part.text is not None and part.scts_ms is not None
    content = clean(part.text or "") if readable else part.raw.upper()
    fields = (part.sender, part.scts_ms, part.concat_ref, part.seq, part.total, content)
    joined = "\x1f".join("" if item is None else str(item) for item in fields)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()


def oddity(part: Part) -> str:
    """Return what is odd about a part's numbering or time in plain words, '' when nothing is."""
    odd = [part.problem] if part.problem else []
    if part.concat_ref is not None and not is_part_of_many(part.concat_ref, part.seq, part.total) and part.total != 1:
        odd.append(f"says it is part {part.seq} of {part.total}, so it is shown on its own")
    if part.text is not None and part.scts_ms is None:
        odd.append("its time stamp makes no sense; the time of arrival is shown")
    return "; ".join(odd)


def is_part_of_many(concat_ref: int | None, seq: int, total: int) -> bool:
    """Say whether the numbering makes sense: 3GPP 23.040, 9.2.3.24.1 has a receiver ignore it otherwise."""
    return concat_ref is not None and total > 1 and 1 <= seq <= total


def assemble(waiting: Iterable[StoredPart], now_ms: int, join: Join = lambda _: None) -> list[Whole]:
    """Return every text that is ready: whole ones at once, incomplete ones once they are 24 h old.

    ``waiting`` are the parts without a text, and the parts of incomplete texts that may still be completed
    (their ``inbound_id`` set). The result depends on no order but the parts' own times. ``join`` is asked where a
    character was cut in two between two parts (an emoji is two UCS-2 units).
    """
    parts = sorted(waiting, key=lambda part: (part.inbound_id is None, _time_of(part), part.id))
    singles = [p for p in parts if p.inbound_id is None and not is_part_of_many(p.concat_ref, p.seq, p.total)]
    many = [part for part in parts if is_part_of_many(part.concat_ref, part.seq, part.total)]
    ready = [_whole([part], 1, join) for part in singles]
    ready += [_whole(list(g.parts.values()), _total(g), join) for g in _groups(many) if _is_ready(g, now_ms)]
    return sorted(ready, key=lambda whole: (whole.received_ms, whole.part_ids))


def _groups(parts: Sequence[StoredPart]) -> list[_Group]:
    groups: dict[tuple[str, int | None, int], list[_Group]] = {}
    for part in parts:
        of_key = groups.setdefault((part.sender, part.concat_ref, part.total), [])
        # The youngest group first: when a part of an older text is lost and the reference comes round again,
        # the new text's parts stay together.
        group = next((group for group in reversed(of_key) if _belongs(group, part)), None)
        if group is None:
            group = _Group()
            of_key.append(group)
        group.parts[part.seq] = part
    return [group for of_key in groups.values() for group in of_key]


def _belongs(group: _Group, part: StoredPart) -> bool:
    if part.inbound_id is not None:
        return group.inbound_id == part.inbound_id
    return group.takes(part)


def _total(group: _Group) -> int:
    return next(iter(group.parts.values())).total


def _is_ready(group: _Group, now_ms: int) -> bool:
    if all(part.inbound_id is not None for part in group.parts.values()):
        return False  # shown already, and nothing new has come for it
    complete = len(group.parts) == _total(group)
    return complete or group.inbound_id is not None or now_ms - group.first_ms >= INCOMPLETE_AFTER_MS


def _time_of(part: StoredPart) -> int:
    return part.received_ms if part.scts_ms is None else part.scts_ms


def _whole(parts: list[StoredPart], total: int, join: Join) -> Whole:
    parts.sort(key=lambda part: part.seq)
    unread = [part for part in parts if part.text is None]
    problems = list(dict.fromkeys(part.problem for part in parts if part.problem))
    times = [part.scts_ms for part in parts if part.scts_ms is not None]
    last = max(parts, key=lambda part: part.received_ms)
    return Whole(
        part_ids=tuple(part.id for part in parts),
        sender=parts[0].sender,
        body=parts[0].text or "" if total == 1 else _joined({part.seq: part for part in parts}, total, join),
        complete=not unread and len(parts) == total,
        scts_ms=max(times) if times else None,
        received_ms=max(part.received_ms for part in parts),
        problem="; ".join(problems),
        inbound_id=next((part.inbound_id for part in parts if part.inbound_id is not None), None),
        modem=last.modem,
        iccid=last.iccid,
    )


def _joined(parts: dict[int, StoredPart], total: int, join: Join) -> str:
    """Join the parts, with one marker in place of each run of missing or unreadable ones."""
    pieces: list[str] = []
    readable = {seq: part for seq, part in parts.items() if part.text is not None}
    for there, run in groupby(range(1, total + 1), readable.__contains__):
        seqs = list(run)
        if there:
            pieces.append(_run([readable[seq] for seq in seqs], join))
            continue
        name = f"part {seqs[0]}" if len(seqs) == 1 else f"parts {seqs[0]}-{seqs[-1]}"
        pieces.append(f"[{name} of {total} missing]")
    return "".join(pieces)


def _run(parts: list[StoredPart], join: Join) -> str:
    """Join parts that follow each other; where one ends with half a character, from their PDUs."""
    texts = [part.text or "" for part in parts]
    halves = any(one.endswith(_CUT) and two.startswith(_CUT) for one, two in pairwise(texts))
    whole = join([part.raw for part in parts]) if halves else None
    return "".join(texts) if whole is None else clean(whole)
