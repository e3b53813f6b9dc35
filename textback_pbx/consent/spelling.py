"""An index that finds the known words one slip away from a misspelt one, without comparing with all of them. Pure.

Two words are one slip apart only if they share a form with at most one letter left out, so each known word is filed
under all its shortened forms.
"""

from collections.abc import Iterable, Iterator, Mapping

_SHORTEST = 4


def shortened(word: str) -> Iterator[str]:
    """Yield the word with each letter left out in turn."""
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def index(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """File every word of four letters or more under itself and its shortened forms."""
    filed: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        if len(word) >= _SHORTEST and word.isalpha():
            for form in {word, *shortened(word)}:
                filed.setdefault(form, []).append(word)
    return {form: tuple(known) for form, known in filed.items()}
