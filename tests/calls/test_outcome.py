"""The two tables of CALLS.md, row by row, and that no row is out of reach."""

import itertools

import pytest

from textback_pbx.calls.outcome import (
    CALL_TABLE,
    LEG_TABLE,
    UNREACHABLE,
    CallRecord,
    Leg,
    LegClass,
    Outcome,
    classify,
    judge,
)


def record(**changes) -> CallRecord:
    fields = {
        "uniqueid": "1.1", "caller": "+15125550142", "dialled": "5001", "withheld": False, "context": "from-trunk",
        "channel": "PJSIP/trunk-1", "order": 1, "started_ms": None, "ended_ms": None, "up": False, "ended": True,
        "cause": 16, "caller_hung_up": False, "adopted": False, "adopted_up": False, "application": "", "legs": (),
    }  # fmt: skip
    return CallRecord(**(fields | changes))


def leg(**changes) -> Leg:
    return Leg("PJSIP/101-1", "1.2", **changes)


CALLS_MD = [
    1,
    2,
    3,
    5,
    6,
    18,
    20,
    22,
    25,
    27,
    28,
    29,
    34,
    38,
    41,
    42,
    43,
    44,
    47,
    50,
    52,
    54,
    57,
    58,
    65,
    66,
    69,
    79,
    88,
]


def test_the_unreachable_causes_are_those_of_calls_md():
    assert sorted(UNREACHABLE) == [*CALLS_MD, *range(95, 103), 111]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (leg(bridged=True, up=True, cause=26), LegClass.ANSWERED),
        (leg(cause=26, alerting=True), LegClass.ELSEWHERE),
        (leg(cause=23), LegClass.FORWARDED),
        (leg(forwarded=True, cause=0), LegClass.FORWARDED),
        (leg(cause=17, alerting=True), LegClass.BUSY),
        (leg(cause=21, alerting=True), LegClass.REJECTED),
        (leg(cause=20, alerting=True), LegClass.NOT_REACHABLE),
        (leg(cause=16, alerting=True), LegClass.NO_ANSWER),
        (leg(cause=16, up=True), LegClass.NO_ANSWER),
        *((leg(cause=cause), LegClass.NOT_REACHABLE) for cause in (19, 16, 0, 127, None)),
    ],
)
def test_leg_rows(one, expected):
    assert classify(one)[0] is expected


RANG = leg(alerting=True, cause=16)
GAVE_UP = leg(alerting=True, cause=0, abandoned=True)
REJECTED, BUSY, DEAD, TAKEN, ELSEWHERE = (
    leg(cause=21),
    leg(cause=17),
    leg(cause=20),
    leg(bridged=True, up=True),
    leg(cause=26),
)


@pytest.mark.parametrize(
    ("one", "outcome", "detail"),
    [
        (record(legs=(RANG, TAKEN), cause=26), "answered", ""),
        (record(legs=(RANG,), cause=26), "answered", "elsewhere"),
        (record(legs=(RANG,), ended=False), "lost", "not_ended"),
        (record(legs=(TAKEN,), ended=False), "answered", ""),
        (record(adopted=True), "lost", "gap"),
        (record(adopted=True, adopted_up=True, up=True, legs=(RANG,)), "lost", "gap"),
        (record(adopted=True, legs=(RANG,)), "no_answer", "timeout"),
        (record(legs=(RANG, BUSY, REJECTED, DEAD)), "no_answer", "timeout"),
        (record(legs=(RANG, GAVE_UP)), "no_answer", "abandoned"),
        (record(legs=(RANG,), up=True, application="voicemail"), "no_answer", "voicemail"),
        (record(legs=(RANG,), up=True, application="ivr"), "no_answer", "ivr"),
        (record(legs=(RANG,), up=True, application="queue"), "no_answer", "timeout"),
        (record(legs=(BUSY, REJECTED, DEAD)), "busy", "rejected"),
        (record(legs=(BUSY, DEAD)), "busy", ""),
        (record(legs=(DEAD,), dialplan_busy=True), "busy", "dialplan"),
        (record(legs=(RANG,), dialplan_busy=True), "no_answer", "timeout"),
        (record(legs=(DEAD,), up=True), "not_reachable", ""),
        (record(cause=17), "busy", "dialplan"),
        (record(cause=21), "none", "blocked"),
        *((record(cause=cause, up=up), "not_reachable", "") for cause in (3, 20, 34) for up in (True, False)),
        (record(up=True), "no_answer", "unattended"),
        (record(caller_hung_up=True, cause=127), "no_answer", "unattended"),
        (record(), "not_reachable", "nobody_tried"),
        (record(legs=(ELSEWHERE,), up=True), "no_answer", "unattended"),
        (record(legs=(leg(cause=23),), cause=20), "not_reachable", ""),
        (record(dropped=(LegClass.NO_ANSWER,)), "no_answer", "timeout"),
    ],
)
def test_call_rows(one, outcome, detail):
    verdict = judge(one)
    assert (verdict.outcome.value, verdict.detail) == (outcome, detail)


def test_every_row_decides_some_call_and_every_detail_is_published():
    legs = [(), *((one,) for one in (RANG, GAVE_UP, REJECTED, BUSY, DEAD, TAKEN, ELSEWHERE)), (RANG, BUSY)]
    flags = itertools.product(legs, (16, 17, 21, 26, 3, 127), *[(True, False)] * 5, ("", "voicemail", "ivr"))
    seen, published = set(), {row.condition: row for row in CALL_TABLE}
    for each, cause, up, ended, hung, adopted, adopted_up, application in flags:
        verdict = judge(
            record(
                legs=each, cause=cause, up=up, ended=ended, caller_hung_up=hung, adopted=adopted,
                adopted_up=adopted_up, application=application,
            )
        )  # fmt: skip
        seen.add(verdict.condition)
        seen.add(judge(record(legs=(DEAD,), dialplan_busy=True)).condition)
        assert verdict.detail in (published[verdict.condition].details or ("",))
    assert seen == set(published)
    assert {row.gives for row in CALL_TABLE} == set(Outcome)
    assert {row.gives for row in LEG_TABLE} == set(LegClass)
