"""The facts around a call, from recordings of both Asterisks in both views: what a person asks after the outcome."""

import pytest

from tests.calls.support import fold
from tests.calls.test_recordings_bench import FOLDER, INDEX
from tests.calls.wire import Wire
from textback_pbx.calls.outcome import judge

VIEWS = ("minimal", "full")
BOTH = [(major, view) for major in ("16", "22") for view in VIEWS]


def records(major, name, view):
    return fold((FOLDER / major / f"{name}.{view}.ami").read_bytes())


@pytest.mark.parametrize(("major", "view"), BOTH)
@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("parked_comes_back", "parked"),
        ("parked_and_fetched", None),
        ("blind_transfer_rings_out", "transferred"),
        ("blind_transfer_answered", None),
        ("blind_transfer_by_code", None),
        ("attended_transfer", None),
        ("attended_transfer_refused", None),
        ("answered", None),
        ("rings_out", None),
    ],
)
def test_answered_and_then_left_alone(name, alone, major, view):
    (record,) = records(major, name, view)
    assert record.facts.get("left_alone") == alone


@pytest.mark.parametrize(("major", "view"), BOTH)
def test_who_was_on_the_phone_when_busy(major, view):
    first, second = records(major, "two_callers_one_answered", view)
    assert (judge(first).outcome, judge(second).outcome) == ("answered", "busy")
    assert second.facts["on_the_phone"] == {"PJSIP/101": "talking with an outside number"}
    assert "on_the_phone" not in first.facts
    (pressed,) = records(major, "busy_486", view)
    assert pressed.facts["on_the_phone"] == {"PJSIP/101": "no other call was seen"}


def test_a_desk_that_talks_with_a_colleague_and_one_that_rings():
    w = Wire()
    desk = w.chan("PJSIP/101-1", state=4, exten="102")
    colleague = w.dial(desk, "PJSIP/102-2")
    w.up(colleague, desk).enter("b", colleague, desk)
    other = w.chan("PJSIP/103-3", state=5)
    r = w.root()
    for leg in (w.dial(r, "PJSIP/101-4"), w.dial(r, "PJSIP/103-5")):
        w.dial_end(r, leg, "BUSY").end(leg, 17)
    w.end(r, 17).end(other)
    (record,) = w.calls()
    assert record.facts["on_the_phone"] == {"PJSIP/101": "talking with PJSIP/102", "PJSIP/103": "ringing or dialling"}


@pytest.mark.parametrize(("major", "view"), BOTH)
@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("confirm_caller_leaves", "abandoned"),
        ("confirm_desk_not_pressed", "timeout"),
        ("confirm_not_pressed", "timeout"),
    ],
)
def test_a_caller_who_leaves_while_the_prompt_plays_gave_up(name, detail, major, view):
    (record,) = records(major, name, view)
    assert judge(record).detail == detail


@pytest.mark.parametrize(("major", "name"), INDEX)
def test_both_views_tell_the_same_detail_where_it_can_be_told(major, name):
    """Which application played a greeting is told by the dialplan class alone, or live by the look at the channels."""
    minimal, full = ([judge(r).detail for r in records(major, name, view)] for view in VIEWS)
    assert minimal == full or (name, minimal, full) == ("voicemail_greeting_hangup", ["ivr"], ["voicemail"])


@pytest.mark.parametrize(("major", "view"), BOTH)
def test_ring_seconds_are_per_desk(major, view):
    (record,) = records(major, "group_busy_busy_rings", view)
    rang = {leg.channel.rpartition("-")[0]: leg.alerting for leg in record.legs}
    assert rang == {"PJSIP/101": False, "PJSIP/102": False, "PJSIP/103": True}
