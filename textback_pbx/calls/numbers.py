"""What a trunk writes in the caller's place -> E.164, by the rules of that trunk; pure.

Most trunks need no rule: national numbers, ``00``, ``011``, ``+``, spaces and punctuation, ``(0)``, SIP and tel URIs
are all read (ITU-T E.164, E.123; RFC 3966). A rule is for a trunk that says it its own way: a prefix it puts before
every number, the ``+`` it leaves out, another country's national numbers. Never a guess: what is no valid number after
its rule is none, and what the caller may choose himself (a name in the number's place) is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

from textback_pbx import phone
from textback_pbx.calls.trunks import no_number
from textback_pbx.phone import NotANumber, Number

_MAX = 128
_ANGLES = re.compile(r'(?:"[^"]*"\s*|[^<"]*)<([^<>]*)>')
_SCHEME = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
#: Spaces and dashes that are not ASCII's: a gateway's display form, copied.
_PLAIN = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


@dataclass(frozen=True, slots=True)
class NumberRule:
    """One trunk's way. ``trunks`` are channel names or contexts (``*`` for any ending), empty for all."""

    pbx: str = ""
    trunks: tuple[str, ...] = ()
    country: str = ""  # ISO 3166: whose national numbers; '' for the office's
    strip: tuple[str, ...] = ()  # digits the trunk puts before the number; the longest that fits goes
    add: str = ""  # what it leaves out: "+", "+44", "0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number came in: the PBX's name, the channel's name, its context."""

    pbx: str = ""
    channel: str = ""
    context: str = ""


class Numbers:
    """The rules of one office, made ready to be asked often."""

    def __init__(self, country: str, rules: Iterable[NumberRule] = ()) -> None:
        self._country = country
        self._rules = [(rule, _any_of(rule.trunks)) for rule in rules]

    def read(self, raw: str, place: Place = Place()) -> Number | NotANumber:
        """Read what the trunk at ``place`` wrote. The first rule that fits the place is the only one."""
        text = bare(raw)
        if no_number(text):
            return NotANumber("withheld", withheld=True)
        rule = self._rule(place)
        if rule is None:
            return phone.parse(text, self._country)
        return phone.parse(apply(rule, text), rule.country or self._country)

    def dialled(self, raw: str, place: Place = Place()) -> Number | NotANumber:
        """Read what the office dialled: as people write it first; a trunk's rule is about what the trunk sends."""
        plain = phone.parse(bare(raw), self._country)
        return plain if isinstance(plain, Number) else self.read(raw, place)

    def _rule(self, place: Place) -> NumberRule | None:
        for rule, fits in self._rules:
            if rule.pbx in ("", place.pbx) and (fits.match(place.channel) or fits.match(place.context)):
                return rule
        return None


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns or ("*",)), re.IGNORECASE)


def apply(rule: NumberRule, text: str) -> str:
    """The text with the rule's prefix taken off and put on. What says ``+`` or ``00`` itself stays."""
    digits = re.sub(r"[ ().\-/]", "", text)
    if not re.fullmatch(r"[0-9]+", digits):
        return text
    for prefix in sorted(rule.strip, key=len, reverse=True):
        if digits.startswith(prefix) and len(digits) > len(prefix):
            digits = digits[len(prefix) :]
            break
    return digits if digits.startswith("00") or not rule.add else rule.add + digits


def bare(raw: str) -> str:
    """The number in a header's or a display's clothes: quotes, angles, a URI's scheme, host and parameters, ``(0)``."""
    text = raw[:_MAX].translate(_PLAIN).strip()
    if match := _ANGLES.fullmatch(text):
        text = match[1].strip() or text
    text = text.strip("\"'").strip()
    if _SCHEME.match(text):
        text = text.partition(":")[2]
    text = re.split(r"[;@]", text, maxsplit=1)[0] if re.match(r"\+?[0-9]", text) else text
    return re.sub(r"^(\+[0-9 ]{1,5})\(0\)", r"\1", text).strip()
