"""The calendar, read by another program's reader: valid, stable names, a change moves and an end cancels."""

import json
from datetime import UTC, datetime

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replies.support import SENDER, T0
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.replies.threads import booking_store as bookings
from textback_pbx.replies.threads import store as threads
from textback_pbx.tasks.book import Kind, NewTask, Priority
from textback_pbx.tasks.calendar import CALL_BACK_MS, Entry, Known, digest, follow, write
from textback_pbx.tasks.calendar_store import entries
from textback_pbx.tasks.store import close_task, open_task, raise_task

WINDOW = (T0 + DAY_MS, T0 + DAY_MS + HOUR_MS)


def at(ms):
    return datetime.fromtimestamp(ms // 1000, UTC)


def read(told):
    text = "".join(write(told, "Lakeside; Plumbing, Ltd"))
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    calendar = icalendar.Calendar.from_ical(text)
    assert calendar.errors == []
    assert "X-WR-CALNAME:Lakeside\\; Plumbing\\, Ltd\r\n" in text
    found = {str(event["UID"]).split("@")[0]: event for event in calendar.walk("VEVENT")}
    assert all(event.errors == [] for event in found.values())
    return found


@pytest.fixture
async def office(database):
    async with database.transaction() as tx:
        thread = await threads.thread_for(tx, SENDER, "main", T0)
        await bookings.book(tx, thread, WINDOW, T0, actor="sam", what="boiler; yearly, with tea")
        task = NewTask(
            Kind.CALL_BACK, "call:1", "main", "no consent", "office", T0 + HOUR_MS, T0, number="+15125550143"
        )
        await open_task(tx, task)
    return database


async def told(database, now_ms):
    async with database.transaction() as tx:
        return read(await entries(tx, now_ms))


async def test_bookings_and_call_backs_stand_at_their_times(office):
    found = await told(office, T0)
    booking, call_back = found["booking-1"], found["call-back-1"]
    assert (booking["DTSTART"].dt, booking["DTEND"].dt) == (at(WINDOW[0]), at(WINDOW[1]))
    assert str(booking["SUMMARY"]) == f"{SENDER}: boiler; yearly, with tea"
    assert (str(booking["STATUS"]), str(booking["TRANSP"]), booking["SEQUENCE"]) == ("CONFIRMED", "OPAQUE", 0)
    assert (call_back["DTSTART"].dt, call_back["DTEND"].dt) == (at(T0 + HOUR_MS - CALL_BACK_MS), at(T0 + HOUR_MS))
    assert str(call_back["SUMMARY"]) == "call +15125550143 back"
    assert str(call_back["TRANSP"]) == "TRANSPARENT"


async def test_what_did_not_change_is_told_the_same_and_what_changed_is_the_next(office):
    first = await told(office, T0)
    assert await told(office, T0 + DAY_MS) == first
    async with office.transaction() as tx:
        later = (WINDOW[0] + HOUR_MS, WINDOW[1] + HOUR_MS)
        await bookings.book(tx, 1, later, T0 + MINUTE_MS, actor="sam")
        await raise_task(tx, 1, Priority.URGENT, T0 + 30 * MINUTE_MS, "called again")
    second = await told(office, T0 + 2 * MINUTE_MS)
    for name in ("booking-1", "call-back-1"):
        assert second[name]["UID"] == first[name]["UID"]
        assert second[name]["SEQUENCE"] == 1
        assert second[name]["DTSTAMP"].dt == at(T0 + 2 * MINUTE_MS)
    assert second["booking-1"]["DTSTART"].dt == at(later[0])
    assert str(second["call-back-1"]["SUMMARY"]).startswith("URGENT: ")


async def test_what_is_gone_is_cancelled_for_a_while(office):
    await told(office, T0)
    async with office.transaction() as tx:
        await bookings.withdraw(tx, 1, T0 + 1, actor="sam")
        await close_task(tx, 1, actor="sam", now_ms=T0 + 1)
    for now_ms in (T0 + MINUTE_MS, T0 + 29 * DAY_MS):
        gone = await told(office, now_ms)
        assert {str(event["STATUS"]) for event in gone.values()} == {"CANCELLED"}
        assert {event["SEQUENCE"] for event in gone.values()} == {1}
        assert SENDER not in str(gone)
    assert await told(office, T0 + 31 * DAY_MS) == {}


async def test_what_is_over_by_itself_is_not_cancelled(office):
    await told(office, T0)
    assert set(await told(office, WINDOW[1] + 59 * DAY_MS)) == {"booking-1", "call-back-1"}
    assert set(await told(office, WINDOW[1] + 61 * DAY_MS)) == {"call-back-1"}


async def test_a_call_back_stands_where_the_customer_asked_for_it_and_names_a_contact(office):
    async with office.transaction() as tx:
        thread = await threads.thread_for(tx, "+15125550143", "main", T0)
        asked = {"window": {"start": at(T0 + 2 * HOUR_MS).isoformat(), "end": at(T0 + 3 * HOUR_MS).isoformat()}}
        await tx.run(
            "INSERT INTO inbound (thread_id, sender, line, body, received_ms) VALUES (?, '+15125550143',"
            " 'main', 'after two', ?)",
            (thread, T0 + 1),
        )
        await tx.run("UPDATE threads SET intake = ? WHERE id = ?", (json.dumps(asked), thread))
        await tx.run("INSERT INTO contacts (name, source, created_ms, updated_ms) VALUES ('Alpha, Ltd', 's', 1, 1)")
        await tx.run("INSERT INTO contact_numbers VALUES ('+15125550143', 1)")
    call_back = (await told(office, T0))["call-back-1"]
    assert (call_back["DTSTART"].dt, str(call_back["SUMMARY"])) == (at(T0 + 2 * HOUR_MS), "call Alpha, Ltd back")


texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.sampled_from("\n;,\\:\"'"), max_size=200
)


@given(summary=texts, description=texts)
def test_no_words_break_the_file(summary, description):
    entry = Entry("u@x", T0, T0 + 1000, summary, description)
    event = read([(entry, Known("u", digest(entry), 0, T0, T0, T0 + 1000))])["u"]
    assert str(event["SUMMARY"]).replace("\r", "") == summary
    assert str(event.get("DESCRIPTION", "")) == description


def test_an_entry_that_comes_back_is_the_next():
    entry = Entry("u", T0, T0 + 1, "x")
    old = Known("u", digest(entry), 3, T0, T0, T0 + 1, cancelled=True)
    assert follow(entry, old, T0 + 5).sequence == 4
