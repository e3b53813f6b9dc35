"""The simulator's own codec, against published vectors and against itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.testing import gsm_alphabet as gsm
from textback_pbx.testing import tpdu
from textback_pbx.testing.text_parts import AirPart, assemble, split_text
from textback_pbx.testing.tpdu import Encoding

GSM_TEXT = st.text(st.sampled_from(sorted((set(gsm.DEFAULT) - {"\x1b"}) | set(gsm.EXTENSION.values()))), max_size=400)


def test_the_default_alphabet_has_its_128_places():
    assert len(gsm.DEFAULT) == 128 == len(set(gsm.DEFAULT))
    assert [gsm.DEFAULT[code] for code in (0x00, 0x10, 0x1F, 0x24, 0x40, 0x60, 0x7F)] == list("@ΔÉ¤¡¿à")


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("hellohello", "E8329BFD4697D9EC37"),  # the vector in every text on the subject
        ("How are you?", "C8F71D14969741F977FD07"),
        ("€", "9B32"),
        ("", ""),
    ],
)
def test_packing_agrees_with_published_vectors(text, packed):
    septets = gsm.to_septets(text)
    assert gsm.pack(septets).hex().upper() == packed
    assert gsm.from_septets(gsm.unpack(bytes.fromhex(packed), len(septets))) == text


def test_an_at_sign_at_the_end_of_eight_septets_stays():
    octets = gsm.pack(gsm.to_septets("1234567@"))
    assert gsm.from_septets(gsm.unpack(octets, 8)) == "1234567@"


@given(GSM_TEXT, st.integers(0, 6))
def test_packing_is_undone_by_unpacking(text, fill):
    septets = gsm.to_septets(text)
    assert gsm.unpack(gsm.pack(septets, fill), len(septets), fill) == septets
    assert gsm.from_septets(septets) == text


@settings(max_examples=60)
@given(st.one_of(GSM_TEXT, st.text(max_size=300)), st.booleans(), st.randoms())
def test_a_text_survives_its_parts_in_any_order(text, wide, rng):
    text = text.encode("utf-16", "ignore").decode("utf-16")  # lone surrogates are no text
    parts = split_text(text, ref=0x1FE if wide else 0xFE, wide=wide)
    sent = []
    for part in parts:
        pdu = tpdu.encode_deliver("+15125550150", part, 1_793_000_000_000)
        address, size = tpdu.decode_address(pdu[1:])
        assert address == "+15125550150"
        rest = pdu[1 + size :]
        content = tpdu.decode_user_data(rest[1], bool(pdu[0] & 0x40), rest[9], rest[10:])
        assert tpdu.decode_time(rest[2:9]) == 1_793_000_000_000
        sent.append(AirPart(0, address, 0, content))
    rng.shuffle(sent)
    [shown] = assemble(sent)
    assert shown.text == text
    assert (shown.missing, set(shown.copies)) == ((), {1})


@pytest.mark.parametrize(
    ("text", "lengths"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("я" * 70, 1), ("я" * 71, 2), ("я" * 134, 2)],
)
def test_parts_are_as_long_as_the_standard_allows(text, lengths):
    assert len(split_text(text)) == lengths


def test_neither_an_escape_pair_nor_a_surrogate_pair_is_cut():
    first, second = split_text("a" * 152 + "€" + "b" * 20)
    assert (first.text, second.text[0]) == ("a" * 152, "€")
    first, second = split_text("я" * 66 + "👋" + "я" * 20)
    assert (first.text, second.text[0]) == ("я" * 66, "👋")


@pytest.mark.parametrize(("language", "text"), [(1, "Şu İğne ı"), (2, "¿Mañana? Sí, Ángel")])
def test_a_single_shift_table_is_named_in_the_header(language, text):
    [part] = split_text(text, language=language)
    assert part.encoding is Encoding.GSM7
    pdu = tpdu.encode_deliver("+15125550150", part, 0, language=language)
    assert pdu[0] & 0x40
    content = tpdu.decode_user_data(0, has_header=True, length=pdu[18], octets=pdu[19:])
    assert content.text == text


def test_a_published_submit_is_read():
    submit = tpdu.decode_submit(bytes.fromhex("11000B916407281553F80000AA0AE8329BFD4697D9EC37"))
    assert (submit.destination, submit.content.text, submit.validity_s) == ("+46708251358", "hellohello", 4 * 86_400)
    assert not submit.report_requested


def test_a_published_status_report_is_written():
    # 23.040 9.2.2.3 laid out by hand: MR 42, +15125550150, taken 2026-11-20 21:00:00 UTC, discharged 5 s later
    report = tpdu.encode_report(42, "+15125550150", (1_795_208_400_000, 1_795_208_405_000), 0)
    assert report.hex().upper() == "062A0B915121550551F0" + "62110212000000" + "62110212005000" + "00"


@pytest.mark.parametrize("zone", [0, 60, -360, 345, -210, 840])
def test_times_keep_their_zone(zone):
    assert tpdu.decode_time(tpdu.encode_time(1_793_000_000_000, zone)) == 1_793_000_000_000


@given(st.binary(max_size=180))
@pytest.mark.fault(38)
def test_any_octets_are_a_submit_or_a_problem(octets):
    try:
        tpdu.decode_submit(octets)
    except (tpdu.PduProblem, ValueError, IndexError):
        return
