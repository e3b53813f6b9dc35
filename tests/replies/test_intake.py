"""The intake on our own corpus, field by field, and what must hold for any text at all."""

import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.replies import lexicon
from textback_pbx.replies.intake import read
from textback_pbx.replies.window import HOURS, window_of

CORPUS = Path(__file__).parent / "corpus"
FIELDS = ("urgency", "service", "street", "postcode", "window", "name", "customer")


def cases(name):
    return [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def got(case):
    made = read(case["text"], datetime.fromisoformat(case["now"]), case["tz"], case["business"])
    flat = {**made.values(), **made.values()["place"]}
    accepted = case.get("accept", {})
    if made.service != case["expect"].get("service") and case["expect"].get("service") in made.also:
        flat["service"] = case["expect"]["service"]  # with several, the others are accepted
    wanted = case["expect"]
    return {name: wanted.get(name) if value in accepted.get(name, []) else value for name, value in flat.items()}


PARTS = [
    "tuned",
    "second_sight",
    "held_out_3",
    "held_out_4",
    "held_out_5",
    "held_out_6",
    "held_out_7",
    "held_out_8",
    "held_out_9",
]


@pytest.mark.parametrize("name", PARTS)
def test_every_field_is_right_or_blank(name):
    counts = {field: {"right": 0, "blank_right": 0, "wrong": 0, "missed": 0, "errors": []} for field in FIELDS}
    for case in cases(name):
        made = got(case)
        for field, wanted in case["expect"].items():
            kind = judge(wanted, made[field])
            counts[field][kind] += 1
            if kind in ("wrong", "missed"):
                counts[field]["errors"].append(case["text"])
    for field, count in counts.items():
        said, given_ = count["right"] + count["missed"] + count["wrong"], count["right"] + count["wrong"]
        precision, recall = count["right"] / max(given_, 1), count["right"] / max(said, 1)
        total = sum(n for n in count.values() if isinstance(n, int))
        print(f"{name} {field:9} precision {precision:.3f} recall {recall:.3f} wrong {count['wrong']}/{total}")
        assert count["wrong"] <= 0.03 * total, count["errors"]
        assert count["wrong"] <= max(1, 0.05 * given_), count["errors"]
        assert said - count["right"] <= max(1, 0.1 * said), count["errors"]


def judge(wanted, made):
    if wanted == made:
        return "right" if wanted is not None else "blank_right"
    return "missed" if made is None else "wrong"


def test_the_corpus_is_large_and_has_every_label():
    everything = [case for part in PARTS for case in cases(part)]
    assert len(everything) >= 300
    assert {case["expect"].get("urgency") for case in everything} == {None, "normal", "urgent", "emergency"}


NOWS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001 - made aware below
ZONES = st.sampled_from(["America/New_York", "America/Chicago", "Europe/London", "America/Toronto", "America/Phoenix"])
VOCABULARY = (
    "tomorrow today monday next this after before between at 3 10 noon morning afternoon asap or not week "
    "friday 2:30 pm am call me come by until in the hours 2 weekend nov 24th 11/12 first thing , . ? "
    "appointment move to from - and "
)
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=250, deadline=None)
@given(st.lists(WORDS, max_size=14), NOWS, ZONES)
def test_a_window_lies_in_the_hours_and_in_the_future(words, moment, zone):
    now = moment.replace(tzinfo=ZoneInfo(zone))
    found = window_of(" ".join(words), now, zone)
    if found is None:
        return
    start, end = found.value.start, found.value.end
    assert now <= start < end
    for edge, low, high in ((start, 0, 1), (end, 1, 0)):
        opens, closes = HOURS[edge.weekday()]
        minute = edge.hour * 60 + edge.minute
        assert opens - 0 <= minute + low - low
        assert minute <= closes - high + high
        assert edge.utcoffset() == edge.astimezone(ZoneInfo(zone)).utcoffset()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), NOWS)
def test_any_text_has_an_intake_with_evidence_for_each_field(text, moment):
    made = read(text, moment.replace(tzinfo=ZoneInfo("America/Chicago")), "America/Chicago", None)
    json.dumps(made.values())
    for evidence in made.evidence.values():
        assert text[evidence.start : evidence.end] == evidence.words
        assert 0 < evidence.confidence <= 1
    assert made == read(text, moment.replace(tzinfo=ZoneInfo("America/Chicago")), "America/Chicago", None)


@pytest.mark.parametrize("now", ["2026-03-06T16:30:00-06:00", "2026-10-30T16:30:00-05:00"])
def test_offsets_are_those_of_each_instant_across_a_clock_change(now):
    """The clocks change on the Sunday between; Monday has the other offset."""
    window = read("Monday at 10 please", datetime.fromisoformat(now), "America/Chicago").window
    start = datetime.fromisoformat(window.start)
    assert (start.hour, start.weekday()) == (10, 0)
    assert start.utcoffset() - datetime.fromisoformat(now).utcoffset() in (timedelta(hours=1), timedelta(hours=-1))


@pytest.mark.parametrize(
    ("now", "text", "start", "end"),
    [
        ("2026-11-20T17:30", "asap please", "2026-11-21T09:00", "2026-11-21T12:00"),  # Friday evening: Saturday
        ("2026-11-21T13:00", "call me asap", "2026-11-23T08:00", "2026-11-23T17:00"),
        ("2026-11-22T10:00", "come today", None, None),  # Sunday
        ("2026-11-18T07:00", "asap", "2026-11-18T08:00", "2026-11-18T17:00"),
        ("2026-11-18T18:00", "after 3", "2026-11-19T15:00", "2026-11-19T17:00"),
        ("2026-11-18T18:00", "today after 3", None, None),
        ("2026-11-20T16:40", "in the next 2 hours", "2026-11-20T16:40", "2026-11-20T17:00"),
        ("2026-11-21T09:30", "this weekend", "2026-11-21T09:30", "2026-11-21T12:00"),
        ("2026-12-30T09:30", "Jan 5 at 9", "2027-01-05T09:00", "2027-01-05T10:00"),
    ],
)
def test_edges_of_the_office_week(now, text, start, end):
    found = window_of(text, datetime.fromisoformat(now + "-06:00"), "America/Chicago")
    made = (
        (None, None) if found is None else (f"{found.value.start:%Y-%m-%dT%H:%M}", f"{found.value.end:%Y-%m-%dT%H:%M}")
    )
    assert made == (start, end)


def test_a_hostile_text_is_read_quickly():
    for text in (
        "at 3 or " * 400,
        "my appointment " * 250,
        "1 " * 1500,
        "twenty " * 500,
        "A" * 4000,
        "no water " * 400,
    ):
        started = time.perf_counter()
        read(text, datetime.fromisoformat("2026-11-18T10:20:00-06:00"), "America/Chicago", "home_services")
        assert time.perf_counter() - started < 5


def test_every_list_compiles_and_every_trade_has_its_labels():
    labels = {
        "home_services": 16, "dental": 12, "law": 12, "salon": 10, "pet": 9,
    }  # fmt: skip
    for name in lexicon.names():
        for words in lexicon.load(name).values():
            for word in words if isinstance(words, list) else []:
                re.compile(word)
    for trade, count in labels.items():
        assert len(lexicon.load(trade)) == count
