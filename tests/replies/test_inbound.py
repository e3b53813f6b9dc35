"""Whole texts from parts: any order, any reference, nothing lost, nothing twice."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.replies import inbound
from textback_pbx.replies.inbound import Part, StoredPart, assemble, clean, fingerprint, wide

T0 = 1_793_000_000_000
SENDER = "+15125550142"


def piece(id_, seq, total, text="x", *, at=T0, ref=7, sender=SENDER, scts=True, inbound_id=None):
    return StoredPart(id_, sender, at, text, at if scts else None, ref, seq, total, "", inbound_id)


def test_a_single_text_is_ready_at_once():
    (whole,) = assemble([StoredPart(1, SENDER, T0, "hello", T0)], T0)
    assert (whole.body, whole.complete, whole.part_ids) == ("hello", True, (1,))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 9), st.randoms(use_true_random=False), st.sampled_from([0, 255, wide(0), wide(65535)]))
def test_parts_in_any_order_give_the_same_text(total, rnd, ref):
    parts = [piece(n, n, total, f"<{n}>", ref=ref) for n in range(1, total + 1)]
    rnd.shuffle(parts)
    for have in range(1, total):
        assert assemble(parts[:have], T0 + HOUR_MS) == []
    (whole,) = assemble(parts, T0)
    assert whole.body == "".join(f"<{n}>" for n in range(1, total + 1))
    assert whole.complete


def test_8_and_16_bit_references_of_one_value_never_meet():
    assert assemble([piece(1, 1, 2, ref=5), piece(2, 2, 2, ref=wide(5))], T0) == []


def test_two_texts_under_one_reference_stay_apart():
    first = [piece(n, n, 2, f"a{n}") for n in (1, 2)]
    second = [piece(2 + n, n, 2, f"b{n}", at=T0 + HOUR_MS) for n in (1, 2)]
    parts = [*first, *second]
    for seed in range(10):
        random.Random(seed).shuffle(parts)
        assert [whole.body for whole in assemble(parts, T0 + HOUR_MS)] == ["a1a2", "b1b2"]


def test_a_wrapped_reference_does_not_complete_an_old_torso():
    parts = [piece(1, 1, 2, "old"), piece(2, 1, 2, "new1", at=T0 + HOUR_MS), piece(3, 2, 2, "new2", at=T0 + HOUR_MS)]
    assert [whole.body for whole in assemble(parts, T0 + HOUR_MS)] == ["new1new2"]


def test_after_a_day_what_is_there_is_shown_as_incomplete():
    parts = [piece(1, 2, 4, "two")]
    assert assemble(parts, T0 + DAY_MS - 1) == []
    (whole,) = assemble(parts, T0 + DAY_MS)
    assert not whole.complete
    assert whole.body == "[part 1 of 4 missing]two[parts 3-4 of 4 missing]"


def test_a_late_part_completes_a_text_that_was_shown_incomplete():
    parts = [piece(1, 1, 2, "ST", inbound_id=9), piece(2, 2, 2, "OP", at=T0 + 2 * DAY_MS)]
    (whole,) = assemble(parts, T0 + 2 * DAY_MS)
    assert (whole.inbound_id, whole.body, whole.complete) == (9, "STOP", True)
    assert assemble(parts[:1], T0 + 2 * DAY_MS) == []


@pytest.mark.fault(38)
@pytest.mark.parametrize(("seq", "total"), [(3, 2), (0, 2), (1, 0), (0, 0), (2, 1), (300, 255)])
def test_numbering_that_makes_no_sense_is_shown_on_its_own(seq, total):
    (whole,) = assemble([piece(1, seq, total, "still here")], T0)
    assert (whole.body, whole.part_ids) == ("still here", (1,))


@pytest.mark.fault(38)
def test_255_parts_are_one_text():
    parts = [piece(n, n, 255, "y") for n in range(1, 256)]
    random.Random(1).shuffle(parts)
    (whole,) = assemble(parts, T0)
    assert whole.body == "y" * 255
    (torso,) = assemble(parts[:3], T0 + DAY_MS)
    assert len(torso.body) < 200


@pytest.mark.fault(38)
def test_a_part_without_a_time_stamp_or_text_is_kept():
    part = Part("m", SENDER, "07AA", T0, None, problem="odd length")
    assert fingerprint(part) != fingerprint(replace(part, raw="07AB"))
    (whole,) = assemble([StoredPart(1, SENDER, T0, None, problem="odd length")], T0)
    assert (whole.body, whole.complete, whole.problem) == ("", False, "odd length")


def test_an_unreadable_part_of_many_leaves_a_marker():
    (whole,) = assemble([piece(1, 1, 2, "a"), piece(2, 2, 2, None)], T0)
    assert whole.body == "a[part 2 of 2 missing]"
    assert not whole.complete


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.builds(
            piece,
            st.integers(1, 10**6),
            st.integers(-1, 5),
            st.integers(-1, 5),
            st.sampled_from(["a", "b", None]),
            at=st.integers(T0 - 3 * DAY_MS, T0 + 3 * DAY_MS),
            ref=st.sampled_from([None, 1, 2]),
            scts=st.booleans(),
        ),
        max_size=12,
        unique_by=lambda p: p.id,
    )
)
def test_every_part_is_shown_once_within_a_day(parts):
    shown = [i for whole in assemble(parts, T0 + 5 * DAY_MS) for i in whole.part_ids]
    assert sorted(shown) == sorted(part.id for part in parts)


@pytest.mark.fault(10)
def test_the_fingerprint_tells_parts_apart_and_copies_not():
    part = Part("m", SENDER, "0791AA", T0, "yes", T0, 7, 1, 2)
    assert fingerprint(part) == fingerprint(replace(part, modem="other", received_ms=T0 + 5, raw="0791BB"))
    for change in ({"sender": "+15125550143"}, {"scts_ms": T0 + 1000}, {"concat_ref": 8}, {"seq": 2}, {"text": "no"}):
        assert fingerprint(part) != fingerprint(replace(part, **change))


@given(
    st.text(alphabet=st.characters(), max_size=20) | st.text(alphabet="\ud83d\ude00\ud83dA\x1b\x00\r\n", max_size=12)
)
def test_cleaned_text_can_be_kept_and_shown(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in cleaned)
    assert clean(cleaned) == cleaned


def test_emoji_that_came_as_two_surrogates_are_whole_again():
    assert clean("ok \ud83d\udc4d") == "ok 👍"
    assert clean("\ud83d!") == "�!"


@pytest.mark.parametrize("sender", ["CARRIER", "12345", "", "Ting 611", "+1"])
def test_names_and_short_codes_are_never_answered(sender):
    assert not inbound.answerable(sender)


def test_a_national_number_is_the_same_person():
    assert inbound.sender_of("(512) 555-0142", "US") == SENDER
    assert inbound.sender_of("07700 900123", "GB") == "+447700900123"
    assert inbound.sender_of("CARRIER\x1b[2J", "US") == "CARRIER[2J"
