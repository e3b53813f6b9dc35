"""``replies classify``: one JSON object a line out for each that comes in, whatever comes in."""

import json
import subprocess
import sys

import pytest

BLANK = {
    "urgency": None,
    "service": None,
    "place": {"postcode": None, "street": None},
    "window": None,
    "name": None,
    "customer": None,
}
NOW = {"now": "2026-11-18T10:20:00-06:00", "tz": "America/Chicago", "business": "home_services"}
STRANGE = [
    "", "   ", "\n\n", "a" * 10_000, "\x00\x07 hello \x1b[31m", "👍👍👍", "?!?!", "1" * 5_000, "\ud83d", "é" * 300,
    "\u202eabc\u202c", "x\ty\rz", "0", "null", '{"text": 1}', "مرحبا", "[" * 3_000,
]  # fmt: skip


def classify(lines):
    done = subprocess.run(
        [sys.executable, "-m", "textback_pbx", "replies", "classify"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def test_each_field_is_there_blank_or_not():
    full = "Hi, this is Dana Fox. Burst pipe at 12 Oak Lane 78704, call me asap, you put it in"
    (made,), code = classify([json.dumps({"text": full, **NOW})])
    assert code == 0
    assert made["keyword"] == "none"
    assert made["intake"] == {
        "urgency": "emergency",
        "service": "burst_pipe",
        "place": {"postcode": "78704", "street": "12 Oak Lane"},
        "window": {"start": "2026-11-18T10:20:00-06:00", "end": "2026-11-18T17:00:00-06:00"},
        "name": "Dana Fox",
        "customer": "known",
    }
    fields = {"urgency", "service", "postcode", "street", "window", "name", "customer"}
    assert fields <= set(made["evidence"])
    for evidence in (made["evidence"][name] for name in fields):
        begin, end = evidence["span"]
        assert full[begin:end] == evidence["words"]
        assert evidence["rule"]
        assert 0 < evidence["confidence"] <= 1


def test_strange_texts_are_ordinary_and_blank():
    made, code = classify([json.dumps({"text": text, **NOW}) for text in STRANGE])
    assert code == 0
    assert [one["keyword"] for one in made] == ["none"] * len(STRANGE)
    assert [one["intake"] for one in made] == [BLANK] * len(STRANGE)


def test_the_word_said_two_thousand_times_is_still_the_word():
    (made,), _ = classify([json.dumps({"text": "STOP " * 2_000})])
    assert made["keyword"] == "stop"


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_null_or_empty_is_not_said(empty):
    line = json.dumps({"text": "tomorrow at 3", **dict.fromkeys(("now", "tz", "business", "last_outbound"), empty)})
    (made,), code = classify([line])
    assert (code, made["intake"]) == (0, BLANK)


def test_a_line_that_cannot_be_read_has_its_error_in_its_place():
    bad = [
        "no json", "[1]", '{"text": 5}', "{}", '{"text": "a", "now": "soon"}',
        '{"text": "a", "tz": "../../etc/passwd"}',
        '{"text": "a", "tz": 5}', '{"text": "a", "business": "zoo"}', '{"text": "a", "last_outbound": ["x"]}',
        '{"text": "a", "x": ' + "9" * 6_000 + "}", '{"text": "a", "x": ' + "[" * 50_000 + "}",
        '{"text": "a", "now": "2026-11-18T10:20:00"}',
    ]  # fmt: skip
    made, code = classify([*bad, '{"text": "stop"}'])
    assert code == 1
    assert [list(one) for one in made[:-1]] == [["error"]] * len(bad)
    assert made[-1]["keyword"] == "stop"
