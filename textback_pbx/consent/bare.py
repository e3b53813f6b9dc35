"""Messages that are one keyword and nothing else: wrapping taken off, the kind of word told. Pure.

Wrapping is a greeting, courtesy, filler, an insult, a signature, a number. Whatever else stands in the message
makes it a sentence, and sentences are the grammar's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textback_pbx.consent.grammar import Grammar
from textback_pbx.consent.normalise import BREAKS, COMMA, HALT, STOP, Token, near
from textback_pbx.consent.spelling import shortened

#: Kinds of keyword, the most decisive first; and kinds of wrapping.
KEYWORDS = ("stop", "listed", "cancel", "cancel_foreign", "start", "help", "unsure", "yes", "no")
WRAPPING = ("greeting", "courtesy", "filler", "yesno", "insult", "signoff", "it")
_LONGEST = 25
#: After these a name may stand without a mark between: "STOP regards Maria".
_SIGNED_OFF = frozenset({"regards", "thanks", "cheers", "wishes", "sincerely", "yours", "thx", "saludos", "gracias"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A phrase of the message: its kind, its tokens' places, and the language it was found in."""

    kind: str
    text: str
    start: int
    end: int
    language: str = ""


@dataclass(frozen=True, slots=True)
class BareWord:
    """A message that is one keyword: what it is, the kinds of wrapping around it, and those before it."""

    kind: str
    piece: Piece
    wrapping: frozenset[str]
    before: frozenset[str]
    repeated: bool


def parse(found: Sequence[Token], grammar: Grammar, text: str) -> BareWord | None:
    """Return the one keyword the message consists of, or ``None`` when it says anything else."""
    found = _without_echoes(found)
    pieces = _pieces(found, grammar)
    if pieces is None:
        pieces = _pieces(_without_signature(found, grammar, text), grammar)
    if pieces is None:
        return _joined(found, grammar)
    words = [piece for piece in pieces if piece.kind in KEYWORDS]
    if not words:
        return None
    decisive = min(words, key=lambda piece: KEYWORDS.index(piece.kind))
    if any(piece.kind == "it" and piece.end <= decisive.start for piece in pieces):
        return None  # "it quit": a subject, not an order
    before = frozenset(piece.kind for piece in pieces if piece.end <= decisive.start)
    others = {piece.kind for piece in words if piece.text != decisive.text}
    wrapping = frozenset(piece.kind for piece in pieces if piece.kind in WRAPPING) | frozenset(others)
    return BareWord(decisive.kind, decisive, wrapping, before, len(words) > 1)


def _without_echoes(found: Sequence[Token]) -> Sequence[Token]:
    """Keep two of a word that a long message says again and again: ``STOP STOP STOP ...``, however often."""
    if len(found) <= _LONGEST:
        return found
    kept: list[Token] = []
    last, times = "", 0
    for token in found:
        if token.text not in BREAKS:
            times = times + 1 if token.text == last else 1
            last = token.text
        if token.text in BREAKS or times <= 2:
            kept.append(token)
    return kept


def _pieces(found: Sequence[Token], grammar: Grammar) -> list[Piece] | None:
    """Cut the message into known phrases, longest first; ``None`` when a word is left over."""
    if len(found) > _LONGEST:
        return None
    ways: list[list[Piece] | None] = [*[None] * len(found), []]
    for index in reversed(range(len(found))):
        if found[index].text in BREAKS or found[index].text == HALT or _is_number(found, index):
            ways[index] = ways[index + 1]
        else:
            ways[index] = next(_onwards(found, index, ways, grammar), None)
    return ways[0]


def _onwards(
    found: Sequence[Token], index: int, ways: Sequence[list[Piece] | None], grammar: Grammar
) -> Iterator[list[Piece]]:
    """Yield the pieces from here on, those that begin with the longest phrase first."""
    for piece, end in _phrases(found, index, grammar):
        rest = ways[end]
        if rest is not None:
            yield [piece, *rest]


def _is_number(found: Sequence[Token], index: int) -> bool:
    """Whether this is a telephone number or a group of one's digits."""
    digits = [len(token.text) for token in found if token.text.isdigit()]
    return found[index].text.isdigit() and sum(digits) >= 7


def _phrases(found: Sequence[Token], index: int, grammar: Grammar) -> Iterator[tuple[Piece, int]]:
    """Yield the known phrases that begin here, the longest first, each with the place after it."""
    for size in range(min(grammar.bare.longest, len(found) - index), 0, -1):
        key = tuple(token.text for token in found[index : index + size])
        for kind in (*KEYWORDS, *WRAPPING):
            language = grammar.bare.phrases.get(kind, {}).get(key)
            if language is not None:
                place = (found[index].start, found[index + size - 1].end)
                yield Piece(kind, " ".join(key), *place, language), index + size
                break


def _joined(found: Sequence[Token], grammar: Grammar) -> BareWord | None:
    """Words broken anywhere: ``un subscribe``, ``S T O P``; only courtesy may stand beside them."""
    rest = [token for token in found if token.text not in BREAKS]
    while rest and (rest[-1].text,) in grammar.bare.phrases.get("courtesy", {}):
        rest = rest[:-1]
    if not 0 < len(rest) <= 12:
        return None
    hit = _known(("".join(token.text for token in rest)), grammar, slips=len(rest) <= 3)
    if hit is None:
        return None
    kind, language = hit
    piece = Piece(kind, " ".join(token.text for token in rest), rest[0].start, rest[-1].end, language)
    return BareWord(kind, piece, frozenset(), frozenset(), repeated=False)


def _known(word: str, grammar: Grammar, *, slips: bool) -> tuple[str, str] | None:
    """Look up a word joined from its pieces; a long one may have a slip in it: ``optt out``."""
    hit = grammar.bare.joined.get(word)
    if hit is None and slips and 6 <= len(word) <= 14 and word not in grammar.words:
        forms = (word, *shortened(word))
        close = sorted({known for form in forms for known in grammar.joined_index.get(form, ()) if len(known) > 5})
        found = (grammar.bare.joined[known] for known in close if near(word, known, 1))
        hit = next((value for value in found if value[0] == "stop"), None)
    return hit


def _without_signature(found: Sequence[Token], grammar: Grammar, text: str) -> Sequence[Token]:
    """Drop a name set apart at the end (``STOP - Maria``, a line of its own) or said first (``this is Maria.``)."""
    words = [token for token in found if token.text not in BREAKS]
    cut = max((n for n, token in enumerate(found[:-1]) if token.text in BREAKS and _ends_word(found, n)), default=None)
    if cut is not None and cut > 0 and is_name(found[cut + 1 :], grammar, text):
        return found[:cut]
    off = max((n for n, token in enumerate(found[:-1]) if token.text in _SIGNED_OFF), default=0)
    if off > 0 and is_name(found[off + 1 :], grammar, text):
        return found[: off + 1]
    if len(words) >= 3 and (
        f"{words[0].text} {words[1].text}" in {"this is", "i am"} or words[0].text in {"im", "its"}
    ):
        first = next((n for n, token in enumerate(found) if token.text in BREAKS), None)
        skip = 1 if words[0].text in {"im", "its"} else 2
        if first is not None and is_name(found[skip:first], grammar, text):
            return found[first + 1 :]
    return found


def _ends_word(found: Sequence[Token], place: int) -> bool:
    return any(token.text not in BREAKS for token in found[place + 1 :])


def is_name(part: Sequence[Token], grammar: Grammar, text: str) -> bool:
    """Whether these words are a name: one to three unknown words with a capital each, or one known given name."""
    names = [token for token in part if token.text not in BREAKS]
    signing = grammar.signing
    while names and names[0].text in signing:
        names = names[1:]
    if not 1 <= len(names) <= 3:
        return False
    if len(names) == 1 and names[0].text in grammar.names:
        return True
    if text.isupper():
        return False  # capitals everywhere tell nothing
    return all(
        text[token.start].isupper()
        and token.text.isalpha()
        and not (set(token.text.split()) & grammar.not_names)
        and token.text not in grammar.words
        for token in names
    )


def sentences(found: Sequence[Token], ends: frozenset[str] = frozenset({STOP})) -> Iterator[list[Token]]:
    """Cut tokens at sentence ends (or, with ``ends``, at commas too)."""
    part: list[Token] = []
    for token in found:
        if token.text in ends:
            if part:
                yield part
            part = []
        elif token.text != COMMA or part:
            part.append(token)
    if part:
        yield part
