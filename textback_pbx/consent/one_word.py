"""A message that is one listed word, whatever greeting, courtesy or sign stands around it -> its verdict. Pure."""

from textback_pbx.consent.bare import BareWord
from textback_pbx.consent.labels import Keyword, Label, LastOutbound


def verdict(word: BareWord, last: LastOutbound) -> Keyword | None:
    """Say what one word means; ``None``: with what stands around it, it is a sentence."""
    judge = {
        "stop": _stop,
        "listed": _listed,
        "cancel": _cancel,
        "cancel_foreign": _foreign_cancel,
        "unsure": _unsure,
        "start": _start,
        "help": _help,
        "yes": _yes,
        "no": _no,
    }[word.kind]
    return judge(word, last)


def say(word: BareWord, label: Label, why: str, rule: str) -> Keyword:
    """Return a verdict that rests on the word."""
    return Keyword(label, why, rule, (word.piece.start, word.piece.end), word.piece.language)


def _stop(word: BareWord, _last: LastOutbound) -> Keyword:
    if "it" in word.wrapping and not word.repeated:
        return say(word, Label.AMBIGUOUS, "a stop word with only it or that beside it (rule 1)", "stop_it")
    if word.kind == "stop" and "start" in word.wrapping:
        return say(word, Label.STOP, "names STOP and START; the opt-out counts (rule 5)", "exact")
    return say(word, Label.STOP, f"the message is only the stop word “{word.piece.text}” (rule 1)", "exact")


def _listed(word: BareWord, last: LastOutbound) -> Keyword:
    if "yesno" in word.wrapping or "no" in word.wrapping or "yes" in word.wrapping:
        return say(word, Label.AMBIGUOUS, "a stop word after yes or no: it may answer a question (rule 1)", "answer")
    return _stop(word, last)


def _cancel(word: BareWord, last: LastOutbound) -> Keyword:
    if word.wrapping - {"greeting", "signoff"}:
        return say(word, Label.AMBIGUOUS, "CANCEL with other words: the visit or the texts (rule 1)", "cancel")
    return _stop(word, last)


def _foreign_cancel(word: BareWord, _last: LastOutbound) -> Keyword:
    return say(word, Label.AMBIGUOUS, "the bare word for cancel in another language (rule 1)", "foreign_cancel")


def _unsure(word: BareWord, _last: LastOutbound) -> Keyword:
    return say(word, Label.AMBIGUOUS, f"“{word.piece.text}” alone may or may not forbid texts (rule 7)", "unsure_word")


def _start(word: BareWord, _last: LastOutbound) -> Keyword | None:
    if word.wrapping - {"greeting", "signoff", "courtesy", "start", "insult"}:
        return None  # "please start asap" is about the work
    return say(word, Label.START, f"the message is only “{word.piece.text}” (rule 6)", "exact")


def _help(word: BareWord, _last: LastOutbound) -> Keyword | None:
    if word.wrapping - {"greeting", "signoff", "courtesy"} or "courtesy" in word.before:
        return None  # "please help" is a plea, not the keyword
    return say(word, Label.HELP, f"the message is only “{word.piece.text}”", "exact")


def _yes(word: BareWord, last: LastOutbound) -> Keyword:
    if last is not LastOutbound.OPTOUT_CONFIRMATION:
        return say(word, Label.NONE, "yes, but not right after the opt-out's confirmation (rule 6)", "yes")
    if word.wrapping - {"yesno"}:
        return say(word, Label.AMBIGUOUS, "yes with more words: it may agree with the opt-out (rule 6)", "yes_and_more")
    return say(word, Label.START, "yes, right after the opt-out's confirmation (rule 6)", "yes")


def _no(word: BareWord, last: LastOutbound) -> Keyword:
    if last is LastOutbound.FIRST_TEXT or "courtesy" in word.wrapping:
        return say(word, Label.AMBIGUOUS, "declines without a word on texts (rule 7)", "declines")
    return say(word, Label.NONE, "no, in answer to something", "no")
