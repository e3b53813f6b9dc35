"""Slips of the finger in the words of time, mended before anything is read: tomorow, aftrnoon, thrusday; pure.

Only the words of ``lexicons/slips.toml`` are ever mended to, and ordinary words as near as a slip stay as they are.
"""

import re
from functools import cache, lru_cache

from textback_pbx.replies.lexicon import load

#: The shortest word the rule looks at; a word of so many letters may have two slips.
_SHORTEST, _LONG = 5, 8
WORD = re.compile(r"[^\W\d_]+")


@cache
def _words() -> tuple[dict[str, list[str]], frozenset[str], dict[str, str]]:
    """Return the words of time by their first letter, the words that stay, and the slips known one by one."""
    lists = load("slips")
    by_letter: dict[str, list[str]] = {}
    for word in lists["words"].split():
        by_letter.setdefault(word[0], []).append(word)
    exact = dict(lists["exact"])
    return by_letter, frozenset([*lists["words"].split(), *lists["ordinary"].split()]) - exact.keys(), exact


@lru_cache(maxsize=4096)
def mended(word: str) -> str | None:
    """Return the word of time that a lower-case word is a slip of, or ``None``."""
    by_letter, known, exact = _words()
    if word in exact:
        return exact[word]
    if len(word) < _SHORTEST or word in known:
        return None
    for target in by_letter.get(word[0], ()):
        allowed = 2 if len(target) >= _LONG else 1
        if abs(len(word) - len(target)) <= allowed and _distance(word, target) <= allowed:
            return target
    return None


def _distance(one: str, other: str) -> int:
    """Return how many letters are missing, too many, wrong or swapped with a neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
