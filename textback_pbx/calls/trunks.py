"""Which channels are the outside world: inbound contexts, trunk channel names, and who is a person; pure."""

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

#: Where calls from outside enter the dialplan on plain Asterisk, FreePBX, Issabel, and in the usual examples.
#: ``*`` stands for any ending. Contexts that phones share (default, internal, from-internal) are not in it.
DEFAULT_CONTEXTS = (
    "from-trunk*",
    "from-pstn*",
    "from-did*",
    "from-external*",
    "from-outside*",
    "from-provider*",
    "from-carrier*",
    "from-sip-external*",
    "from-voip*",
    "from-zaptel*",
    "from-dahdi*",
    "from-digital*",
    "from-analog*",
    "from-isdn*",
    "from-gsm*",
    "from-dongle*",
    "from-iax-trunk*",
    "from-itsp*",
    "from-gateway*",
    "ext-did*",
    "incoming*",
    "inbound*",
    "in-trunk*",
    "trunk-in*",
    "trunk-inbound*",
    "external-in*",
    "pstn-in*",
    "did-in*",
    "public",
)

#: Channel technologies that no person holds: Asterisk's own helpers, recorders, announcers, media feeds.
NOT_A_PERSON = frozenset(
    ("local", "announcer", "asyncgoto", "audiosocket", "bridge", "bridgemedia", "cbann", "cbrec", "media", "message")
) | frozenset(("multicastrtp", "null", "parked", "rec", "recorder", "snoop", "surrogate", "unicastrtp", "websocket"))

_LOCAL = re.compile(r"(Local/.*);([12])(?:<[A-Z]+>)*")


@dataclass(frozen=True, slots=True)
class Trunks:
    """What counts as outside: dialplan ``contexts``, and channel ``names`` (both with ``*``, any case)."""

    contexts: tuple[str, ...] = DEFAULT_CONTEXTS
    names: tuple[str, ...] = ()


class TrunkMatcher:
    """Trunks, made ready to be asked often."""

    def __init__(self, trunks: Trunks) -> None:
        self._contexts = _any_of(trunks.contexts)
        self._names = _any_of(trunks.names)

    def outside(self, context: str, name: str) -> bool:
        """Whether a channel of this context or name is a trunk's."""
        return bool(self._contexts.match(context) or self._names.match(name))


@lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    if not patterns:
        return re.compile(r"(?!)")
    return re.compile("|".join(translate(pattern) for pattern in patterns), re.IGNORECASE)


def technology(name: str) -> str:
    """The part before the slash, in lower case: pjsip, sip, iax2, dahdi, local ..."""
    return name.partition("/")[0].lower()


_SPAN = re.compile(r"(DAHDI/i\d{1,4})/.*", re.IGNORECASE | re.DOTALL)


def endpoint(name: str) -> str:
    """The phone or trunk a channel belongs to: ``PJSIP/101`` of ``PJSIP/101-0000002a``.

    An ISDN channel has the other side's number in its name (``DAHDI/i1/5125550142-2a``), withheld or not: its trunk is
    the span, ``DAHDI/i1``.
    """
    span = _SPAN.fullmatch(name)
    return span[1] if span else name.rpartition("-")[0] or name


def local_half(name: str) -> tuple[str, str] | None:
    """``("Local/101@ctx-00000004", "1")`` for a half of a Local channel; None for anything else."""
    match = _LOCAL.fullmatch(name)
    return (match[1], match[2]) if match else None


#: What trunks send in the number's place when there is none (compared in lower case, host part cut off).
_WITHHELD = frozenset(
    {
        "",
        "<unknown>",
        "anonymous",
        "anonymous.invalid",
        "asterisk",
        "blocked",
        "hidden",
        "n/a",
        "none",
        "not-available",
        "null",
        "private",
        "restricted",
        "unavailable",
        "unidentified",
        "unknown",
        "withheld",
    }
)
#: The same words on a telephone's keys (anonymous, blocked, restricted, unknown, unavailable), as some carriers send
#: them; in North America one of them reads like a stranger's number.
_ON_KEYS = frozenset({"266696687", "2562533", "7378742833", "8656696", "86282452253"})


def no_number(number: str) -> bool:
    """Whether the trunk's text names the absence of a number."""
    text = number.strip().strip('"').lower().partition("@")[0]
    return text in _WITHHELD or text.removeprefix("+") in _ON_KEYS


def prohibited(value: str | int) -> bool:
    """Whether a presentation says that the caller wishes not to be known; ``unavailable`` says only that nobody knows.

    In words or in figures, as below.
    """
    if isinstance(value, int):
        return value & 0x60 == 0x20
    return value.strip().lower().startswith("prohib")


def presentation_withheld(value: str | int) -> bool:
    """CALLERID(pres) as a word, or CID-CallingPres as a number (Q.931 4.5.10: bits 6-7; 0 is allowed)."""
    if isinstance(value, int):
        return value & 0x60 != 0
    return value.strip().lower().startswith(("prohib", "unavailable"))
