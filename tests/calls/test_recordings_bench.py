"""The recordings of our own bench (Asterisk 16 and 22): the outcome a person would name, in both views.

Made by `python -m tests.asterisk.record`. The older Asterisk names its system in every Uniqueid and stamps its events.
"""

import json
from pathlib import Path

import pytest

from tests.calls.support import fold
from textback_pbx.calls.outcome import judge

FOLDER = Path(__file__).parent / "recordings_bench"
INDEX = {(file.parent.name, name): row for file in sorted(FOLDER.glob("*/index.json"))
         for name, row in json.loads(file.read_text()).items()}  # fmt: skip


@pytest.mark.parametrize(("major", "name"), INDEX)
def test_the_outcome_a_person_would_name(major, name):
    calls = INDEX[major, name]["calls"]
    wanted = [(c["uniqueid"], c["dialled"], c["outcome"], c.get("withheld", False)) for c in calls]
    for view in ("minimal", "full"):
        records = fold((FOLDER / major / f"{name}.{view}.ami").read_bytes())
        assert [(r.uniqueid, r.dialled, judge(r).outcome.value, r.withheld) for r in records] == wanted


def test_at_least_25_further_scenarios_on_each_version_and_no_stray_file():
    for major in ("16", "22"):
        names = {name for version, name in INDEX if version == major}
        assert len(names) >= 25
        kept = {file.name for file in (FOLDER / major).glob("*.ami")}
        assert kept == {f"{name}.{view}.ami" for name in names for view in ("minimal", "full")}


@pytest.mark.parametrize("view", ["minimal", "full"])
def test_the_callers_hangup_may_overtake_the_end_of_an_inner_leg_after_a_timeout(view):
    """Both halves of a Local channel end in threads of their own; a phone that rang out was not abandoned."""
    blocks = (FOLDER / "22" / f"moved_302_rings_out.{view}.ami").read_bytes().split(b"\r\n\r\n")
    root = INDEX["22", "moved_302_rings_out"]["calls"][0]["uniqueid"].encode()
    hangup = next(b for b in blocks if b.startswith(b"Event: Hangup\r\n") and b"\r\nUniqueid: " + root + b"\r\n" in b)
    blocks.remove(hangup)
    inner = next(i for i, b in enumerate(blocks) if b.startswith(b"Event: DialEnd") and b"DialStatus: CANCEL" in b
                 and b"Local/102" in b)  # fmt: skip
    blocks.insert(inner, hangup)
    assert [judge(r).detail for r in fold(b"\r\n\r\n".join(blocks))] == ["timeout"]
