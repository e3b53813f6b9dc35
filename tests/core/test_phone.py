"""Numbers: whatever a trunk sends becomes E.164 or a reason, and no log line can be turned back into a number."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx import phone
from textback_pbx.phone import NotANumber, Number, NumberKind


@pytest.mark.parametrize(
    ("raw", "country", "e164"),
    [
        ("+15125550142", "US", "+15125550142"),
        ("5125550142", "US", "+15125550142"),
        ("15125550142", "US", "+15125550142"),
        ("(512) 555-0142", "US", "+15125550142"),
        ("07700900123", "GB", "+447700900123"),
        ("00447700900123", "US", "+447700900123"),
        ("011447700900123", "US", "+447700900123"),
        ("+44 7700 900 123", "US", "+447700900123"),
    ],
)
def test_every_form_a_trunk_sends_is_one_number(raw, country, e164):
    parsed = phone.parse(raw, country)
    assert isinstance(parsed, Number)
    assert parsed.e164 == e164


@pytest.mark.parametrize("raw", ["", "anonymous", "<unknown>", "Restricted", " PRIVATE "])
def test_no_number_is_withheld(raw):
    assert phone.parse(raw, "US") == NotANumber("withheld", withheld=True)


@pytest.mark.parametrize(
    "raw", ["911", "101", "5001", "Ext 101", "+1;AT+CMGD=1,4", "1-800-FLOWERS", "+", "٣٤٥٦٧٨٩٠١", "+99912345678"]
)
def test_what_is_no_number_is_never_guessed(raw):
    parsed = phone.parse(raw, "US")
    assert isinstance(parsed, NotANumber)
    assert not parsed.withheld


@pytest.mark.parametrize(
    ("e164", "kind"),
    [
        ("+18005550123", NumberKind.TOLL_FREE),
        ("+19005550123", NumberKind.PREMIUM),
        ("+447700900123", NumberKind.MOBILE),
        ("+15125550142", NumberKind.FIXED_OR_MOBILE),
        ("+498001234567", NumberKind.TOLL_FREE),
    ],
)
def test_classes_the_rules_tell_apart(e164, kind):
    parsed = phone.parse(e164, "US")
    assert isinstance(parsed, Number)
    assert parsed.kind is kind


@pytest.mark.fault(42)
@given(st.text(max_size=40))
def test_whatever_comes_in_only_e164_comes_out(raw):
    parsed = phone.parse(raw, "US")
    if isinstance(parsed, Number):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", parsed.e164)


@pytest.mark.fault(45)
def test_the_forms_for_the_log_do_not_hold_the_number():
    number = "+15125550142"
    assert phone.mask(number) == "+1512***0142"
    assert phone.tag(number) == phone.tag(number) != phone.tag("+15125550143")
    assert "5550142" not in phone.tag(number)


def test_the_geocoder_is_never_loaded():
    code = (
        "import sys, textback_pbx.phone as p; p.parse('+15125550142', 'US');"
        "print([m for m in sys.modules if 'geocod' in m])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
