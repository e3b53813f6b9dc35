"""Whether a time is one the writer asks for: the words around it, weighed. Pure.

The rules of :mod:`~textback_pbx.replies.roles` know what makes a time past, standing already, an event or a question
about opening hours. People have more ways of saying so, and each that no rule knows becomes a wrong window. So a time
that the rules take for asked is weighed once more by the words around it (points from labelled texts, as in
:mod:`~textback_pbx.consent.weighing`), and where they speak against it, it asks for nothing: blank rather than wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from textback_pbx.consent.normalise import STOP, Token, tokens
from textback_pbx.consent.weighing import load, shares
from textback_pbx.replies.mentions import Mention, Role

PACKAGE, CARD, LABEL = "textback_pbx.replies", "asked", "asked"
#: Below this share a time is not asked for (``python -m tests.weighing --check asked`` prints what each costs).
LEVEL = 0.7
#: A mention of time among the words: the one in question, and any other.
_THIS, _OTHER = "T", "t"
_NEAR, _NEXT = 6, 3
#: Nobody asks for more times than this in one text; later ones ask for nothing.
_MOST = 24


def only_asked(text: str, found: Sequence[Mention]) -> list[Mention]:
    """Return the mentions of ``text``, those unlikely to be asked for turned to events, which ask for nothing."""
    heard, few = tokens(text), list(found[:_MOST])
    return [
        replace(one, role=Role.EVENT) if one.role is Role.ASKED and likely(text, heard, few, one) < needed(one) else one
        for one in few
    ]


def needed(mention: Mention, level: float = LEVEL) -> float:
    """Return the share a mention needs: half as much for a last day ("by Friday", "Friday at the latest")."""
    return level / 2 if mention.day_bound == "by" else level


def likely(text: str, heard: Sequence[Token], found: Sequence[Mention], mention: Mention) -> float:
    """Return how likely, 0..1, the writer asks for this mention of time; ``heard``: the text's tokens."""
    return shares(features(text, heard, found, mention), load(PACKAGE, CARD))[LABEL]


def features(text: str, heard: Sequence[Token], found: Sequence[Mention], mention: Mention) -> Iterator[str]:
    """Yield what stands around a mention: words by their place, groups of words, and what kind of time it is."""
    words, at, mark = _words(heard, text, found, mention)
    begin = max((place + 1 for place in range(at) if words[place] == STOP), default=0)
    end = next((place for place in range(at, len(words)) if words[place] == STOP), len(words))
    sentence = ["<", *words[begin:end], ">"]
    for size in (1, 2, 3):
        yield from (" ".join(sentence[start : start + size]) for start in range(len(sentence) - size + 1))
    yield from _around(sentence, at - begin + 1)
    yield from (f"text {word}" for word in words)
    yield from (f"text {left} {right}" for left, right in pairwise(words))
    yield from _kind(found, mention, mark)


def _around(sentence: Sequence[str], at: int) -> Iterator[str]:
    """Yield the words and pairs on both sides, the nearest ones with their distance."""
    for side, inside in (("before", sentence[max(0, at - _NEAR) : at][::-1]), ("after", sentence[at + 1 :][:_NEAR])):
        for distance, word in enumerate(inside, start=1):
            yield f"{side} {word}"
            yield f"{side} {distance if distance <= _NEXT else 'far'} {word}"
        yield from (f"{side} {one} {other}" for one, other in pairwise(inside))


def _kind(found: Sequence[Mention], mention: Mention, mark: str) -> Iterator[str]:
    """Yield what kind of time it is, what the rules say of it, and its place among the others."""
    yield f"ends {mark}"
    yield f"role {mention.role}"
    yield f"day {mention.day[0] if mention.day else '-'}"
    yield f"hours {'+'.join(limit.kind for limit in mention.limits) or mention.part or '-'}"
    yield f"action {mention.action or '-'}"
    yield f"special {mention.special[0] if mention.special else '-'}"
    yield f"repeated {mention.plural}"
    marks = {"corrects": mention.corrects, "preferred": mention.preferred, "so": mention.so}
    yield from (f"said {name}" for name, holds in marks.items() if holds)
    yield f"bound {mention.day_bound or '-'}"
    yield f"of {min(len(found), 3)}{' first' * (found[0] is mention)}{' last' * (found[-1] is mention)}"


def _words(heard: Sequence[Token], text: str, found: Sequence[Mention], mention: Mention) -> tuple[list[str], int, str]:
    """Return the words with each mention as one mark, the place of this one, and how its sentence ends (``? . -``)."""
    words: list[str] = []
    seen: set[int] = set()
    at, mark = 0, "-"
    for token in heard:
        which = next((n for n, one in enumerate(found) if token.start < one.end and token.end > one.start), None)
        if which is None:
            words.append("0" if token.text.isdigit() else token.text)
            if token.text == STOP and mark == "-" and token.start >= mention.end:
                mark = "?" if "?" in text[token.start : token.end] else "."
        elif which not in seen:
            seen.add(which)
            at = len(words) if found[which] is mention else at
            words.append(_THIS if found[which] is mention else _OTHER)
    return words, at, mark
