"""Words and groups of words with points, added up: what a text of such words usually means. Pure.

A card is a table anyone can read: one feature a line with its points for each label (``no * texts``, ``@remove
@entry``). The points are learnt from thousands of labelled texts (``make weights``); here they are only added. A
feature is

- one, two or three words that follow each other, with the breaks between clauses as words of their own,
- two words with any one between them (``no * texts``),
- the ideas of words (:mod:`~textback_pbx.consent.gist`), alone, in pairs and in pairs with one between (``@no @want``):
  they say the same in every language, and in words that no text here has held.

A long text is weighed whole, sentence by sentence and in stretches of fourteen words, and the heaviest stretch counts:
one clause in a long story is as much of a wish as the same clause alone.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

from textback_pbx.consent import gist
from textback_pbx.consent.normalise import BREAKS, STOP, Token

#: Points stand in the file as hundredths.
_UNIT = 100
_STRETCH, _STEP = 14, 5
_BEGIN, _END = "<", ">"


@dataclass(frozen=True, slots=True)
class Card:
    """Points per feature, one for each of ``labels``, which begin at ``base``; the label not named has none."""

    labels: tuple[str, ...]
    base: tuple[float, ...]
    points: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """How likely each label is, 0..1, and the words of the heaviest stretch that speak for it most."""

    shares: Mapping[str, float]
    heaviest: tuple[Token, ...]


@cache
def load(package: str, name: str) -> Card:
    """Read a package's card ``weights/<name>.tsv`` once. Raises ``ValueError`` for a file that is not one."""
    path = resources.files(package) / "weights" / f"{name}.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    if len(rows) < 2 or rows[0][0] != "feature" or rows[1][0] != "":
        raise ValueError(f"{name}: the first two lines must name the labels and where they begin")
    points = {row[0]: tuple(int(cell) / _UNIT for cell in row[1:]) for row in rows[1:]}
    return Card(tuple(rows[0][1:]), points.pop(""), points)


def weigh(found: Sequence[Token], card: Card, label: str) -> Weighed:
    """Weigh a text's tokens: the shares of the stretch in which ``label`` has the most."""
    best, most = tuple(found), {label: -1.0}
    for stretch in stretches(found):
        made = shares(features(words(stretch)), card)
        if made[label] > most[label]:
            best, most = tuple(stretch), made
    return Weighed(most, _heaviest(best, card, card.labels.index(label)))


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
    known = [ideas for word in words if (ideas := _ideas().get(word))]
    for ideas in known:
        yield from ideas
    for left, right in pairwise(known):
        yield from (f"{one} {other}" for one in left for other in right)
    for left, right in zip(known, known[2:], strict=False):
        yield from (f"{one} * {other}" for one in left for other in right)


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
    known = card.points.keys() & set(of)
    length = math.sqrt(len(known)) or 1.0
    sums = [begin + math.fsum(card.points[one][at] for one in known) / length for at, begin in enumerate(card.base)]
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


def _sum_of(run: Sequence[str], card: Card, at: int) -> float:
    grams = {" ".join(run[a:b]) for a in range(len(run)) for b in range(a + 1, len(run) + 1)}
    return sum(card.points[gram][at] for gram in grams if gram in card.points)
