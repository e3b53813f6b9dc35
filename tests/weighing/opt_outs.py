"""The card for opt-outs: from the corpus, the many texts beside it, the intake's texts and ordinary ones made up.

A text is weighed whole, and in a second round in stretches: every stretch of an ordinary text is ordinary, and of a
refusal the heaviest stretch is one. Beside each text stands the same with a slip of the finger.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.consent.support import CORPUS, ordinary_texts, slip
from tests.consent.test_families import CASES as FAMILIES
from tests.weighing.learn import Sample, digest, learn
from textback_pbx.consent import gist, opinion, quotes, weighing
from textback_pbx.consent.grammar import load as grammar
from textback_pbx.consent.keywords import by_rules
from textback_pbx.consent.normalise import Token, tokens

INTAKE = CORPUS.parent.parent / "replies" / "corpus"
SIBLINGS = CORPUS.parent / "siblings.jsonl"
CARD = Path(weighing.__file__).parent / "weights" / f"{opinion.CARD}.tsv"
LABELS = ("ambiguous", "stop")
GENERATED, SEED = 3_000, 5
#: How much a text of the corpus counts, beside one of the many that were labelled in passing.
JUDGED = 2.0
FEATURES, STRENGTH = 30_000, 20.0


@dataclass(frozen=True)
class Case:
    """One text, its label (``none``: neither a refusal nor for a person) and the file it stands in."""

    text: str
    label: str
    weight: float = 1.0
    source: str = ""


def cases() -> list[Case]:
    """Return every labelled text once, the opt-out corpus' own label first."""
    found: dict[str, Case] = {}
    for weight, labelled in ((JUDGED, _judged()), (1.0, _many())):
        for text, label, source in labelled:
            case = Case(text, label if label in LABELS else "none", weight, source)
            found.setdefault(text.strip().casefold(), case)
    return list(found.values())


def _judged() -> Iterator[tuple[str, str, str]]:
    """The corpus and the families: each label was looked at twice."""
    for row, source in _rows([*sorted(CORPUS.glob("*.jsonl")), SIBLINGS]):
        labels = row.get("labels") or [row["label"]]
        answers = row.get("last_outbound") == "optout_confirmation"
        if len(labels) == 1 and not answers:  # what may be read in two ways teaches neither
            yield row["text"], labels[0], source
    for _, label, text in FAMILIES:
        yield text, label, "families"


def _many() -> Iterator[tuple[str, str, str]]:
    for row, source in _rows(sorted((CORPUS / "many").glob("*.jsonl"))):
        yield row["text"], row["label"], source
    for row, source in _rows(sorted(INTAKE.rglob("*.jsonl"))):
        yield row["text"], row.get("keyword", "none"), source
    for text in ordinary_texts(GENERATED, SEED):
        yield text, "none", "made up"


def _rows(paths: Sequence[Path]) -> Iterator[tuple[dict, str]]:
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line), path.name


def made_of(texts: Sequence[Case]) -> str:
    """Return the hash of what the card is made from: the texts, their labels, and the ideas of words."""
    ideas = [sorted((" ".join(key), sorted(of)) for key, of in one.ideas.items()) for one in gist.lexicons()]
    return digest([sorted((case.text, case.label) for case in texts), ideas])


def heard(text: str) -> list[Token]:
    """Return the tokens that are weighed: without what the phone put there."""
    return tokens(quotes.mask(text, grammar().reactions).text)


def card(texts: Sequence[Case]) -> weighing.Card:
    """Learn the card from ``texts``."""
    rng = random.Random(SEED)
    found = [heard(case.text) for case in texts]
    whole = [Sample(_features(one), case.label, case.weight) for one, case in zip(found, texts, strict=True)]
    slips = [Sample(_features(heard(slip(case.text, rng))), case.label, case.weight / 2) for case in texts]
    first = learn(whole, LABELS, strength=STRENGTH, most=FEATURES)
    parts = [part for one, case in zip(found, texts, strict=True) for part in _stretches(one, case, first)]
    return learn([*whole, *slips, *parts], LABELS, strength=STRENGTH, most=FEATURES)


def _stretches(found: Sequence[Token], case: Case, first: weighing.Card) -> Iterator[Sample]:
    pieces = [_features(piece) for piece in weighing.stretches(found)]
    best = max(pieces, key=lambda piece: weighing.shares(piece, first)["stop"])
    for piece in pieces[1:]:
        if piece is best or case.label == "none":
            yield Sample(piece, case.label, case.weight * (0.8 if piece is best else 0.5))


def _features(found: Sequence[Token]) -> tuple[str, ...]:
    return tuple(weighing.features(weighing.words(found)))


#: Texts of up to so many words are counted together; and the shares from which a row of the table counts.
LENGTHS = (8, 15, 25, 40, 1_000)
SHARES = (0.0, 0.01, 0.02, 0.03, 0.1, 0.2, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def check(texts: Sequence[Case], folds: int) -> None:
    """Print how the card weighs writers it was made without: by length, and by what the rules say of the text.

    A fold is a number of whole files, for texts of one hand are more alike than those of strangers.
    """
    sources = sorted({case.source for case in texts})
    seen: Counter[tuple[int, bool, str, float]] = Counter()
    for fold in range(folds):
        held_back = set(sources[fold::folds])
        made = card([case for case in texts if case.source not in held_back])
        for case in texts:
            if case.source in held_back and (found := heard(case.text)):
                length = next(most for most in LENGTHS if len(case.text.split()) <= most)
                share = weighing.weigh(found, made, "stop").shares["stop"]
                row = length, by_rules(case.text).label == "stop", case.label
                seen.update((*row, least) for least in SHARES if share >= least)
    print("words up to, the rules say stop, label; texts with at least this share of refusals:", *SHARES)
    for row in sorted({key[:3] for key in seen}):
        print(f"{row[0]:5} {'stop' if row[1] else 'else':5} {row[2]:10}", *(f"{seen[*row, one]:6}" for one in SHARES))
