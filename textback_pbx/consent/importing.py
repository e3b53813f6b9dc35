"""Rows of a CSV file -> ledger entries, or the reason why a row is refused. Pure.

Columns: ``number`` (must), ``basis`` (must, one of :data:`~textback_pbx.consent.ledger.GRANTABLE`), ``date``
(ISO 8601, when it was given), ``expires`` (ISO 8601), ``evidence`` (words). File and row stand in the entry's
evidence, so that each import can be traced. A row that cannot be read is refused, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from textback_pbx import phone
from textback_pbx.consent.ledger import GRANTABLE, Basis, Event, NewEntry, local_time

COLUMNS = ("number", "basis", "date", "expires", "evidence")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken; ``row`` counts the file's lines from 1, its heading included."""

    row: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from: the file's name, who imports it, when (ms UTC), and the office's country and zone."""

    file: str
    actor: str
    now_ms: int
    country: str
    zone: tzinfo


def entry_of(row: Mapping[str, str | None], number: int, origin: Origin) -> NewEntry | Refused:
    """Read one row."""
    values = {key: (row.get(key) or "").strip() for key in COLUMNS}
    parsed = phone.parse(values["number"], origin.country)
    if isinstance(parsed, phone.NotANumber):
        return Refused(number, values["number"], f"the number cannot be read: {parsed.reason}")
    if values["basis"] not in set(GRANTABLE):
        known = ", ".join(GRANTABLE)
        return Refused(number, values["number"], f"basis {values['basis']!r} is none of: {known}")
    given, expires = _moment(values["date"], origin.zone), _moment(values["expires"], origin.zone)
    if given is None or expires is None:
        return Refused(number, values["number"], "a date cannot be read: write it like 2026-11-02")
    if given > origin.now_ms:
        return Refused(number, values["number"], "the consent is dated in the future")
    if expires and expires <= origin.now_ms:
        return Refused(number, values["number"], "the consent has expired")
    return NewEntry(
        event=Event.IMPORTED,
        number=parsed.e164,
        at_ms=origin.now_ms,
        local_time=local_time(origin.now_ms, origin.zone),
        basis=Basis(values["basis"]),
        channel="import",
        source=origin.file,
        actor=origin.actor,
        evidence={"file": origin.file, "row": number, "given": values["date"], "words": values["evidence"]},
        expires_ms=expires or None,
    )


def _moment(text: str, zone: tzinfo) -> int | None:
    """Return ms UTC of an ISO date or time; 0 for an empty text, ``None`` for one that is no date."""
    if not text:
        return 0
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = read if read.tzinfo is not None else read.replace(tzinfo=zone)
    return int(aware.astimezone(UTC).timestamp() * 1_000)
