"""What is understood of a conversation: later texts add, silence takes nothing away, a person's word stays."""

from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.replies.threads.status import Status
from textback_pbx.replies.threads.understood import FIELDS, correct, merge, value_of, window_of

WINDOW = {"start": "2030-11-26T09:00:00-06:00", "end": "2030-11-26T12:00:00-06:00"}
FIRST = {
    "service": "heating",
    "place": {"postcode": "78704", "street": None},
    "window": WINDOW,
    "name": None,
    "evidence": {"service": {"rule": "service.home_services"}, "postcode": {"rule": "place.zip"}},
}
OPEN = Status.WAITING_ON_THEM


def test_a_text_that_says_nothing_takes_nothing_away():
    held = merge({}, FIRST, Status.NEW)
    assert merge(held, {"service": None, "place": {"postcode": None, "street": None}}, OPEN) == held
    assert (held["service"], held["place"]["postcode"], held["window"]) == ("heating", "78704", WINDOW)
    assert held["evidence"]["postcode"] == {"rule": "place.zip"}


def test_a_later_text_wins_and_brings_its_evidence():
    held = merge(merge({}, FIRST, Status.NEW), {"service": "leak", "evidence": {"service": {"rule": "new"}}}, OPEN)
    assert (held["service"], held["evidence"]["service"]["rule"]) == ("leak", "new")
    assert "rule" in held["evidence"]["postcode"]


def test_a_new_matter_begins_with_nothing():
    held = merge({}, FIRST, Status.NEW)
    for over in (Status.CLOSED, Status.BOOKED, Status.NO_RESPONSE):
        assert merge(held, {"name": "Alpha"}, over)["service"] is None
        assert merge(held, {"name": "Alpha"}, over)["name"] == "Alpha"


def test_what_a_person_corrected_stays_but_a_customer_may_change_the_window():
    held = correct(correct(merge({}, FIRST, Status.NEW), "service", "leak"), "window", None)
    held = merge(held, FIRST, OPEN)
    assert (held["service"], held["evidence"]["service"]["rule"]) == ("leak", "staff")
    assert held["window"] == WINDOW


values = st.fixed_dictionaries({}, optional={
    "service": st.none() | st.sampled_from(["a", "b"]),
    "customer": st.none() | st.sampled_from(["new", "known"]),
    "place": st.fixed_dictionaries({}, optional={"postcode": st.none() | st.just("78704")}),
    "window": st.none() | st.just(WINDOW),
})  # fmt: skip


@given(st.lists(values, max_size=6))
def test_what_holds_is_the_last_that_each_field_was_said_to_be(texts):
    held = {}
    for read in texts:
        held = merge(held, read, OPEN)
    for field in FIELDS:
        said = [value_of(read, field) for read in texts if value_of(read, field) is not None]
        assert value_of(held, field) == (said[-1] if said else None)


def test_a_window_that_is_none_is_none():
    assert window_of({"window": WINDOW}) == (1_921_935_600_000, 1_921_946_400_000)
    for broken in (
        {},
        {"window": None},
        {"window": {"start": "soon", "end": "x"}},
        {"window": {"start": WINDOW["end"]}},
    ):
        assert window_of(broken) is None
