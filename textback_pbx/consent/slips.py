"""Slips in the words that matter, mended: look-alike digits, drawn-out letters, gaps, a letter or two wrong. Pure.

Only words no language file knows are touched, and only into words that a rule looks for: a mended word that was
none would make an opt-out of an ordinary reply.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from textback_pbx.consent import gist
from textback_pbx.consent.grammar import Grammar
from textback_pbx.consent.normalise import BREAKS, HALT, Token, near, squeeze, unleet
from textback_pbx.consent.spelling import shortened

_LONGEST_SPELT = 40  # letters of one word and the breaks between them
_MUDDLED = 6  # letters of "stop" in any order, some of them twice
_RUN = re.compile(r"(.)\1\1")


def mend(found: Sequence[Token], grammar: Grammar) -> list[Token]:
    """Mend slips in words that matter: look-alike digits, drawn-out letters, gaps, a letter or two wrong."""
    targets = frozenset(grammar.typo_targets) | frozenset(
        "".join(key) for kind in ("stop", "listed", "start") for key in grammar.bare.phrases.get(kind, {})
    )
    apart = [piece for token in found for piece in _apart(token, grammar)]
    halves = frozenset(grammar.typo_targets)
    return [_mended(token, grammar, targets) for token in _merge_letters(apart, targets, halves)]


def _apart(token: Token, grammar: Grammar) -> list[Token]:
    """Cut words written without a space: ``stoptextingme``; only when all of it is known words."""
    word = token.text
    if not 6 <= len(word) <= 40 or word in grammar.words:
        return [token]
    ways: list[list[str] | None] = [[], *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for begin in range(max(0, end - 12), end):
            before = ways[begin]
            if before is not None and word[begin:end] in grammar.run_together:
                ways[end] = [*before, word[begin:end]]
                break
    pieces = ways[-1]
    return [token] if not pieces else [Token(piece, token.start, token.end) for piece in pieces]


def _mended(token: Token, grammar: Grammar, targets: frozenset[str]) -> Token:
    word = token.text
    if (
        word in BREAKS
        or word == HALT
        or word in grammar.words
        or word in gist.words()
        or len(word) < 3
        or word.isdigit()
    ):
        return token
    for guess in _guesses(word):
        if guess in targets or (_RUN.search(word) and guess in grammar.words):
            return Token(guess, token.start, token.end)
    if word[0] == "s" and set(word) == set("stop") and len(word) <= _MUDDLED:
        return Token("stop", token.start, token.end)
    swapped = grammar.swapped.get(tuple(sorted(word)))
    if swapped is not None and near(word, swapped, 1):
        return Token(swapped, token.start, token.end)
    target = _target(word, grammar)
    return token if target is None else Token(target, token.start, token.end)


def _target(word: str, grammar: Grammar) -> str | None:
    """Return the word that matters of which this is a slip; ``None`` when it is none, or another form of one."""
    close = {target for form in (word, *shortened(word)) for target in grammar.typo_index.get(form, ())}
    close |= {target for target, slips in grammar.typo_targets.items() if slips > 1}
    if not word[0].isalpha() or any(_is_form_of(word, target) for target in close):
        return None
    limits = ((target, grammar.typo_targets[target] if len(word) > 6 else 1) for target in sorted(close))
    return next((target for target, limit in limits if near(word, target, limit)), None)


def _is_form_of(word: str, target: str) -> bool:
    """Whether a word is another form of one, and no slip of it: ``phoned`` of ``phone``."""
    return word.startswith(target) and word[len(target) :] in {"s", "d", "ed", "r", "er", "y", "es", "ly", "ing"}


def _guesses(word: str) -> Iterator[str]:
    plain = unleet(word)
    if plain != word:
        yield plain
        yield squeeze(plain, 1)
    yield squeeze(word, 2)
    yield squeeze(word, 1)


def _merge_letters(found: Sequence[Token], targets: frozenset[str], halves: frozenset[str]) -> list[Token]:
    """Join single letters (``s t o p``, ``s.t.o.p``) into one of ``targets``, a broken word into one of ``halves``."""
    out: list[Token] = []
    index = 0
    while index < len(found):
        end = _letters_end(found, index)
        word = ""
        while end - index >= 3 and word not in targets:
            word = "".join(token.text for token in found[index:end] if token.text not in BREAKS)
            end -= word not in targets
        if word in targets:
            out.append(Token(word, found[index].start, found[end - 1].end))
            index = end
        else:
            out.append(found[index])
            index += 1
    return _join_pairs(out, halves)


def _letters_end(found: Sequence[Token], index: int) -> int:
    end = index
    for place in range(index, min(index + _LONGEST_SPELT, len(found))):
        text = found[place].text
        if len(text) == 1 and text not in BREAKS:
            end = place + 1
        elif text not in BREAKS:
            break
    return end if end - index >= 3 else index


def _join_pairs(found: Sequence[Token], targets: frozenset[str]) -> list[Token]:
    out = list(found)
    for index, (left, right) in reversed(list(enumerate(pairwise(found)))):
        if left.text + right.text in targets and not (left.text in targets and right.text in targets):
            out[index : index + 2] = [Token(left.text + right.text, left.start, right.end)]
    return out
