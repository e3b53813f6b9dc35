"""Bookings, follow-ups and silence: what is agreed stands, and what the clock alone does."""

import pytest

from tests.replies.support import SENDER, T0, a_message, a_part
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.replies.threads import booking_store as bookings
from textback_pbx.replies.threads import clock_store, store
from textback_pbx.replies.threads.status import Event, Patience, Status

MORNING = (T0 + DAY_MS, T0 + DAY_MS + 2 * HOUR_MS)
NOON = (T0 + DAY_MS + 4 * HOUR_MS, T0 + DAY_MS + 5 * HOUR_MS)


async def status_of(tx, thread=1):
    return await tx.value("SELECT status FROM threads WHERE id = ?", (thread,))


@pytest.fixture
async def thread(database):
    async with database.transaction() as tx:
        return await store.thread_for(tx, SENDER, "main", T0)


async def test_a_new_time_moves_the_booking_and_keeps_its_id(database, thread):
    async with database.transaction() as tx:
        first = await bookings.book(tx, thread, MORNING, T0, actor="sam", what="boiler")
        second = await bookings.book(tx, thread, NOON, T0 + 1, actor="sam")
        assert (second.id, second.from_ms, second.made_ms, second.what) == (first.id, NOON[0], T0, "boiler")
        assert await status_of(tx) == "booked"
        third = await bookings.book(tx, thread, MORNING, T0 + 2, actor="sam", another=True)
        assert third.id != first.id
        assert len(await bookings.bookings_of(tx, thread)) == 2


async def test_what_is_over_stays_and_the_next_is_another(database, thread):
    async with database.transaction() as tx:
        first = await bookings.book(tx, thread, MORNING, T0, actor="sam")
        later = MORNING[1] + DAY_MS
        second = await bookings.book(tx, thread, (later + 1, later + 2), later, actor="sam")
        assert second.id != first.id
        assert [one.from_ms for one in await bookings.bookings_of(tx, thread)] == [later + 1, MORNING[0]]


async def test_booked_by_its_status_has_no_time_until_one_is_said(database, thread):
    async with database.transaction() as tx:
        await store.set_status(tx, thread, Status.BOOKED, T0, actor="sam", why="Tuesday")
        await store.set_status(tx, thread, Status.BOOKED, T0 + 1, actor="sam")
        (one,) = await bookings.bookings_of(tx, thread)
        assert (one.from_ms, one.what) == (None, "Tuesday")
        timed = await bookings.book(tx, thread, MORNING, T0 + 2, actor="kim")
        assert (timed.id, timed.from_ms, timed.what) == (one.id, MORNING[0], "Tuesday")


async def test_a_booking_that_is_called_off_waits_on_us_again(database, thread):
    async with database.transaction() as tx:
        assert await bookings.withdraw(tx, thread, T0, actor="sam") is None
        await bookings.book(tx, thread, MORNING, T0, actor="sam")
        await bookings.book(tx, thread, NOON, T0, actor="sam", another=True)
        await bookings.withdraw(tx, thread, T0 + 1, actor="sam")
        assert await status_of(tx) == "booked"
        await bookings.withdraw(tx, thread, T0 + 2, actor="sam", why="moved away")
        assert await status_of(tx) == "waiting_on_us"
        with pytest.raises(ValueError, match="before it begins"):
            await bookings.book(tx, thread, NOON[::-1], T0, actor="sam")


@pytest.mark.parametrize("status", Status)
async def test_silence_ends_only_what_waits_for_the_customer(database, thread, status):
    patience = Patience(silent_ms=HOUR_MS)
    async with database.transaction() as tx:
        await tx.run("UPDATE threads SET status = ?", (status.value,))
        assert await clock_store.silent(tx, T0 + HOUR_MS - 1, patience) == []
        moved = await clock_store.silent(tx, T0 + HOUR_MS, patience)
        waits = status in (Status.NEW, Status.WAITING_ON_THEM)
        assert moved == ([thread] if waits else [])
        assert await status_of(tx) == ("no_response" if waits else status.value)
        assert await clock_store.silent(tx, T0 + 9 * HOUR_MS, patience) == []


async def test_no_silence_while_we_owe_something_or_a_text_is_on_its_way(database, thread):
    patience = Patience(silent_ms=HOUR_MS)
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO tasks (kind, source, thread_id, line, reason, owner, due_ms, created_ms)"
            " VALUES ('reply', 'x', ?, 'main', 'r', 'o', 0, 0)",
            (thread,),
        )
        assert await clock_store.silent(tx, T0 + DAY_MS, patience) == []
        await tx.run("UPDATE tasks SET thread_id = NULL, number = ?", (SENDER,))
        assert (await store.find_thread(tx, thread)).due_ms == 0
        assert await clock_store.silent(tx, T0 + DAY_MS, patience) == []
        await tx.run("UPDATE tasks SET state = 'done'")
        assert (await store.find_thread(tx, thread)).due_ms is None
        await a_message(tx, kind="staff", state="queued", thread_id=thread)
        assert await clock_store.silent(tx, T0 + DAY_MS, patience) == []
        await tx.run("UPDATE parts SET state = 'delivered'")
        assert await clock_store.silent(tx, T0 + DAY_MS, patience) == [thread]


async def test_a_follow_ups_day_comes_once(database, thread):
    async with database.transaction() as tx:
        await store.set_status(tx, thread, Status.FOLLOW_UP, T0, actor="sam", look_ms=T0 + DAY_MS)
        assert await clock_store.looks_due(tx, T0 + DAY_MS - 1) == []
        (due,) = await clock_store.looks_due(tx, T0 + DAY_MS)
        assert (due.thread_id, due.number, due.look_ms) == (thread, SENDER, T0 + DAY_MS)
        assert await status_of(tx) == "waiting_on_us"
        assert await clock_store.looks_due(tx, T0 + 9 * DAY_MS) == []


async def test_a_follow_up_that_was_answered_before_its_day_does_not_come(database, thread):
    async with database.transaction() as tx:
        await store.set_status(tx, thread, Status.FOLLOW_UP, T0, actor="sam", look_ms=T0 + DAY_MS)
        await store.advance(tx, thread, Event.WROTE, T0 + 1)
        assert await clock_store.looks_due(tx, T0 + DAY_MS) == []
        await store.set_status(tx, thread, Status.FOLLOW_UP, T0 + 2, actor="sam")
        assert await clock_store.looks_due(tx, T0 + 9 * DAY_MS) == []
        assert (await store.find_thread(tx, thread)).look_ms is None


async def test_a_text_reopens_what_the_clock_closed(database, thread):
    async with database.transaction() as tx:
        await clock_store.silent(tx, T0 + DAY_MS, Patience(HOUR_MS))
        await store_part(tx, a_part("still there?", received_ms=T0 + 2 * DAY_MS))
        await assemble_ready(tx, T0 + 2 * DAY_MS, default_line="main")
        await store.advance(tx, thread, Event.WROTE, T0 + 2 * DAY_MS + MINUTE_MS)
        assert await status_of(tx) == "waiting_on_us"
