"""What the modem's answer to a submit means (27.005, 3.5.1 and 3.2.5). Pure."""

import re
from collections.abc import Callable, Sequence

from textback_pbx.modem.lines import Final, FinalKind
from textback_pbx.outbox.attempt import NotHandedOver, Refused, SubmitResult, Unknown
from textback_pbx.outbox.refusals import remedy

_REFERENCE = re.compile(r"\+CMGS: ?([0-9]{1,3})(?:,.*)?")


def message_reference(lines: Sequence[str]) -> int | None:
    """Read TP-MR (0..255) out of the reply to ``AT+CMGS``; the last such line counts."""
    for line in reversed(lines):
        match = _REFERENCE.fullmatch(line)
        if match and int(match[1]) <= 255:
            return int(match[1])
    return None


def words(final: Final) -> str:
    """Say an error answer in plain words where the code is known."""
    if final.kind is FinalKind.CMS and final.code is not None:
        _, text = remedy(final.code)
        return text if text != "refused" else f"the modem answered {final}"
    return f"the modem answered {final}"


def refused_before(final: Final) -> SubmitResult:
    """An answer where the prompt should have come: nothing can have left, whatever the code."""
    if final.kind is FinalKind.CMS and final.code is not None:
        return Refused(final.code, words(final), definite=True)
    return NotHandedOver(words(final))


def refused_after(final: Final, definite: Callable[[int | None], bool]) -> SubmitResult:
    """An error after the PDU: refused by the table, otherwise unknown."""
    if final.kind is FinalKind.CMS and definite(final.code):
        return Refused(final.code, words(final), definite=True)
    return Unknown(words(final))
