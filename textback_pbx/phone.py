"""Telephone numbers: whatever a trunk sends -> E.164, its class, and the forms a log may show.

Uses ``phonenumbers`` metadata only; its geocoder (about 100 MB of memory) is never imported. An E.164 number
is ``+`` and 7 to 15 digits (ITU-T E.164); nothing else ever reaches the modem.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class NumberKind(StrEnum):
    """The classes the decision rules tell apart."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"  # North America: the plan cannot tell
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    OTHER = "other"


_KINDS = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.VOIP: NumberKind.VOIP,
}

#: What trunks send in the number's place when there is none (compared in lower case).
_WITHHELD = frozenset(
    {
        "",
        "<unknown>",
        "unknown",
        "anonymous",
        "private",
        "restricted",
        "withheld",
        "unavailable",
        "blocked",
        "asterisk",
    }
)
#: Ofcom set 07700 900000-900999 aside for fiction; the metadata calls them invalid, trials and tests need them.
_UK_FICTION = re.compile(r"\+447700900\d{3}")


@dataclass(frozen=True, slots=True)
class Number:
    """One valid number. ``region`` is ISO 3166 alpha-2, or ``None`` for international services."""

    e164: str
    region: str | None
    kind: NumberKind


@dataclass(frozen=True, slots=True)
class NotANumber:
    """Why the trunk's text is no number; ``withheld`` when it names the absence of one."""

    reason: str
    withheld: bool = False


def parse(raw: str, country: str) -> Number | NotANumber:
    """Read what a trunk or a person wrote, in the office's ``country`` (ISO 3166 alpha-2).

    Takes national, ``00``, ``011`` and ``+`` forms with spaces and punctuation. Never guesses: text with
    letters, extensions and short codes are :class:`NotANumber`.
    """
    text = raw.strip()
    if text.lower() in _WITHHELD:
        return NotANumber("withheld", withheld=True)
    if not re.fullmatch(r"\+?[0-9 ().\-/]{2,32}", text):
        return NotANumber("not made of digits")
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        parsed = phonenumbers.parse(text, country)
    except NumberParseException as error:
        return NotANumber(str(error).rstrip(".").lower())
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not E164.fullmatch(e164):
        return NotANumber("too short or too long for E.164")
    if _UK_FICTION.fullmatch(e164):
        return Number(e164, "GB", NumberKind.MOBILE)
    if not phonenumbers.is_valid_number(parsed):
        return NotANumber(f"no valid number of {phonenumbers.region_code_for_country_code(parsed.country_code or 0)}")
    return Number(e164, _region(parsed), _kind(parsed))


def _kind(parsed: phonenumbers.PhoneNumber) -> NumberKind:
    return _KINDS.get(phonenumbers.number_type(parsed), NumberKind.OTHER)


def _region(parsed: phonenumbers.PhoneNumber) -> str | None:
    region = phonenumbers.region_code_for_number(parsed)
    return None if region in (None, "001") else region


def mask(e164: str) -> str:
    """Show a number to people who need to recognise it, not to learn it: ``+1512***0142``."""
    return f"{e164[:5]}***{e164[-4:]}" if len(e164) > 9 else "***"


def tag(e164: str) -> str:
    """A short stable name for log lines: the same number gives the same tag; 24 bits of SHA-256."""
    return "n" + hashlib.sha256(e164.encode()).hexdigest()[:6]


def prefix(e164: str) -> str:
    """Return the block of numbers one belongs to: all but the last four digits (10,000 numbers)."""
    return e164[:-4]


@lru_cache(maxsize=4096)
def zones(e164: str) -> tuple[str, ...]:
    """Return every time zone a number may be in, as IANA names; ``()`` where the number does not tell.

    By area code where the plan has them, else all zones of the country: whoever judges an hour must find it
    good in each of them. Country-wide lists are what the metadata have; a mobile may be anywhere.
    """
    from phonenumbers import timezone

    parsed = phonenumbers.parse(e164)
    found: tuple[str, ...] = tuple(timezone.time_zones_for_number(parsed))
    if not _known(found):  # a number set aside for fiction: the zones of its country's other mobiles
        sample = phonenumbers.example_number_for_type(
            phonenumbers.region_code_for_country_code(parsed.country_code or 0), PhoneNumberType.MOBILE
        )
        found = tuple(timezone.time_zones_for_number(sample)) if sample is not None else ()
    return tuple(sorted(_known(found)))


def _known(names: tuple[str, ...]) -> set[str]:
    return {name for name in names if not name.startswith("Etc/")}
