"""The corpus' refusals as others would write them: slips, shorthand, no capitals, words before and after."""

import random
import re

import pytest

from tests.consent.support import corpus, slip
from tests.consent.test_corpus import PARTS
from textback_pbx.consent.keywords import classify

SHORT = {
    "your": "ur", "please": "pls", "text": "txt", "texts": "txts", "texting": "txting", "message": "msg",
    "messages": "msgs", "number": "num", "and": "n", "the": "da", "this": "dis", "don't": "dont", "you": "u",
}  # fmt: skip


def plain(text):
    return text.rstrip(".! ")


WAYS = {
    "capitals": (0.99, lambda text, _: text.upper()),
    "small": (0.98, lambda text, _: text.lower()),
    "no marks": (0.92, lambda text, _: re.sub(r"[^\w\s]", "", text)),
    "a slip": (0.85, slip),
    "shorthand": (0.95, lambda text, _: " ".join(SHORT.get(word.lower(), word) for word in text.split())),
    "greeted": (0.98, lambda text, _: "Hi there, " + text),
    "led in": (0.95, lambda text, _: "ok so " + text),
    "thanked": (0.96, lambda text, _: plain(text) + " thanks so much"),
    "laughed": (0.97, lambda text, _: plain(text) + " lol"),
    "signed": (0.97, lambda text, _: plain(text) + ".\nSent from my iPhone"),
    "with a visit": (0.97, lambda text, _: "I'll still come Tuesday at 3. " + text),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_stays_one_however_it_is_written(way):
    least, rewrite = WAYS[way]
    rng = random.Random(7)
    every = [t for part in PARTS for t in corpus(part) if (t.label, t.kind, t.lang) == ("stop", "phrase", "en")]
    texts = [t.text for t in rng.sample(every, 150) if classify(t.text, t.last_outbound).label == "stop"]
    lost = [made for text in texts if classify(made := rewrite(text, rng)).label != "stop"]
    print(f"{way}: {len(lost)} of {len(texts)} lost", *lost, sep="\n  ")
    assert len(lost) <= (1 - least) * len(texts)


@pytest.mark.parametrize("way", ["capitals", "small", "a slip", "greeted", "led in", "thanked", "laughed"])
def test_an_ordinary_text_stays_one_however_it_is_written(way):
    rewrite = WAYS[way][1]
    rng = random.Random(8)
    every = [t for part in PARTS for t in corpus(part) if t.kind == "negative" and not t.accept]
    texts = [t for t in rng.sample(every, 150) if classify(t.text, t.last_outbound).label == "none"]
    taken = [made for t in texts if classify(made := rewrite(t.text, rng), t.last_outbound).label == "stop"]
    print(f"{way}: {len(taken)} of {len(texts)} taken for an opt-out", *taken, sep="\n  ")
    assert len(taken) <= (0.02 if way == "a slip" else 0.01) * len(texts) + 0.5
