"""Make the card of points for opt-outs from the labelled texts: ``make weights`` (scikit-learn, half a minute).

A text is one line of the corpus, of ``corpus/many`` or of the intake's corpus (ordinary texts all), or an ordinary
text made from templates. Multinomial logistic regression over the features of :mod:`textback_pbx.consent.weighing`
gives the points; only the heaviest features stay. In a second round the stretches of each text are weighed too: all
those of an ordinary text are ordinary, and of a refusal the heaviest one is the refusal.

``python -m tests.consent.weights --check N`` holds every N-th text back in turn and prints how those are weighed.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.consent.support import CORPUS, ordinary_texts
from textback_pbx.consent import gist, quotes, weighing
from textback_pbx.consent.grammar import load as grammar
from textback_pbx.consent.normalise import tokens

MANY = CORPUS / "many"
INTAKE = CORPUS.parent.parent / "replies" / "corpus"
CARD = Path(weighing.__file__).parent / "weights" / "opt_outs.tsv"
LABELS = ("ambiguous", "stop")
GENERATED, SEED = 3_000, 5
FEATURES, STRENGTH = 20_000, 20.0


@dataclass(frozen=True)
class Case:
    """One text and its label, ``none`` for anything that is neither a refusal nor for a person."""

    text: str
    label: str


def cases() -> list[Case]:
    """Return every labelled text once, the opt-out corpus' own label first."""
    found: dict[str, Case] = {}
    for text, label in _labelled():
        found.setdefault(text.strip().casefold(), Case(text, label if label in LABELS else "none"))
    return list(found.values())


def _labelled() -> Iterator[tuple[str, str]]:
    for path in [*sorted(CORPUS.glob("*.jsonl")), *sorted(MANY.glob("*.jsonl"))]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            labels = row.get("labels") or [row["label"]]
            if len(labels) == 1:  # a sibling that may be read in two ways teaches neither
                yield row["text"], labels[0]
    for path in sorted(INTAKE.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield row["text"], row.get("keyword", "none")
    for text in ordinary_texts(GENERATED, SEED):
        yield text, "none"


def digest(texts: Sequence[Case]) -> str:
    """Return what the card was made from, as a hash: the texts, their labels, and the ideas of words."""
    ideas = [
        (lexicon.language, sorted((key, sorted(of)) for key, of in lexicon.ideas.items()))
        for lexicon in gist.lexicons()
    ]
    made_of = json.dumps([sorted((case.text, case.label) for case in texts), ideas], default=sorted)
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def learn(texts: Sequence[Case]) -> weighing.Card:
    """Learn the points from ``texts``."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    def counted(names: Sequence[str] | None = None) -> CountVectorizer:
        return CountVectorizer(analyzer=lambda one: one, binary=True, min_df=1 if names else 2, vocabulary=names)

    def scaled(counts):
        lengths = np.sqrt(np.asarray(counts.sum(axis=1)).ravel())
        return counts.multiply(1 / np.maximum(lengths, 1)[:, None]).tocsr()

    def fitted(counts, labels, weights=None):
        model = LogisticRegression(C=STRENGTH, max_iter=400)
        return model.fit(scaled(counts), labels, sample_weight=weights)

    heard = [tokens(quotes.mask(case.text, grammar().reactions).text) for case in texts]
    pieces = [
        (at, first == 0, list(weighing.features(weighing.words(stretch))))
        for at, found in enumerate(heard)
        for first, stretch in enumerate(weighing.stretches(found))
    ]
    labels = np.array([texts[at].label for at, _, _ in pieces])
    whole = np.array([is_whole for _, is_whole, _ in pieces])
    counter = counted()
    counter.fit([of for _, is_whole, of in pieces if is_whole])
    counts = counter.transform([of for _, _, of in pieces])
    model = fitted(counts[whole], labels[whole])

    likely = model.predict_proba(scaled(counts))[:, list(model.classes_).index("stop")]
    heaviest: dict[int, int] = {}
    for row, (at, _, _) in enumerate(pieces):
        if at not in heaviest or likely[row] > likely[heaviest[at]]:
            heaviest[at] = row
    best = np.zeros(len(pieces), dtype=bool)
    best[list(heaviest.values())] = True
    keep = whole | best | (labels == "none")
    weights = np.where(whole, 1.0, np.where(best, 0.8, 0.5))[keep]

    order = [list(model.classes_).index(label) for label in LABELS]
    none = list(model.classes_).index("none")
    size = np.abs(model.coef_[order] - model.coef_[none]).max(axis=0)
    kept = np.sort(np.argsort(-size)[:FEATURES])
    names = counter.get_feature_names_out()[kept]
    model = fitted(counts[keep][:, kept], labels[keep], weights)
    points = (model.coef_[order] - model.coef_[none]).T
    base = tuple(float(one) for one in model.intercept_[order] - model.intercept_[none])
    return weighing.Card(
        LABELS, base, {name: tuple(float(one) for one in row) for name, row in zip(names, points, strict=True)}
    )


def written(card: weighing.Card, texts: Sequence[Case]) -> str:
    """Return the card as its file: the labels, where they begin, and a feature a line, sorted."""
    lines = [
        f"# Points in hundredths, made by `make weights` from {len(texts)} labelled texts ({digest(texts)}).",
        "\t".join(["feature", *card.labels]),
        *(
            "\t".join([name, *(f"{100 * one:.0f}" for one in values)])
            for name, values in [("", card.base), *sorted(card.points.items())]
        ),
    ]
    return "\n".join(lines) + "\n"


def check(texts: Sequence[Case], folds: int) -> None:
    """Print how texts are weighed by a card that was made without them, by the least share that counts as a refusal."""
    levels = (0.5, 0.6, 0.7, 0.8, 0.9)
    seen = {label: [] for label in ("stop", "ambiguous", "none")}
    for fold in range(folds):
        card = learn([case for at, case in enumerate(texts) if at % folds != fold])
        for case in texts[fold::folds]:
            found = tokens(quotes.mask(case.text, grammar().reactions).text)
            seen[case.label].append(weighing.weigh(found, card, "stop").shares["stop"])
    for label, shares in seen.items():
        print(
            f"{label:10} {len(shares):6}",
            *(f"{sum(one >= level for one in shares) / len(shares):6.1%} at {level}" for level in levels),
        )


if __name__ == "__main__":
    everything = cases()
    if "--check" in sys.argv:
        check(everything, int(sys.argv[sys.argv.index("--check") + 1]))
    else:
        CARD.write_text(written(learn(everything), everything), encoding="utf-8")
        print(f"{CARD.name}: {len(everything)} texts, {CARD.stat().st_size // 1024} kB")
