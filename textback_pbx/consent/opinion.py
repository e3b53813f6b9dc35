"""A second opinion on a text that the rules have read: what texts of such words usually meant. Pure.

The rules come first and are right where they know the wording; but people have more wordings than rules have. So a
text that no rule decided is weighed (:mod:`~textback_pbx.consent.weighing`), and

- the words of refusals make it one, if they weigh enough: more where a rule saw something else in it,
- where refusing and doubtful words together weigh enough, a person decides,
- a refusal that a rule saw in words of ordinary replies goes to a person too,
- what only came near a refusal, in words that weigh nothing at all, is an ordinary reply.

What was said with one word, in distress, or by the phone itself is never weighed. The levels are set by writers held
back from the card (``python -m tests.weighing --check``): a missed opt-out is the worse error, but two in a
thousand ordinary texts is all that may be lost to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textback_pbx.consent.normalise import BREAKS, Token
from textback_pbx.consent.weighing import Weighed, load, weigh

PACKAGE, CARD = "textback_pbx.consent", "opt_outs"
#: The share of refusals from which a text that no rule read as one is a refusal; by the rule that spoke.
LEVELS: Mapping[str, float] = {
    "ordinary": 0.75,
    "shielded": 0.9,
    "start_again": 1.01,  # never more than doubted
    "in_a_sentence": 0.75,
    "limit": 0.8,
    "instead_of_texts": 0.7,
    "complaint": 0.8,
    "declines": 0.7,
    "refuses_call": 0.9,
    "leftover": 0.6,
    "send_nothing": 0.5,
    "cancel_with_words": 0.5,
}
#: The same for every rule that came near a refusal.
NEAR = 0.5
#: From here on refusing and doubtful words together are for a person; more where a rule knows what the wording is.
DOUBT = 0.6
KNOWN_DOUBT: Mapping[str, float] = {"limit": 0.9, "shielded": 0.9}
#: Who refuses is brief, and a long story holds words of every kind: a refusal that a rule saw in a text of up to so
#: many words is for a person below this share, and in one of more words below the last.
UNLIKELY: tuple[tuple[int, float], ...] = ((8, 0.0), (25, 0.02), (40, 0.03))
ELSE_UNLIKELY = 0.2
#: A word that nobody knows may be a name or a slip, so this rule needs more at any length.
NO_NAME: Mapping[str, float] = {"not_that_person": 0.1}
#: One word that no rule knows says nothing. In a text of more words than the longest no weight alone makes a refusal: a
#: person decides.
FEWEST_WEIGHED, LONGEST_WEIGHED = 2, 40
#: Below here nothing in the words speaks for a refusal or a doubt that one of these rules saw.
NOTHING = 0.12
_FAINT = frozenset({"instead_of_texts", "refuses_call", "complaint", "declines", "leftover"})
#: Refusals that no words beside them can unsay.
_CERTAIN = frozenset({"exact", "stop_sentence", "keyword_said_before", "said_whole"})
_LANGUAGES = frozenset({"en", "es", "fr", "de", "it", "pt", "nl"})


@dataclass(frozen=True, slots=True)
class Opinion:
    """Another label, its rule and reason, and the place of the words that weigh most."""

    label: str
    rule: str
    why: str
    span: tuple[int, int]


def on_undecided(found: Sequence[Token], rule: str) -> Opinion | None:
    """Say what weighs in a text that ``rule`` did not read as a refusal; ``None``: nothing changes."""
    level = NEAR if rule.startswith("near_") else LEVELS.get(rule)
    length = _length(found)
    if level is None or length < FEWEST_WEIGHED:
        return None
    weighed = weigh(found, load(PACKAGE, CARD), "stop")
    words, span = _shown(weighed)
    if weighed.shares["stop"] >= level and length <= LONGEST_WEIGHED:
        return Opinion("stop", "weighed", f"its words are those of refusals, “{words}” above all (rule 2)", span)
    either = weighed.shares["stop"] + weighed.shares["ambiguous"]
    if either >= KNOWN_DOUBT.get(rule, DOUBT):
        return Opinion("ambiguous", "weighed_doubt", f"words like “{words}” may refuse texts (rule 7)", span)
    if either < NOTHING and (rule in _FAINT or rule.startswith("near_")):
        return Opinion("none", f"faint_{rule}", "its words are those of ordinary replies (rule 4)", span)
    return None


def on_refusal(found: Sequence[Token], rule: str, language: str) -> Opinion | None:
    """Doubt a refusal that ``rule`` saw among the words of ordinary replies; ``None``: it stands."""
    if rule in _CERTAIN or language not in _LANGUAGES:
        return None
    length = _length(found)
    by_length = next((share for most, share in UNLIKELY if length <= most), ELSE_UNLIKELY)
    needed = max(by_length, NO_NAME.get(rule, 0.0))
    if not needed or weigh(found, load(PACKAGE, CARD), "stop").shares["stop"] >= needed:
        return None
    why = "a rule saw a refusal in words that are those of ordinary replies: two readers would differ"
    return Opinion("ambiguous", f"doubted_{rule}", why, (found[0].start, found[-1].end))


def _length(found: Sequence[Token]) -> int:
    return sum(token.text not in BREAKS for token in found)


def _shown(weighed: Weighed) -> tuple[str, tuple[int, int]]:
    words = " ".join(token.text for token in weighed.heaviest)
    return words, (weighed.heaviest[0].start, weighed.heaviest[-1].end)
