"""What a person types into the search -> an FTS5 expression that cannot be wrong; pure.

Words are all looked for; ``"words in a row"`` are a phrase, ``boil*`` is a beginning, ``-word`` must not be there,
``OR`` (capitals) stands between alternatives. Everything a person wrote ends up inside a quoted string, so that no
character of theirs is syntax to SQLite (https://www.sqlite.org/fts5.html, 3). Case and diacritics are the index's
work, not this file's.
"""

import re
import unicodedata
from dataclasses import dataclass

#: More words than this is a text, not a search.
MOST_TERMS = 16
#: A shorter beginning stands in half of all texts.
SHORTEST_BEGINNING = 2
#: So many digits are no longer the end of a number, but one as it is dialled.
_WHOLE_NUMBER = 8
_TERM = re.compile(r'(?P<no>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_DIGITS = re.compile(r"[\d\s()+./-]+")


class QueryProblem(ValueError):
    """The words cannot be looked for; the message says why and what can."""


@dataclass(frozen=True, slots=True)
class Query:
    """One search: ``match`` is the FTS5 expression, ``digits`` the end of a telephone number if it looks like one."""

    match: str
    digits: str = ""


@dataclass(slots=True)
class _Alternative:
    wanted: list[str]
    unwanted: list[str]


def read(text: str) -> Query:
    """Read what a person typed. Raises :class:`QueryProblem`."""
    if text.count('"') % 2:
        raise QueryProblem('a quotation mark is not closed: write "words in a row"')
    alternatives = [_Alternative([], [])]
    for found in _TERM.finditer("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)):
        if found["word"] == "OR" and not found["no"]:
            alternatives.append(_Alternative([], []))
            continue
        term = _term(found)
        if term:
            (alternatives[-1].unwanted if found["no"] else alternatives[-1].wanted).append(term)
    _check(alternatives)
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _WHOLE_NUMBER:
        digits = digits.lstrip("0")  # threads hold +44 7700..., people write 07700... or 0044 7700...
    number = digits if _DIGITS.fullmatch(text) and 4 <= len(digits) <= 15 else ""
    return Query(" OR ".join(_expression(one) for one in alternatives), number)


def _term(found: re.Match[str]) -> str:
    phrase, word = found["phrase"], found["word"]
    beginning = phrase is None and word.endswith("*")
    words = phrase if phrase is not None else word.rstrip("*")
    letters = sum(unicodedata.category(c)[0] in "LN" for c in words)
    if beginning and 0 < letters < SHORTEST_BEGINNING:
        raise QueryProblem(f"{word} is too short: write at least {SHORTEST_BEGINNING} letters before the *")
    return f'"{words}"{" *" if beginning else ""}' if letters else ""


def _check(alternatives: list[_Alternative]) -> None:
    if sum(len(one.wanted) + len(one.unwanted) for one in alternatives) > MOST_TERMS:
        raise QueryProblem(f"more than {MOST_TERMS} words: write those that tell it apart")
    if all(not one.wanted and not one.unwanted for one in alternatives):
        raise QueryProblem("there is no word to look for: write letters or digits")
    if any(not one.wanted for one in alternatives):
        what = (
            "only words that must not be there" if any(one.unwanted for one in alternatives) else "an OR with no word"
        )
        raise QueryProblem(f"{what}: write what should be there too")


def _expression(one: _Alternative) -> str:
    wanted = f"({' AND '.join(one.wanted)})"
    return f"({wanted} NOT ({' OR '.join(one.unwanted)}))" if one.unwanted else wanted
