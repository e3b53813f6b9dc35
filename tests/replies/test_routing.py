"""Routing: the first rule wins, nothing is without an owner, no rule makes a text less urgent."""

from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.replies.handling import Urgency
from textback_pbx.replies.intake import read
from textback_pbx.replies.routing import Rule, route

RULES = (
    Rule("burst", "on call", words=("burst pipe",), priority=Urgency.URGENT, minutes=5),
    Rule("north", "kim", postcodes=("787", "SW1"), open=True),
    Rule("night", "answering", open=False),
    Rule("drains", "lee", services=("drain",), lines=("main",)),
)


def routed(text, *, is_open=True, line="main"):
    return route(text, read(text, business="home_services"), line, is_open=is_open, rules=RULES, owner="office")


def test_the_first_rule_that_matches_wins():
    assert routed("Burst pipe at 78704!").rule == "burst"
    assert routed("tap drips, 78704").owner == "kim"
    assert routed("tap drips, SW1A 1AA").owner == "kim"
    assert routed("tap drips, 78704", is_open=False).owner == "answering"
    assert routed("drain is slow").owner == "lee"
    assert routed("drain is slow", line="north").rule == "the line's owner"
    assert routed("burst pipes everywhere").rule != "burst"


def test_a_rule_raises_and_never_lowers():
    assert routed("burst pipe, water is pouring through the ceiling").priority is Urgency.EMERGENCY
    assert routed("a burst pipe was mended last year, no rush").priority is Urgency.URGENT


@given(st.text(max_size=40), st.booleans())
def test_every_text_has_an_owner(text, is_open):
    assert routed(text, is_open=is_open).owner
