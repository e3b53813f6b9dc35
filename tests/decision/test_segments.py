"""Segments against a second count that shares no code with the first, and the borders by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.decision import lint, template_sets, wording
from textback_pbx.decision.segments import GSM_BASIC, GSM_EXTENSION, Encoding, plain_for, segment, straighten, to_gsm

# 3GPP 23.038, 6.2.1: the default alphabet row by row (0x00, 0x08, ...), written out a second time on purpose.
TABLE = [
    "@£$¥èéùì", "òÇ\nØø\rÅå", "Δ_ΦΓΛΩΠΨ", "ΣΘΞ\x1bÆæßÉ", " !\"#¤%&'", "()*+,-./", "01234567", "89:;<=>?",
    "¡ABCDEFG", "HIJKLMNO", "PQRSTUVW", "XYZÄÖÑÜ§", "¿abcdefg", "hijklmno", "pqrstuvw", "xyzäöñüà",
]  # fmt: skip
ESCAPED = dict(zip("\f^{}\\[~]|€", (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), strict=True))
DEFAULT = set("".join(TABLE)) - {"\x1b"}


def independent_parts(text: str) -> tuple[str, int]:
    """Count the parts by building what travels: septet codes, or UTF-16 octets."""
    if all(c in DEFAULT or c in ESCAPED for c in text):
        atoms = [2 if c in ESCAPED else 1 for c in text]
        single, many, kind = 160, 153, "gsm7"
    else:
        atoms = [len(c.encode("utf-16-be", "surrogatepass")) // 2 for c in text]
        single, many, kind = 70, 67, "ucs2"
    if sum(atoms) <= single:
        return kind, 1
    parts, room = 1, many
    for size in atoms:
        if size > room:
            parts, room = parts + 1, many
        room -= size
    return kind, parts


def test_the_alphabet_is_the_standards():
    assert set(GSM_BASIC) == DEFAULT
    assert len(GSM_BASIC) == 127
    assert set(GSM_EXTENSION) == set(ESCAPED)


ALPHABET = st.sampled_from("aZ 1{€~^\n’é→😀😀ñ")


@settings(max_examples=150, deadline=None)
@given(st.text(st.one_of(ALPHABET, st.sampled_from(GSM_BASIC + GSM_EXTENSION)), max_size=330))
def test_equal_to_the_independent_count(text):
    cut = segment(text)
    assert (cut.encoding.value, cut.count) == independent_parts(text)
    assert "".join(cut.parts) == text
    limit = (
        (153 if cut.encoding is Encoding.GSM7 else 67)
        if cut.count > 1
        else (160 if cut.encoding is Encoding.GSM7 else 70)
    )
    for part in cut.parts:
        size = (
            sum(2 if c in ESCAPED else 1 for c in part)
            if cut.encoding is Encoding.GSM7
            else len(part.encode("utf-16-be")) // 2
        )
        assert size <= limit


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, ["a" * 160]),
        ("a" * 161, ["a" * 153, "a" * 8]),
        ("a" * 158 + "€", ["a" * 158 + "€"]),
        ("a" * 159 + "€", ["a" * 153, "a" * 6 + "€"]),
        ("a" * 152 + "€" + "b" * 8, ["a" * 152, "€" + "b" * 8]),  # an escape pair is never split
        ("я" * 70, ["я" * 70]),
        ("я" * 71, ["я" * 67, "я" * 4]),
        ("я" * 66 + "😀" + "я" * 5, ["я" * 66, "😀" + "я" * 5]),  # nor a surrogate pair
        ("", [""]),
    ],
)
def test_the_borders(text, parts):
    assert list(segment(text).parts) == parts


def test_what_forces_ucs2_is_shown_with_a_plain_one():
    found = {f.char: (f.index, f.plain) for f in segment("We’ll call – “soon”… ¡olá! 😀").forcing}
    assert found["’"] == (2, "'")
    assert found["–"][1] == "-"
    assert (found["“"][1], found["…"][1], found["á"][1], found["😀"][1]) == ('"', "...", "a", "")
    assert "¡" not in found


@pytest.mark.parametrize(
    ("char", "plain"),
    [("ł", "l"), ("\u00a0", " "), ("\u200b", ""), ("Ａ", "A"), ("ﬁ", "fi"), ("ç", "c"), ("я", "")],
)
def test_plain_characters(char, plain):
    assert plain_for(char) == plain


def test_straightening_keeps_accents_and_gsm_loses_no_letter():
    assert straighten("Łódź’s – €5") == "Łódź's - €5"
    assert to_gsm("Łódź’s") == "Lodz's"
    assert to_gsm("Привет") is None


@pytest.mark.parametrize("ready", template_sets.all_sets(), ids=lambda s: s.name)
def test_every_ready_made_text_is_one_gsm_segment_at_its_worst_and_lints_clean(ready):
    assert lint.lint(ready) == []
    for situation, template in ready.texts.items():
        text = wording.fill(template, lint.worst_case(ready.language))
        assert independent_parts(text) == ("gsm7", 1), (situation, text)
        assert len(lint.LONG_BUSINESS) >= 38
        assert lint.LONG_BUSINESS in text
    assert set(ready.texts) == set(template_sets.SITUATIONS)
