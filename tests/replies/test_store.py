"""Inbound texts in the database: kept once, put together, threaded, handled."""

import json

import pytest

from tests.replies.support import SENDER, T0, a_call, a_message, a_part
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.replies import store
from textback_pbx.replies.handling import Label, LineWords, Urgency, plan
from textback_pbx.replies.store import Stored, assemble_ready, situation_of, store_part
from textback_pbx.replies.threads.store import find_thread, list_threads
from textback_pbx.replies.threads.timeline_store import timeline

WORDS = LineWords("Lakeside Plumbing", "+1 512 555 0100")


async def receive(database, *parts, now_ms=T0, line="main"):
    async with database.transaction() as tx:
        for part in parts:
            await store_part(tx, part)
        return await assemble_ready(tx, now_ms, default_line=line)


@pytest.mark.fault(10)
async def test_a_part_read_twice_counts_once(database):
    part = a_part()
    async with database.transaction() as tx:
        assert await store_part(tx, part) is Stored.NEW
        assert await store_part(tx, part) is Stored.DUPLICATE
        assert len(await assemble_ready(tx, T0, default_line="main")) == 1
    async with database.transaction() as tx:
        assert await store_part(tx, part) is Stored.DUPLICATE
        assert await assemble_ready(tx, T0, default_line="main") == []
        assert await tx.value("SELECT count(*) FROM inbound") == 1


@pytest.mark.fault(10, 38)
@pytest.mark.parametrize("text", ["STOP", None])
async def test_without_a_time_stamp_the_same_words_a_day_later_are_another_text(database, text):
    """The PDUs are alike to the last bit; read again after a crash it is one text, a week later it is two."""
    stored = []
    for minutes in (0, 1, 23 * 60, 24 * 60, 24 * 60 + 1, 7 * 24 * 60, 7 * 24 * 60 + 1, 3):
        part = a_part(text, raw="07FF", scts_ms=None, received_ms=T0 + minutes * MINUTE_MS)
        async with database.transaction() as tx:
            stored.append(await store_part(tx, part))
    new, again = Stored.NEW, Stored.DUPLICATE
    assert stored == [new, again, again, new, again, new, again, again]
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM inbound_parts WHERE length(fingerprint) = 64") == 3


async def test_surrogates_and_escapes_do_not_stop_the_store(database):
    (inbound_id,) = await receive(database, a_part("hi \ud83d\udc4d \ud83d \x1b[2J\x00"))
    async with database.read() as tx:
        assert await tx.value("SELECT body FROM inbound WHERE id = ?", (inbound_id,)) == "hi 👍 � [2J"


async def test_a_late_part_completes_and_reopens_the_text(database):
    half = {"concat_ref": 4, "total": 2}
    assert await receive(database, a_part("ST", seq=1, **half)) == []
    (first,) = await receive(database, now_ms=T0 + DAY_MS)
    async with database.transaction() as tx:
        situation = await situation_of(tx, first, T0 + DAY_MS, opted_out=False)
        assert not situation.complete
        made = plan(situation, Label.NONE, "", T0 + DAY_MS, words=WORDS)
        await store.mark_handled(tx, first, made, keyword="none", why="", intake={}, now_ms=T0 + DAY_MS)
        assert await store.to_handle(tx) == []
    late = a_part("OP", seq=2, received_ms=T0 + DAY_MS + HOUR_MS, **half)
    assert await receive(database, late, now_ms=T0 + DAY_MS + HOUR_MS) == [first]
    async with database.read() as tx:
        assert await tx.value("SELECT body FROM inbound") == "STOP"
        assert await store.to_handle(tx) == [first]


@pytest.mark.fault(38)
async def test_an_undecodable_part_is_kept_raw_and_shown(database):
    (inbound_id,) = await receive(database, a_part(None, raw="07FF", scts_ms=None, sender="", problem="odd length"))
    async with database.read() as tx:
        situation = await situation_of(tx, inbound_id, T0, opted_out=False)
        assert situation.problem == "odd length"
        assert plan(situation, Label.NONE, "", T0, words=WORDS).task is not None
        assert await tx.value("SELECT raw FROM inbound_parts") == "07FF"
        (thread,) = await list_threads(tx)
        assert "odd length" in (await timeline(tx, thread))[0].text


async def test_the_thread_is_on_the_line_we_last_met_on(database):
    async with database.transaction() as tx:
        await a_call(tx, line="north", ended_ms=T0 - HOUR_MS)
        await a_message(tx, line="north", at_ms=T0 - HOUR_MS + 1000)
    await receive(database, a_part("one", scts_ms=T0 - 9000))
    async with database.transaction() as tx:
        await a_call(tx, line="south", ended_ms=T0 - 5000)
        await a_message(tx, kind="notify", line="west", at_ms=T0 - 100)
    await receive(database, a_part("two", scts_ms=T0 - 1000))
    await receive(database, a_part("three", sender="+15125550199"), line="fallback")
    async with database.read() as tx:
        rows = await tx.all("SELECT body, line FROM inbound ORDER BY id")
    assert [tuple(row) for row in rows] == [("one", "north"), ("two", "south"), ("three", "fallback")]


async def test_what_was_sent_last_is_what_really_left(database):
    async with database.transaction() as tx:
        assert await store.last_outbound(tx, SENDER, T0) == "none"
        await a_message(tx, at_ms=T0 - 9000)
        assert await store.last_outbound(tx, SENDER, T0) == "first_text"
        await a_message(tx, kind="optout_confirmation", at_ms=T0 - 5000, state="queued")
        assert await store.last_outbound(tx, SENDER, T0) == "first_text"
        await a_message(tx, kind="optout_confirmation", at_ms=T0 - 4000, state="unknown")
        assert await store.last_outbound(tx, SENDER, T0) == "optout_confirmation"
        await a_message(tx, kind="staff", at_ms=T0 - 3000)
        assert await store.last_outbound(tx, SENDER, T0) == "staff"
        assert await store.last_outbound(tx, SENDER, T0 - 3500) == "optout_confirmation"


async def test_the_situation_counts_answers_and_the_open_task(database):
    (inbound_id,) = await receive(database, a_part("HELP"))
    async with database.transaction() as tx:
        other = await a_message(tx, kind="help", inbound_id=inbound_id)
        await a_message(tx, kind="help", at_ms=T0 - 2 * DAY_MS)
        await tx.run(
            "INSERT INTO tasks (kind, source, thread_id, line, reason, priority, owner, due_ms, created_ms)"
            " VALUES ('reply', 'inbound:0', 1, 'main', 'r', 'urgent', 'office', 0, 0)"
        )
        situation = await situation_of(tx, inbound_id, T0, opted_out=True)
        assert other
        assert (situation.answers_today, situation.open_task, situation.opted_out) == (1, Urgency.URGENT, True)
        with pytest.raises(LookupError):
            await situation_of(tx, 999, T0, opted_out=False)


async def test_handled_texts_move_their_thread(database):
    (inbound_id,) = await receive(database, a_part("tomorrow at 9 please"))
    async with database.transaction() as tx:
        situation = await situation_of(tx, inbound_id, T0, opted_out=False)
        made = plan(situation, Label.NONE, "an ordinary reply", T0, words=WORDS)
        intake = {"service": "leak"}
        await store.mark_handled(tx, inbound_id, made, keyword="none", why="w", intake=intake, now_ms=T0 + 5)
        thread = await find_thread(tx, 1)
        assert (thread.status, thread.owner) == ("waiting_on_us", "office")
        assert json.loads(thread.intake)["service"] == "leak"
        assert await store.to_handle(tx) == []


async def test_only_automatic_texts_that_still_wait_are_offered_for_cancelling(database):
    async with database.transaction() as tx:
        waits = await a_message(tx, kind="nudge", state="queued")
        await a_message(tx, kind="nudge", state="accepted")
        await a_message(tx, kind="staff", state="queued")
        await a_message(tx, kind="nudge", state="queued", number="+15125550199")
        assert await store.queued_automatic(tx, SENDER, ("auto", "nudge", "staff")) == [waits]
