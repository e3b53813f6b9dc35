"""What the phone put into a text, not the person: reactions that quote ours, quoted lines, reply headers. Pure.

Masked characters become line ends, so that every place in the text stays where it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textback_pbx.consent.normalise import BREAKS, tokens

_QUOTED_LINE = re.compile(r"^[ \t]*[>|▌][^\n]*$", re.MULTILINE)
_HEADER = re.compile(
    r"^[ \t]*(?:-{2,} ?(?:original|forwarded|ursprüngliche|mensaje|message|messaggio|mensagem)[^\n]*-{2,}"
    r"|(?:on|am|le|el|il|em|op|w dniu)\b[^\n]{4,120}?"
    r"\b(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|napisał\w*)\b[^\n]{0,60}:)",
    re.MULTILINE | re.IGNORECASE,
)
_OPEN, _CLOSE = '"“„«‹»「', '"”“»›«」'


@dataclass(frozen=True, slots=True)
class Masked:
    """The text with what the phone put there masked out; ``what`` names it, ``""`` when there was nothing."""

    text: str
    what: str = ""


def mask(text: str, reactions: Sequence[str]) -> Masked:
    """Mask out quoted lines, what follows a reply's header, and the quotation in a reaction."""
    what = ""
    header = _HEADER.search(text)
    if header is not None:
        text, what = _blank(text, header.start(), len(text)), "a quoted text"
    for line in reversed(list(_QUOTED_LINE.finditer(text))):
        text, what = _blank(text, *line.span()), "a quoted text"
    reaction = _reaction(text, reactions)
    if reaction is not None:
        text, what = _blank(text, *reaction), "a reaction that quotes our text"
    return Masked(text, what)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + "\n" * (end - start) + text[end:]


def _reaction(text: str, reactions: Sequence[str]) -> tuple[int, int] | None:
    """Return the place of a reaction and its quotation: ``Liked “...”``, ``👍 to “...”``, ``Hat „...“ geliked``."""
    start = next((place for place, char in enumerate(text[:80]) if char in _OPEN), None)
    if start is None:
        return None
    lead = " ".join(token.text for token in tokens(text[:start]) if token.text not in BREAKS)
    if not any(lead == verb or lead.startswith(verb + " ") for verb in reactions):
        return None
    end = max(text.rfind(char) for char in _CLOSE)
    return (0, end + 1) if end > start else (0, len(text))
