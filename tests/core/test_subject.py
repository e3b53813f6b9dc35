"""Access and erasure: a whole story is given out on request, and after its erasure nothing of it is in the file."""

import re
import sqlite3

import pytest

from tests.pipeline.desk import CALLER, MONDAY_10, Desk, open_desk
from textback_pbx import subject
from textback_pbx.clock import HOUR_MS
from textback_pbx.consent import store as consent
from textback_pbx.keeping.purge import WORDS
from textback_pbx.replies.contacts import store as contacts
from textback_pbx.replies.contacts.person import Person
from textback_pbx.replies.threads import store as threads
from textback_pbx.testing.clock import ManualClock

OTHER = "+15125550143"
#: What the person wrote, was called, and what was written about them; none of it may be left.
SECRETS = ("5125550142", "leaking", "Quill", "quill@example.com", "grandmother", "Elmwood", "bathtub")


@pytest.fixture
async def desk(tmp_path):
    opened = await open_desk(tmp_path, ManualClock(MONDAY_10))
    yield opened
    await opened.database.close()


async def a_story(desk: Desk, number: str = CALLER) -> None:
    """Everything that can happen to one person."""
    person = Person(name="Quill", numbers=(number,), email="quill@example.com", note="a grandmother", tags=("vip",))
    async with desk.database.transaction() as tx:
        await contacts.keep(tx, person, source="desk", now_ms=desk.clock.now_ms())
    await desk.consent(number, evidence={"words": "signed at Elmwood"})
    await desk.call(number, facts='{"presentation": "allowed_not_screened", "why": "Elmwood"}')
    await desk.work()
    await desk.reports()
    await desk.write("the bathtub is leaking, 12 Elmwood Drive", number)
    await desk.work()
    async with desk.database.transaction() as tx:
        (thread,) = await threads.threads_of(tx, number)
        await threads.add_note(tx, thread.id, desk.clock.now_ms(), "front desk", "grandmother of Quill, Elmwood")
        await tx.run("INSERT OR IGNORE INTO cannot_text VALUES (?, 0, 'landline')", (number,))
    await desk.call_out(number, answered=False)
    await desk.call(number, "busy")
    await desk.work()
    await desk.write("STOP", number)
    await desk.work()


async def erase(desk: Desk, number: str = CALLER) -> dict[str, int]:
    async with desk.database.transaction() as tx:
        return await subject.erase(tx, number, at_ms=desk.clock.now_ms(), local_time="x", actor="owner")


async def test_a_person_gets_everything_that_is_on_file(desk):
    await a_story(desk)
    await a_story(desk, OTHER)
    async with desk.database.read() as tx:
        found = await subject.access(tx, CALLER, desk.clock.now_ms())
    text = repr(found)
    assert all(word in text for word in SECRETS)
    assert OTHER not in text
    assert found["consent"]["status"] == "opted_out"
    assert {"messages", "inbound", "threads", "calls", "notes", "contacts", "tasks", "decisions", "parts"} <= set(found)


async def test_after_an_erasure_nothing_of_the_person_is_in_the_file(desk, tmp_path):
    await a_story(desk)
    done = await erase(desk)
    assert done["messages"] >= 2
    async with desk.database.read() as tx:
        assert await consent.verify(tx) == []
        assert await consent.is_opted_out(tx, CALLER)
        assert await subject.access(tx, CALLER, desk.clock.now_ms()) == {
            "number": CALLER,
            "as_of_ms": desk.clock.now_ms(),
            "consent": {"status": "opted_out", "entries": await consent.export(tx, CALLER)},
        }
    await desk.database.close()
    raw = sqlite3.connect(tmp_path / "desk.sqlite")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    dump = "\n".join(raw.iterdump())
    raw.close()
    left = (tmp_path / "desk.sqlite").read_bytes()
    for word in SECRETS:
        found = re.findall(f".{{0,80}}{word}.{{0,40}}", dump, re.IGNORECASE)
        assert not found, found
        assert word.encode() not in left, f"{word} is in a free page"


async def test_the_opt_out_outlives_the_erasure_and_others_are_untouched(desk):
    await a_story(desk)
    await a_story(desk, OTHER)
    async with desk.database.read() as tx:
        before = await subject.access(tx, OTHER, 0)
    await erase(desk)
    async with desk.database.read() as tx:
        assert await subject.access(tx, OTHER, 0) == before
    left = len(desk.air())
    await desk.consent()  # a form filled in later does not lift it
    await desk.clock.advance(30 * HOUR_MS / 1000)
    await desk.call()
    await desk.work()
    assert len(desk.air()) == left
    row = await desk.row("SELECT rule FROM decisions ORDER BY id DESC LIMIT 1")
    assert row == {"rule": "opted_out"}


async def test_an_erasure_takes_back_what_waits_and_can_be_done_again(desk):
    await desk.consent()
    desk.line.no = "the modem is unplugged"
    await desk.call()
    await desk.work()
    await erase(desk)
    desk.line.no = None
    await desk.later(3600)
    assert desk.air() == []
    await desk.consent()
    await desk.call()
    await desk.work()
    assert len(desk.air()) == 1
    await erase(desk)
    numbers = {row["number"] for row in await desk.rows("SELECT number FROM threads")}
    assert all(number.startswith("erased-") for number in numbers)


async def test_not_while_a_text_is_being_handed_over(desk):
    await desk.consent()
    await desk.call()
    await desk.work()
    async with desk.database.transaction() as tx:
        await tx.run("UPDATE parts SET state = 'handed_over'")
    with pytest.raises(subject.NotNow):
        await erase(desk)


async def test_every_column_that_may_name_a_person_has_its_place(desk):
    """A new table with a number or with words cannot be forgotten here."""
    names = re.compile(r"number|caller|caller_raw|sender|recipient|body|text|pdu|raw|email|evidence|payload|words")
    rows = await desk.rows(
        "SELECT m.name AS tab, c.name AS col FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    )
    kept = {(row["tab"], row["col"]) for row in rows if names.fullmatch(row["col"])}
    ours = {
        "disclosures",
        "templates",
        "weekly_mails",
        "consent_private",
    }  # the office's words; the ledger's own erasure
    index = {tab for tab, _ in kept if re.search(r"_words(_|$)", tab)}
    missing = {
        (tab, col)
        for tab, col in kept
        if tab not in ours | index
        and not any(place.table == tab and (col in place.change or not place.change) for place in subject.PLACES)
    }
    assert missing == set()
    assert set(WORDS) <= {place.table for place in subject.PLACES}
