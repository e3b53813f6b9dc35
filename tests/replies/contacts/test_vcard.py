"""vCards of three versions, as phones and office programs write them, and our own read back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.replies.contacts import vcard
from textback_pbx.replies.contacts.person import Customer
from textback_pbx.replies.contacts.vcard import Kept

THREE = """BEGIN:VCARD\r
VERSION:3.0\r
N:Example;Alpha;;Dr.;\r
FN:Dr. Alpha Example\r
ORG:Example\\, Ltd.;Sales\r
TEL;TYPE=CELL,VOICE;TYPE=pref:+1 (512) 555-0142\r
item1.TEL:512.555.0143\r
item1.X-ABLabel:_$!<Other>!$_\r
EMAIL;type=INTERNET:alpha@example.com\r
CATEGORIES:VIP,Two\\, words\r
NOTE:first\\nsecond\\; third\r
PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r
 BBBB\r
 CCCC=\r
END:VCARD\r
"""
FOUR = """BEGIN:VCARD
VERSION:4.0
FN:Beta Example
TEL;VALUE=uri;TYPE="voice,home":tel:+44-7700-900123;ext=5
TEL;VALUE=text:07700 900124
EMAIL;PREF=1:beta@example.org
END:VCARD
"""
TWO = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=89xample;J=C3=BCrg;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrg =
=C3=89xample
TEL;CELL;PREF:+15125550144
NOTE;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:caf=E9
END:VCARD
"""


def test_three():
    (card,) = vcard.read(THREE)
    assert (card.line, card.problem, card.name) == (1, "", "Dr. Alpha Example")
    assert card.numbers == ["+1 (512) 555-0142", "512.555.0143"]
    assert (card.tags, card.email) == (["VIP", "Two, words"], "alpha@example.com")
    assert card.note == "first\nsecond; third"


def test_four():
    (card,) = vcard.read(FOUR)
    assert card.numbers == ["+44-7700-900123", "07700 900124"]
    assert (card.name, card.email) == ("Beta Example", "beta@example.org")


def test_two_point_one():
    (card,) = vcard.read(TWO)
    assert (card.name, card.numbers, card.note) == ("Jürg Éxample", ["+15125550144"], "café")


def test_a_name_in_parts_stands_in_for_the_whole():
    (card,) = vcard.read("BEGIN:VCARD\nN:Ex\\;ample;Alpha;B.;;\nTEL:1\nEND:VCARD")
    assert card.name == "Alpha B. Ex;ample"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("BEGIN:VCARD\nFN:x", "no END"),
        ("BEGIN:VCARD\nFN:x\nBEGIN:VCARD\nFN:y\nEND:VCARD", "no END"),
        ("BEGIN:VCARD\n???\nFN:x\nEND:VCARD", "line 2 cannot be read"),
        ("BEGIN:VCARD\nFN;ENCODING=b:not base64!\nEND:VCARD", "base64"),
        ("BEGIN:VCARD\nFN;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:x\nEND:VCARD", "klingon"),
        ("BEGIN:VCARD\nFN;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:=FF\nEND:VCARD", "decode"),
    ],
)
def test_a_bad_card_has_its_reason_and_the_next_is_read(text, why):
    first, *rest = vcard.read(text + "\n" + FOUR)
    assert why in first.problem
    assert rest[-1].name == "Beta Example"


@given(st.text(max_size=300) | st.text(alphabet='BEGIN:VCARD\nFNTEL;="=,\\ \r', max_size=200))
def test_no_text_breaks_the_reader(text):
    list(vcard.read(text))
    list(vcard.read(f"BEGIN:VCARD\n{text}\nEND:VCARD"))


words = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=60).map(str.strip)


@settings(max_examples=200)
@given(
    name=words.filter(bool),
    note=words,
    tags=st.lists(words.filter(bool), max_size=3),
    version=st.sampled_from(["3.0", "4.0"]),
)
def test_what_is_written_is_read_back(name, note, tags, version):
    numbers = ("+15125550142", "+447700900123")
    kept = Kept("urn:x", name, numbers, Customer.KNOWN, tuple(tags), "a@example.com", note)
    (text,) = vcard.write([kept], version)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (card,) = vcard.read(text)
    assert (card.problem, card.name, card.note, card.tags) == ("", name, note, tags)
    assert (tuple(card.numbers), card.customer, card.email) == (numbers, "known", "a@example.com")
