"""Labelled features -> a card of points: logistic regression (scikit-learn), of which the heaviest features stay."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textback_pbx.consent.weighing import Card, card


@dataclass(frozen=True)
class Sample:
    """The features of one text or stretch, its label, and how much it counts."""

    features: tuple[str, ...]
    label: str
    weight: float = 1.0


def learn(samples: Sequence[Sample], labels: Sequence[str], *, strength: float, most: int) -> Card:
    """Learn the points of ``labels`` against all others; features that stand in one sample only are left out."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=lambda one: one.features, binary=True, min_df=2)
    counts = counter.fit_transform(samples)
    names = counter.get_feature_names_out()
    size = abs(_points(_fitted(counts, samples, strength), labels)[0]).max(axis=1)
    kept = sorted(size.argsort()[::-1][:most])
    points, base = _points(_fitted(counts[:, kept], samples, strength), labels)
    rows = ((names[place], *map(_hundredths, row)) for place, row in zip(kept, points, strict=True))
    return card(labels, list(map(_hundredths, base)), rows)


def _hundredths(points: float) -> int:
    return round(100 * float(points))


def _fitted(counts: Any, samples: Sequence[Sample], strength: float) -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    lengths = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1))
    model = LogisticRegression(C=strength, max_iter=500)
    weights = [sample.weight for sample in samples]
    return model.fit(counts.multiply(1 / lengths[:, None]).tocsr(), [one.label for one in samples], weights)


def _points(model: Any, labels: Sequence[str]) -> tuple[Any, Any]:
    """Return the points per feature and the base of each label, against the one label that is not named."""
    classes = list(model.classes_)
    if len(classes) == 2:
        sign = 1 if classes[1] == labels[0] else -1
        return sign * model.coef_.T, sign * model.intercept_
    order = [classes.index(label) for label in labels]
    rest = next(place for place, one in enumerate(classes) if one not in labels)
    return (model.coef_[order] - model.coef_[rest]).T, model.intercept_[order] - model.intercept_[rest]


def digest(made_of: Any) -> str:
    """Return a short hash of what a card is made from."""
    return hashlib.sha256(json.dumps(made_of, default=str).encode()).hexdigest()[:16]


def written(card: Card, title: str) -> str:
    """Return the card as its file: the labels, where they begin, and a feature a line, sorted."""
    rows = [(name, *(column[row] for column in card.columns)) for name, row in sorted(card.rows.items())]
    lines = ["\t".join(map(str, row)) for row in [("", *card.base), *rows]]
    return "\n".join([f"# {title}", "\t".join(["feature", *card.labels]), *lines]) + "\n"
