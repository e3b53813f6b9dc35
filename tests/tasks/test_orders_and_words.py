"""What staff text back, and what they are told: no sentence is taken for an order, no message is too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.decision.segments import segment
from textback_pbx.tasks import notify
from textback_pbx.tasks.notify import Matter, fields_in_words, held_until, level, pause_ms, text_for_staff, within
from textback_pbx.tasks.orders import Order, Said, next_code, read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12 on my way", Said(Order.ON_MY_WAY, 12)),
        ("12 On my way!", Said(Order.ON_MY_WAY, 12)),
        ("#12: omw", Said(Order.ON_MY_WAY, 12)),
        ("[12] done", Said(Order.DONE, 12)),
        ("12 done.", Said(Order.DONE, 12)),
        ("12 DONE replaced the valve", Said(Order.DONE, 12, "replaced the valve")),
        ("12 done: left a message", Said(Order.DONE, 12, "left a message")),
        ("12 call", Said(Order.CALL, 12)),
        ("12,call", Said(Order.CALL, 12)),
        ("12 Call you at five", Said(Order.TEXT, 12, "Call you at five")),
        ("12 booked tomorrow 9", Said(Order.BOOKED, 12, "tomorrow 9")),
        ("12 take", Said(Order.TAKE, 12)),
        ("12 pass", Said(Order.PASS, 12)),
        ("12 yes", Said(Order.TEXT, 12, "yes")),
        ("12 ok", Said(Order.TEXT, 12, "ok")),
        ("12 no", Said(Order.TEXT, 12, "no")),
        ("12 We come at 5.\nPlease shut the valve", Said(Order.TEXT, 12, "We come at 5.\nPlease shut the valve")),
        ("  345   hello ", Said(Order.TEXT, 345, "hello")),
        ("12", Said(Order.UNCLEAR, 12)),
        ("12 ?", Said(Order.TEXT, 12, "?")),
        ("7 hello", Said(Order.UNCLEAR)),
        ("123456 hello", Said(Order.UNCLEAR)),
        ("12hello", Said(Order.UNCLEAR)),
        ("done", Said(Order.UNCLEAR)),
        ("call me", Said(Order.UNCLEAR)),
        ("List", Said(Order.LIST)),
        ("help", Said(Order.HELP)),
        ("", Said(Order.UNCLEAR)),
        ("10:30 works for me", Said(Order.UNCLEAR)),
        ("10 am works", Said(Order.UNCLEAR)),
        ("15 minutes late", Said(Order.UNCLEAR)),
        ("10-12 is good", Said(Order.UNCLEAR)),
        ("11 or 12 tomorrow", Said(Order.UNCLEAR)),
        ("#15 minutes late, sorry", Said(Order.TEXT, 15, "minutes late, sorry")),
        ("12 I am 15 minutes late", Said(Order.TEXT, 12, "I am 15 minutes late")),
    ],
)
def test_what_staff_say(text, said):
    assert read(text) == said


@given(st.text(max_size=60))
def test_any_text_is_some_order_and_nothing_without_a_code_is_sent(text):
    said = read(text)
    if said.code is None:
        assert said.order in (Order.LIST, Order.HELP, Order.UNCLEAR)
        assert said.rest == ""
    if said.order is Order.TEXT:
        assert said.rest
        assert said.rest in text


@given(code=st.integers(10, 99_999), words=st.text(min_size=1, max_size=60).filter(lambda t: t.strip()))
def test_words_after_a_code_arrive_as_they_are_or_are_an_order(code, words):
    said = read(f"{code} {words}")
    assert said.code in (code, None)
    assert read(f"#{code} {words}").code == code
    if said.order is Order.TEXT:
        assert said.rest == words.strip() or words.strip()[0] in ":,.-"


def test_codes_are_the_lowest_that_are_free():
    assert next_code(set()) == 10
    assert next_code(set(range(10, 100))) == 100
    assert next_code({10, 12}) == 11
    assert next_code(set(range(10, 100)), most=99) is None


plain_words = st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=300)


@given(
    what=st.sampled_from(["answer", "PASSED ON: call back", "STILL OVERDUE: a text of unknown fate to"]),
    priority=st.sampled_from(["normal", "urgent", "emergency"]),
    words=plain_words,
    fields=st.sampled_from(["", "water heater, 12 Elm Street, 78704, Wed 25 Nov 15:00-17:00"]),
    code=st.none() | st.integers(10, 99_999),
    owner=st.sampled_from(["kim", "the evening front desk"]),
)
def test_a_text_to_staff_is_one_text_if_it_can_be(what, priority, words, fields, code, owner):  # noqa: PLR0917 - drawn
    matter = Matter(
        what, owner, priority, "Wed 10:05", "+15125550142", fields, words.replace("^", "").replace("~", ""), "", code
    )
    text = text_for_staff(matter, "kim")
    assert text.startswith(f"[{code}] " if code else ("" if priority == "normal" else priority.upper()))
    assert len(segment(text).parts) <= 2
    short = text_for_staff(Matter(what, "kim", priority, "10:05", "+15125550142", "", words[:30], "", code), "kim")
    if all(c not in "{}[]\\|" for c in words[:30]):
        assert len(segment(short).parts) == 1
    assert "5125550" not in text


def test_curly_quotes_of_a_customer_do_not_make_two_texts_of_one():
    text = text_for_staff(Matter("answer", "kim", words="It’s “leaking” – help…", code=12), "kim")
    assert segment(text).encoding.value == "gsm7"


def test_how_much_is_told_by_trade():
    for trade in ("dental", "health", "law"):
        assert level("by_trade", trade) == "none"
    for trade in ("home_services", "salon", "pet", "general", "professional"):
        assert level("by_trade", trade) == "text"
    assert level("fields", "law") == "fields"


def test_fields_in_words():
    window = {"start": "2026-11-25T15:00:00-06:00", "end": "2026-11-25T17:00:00-06:00"}
    intake = {"service": "water_heater", "place": {"street": None, "postcode": "78704"}, "window": window}
    assert fields_in_words(intake) == "water heater, 78704, Wed 25 Nov 15:00-17:00"
    assert fields_in_words({}) == ""


def test_pauses_grow_and_stay_and_urgent_is_told_at_once():
    assert [pause_ms(n) // 1000 for n in (0, 1, 2, 3, 4, 5, 6, 99)] == [5, 5, 30, 120, 600, 1800, 3600, 3600]
    assert held_until("urgent", 5, 10**9) == 5
    assert held_until("normal", 5, 1_000) == 1_000
    assert held_until("normal", 5, None) == 5
    assert held_until("normal", 5, 10**15) == 5 + 86_400_000


@given(ages=st.lists(st.integers(-10_000, 5_000_000), max_size=30), limit=st.integers(1, 20))
def test_a_budget_an_hour_is_never_passed(ages, limit):
    wait = within(ages, limit)
    recent = [age for age in ages if 0 <= age < 3_600_000]
    assert (wait == 0) is (len(recent) < limit)
    assert sum(0 <= age + wait < 3_600_000 for age in recent) < limit or wait == 0


def test_every_event_has_words():
    assert all(notify.EVENTS.values())
