"""The search: what is there is found, what was erased is not, and no words a person types are a mistake of ours."""

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.replies.support import SENDER, T0, a_message, a_part
from textback_pbx.database import Database
from textback_pbx.replies import search
from textback_pbx.replies.search import QueryProblem
from textback_pbx.replies.search_store import END, MARK, TABLES, scrub, scrub_slowly
from textback_pbx.replies.search_store import search as look
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.replies.threads import store as threads

OTHER = "+15125550143"


async def found(tx, text, **limits):
    return [(hit.kind, hit.id) for hit in await look(tx, search.read(text), **limits)]


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("07700 900142", "7700900142"),
        ("0044 7700 900142", "447700900142"),
        ("+44 7700 900142", "447700900142"),
        ("0142", "0142"),
    ],
)
def test_a_number_is_found_as_it_is_dialled(typed, digits):
    assert search.read(typed).digits == digits
    assert "+447700900142".endswith(digits)


@pytest.fixture
async def said(database):
    async with database.transaction() as tx:
        await threads.thread_for(tx, SENDER, "main", T0)
        await a_message(tx, body="Sorry we missed you. What can we do?", at_ms=T0)
        await store_part(tx, a_part("El calefón está roto; 50% de agua fría", received_ms=T0 + 1))
        await store_part(tx, a_part("Boiler leaks again", sender=OTHER, received_ms=T0 + 2))
        await assemble_ready(tx, T0 + 2, default_line="main")
        await threads.add_note(tx, 1, T0 + 3, "sam", "Wants the SAME fitter; boiler of 2015")
        await a_message(tx, kind="notify", body="boiler task for you", at_ms=T0 + 4)
    return database


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("calefon", [("text_in", 1)]),
        ("CALEFÓN frio", []),
        ("CALEFÓN fria", [("text_in", 1)]),
        ("boiler", [("note", 1), ("text_in", 2)]),
        ("boiler -leaks", [("note", 1)]),
        ('"leaks boiler"', []),
        ('"boiler leaks"', [("text_in", 2)]),
        ("calefon OR leaks", [("text_in", 2), ("text_in", 1)]),
        ("boi*", [("note", 1), ("text_in", 2)]),
        ("2015", [("note", 1)]),
        ("50%", [("text_in", 1)]),
        ("missed", [("text_out", 1)]),
        ("5550143", [("number", 2)]),
        ("512 555-0143", [("number", 2)]),
        ("nothing", []),
    ],
)
async def test_words_are_found(said, text, hits):
    async with said.read() as tx:
        assert await found(tx, text) == hits


async def test_a_hit_shows_where_and_what(said):
    async with said.read() as tx:
        (hit,) = await look(tx, search.read("fria"))
        assert (hit.thread_id, hit.number, hit.line, hit.at_ms) == (1, SENDER, "main", T0 + 1)
        assert f"{MARK}fría{END}" in hit.excerpt
        assert await found(tx, "boiler", line="other") == []
        assert await found(tx, "boiler", limit=1) == [("note", 1)]


async def test_a_contact_is_found_by_name_and_goes_with_every_hit(said):
    async with said.transaction() as tx:
        await tx.run("INSERT INTO contacts (name, source, created_ms, updated_ms) VALUES ('Customer Älpha', 's', 1, 1)")
        await tx.run("INSERT INTO contact_numbers VALUES (?, 1)", (OTHER,))
        (hit,) = await look(tx, search.read("alpha"))
        assert (hit.kind, hit.thread_id, hit.number, hit.name) == ("contact", 2, OTHER, "Customer Älpha")
        (text,) = await look(tx, search.read("leaks"))
        assert text.name == "Customer Älpha"
        await tx.run("UPDATE contacts SET name = 'Customer Beta'")
        assert await found(tx, "alpha") == []
        assert await found(tx, "beta") == [("contact", 1)]
        await tx.run("DELETE FROM contacts")
        assert await found(tx, "beta") == []


@pytest.mark.parametrize("table", ["messages", "inbound", "notes"])
@pytest.mark.parametrize("erase", ["UPDATE {} SET body = ''", "DELETE FROM {}", "UPDATE {} SET body = 'gone'"])
async def test_what_is_erased_cannot_be_found_from_that_statement_on(said, table, erase):
    async with said.transaction() as tx:
        for child in ("inbound_parts", "parts"):
            await tx.run(f"DELETE FROM {child}")
        await tx.run(erase.format(table))
        hits = {kind for word in ("missed", "calefon", "boiler") for kind, _ in await found(tx, word)}
        gone = {"messages": "text_out", "inbound": "text_in", "notes": "note"}[table]
        assert hits == {"text_out", "text_in", "note"} - {gone}
        for words in TABLES:
            await tx.run(f"INSERT INTO {words} ({words}) VALUES ('integrity-check')")


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_scrubbed_index_holds_no_erased_word(tmp_path, slowly):
    path = tmp_path / "x.sqlite"
    database = await Database.open(path)
    async with database.transaction() as tx:
        for n in range(900):
            await a_message(tx, body=f"zebra{n} and quagga", at_ms=T0 + n)
        for n in range(100):
            await a_message(tx, body=f"zebu{n}", at_ms=T0 + n)
    async with database.transaction() as tx:
        await tx.run("UPDATE messages SET body = '' WHERE id <= 900")
        if not slowly:
            await scrub(tx)
    if slowly:
        assert await scrub_slowly(database.transaction, pages=2) > len(TABLES)
    async with database.read() as tx:
        assert len(await found(tx, "zeb*", limit=500)) == 100
    await database.close()
    left = path.read_bytes()
    assert b"quagga" not in left
    assert b"zebra" not in left


async def test_a_rolled_back_text_is_not_found(said):
    with pytest.raises(RuntimeError):
        async with said.transaction() as tx:
            await a_message(tx, body="unicorn")
            assert await found(tx, "unicorn") == [("text_out", 3)]
            raise RuntimeError
    async with said.read() as tx:
        assert await found(tx, "unicorn") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no word"),
        ("  !? ", "no word"),
        ('"half', "not closed"),
        ("-boiler", "must not be there"),
        ("boiler OR -leak", "must not be there"),
        ("boiler OR", "an OR with no word"),
        ("b*", "too short"),
        ("w " * 40, "more than"),
    ],
)
def test_a_query_that_cannot_be_asked_is_answered_with_words(text, why):
    with pytest.raises(QueryProblem, match=why):
        search.read(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60) | st.text(alphabet='abé"*-:(){}^+OR NEAR\0', max_size=30))
@example(text="body : x")
@example(text="a AND NEAR(b c)")
@example(text="^x + y {body}: z")
@example(text='"ab"*')
@example(text="\ud7ff\U0010ffff1")
async def test_no_text_breaks_the_index(said, text):
    try:
        query = search.read(text)
    except QueryProblem:
        return
    async with said.read() as tx:
        await look(tx, query)


WORDS = ["boiler", "leak", "Öl", "café", "tap", "2015"]


def fold(text):
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def brute(texts, wanted, unwanted):
    """The texts that hold every wanted word and no unwanted one, by reading them all."""
    for number, text in enumerate(texts, 1):
        have = set(re.findall(r"\w+", fold(text)))
        if all(fold(w) in have for w in wanted) and not any(fold(w) in have for w in unwanted):
            yield number


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_it_finds_what_reading_everything_finds(tmp_path_factory, data):
    some = st.lists(st.sampled_from(WORDS), max_size=5)
    texts = data.draw(st.lists(some.map(", ".join), min_size=1, max_size=12))
    wanted = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
    unwanted = data.draw(st.lists(st.sampled_from(WORDS), max_size=2))
    database = await Database.open(tmp_path_factory.mktemp("search") / "x.sqlite")
    try:
        async with database.transaction() as tx:
            for n, text in enumerate(texts):
                await a_message(tx, body=text, at_ms=T0 + n)
            asked = " ".join([*wanted, *(f"-{fold(word)}" for word in unwanted)])
            ids = [number for kind, number in await found(tx, asked, limit=100) if kind == "text_out"]
    finally:
        await database.close()
    assert ids == sorted(brute(texts, wanted, unwanted), reverse=True)
