"""Small grammars over tokens, as data: a pattern language, the languages' files, and what a match covers. Pure.

A language is one TOML file under ``languages/``: word sets, bare words, and rules built from the sets (somebody
ceases + messaging + me), so that one line covers hundreds of wordings. Patterns are written over folded tokens:

    word        that word                     <name>      one entry of a set
    (a|b c)     either                        [a|b]       optional
    ..3         up to three words, no break   ~           up to four filler words (set ``fill``)
    !(a|b)      not followed by               ^  $        a clause (or text) begins, ends here
    .           the sentence ends             ^^ $$       the whole text begins, ends here
    @s          a word ending in s (a possessive)       @n  a word that may be a name

They compile to regular expressions with bounded repetition only, so that no text makes them slow.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from textback_pbx.consent.normalise import BREAKS, Token, fold

#: The order in which languages are tried; ``other`` holds single words of further languages.
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "other")
_ANY = r"(?:[^ .,]+ )"
_LEX = re.compile(r"\s*(\(|\)|\[|\]|\||!\(|\^\^|\$\$|\^|\$|~|\.\.\d|<[a-z_]+>|\.|[^\s()\[\]|!^$~<>.]+)([*]?)")


class PatternProblem(ValueError):
    """A language file holds a pattern that cannot be read: a bug in our data, found by the tests."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a language: a label when its pattern is found, ``only`` too if given, and ``unless`` nowhere.

    ``name_last``: the match must end with a name, a word with a capital that the language does not know.
    """

    name: str
    label: str
    language: str
    why: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    only: re.Pattern[str] | None
    name_last: bool


@dataclass(frozen=True, slots=True)
class Bare:
    """What may stand around a bare word, and the bare words by kind; phrases as tuples of tokens."""

    phrases: Mapping[str, Mapping[tuple[str, ...], str]]
    joined: Mapping[str, tuple[str, str]]
    longest: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """Every language's data, compiled once."""

    bare: Bare
    shields: tuple[re.Pattern[str], ...]
    instructions: tuple[re.Pattern[str], ...]
    auto_replies: tuple[re.Pattern[str], ...]
    rules: tuple[Rule, ...]
    reactions: tuple[str, ...]
    typo_targets: Mapping[str, int]
    words: frozenset[str]
    signing: frozenset[str]
    not_names: frozenset[str]
    work_words: frozenset[str]
    edge_words: frozenset[str]
    harmless: frozenset[str]


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
    "$": "(?=[.,] )",
    "^^": r"(?<=^ \. )",
    "$$": r"(?=(?:[.,] )*$)",
    ".": r"\. ",
}


_WORDS = {"@s": "[^ .,]+s ", "@n": "[^ .,]{2,} "}


def _element(part: str, parts: list[str], sets: Mapping[str, Sequence[str]]) -> str:
    if part in {"(", "[", "!("}:
        inner = _sequence(parts, sets)
        parts.pop(0)
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


def _alternation(patterns: Sequence[str], sets: Mapping[str, Sequence[str]]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("(?<= )(?:" + "|".join(f"(?:{compile_pattern(text, sets)})" for text in patterns) + ")")


def _each(patterns: Sequence[str], sets: Mapping[str, Sequence[str]]) -> list[re.Pattern[str]]:
    together = _alternation(patterns, sets)
    return [] if together is None else [together]


def read_language(name: str) -> dict[str, Any]:
    """Return a packaged language file's data."""
    path = resources.files("textback_pbx.consent") / "languages" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def load() -> Grammar:
    """Read and compile every language; a few tens of milliseconds, once."""
    files = {name: read_language(name) for name in LANGUAGES}
    shared = _shared_sets(files)
    rules: list[Rule] = []
    lists: dict[str, list[re.Pattern[str]]] = {"shields": [], "instructions": [], "auto_replies": []}
    for name, data in files.items():
        sets = {**shared, **data.get("sets", {})}
        rules += [_rule(name, raw, sets) for raw in data.get("rules", [])]
        for kind in lists:
            lists[kind] += _each(data.get(kind, []), sets)
    bare = _bare(files)
    return Grammar(
        bare=bare,
        shields=tuple(lists["shields"]),
        instructions=tuple(lists["instructions"]),
        auto_replies=tuple(lists["auto_replies"]),
        rules=tuple(rules),
        reactions=tuple(verb for data in files.values() for verb in data.get("reactions", [])),
        typo_targets={word: slips for data in files.values() for word, slips in data.get("typos", {}).items()},
        words=_known_words(files, bare),
        signing=_names(files, "signing"),
        not_names=_names(files, "not_names"),
        work_words=_names(files, "work_words"),
        edge_words=_names(files, "edge_words"),
        harmless=_names(files, "harmless"),
    )


def _names(files: Mapping[str, Mapping[str, Any]], key: str) -> frozenset[str]:
    return frozenset(form for data in files.values() for word in data.get(key, []) for form in spellings(word))


def _shared_sets(files: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Sets named ``all_x`` are the union of every language's set ``x``: people mix languages in one sentence."""
    union: dict[str, list[str]] = {}
    for data in files.values():
        for name, words in data.get("sets", {}).items():
            union.setdefault(f"all_{name}", []).extend(words)
    return union


def _rule(language: str, raw: Mapping[str, Any], sets: Mapping[str, Sequence[str]]) -> Rule:
    pattern = _alternation(raw["patterns"], sets)
    assert pattern is not None
    return Rule(
        name=raw["name"],
        label=raw["label"],
        language=language,
        why=raw["why"],
        pattern=pattern,
        unless=_alternation(raw.get("unless", []), sets),
        only=_alternation(raw.get("only", []), sets),
        name_last=raw.get("name_last", False),
    )


def _bare(files: Mapping[str, Mapping[str, Any]]) -> Bare:
    phrases: dict[str, dict[tuple[str, ...], str]] = {}
    joined: dict[str, tuple[str, str]] = {}
    for language, data in files.items():
        for kind, words in data.get("bare", {}).items():
            for word in words:
                for form in spellings(word):
                    key = tuple(form.split())
                    phrases.setdefault(kind, {}).setdefault(key, language)
                    if kind in {"listed", "weak", "stop", "start", "help"}:
                        joined.setdefault("".join(key), (kind, language))
    longest = max(len(key) for kind in phrases.values() for key in kind)
    return Bare(phrases, joined, longest)


def _known_words(files: Mapping[str, Mapping[str, Any]], bare: Bare) -> frozenset[str]:
    words = {piece for kind in bare.phrases.values() for key in kind for piece in key}
    for data in files.values():
        words |= {piece for group in data.get("sets", {}).values() for word in group for piece in fold(word).split()}
        words |= {fold(word) for word in data.get("not_typos", [])}
    return frozenset(words)


def merge_letters(found: Sequence[Token], targets: frozenset[str], halves: frozenset[str]) -> list[Token]:
    """Join single letters (``s t o p``, ``s.t.o.p``) into one of ``targets``, a broken word into one of ``halves``."""
    out: list[Token] = []
    index = 0
    while index < len(found):
        end = _letters_end(found, index)
        word = ""
        while end - index >= 3 and word not in targets:
            word = "".join(token.text for token in found[index:end] if token.text not in BREAKS)
            end -= word not in targets
        if word in targets:
            out.append(Token(word, found[index].start, found[end - 1].end))
            index = end
        else:
            out.append(found[index])
            index += 1
    return _join_pairs(out, halves)


def _letters_end(found: Sequence[Token], index: int) -> int:
    end = index
    for place in range(index, len(found)):
        text = found[place].text
        if len(text) == 1 and text not in BREAKS:
            end = place + 1
        elif text not in BREAKS:
            break
    return end if end - index >= 3 else index


def _join_pairs(found: Sequence[Token], targets: frozenset[str]) -> list[Token]:
    out = list(found)
    for index, (left, right) in reversed(list(enumerate(pairwise(found)))):
        if left.text + right.text in targets and not (left.text in targets and right.text in targets):
            out[index : index + 2] = [Token(left.text + right.text, left.start, right.end)]
    return out
