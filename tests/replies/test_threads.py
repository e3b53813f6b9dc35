"""Threads: one timeline of everything, statuses by their table, lists that stay fast."""

import itertools
import time

import pytest

from tests.replies.support import SENDER, T0, a_call, a_decision, a_message, a_part
from textback_pbx.clock import MINUTE_MS
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.replies.threads import store
from textback_pbx.replies.threads.status import BY_HAND, TABLE, Event, Status, after
from textback_pbx.replies.threads.timeline import delivery
from textback_pbx.replies.threads.timeline_store import timeline


async def test_the_timeline_shows_everything_in_order(database):
    async with database.transaction() as tx:
        call = await a_call(tx)
        await a_decision(tx, call)
        await a_message(tx, call_id=call, at_ms=T0 + 10, state="delivered")
        await store_part(tx, a_part("yes please", received_ms=T0 + MINUTE_MS))
        await assemble_ready(tx, T0 + MINUTE_MS, default_line="main")
        await a_call(tx, line="elsewhere")
        await tx.run(
            "INSERT INTO tasks (kind, source, call_id, number, line, reason, owner, due_ms, created_ms)"
            " VALUES ('call_back', 'call:1', ?, ?, 'main', 'missed', 'office', 0, ?)",
            (call, SENDER, T0 + 5),
        )
        await tx.run("INSERT INTO calls_out VALUES (1, 'o', ?, ?, 1)", (SENDER, T0 + 2 * MINUTE_MS))
        await store.set_status(tx, 1, Status.BOOKED, T0 + 3 * MINUTE_MS, actor="sam", why="Tuesday")
        thread = await store.find_thread(tx, 1)
        items = await timeline(tx, thread)
        kinds = [item.kind for item in items]
        assert kinds == ["call", "task", "text_out", "text_in", "call_out", "booking", "note"]
        assert items[2].detail["state"] == "delivered"
        assert "because" in items[0].text
        assert items[-1].text == "status set to booked: Tuesday"
        assert [item.kind for item in await timeline(tx, thread, limit=2)] == ["booking", "note"]
        assert await store.list_threads(tx) == []
        assert len(await store.list_threads(tx, every=True)) == 1
        assert len(await store.list_threads(tx, status="booked", line="main")) == 1
        assert await store.list_threads(tx, status="booked", line="other") == []


def test_any_text_reopens_any_thread_and_our_text_undoes_no_booking():
    for status in Status:
        assert after(status, Event.WROTE) is Status.WAITING_ON_US
        assert after(status, Event.BOOK) is Status.BOOKED
        assert after(status, Event.CLOSE) is Status.CLOSED
    for ours in (Event.ANSWERED, Event.TEXTED, Event.SILENT, Event.LOOK):
        assert after(Status.BOOKED, ours) is Status.BOOKED
    assert after(Status.CLOSED, Event.SILENT) is Status.CLOSED
    assert after(Status.FOLLOW_UP, Event.ANSWERED) is Status.FOLLOW_UP


def test_an_automatic_text_is_no_answer():
    assert after(Status.WAITING_ON_US, Event.TEXTED) is Status.WAITING_ON_US
    assert after(Status.WAITING_ON_US, Event.ANSWERED) is Status.WAITING_ON_THEM


def test_every_status_is_reached_and_the_clock_moves_only_what_waits():
    reached = set(TABLE.values()) | set(BY_HAND) | {Status.NEW}
    assert reached == set(Status)
    moved = {status for (status, event) in TABLE if event in (Event.SILENT, Event.LOOK)}
    assert moved == {Status.NEW, Status.WAITING_ON_THEM, Status.FOLLOW_UP}


def test_a_text_is_as_far_as_its_worst_part():
    assert delivery(["delivered", "delivered"]) == "delivered"
    assert delivery(["delivered", "accepted"]) == "accepted"
    for one, two in itertools.permutations(["delivered", "unknown"]):
        assert delivery([one, two]) == "unknown"
    assert delivery([]) == "queued"


@pytest.mark.slow
async def test_lists_and_timelines_stay_fast_on_many_calls(database):
    """A fifth of the budget's million, so that the suite stays short; every query is bound by an index."""
    many = 200_000
    async with database.transaction() as tx:
        await tx.run(
            "WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?)"
            " INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms,"
            " ended_ms, outcome, state) SELECT 'k' || value, 'p', value, 'main', '1', '',"
            " '+1512555' || (value % 9000 + 1000), 0, value, value, 'no_answer', 'decided' FROM n",
            (many,),
        )
        await tx.run(
            "INSERT INTO threads (number, line, opened_ms, updated_ms)"
            " SELECT caller, 'main', 1, max(ended_ms) FROM calls GROUP BY caller"
        )
    async with database.read() as tx:
        best = 9.9
        for _ in range(5):
            started = time.perf_counter()
            threads = await store.list_threads(tx)
            await timeline(tx, threads[0])
            best = min(best, time.perf_counter() - started)
        print(f"list and timeline on {many} calls: {best * 1000:.1f} ms")
        assert best < 0.05
