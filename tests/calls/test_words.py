"""A call in an office's words: each phone with what it did, and what an admin should look at."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.support import fold
from tests.calls.test_recordings_bench import FOLDER, INDEX
from textback_pbx.calls import words
from textback_pbx.calls.around_store import around
from textback_pbx.calls.outcome import LegClass
from textback_pbx.calls.replay import leg_as_json


def stamp(at_ms):
    return f"<{at_ms}>"


def leg(phone, kind, seconds=None, cause=None):
    return {"channel": f"{phone}-0000002a", "class": kind, "ring_seconds": seconds, "cause": cause}


def test_my_phone_shows_a_missed_call_and_never_rang():
    legs = [leg("PJSIP/101", "no_answer", 12.5), leg("PJSIP/102", "busy"), leg("PJSIP/103", "elsewhere", 3.0)]
    facts = {
        "on_the_phone": {"PJSIP/102": "talking with an outside number"},
        "not_registered": [{"phone": "PJSIP/109", "since_ms": 7}, {"phone": "PJSIP/110", "since_ms": None}],
    }
    assert words.phones(legs, facts, stamp) == [
        "PJSIP/101: rang 12.5 s, was not answered",
        "PJSIP/102: was busy (talking with an outside number)",
        "PJSIP/103: rang 3 s, stopped ringing because another phone took the call",
        "PJSIP/109: never rang: not registered since <7>",
        "PJSIP/110: never rang: not registered, since before the agent first looked",
    ]


@pytest.mark.parametrize(
    ("legs", "facts", "told"),
    [
        (
            [leg("PJSIP/101", "not_reachable", cause=18)],
            {},
            "PJSIP/101: could not be reached (cause 18: the phone does",
        ),
        ([], {"not_registered": [{"phone": "PJSIP/109", "since_ms": 7}]}, "PJSIP/109 not registered since <7>"),
        ([leg("PJSIP/trunk", "not_reachable", cause=34)], {}, "no free line on the trunk"),
        ([], {}, "no phone was tried at all: look at the dialplan's route"),
    ],
)
def test_what_was_wrong(legs, facts, told):
    assert told in words.what_was_wrong(legs, facts, stamp)


@pytest.mark.parametrize(
    ("facts", "answered", "told"),
    [
        ({"left_alone": "parked"}, True, ["a person answered and parked the call, and nobody took it again"]),
        ({"left_alone": "transferred"}, True, ["a person answered and sent the call on, and nobody took it again"]),
        ({"transferred": True}, True, ["a person answered, sent the call on, and another person took it"]),
        ({"application": "voicemail", "voicemail_left": True}, False, ["voicemail answered, and a message was left"]),
        ({"application": "voicemail", "voicemail_left": False}, False, ["voicemail answered, and no message was left"]),
        ({"application": "queue"}, False, ["a queue answered"]),
        ({"application": "queue"}, True, []),
        ({"handled": {"by": "x"}}, False, ["another system took care of the caller"]),
    ],
)  # fmt: skip
def test_what_else_became_of_it(facts, answered, told):
    assert words.afterwards(facts, answered=answered) == told


NAMES = st.sampled_from(["phone", "since_ms", "x"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(["on_the_phone", "not_registered", "application", "left_alone", "transferred", "voicemail_left"])


@given(
    st.lists(st.builds(leg, st.text(max_size=8), st.sampled_from([*LegClass, "?"]), st.none() | st.floats(0, 99),
                       st.none() | st.integers(0, 127)), max_size=4),
    st.dictionaries(KEYS, ANY, max_size=4),
    st.booleans(),
)  # fmt: skip
def test_whatever_is_stored_can_be_told(legs, facts, answered):
    told = words.phones(legs, facts, stamp) + words.afterwards(facts, answered=answered)
    assert all(isinstance(line, str) and line for line in told)
    assert words.what_was_wrong(legs, facts, stamp)


@pytest.mark.parametrize(("major", "name"), INDEX)
def test_every_recorded_leg_has_its_line(major, name):
    for record in fold((FOLDER / major / f"{name}.minimal.ami").read_bytes()):
        legs = json.loads(json.dumps([leg_as_json(one) for one in record.legs]))
        assert len(words.phones(legs, record.facts, stamp)) == len(legs)


CALL = (
    "INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms, ended_ms,"
    " outcome) VALUES (?, 'pbx', '1.1', 'main', '5001', '', ?, 0, ?, ?, ?)"
)
DAY = 86_400_000


async def test_the_calls_around_a_call(database):
    me, other = "+15125550142", "+15125550143"
    history = [
        ("a", me, -8 * DAY, "no_answer"),  # too long ago
        ("b", me, -DAY, "busy"),
        ("c", me, -1000, "no_answer"),
        ("d", other, -500, "no_answer"),
        ("e", me, 0, "no_answer"),
        ("f", me, 60_000, "answered"),
    ]
    async with database.transaction() as tx:
        for key, caller, at, outcome in history:
            await tx.run(CALL, (key, caller, 10 * DAY + at, 10 * DAY + at, outcome))
        out = "INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES (?, ?, ?, ?)"
        await tx.run(out, ("x", me, 10 * DAY + 5_000, 0))
        await tx.run(out, ("y", me, 10 * DAY + 9_000, 1))
        call = await tx.one("SELECT * FROM calls WHERE call_key = 'e'")
        found = await around(tx, call)
        alone = await around(tx, await tx.one("SELECT * FROM calls WHERE call_key = 'd'"))
    assert words.around(found, stamp) == [
        f"missed call number 3 of this person in a week; the one before: <{10 * DAY - 1000}>",
        f"called again and was answered: <{10 * DAY + 60_000}> (call 6)",
        f"the office called back and reached the person: <{10 * DAY + 9_000}>",
    ]
    assert words.around(alone, stamp) == []
