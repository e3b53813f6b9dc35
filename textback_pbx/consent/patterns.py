"""The pattern language of the language files, and the string of tokens it is matched against. Pure.

    word        that word                     <name>      one entry of a set
    (a|b c)     either                        [a|b]       optional
    ..3         up to three words, no break   ~           up to four filler words (set ``fill``)
    !(a|b)      not followed by               ^  $        a clause (or text) begins, ends here
    .  ,        such a break                  ^^ $$       the whole text begins, ends here
    @s          a word ending in s (a possessive)       @n  a word that may be a name
    @g          a word ending in ing (or in)            @d  a word beginning with a digit

Before the end of a clause small words may stand ("im not tyler lol": ``_TAIL``).

Patterns compile to regular expressions with bounded repetition only, so that no text makes them slow.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from textback_pbx.consent.normalise import BREAKS, Token, fold

_ANY = r"(?:[^ .,]+ )"
_LEX = re.compile(r"\s*(\(|\)|\[|\]|\||!\(|\^\^|\$\$|\^|\$|~|\.\.\d|<[a-z_]+>|\.|,|@[sngd]|\w+)")
#: Small words that may end a clause and say nothing: "im not tyler lol".
_TAIL = "|".join(
    [
        *("lol", "lmao", "haha", "hahaha", "omg", "smh", "fr", "ffs", "jeez", "tho", "though", "already", "anymore"),
        *(
            "bro",
            "bruh",
            "dude",
            "man",
            "mate",
            "pal",
            "hun",
            "dear",
            "honey",
            "sweetie",
            "friend",
            "amigo",
            "sir",
            "maam",
        ),
        *("sorry", "thanks", "thank", "you", "thx", "ty", "cheers", "please", "pls", "plz", "ok", "okay", "bye"),
        *(
            "goodbye",
            "guys",
            "folks",
            "yall",
            "so",
            "much",
            "seriously",
            "immediately",
            "now",
            "asap",
            "today",
            "again",
        ),
    ]
)
_ENDS = {"(": ")", "[": "]", "!(": ")"}


class PatternProblem(ValueError):
    """A language file holds a pattern that cannot be read: a bug in our data, found by the tests."""


@dataclass(frozen=True, slots=True)
class Line:
    """A text's tokens as one string, each token followed by a space, and where each token starts in it."""

    text: str
    tokens: Sequence[Token]
    starts: Sequence[int]
    source: str  # the text as written

    def inside(self, begin: int, end: int) -> list[Token]:
        """Return the words between two places of the string, without breaks."""
        both = zip(self.starts, self.tokens, strict=True)
        return [token for start, token in both if begin <= start < end and token.text not in BREAKS]

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return the place in the original text of the tokens between two places of the string."""
        inside = self.inside(begin, end)
        return (inside[0].start, inside[-1].end) if inside else (0, 0)


def line_of(tokens: Sequence[Token], source: str) -> Line:
    """Put tokens in a row: ``" . stop texting me . "``; the breaks at both ends belong to no token."""
    starts, parts, at = [], [" . "], 3
    for token in tokens:
        starts.append(at)
        parts.append(token.text + " ")
        at += len(token.text) + 1
    return Line("".join(parts) + ". ", tokens, starts, source)


def compile_pattern(source: str, sets: Mapping[str, Sequence[str]]) -> str:
    """Return the regular expression for one pattern."""
    parts = _lex(source)
    expression = _sequence(parts, sets)
    if parts:
        raise PatternProblem(f"left over in {source!r}: {parts}")
    return expression


def _lex(source: str) -> list[str]:
    found, at = [], 0
    source = source.strip()
    while at < len(source):
        match = _LEX.match(source, at)
        if match is None:
            raise PatternProblem(f"cannot read {source[at:]!r} in {source!r}")
        found.append(match.group(1))
        at = match.end()
    return found


def _sequence(parts: list[str], sets: Mapping[str, Sequence[str]]) -> str:
    out, alternatives = "", []
    while parts and parts[0] not in {")", "]"}:
        part = parts.pop(0)
        if part == "|":
            alternatives.append(out)
            out = ""
        else:
            out += _element(part, parts, sets)
    if not alternatives:
        return out
    return "|".join([*alternatives, out])


_MARKS = {
    "^": "(?<=[.,] )",
    "$": rf"(?=(?:(?:{_TAIL}) ){{0,3}}[.,] )",
    "^^": r"(?<=^ \. )",
    "$$": rf"(?=(?:(?:{_TAIL}) ){{0,3}}(?:[.,] )*$)",
    ".": r"\. ",
    ",": ", ",
}


_PARTICLES = "da|do|de|la|el|le|der|die|den|het|o|a"
_WORDS = {
    "@s": "[^ .,]+s ",
    "@n": rf"(?!(?:{_TAIL}|{_PARTICLES}) )[^ .,]{{2,}} ",
    "@g": "[^ .,]{2,}in[g]? ",
    "@d": r"\d[^ .,]* ",
}


def _element(part: str, parts: list[str], sets: Mapping[str, Sequence[str]]) -> str:
    if part in {"(", "[", "!("}:
        inner = _sequence(parts, sets)
        if not parts or parts.pop(0) != _ENDS[part]:
            raise PatternProblem(f"no {_ENDS[part]} to a {part}")
        return {"(": f"(?:{inner})", "[": f"(?:{inner})?", "!(": f"(?!{inner})"}[part]
    if part in _MARKS:
        return _MARKS[part]
    if part == "~":
        return f"(?:{_set('fill', sets)}){{0,4}}"
    if part.startswith("..") and len(part) == 3:
        return f"{_ANY}{{0,{part[2]}}}"
    if part.startswith("<"):
        return f"(?:{_set(part[1:-1], sets)})"
    if part in _WORDS:
        return _WORDS[part]
    forms = sorted({re.escape(form) for form in spellings(part)})
    return (forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})") + " "


def _set(name: str, sets: Mapping[str, Sequence[str]]) -> str:
    if name not in sets:
        raise PatternProblem(f"no set named {name!r}")
    words = sorted({form for word in sets[name] for form in spellings(word)}, key=lambda word: (-len(word), word))
    return "|".join("".join(re.escape(piece) + " " for piece in word.split()) for word in words)


def spellings(word: str) -> Iterator[str]:
    """Yield a data word folded, and with German umlauts written out."""
    yield fold(word)
    spread = word.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    if spread != word.lower():
        yield fold(spread)


def alternation(patterns: Sequence[str], sets: Mapping[str, Sequence[str]]) -> re.Pattern[str] | None:
    """Return one expression that finds any of the patterns at a token's start; ``None`` for no patterns."""
    if not patterns:
        return None
    return re.compile("(?<= )(?:" + "|".join(f"(?:{compile_pattern(text, sets)})" for text in patterns) + ")")
