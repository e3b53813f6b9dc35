"""Free text -> what the office needs to know: urgency, service, place, window, name, customer; pure.

Offline and deterministic. Each field carries the span it came from, the rule that read it and a confidence; what
the text does not say stays blank, because a wrong field is worse than none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from textback_pbx.replies.asked import only_asked
from textback_pbx.replies.customer import customer_of
from textback_pbx.replies.deadline import deadline_of
from textback_pbx.replies.mentions import Mention
from textback_pbx.replies.person import name_of
from textback_pbx.replies.place import postcode_of, street_of
from textback_pbx.replies.plain import Found, blank
from textback_pbx.replies.resolve import frame
from textback_pbx.replies.service import service_of
from textback_pbx.replies.tidy import original_span, tidy
from textback_pbx.replies.urgency import urgency_of
from textback_pbx.replies.window import Window, read_mentions, window_in

#: A text longer than this is read up to here: an SMS has at most 255 parts, and no office needs a book.
MOST_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where one field came from: characters ``start`` to ``end`` of the text, the words, the rule, 0..1."""

    start: int
    end: int
    words: str
    rule: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work is; ``None`` where the text does not say."""

    postcode: str | None = None
    street: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The window as ISO 8601 texts with their offsets."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What one text says. Every field may be ``None``; ``evidence`` has an entry for each that is not."""

    urgency: str | None = None
    service: str | None = None
    place: Place = field(default_factory=Place)
    window: Span | None = None
    name: str | None = None
    customer: str | None = None
    evidence: dict[str, Evidence] = field(default_factory=dict)
    also: tuple[str, ...] = ()  # other services named

    def values(self) -> dict[str, Any]:
        """Return the fields as ``replies classify`` prints them."""
        window = self.window
        return {
            "urgency": self.urgency,
            "service": self.service,
            "place": {"postcode": self.place.postcode, "street": self.place.street},
            "window": {"start": window.start, "end": window.end} if window else None,
            "name": self.name,
            "customer": self.customer,
        }

    def evidence_values(self) -> dict[str, dict[str, Any]]:
        """Return the evidence as plain data, per field."""
        return {
            name: {"span": [e.start, e.end], "words": e.words, "rule": e.rule, "confidence": e.confidence}
            for name, e in self.evidence.items()
        }


def read(text: str, now: datetime | None = None, tz: str | None = None, business: str | None = None) -> Intake:
    """Read one text. ``now`` is aware local time, ``tz`` an IANA zone, ``business`` a trade of REPLIES.

    Without ``now`` there is no window. Never raises: any text has an intake, an empty one when nothing is said.
    """
    given = text[:MOST_CHARACTERS]
    text, places_of = tidy(given)
    street, postcode, times = places_and_times(text)
    frame_ = frame(now, tz)
    window = None if frame_ is None else window_in(only_asked(text, times), frame_)
    urgency = urgency_of(text)
    if frame_ is not None and (urgency is None or urgency.value == "normal"):
        urgency = deadline_of(_masked(text, street, postcode), times, frame_) or urgency
    service = service_of(text, business)
    found: dict[str, Found | None] = {
        "urgency": urgency,
        "service": service,
        "postcode": postcode,
        "street": street,
        "window": window,
        "name": name_of(text),
        "customer": customer_of(text),
    }
    values = {name: None if item is None else item.value for name, item in found.items()}
    return Intake(
        urgency=values["urgency"],
        service=values["service"],
        place=Place(values["postcode"], values["street"]),
        window=_span(values["window"]),
        name=values["name"],
        customer=values["customer"],
        evidence={name: _evidence(given, places_of, item) for name, item in found.items() if item is not None},
        also=() if service is None else service.others,
    )


def _masked(text: str, *places: Found | None) -> str:
    """Return the text without its addresses: Carlaw Court is no court."""
    for found in places:
        text = text if found is None else blank(text, found.start, found.end)
    return text


def places_and_times(text: str) -> tuple[Found | None, Found | None, list[Mention]]:
    """Return the street, the postcode and the mentions of time in a tidy text; numbers of a place are no times."""
    street = street_of(text)
    postcode = postcode_of(text, street)
    masked = [(found.start, found.end) for found in (street, postcode) if found is not None]
    return street, postcode, read_mentions(text, masked)


def _span(window: Window | None) -> Span | None:
    return None if window is None else Span(window.start.isoformat(), window.end.isoformat())


def _evidence(given: str, places: Sequence[int], found: Found) -> Evidence:
    start, end = original_span(places, found.start, found.end)
    return Evidence(start, end, given[start:end], found.rule, found.confidence)
