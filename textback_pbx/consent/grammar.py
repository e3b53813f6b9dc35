"""The languages' files, read and compiled once: bare words, word sets, and small grammars built from them. Pure.

A language is one TOML file under ``languages/``. Its rules are patterns over word sets (somebody ceases + messaging
+ me), so that one line covers hundreds of wordings; :mod:`~textback_pbx.consent.patterns` has the notation.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from textback_pbx.consent import gist, spelling
from textback_pbx.consent.normalise import fold
from textback_pbx.consent.patterns import alternation, spellings

#: The order in which languages are tried; ``other`` holds single words of further languages.
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "other")


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
class Anywhere:
    """Phrases looked for anywhere in the folded text, for languages written without spaces."""

    name: str
    label: str
    language: str
    why: str
    pattern: re.Pattern[str]


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
    anywhere: tuple[Anywhere, ...]
    reactions: tuple[str, ...]
    typo_targets: Mapping[str, int]
    joined_index: Mapping[str, tuple[str, ...]]
    typo_index: Mapping[str, tuple[str, ...]]
    swapped: Mapping[tuple[str, ...], str]
    words: frozenset[str]
    signing: frozenset[str]
    not_names: frozenset[str]
    names: frozenset[str]
    work_words: frozenset[str]
    edge_words: frozenset[str]
    harmless: frozenset[str]
    run_together: frozenset[str]
    leads: frozenset[str]
    noise: frozenset[str]
    shorthand: Mapping[str, Mapping[str, str]]
    spelling: Mapping[str, Mapping[str, tuple[str, ...]]]


def _each(patterns: Sequence[str], sets: Mapping[str, Sequence[str]]) -> list[re.Pattern[str]]:
    together = alternation(patterns, sets)
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
        anywhere=tuple(_anywhere(name, raw) for name, data in files.items() for raw in data.get("anywhere", [])),
        reactions=tuple(verb for data in files.values() for verb in data.get("reactions", [])),
        typo_targets={word: slips for data in files.values() for word, slips in data.get("typos", {}).items()},
        joined_index=spelling.index(bare.joined),
        typo_index=spelling.index(word for data in files.values() for word in data.get("typos", {})),
        swapped={
            tuple(sorted(word)): word
            for data in files.values()
            for word in data.get("typos_swapped", {}).get("words", [])
        },
        words=_known_words(files, bare),
        signing=_names(files, "signing"),
        not_names=_names(files, "not_names"),
        names=frozenset(read_language("names")["names"]),
        work_words=_names(files, "work_words"),
        edge_words=_names(files, "edge_words"),
        harmless=_names(files, "harmless"),
        run_together=_names(files, "run_together"),
        leads=_names(files, "leads"),
        spelling={name: spelling.index(_wording_words(name, files[name])) for name in gist.LANGUAGES},
        noise=_names(files, "noise"),
        shorthand={name: _shorthand(data) for name, data in files.items()},
    )


def _names(files: Mapping[str, Mapping[str, Any]], key: str) -> frozenset[str]:
    return frozenset(form for data in files.values() for word in data.get(key, []) for form in spellings(word))


def _shorthand(data: Mapping[str, Any]) -> Mapping[str, str]:
    return {short: fold(word) for short, word in data.get("shorthand", {}).items()}


def _shared_sets(files: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Sets named ``all_x`` are the union of every language's set ``x``: people mix languages in one sentence."""
    union: dict[str, list[str]] = {}
    for data in files.values():
        for name, words in data.get("sets", {}).items():
            union.setdefault(f"all_{name}", []).extend(words)
    return union


def _rule(language: str, raw: Mapping[str, Any], sets: Mapping[str, Sequence[str]]) -> Rule:
    pattern = alternation(raw["patterns"], sets)
    assert pattern is not None
    return Rule(
        name=raw["name"],
        label=raw["label"],
        language=language,
        why=raw["why"],
        pattern=pattern,
        unless=alternation(raw.get("unless", []), sets),
        only=alternation(raw.get("only", []), sets),
        name_last=raw.get("name_last", False),
    )


def _anywhere(language: str, raw: Mapping[str, Any]) -> Anywhere:
    """Phrases with spaces must begin and end at a word's edge; scripts without spaces have no edges."""
    words = {form for word in raw["words"] for form in spellings(word)}
    shown = [rf"(?<!\w){re.escape(word)}" if word[0] < "\u0e00" else re.escape(word) for word in sorted(words)]
    return Anywhere(raw["name"], raw["label"], language, raw["why"], re.compile("|".join(shown)))


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


def _wording_words(name: str, data: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of a language's wordings and ideas: those that slips are mended to."""
    wordings = " ".join(text for raw in data["rules"] for text in raw["patterns"])
    sets = " ".join(word for group in data["sets"].values() for word in group)
    return frozenset(fold(word) for word in re.findall(r"\w{4,}", f"{wordings} {sets}")) | gist.plain_words(name)


def _known_words(files: Mapping[str, Mapping[str, Any]], bare: Bare) -> frozenset[str]:
    words = {piece for kind in bare.phrases.values() for key in kind for piece in key}
    for data in files.values():
        words |= {piece for group in data.get("sets", {}).values() for word in group for piece in fold(word).split()}
        words |= {fold(word) for word in data.get("not_typos", [])}
    return frozenset(words)
