"""What is understood of a conversation: the readings of its texts put together, and what staff corrected; pure.

Each text has its own reading (``inbound.intake``). A thread's is what holds now: a later text that says something wins,
one that says nothing takes nothing away ("ok, thanks"), and what a person corrected stays, except for a window, which
the customer may change. A new matter begins with nothing: a text to a thread that was closed, booked or given up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textback_pbx.replies.threads.status import Status

#: field -> what may stand in it; an empty tuple: any words.
FIELDS: dict[str, tuple[str, ...]] = {
    "service": (),
    "urgency": ("normal", "urgent", "emergency"),
    "postcode": (),
    "street": (),
    "window": (),
    "name": (),
    "customer": ("new", "known"),
}
_IN_PLACE = ("postcode", "street")
_STAFF = "staff"
#: Statuses after which a text begins a new matter.
_OVER = frozenset({Status.CLOSED, Status.BOOKED, Status.NO_RESPONSE})


def merge(before: Mapping[str, Any], read: Mapping[str, Any], status: Status) -> dict[str, Any]:
    """Return a thread's intake after a text read as ``read``; ``status`` is the thread's before that text."""
    old = {} if status in _OVER else before
    values, evidence = {}, {}
    for field in FIELDS:
        have, new = value_of(old, field), value_of(read, field)
        corrected = _evidence(old, field).get("rule") == _STAFF
        keeps = corrected and (new is None or field != "window")
        source = old if keeps or new is None else read
        values[field] = have if keeps or new is None else new
        if found := _evidence(source, field):
            evidence[field] = found
    return _nested(values, evidence)


def correct(intake: Mapping[str, Any], field: str, value: Any) -> dict[str, Any]:
    """Return an intake with one field as a person says it is; ``None`` empties it."""
    values = {name: value_of(intake, name) for name in FIELDS} | {field: value}
    evidence = {name: found for name in FIELDS if (found := _evidence(intake, name))}
    evidence[field] = {"span": None, "words": "", "rule": _STAFF, "confidence": 1.0}
    return _nested(values, evidence)


def value_of(intake: Mapping[str, Any], field: str) -> Any:
    """Return one field of an intake as it is kept; ``None`` where it is blank."""
    place = intake.get("place") or {}
    return place.get(field) if field in _IN_PLACE else intake.get(field)


def _evidence(intake: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (intake.get("evidence") or {}).get(field) or {}
    return found


def _nested(values: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in values.items() if name not in _IN_PLACE}
    return {**flat, "place": {name: values[name] for name in _IN_PLACE}, "evidence": dict(evidence)}


def window_of(intake: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the window of an intake (ms UTC, from and until), or ``None`` where it has none."""
    asked = intake.get("window") or {}
    try:
        start, end = (round(datetime.fromisoformat(asked[key]).timestamp() * 1000) for key in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        return None
    return (start, end) if start < end else None
