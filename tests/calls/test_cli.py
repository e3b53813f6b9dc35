"""calls replay: JSON lines, the table, standard input, and words for files that are no recordings."""

import io
import json
import sys

import pytest

from tests.calls.support import RECORDINGS, recording
from textback_pbx.cli import main

ONE = str(RECORDINGS / "single_no_answer.full.ami")


def run(monkeypatch, *arguments, stdin=b""):
    monkeypatch.setattr(sys, "argv", ["textback-pbx", "calls", "replay", *arguments])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_one_json_object_a_line(monkeypatch, capsys):
    assert run(monkeypatch, "--json", ONE, str(RECORDINGS / "two_callers_at_once.minimal.ami")) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["outcome"] for row in rows] == ["no_answer"] * 3
    assert rows[0]["file"] == ONE
    keys = {"file", "uniqueid", "caller", "dialled", "withheld", "outcome", "detail", "legs", "ring_seconds"}
    assert keys <= set(rows[0])


def test_standard_input_and_the_table(monkeypatch, capsys):
    assert run(monkeypatch, "-", stdin=recording("group_all_busy")) == 0
    assert "busy" in capsys.readouterr().out


def test_contexts_replace_the_usual_ones(monkeypatch, capsys):
    assert run(monkeypatch, "--json", "--context", "elsewhere", ONE) == 0
    assert capsys.readouterr().out == ""
    assert run(monkeypatch, "--json", "--context", "elsewhere", "--context", "from-t*", ONE) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "no_answer"


def test_a_missing_file_is_named_and_the_others_are_read(monkeypatch, capsys):
    assert run(monkeypatch, "--json", "/nowhere.ami", ONE) == 2
    out = capsys.readouterr()
    assert len(out.out.splitlines()) == 1
    assert "/nowhere.ami: cannot be read: No such file" in out.err


def test_something_else_is_named(monkeypatch, capsys):
    assert run(monkeypatch, "-", stdin=b"\x7fELF\x00\x01" * 100) == 1
    assert "no call event in it" in capsys.readouterr().err


def test_a_withheld_caller_is_null_and_nowhere_in_the_line(monkeypatch, capsys):
    data = recording("single_no_answer").replace(b"Cause-txt:", b"ChanVariable: CALLERID(pres)=prohib\r\nCause-txt:")
    assert run(monkeypatch, "--json", "-", stdin=data) == 0
    line = capsys.readouterr().out
    assert json.loads(line)["caller"] is None
    assert "5125550142" not in line
