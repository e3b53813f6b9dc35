"""What one line from a modem is, and what a command may look like. Pure: no clock, no I/O.

A line is an echo, a final result (ITU-T V.250, 5.7; 3GPP TS 27.005, 3.2.5; 27.007, 9.2), a line of the running
command's reply, or unsolicited. Unsolicited codes are taken out first. Nothing here may ever raise on what a
modem sends.
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

#: Everything a command may be made of: no quote can be closed early, no line ended, no second command added.
GRAMMAR = re.compile(r'AT[A-Z0-9+^&$%*#=?,._"-]{0,120}')
#: A PDU: whole octets in upper-case hexadecimal; 27.005 and 23.040 allow at most 176 octets with the SMSC.
PDU_GRAMMAR = re.compile(r"(?:[0-9A-F]{2}){10,176}")
HEX_LINE = re.compile(r"[0-9A-Fa-f]+")


class NotGrammar(ValueError):
    """A bug on our side: something that is no command was about to reach the modem. It did not."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command and the shape of its reply.

    ``prefixes`` name its reply lines (``+CSQ``); ``bare`` takes lines without a prefix (``AT+CGSN``); ``bodies``
    says that a hexadecimal line follows a prefixed one (``AT+CMGL``). ``secret`` keeps it out of the log.
    """

    text: str
    prefixes: tuple[str, ...] = ()
    bare: bool = False
    bodies: bool = False
    secret: bool = False

    def __post_init__(self) -> None:
        if not GRAMMAR.fullmatch(self.text) or self.text.count('"') % 2:
            raise NotGrammar("no command of ours" if self.secret else f"no command of ours: {self.text[:40]!r}")

    @property
    def shown(self) -> str:
        """The command as a log may show it."""
        return self.text.partition("=")[0] + "=..." if self.secret else self.text


class FinalKind(StrEnum):
    """How a command ended."""

    OK = "ok"
    ERROR = "error"  # plain: the modem gave no reason
    CME = "cme"  # 27.007, 9.2: the equipment
    CMS = "cms"  # 27.005, 3.2.5: the message service or the network


@dataclass(frozen=True, slots=True)
class Final:
    """A final result; ``code`` is ``None`` when the modem gave words instead (``text``) or nothing."""

    kind: FinalKind
    code: int | None = None
    text: str = ""

    def __str__(self) -> str:
        if self.kind in (FinalKind.OK, FinalKind.ERROR):
            return self.text or self.kind.upper()
        return f"+{self.kind.upper()} ERROR: {self.text if self.code is None else self.code}"


_ERROR_CODE = re.compile(r"\+CM([ES]) ERROR: ?(.*)")
_PLAIN_ERRORS = frozenset({"ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "NOT SUPPORTED"})


def final_of(line: str) -> Final | None:
    """Read a final result; only the exact line is one (``OK-ish`` and ``ERROR 7`` are not)."""
    if line == "OK":
        return Final(FinalKind.OK)
    if line in _PLAIN_ERRORS:
        return Final(FinalKind.ERROR, text=line)
    if match := _ERROR_CODE.fullmatch(line):
        kind = FinalKind.CME if match[1] == "E" else FinalKind.CMS
        digits = match[2].strip()
        code = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None
        return Final(kind, code, match[2].strip())
    return None


class BodyKind(Enum):
    """What follows the first line of a multi-line unsolicited code."""

    HEX = "hex"  # +CDS, +CMT, +CBM in PDU mode: one hexadecimal line
    TEXT = "text"  # the same in text mode (the modem lost its set-up): any one line
    QUOTED = "quoted"  # +CUSD: a quoted string with line ends in it


_PDU_HEAD = re.compile(r'\+(?:CMT|CDS|CBM): ?(?:"[^"]*")?,? ?\d+')
_TEXT_HEAD = re.compile(r"\+(?:CMT|CDS|CBM):.*")
_CODE = re.compile(r"([+^*$%&#!][A-Z][A-Z0-9_ ]*):")
#: Codes whose unsolicited form differs from the reply to the query of the same name (27.007, 7.2, 10.1.20, 10.1.22):
#: one digit alone or before an area code, where the reply has the digit <n> before the digit <stat>.
_COLLIDING = re.compile(r'\+C[GE]?REG: ?\d{1,2}(?:, ?(?:"[^"]*"|[0-9A-Fa-f]{2,8})(?:,.*)?)?')
_BARE = re.compile(
    r"RING|NO CARRIER|BUSY|NO ANSWER|RDY|START|SMS DONE|SMS READY|SMS Ready|PB DONE|PB READY|Call Ready|CALL READY"
    r"|ATREADY|NORMAL POWER DOWN|POWERED DOWN|(?:UNDER|OVER)-VOLTAGE.*|DST: ?\d.*|MODEM:STARTUP|SIM REMOVED"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of an unsolicited code, and what has to follow it."""

    code: str
    body: BodyKind | None


def unsolicited_of(line: str, running: Command | None) -> Head | None:
    """Say whether ``line`` is unsolicited while ``running`` (or nothing) waits for its reply."""
    if _TEXT_HEAD.fullmatch(line):
        code = line.partition(":")[0]
        return Head(code, BodyKind.HEX if _PDU_HEAD.fullmatch(line) else BodyKind.TEXT)
    if line.startswith("+CUSD:"):
        return Head("+CUSD", BodyKind.QUOTED if line.count('"') % 2 else None)
    if _COLLIDING.fullmatch(line):
        return Head(line.partition(":")[0], None)
    if _BARE.fullmatch(line):
        return Head(line.partition(":")[0], None)
    if match := _CODE.match(line):
        own = running is not None and match[1] in running.prefixes
        return None if own else Head(match[1], None)
    return None


def belongs(line: str, running: Command, last: str | None) -> bool:
    """Say whether a line that is neither final nor unsolicited is part of the running command's reply."""
    if any(line.startswith(prefix + ":") for prefix in running.prefixes):
        return True
    if running.bodies and last is not None and HEX_LINE.fullmatch(line):
        return any(last.startswith(prefix + ":") for prefix in running.prefixes)
    return running.bare


def clean(raw: bytes) -> str:
    """Turn one line of bytes into text; what is no UTF-8 is shown escaped, never lost, never raised."""
    return raw.strip(b" \t\x1a\x1b").decode("utf-8", "backslashreplace")
