"""Words and groups of words with points, added up: what a text of such words usually means. Pure.

A card is a table anyone can read: one feature a line with its points for each label (``no * texts``, ``@remove
@entry``). The points are learnt from thousands of labelled texts (``make weights``); here they are only added. A
feature is

- one, two or three words that follow each other, with the breaks between clauses as words of their own,
- two words with any one between them (``no * texts``),
- the ideas of words (:mod:`~textback_pbx.consent.gist`), alone, in pairs, in pairs with one between (``@no @want``) and
  anywhere together (``@no & @texts``): they say the same in every language, and in words that no text here has held,
- four or five letters of a longer word (``~^unsu``): they say the same in other forms and slips of it.

A long text is weighed whole, sentence by sentence and in stretches of fourteen words, and what counts lies midway
between the whole and the heaviest stretch: one clause in a long story may be a wish, but the story is heard with it.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations, pairwise

from textback_pbx.consent import gist
from textback_pbx.consent.normalise import BREAKS, STOP, Token

#: Points stand in the file as hundredths.
_UNIT = 100
_STRETCH, _STEP = 14, 5
_BEGIN, _END = "<", ">"
#: Letters of a word up to which only the whole word counts.
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Card:
    """Points in hundredths for each of ``labels``, which begin at ``base``; the label not named has none.

    Tens of thousands of features must stay small in memory: ``rows`` says where in ``columns``, one for each label,
    the points of a feature stand.
    """

    labels: tuple[str, ...]
    base: tuple[int, ...]
    rows: Mapping[str, int]
    columns: tuple[Sequence[int], ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """How likely each label is, 0..1, and the words that weigh most for the one asked for."""

    shares: Mapping[str, float]
    heaviest: tuple[Token, ...]


@cache
def load(package: str, name: str) -> Card:
    """Read a package's card ``weights/<name>.tsv`` once. Raises ``ValueError`` for a file that is not one."""
    path = resources.files(package) / "weights" / f"{name}.tsv"
    with path.open(encoding="utf-8") as lines:
        heads = [next(lines, "").rstrip("\n").split("\t") for _ in range(3)]
        if heads[1][0] != "feature" or heads[2][0] != "":
            raise ValueError(f"{name}: after its title a card names the labels and where they begin")
        return card(heads[1][1:], list(map(int, heads[2][1:])), (line.rstrip("\n").split("\t") for line in lines))


def card(labels: Sequence[str], base: Sequence[int], rows: Iterable[Sequence[str | int]]) -> Card:
    """Make a card of rows: a feature and its points for each label."""
    columns = tuple(array("i") for _ in labels)
    places: dict[str, int] = {}
    for feature, *points in rows:
        places[str(feature)] = len(places)
        for column, value in zip(columns, points, strict=True):
            column.append(int(value))
    return Card(tuple(labels), tuple(base), places, columns)


def weigh(found: Sequence[Token], card: Card, label: str) -> Weighed:
    """Weigh a text's tokens: the shares midway (geometric mean) between the whole and where ``label`` has the most.

    One heavy stretch alone would make something of any long story, and the whole alone would miss a wish in it.
    """
    pieces = list(stretches(found))
    each = [shares(features(words(piece)), card) for piece in pieces]
    at = max(range(len(each)), key=lambda place: each[place][label])
    mixed = {name: math.sqrt(each[0][name] * each[at][name]) for name in card.labels}
    return Weighed(mixed, _heaviest(pieces[at], card, card.labels.index(label)))


def stretches(found: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the whole text, then its sentences if there are several, then fourteen words at a time of long ones."""
    yield found
    sentences: list[list[Token]] = [[]]
    for token in found:
        if token.text == STOP:
            sentences.append([])
        else:
            sentences[-1].append(token)
    for sentence in sentences:
        if sentence and len(sentences) > 1:
            yield sentence
        if len(sentence) > _STRETCH:
            for start in range(0, len(sentence) - _STRETCH + _STEP, _STEP):
                yield sentence[start : start + _STRETCH]


def words(found: Sequence[Token]) -> list[str]:
    """Return the words that are weighed: numbers count by their length alone."""
    return ["0" * min(len(token.text), 5) if token.text.isdigit() else token.text for token in found]


def features(words: Sequence[str]) -> Iterator[str]:
    """Yield every feature of one stretch, those that stand twice twice."""
    framed = [_BEGIN, *words, _END]
    for size in (1, 2, 3):
        for start in range(len(framed) - size + 1):
            yield " ".join(framed[start : start + size])
    yield from (f"{first} * {third}" for first, third in zip(framed, framed[2:], strict=False))
    for word in words:
        yield from _letters(f"^{word}$") if len(word) > _SHORT else ()
    known = [ideas for word in words if (ideas := _ideas().get(word))]
    yield from (f"{one} & {other}" for one, other in combinations(sorted({i for ideas in known for i in ideas}), 2))
    for ideas in known:
        yield from ideas
    for left, right in pairwise(known):
        yield from (f"{one} {other}" for one in left for other in right)
    for left, right in zip(known, known[2:], strict=False):
        yield from (f"{one} * {other}" for one in left for other in right)


def _letters(word: str) -> Iterator[str]:
    for size in (4, 5):
        yield from (f"~{word[start : start + size]}" for start in range(len(word) - size + 1))


@cache
def _ideas() -> Mapping[str, tuple[str, ...]]:
    """Return the ideas of single words in all languages together; plain glue has none."""
    found: dict[str, set[str]] = {mark: {f"@{STOP}"} for mark in BREAKS}
    for lexicon in gist.lexicons():
        for phrase, ideas in lexicon.ideas.items():
            if len(phrase) == 1:
                found.setdefault(phrase[0], set()).update(f"@{idea}" for idea in ideas if idea != "plain")
    return {word: tuple(sorted(ideas)) for word, ideas in found.items() if ideas}


def shares(of: Iterable[str], card: Card) -> dict[str, float]:
    """Return how likely each of the card's labels is, 0..1, for the features of one text or stretch."""
    known = [card.rows[one] for one in card.rows.keys() & set(of)]
    length = math.sqrt(len(known)) or 1.0
    sums = [
        (begin + sum(column[row] for row in known) / length) / _UNIT
        for begin, column in zip(card.base, card.columns, strict=True)
    ]
    top = max(0.0, *sums)
    parts = [math.exp(one - top) for one in sums]
    whole = sum(parts) + math.exp(-top)
    return {label: part / whole for label, part in zip(card.labels, parts, strict=True)}


def _heaviest(stretch: Sequence[Token], card: Card, at: int) -> tuple[Token, ...]:
    """Return the run of two or three words that adds most; the whole stretch when none adds anything."""
    shown = words(stretch)
    runs = [(start, size) for size in (2, 3) for start in range(len(shown) - size + 1)]
    value = {run: _sum_of(shown[run[0] : sum(run)], card, at) for run in runs}
    if not value or max(value.values()) <= 0:
        return tuple(stretch)
    start, size = max(value, key=lambda run: value[run])
    return tuple(stretch[start : start + size])


def _sum_of(run: Sequence[str], card: Card, at: int) -> int:
    grams = {" ".join(run[a:b]) for a in range(len(run)) for b in range(a + 1, len(run) + 1)}
    return sum(card.columns[at][card.rows[gram]] for gram in grams if gram in card.rows)
