"""The driver and an emulator nobody here wrote: ofono-phonesim takes it for a program that can speak to a modem.

Needs root (a Debian root of its own, a network namespace); without it the tests are skipped with a word, and fail
where the witnesses are demanded.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.phonesim import install
from tests.phonesim.emulator import CALLER, REFERENCES
from tests.phonesim.scene import ANSWERS, EMOJI, LONG, SHORT
from textback_pbx.testing import tpdu
from textback_pbx.testing.text_parts import AirPart, assemble

pytestmark = pytest.mark.witness


@pytest.fixture(scope="module")
def seen():
    demanded = os.environ.get("TEXTBACK_PBX_WITNESSES") == "1"
    if os.geteuid() != 0 or not (install.is_there() or demanded):
        word = "ofono-phonesim is missing: run tests/witnesses.sh as root, and the tests as root"
        pytest.fail(word) if demanded else pytest.skip(word)
    root = install.ensure_root()
    command = [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.phonesim.scene", str(root)]
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=here)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"\nofono-phonesim: ready after {found['ready_s']:.1f} s; {found['commands']} commands")
    return found


def test_it_is_set_up_and_nothing_went_wrong(seen):
    assert seen["errors"] == []
    assert seen["health"]["model"] == "Synthetic Device"
    assert seen["health"]["imei"] == "004999010000018"
    assert seen["health"]["storage"] == "SM"
    assert seen["health"]["smsc"] == "+15551234567"


def test_one_and_three_parts_arrive_as_they_were_written(seen):
    references = [reference for _, answers in seen["results"] for reference in answers]
    assert references == [REFERENCES[n % 3] for n in range(5)]
    assert [len(answers) for _, answers in seen["results"]] == [1, 1, 3]
    air = []
    for raw in seen["heard"]:
        submit = tpdu.decode_submit(bytes.fromhex(raw)[1:])
        assert submit.destination == CALLER
        assert submit.report_requested
        air.append(AirPart(0, "us", 0, submit.content))
    assert [text.text for text in assemble(air)] == [SHORT, EMOJI, LONG]
    assert len(air) == 5, "each part once"


def test_its_texts_are_read_and_deleted(seen):
    assert {text["sender"] for text in seen["inbound"]} == {CALLER}
    texts = [text["text"] for text in seen["inbound"]]
    assert texts[:2] == list(ANSWERS[:2])
    assert "".join(texts[2:]) == ANSWERS[2]
    assert seen["left"] == []


def test_reports_come_through_in_two_lines_as_its_rules_write_them(seen):
    assert [report["tp_mr"] for report in seen["reports"]] == [REFERENCES[n % 3] for n in range(5)]
    assert {(report["recipient"], report["tp_st"]) for report in seen["reports"]} == {(CALLER, 0)}
