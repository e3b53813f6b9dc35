"""Call-backs and bookings as an iCalendar file (RFC 5545); pure.

Times are UTC (3.3.5, form 2), so that no time zone has to travel with them. A UID never changes; SEQUENCE counts up
and DTSTAMP moves when what an entry says has changed (3.8.7.4, 3.8.7.2), so that a calendar that has seen it before
moves its entry. What is gone is sent once more as CANCELLED for a while: a client that imports does not forget by
itself.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from textback_pbx.clock import DAY_MS, MINUTE_MS, SECOND_MS
from textback_pbx.replies.contacts.vcard import fold  # RFC 5545, 3.1, folds as RFC 6350 does

#: How long a call-back takes in a calendar; its deadline is its end.
CALL_BACK_MS = 15 * MINUTE_MS
#: For so long what is gone is told as cancelled.
CANCELLED_FOR_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the calendar, times in ms UTC. ``busy``: a booking takes time, a call-back's deadline does not."""

    uid: str
    from_ms: int
    until_ms: int
    summary: str
    description: str = ""
    category: str = ""
    busy: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What calendars were told of an entry before: its digest holds no words."""

    uid: str
    digest: str
    sequence: int
    changed_ms: int
    from_ms: int
    until_ms: int
    cancelled: bool = False


def digest(entry: Entry) -> str:
    """Return what changes when anything that an entry says changes."""
    said = (entry.from_ms, entry.until_ms, entry.summary, entry.description, entry.category, entry.busy)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


def follow(entry: Entry, before: Known | None, now_ms: int) -> Known:
    """Return what is told of an entry now: the next SEQUENCE if it changed, or came back."""
    mark = digest(entry)
    if before is not None and before.digest == mark and not before.cancelled:
        return before
    sequence = 0 if before is None else before.sequence + 1
    return Known(entry.uid, mark, sequence, now_ms, entry.from_ms, entry.until_ms)


def gone(before: Known, now_ms: int) -> Known:
    """Return what is told of an entry that is not there any more."""
    if before.cancelled:
        return before
    return Known(before.uid, "", before.sequence + 1, now_ms, before.from_ms, before.until_ms, cancelled=True)


def write(pairs: Iterable[tuple[Entry | None, Known]], name: str) -> Iterator[str]:
    """Yield the file, line by line with CRLF; an entry that is gone has ``None`` in its place."""
    yield from _lines(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//textback-pbx//calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escape(name)}",
    )
    for entry, known in pairs:
        yield from _event(entry, known)
    yield from _lines("END:VCALENDAR")


def _event(entry: Entry | None, known: Known) -> Iterator[str]:
    stamp = _utc(known.changed_ms)
    lines = [
        "BEGIN:VEVENT",
        f"UID:{known.uid}",
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{known.sequence}",
        f"DTSTART:{_utc(known.from_ms)}",
        f"DTEND:{_utc(known.until_ms)}",
    ]
    if entry is None:
        lines += ["STATUS:CANCELLED", "SUMMARY:(cancelled)"]
    else:
        lines += ["STATUS:CONFIRMED", f"SUMMARY:{escape(entry.summary)}"]
        lines += [f"DESCRIPTION:{escape(entry.description)}"] if entry.description else []
        lines += [f"CATEGORIES:{escape(entry.category)}"] if entry.category else []
        lines.append(f"TRANSP:{'OPAQUE' if entry.busy else 'TRANSPARENT'}")
    yield from _lines(*lines, "END:VEVENT")


def _lines(*lines: str) -> Iterator[str]:
    return (f"{fold(line)}\r\n" for line in lines)


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // SECOND_MS, UTC).strftime("%Y%m%dT%H%M%SZ")


def escape(text: str) -> str:
    """Return a TEXT value (3.3.11): backslash, semicolon, comma and line breaks escaped, no other controls."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c in "\n\t" or not (ord(c) < 32 or ord(c) == 127))
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
