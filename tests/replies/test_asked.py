"""Times weighed by the words around them: only what the rules take for asked can be taken back, and nothing else."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.weighing import asked as lessons
from textback_pbx.consent.normalise import tokens
from textback_pbx.replies import asked
from textback_pbx.replies.intake import read
from textback_pbx.replies.mentions import Role
from textback_pbx.replies.window import read_mentions

NOW = datetime.fromisoformat("2026-11-18T10:20:00-06:00")
VOCABULARY = "my is the on at 3 10 monday friday tomorrow was call me appointment closing and ? , . not"
WORDS = st.sampled_from(VOCABULARY.split())


def test_the_card_is_made_from_the_texts_that_stand_here():
    """Who changes the intake's corpus or its families makes the card anew: ``make weights``."""
    assert f"({lessons.made_of(lessons.cases())})" in lessons.CARD.read_text(encoding="utf-8").splitlines()[0]


@settings(deadline=None)
@given(st.lists(WORDS, max_size=16).map(" ".join))
def test_weighing_takes_back_and_never_adds(text):
    found = read_mentions(text)
    kept = asked.only_asked(text, found)
    for before, after in zip(found, kept, strict=False):
        assert after.role in (before.role, Role.EVENT)
        assert (after.start, after.end, after.day, after.limits) == (
            before.start,
            before.end,
            before.day,
            before.limits,
        )


@settings(deadline=None)
@given(st.lists(WORDS, max_size=16).map(" ".join))
def test_how_likely_a_time_is_asked_for_lies_between_none_and_all(text):
    found = read_mentions(text)
    assert all(0 <= asked.likely(text, tokens(text), found, one) <= 1 for one in found)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Can you come Friday at 2?", "2026-11-20"),
        ("Groomer nicked his ear on the 11th and it's healing fine, just letting her know", None),
        ("Could do with knowing if Yvette is in on Mondays", None),
        ("Does the Friday special run all day or til 2", None),
    ],
)
def test_a_time_nobody_asks_for_is_no_window(text, day):
    window = read(text, NOW, "America/Chicago", "pet").window
    assert (window and window.start[:10]) == day


def test_a_text_of_nothing_but_times_is_weighed_up_to_a_bound():
    text = "friday at 3 or " * 200
    assert len(asked.only_asked(text, read_mentions(text))) <= 24
