"""The SQL of bookings: made, moved to another time, called off, and listed for the report and the calendar.

A booking keeps its id when its time moves, so that a calendar moves its entry instead of getting a second one. One
whose time is over stays as it was: what is agreed later is a new booking.
"""

from dataclasses import dataclass

from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.status import Event
from textback_pbx.replies.threads.store import add_note, advance


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking of a thread, times in ms UTC; ``from_ms`` and ``until_ms`` are ``None`` where none is known."""

    id: int
    thread_id: int
    made_ms: int
    from_ms: int | None
    until_ms: int | None
    what: str
    actor: str
    withdrawn_ms: int | None


async def standing(tx: Tx, thread_id: int, now_ms: int) -> Booking | None:
    """Return the booking that a new time would move: not called off and not over, or made without a time."""
    row = await tx.one(
        "SELECT * FROM bookings b WHERE thread_id = ? AND withdrawn_ms IS NULL AND (until_ms > ? OR"
        " until_ms IS NULL AND EXISTS (SELECT 1 FROM threads t WHERE t.id = b.thread_id AND t.status = 'booked'))"
        " ORDER BY made_ms DESC, id DESC LIMIT 1",
        (thread_id, now_ms),
    )
    return None if row is None else _booking(row)


async def book(
    tx: Tx,
    thread_id: int,
    window: tuple[int, int] | None,
    now_ms: int,
    *,
    actor: str,
    what: str = "",
    another: bool = False,
) -> Booking:
    """Book a thread, or move its standing booking to another window (ms UTC, from and until).

    ``another`` makes a second booking beside the standing one. Raises ``ValueError`` for a window that ends before it
    begins.
    """
    if window is not None and window[0] >= window[1]:
        raise ValueError("the booking ends before it begins")
    start, end = window or (None, None)
    old = None if another else await standing(tx, thread_id, now_ms)
    if old is None:
        booking_id = await tx.insert(
            "INSERT INTO bookings (thread_id, made_ms, from_ms, until_ms, what, actor) VALUES (?, ?, ?, ?, ?, ?)",
            (thread_id, now_ms, start, end, what, actor),
        )
    else:
        booking_id = old.id
        await tx.run(
            "UPDATE bookings SET from_ms = coalesce(?, from_ms), until_ms = coalesce(?, until_ms), what = ?"
            " WHERE id = ?",
            (start, end, what or old.what, old.id),
        )
    await advance(tx, thread_id, Event.BOOK, now_ms)
    await tx.run("UPDATE threads SET look_ms = NULL, automation = 'on' WHERE id = ?", (thread_id,))
    await add_note(tx, thread_id, now_ms, actor, "booking moved" if old and old.from_ms else "booked")
    row = await tx.one("SELECT * FROM bookings WHERE id = ?", (booking_id,))
    assert row is not None
    return _booking(row)


async def withdraw(tx: Tx, thread_id: int, now_ms: int, *, actor: str, why: str = "") -> Booking | None:
    """Call the standing booking off; the thread waits on us again. ``None``: there was none."""
    old = await standing(tx, thread_id, now_ms)
    if old is None:
        return None
    await tx.run("UPDATE bookings SET withdrawn_ms = ? WHERE id = ?", (now_ms, old.id))
    if await standing(tx, thread_id, now_ms) is None:
        await advance(tx, thread_id, Event.WITHDRAW, now_ms)
    await add_note(tx, thread_id, now_ms, actor, "booking called off" + (f": {why}" if why else ""))
    return old


async def bookings_of(tx: Tx, thread_id: int) -> list[Booking]:
    """Return a thread's bookings, the newest first."""
    rows = await tx.all("SELECT * FROM bookings WHERE thread_id = ? ORDER BY made_ms DESC, id DESC", (thread_id,))
    return [_booking(row) for row in rows]


def _booking(row: Row) -> Booking:
    return Booking(**dict(row))
