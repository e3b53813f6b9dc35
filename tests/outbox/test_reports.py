"""Which attempt a report belongs to: wrapped references, twice, late, foreign, early, and references nobody heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.outbox.support import ANNA, BERT, ICCID, T0
from textback_pbx.outbox.attempt import Event, State
from textback_pbx.outbox.reports import Attempt, Fate, Matched, Orphan, Report, Rules, match, read_status, same_number

RULES, MINUTE, HOUR, DAY = Rules(), 60_000, 3_600_000, 86_400_000
pytestmark = pytest.mark.fault(37)


def an_attempt(part_id=1, **changes):
    values = {"number": ANNA, "state": State.ACCEPTED, "handed_over_ms": T0, "tp_mr": 7, "iccid": ICCID}
    return Attempt(part_id=part_id, **{**values, **changes})


def a_report(**changes):
    values = {"recipient": ANNA, "tp_mr": 7, "tp_st": 0, "received_ms": T0 + MINUTE, "modem": "m1", "iccid": ICCID}
    return Report(**{**values, "scts_ms": T0 + 1_000, **changes})


@pytest.mark.parametrize("tp_st", range(256))
def test_every_status_is_read_by_its_class(tp_st):
    fate = read_status(tp_st).fate
    if tp_st == 0:
        assert fate is Fate.DELIVERED
    elif 0x20 <= tp_st <= 0x3F:
        assert fate is Fate.TRYING
    elif tp_st in (1, 2) or 0x10 <= tp_st <= 0x1F:
        assert fate is Fate.FORWARDED
    else:
        assert fate is Fate.FAILED
    assert read_status(tp_st).words


def test_by_recipient_and_reference():
    others = [an_attempt(2, number=BERT), an_attempt(3, tp_mr=8), an_attempt(4, iccid="8900")]
    assert match(a_report(), [*others, an_attempt(1)], RULES) == Matched(1, Event.REPORT_DELIVERED, by_reference=True)


@pytest.mark.parametrize("recipient", ["+15125550101", "15125550101", "5125550101", "0015125550101"])
def test_networks_write_the_recipient_as_they_like(recipient):
    assert isinstance(match(a_report(recipient=recipient), [an_attempt()], RULES), Matched)
    assert not same_number(recipient, BERT)


def test_a_short_tail_is_no_number():
    assert not same_number("0101", ANNA)
    assert not same_number("", ANNA)


def test_a_wrapped_reference_goes_to_the_attempt_the_message_centre_means():
    old, new = an_attempt(1, handed_over_ms=T0 - 3 * HOUR, state=State.DELIVERED), an_attempt(2)
    assert match(a_report(), [old, new], RULES).part_id == 2
    assert match(a_report(scts_ms=T0 - 3 * HOUR + 900), [old, new], RULES).part_id == 1
    assert match(a_report(scts_ms=None), [old, new], RULES).part_id == 2


def test_a_message_centre_in_another_zone_is_forgiven_where_the_reference_fits():
    assert match(a_report(scts_ms=T0 + 14 * HOUR), [an_attempt()], RULES).part_id == 1
    assert match(a_report(scts_ms=0), [an_attempt()], RULES).part_id == 1


def test_a_foreign_report_is_an_orphan():
    assert isinstance(match(a_report(recipient="+447700900123"), [an_attempt()], RULES), Orphan)
    assert isinstance(match(a_report(tp_mr=99), [an_attempt()], RULES), Orphan)
    assert isinstance(match(a_report(), [], RULES), Orphan)


def test_a_report_for_an_unheard_reference_finds_the_one_unknown_text():
    unknown = an_attempt(5, state=State.UNKNOWN, tp_mr=None)
    assert match(a_report(), [unknown], RULES) == Matched(5, Event.REPORT_DELIVERED, by_reference=False)


def test_it_is_not_given_to_an_unknown_text_of_another_hour_nor_guessed_between_two():
    early = an_attempt(5, state=State.UNKNOWN, tp_mr=None, handed_over_ms=T0 - 2 * HOUR)
    assert isinstance(match(a_report(), [early], RULES), Orphan)
    two = [an_attempt(n, state=State.UNKNOWN, tp_mr=None) for n in (5, 6)]
    found = match(a_report(), two, RULES)
    assert isinstance(found, Orphan)
    assert "several" in found.why


def test_a_heard_reference_is_preferred_to_an_unheard_one():
    unknown = an_attempt(5, state=State.UNKNOWN, tp_mr=None)
    assert match(a_report(), [unknown, an_attempt(1)], RULES).part_id == 1


def test_a_report_is_not_given_to_an_unknown_text_while_another_to_the_person_waits_for_its_answer():
    unknown = an_attempt(5, state=State.UNKNOWN, tp_mr=None)
    going = an_attempt(6, state=State.HANDED_OVER, tp_mr=None)
    assert isinstance(match(a_report(), [unknown, going], RULES), Orphan)
    other = an_attempt(6, state=State.HANDED_OVER, tp_mr=None, number=BERT)
    assert match(a_report(), [unknown, other], RULES).part_id == 5


def test_what_is_on_its_way_right_now_waits_for_its_own_answer():
    assert isinstance(match(a_report(), [an_attempt(state=State.HANDED_OVER, tp_mr=None)], RULES), Orphan)


def test_an_early_report_is_not_given_to_an_older_text_whose_reference_has_come_round_again():
    """TP-MR has 8 bits: a report that overtakes its own +CMGS must not settle a text of hours ago."""
    old = an_attempt(1, handed_over_ms=T0 - 3 * HOUR)
    going = an_attempt(2, state=State.HANDED_OVER, tp_mr=None)
    assert isinstance(match(a_report(), [old, going], RULES), Orphan)
    assert match(a_report(scts_ms=T0 - 3 * HOUR), [old, going], RULES).part_id == 1
    assert match(a_report(), [old, an_attempt(2, state=State.HANDED_OVER, tp_mr=None, number=BERT)], RULES).part_id == 1
    lost = an_attempt(3, state=State.UNKNOWN, tp_mr=None)
    assert isinstance(match(a_report(), [old, lost], RULES), Orphan)
    assert match(a_report(scts_ms=T0 - 3 * HOUR), [old, lost], RULES).part_id == 1


@given(
    st.lists(
        st.builds(
            Attempt,
            part_id=st.integers(1, 9),
            number=st.sampled_from([ANNA, BERT]),
            state=st.sampled_from(State),
            handed_over_ms=st.integers(T0 - 8 * DAY, T0),
            tp_mr=st.none() | st.integers(5, 9),
            iccid=st.sampled_from([None, ICCID, "8900"]),
        ),
        max_size=6,
    ),
    st.integers(5, 9),
    st.integers(0, 255),
    st.none() | st.integers(T0 - 9 * DAY, T0 + DAY),
)
def test_a_match_always_fits(attempts, tp_mr, tp_st, scts_ms):
    report = a_report(tp_mr=tp_mr, tp_st=tp_st, scts_ms=scts_ms)
    found = match(report, attempts, RULES)
    if isinstance(found, Matched):
        fitting = [a for a in attempts if a.part_id == found.part_id and a.number == ANNA and a.iccid in (None, ICCID)]
        assert any(a.tp_mr == tp_mr if found.by_reference else a.tp_mr is None for a in fitting)


@pytest.mark.parametrize("scts_ms", [None, T0 - 20 * DAY, T0 + 20 * DAY])
def test_a_report_without_a_time_that_can_be_true_is_given_to_no_text_whose_reference_nobody_heard(scts_ms):
    """The number alone is too little: the soak's month had three foreign reports on unknown texts."""
    unknown = an_attempt(1, state=State.UNKNOWN, tp_mr=None)
    assert isinstance(match(a_report(scts_ms=scts_ms, tp_mr=209), [unknown], RULES), Orphan)
    assert match(a_report(scts_ms=scts_ms), [an_attempt(2)], RULES).part_id == 2
