"""What a clause is about, word by word, where no wording fits: a refusal of texts said in any order. Pure.

The wordings of the language files know what people usually write. This layer knows ideas instead: every word of a
clause carries one or more (texts, no, stop, remove, our list, wanting, getting), or is plain glue, or is unknown.
A clause made of nothing but glue and the two ideas that together refuse texts ("me no want text", "text for this
number to end please") is a refusal, in whatever order. A word of the work ("the price", "my crown") speaks against
it, and so does one that sets hours, names other people or tells of a text that did not come; a word or two that
nobody knows may stand in it only where the two ideas stand close together.

Words are data, one file per language under ``gists/``.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from textback_pbx.consent.normalise import BREAKS, COMMA, STOP, Token
from textback_pbx.consent.patterns import spellings

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl")

#: Ideas that together refuse texts; each pair with the name of its rule and a plain reason.
_PAIRS = (
    ("cease", "texts", "cease_texting", "stop and texts, with nothing else in the clause"),
    ("no", "texts", "do_not_text", "no and texts, with nothing else in the clause"),
    ("remove", "texts", "off_the_list", "remove and texts, with nothing else in the clause"),
    ("remove", "entry", "off_the_list", "remove and our list or the number, with nothing else in the clause"),
)
#: Ideas that together refuse texts without saying no to them.
_TRIPLES = (
    ("no", "want", "get", "these", "do_not_want_texts", "not wanting to get these, with nothing else in the clause"),
    ("cease", "want", "get", "these", "do_not_want_texts", "wanting to stop getting these"),
    ("these", "entry", "other", "wrong_number", "this number is somebody else's"),
    ("texts", "other", "wrong_number", "texts that reach somebody else"),
)
_IDEAS = (
    "texts",
    "no",
    "cease",
    "remove",
    "entry",
    "want",
    "get",
    "these",
    "hate",
    "plain",
    "veto",
    "work",
    "other",
    "more",
    "send",
    "mine",
    "phone",
    "me",
    "our_list",
    "and",
    "kin",
)
#: So many unknown words may stand in a clause whose two ideas stand close together, if none is of the work.
_UNKNOWN, _CLOSE = 2, 4
_LONGEST = 40


#: What follows these is said by itself: "Tuesday is fine but no more texts".
_BUT = {"en": "but", "es": "pero", "fr": "mais", "de": "aber", "it": "ma", "nl": "maar", "pt": "mas"}
_WORK = frozenset({"work"})
#: Pronouns that are written on to the end of a verb; and the ideas that verbs carry.
_CLITICS = {
    "es": re.compile(r"(?:me|nos|te|se|le|les|lo|la|los|las)$"),
    "it": re.compile(r"(?:mi|ci|vi|ti|si|lo|la|li|le|ne|gli|me|ce|glie)$"),
    "pt": re.compile(r"(?:me|nos|vos|lhe|lhes|lo|la|los|las|no|na)$"),
}
_VERBS = frozenset({"cease", "remove", "get", "send", "texts"})
#: Ideas that only :mod:`~textback_pbx.consent.core` looks for.
_CORE = frozenset({"more", "send", "mine", "phone", "me", "our_list", "and", "kin"})


@dataclass(frozen=True, slots=True)
class Gist:
    """A clause's refusal: the rule's name, the reason, the tokens it rests on, how sure (``True``: alone enough)."""

    rule: str
    why: str
    tokens: tuple[Token, ...]
    language: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language: phrase -> ideas."""

    language: str
    ideas: Mapping[tuple[str, ...], frozenset[str]]
    longest: int


@cache
def lexicons() -> tuple[Lexicon, ...]:
    """Read every language's file once."""
    return tuple(_read(name) for name in LANGUAGES)


def language(found: Sequence[Token]) -> str:
    """Return the language that knows most of these words; English for none."""
    texts = [token for token in found if token.text not in BREAKS]
    return lexicon_of(texts).language


def but(found: Sequence[Token]) -> frozenset[str]:
    """Return the word after which something else is said; "mais" is one in French, and "more" in Portuguese."""
    return frozenset({_BUT[language(found)], "but"})


def lexicon_of(words: Sequence[Token]) -> Lexicon:
    """Return the language that knows most of these words; English for none."""
    return max(lexicons(), key=lambda lexicon: _ideas(words, lexicon).known)


def spread(clause: Sequence[Token], lexicon: Lexicon) -> list[frozenset[str]]:
    """Return the ideas each word carries, those of a phrase on each of its words; nothing for an unknown word."""
    out: list[frozenset[str]] = []
    while len(out) < len(clause):
        size, ideas = _longest(clause, len(out), lexicon)
        out += [ideas or frozenset({"plain"} if clause[len(out)].text.isdigit() else ())] * size
    return out


def plain_words(name: str) -> frozenset[str]:
    """Return the words of one language that are not of the work."""
    lexicon = next(one for one in lexicons() if one.language == name)
    return frozenset(word for phrase, ideas in lexicon.ideas.items() if ideas != _WORK for word in phrase)


@cache
def words() -> frozenset[str]:
    """Return every word of every language's file: real words, so no slips of others."""
    return frozenset(word for lexicon in lexicons() for phrase in lexicon.ideas for word in phrase)


def _read(name: str) -> Lexicon:
    path = resources.files("textback_pbx.consent") / "gists" / f"{name}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = set(data) - set(_IDEAS)
    if unknown:
        raise ValueError(f"{name}: no such ideas: {sorted(unknown)}")
    ideas: dict[tuple[str, ...], set[str]] = {}
    for idea, words in data.items():
        for word in words:
            for form in spellings(word):
                ideas.setdefault(tuple(form.split()), set()).add(idea)
    for phrase, found in ideas.items():
        if len(phrase) > 1 and found <= _CORE:  # what its words say, it says too
            found.update(*(ideas.get((word,), ()) for word in phrase))
    return Lexicon(name, {key: frozenset(found) for key, found in ideas.items()}, max(map(len, ideas), default=1))


def refusal(found: Sequence[Token]) -> Gist | None:
    """Return what in these tokens refuses texts, the surest clause first; ``None`` when nothing does."""
    best: Gist | None = None
    if _triggers().isdisjoint(token.text for token in found):
        return None
    for sentence in cut(found, frozenset({STOP}) | but(found)):
        words = [token for token in sentence if token.text not in BREAKS]
        reads = [(_ideas(words, lexicon), lexicon) for lexicon in lexicons()]
        read, lexicon = max(reads, key=lambda pair: pair[0].known)
        if "veto" in read.places:
            continue
        for clause in cut(sentence, frozenset({COMMA})):
            gist = _of_clause(clause, lexicon)
            if gist is not None and gist.sure:
                return gist
            best = best or gist
    return best


@cache
def _triggers() -> frozenset[str]:
    """Return the words without one of which nothing here is a refusal."""
    wanted = {"texts", "remove", "other", "these"}
    return frozenset(phrase[0] for lexicon in lexicons() for phrase, ideas in lexicon.ideas.items() if ideas & wanted)


def cut(found: Sequence[Token], at: frozenset[str], shortest: int = 2) -> list[list[Token]]:
    """Cut tokens at breaks; parts too short or too long to say something are left out."""
    out: list[list[Token]] = [[]]
    for token in found:
        if token.text in at:
            out.append([])
        else:
            out[-1].append(token)
    return [part for part in out if shortest <= len(part) <= _LONGEST]


@dataclass(frozen=True, slots=True)
class _Read:
    """A clause read in one language: the places of each idea, and how many words are known and unknown."""

    places: Mapping[str, tuple[int, ...]]
    known: int
    unknown: int

    def has(self, *ideas: str) -> bool:
        """Whether each idea stands on a word of its own."""
        used: set[int] = set()
        for idea in ideas:
            free = next((place for place in self.places.get(idea, ()) if place not in used), None)
            if free is None:
                return False
            used.add(free)
        return True


def _of_clause(clause: Sequence[Token], lexicon: Lexicon) -> Gist | None:
    read = _ideas(clause, lexicon)
    for *ideas, rule, why in (*_PAIRS, *_TRIPLES):
        if not read.has(*ideas):
            continue
        if read.unknown * 2 > read.known:
            continue
        basis = sorted({read.places[idea][0] for idea in ideas})
        sure = read.unknown == 0 or (
            not {"texts", "other"}.isdisjoint(ideas)
            and read.unknown <= min(_UNKNOWN, read.known - 1)
            and not read.has("work")
            and basis[-1] - basis[0] <= _CLOSE
        )
        return Gist(rule, why, tuple(clause[place] for place in basis), lexicon.language, sure)
    return None


def _ideas(clause: Sequence[Token], lexicon: Lexicon) -> _Read:
    places: dict[str, list[int]] = {}
    known = unknown = index = 0
    while index < len(clause):
        size, ideas = _longest(clause, index, lexicon)
        if ideas == _WORK:
            unknown += 1
            places.setdefault("work", []).append(index)
        elif ideas:
            known += size
            for idea in ideas:
                places.setdefault(idea, []).append(index)
        else:
            unknown += not clause[index].text.isdigit()
        index += size
    return _Read({idea: tuple(at) for idea, at in places.items()}, known, unknown)


def _longest(clause: Sequence[Token], index: int, lexicon: Lexicon) -> tuple[int, frozenset[str]]:
    for size in range(min(lexicon.longest, len(clause) - index), 0, -1):
        ideas = lexicon.ideas.get(tuple(token.text for token in clause[index : index + size]))
        if ideas is not None:
            return size, ideas
    return 1, _without_clitics(clause[index].text, lexicon)


def _without_clitics(word: str, lexicon: Lexicon) -> frozenset[str]:
    """Read a verb with its pronouns joined on ("borrenlo", "mandarmelos", "eliminatelo") as the verb."""
    ending = _CLITICS.get(lexicon.language)
    while ending is not None:
        match = ending.search(word)
        if match is None or match.start() < 4:
            break
        word = word[: match.start()]
        ideas = lexicon.ideas.get((word,))
        if ideas is not None and not ideas.isdisjoint(_VERBS):
            return ideas
    return frozenset()
