"""A plainer form of a text that nothing decided: leads dropped, lines joined, shorthand and slips spelt out. Pure.

"yo dont b txting dis num", "lose my dgits" and a wish broken over three lines say what their plain forms say, but
the wordings are anchored at the beginning of a clause and know words as they are spelt. The plainer form is read for
an opt-out only: whatever else it may say, the text itself is nearer to it.
"""

from collections.abc import Sequence

from textback_pbx.consent import gist
from textback_pbx.consent.grammar import Grammar
from textback_pbx.consent.normalise import BREAKS, STOP, Token, near
from textback_pbx.consent.spelling import shortened

#: Letters of a word in which a slip is mended; the other languages' lists know fewer real words, so that there only
#: two letters that changed places are mended in a shorter one.
_SHORTEST, _SHORTEST_ELSEWHERE = 4, 6


def plainer(found: Sequence[Token], grammar: Grammar, text: str) -> list[Token] | None:
    """Return the plainer form of a text's tokens, ``None`` when it is the same."""
    out = _joined(found, text)
    language = gist.language(out)
    out = [piece for token in out if token.text not in grammar.noise for piece in _spelt_out(token, grammar, language)]
    out = [_respelt(token, grammar, language) for token in out]
    out = _without_leads(out, grammar)
    return out if out and [token.text for token in out] != [token.text for token in found] else None


def _joined(found: Sequence[Token], text: str) -> list[Token]:
    """Drop breaks that are only the end of a line, where the next line goes on in lower case."""
    out: list[Token] = []
    for index, token in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else None
        line_end = token.text == STOP and not text[token.start : token.end].strip()
        if not (line_end and following is not None and text[following.start].islower()):
            out.append(token)
    return out


def _spelt_out(token: Token, grammar: Grammar, language: str) -> list[Token]:
    words = grammar.shorthand.get(language, {}).get(token.text, token.text)
    return [Token(word, token.start, token.end) for word in words.split()]


def _respelt(token: Token, grammar: Grammar, language: str) -> Token:
    """Mend one slip in a word nobody knows, into a word that a wording knows."""
    word = token.text
    shortest = _SHORTEST if language == "en" else _SHORTEST_ELSEWHERE
    if len(word) < _SHORTEST or not word.isalpha() or word in grammar.words or word in gist.words():
        return token
    spelling = grammar.spelling[language]
    if word in grammar.names or word in spelling.get(word, ()):
        return token
    close = {
        known
        for form in (word, *shortened(word))
        for known in spelling.get(form, ())
        if near(word, known, 1)
        and (len(word) >= shortest or sorted(word) == sorted(known))
        and not word.startswith(known)
        and known not in _forms(word)
    }
    best = min(close, key=lambda known: _unlikeness(word, known), default=None)
    return token if best is None else Token(best, token.start, token.end)


def _forms(word: str) -> set[str]:
    """Return other forms of a word that may be right as it stands: ``changed`` of ``change``."""
    return {word + end for end in ("s", "d", "n", "r", "y", "t", "e")}


def _unlikeness(word: str, known: str) -> tuple[bool, bool, bool, str]:
    """Order what a slip may stand for: the first letter kept, two letters swapped, a letter missing, else."""
    return known[0] != word[0], sorted(known) != sorted(word), len(known) <= len(word), known


def _without_leads(found: Sequence[Token], grammar: Grammar) -> list[Token]:
    """Drop small words at the beginning of each sentence: "ok so", "look", "sorry but"."""
    out: list[Token] = []
    leading = True
    for token in found:
        if token.text in BREAKS:
            leading = leading or token.text == STOP
        elif leading and token.text in grammar.leads:
            continue
        else:
            leading = False
        out.append(token)
    return out


def unbroken(found: Sequence[Token]) -> Sequence[Token]:
    """Join three or more sentences of one word each (``Lose. My. Number.``) to one."""
    out: list[Token] = []
    run: list[Token] = []  # one-word sentences, each with its break
    for token in found:
        alone = token.text == STOP or not run or run[-1].text == STOP
        if not alone:
            out, run = out + _without_breaks(run[:-1]) + run[-1:], []
        run.append(token)
    return out + _without_breaks(run)


def _without_breaks(run: Sequence[Token]) -> list[Token]:
    """Drop the breaks of a run of three one-word sentences or more."""
    words = [token for token in run if token.text != STOP]
    return words if len(words) >= 3 else list(run)
