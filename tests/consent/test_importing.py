"""Import: each row is taken or refused with its reason; terms come from the country's profile."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consent.support import ANNA, T0
from textback_pbx.consent.importing import COLUMNS, FileProblem, Origin, Refused, Taken, read
from textback_pbx.consent.jurisdictions import add_months, expires_ms, profiles
from textback_pbx.consent.ledger import Basis, Event

NOW = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1_000)
ORIGIN = Origin("list.csv", "owner", NOW, "US", ZoneInfo("America/Chicago"))
HEAD = "number,basis,date,expires,evidence\n"


def rows(body, origin=ORIGIN, head=HEAD):
    return list(read(head + body, origin))


def test_a_good_row_becomes_an_entry_that_can_be_traced():
    (row,) = rows('512-555-0142,express_oral,2026-03-02,,"said so, at the desk"\n')
    assert isinstance(row, Taken)
    assert row.entry.event is Event.IMPORTED
    assert row.entry.number == ANNA
    assert row.entry.evidence == {"file": "list.csv", "row": 2, "given": "2026-03-02", "words": "said so, at the desk"}
    assert row.entry.expires_ms is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("123,express_oral,,,", "number cannot be read"),
        ("anonymous,express_oral,,,", "number cannot be read"),
        ("5125550142,whim,,,", "basis 'whim' is none of"),
        ("5125550142,resubscribe,,,", "basis 'resubscribe' is none of"),
        ("5125550142,express_oral,2 March,,", "the date '2 March' cannot be read"),
        ("5125550142,express_oral,,soon,", "the expires 'soon' cannot be read"),
        ("5125550142,express_oral,2027-01-01,,", "dated in the future"),
        ("5125550142,express_oral,,2026-01-01,", "has expired"),
        ("5125550142,implied_inquiry,,,", "needs the date"),
        ("5125550142,implied_inquiry,2026-01-01,,", "has expired"),
        ("5125550142,express_oral,,,a,b", "more cells than columns"),
    ],
)
def test_a_row_is_refused_with_its_reason_and_its_place(line, reason):
    (row,) = rows(line + "\n")
    assert isinstance(row, Refused)
    assert row.row == 2
    assert reason in row.reason


def test_the_same_number_twice_is_taken_once():
    first, second = rows("5125550142,express_oral,,,\n+1 (512) 555-0142,express_oral,,,\n")
    assert isinstance(first, Taken)
    assert second.reason == "the same number as in row 2"


@pytest.mark.parametrize("text", ["", "name,mail\nx,y\n", "number,number,basis\n1,2,3\n", HEAD + 'a,"b\n', "\0"])
def test_a_file_that_is_no_list_is_refused_whole(text):
    with pytest.raises(FileProblem):
        list(read(text, ORIGIN))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_characters='"\r\n\0'), max_size=60))
def test_no_line_breaks_the_reader(line):
    for row in rows(line + "\n", head=",".join(COLUMNS) + "\n"):
        assert isinstance(row, Taken | Refused)


@pytest.mark.parametrize(
    ("country", "basis", "months"),
    [
        ("CA", Basis.IMPLIED_INQUIRY, 6),
        ("CA", Basis.IMPLIED_PURCHASE, 24),
        ("US", Basis.IMPLIED_INQUIRY, 3),
        ("US", Basis.IMPLIED_PURCHASE, 18),
        ("BR", Basis.IMPLIED_INQUIRY, 3),
        ("CA", Basis.EXPRESS_WRITTEN, None),
        ("DE", Basis.EXPRESS_ORAL, None),
        ("GB", Basis.EXPRESS_ORAL, None),
    ],
)
def test_a_consent_lasts_as_long_as_the_countrys_profile_says(country, basis, months):
    assert expires_ms(country, basis, T0) == (None if months is None else add_months(T0, months))


def test_the_earlier_of_the_law_and_the_file_ends_a_consent():
    early, late = rows(
        "5125550142,implied_purchase,2026-11-01,2026-12-01,\n5125550143,implied_purchase,2026-11-01,2090-01-01,\n"
    )
    assert early.entry.expires_ms < late.entry.expires_ms
    given = int(datetime(2026, 11, 1, tzinfo=ORIGIN.zone).timestamp() * 1_000)
    assert late.entry.expires_ms == add_months(given, 18)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2026, 8, 31), 6, (2027, 2, 28)),
        ((2027, 8, 31), 6, (2028, 2, 29)),
        ((2026, 12, 15), 24, (2028, 12, 15)),
        ((2026, 1, 31), 1, (2026, 2, 28)),
    ],
)
def test_months_are_calendar_months(start, months, end):
    at, until = (int(datetime(*day, 12, tzinfo=UTC).timestamp() * 1_000) for day in (start, end))
    assert add_months(at, months) == until


def test_every_profile_is_dated_and_names_its_source():
    assert {"US", "CA", "GB", "DE", "FR", "IE"} <= set(profiles())
    assert all(profile.source and profile.as_of.year >= 2026 for profile in profiles().values())
