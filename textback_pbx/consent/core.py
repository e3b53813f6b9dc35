"""A refusal at the heart of a long clause, whatever stands around it: dictation, reasons, slang. Pure.

:mod:`~textback_pbx.consent.gist` reads a clause whose every word is known. People explain themselves, and then the few
words that refuse stand close together among words nobody knows ("... and the little messages, please do not send me
any more because they confuse me"). So here only the stretch that holds the ideas must be known, and nothing that sets
an hour, names somebody else or speaks of the work may stand in it, shortly before it or in the words after it.
"""

from collections.abc import Iterator, Mapping, Sequence

from textback_pbx.consent import gist
from textback_pbx.consent.normalise import BREAKS, COMMA, STOP, Token

#: Ideas that refuse when they stand together; with the longest stretch in words, the rule's name and a plain reason.
_CORES = (
    (("no", "more", "send"), 7, "do_not_text", "not, send and more stand close together"),
    (("no", "more", "texts"), 6, "no_more_texts", "no, more and texts stand close together"),
    (("cease", "texts"), 7, "cease_texting", "stop and texts stand close together"),
    (("no", "want", "texts"), 8, "do_not_want_texts", "not wanting and texts stand close together"),
    (("no", "want", "get", "these"), 8, "do_not_want_texts", "not wanting to get these stands close together"),
    (("remove", "mine", "entry"), 6, "off_the_list", "remove and my number stand close together"),
    (("remove", "me", "our_list"), 7, "off_the_list", "remove me and your list stand close together"),
)
#: A clause that says "delete it" and no more may be so long.
_LONGEST_ORDER = 9
#: What comes before or after these is said by itself.
_SO = frozenset({"so", "dus", "donc", "quindi", "entonces", "entao", "contre", "sinon", "however", "anyway", "sodass"})
#: Words before and after the stretch in which hours, others and the work count.
_BEFORE, _AFTER = 3, 5


def refusal(found: Sequence[Token], *, only_strong: bool = False) -> gist.Gist | None:
    """Return the stretch that refuses texts, the first found; ``None`` when there is none.

    ``only_strong``: no mere not wanting, which somebody who would rather be phoned says too.
    """
    numbers: list[gist.Gist] = []
    orders: list[gist.Gist] = []
    for sentence in gist.cut(found, frozenset({STOP}) | gist.but(found) | _SO, shortest=1):
        lexicon = gist.lexicon_of([token for token in sentence if token.text not in BREAKS])
        for clause in gist.cut(sentence, frozenset({COMMA}), shortest=1):
            words = gist.spread(clause, lexicon)
            numbers += _named_number(clause, words, lexicon.language)
            orders += _order_to_delete(clause, words, lexicon.language)
            for ideas, longest, rule, why in _CORES:
                if only_strong and "want" in ideas:
                    continue
                stretch = next(_stretches(words, ideas, longest), None)
                if stretch is not None:
                    basis = tuple(clause[stretch[0] : stretch[-1] + 1])
                    return gist.Gist(rule, why, basis, lexicon.language, sure=True)
    return orders[0] if orders and numbers else None


def _named_number(clause: Sequence[Token], words: Sequence[frozenset[str]], language: str) -> list[gist.Gist]:
    """Return the place that speaks of the writer's own number or phone."""
    pairs = (("mine", "phone"), 3), (("phone", "kin"), 4)
    stretch = next((found for ideas, longest in pairs for found in _stretches(words, ideas, longest, told=True)), None)
    if stretch is None:
        return []
    why = "speaks of this number"
    return [gist.Gist("off_the_list", why, tuple(clause[n] for n in stretch), language, sure=False)]


def _order_to_delete(clause: Sequence[Token], words: Sequence[frozenset[str]], language: str) -> list[gist.Gist]:
    """Return the clause that says "delete it" and nothing more; what is to go is said in another."""
    ideas = frozenset[str]().union(*words)
    if "remove" not in ideas or not all(words) or len(words) > _LONGEST_ORDER or ideas & {"veto", "work", "no"}:
        return []
    why = "says to delete it, and speaks of this number"
    return [gist.Gist("off_the_list", why, tuple(clause), language, sure=True)]


def _stretches(
    words: Sequence[frozenset[str]], ideas: Sequence[str], longest: int, *, told: bool = False
) -> Iterator[range]:
    """Yield the stretches that hold each idea on a word of its own, are all known, and have nothing against them.

    ``told``: it is only told, and nothing can be against it.
    """
    for begin in range(len(words)):
        if not words[begin] & set(ideas):
            continue
        for end in range(begin + len(ideas), min(begin + longest, len(words)) + 1):
            inside = words[begin:end]
            if not all(inside):
                break
            if _points_on(words, ideas, end):
                continue
            if _holds(inside, ideas) and (told or not _against(words, begin, end)):
                yield range(begin, end)


def _points_on(words: Sequence[frozenset[str]], ideas: Sequence[str], end: int) -> bool:
    """Whether the stretch ends with "these" or "anything" of what follows it: "anything perfumed" is no text."""
    return "these" in ideas and end < len(words) and "these" in words[end - 1] and not words[end]


def _holds(inside: Sequence[frozenset[str]], ideas: Sequence[str]) -> bool:
    """Whether each idea has a word of its own: the rarest idea chooses first."""
    places: Mapping[str, list[int]] = {idea: [n for n, of in enumerate(inside) if idea in of] for idea in ideas}
    used: set[int] = set()
    for idea in sorted(ideas, key=lambda one: len(places[one])):
        free = next((place for place in places[idea] if place not in used), None)
        if free is None:
            return False
        used.add(free)
    return True


def _against(words: Sequence[frozenset[str]], begin: int, end: int) -> bool:
    before = begin
    while before > max(0, begin - _BEFORE) and "and" not in words[before - 1]:
        before -= 1
    return any({"veto", "work"} & of for of in words[before : end + _AFTER])
