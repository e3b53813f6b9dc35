"""The card for opt-outs: from the corpus, the many texts beside it, the intake's texts and ordinary ones made up.

A text is weighed whole, and in a second round in stretches: every stretch of an ordinary text is ordinary, and of a
refusal the heaviest stretch is one. Beside each text stands the same with a slip of the finger.
"""

import json
import random
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
    """One text and its label, ``none`` for anything that is neither a refusal nor for a person."""

    text: str
    label: str
    weight: float = 1.0


def cases() -> list[Case]:
    """Return every labelled text once, the opt-out corpus' own label first."""
    found: dict[str, Case] = {}
    for weight, labelled in ((JUDGED, _judged()), (1.0, _many())):
        for text, label in labelled:
            found.setdefault(text.strip().casefold(), Case(text, label if label in LABELS else "none", weight))
    return list(found.values())


def _judged() -> Iterator[tuple[str, str]]:
    """The corpus and the families: each label was looked at twice."""
    for row in _rows([*sorted(CORPUS.glob("*.jsonl")), SIBLINGS]):
        labels = row.get("labels") or [row["label"]]
        answers = row.get("last_outbound") == "optout_confirmation"
        if len(labels) == 1 and not answers:  # what may be read in two ways teaches neither
            yield row["text"], labels[0]
    for _, label, text in FAMILIES:
        yield text, label


def _many() -> Iterator[tuple[str, str]]:
    for row in _rows(sorted((CORPUS / "many").glob("*.jsonl"))):
        yield row["text"], row["label"]
    for row in _rows(sorted(INTAKE.rglob("*.jsonl"))):
        yield row["text"], row.get("keyword", "none")
    for text in ordinary_texts(GENERATED, SEED):
        yield text, "none"


def _rows(paths: Sequence[Path]) -> Iterator[dict]:
    for path in paths:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


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


def check(texts: Sequence[Case], folds: int) -> None:
    """Print what rules and card together say of texts the card was made without, by the level of the card."""
    levels = (0.6, 0.7, 0.8, 0.9)
    seen: dict[str, list[tuple[str, float]]] = {label: [] for label in ("stop", "ambiguous", "none")}
    for fold in range(folds):
        made = card([case for at, case in enumerate(texts) if at % folds != fold])
        for case in texts[fold::folds]:
            share = weighing.weigh(heard(case.text), made, "stop").shares["stop"]
            seen[case.label].append((str(by_rules(case.text).label), share))
    print("label       texts  rules alone say stop, with the card from", *levels)
    for label, of in seen.items():
        by_rule = [verdict == "stop" for verdict, _ in of]
        both = [sum(rule or share >= level for rule, (_, share) in zip(by_rule, of, strict=True)) for level in levels]
        print(f"{label:10} {len(of):6} {sum(by_rule) / len(of):7.1%}", *(f"{one / len(of):7.1%}" for one in both))
