"""Every recording gives what a person at the office would say, in both views and for any chunking."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls.support import INDEX, VIEWS, expected, fold, recording, seen
from textback_pbx.calls.blocks import Blocks
from textback_pbx.calls.events import read, wanted
from textback_pbx.calls.quick import quick
from textback_pbx.calls.replay import call_as_json, replay


@pytest.mark.parametrize(("name", "view"), VIEWS)
def test_the_outcome_a_person_would_name(name, view):
    assert seen(fold(recording(name, view))) == expected(name)


@pytest.mark.parametrize("name", INDEX)
def test_line_ends_do_not_matter(name):
    data = recording(name)
    assert fold(data.replace(b"\r\n", b"\n")) == fold(data)


@pytest.mark.fault(26)
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(VIEWS), st.lists(st.integers(1, 4_000), min_size=1, max_size=8))
def test_chunking_does_not_matter(which, sizes):
    data = recording(*which)
    chunks, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        chunks.append(data[at : at + size])
        at, turn = at + size, turn + 1
    assert replay(chunks) == fold(data)


@pytest.mark.fault(26)
@pytest.mark.parametrize("name", ["single_no_answer", "hostile_name_no_answer", "pickup_by_colleague"])
def test_byte_by_byte(name):
    data = recording(name)
    assert replay(data[i : i + 1] for i in range(len(data))) == fold(data)


def test_the_quick_way_reads_what_the_general_way_reads():
    """The recordings are canonical, so most blocks must go the quick way, with and without channelvars."""
    taken = total = 0
    for which in VIEWS:
        for block in Blocks().feed(recording(*which)):
            if not wanted(block):
                continue
            told = re.sub(rb"(\r\n(?:Dest)?)(Linkedid: [^\r]*)", rb"\1\2\1ChanVariable: CALLERID(pres)=prohib", block)
            for form in (block, told):
                found = quick(form)
                assert found in (None, read(form))
                taken, total = taken + (found is not None), total + 1
    assert taken > 0.8 * total


def test_json_lines_hold_what_is_promised_and_nothing_invented():
    (record,) = fold(recording("group_one_answers"))
    row = json.loads(json.dumps(call_as_json(record)))
    assert row["outcome"] == "answered"
    assert row["caller"] == "+15125550142"
    assert row["ring_seconds"] is None  # the recordings have no Timestamp headers
    assert [leg["class"] for leg in row["legs"]] == ["elsewhere", "answered", "elsewhere"]
    assert all(leg["evidence"] and leg["ring_seconds"] is None for leg in row["legs"])
