"""The three policies: no choice is the strictest, an opt-out beats all of them."""

import itertools

import pytest

from tests.consent.support import folded
from textback_pbx.consent.ledger import Basis, Event
from textback_pbx.consent.policies import POLICIES, PRESETS, PolicyChoice, PolicyName, in_force, permits

NOTHING = folded([])[0]
RECORD = folded([(Event.GRANTED, Basis.EXPRESS_ORAL, None)])[0]
HEARD = folded([(Event.ANNOUNCED, Basis.ANNOUNCED, None)])[0]
OUT = folded([(Event.GRANTED, Basis.EXPRESS_ORAL, None), (Event.REVOKED, Basis.OPT_OUT, None)])[0]
OVER = folded([(Event.IMPLIED, Basis.IMPLIED_INQUIRY, 1)])[0]


def test_no_choice_and_a_choice_of_other_words_act_as_recorded():
    assert in_force(None) is PolicyName.RECORDED
    for name, policy in POLICIES.items():
        assert in_force(PolicyChoice(name, policy.version, "owner", 0, policy.text)) is name
        assert in_force(PolicyChoice(name, "other-words", "owner", 0, "")) is PolicyName.RECORDED


@pytest.mark.parametrize(
    ("policy", "heard", "answered"), list(itertools.product(PolicyName, (False, True), (False, True)))
)
def test_an_opt_out_beats_every_policy_and_a_record_satisfies_each(policy, heard, answered):
    more = {"heard_greeting": heard, "already_answered": answered}
    assert not permits(policy, OUT, **more).allowed
    assert permits(policy, RECORD, **more).allowed
    expected = (policy is PolicyName.ANNOUNCED and heard) or (policy is PolicyName.ONE_REPLY and not answered)
    for state in (NOTHING, HEARD, OVER):
        found = permits(policy, state, **more)
        assert found.allowed == expected
        assert found.why


def test_each_policy_has_its_words_and_no_preset_is_laxer():
    assert set(POLICIES) == set(PolicyName)
    assert all(policy.text and policy.summary and policy.version for policy in POLICIES.values())
    assert set(PRESETS.values()) == {PolicyName.RECORDED}
