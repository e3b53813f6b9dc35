"""A text made plain for reading, character for character, so that a span found in it is a span of the original."""

import re
from dataclasses import dataclass, field
from typing import Any

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "−": "-", "\u00a0": " ", "\u202f": " "}
)
#: Where one statement ends; a full stop inside "9.30" or "p.m." ends none.
_SENTENCE_END = re.compile(
    r"[!?;\n…]+|\.(?!\d)(?<!\b[ap]\.)(?<!\b[ap]\.m\.)"
    r"(?!(?:(?<=\bmon\.)|(?<=\btue\.)|(?<=\btues\.)|(?<=\bwed\.)|(?<=\bthu\.)|(?<=\bthurs\.)|(?<=\bfri\.)|(?<=\bsat\.))"
    r" (?:[ap]\.?m\b|at |around |after |before |morning|afternoon|\d))"
    r"(?<!\b[dm]r\.)(?<!\bm[rs]s\.)(?<!\bms\.)(?<!\bapprox\.)(?=\s|$|[^\w])"
)


@dataclass(frozen=True, slots=True)
class Found:
    """One field's value with the span it came from (``start``, ``end`` in the text), the rule, and 0..1 confidence."""

    value: Any
    start: int
    end: int
    rule: str
    confidence: float = 0.9
    others: tuple[str, ...] = field(default=())


def plain(text: str) -> str:
    """Return ``text`` in lower case with plain quotes, dashes and spaces; every character keeps its place."""
    lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_SAME)


def blank(text: str, start: int, end: int, fill: str = "\x00") -> str:
    """Take a stretch out of reach of later rules without moving anything."""
    return text[:start] + fill * (end - start) + text[end:]


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the statements of a plain text."""
    spans, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if match.start() > start:
            spans.append((start, match.end()))
        start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans
