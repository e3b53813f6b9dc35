"""The corpus' texts as others would write them: what is read from them stays the same."""

import random
import re
from datetime import datetime

import pytest

from tests.replies.test_intake import PARTS, cases
from textback_pbx.replies.intake import read

WAYS = {
    "wide": lambda text: text.replace(" ", "  "),
    "tabs": lambda text: text.replace(" ", "\t"),
    "capitals": str.upper,
    "small": str.lower,
    "emoji": lambda text: text + " \N{SMILING FACE WITH SMILING EYES}\N{THUMBS UP SIGN}",
    "thanked": lambda text: text.rstrip(".! ") + " thanks",
    "no apostrophes": lambda text: re.sub("['\u2019]", "", text),
    "invisible": lambda text: "\u200b".join(text.split(" ")[:2]) if " " not in text else text.replace(" ", " \u200b"),
}
#: What a way of writing may take away: a name is told by its capital or by standing last.
LOSES = {"small": {"name"}, "capitals": {"name"}, "thanked": {"name"}, "no apostrophes": {"name", "street"}}


def told(case, text):
    made = read(text, datetime.fromisoformat(case["now"]), case["tz"], case["business"]).values()
    flat = {**made, **made["place"]}
    del flat["place"]
    return {name: value.casefold() if name in ("street", "name") and value else value for name, value in flat.items()}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_stays_however_it_is_written(way):
    every = [case for part in PARTS for case in cases(part)]
    changed = []
    for case in random.Random(5).sample(every, 250):
        before, after = told(case, case["text"]), told(case, WAYS[way](case["text"]))
        names = [name for name in before if before[name] != after[name] and name not in LOSES.get(way, ())]
        changed += [f"{case['text']!r}: {names}"] if names else []
    print(f"{way}: {len(changed)} of 250 changed", *changed, sep="\n  ")
    assert len(changed) <= 5
