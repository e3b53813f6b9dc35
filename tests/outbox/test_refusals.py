"""What answers are good for: every code, every kind, and the bounds on trying again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.outbox.attempt import Accepted, Event, NotHandedOver, Refused, Unknown
from textback_pbx.outbox.refusals import Remedy, Retries, remedy, verdict

RETRIES = Retries()
codes = st.none() | st.integers(0, 1_000)
results = st.one_of(
    st.builds(Accepted, st.integers(0, 255)),
    st.builds(Refused, codes, st.sampled_from(["", "no"]), st.booleans()),
    st.builds(NotHandedOver, st.just("no prompt")),
    st.builds(Unknown, st.just("silence")),
)


@given(results, st.integers(0, 40), st.integers(1, 60))
def test_only_a_definite_refusal_or_no_hand_over_leads_back_into_the_queue(result, hand_overs, claims):
    said = verdict(result, hand_overs, claims, RETRIES)
    if said.event in (Event.REFUSED_FOR_NOW, Event.REFUSED_FOR_GOOD):
        assert isinstance(result, NotHandedOver) or (isinstance(result, Refused) and result.definite)
    if isinstance(result, Unknown) or (isinstance(result, Refused) and not result.definite):
        assert said.event is Event.LOST
    if said.event in (Event.REFUSED_FOR_NOW, Event.NOT_HANDED_OVER):
        assert 0 < said.retry_ms <= RETRIES.longest_ms
        assert hand_overs < RETRIES.hand_overs or said.event is Event.NOT_HANDED_OVER
        assert claims < RETRIES.claims
    assert said.reason or said.event is Event.ACCEPTED or isinstance(result, NotHandedOver)


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    ("code", "what"),
    [
        (1, Remedy.NUMBER),
        (8, Remedy.LINE),
        (10, Remedy.MESSAGE),
        (21, Remedy.MESSAGE),
        (27, Remedy.LATER),
        (28, Remedy.MESSAGE),
        (38, Remedy.LATER),
        (41, Remedy.SOON),
        (42, Remedy.SOON),
        (50, Remedy.LINE),
        (0xC3, Remedy.NUMBER),
        (0xC5, Remedy.TAKEN),
        (310, Remedy.LINE),
        (330, Remedy.LINE),
        (77, Remedy.LATER),
        (None, Remedy.LATER),
    ],
)
def test_the_codes_that_matter(code, what):
    assert remedy(code)[0] is what
    assert remedy(code)[1]


def test_a_duplicate_that_the_message_centre_has_already_is_never_sent_again():
    assert verdict(Refused(0xC5, "", definite=True), 1, 1, RETRIES).event is Event.LOST


def test_a_number_that_takes_no_texts_is_remembered():
    said = verdict(Refused(1, "", definite=True), 1, 1, RETRIES)
    assert said.event is Event.REFUSED_FOR_GOOD
    assert said.cannot_text
    assert said.reason == "the number is not assigned (CMS 1)"


def test_the_waits_double_up_to_an_end():
    waits = [
        verdict(Refused(41, "", definite=True), n, n, Retries(hand_overs=99, claims=99)).retry_ms for n in range(1, 12)
    ]
    assert waits[:3] == [15_000, 30_000, 60_000]
    assert waits[-1] == RETRIES.longest_ms
