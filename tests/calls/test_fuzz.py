"""Damaged, doubled, reordered, mixed and endless traffic: no exception, bounded memory, the same calls."""

import gc
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls.fuzzing import fuzz, harmed, recorded, resident_mb
from tests.calls.support import INDEX, VIEWS, expected, fold, recording, seen
from textback_pbx.calls.blocks import MAX_BLOCK, Blocks
from textback_pbx.calls.events import BUILDERS, caller_name, parse, read, sift
from textback_pbx.calls.kinds import Ignored, Malformed
from textback_pbx.calls.quick import quick
from textback_pbx.calls.record import Fold
from textback_pbx.calls.trunks import Trunks
from textback_pbx.testing.ami_script import RING, Channel, block

NAMES = list(INDEX)
#: `make bench` takes a million; set this for the same here.
BLOCKS = int(os.environ.get("TEXTBACK_PBX_FUZZ_BLOCKS", "20000"))


def blocks_of(name, view="minimal"):
    return Blocks().feed(recording(name, view))


@pytest.mark.fault(26)
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(BUILDERS)))
def test_any_bytes_are_an_event_or_ignored_or_malformed(noise, name):
    for data in (
        noise,
        b"Event: " + name + b"\r\n" + noise,
        b"Event: " + name + b"\r\nUniqueid: 1\r\nChannel: x\r\n" + noise,
    ):
        event = parse(data)
        repr(event).encode("utf-8")  # no surrogate got through
        if not isinstance(event, Ignored | Malformed):
            Fold().apply(event)


@pytest.mark.fault(26)
@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([b"A: 1", b"\r\n", b"\n", b"\r", b"Event: X", b"\x00", b"x" * 90]), max_size=60),
    st.randoms(),
)
def test_blocks_do_not_depend_on_chunks(parts, rng):
    data = b"".join(parts)
    whole, pieces = Blocks(), Blocks()
    one = whole.feed(data) + whole.end()
    many, at = [], 0
    while at < len(data):
        size = rng.randint(1, 7)
        many += pieces.feed(data[at : at + size])
        at += size
    assert many + pieces.end() == one


@pytest.mark.fault(26)
@pytest.mark.parametrize("size", [MAX_BLOCK, MAX_BLOCK + 1, 2 * MAX_BLOCK + 9, 5 * MAX_BLOCK])
def test_huge_blocks_are_one_malformed_event_for_any_chunking(size):
    data = b"Event: Hangup\r\n" + b"y" * size + b"\r\n\r\nEvent: Newstate\r\nA: b\r\n\r\n"
    results = []
    for chunk in (len(data), 1_000, 77_777):
        splitter = Blocks()
        results.append([b for i in range(0, len(data), chunk) for b in splitter.feed(data[i : i + chunk])])
    assert results[0] == results[1] == results[2]
    assert len(results[0]) == 2
    assert isinstance(parse(results[0][0]), Malformed)


def test_greeting_answers_and_command_output_are_passed_over():
    noise = (
        b"Asterisk Call Manager/5.0.2\r\nResponse: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
        b"Response: Follows\r\nPrivilege: Command\r\nEvent: Hangup\r\n--END COMMAND--\r\n\r\n"
        b"Response: Success\r\nMessage: Command output follows\r\nOutput: Event: Newchannel\r\nOutput: \r\n\r\n"
    )
    data = recording("single_no_answer")
    splitter = Blocks()
    splitter.feed(noise[:30])
    assert splitter.version == "5.0.2"
    for mixed in (noise + data, data.replace(b"\r\n\r\n", b"\r\n\r\n" + noise[29:], 3)):
        assert seen(fold(mixed)) == expected("single_no_answer")


@pytest.mark.fault(26, 28)
@pytest.mark.parametrize("name", NAMES)
def test_every_block_twice_changes_nothing(name):
    doubled = b"".join(b"%b\r\n\r\n" % one * 2 for one in blocks_of(name))
    assert seen(fold(doubled)) == expected(name)


@pytest.mark.fault(28)
@pytest.mark.parametrize("name", NAMES)
def test_the_whole_recording_again_changes_nothing(name):
    assert seen(fold(recording(name) * 2)) == expected(name)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.randoms())
def test_two_recordings_mixed_give_the_union(one, other, rng):
    if one == other:
        return
    left, right, mixed = blocks_of(one), blocks_of(other), []
    while left or right:
        source = left if (rng.random() < 0.5 and left) or not right else right
        mixed.append(source.pop(0))
    got = seen(fold(b"\r\n\r\n".join(mixed) + b"\r\n\r\n"))
    assert sorted(got) == sorted(expected(one) + expected(other))


@pytest.mark.fault(26)
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VIEWS), st.randoms(), st.integers(1, 12))
def test_lost_swapped_and_damaged_blocks_never_raise(which, rng, harm):
    found = blocks_of(*which)
    for _ in range(harm):
        i = rng.randrange(len(found))
        found.insert(rng.randrange(len(found)), found[i])
        j = rng.randrange(len(found))
        cut = rng.randrange(len(found[j]) + 1)
        found[j] = found[j][:cut] + bytes([rng.randrange(256)]) + found[j][cut + rng.randrange(3) :]
        if len(found) > 2:
            found.pop(rng.randrange(len(found)))
    for record in fold(b"\r\n\r\n".join(found) + b"\r\n\r\n"):
        assert record.uniqueid


@pytest.mark.fault(26)
def test_mutated_blocks_in_any_chunks_never_raise_and_memory_stays_bounded():
    fuzz(2_000, seed=0)
    gc.collect()
    before = resident_mb()
    found = fuzz(BLOCKS, seed=BLOCKS)
    gc.collect()
    grown = resident_mb() - before
    print(
        f"{found.blocks} blocks, {found.events} events, {found.malformed} malformed, {grown:+.1f} MB, held {found.size}"
    )
    assert found.events > BLOCKS / 10
    assert found.malformed > BLOCKS / 100
    assert grown < 40
    assert max(found.size) <= 20_001


@pytest.mark.fault(26)
def test_sifting_keeps_every_block_that_is_an_event():
    rng = random.Random(11)
    blocks = [harmed(one, rng) if rng.random() < 0.5 else one for one in recorded()]
    kept = {id(one) for one in sift(blocks)}
    for one in blocks:
        assert id(one) in kept or isinstance(parse(one), Ignored | Malformed)


@pytest.mark.fault(26)
def test_the_quick_way_and_the_general_way_read_the_same():
    rng = random.Random(12)
    quickly = 0
    for one in (harmed(one, rng) if rng.random() < 0.5 else one for one in recorded()):
        if (found := quick(one)) is not None:
            quickly += 1
            assert found == read(one)
            assert type(found) is type(read(one))
    assert quickly > 3_000


@pytest.mark.fault(43)
def test_a_number_with_a_line_break_forges_nothing():
    honest = Channel("PJSIP/trunk-1", "9.1", "9.1", "1", "from-trunk", "5001", RING)
    forged = Channel("PJSIP/trunk-2", "9.2", "9.2", "1\r\nUniqueid: 9.1\r\nCause: 26", "from-trunk", "5001", RING)
    data = block("Newchannel", *honest.headers()) + block("Hangup", *forged.headers(), ("Cause", 16))
    assert isinstance(parse(block("Hangup", *forged.headers(), ("Cause", 16)).strip()), Malformed)
    assert [record.ended for record in fold(data)] == [False]


def test_caller_names_are_unescaped_and_printable():
    assert caller_name(r"x{{7*7}} %s \\x1a") == r"x{{7*7}} %s \x1a"
    assert caller_name('a\\nb\x1b[31m\\"q\\"') == 'a b [31m"q"'
    assert len(caller_name("é" * 500)) == 80


@pytest.mark.fault(26)
def test_hangups_that_never_come_do_not_fill_the_memory():
    held = Fold(Trunks(), max_channels=500)
    rng = random.Random(7)
    for n in range(20_000):
        linked = f"5.{n - rng.randrange(3)}"
        shot = Channel(f"PJSIP/x-{n}", f"5.{n}", linked, "1", "from-trunk", "1", RING)
        for notice in held.apply(parse(block("Newchannel", *shot.headers()))):
            held.take(notice.uniqueid)
        if n % 3 == 0:
            held.apply(parse(block("BridgeEnter", *shot.headers(), ("BridgeUniqueid", f"b{n}"))))
    groups, channels, bridges = held.size()
    assert channels <= 501
    assert groups <= 501
    assert bridges <= 501
