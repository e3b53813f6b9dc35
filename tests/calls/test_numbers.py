"""Numbers as trunks write them: one person is one E.164 number whatever the trunk, and nothing else becomes one."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from textback_pbx.calls.numbers import NumberRule, Numbers, Place, apply, bare
from textback_pbx.calls.trunks import no_number
from textback_pbx.phone import E164, NotANumber, Number

COUNTRIES = ("US", "GB", "DE", "FR", "ES", "IT", "AT", "NL", "MX", "AU", "BR", "IN", "ZA", "PL", "SE")
PLAIN = Numbers("US")
TRUNK = Place("pbx", "PJSIP/carrier-00000001", "from-trunk")


def e164(found):
    return found.e164 if isinstance(found, Number) else None


def examples():
    for country in COUNTRIES:
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(country, kind)
            if number is not None:
                yield country, number


def forms(country, number):
    """The ways in which a trunk of this country, or another's, may write a number."""
    plus = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    exit_code = "011" if country == "US" else "00"
    return (
        plus, shown, national, national.replace(" ", ""), exit_code + plus[1:], shown.replace(" ", "-"),
        shown.replace(" ", "\u00a0"), shown.replace("-", "\u2011"), f"sip:{plus}@carrier.invalid;user=phone",
        f"tel:{plus};phone-context=example.invalid", f'"Caller" <{plus}>', f"<{plus}>", f"{plus}@carrier.invalid",
        f" {plus} ", f'"{plus}"',
    )  # fmt: skip


@pytest.mark.parametrize(("country", "number"), list(examples()), ids=lambda one: one if isinstance(one, str) else "")
def test_one_person_is_one_number_however_the_trunk_writes_it(country, number):
    plus = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for form in forms(country, number):
        if country in ("AU", "BR", "MX", "IN", "ZA") and form.startswith("00"):
            continue  # their own exit codes are others
        assert e164(Numbers(country).read(form)) == plus, form


def test_the_trunk_prefix_in_brackets_is_no_digit():
    assert e164(PLAIN.read("+44 (0)7700 900123")) == "+447700900123"
    assert e164(PLAIN.read("+44(0) 7700 900123")) == "+447700900123"


@pytest.mark.parametrize(
    ("rule", "raw", "number"),
    [
        (NumberRule(add="+"), "15125550142", "+15125550142"),
        (NumberRule(add="+"), "447700900123", "+447700900123"),
        (NumberRule(add="+"), "00447700900123", "+447700900123"),  # international already
        (NumberRule(add="+"), "+447700900123", "+447700900123"),
        (NumberRule(country="GB"), "07700900123", "+447700900123"),
        (NumberRule(country="GB"), "+15125550142", "+15125550142"),
        (NumberRule(country="GB", add="0"), "7700900123", "+447700900123"),
        (NumberRule(strip=("9",)), "9 (512) 555-0142", "+15125550142"),
        (NumberRule(strip=("9", "99")), "995125550142", "+15125550142"),  # the longest that fits
        (NumberRule(strip=("0049",), add="+49"), "00493012345678", "+493012345678"),
        (NumberRule(add="+1512"), "5550142", "+15125550142"),
        (NumberRule(strip=("9",)), "+15125550142", "+15125550142"),
        (NumberRule(strip=("5125550142",)), "5125550142", "+15125550142"),  # nothing would be left
        (NumberRule(add="+"), "5125550142", None),  # no number of any country: not guessed at
        (NumberRule(add="+"), "101", None),
    ],
)
def test_the_rules_of_a_trunk(rule, raw, number):
    assert e164(Numbers("US", [rule]).read(raw, TRUNK)) == number


def test_the_first_rule_that_fits_the_place_is_the_only_one():
    numbers = Numbers("US", [
        NumberRule("branch", (), "GB"),
        NumberRule("", ("PJSIP/carrier*",), "FR"),
        NumberRule("", ("from-isdn*",), "DE"),
    ])  # fmt: skip
    assert e164(numbers.read("07700900123", Place("branch", "PJSIP/carrier-1"))) == "+447700900123"
    assert e164(numbers.read("0612345678", Place("pbx", "pjsip/CARRIER-1"))) == "+33612345678"
    assert e164(numbers.read("03012345678", Place("pbx", "DAHDI/1-1", "from-isdn-2"))) == "+493012345678"
    assert e164(numbers.read("5125550142", Place("pbx", "SIP/x-1"))) == "+15125550142"


WITHHELD = ("", "anonymous", "Anonymous", "sip:anonymous@anonymous.invalid", "<unknown>", "asterisk", "Restricted",
            "unavailable", '"Anonymous" <sip:anonymous@anonymous.invalid>')  # fmt: skip
NONE = ("JOHN", "Acme Plumbing", "1-800-FLOWERS", "101", "911", "112", "+1512555014a", "5125550142,5125550143",
        "+1 512 555 0142 ext. 7", "5125550142#", "\uff15\uff11\uff12")  # fmt: skip


@pytest.mark.parametrize("raw", WITHHELD)
def test_who_withholds_is_withheld(raw):
    found = PLAIN.read(raw)
    assert isinstance(found, NotANumber)
    assert found.withheld


@pytest.mark.parametrize("raw", NONE)
def test_a_name_an_extension_or_two_numbers_are_none(raw):
    found = PLAIN.read(raw)
    assert isinstance(found, NotANumber)
    assert not found.withheld


RULES = st.builds(
    NumberRule,
    country=st.sampled_from(["", *COUNTRIES]),
    strip=st.lists(st.text("0123456789", min_size=1, max_size=4), max_size=2).map(tuple),
    add=st.sampled_from(["", "+", "0", "+44", "00"]),
)


@given(st.text(max_size=200) | st.text('+0123456789 ()-./<>"@:;siptel', max_size=40), RULES)
def test_whatever_comes_in_is_a_number_or_a_reason(raw, rule):
    for numbers in (PLAIN, Numbers("US", [rule])):
        found = numbers.read(raw, TRUNK)
        assert isinstance(found, NotANumber) or E164.fullmatch(found.e164)
        if isinstance(found, NotANumber):
            assert found.reason


@given(st.text(max_size=60), RULES)
def test_reading_twice_changes_nothing(raw, rule):
    assert bare(bare(raw)) == bare(raw) or not any(c.isdigit() for c in raw)
    found = Numbers("US", [rule]).read(raw)
    if isinstance(found, Number):
        assert e164(PLAIN.read(found.e164)) == found.e164
        assert apply(rule, found.e164) == found.e164


def test_what_the_office_dials_is_read_as_people_write_it():
    numbers = Numbers("US", [NumberRule(add="+")])
    for dialled in ("5125550142", "15125550142", "+15125550142"):
        assert e164(numbers.dialled(dialled, TRUNK)) == "+15125550142"
    assert e164(Numbers("US", [NumberRule(strip=("9",))]).dialled("95125550142", TRUNK)) == "+15125550142"


@pytest.mark.parametrize("word", ["anonymous", "blocked", "restricted", "unknown", "unavailable"])
@pytest.mark.parametrize("plus", ["", "+"])
def test_the_absence_of_a_number_spelled_on_the_keys_is_nobodys_number(word, plus):
    keys = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
    spelled = plus + word.translate(keys)
    assert no_number(spelled)
    for numbers in (Numbers("US"), Numbers("US", [NumberRule(add="+1")])):
        read = numbers.read(spelled)
        assert isinstance(read, NotANumber)
        assert read.withheld
