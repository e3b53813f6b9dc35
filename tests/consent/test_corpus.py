"""The opt-out corpus: the rates, and every error by name.

Some 7,500 texts in twenty-one parts, in 8 languages and a few texts each in a dozen more.

Each held-out part was written before the classifier had been run on it (the third is English meant to be hard, the
fourth the other languages, the fifth idioms and roundabout ways), and what it showed at that first look is the honest
estimate for strangers' texts:

    part        exact words   phrases (of the rest, to a person)   ordinary texts (of the rest, to a person)
    held_out    30 of 30      111 of 115 (not noted)               117 of 121 (not noted)
    held_out_2                86 of 97 (1 of 11)                   89 of 95 (5 of 6)
    held_out_3                73 of 89 (3 of 16)                   92 of 93 (1 of 1)
    held_out_4                106 of 111 (1 of 5)                  53 of 56 (none of 3)
    held_out_5                48 of 78 (4 of 30)                    24 of 26 (none of 2)
    held_out_6  8 of 8        136 of 155 (2 of 19)                 92 of 95 (none of 3)
    held_out_7  15 of 16      152 of 196 (8 of 44)                 151 of 155 (1 of 4)
    held_out_8  14 of 14      180 of 244 (21 of 64)                123 of 127 (2 of 4)
    held_out_9                109 of 157 (10 of 48)                108 of 111 (none of 3)
    held_out_10 5 of 5        74 of 91 (3 of 17)                   39 of 39
    held_out_11               23 of 25 (none of 2)                 49 of 55 (2 of 6)
    held_out_12 2 of 2        161 of 170 (4 of 9)                  181 of 188 (3 of 7)
    held_out_13               191 of 200 (2 of 9), all kinds       192 of 195 (1 of 3)
    held_out_14               343 of 435 (22 of 92), all kinds     253 of 260 (2 of 7)
    held_out_15               334 of 340 (4 of 6), all kinds       232 of 240 (3 of 8)
    held_out_16               346 of 350 (3 of 4), all kinds       239 of 250 (5 of 11)
    held_out_17               347 of 350 (2 of 3), all kinds       245 of 250 (none of 5)
    held_out_18               356 of 360 (1 of 4), all kinds       270 of 272 (none of 2)
    held_out_19               354 of 360 (2 of 6), all kinds       266 of 271 (4 of 5)
    held_out_20               390 of 390, all kinds                287 of 295 (4 of 8)

The twelfth is by another writer, who had seen only the conventions: plain texts as people send them, in seven
languages (420, less 42 that stood here before; of all 420 first read rightly: 191 of 200 refusals, 188 of 195
ordinary texts, 19 of 20 that are for a person).

From the sixth on a part holds none of the earlier parts' texts (1 to 90 a part had been written before and were
left out, so the figures are those of the harder rest), and 19 of their labels accept ``ambiguous`` since the first
look, single words as "scam" above all. The errors were mended afterwards; later figures guard against loss and
prove nothing more.
"""

import pytest

from tests.consent.support import corpus, ordinary_texts
from textback_pbx.consent.keywords import classify

PARTS = [
    "development",
    "held_out",
    "held_out_2",
    "held_out_3",
    "held_out_4",
    "held_out_5",
    "held_out_6",
    "held_out_7",
    "held_out_8",
    "held_out_9",
    "held_out_10",
    "held_out_11",
    "held_out_12",
    "held_out_13",
    "held_out_14",
    "held_out_15",
    "held_out_16",
    "held_out_17",
    "held_out_18",
    "held_out_19",
    "held_out_20",
]


def rate(texts):
    wrong = []
    for text in texts:
        found = classify(text.text, text.last_outbound)
        if found.label not in {text.label, *text.accept}:
            wrong.append(f"{text.text!r}: {text.label} by rule {text.rule}, got {found.label} ({found.rule})")
    share = 1 - len(wrong) / len(texts)
    print(f"{len(texts)} texts, {share:.1%} right", *wrong, sep="\n  ")
    return share


@pytest.mark.parametrize("half", PARTS)
@pytest.mark.parametrize(("kind", "least"), [("exact", 1.0), ("phrase", 0.99), ("other", 0.95), ("negative", 0.99)])
def test_the_rates_hold(half, kind, least):
    texts = [text for text in corpus(half) if text.kind == kind]
    assert not texts or rate(texts) >= least


def test_the_corpus_is_what_it_says():
    texts = [text for part in PARTS for text in corpus(part)]
    assert len(texts) >= 300
    assert len({text.lang for text in texts}) >= 6
    assert len({text.text for text in texts}) == len(texts)
    assert 0.4 <= sum(text.label != "stop" for text in texts) / len(texts) <= 0.6


def test_ordinary_texts_are_left_alone():
    texts = ordinary_texts(2_500)
    wrong = [(text, found.rule) for text in texts if (found := classify(text)).label == "stop"]
    print(f"{1000 * len(wrong) / len(texts):.2f} false opt-outs per 1,000 ordinary texts", *wrong, sep="\n  ")
    assert len(wrong) <= len(texts) * 2 / 1_000
