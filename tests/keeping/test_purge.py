"""Words go after months, records after years; what is younger, open or an opt-out stays."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keeping.support import ANNA, BERT, CARL, T0, call, opted_out, queue_text, say
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Event
from textback_pbx.keeping import purge as purging
from textback_pbx.keeping.purge import DELETED, RECORDS, Retention, cutoff_ms, purge

MONTH = 30 * 86_400_000
LATER = T0 + 70 * MONTH


async def run(database, now_ms, keep=None, **more):
    return await purge(database, keep or Retention(), now_ms, local_time=str, **more)


async def values(database, sql):
    async with database.read() as tx:
        return [row[0] for row in await tx.all(sql)]


async def talk(database, at_ms, number=ANNA):
    """A whole story: a call, its text, an answer, a note, a task that is done."""
    call_id = await call(database, f"call at {at_ms} of {number}", at_ms=at_ms, caller=number)
    message = await queue_text(database, call_id, number=number, at_ms=at_ms)
    async with database.transaction() as tx:
        thread = await tx.insert(
            "INSERT INTO threads (number, line, opened_ms, updated_ms, intake) VALUES (?, 'main', ?, ?, '{\"a\": 1}')"
            " ON CONFLICT (number, line) DO UPDATE SET updated_ms = excluded.updated_ms RETURNING id",
            (number, at_ms, at_ms),
        )
        thread = await tx.value("SELECT id FROM threads WHERE number = ?", (number,))
        await tx.run("UPDATE messages SET thread_id = ? WHERE id = ?", (thread, message))
        await tx.run("UPDATE parts SET state = 'delivered' WHERE message_id = ?", (message,))
        inbound = await tx.insert(
            "INSERT INTO inbound (thread_id, sender, body, received_ms, state)"
            " VALUES (?, ?, 'my boiler', ?, 'handled')",
            (thread, number, at_ms),
        )
        await tx.insert(
            "INSERT INTO inbound_parts (fingerprint, modem, sender, text, raw, received_ms, inbound_id)"
            " VALUES (?, 'm', ?, 'my boiler', '00FF', ?, ?)",
            (f"{at_ms} {number}", number, at_ms, inbound),
        )
        await tx.insert(
            "INSERT INTO notes (thread_id, at_ms, actor, body) VALUES (?, ?, 'desk', 'angry')", (thread, at_ms)
        )
        await tx.insert(
            "INSERT INTO tasks (kind, source, call_id, thread_id, line, reason, owner, due_ms, state,"
            " created_ms, closed_ms) VALUES ('call_back', ?, ?, ?, 'main', 'x', 'desk', 1, 'done', ?, ?)",
            (f"call:{call_id}", call_id, thread, at_ms, at_ms),
        )


async def test_words_go_after_two_years_and_the_story_stays(database):
    await talk(database, T0)
    await talk(database, T0 + 20 * MONTH, BERT)
    done = await run(database, T0 + 25 * MONTH)
    assert done["words of messages"] == done["words of notes"] == done["words of inbound_parts"] == 1
    assert await values(database, "SELECT body FROM inbound ORDER BY id") == [DELETED, "my boiler"]
    assert await values(database, "SELECT raw FROM inbound_parts ORDER BY id") == [DELETED, "00FF"]
    assert await values(database, "SELECT text FROM parts ORDER BY id") == [DELETED, "We missed your call."]
    assert await values(database, "SELECT intake FROM threads ORDER BY id") == ["{}", '{"a": 1}']
    assert await values(database, "SELECT count(*) FROM calls") == [2]
    assert await run(database, T0 + 25 * MONTH) == {}


async def test_what_was_forgotten_is_not_found_by_the_search_nor_in_the_file(database):
    await talk(database, T0)
    await run(database, T0 + 25 * MONTH)
    found = await values(database, "SELECT rowid FROM inbound_words WHERE inbound_words MATCH 'boiler'")
    assert found == []
    async with database.transaction() as tx:
        await tx.run("INSERT INTO meta (key, value) VALUES ('x', 'y')")
    await database.close()
    assert b"my boiler" not in database.path.read_bytes()


async def test_no_part_of_an_index_keeps_a_forgotten_word(database):
    """The index of a full-text search is made of parts, and a deletion is only noted in the newest of them."""
    async with database.transaction() as tx:
        sql = "INSERT INTO inbound (sender, body, received_ms, state) VALUES (?, ?, ?, 'handled')"
        await tx.run(sql, (ANNA, "zanzibar", T0))
    for number in range(300):
        async with database.transaction() as tx:
            await tx.run(sql, (BERT, f"word{number} about some boiler", T0 + 20 * MONTH))
    blocks = "SELECT count(*) FROM inbound_words_data WHERE instr(block, CAST('zanzibar' AS BLOB)) > 0"
    assert (await values(database, blocks))[0] > 0
    await run(database, T0 + 25 * MONTH)
    assert await values(database, blocks) == [0]
    assert len(await values(database, "SELECT rowid FROM inbound_words WHERE inbound_words MATCH 'boiler'")) == 300


async def test_records_go_after_five_years_from_every_table(database):
    await talk(database, T0)
    await talk(database, LATER - MONTH, BERT)
    await run(database, LATER)
    for table in ("calls", "messages", "parts", "inbound", "inbound_parts", "notes", "tasks", "threads"):
        assert await values(database, f"SELECT count(*) FROM {table}") == [1], table
    assert await values(database, "SELECT number FROM threads") == [BERT]
    assert await values(database, "PRAGMA foreign_key_check") == []


async def test_an_old_call_that_something_younger_refers_to_stays(database):
    await talk(database, T0)
    async with database.transaction() as tx:
        await tx.run("UPDATE tasks SET state = 'open', closed_ms = NULL")
    await run(database, LATER)
    assert await values(database, "SELECT count(*) FROM calls") == [1]
    assert await values(database, "SELECT state FROM tasks") == ["open"]


async def test_consent_of_a_silent_number_is_erased_and_an_opt_out_stays(database):
    await say(database, Event.GRANTED, ANNA)
    await say(database, Event.REVOKED, BERT)
    await say(database, Event.GRANTED, CARL, LATER - MONTH)
    done = await run(database, LATER)
    assert done["consent of silent numbers"] == 2
    assert await values(database, "SELECT number FROM consent_private WHERE number <> ''") == [CARL]
    assert await opted_out(database, BERT)
    assert not await opted_out(database, ANNA)
    async with database.read() as tx:
        assert await consent.verify(tx) == []
    assert await run(database, LATER) == {}


async def test_a_dry_run_and_zero_months_change_nothing(database):
    await talk(database, T0)
    assert (await run(database, LATER, dry_run=True))["words of inbound"] == 1
    assert await run(database, LATER, Retention(0, 0)) == {}
    assert await values(database, "SELECT body FROM inbound") == ["my boiler"]


async def test_many_rows_go_in_small_transactions(database, monkeypatch):
    monkeypatch.setattr(purging, "_BATCH", 7)
    for n in range(30):
        await call(database, f"k{n}")
    assert (await run(database, LATER))["calls"] == 30


async def test_every_table_is_kept_for_ever_on_purpose_or_purged(database):
    for_ever = {"meta", "consent", "consent_private", "disclosures", "templates", "opt_outs", "contacts",
                "contact_numbers", "contact_tags", "queue_turns", "gone_targets", "code_holders", "cannot_text",
                "pin_attempts", "health"}  # fmt: skip
    tables = set(await values(
        database,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_words%'",
    ))  # fmt: skip
    assert tables - for_ever == set(RECORDS), "a new table: say in keeping/purge.py how long its rows are kept"


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [("2026-03-31", 1, "2026-02-28"), ("2028-03-31", 1, "2028-02-29"), ("2026-01-15", 24, "2024-01-15")],
)
def test_months_are_calendar_months(now, months, then):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = datetime.fromtimestamp(cutoff_ms(round(at.timestamp() * 1000), months) / 1000, UTC)
    assert found.date().isoformat() == then


@given(st.integers(1_577_836_800_000, 3_786_912_000_000), st.integers(0, 120))
def test_a_cutoff_is_never_later_than_now_and_longer_is_earlier(now_ms, months):
    assert cutoff_ms(now_ms, months + 1) < cutoff_ms(now_ms, months) <= now_ms
