"""`consent ...` as an office types it, and `replies classify` as a program feeds it."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from textback_pbx.cli.consent import app
from textback_pbx.cli.replies import app as replies_app

ANNA = "+15125550142"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[office]\nname = "Lakeside Plumbing"\ncountry = "US"\n[database]\npath = "{tmp_path}/t.sqlite"\n'
        '[[lines]]\nname = "clinic"\ndialled = ["5125550100"]\n'
    )
    return path


@pytest.fixture
def consent(config):
    def call(*args, code=0, **more):
        result = CliRunner().invoke(app, [*args, "--config", str(config)], **more)
        assert result.exit_code == code, result.output
        return result.output

    call("policy", "choose", "recorded", "--yes", "--actor", "owner")
    return call


def state(consent, number=ANNA):
    return json.loads(consent("show", number, "--json"))["status"]


def test_a_grant_a_revocation_and_the_way_back(consent):
    consent("grant", "512 555 0142", "--source", "form", "--evidence", "agreement 118", "--actor", "desk")
    assert state(consent) == "consented"
    assert "gets no more texts" in consent("revoke", ANNA)
    assert state(consent) == "opted_out"
    assert "only the person can lift that" in consent("grant", ANNA, "--source", "form", code=1)
    assert "--evidence" in consent("grant", ANNA, "--source", "phone", "--after-opt-out", code=2)
    consent("grant", ANNA, "--source", "phone", "--after-opt-out", "--evidence", "asked on the phone on Monday")
    assert state(consent) == "consented"
    assert "whole" in consent("verify")


def test_every_entry_says_who_when_and_why(consent):
    consent("grant", ANNA, "--source", "form", "--evidence", "agreement 118", "--actor", "desk")
    (entry,) = json.loads(consent("show", ANNA, "--json"))["entries"]
    assert (entry["actor"], entry["source"], entry["channel"]) == ("desk", "form", "cli")
    assert json.loads(entry["evidence"]) == {"basis": "express_written", "words": "agreement 118"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("grant", "12", "--source", "x"), "is no telephone number"),
        (("grant", ANNA, "--source", "x", "--basis", "hope"), "is no basis: choose one of"),
        (("grant", ANNA, "--source", "x", "--expires", "2020-01-01"), "is no day to come"),
        (("grant", ANNA, "--source", "x", "--expires", "soon"), "is no day to come"),
        (("import", "/nowhere.csv"), "cannot be read"),
        (("verify", "--head", "12"), "SEQ:HASH"),
        (("policy", "choose", "off"), "is no policy"),
        (("policy", "choose", "recorded", "--yes", "--line", "attic"), "there is no line 'attic'"),
        (("show", "abc"), "is no telephone number"),
    ],
)
def test_a_mistake_gets_a_sentence_and_status_2(consent, args, words):
    assert words in consent(*args, code=2)


def test_an_implied_consent_ends_as_the_law_says(consent):
    consent("grant", ANNA, "--source", "call", "--basis", "implied_inquiry")
    (entry,) = json.loads(consent("show", ANNA, "--json"))["entries"]
    assert 89 <= (entry["expires_ms"] - entry["at_ms"]) / 86_400_000 <= 93


def test_an_import_reports_every_refused_row_and_a_dry_run_writes_nothing(consent, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text(
        "number,basis,date,name\n5125550142,express_oral,2026-01-02,x\n99,express_oral,,y\n5125550143,whim,,\n", "utf-8"
    )
    assert "Would take: 1. Refused: 2." in consent("import", str(file), "--dry-run", code=1)
    assert state(consent) == "none"
    report = json.loads(consent("import", str(file), "--json", code=1))
    assert (report["taken"], [row["row"] for row in report["refused"]]) == (1, [3, 4])
    assert state(consent) == "consented"
    consent("revoke", ANNA)
    assert "has opted out; an import cannot lift that" in consent("import", str(file), code=1)
    assert state(consent) == "opted_out"


def test_a_file_in_another_encoding_is_refused_with_the_way_out(consent, tmp_path):
    file = tmp_path / "old.csv"
    file.write_bytes("number,basis,evidence\n5125550142,express_oral,Müller".encode("latin-1"))
    assert "save it as CSV UTF-8" in consent("import", str(file), code=2)


def test_the_export_holds_every_field_and_one_persons_entries_on_request(consent):
    consent("grant", ANNA, "--source", "form, signed")
    consent("grant", "5125550143", "--source", "form")
    rows = list(csv.DictReader(io.StringIO(consent("export"))))
    assert [row["event"] for row in rows] == ["policy", "granted", "granted"]
    assert rows[1]["number"] == ANNA
    assert rows[1]["source"] == "form, signed"
    assert [row["number"] for row in json.loads(consent("export", "--json", "--number", ANNA))] == [ANNA]


def test_erasure_keeps_the_opt_out_and_a_noted_head(consent):
    consent("revoke", ANNA)
    head = json.loads(consent("verify", "--json"))["head"]
    assert consent("erase", ANNA, code=1, input="n\n")
    assert json.loads(consent("erase", ANNA, "--yes", "--json", "--actor", "owner")) == {"erased": 3, "rows": {}}
    assert state(consent) == "opted_out"
    assert ANNA not in consent("export")
    assert json.loads(consent("verify", "--json", "--head", head))["sound"]
    assert "no longer has the hash" in consent("verify", "--head", "2:" + "0" * 64, code=1)


def test_the_policy_shows_its_words_and_lines_can_differ(consent):
    assert "sender carries the proof" in consent("policy", "choose", "one_reply", "--yes", "--line", "clinic")
    assert json.loads(consent("policy", "show", "--json"))["policy"] == "recorded"
    shown = json.loads(consent("policy", "show", "--json", "--line", "clinic"))
    assert shown["policy"] == "one_reply"
    assert "exactly one text" in shown["choice"]["shown"]
    assert "Chosen by owner" in consent("policy", "show")


# replies classify -----------------------------------------------------------------------------------------


def classify(*lines, code=0):
    result = CliRunner().invoke(replies_app, ["classify"], input="\n".join(lines))
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_one_answer_a_line_in_the_documented_shape():
    stop, yes = classify('{"text": "Stop texting me"}', '{"text": "Yes", "last_outbound": "optout_confirmation"}')
    assert (stop["keyword"], yes["keyword"]) == ("stop", "start")
    assert set(stop) == {"keyword", "why", "intake", "evidence"}
    assert set(stop["intake"]) == {"urgency", "service", "place", "window", "name", "customer"}
    assert stop["evidence"]["keyword"]["words"].startswith("Stop texting")


def test_intake_and_keyword_stand_together():
    (found,) = classify(
        '{"text": "can you stop by at 4 tomorrow, my sink leaks", "now": "2026-03-02T14:05:00-06:00", '
        '"tz": "America/Chicago", "business": "home_services"}'
    )
    assert found["keyword"] == "none"
    assert found["intake"]["window"]["start"] == "2026-03-03T16:00:00-06:00"


@pytest.mark.parametrize(
    "line",
    [
        "x", "[]", '"a"', "{}", '{"text": 1}', '{"text": "a", "last_outbound": "x"}', '{"text": "a", "now": "x"}',
        '{"text": "a", "now": "2026-03-02T14:05:00"}', '{"text": "a", "tz": "Mars/Base"}', '{"text": "a", "tz": 1}',
        '{"text": "a", "business": []}', '{"text": "a", "now": 5}', "[" * 5_000, '{"text": "a", "last_outbound": []}',
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_answered_in_its_place(line):
    wrong, right = classify(line, '{"text": "STOP"}', code=1)
    assert wrong["error"]
    assert right["keyword"] == "stop"


def test_half_a_surrogate_pair_is_no_trouble():
    (found,) = classify('{"text": "Stop \\ud83d texting me \\ude00"}')
    assert found["keyword"] == "stop"
