"""The time a customer asked for, as intake keeps it; pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def window_of(intake: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the window of an intake (ms UTC, from and until), or ``None`` where it has none."""
    asked = intake.get("window") or {}
    try:
        start, end = (round(datetime.fromisoformat(asked[key]).timestamp() * 1000) for key in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        return None
    return (start, end) if start < end else None
