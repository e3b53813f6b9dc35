"""Contacts: what a file or a person says about a number, why a row was refused, and who may be named in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decision.support import LINE, POLICY, add_call
from tests.replies.contacts.test_vcard import FOUR, THREE
from tests.replies.support import SENDER, T0
from textback_pbx.decision.store import gather
from textback_pbx.replies.contacts import store
from textback_pbx.replies.contacts.importing import FileProblem, Reader, Refused, Taken
from textback_pbx.replies.contacts.person import Customer, PersonProblem, person
from textback_pbx.replies.contacts.store import Change, Conflict

GOOGLE = (
    "First Name,Middle Name,Last Name,Labels,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Value,Notes\n"
    "Alpha,,Example,* myContacts ::: VIP,alpha@example.com,Mobile,(512) 555-0142 ::: 512-555-0143,,likes tea\n"
)
SHEET = "﻿name;mobile;tags\nBeta Example;'+44 7700 900123;vip, annual\n"


def read(text, country="US", **more):
    return list(Reader(country, **more).read(text))


def test_a_mail_programs_export_is_read_as_it_is():
    (one,) = read(GOOGLE)
    assert one.person.numbers == ("+15125550142", "+15125550143")
    assert (one.person.name, one.person.tags) == ("Alpha Example", ("vip",))
    assert (one.person.email, one.person.note) == ("alpha@example.com", "likes tea")


def test_a_spreadsheet_with_semicolons_and_apostrophes_is_read():
    (one,) = read(SHEET, "GB", customer=Customer.KNOWN, tags=("imported",))
    assert (one.place, one.person.numbers) == (2, ("+447700900123",))
    assert (one.person.customer, one.person.tags) == ("known", ("annual", "imported", "vip"))


def test_cards_and_national_numbers_are_the_offices_countrys():
    first, second = read(THREE + FOUR, "GB")
    assert first.person.numbers == ("+15125550142",)
    assert "512.555.0143" in first.left_out[0]
    assert first.person.tags == ("two words", "vip")
    assert second.person.numbers == ("+447700900123", "+447700900124")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Alpha,,", "no telephone number"),
        ("Alpha,911,", "no telephone number"),
        ("Alpha,12,", "too short"),
        (",+15125550150,", "nothing to keep"),
        ("Alpha,+15125550150,maybe", "write new, known or nothing"),
        ("Alpha,+15125550142,", "number of line 2"),
        ("Alpha,+15125550150,known,x", "more cells than columns"),
        ("A" * 90 + ",+15125550150,", "at most 80"),
    ],
)
def test_a_refused_row_has_its_line_and_its_reason(row, why):
    taken, refused = read(f"name,number,customer\nBeta,+15125550142,\n{row}\n")
    assert isinstance(taken, Taken)
    assert isinstance(refused, Refused)
    assert refused.place == 3
    assert why in refused.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "names no column"), ("name,street\nx,y\n", "names no column"), ('number\n"half\n', "line 2")],
)
def test_a_file_that_cannot_be_read_at_all_is_refused_with_words(text, why):
    with pytest.raises(FileProblem, match=why):
        read(text)


@given(st.text(max_size=200) | st.text(max_size=80).map(lambda text: f"name,number,tags,email\n{text}"))
def test_no_file_breaks_the_reader(text):
    try:
        read(text)
    except FileProblem:
        return


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"email": "no address"}, "no e-mail"),
        ({"tags": ["x" * 40]}, "no tag"),
        ({"tags": [str(n) for n in range(21)]}, "more than"),
        ({"numbers": ["+15125550142"] * 21}, "more than"),
    ],
)
def test_a_person_that_cannot_be_written_down(change, why):
    values = {"name": "Alpha", "numbers": [SENDER], "country": "US", **change}
    with pytest.raises(PersonProblem, match=why):
        person(**values)


def someone(name="Alpha", numbers=(SENDER,), **more):
    return person(name, list(numbers), "US", **more)


async def test_what_a_second_source_says_is_added_and_nothing_taken_away(database):
    async with database.transaction() as tx:
        first = await store.keep(tx, someone(tags=["vip"], note="tea"), source="sam", now_ms=T0)
        same = await store.keep(tx, someone(tags=["vip"]), source="file", now_ms=T0 + 1)
        more = await store.keep(
            tx, someone("", [SENDER, "+15125550143"], tags=["x"], customer="known"), source="file", now_ms=T0 + 2
        )
        assert [one.change for one in (first, same, more)] == [Change.NEW, Change.SAME, Change.CHANGED]
        contact = await store.of_number(tx, "+15125550143")
        assert (contact.id, contact.name, contact.note, contact.tags) == (first.id, "Alpha", "tea", ("vip", "x"))
        assert (contact.numbers, contact.updated_ms) == ((SENDER, "+15125550143"), T0 + 2)
        assert await store.customer_of(tx, SENDER) is Customer.KNOWN
        assert await store.customer_of(tx, "+15125550199") is Customer.UNSAID


async def test_two_peoples_numbers_in_one_row_are_a_persons_decision(database):
    async with database.transaction() as tx:
        for number in (SENDER, "+15125550143"):
            await store.keep(tx, someone(numbers=[number]), source="sam", now_ms=T0)
        result = await store.keep(tx, someone(numbers=[SENDER, "+15125550143"]), source="sam", now_ms=T0)
        assert result == Conflict((1, 2))
        assert "contacts 1, 2" in str(result)


async def test_lists_tags_and_letting_go(database):
    async with database.transaction() as tx:
        await store.keep(tx, someone(tags=["vip", "annual"]), source="sam", now_ms=T0)
        await store.keep(tx, someone("Beta", ["+15125550143"], customer="new"), source="sam", now_ms=T0)
        assert [one.id for one in await store.list_contacts(tx, tag="vip")] == [1]
        assert [one.id for one in await store.list_contacts(tx, customer="new")] == [2]
        assert [one.id for one in await store.list_contacts(tx, after=1)] == [2]
        await store.untag(tx, 1, ("vip", "nothing"), T0 + 1)
        assert (await store.find(tx, 1)).tags == ("annual",)
        assert await store.remove(tx, 1)
        assert not await store.remove(tx, 1)
        assert await store.of_number(tx, SENDER) is None
        assert await tx.value("SELECT count(*) FROM contact_tags") == 0


async def test_a_text_may_name_only_who_is_on_record(database):
    async with database.transaction() as tx:
        call_id = await add_call(tx, caller=SENDER)

        async def name() -> str:
            facts = await gather(tx, call_id, policy=POLICY, line=LINE, now_ms=T0, clock_trusted=True)
            return facts.contact_name

        assert await name() == ""
        await store.keep(tx, someone(), source="sam", now_ms=T0)
        assert await name() == "Alpha"
        await tx.run("UPDATE calls SET caller = NULL")
        assert await name() == ""
