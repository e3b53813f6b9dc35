"""What ``threads book`` and ``threads correct`` do: windows as written or as the customer asked, and the booking."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textback_pbx.cli.common import EXIT_USAGE, fail, moment, now_ms
from textback_pbx.clock import HOUR_MS
from textback_pbx.replies.threads import booking_store
from textback_pbx.replies.threads.understood import window_of as window_of_intake

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.booking_store import Booking
    from textback_pbx.replies.threads.store import Thread


def window_of(thread: Thread, first: str, last: str, zone: ZoneInfo) -> tuple[int, int] | None:
    """Return the booking's window (ms UTC): as written, else the intake's if it is ahead, else ``None``."""
    if first:
        start = moment(first, zone)
        end = moment(last, zone) if last else start + HOUR_MS
        if end <= start:
            fail("the booking ends before it begins", EXIT_USAGE)
        return start, end
    if last:
        fail("--to needs --from", EXIT_USAGE)
    asked = window_of_intake(json.loads(thread.intake))
    return asked if asked is not None and now_ms() < asked[1] else None


async def make(
    tx: Tx, thread: Thread, window: tuple[int, int] | None, *, actor: str, what: str, another: bool
) -> Booking:
    """Book it."""
    from textback_pbx.replies.inbound import clean

    what = clean(what).strip()[:200]
    return await booking_store.book(tx, thread.id, window, now_ms(), actor=actor, what=what, another=another)


async def call_off(tx: Tx, thread: Thread, *, actor: str, why: str) -> dict[str, Any]:
    """Call the standing booking off, or leave with words."""
    gone = await booking_store.withdraw(tx, thread.id, now_ms(), actor=actor, why=why)
    if gone is None:
        fail(f"thread {thread.id} has no booking that could be called off")
    return {"thread_id": thread.id, "booking_id": gone.id}


def corrected(field: str, value: str, zone: ZoneInfo) -> Any:
    """Return what a person says a field is, as intake keeps it, or leave with words; ``None`` for a blank."""
    from textback_pbx.replies.inbound import clean
    from textback_pbx.replies.threads.understood import FIELDS

    if field not in FIELDS:
        fail(f"there is no field {field!r}; there are: {', '.join(FIELDS)}", EXIT_USAGE)
    if not value:
        return None
    if FIELDS[field] and value not in FIELDS[field]:
        fail(f"{field} may be {', '.join(FIELDS[field])}", EXIT_USAGE)
    if field != "window":
        return clean(value).strip()[:80]
    first, _, last = value.partition("/")
    start, end = moment(first, zone), moment(last or first, zone)
    if end <= start:
        fail("write a window as FROM/TO: 2026-11-24T13:00/2026-11-24T15:00", EXIT_USAGE)
    iso = (datetime.fromtimestamp(at_ms / 1000, zone).isoformat() for at_ms in (start, end))
    return dict(zip(("start", "end"), iso, strict=True))
