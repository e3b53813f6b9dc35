"""STOP, START, HELP, and what people really write: one text -> one label, with the words it rests on. Pure.

Layers, most certain first: a message that is one listed word (:mod:`~textback_pbx.consent.one_word`); a wording whose
wish is clear, in many languages and with slips, and what two reasonable readers would read differently, which a person
must decide (:mod:`~textback_pbx.consent.wordings`); and what texts of such words usually meant
(:mod:`~textback_pbx.consent.opinion`). Anything else is an ordinary reply. A missed opt-out is the worse error, but
"can you stop by at 4" must keep the conversation open.

The conventions (rules 1 to 9) are in the documentation's page on replies; words and wordings are data, one file per
language. It must never answer ``stop`` to distress, nor to words that the phone quoted.
"""

from collections.abc import Sequence

from textback_pbx.consent import bare, one_word, opinion, quotes, variants, wordings
from textback_pbx.consent.grammar import load
from textback_pbx.consent.labels import Keyword, Label, LastOutbound
from textback_pbx.consent.normalise import BREAKS, HALT, Token, tokens
from textback_pbx.consent.slips import mend

__all__ = ["Keyword", "Label", "LastOutbound", "by_rules", "classify"]

#: Verdicts that nothing in the text decided: a plainer form of it is read once more, for an opt-out only.
_UNDECIDED = frozenset({"ordinary", "in_a_sentence", "limit", "leftover", "send_nothing", "complaint", "declines"})


def classify(text: str, last_outbound: LastOutbound | str = LastOutbound.NONE) -> Keyword:
    """Say what a person's text means for texting them; ``last_outbound`` is what was sent to them last."""
    masked = quotes.mask(text, load().reactions)
    heard = tokens(masked.text)
    return _weighed(_read(text, masked, heard, LastOutbound(last_outbound)), heard)


def by_rules(text: str, last_outbound: LastOutbound | str = LastOutbound.NONE) -> Keyword:
    """Say what the rules alone read in a text."""
    masked = quotes.mask(text, load().reactions)
    return _read(text, masked, tokens(masked.text), LastOutbound(last_outbound))


def _read(text: str, masked: quotes.Masked, heard: Sequence[Token], last: LastOutbound) -> Keyword:
    grammar = load()
    found = mend(heard, grammar)
    if not any(token.text not in BREAKS for token in found):
        why = f"only {masked.what}" if masked.what else "no words"
        return Keyword(Label.NONE, f"{why} (rule 4)", "empty")
    word = bare.parse(found, grammar, text)
    verdict = None if word is None else one_word.verdict(word, last)
    if verdict is not None:
        return verdict
    if word is None and all(token.text in BREAKS or token.text == HALT for token in found):
        return Keyword(Label.AMBIGUOUS, "only a sign that may mean stop", "stop_sign", (found[0].start, found[-1].end))
    verdict = wordings.verdict(found, grammar, text, last)
    if verdict.rule in _UNDECIDED or verdict.rule.startswith("near_"):
        again = variants.plainer(found, grammar, masked.text)
        second = None if again is None else wordings.verdict(again, grammar, text, last)
        if second is not None and second.label is Label.STOP:
            return second
    return verdict


def _weighed(verdict: Keyword, found: Sequence[Token]) -> Keyword:
    """Ask what texts of such words usually meant: for an opt-out, or against a rule's."""
    if verdict.label is Label.STOP:
        view = opinion.on_refusal(found, verdict.rule, verdict.language)
    else:
        view = opinion.on_undecided(found, verdict.rule)
    if view is None or view.label == verdict.label:
        return verdict
    return Keyword(Label(view.label), view.why, view.rule, view.span, verdict.language)
