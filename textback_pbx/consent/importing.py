"""Consent kept elsewhere before: one CSV file -> entries, and a reason for every row that is refused. Pure.

Columns: ``number`` and ``basis`` (must; the basis one of :data:`~textback_pbx.consent.ledger.GRANTABLE`), ``date``
(when it was given; must for an implied consent, whose term it starts), ``expires``, ``source``, ``purpose``,
``evidence``, ``disclosure`` and ``disclosure_version`` (the exact words shown). Dates are ISO 8601, local time
without an offset. File and row stand in each entry's evidence. Nothing is guessed: a row that cannot be read is
refused with its reason. An import never lifts an opt-out (the fold sees to that, the command says so).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from textback_pbx.consent.jurisdictions import expires_ms
from textback_pbx.consent.ledger import GRANTABLE, Basis, Disclosure, Event, NewEntry, local_time
from textback_pbx.phone import NotANumber, parse

NEEDED = ("number", "basis")
COLUMNS = (*NEEDED, "date", "expires", "source", "purpose", "evidence", "disclosure", "disclosure_version")
_IMPLIED = frozenset({Basis.IMPLIED_INQUIRY, Basis.IMPLIED_PURCHASE})


class FileProblem(ValueError):
    """The file as a whole cannot be imported; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from: the file's name, who imports it, when (ms UTC), and the office's country and zone."""

    file: str
    actor: str
    now_ms: int
    country: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that becomes an entry; ``row`` counts the file's lines from 1, its heading included."""

    row: int
    number: str
    entry: NewEntry


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken, and why. ``number`` is as written."""

    row: int
    number: str
    reason: str


class _Refusal(Exception):
    pass


def read(text: str, origin: Origin) -> Iterator[Taken | Refused]:
    """Read a CSV file's text; raises :class:`FileProblem` when its heading or its quoting is not usable."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="", strict=True)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
        _check_heading(reader.fieldnames)
        seen: dict[str, int] = {}
        for row in reader:
            yield _row(row, reader.line_num, origin, seen)
    except csv.Error as error:
        raise FileProblem(f"line {reader.line_num}: {error}") from error


def _check_heading(names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if missing or twice:
        what = f"{', '.join(missing)} missing" if missing else f"{', '.join(twice)} named twice"
        raise FileProblem(f"the first line must name the columns {', '.join(COLUMNS)} (number and basis must): {what}")


def _row(row: Mapping[str, str | None], place: int, origin: Origin, seen: dict[str, int]) -> Taken | Refused:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    try:
        number = _number(cells["number"], origin, seen, extra="" in row)
        entry = _entry(cells, place, number, origin)
    except _Refusal as refusal:
        return Refused(place, cells["number"], str(refusal))
    seen[number] = place
    return Taken(place, number, entry)


def _number(written: str, origin: Origin, seen: Mapping[str, int], *, extra: bool) -> str:
    if extra:
        raise _Refusal("more cells than columns: is a comma not in quotes?")
    number = parse(written, origin.country)
    if isinstance(number, NotANumber):
        raise _Refusal(f"the number cannot be read: {number.reason}")
    if number.e164 in seen:
        raise _Refusal(f"the same number as in row {seen[number.e164]}")
    return number.e164


def _entry(cells: Mapping[str, str], place: int, number: str, origin: Origin) -> NewEntry:
    basis = _basis(cells["basis"])
    given = moment(cells["date"], origin.zone)
    expires = moment(cells["expires"], origin.zone)
    _check_dates(cells, basis, given, origin.now_ms)
    ends = until(origin.country, basis, given if given is not None else origin.now_ms, expires)
    if ends is not None and ends <= origin.now_ms:
        raise _Refusal("the consent has expired")
    return NewEntry(
        event=Event.IMPORTED,
        number=number,
        at_ms=origin.now_ms,
        local_time=local_time(origin.now_ms, origin.zone),
        basis=basis,
        channel="import",
        source=cells["source"] or origin.file,
        actor=origin.actor,
        purpose=cells["purpose"] or "missed_call",
        disclosure=Disclosure(cells["disclosure_version"], cells["disclosure"]) if cells["disclosure"] else None,
        evidence={"file": origin.file, "row": place, "given": cells["date"], "words": cells["evidence"]},
        expires_ms=ends,
    )


def _basis(text: str) -> Basis:
    if text not in {basis.value for basis in GRANTABLE}:
        raise _Refusal(f"basis {text!r} is none of: {', '.join(basis.value for basis in GRANTABLE)}")
    return Basis(text)


def _check_dates(cells: Mapping[str, str], basis: Basis, given: int | None, now_ms: int) -> None:
    for name in ("date", "expires"):
        if cells[name] and moment(cells[name], UTC) is None:
            raise _Refusal(f"the {name} {cells[name]!r} cannot be read: write it like 2026-11-02")
    if given is None and basis in _IMPLIED:
        raise _Refusal("an implied consent needs the date of the inquiry or purchase")
    if given is not None and given > now_ms:
        raise _Refusal("the consent is dated in the future")


def until(country: str, basis: Basis, given_ms: int, expires: int | None) -> int | None:
    """Return the earlier of the end somebody named and the end the law's profile sets, UTC ms."""
    ends = [end for end in (expires, expires_ms(country, basis, given_ms)) if end is not None]
    return min(ends, default=None)


def moment(text: str, zone: tzinfo) -> int | None:
    """Return ms UTC of an ISO date or time (local without an offset); ``None`` for what is no date."""
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
        return round(at.astimezone(UTC).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None
