"""The PDU codec against published examples, gsmmodem where it is right, and hostile bytes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from gsmmodem import pdu as stock
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.modem.support import deliver, deliver_ucs2, report, semi, stamp
from textback_pbx.modem import tpdu
from textback_pbx.modem.alphabet import DEFAULT, Unencodable, pack, septets_of, text_of, unpack
from textback_pbx.modem.languages import EXTENSION, LOCKING, SINGLE
from textback_pbx.modem.lines import PDU_GRAMMAR
from textback_pbx.modem.pdu import Concat, Deliver, StatusReport, Undecodable, decode, encode_submit, join_parts

NUMBER = "+15125550142"
GSM7 = [char for char in DEFAULT if char != "\x1b"] + list(EXTENSION.values())
gsm7_texts = st.text(alphabet=st.sampled_from(GSM7), max_size=200).filter(lambda t: len(septets_of(t)) <= 160)
plain_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=35)
numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True).filter(str.isascii)


def ms(*args):
    return round(datetime(*args, tzinfo=UTC).timestamp() * 1_000)


# published examples ------------------------------------------------------------------------------------------


def test_the_deliver_everybody_prints():
    """dreamfabric.com, "SMS messages and the PDU format": hellohello, 29 March 1999."""
    got = decode("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
    assert isinstance(got, Deliver)
    assert (got.text, got.smsc, got.problem) == ("hellohello", "+27381000015", "")
    assert got.sender == "27838890001"  # its type of number is not the international one
    assert got.scts_ms == ms(1999, 3, 29, 15, 16, 59) - 2 * 3_600_000  # printed as UTC+2


def test_the_submit_everybody_prints():
    """The same page: hellohello to 46708251358, validity 4 days (0xAA)."""
    encoded = encode_submit("+46708251358", "hellohello", "gsm7", report=False, validity_minutes=4 * 24 * 60)
    assert encoded.hexadecimal == "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
    assert encoded.length == 23


def test_the_septets_of_the_standard():
    """23.038, 6.1.2.1.1: character n starts at bit 7n, least significant first."""
    assert pack(b"\x7f") == b"\x7f"
    assert pack(b"\x01\x01") == b"\x81\x00"
    assert pack(b"\x00" * 8) == bytes(7)
    assert pack(septets_of("hellohello")).hex().upper() == "E8329BFD4697D9EC37"


def test_an_alphanumeric_sender():
    """23.040, 9.1.2.5: a name of 7 septets uses 13 half octets; some senders say 14."""
    name = pack(septets_of("MyOffic")).hex()
    for half_octets in ("0D", "0E"):
        got = decode(f"0004{half_octets}D0{name}0000{stamp()}02E834")
        assert isinstance(got, Deliver)
        assert (got.sender, got.text, got.smsc, got.problem) == ("MyOffic", "hi", "", "")


def test_a_status_report_with_both_times():
    raw = report(NUMBER, 0x2A, 0x30, when=stamp("261120100500", "40"), done=stamp("261120100504", "40"))
    got = decode(raw)
    started = ms(2026, 11, 20, 10, 5, 0) - 10 * 3_600_000
    assert got == StatusReport(NUMBER, 0x2A, 0x30, started, started + 4_000, "", raw)


@pytest.mark.parametrize(
    ("octet", "quarters"), [("00", 0), ("02", 20), ("0A", -20), ("08", 0), ("65", 56), ("6D", -56), ("16", 61)]
)
def test_the_zone_of_a_time_stamp(octet, quarters):
    """9.2.3.11: quarters of an hour, tens in the low half, whose bit 3 is the sign."""
    got = decode(deliver_ucs2(NUMBER, "x", when=semi("261120100500") + octet))
    assert ("time zone" in got.problem) is (quarters > 56)
    assert got.scts_ms == ms(2026, 11, 20, 10, 5, 0) - (0 if quarters > 56 else quarters) * 900_000


# out ---------------------------------------------------------------------------------------------------------


@given(numbers, gsm7_texts)
@settings(max_examples=150, deadline=None)
def test_gsm7_out_reads_back_and_equals_gsmmodem_where_that_is_right(number, text):
    encoded = encode_submit(number, text, "gsm7", validity_minutes=1_440)
    assert PDU_GRAMMAR.fullmatch(encoded.hexadecimal)
    assert encoded.length == len(encoded.hexadecimal) // 2 - 1
    assert _body(encoded.hexadecimal) == text
    if not set(text) & set("`§\fÿ"):
        theirs = stock.encodeSmsSubmitPdu(number, text, validity=timedelta(days=1))[0]
        assert str(theirs) == encoded.hexadecimal
        assert theirs.tpduLength == encoded.length


@given(numbers, plain_texts)
@settings(max_examples=150, deadline=None)
def test_ucs2_out_reads_back_with_emoji_as_pairs(number, text):
    encoded = encode_submit(number, text, "ucs2")
    assert bytes.fromhex(encoded.hexadecimal)[-len(text.encode("utf-16-be")) or 999 :].decode("utf-16-be") == text


@pytest.mark.parametrize("wide", [False, True])
@given(st.data(), st.integers(0, 255), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_parts_out_read_back_with_both_widths_of_reference(wide, data, ref, total):
    room = 152 if wide else 153
    text = data.draw(gsm7_texts.filter(lambda t: len(septets_of(t)) <= room))
    concat = Concat(ref, data.draw(st.integers(1, total)), total, wide)
    encoded = encode_submit(NUMBER, text, "gsm7", concat=concat)
    octets = bytes.fromhex(encoded.hexadecimal)
    assert octets[1] & 0x40
    as_deliver = _as_deliver(encoded.hexadecimal)
    assert (as_deliver.text, as_deliver.concat, as_deliver.problem) == (text, concat, "")


def test_the_limits_of_a_part():
    for count, concat in ((160, None), (153, Concat(7, 1, 2)), (152, Concat(7, 1, 2, wide=True))):
        encode_submit(NUMBER, "x" * count, "gsm7", concat=concat)
        with pytest.raises(Unencodable, match="septets do not fit"):
            encode_submit(NUMBER, "x" * (count + 1), "gsm7", concat=concat)
    for count, concat in ((70, None), (67, Concat(7, 1, 2)), (66, Concat(7, 1, 2, wide=True))):
        encode_submit(NUMBER, "ж" * count, "ucs2", concat=concat)
        with pytest.raises(Unencodable, match="units do not fit"):
            encode_submit(NUMBER, "ж" * (count + 1), "ucs2", concat=concat)


def test_a_ucs2_message_keeps_its_alphabet_in_a_part_that_would_fit_the_other():
    assert bytes.fromhex(encode_submit(NUMBER, "hello", "ucs2").hexadecimal)[12] == 8


@pytest.mark.parametrize("text", ["`", "ж", "😀", "\x1b", "ÿ", "\ud83d", "“"])
def test_what_the_alphabet_lacks_is_refused_not_replaced(text):
    with pytest.raises(Unencodable):
        encode_submit(NUMBER, text, "gsm7")


def test_half_a_pair_is_refused():
    with pytest.raises(Unencodable):
        encode_submit(NUMBER, "\ud83d", "ucs2")


def test_the_section_sign_is_one():
    encoded = encode_submit(NUMBER, "§", "gsm7")
    assert encoded.hexadecimal.endswith("015F")


@pytest.mark.fault(42)
@given(st.one_of(st.text(max_size=30), st.from_regex(r'\+?[0-9]{5,17}[";,A-Z\r\n +]{0,4}', fullmatch=True)))
@settings(max_examples=300, deadline=None)
def test_only_e164_becomes_a_destination(number):
    try:
        encoded = encode_submit(number, "hi", "gsm7")
    except Unencodable:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number, re.ASCII)
    assert PDU_GRAMMAR.fullmatch(encoded.hexadecimal)


@pytest.mark.parametrize(
    ("minutes", "octet"),
    [
        (0, 0),
        (5, 0),
        (9, 0),
        (10, 1),
        (720, 143),
        (749, 143),
        (750, 144),
        (1_440, 167),
        (2_000, 167),
        (2_880, 168),
        (30 * 1_440, 196),
        (31 * 1_440, 196),
        (35 * 1_440, 197),
        (63 * 10_080, 255),
        (10**7, 255),
    ],
)
def test_the_validity_is_never_longer_than_asked(minutes, octet):
    encoded = encode_submit(NUMBER, "x", "gsm7", validity_minutes=minutes)
    assert bytes.fromhex(encoded.hexadecimal)[13] == octet


# in ----------------------------------------------------------------------------------------------------------


@given(gsm7_texts)
@settings(max_examples=150, deadline=None)
def test_gsm7_in_keeps_every_character_to_the_last(text):
    septets = septets_of(text)
    got = decode(deliver(NUMBER, pack(septets).hex(), length=len(septets), dcs=0))
    assert (got.sender, got.text, got.problem) == (NUMBER, text, "")


@pytest.mark.parametrize("count", range(1, 25))
def test_an_at_sign_at_the_end_is_kept(count):
    text = "x" * (count - 1) + "@"
    assert decode(deliver(NUMBER, pack(septets_of(text)).hex(), length=count, dcs=0)).text == text


@given(plain_texts.filter(lambda t: "\x00" not in t and "\ufffd" not in t))
@settings(max_examples=100, deadline=None)
def test_ucs2_in_joins_the_pairs(text):
    got = decode(deliver_ucs2(NUMBER, text))
    assert (got.text, got.problem) == (text, "")


@pytest.mark.fault(38)
@pytest.mark.parametrize("text", ["\ud83d", "a\ude00b", "\x00", "\ud83dx\ud83d"])
def test_lone_halves_become_something_sqlite_takes(text):
    got = decode(deliver_ucs2(NUMBER, text))
    got.text.encode("utf-8")
    assert "\ufffd" in got.text
    assert got.problem


def test_an_emoji_cut_between_two_parts_is_whole_again():
    raws = [
        deliver_ucs2(NUMBER, piece, header=f"0500030702{n:02X}") for n, piece in ((1, "see you \ud83d"), (2, "\ude00!"))
    ]
    assert [decode(raw).concat for raw in raws] == [Concat(7, 1, 2), Concat(7, 2, 2)]
    assert join_parts(raws) == "see you 😀!"
    assert join_parts([*raws, report(NUMBER, 1, 0)]) is None


@pytest.mark.parametrize(
    ("dcs", "alphabet", "flash"),
    [
        (0x00, "gsm7", False),
        (0x04, "data", False),
        (0x08, "ucs2", False),
        (0x0C, "gsm7", False),
        (0x10, "gsm7", True),
        (0x18, "ucs2", True),
        (0x11, "gsm7", False),
        (0x44, "data", False),
        (0x90, "gsm7", False),
        (0xC8, "gsm7", False),
        (0xD0, "gsm7", False),
        (0xE0, "ucs2", False),
        (0xF0, "gsm7", True),
        (0xF5, "data", False),
    ],
)
def test_data_coding(dcs, alphabet, flash):
    got = tpdu.coding(dcs)
    assert (got.alphabet, got.flash) == (alphabet, flash)


def test_binary_is_kept_raw_and_said():
    got = decode(deliver(NUMBER, "DEADBEEF", length=4, dcs=4))
    assert (got.text, got.problem) == (None, "binary data")
    assert "DEADBEEF" in got.raw


@pytest.mark.parametrize("language", sorted(LOCKING))
def test_a_locking_shift_table_replaces_the_alphabet(language):
    table = LOCKING[language]
    assert len(table) == 128
    septets = bytes(code for code in range(128) if code != 0x1B)
    header = f"032501{language:02X}"  # 4 octets: 5 septets, 3 fill bits
    data = header + pack(septets, fill_bits=3).hex()
    got = decode(deliver(NUMBER, data, length=5 + 127, dcs=0, first=0x44))
    assert got.text == table.replace("\x1b", "")


@pytest.mark.parametrize("language", sorted(SINGLE))
def test_a_single_shift_table_replaces_the_extension(language):
    codes = sorted(SINGLE[language])[:60]
    septets = b"".join(bytes([0x1B, code]) for code in codes)
    data = f"032401{language:02X}" + pack(septets, fill_bits=3).hex()
    got = decode(deliver(NUMBER, data, length=5 + len(septets), dcs=0, first=0x44))
    assert got.text == "".join(SINGLE[language][code] for code in codes)


@pytest.mark.parametrize(
    ("language", "code", "locking", "single"),
    [  # spot checks by hand against 23.038, A.2 and A.3: (code, locking character), (code, single shift character)
        (4, 0x0B, "\u098c", "*"),
        (4, 0x19, "\u0999", "\u09e6"),
        (4, 0x34, "4", "\u09fa"),
        (5, 0x7F, "\u0af1", None),
        (6, 0x3C, "\u0929", "["),
        (6, 0x2C, ",", "\u0958"),
        (6, 0x3A, ":", "\u0971"),
        (6, 0x60, "\u0950", None),
        (7, 0x24, "\u0ca1", "\u0cee"),
        (7, 0x2A, "\u0ca5", "\u0cf2"),
        (8, 0x5F, "\u0d4d", None),
        (8, 0x34, "4", "\u0d7f"),
        (9, 0x7B, "\u0b57", None),
        (9, 0x2C, ",", "\u0b71"),
        (10, 0x4A, "\u0a36", "J"),
        (10, 0x2D, "\u0a27", "\u0a75"),
        (11, 0x3C, "\u0ba9", "["),
        (11, 0x2E, ".", "\u0bfa"),
        (12, 0x70, "p", None),
        (12, 0x32, "2", "\u0c7f"),
        (13, 0x00, "\u0627", "@"),
        (13, 0x3F, "?", "\u06d4"),
        (13, 0x7F, "\u0670", None),
        (13, 0x32, "2", "\u061b"),
    ],
)
def test_the_tables_of_the_indic_languages_and_urdu(language, code, locking, single):
    assert LOCKING[language][code] == locking
    assert SINGLE[language].get(code) == single


def test_every_language_of_the_standard_is_there():
    assert sorted(SINGLE) == list(range(1, 14))
    assert sorted(LOCKING) == [1, *range(3, 14)]  # Spanish has no locking table
    assert all(len(table) == 128 and table.index("\x1b") == 0x1B for table in LOCKING.values())


def test_an_escape_without_a_meaning_shows_the_plain_character():
    assert text_of(b"\x1b\x41\x1b\x1b\x41\x1b") == "A A"
    assert text_of(b"\x41", locking=99, single=99) == "A"


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("raw", "part"),
    [
        ("", "SMSC"),
        ("ZZ", "not hexadecimal"),
        ("0", "not hexadecimal"),
        ("00", "first octet"),
        ("0003", "reserved"),
        ("0001000B915121551510F40000", "stored to be sent"),
        ("FF91", "SMSC address of 255"),
        ("0004FF91", "255 digits"),
        ("00040B9151", "address"),
        ("AB" * 4_000, "longer than any PDU"),
        (deliver(NUMBER, "00", length=1, dcs=0x20), "compressed"),
        (deliver(NUMBER, "", length=5, first=0x44), "header"),
        (deliver(NUMBER, "7F00", length=2, first=0x44), "header"),
    ],
)
def test_what_is_no_pdu_is_kept_with_its_reason(raw, part):
    got = decode(raw)
    assert isinstance(got, Undecodable)
    assert part in got.reason
    assert got.raw == raw[:600].upper()


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("0500030702" + "03", "part 3 of 2"),
        ("0500030700" + "01", "part 1 of 0"),
        ("0500030702" + "00", "part 0 of 2"),
        ("05000407020101"[:12], "broken"),
        ("0400020702", "broken concat"),
        ("0605040B8423F0", "application"),
    ],
)
def test_an_odd_header_does_not_cost_the_text(header, problem):
    got = decode(deliver_ucs2(NUMBER, "hello", header=header))
    assert problem in got.problem
    assert got.concat is None
    assert got.text.endswith("ello")


@pytest.mark.fault(38)
@pytest.mark.parametrize("when", ["00000000000000", "FFFFFFFFFFFFFF", "62318100000000", "A2111200000000"])
def test_a_bad_time_does_not_cost_the_text(when):
    got = decode(deliver_ucs2(NUMBER, "hello", when=when))
    assert (got.text, got.scts_ms) == ("hello", None)
    assert got.problem


@pytest.mark.fault(38)
def test_255_parts_and_a_16_bit_reference():
    got = decode(deliver_ucs2(NUMBER, "x", header="06080412AB" + "FFFE"))
    assert got.concat == Concat(0x12AB, 254, 255, wide=True)


@pytest.mark.fault(38)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda b: bytes.fromhex("0044") + b)))
@settings(max_examples=300, deadline=None)
def test_no_octets_raise_and_every_text_can_be_stored(octets):
    got = decode(octets.hex())
    assert got.raw == octets.hex().upper()
    if isinstance(got, Deliver):
        (got.text or "").encode("utf-8")
        assert "\x00" not in (got.text or "")
        got.sender.encode("utf-8")


@pytest.mark.fault(38)
@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_text_raises(text):
    assert isinstance(decode(text), Deliver | StatusReport | Undecodable)


@given(st.binary(max_size=160), st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_packing_is_undone_by_unpacking(octets, skip):
    septets = bytes(octet & 0x7F for octet in octets)
    assert unpack(pack(septets), len(septets)) == septets
    assert unpack(pack(septets), len(septets), skip=skip)[: len(septets[skip:])] == septets[skip:]


def _as_deliver(submit: str) -> Deliver:
    """Turn a SUBMIT of ours into the DELIVER the other side gets, by hand."""
    octets = bytes.fromhex(submit)
    digits = (octets[3] + 1) // 2
    at = 5 + digits
    length_at = at + (3 if octets[1] & 0x10 else 2)
    user = octets[length_at + 1 :].hex()
    first = 4 | (octets[1] & 0x40)
    got = decode(deliver(NUMBER, user, length=octets[length_at], dcs=octets[at + 1], first=first))
    assert isinstance(got, Deliver)
    return got


def _body(submit: str) -> str | None:
    return _as_deliver(submit).text
