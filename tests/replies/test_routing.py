"""Routing: the first rule wins, all that it names must match; nothing is without an owner or made less urgent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.replies.care import SIGNS, signs_of
from textback_pbx.replies.handling import Urgency
from textback_pbx.replies.intake import read
from textback_pbx.replies.routing import LINES_OWNER, Inquiry, Rule, has, route, unconditional

RULES = (
    Rule("burst", "on call", words=("burst pipe", "flood*"), priority=Urgency.URGENT, minutes=5),
    Rule("north", "kim", postcodes=("787", "SW1"), open=True),
    Rule("upset", "lee", signs=("distressed", "sensitive")),
    Rule("night", "answering", between=(17 * 60, 8 * 60)),
    Rule("drains", "lee", services=("drain",), lines=("main",), days=("monday", "tuesday")),
    Rule("new", "sales", customers=("new",), urgencies=("normal",)),
)
TERRITORIES = {"east": ("78", "EC"), "inner east": ("7870",)}


def inquiry(text, *, is_open=True, line="main", hour=10, day=0, **changes):
    found = read(text, business="home_services")
    values = {"urgency": found.urgency or "", "service": found.service or "", "postcode": found.place.postcode or ""}
    values |= {"customer": found.customer or "", "signs": signs_of(text), "weekday": day, "minute": hour * 60}
    return Inquiry(text, line, is_open, **{**values, **changes})


def routed(text, *, rules=RULES, territories=None, **asked):
    return route(inquiry(text, **asked), rules, owner="office", territories=territories)


def test_the_first_rule_that_matches_wins_and_says_why():
    assert routed("Burst pipe at 78704!").rule == "burst"
    assert routed("the basement is flooding").rule == "burst"
    assert routed("tap drips, 78704").to == "kim"
    assert routed("tap drips, SW1A 1AA").to == "kim"
    assert routed("tap drips, 78704", is_open=False, hour=20).to == "answering"
    assert routed("drain is slow").to == "lee"
    assert routed("drain is slow", line="north").rule == LINES_OWNER
    assert routed("drain is slow", day=4).rule == LINES_OWNER
    assert routed("first time customer here, tap drips").to == "sales"
    assert routed("I will call my lawyer").rule == "upset"
    assert routed("burst pipes everywhere").rule != "burst"
    asked = routed("tap drips, 78704").asked
    assert [(one.rule, one.matched) for one in asked] == [("burst", False), ("north", True)]
    assert [one.why for one in asked] == ["no word of burst pipe, flood*", "postcode 78704, open"]


def test_a_time_of_day_may_run_over_midnight():
    for hour in range(24):
        assert (routed("hello", hour=hour).rule == "night") is (hour >= 17 or hour < 8), hour


def test_a_territory_takes_what_no_rule_took_the_longest_prefix_first():
    assert routed("tap drips, 78610", is_open=False, territories=TERRITORIES).to == "east"
    assert routed("tap drips, 78704", is_open=False, territories=TERRITORIES).to == "inner east"
    assert routed("tap drips, 10001", territories=TERRITORIES).rule == LINES_OWNER
    assert routed("tap drips", territories=TERRITORIES).asked[-1].why == "no rule took it"


def test_a_rule_raises_and_never_lowers():
    assert routed("burst pipe, water is pouring through the ceiling").priority is Urgency.EMERGENCY
    assert routed("a burst pipe was mended last year, no rush").priority is Urgency.URGENT


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("Can you come tomorrow?", ()),
        ("I am going to sue you", ("sensitive",)),
        ("PLEASE SOMEBODY CALL ME BACK AT ONCE", ("distressed",)),
        ("third time I text, please help me", ("distressed", "repeated")),
        ("how much? and when? and who comes?", ("complicated",)),
        ("OK", ()),
        ("my mother passed away and this was her account", ("sensitive",)),
    ],
)
def test_what_wants_care(text, signs):
    assert signs_of(text) == signs


def test_distress_and_repetition_are_urgent_by_themselves():
    assert signs_of("hello?", unanswered=3) == ("repeated",)
    for sign in SIGNS:
        found = routed("hello", rules=(), signs=(sign,)).priority
        assert (found is Urgency.URGENT) is (sign in ("distressed", "repeated")), sign


def test_words_are_whole_words_and_a_star_is_any_ending():
    assert has("burst pipe", "A Burst   pipe!")
    assert not has("burst pipe", "outburst pipes")
    assert has("leak*", "it leaks")
    assert has("leak*", "leak")
    assert not has("leak*", "bleak")
    assert not has("", "anything")


words = st.text(max_size=40)
some_rules = st.lists(
    st.builds(
        Rule,
        name=st.sampled_from("abcdef"),
        to=st.sampled_from(["kim", "lee", "on call"]),
        words=st.tuples() | st.tuples(st.sampled_from(["burst pipe", "tap", "leak*"])),
        postcodes=st.tuples() | st.tuples(st.sampled_from(["787", "SW1"])),
        urgencies=st.tuples() | st.tuples(st.sampled_from(["normal", "urgent", "emergency"])),
        signs=st.tuples() | st.tuples(st.sampled_from(SIGNS)),
        between=st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda t: t[0] != t[1]),
        open=st.sampled_from([None, True, False]),
        priority=st.sampled_from([None, *Urgency]),
    ),
    max_size=5,
)


@given(
    text=words | st.sampled_from(["burst pipe at 78704", "the tap leaks, gas smell", "no rush, SW1A 1AA"]),
    rules=some_rules,
    is_open=st.booleans(),
    hour=st.integers(0, 23),
)
def test_every_text_has_an_owner_and_the_route_is_what_its_trace_says(text, rules, is_open, hour):
    found = routed(text, rules=rules, is_open=is_open, hour=hour, territories=TERRITORIES)
    own = routed(text, rules=(), is_open=is_open, hour=hour).priority
    ranks = list(Urgency)
    assert found.to
    assert ranks.index(found.priority) >= ranks.index(own)
    assert [one.matched for one in found.asked] == [False] * (len(found.asked) - 1) + [True]
    assert [one.rule for one in found.asked[: len(rules)]] == [rule.name for rule in rules[: len(found.asked)]]
    first = next((n for n, rule in enumerate(rules) if unconditional(rule)), None)
    if first is not None:
        assert len(found.asked) <= first + 1


@given(text=words, rule=some_rules.filter(bool).map(lambda rules: rules[0]), is_open=st.booleans())
def test_a_rule_alone_matches_exactly_when_each_of_its_conditions_does(text, rule, is_open):
    """Every condition tried alone: the whole matches when all its single-condition rules do."""
    names = ("words", "services", "postcodes", "lines", "urgencies", "customers", "signs", "days", "between", "open")
    empty = Rule("x", "kim")
    alone = [
        Rule("x", "kim", **{name: getattr(rule, name)}) for name in names if getattr(rule, name) != getattr(empty, name)
    ]
    each = [routed(text, rules=(one,), is_open=is_open).rule == "x" for one in alone]
    assert (routed(text, rules=(rule,), is_open=is_open).rule == rule.name) is all(each)
