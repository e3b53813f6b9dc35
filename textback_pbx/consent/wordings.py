"""Sentences -> a verdict: wordings whose wish is clear, ideas in any order, and what comes near them. Pure.

The wordings are data, one file per language; in this order: what shields a keyword, what tells us to cease, distress
(never an opt-out), what two readers would read differently, and what stands at an edge.
"""

from collections.abc import Sequence

from textback_pbx.consent import bare, core, gist, one_word, variants
from textback_pbx.consent.grammar import Grammar, Rule
from textback_pbx.consent.labels import Keyword, Label, LastOutbound
from textback_pbx.consent.normalise import BREAKS, COMMA, STOP, Token
from textback_pbx.consent.patterns import Line, line_of

#: What the rules' own labels come to; the others are labels as they stand.
_LABELS = {"said": Label.STOP, "distress": Label.NONE, "limit": Label.NONE, "near": Label.AMBIGUOUS}


def verdict(found: Sequence[Token], grammar: Grammar, text: str, last: LastOutbound) -> Keyword:
    """Say what the sentences of a text mean; what no wording reads is ``none`` by a rule of that name."""
    whole = line_of(variants.unbroken(found), text)
    said = _first(grammar, whole, "said")
    line = _shielded(whole, grammar)
    if any(auto.search(whole.text) for auto in grammar.auto_replies):
        return Keyword(Label.NONE, "an automatic reply (rule 4)", "auto_reply")
    stop = said or _first(grammar, line, "stop") or _stop_sentence(line, grammar, text)
    stop = stop or _anywhere(grammar, line, "stop")
    distress = _first(grammar, whole, "distress") or _anywhere(grammar, whole, "distress")
    if distress is not None:
        label = Label.AMBIGUOUS if stop and stop.rule != "leave_alone" else Label.NONE
        return Keyword(label, distress.why, distress.rule, distress.span, distress.language)
    unsure = _first(grammar, line, "start") or _first(grammar, line, "ambiguous")
    verdict = stop or (unsure and (_at_heart(line, unsure) or unsure)) or _by_gist(line, grammar)
    verdict = verdict or _first(grammar, line, "near") or _leftover(line, grammar, text)
    if verdict is not None:
        return verdict
    if last is LastOutbound.OPTOUT_CONFIRMATION and _begins_with_yes(found, grammar):
        return Keyword(Label.AMBIGUOUS, "yes with more words: it may agree with the opt-out (rule 6)", "yes_and_more")
    return _ordinary(found, line, grammar)


def _anywhere(grammar: Grammar, line: Line, label: str) -> Keyword | None:
    """A phrase of a language that is written without spaces, or of one that has only phrases here."""
    for phrases in grammar.anywhere:
        match = phrases.pattern.search(line.text) if phrases.label == label else None
        if match is not None:
            span = (match.start(), match.end())
            inside = line.span(*span) if line.inside(*span) else (line.tokens[0].start, line.tokens[-1].end)
            shown = _LABELS.get(label) or Label(label)
            return Keyword(shown, phrases.why, phrases.name, inside, phrases.language)
    return None


def _first(grammar: Grammar, line: Line, label: str) -> Keyword | None:
    for rule in grammar.rules:
        if rule.label != label:
            continue
        match = rule.pattern.search(line.text)
        if match is not None and _holds(rule, line, match.span(), grammar):
            return _verdict(rule, line.span(*match.span()))
    return None


def _holds(rule: Rule, line: Line, span: tuple[int, int], grammar: Grammar) -> bool:
    """Whether the rest of the message lets the rule stand."""
    if rule.unless and rule.unless.search(line.text):
        return False
    if rule.only and not rule.only.search(line.text):
        return False
    return not rule.name_last or _names_somebody(line.inside(*span), grammar, line.source)


def _names_somebody(words: Sequence[Token], grammar: Grammar, source: str) -> bool:
    """Whether the last word is a name, or one in the middle is a known given name ("dit is Anna niet")."""
    return bare.is_name(words[-1:], grammar, source) or any(word.text in grammar.names for word in words[1:])


def _verdict(rule: Rule, span: tuple[int, int]) -> Keyword:
    label = _LABELS.get(rule.label) or Label(rule.label)
    return Keyword(label, rule.why, rule.name, span, rule.language)


def _shielded(line: Line, grammar: Grammar) -> Line:
    """Blank out wordings that must not be read as a wish; the string keeps its length."""
    text = line.text
    for shield in (*grammar.instructions, *grammar.shields):
        text = shield.sub(lambda match: "_" * (len(match.group()) - 1) + " ", text)
    return Line(text, line.tokens, line.starts, line.source)


def _left(line: Line) -> list[Token]:
    """The tokens that no shield covers."""
    return [t for s, t in zip(line.starts, line.tokens, strict=True) if not line.text.startswith("_", s)]


def _unshielded(line: Line) -> list[Token]:
    return [
        Token("_", token.start, token.end) if line.text.startswith("_", start) else token
        for start, token in zip(line.starts, line.tokens, strict=True)
    ]


def _at_heart(line: Line, unsure: Keyword) -> Keyword | None:
    """A refusal that stands in a text with something that alone is for a person ("it is a landline")."""
    found = None if unsure.label is Label.START else core.refusal(_unshielded(line), only_strong=True)
    if found is None:
        return None
    span = (found.tokens[0].start, found.tokens[-1].end)
    return Keyword(Label.STOP, f"{found.why} (rule 2)", found.rule, span, found.language)


def _by_gist(line: Line, grammar: Grammar) -> Keyword | None:
    """A sentence whose words, in whatever order, say nothing but no and texts; with other words a person decides."""
    shown = _unshielded(line)
    found = gist.refusal(shown)
    if found is None or not found.sure:
        found = core.refusal(shown) or found
    if found is None or (not found.sure and _first(grammar, line, "limit") is not None):
        return None
    label = Label.STOP if found.sure else Label.AMBIGUOUS
    why = f"{found.why} (rule 2)" if found.sure else "speaks against texts, among other words (rule 7)"
    rule = found.rule if found.sure else f"near_{found.rule}"
    return Keyword(label, why, rule, (found.tokens[0].start, found.tokens[-1].end), found.language)


def _stop_sentence(line: Line, grammar: Grammar, text: str) -> Keyword | None:
    """A sentence that is only a stop word, beside others: ``See you Tuesday. STOP``."""
    left = _left(line)
    if len(left) < len(line.tokens) and not left:
        return None
    parts = [(part, "listed") for part in bare.sentences(left)]
    parts += [(part, "comma") for part in bare.sentences(left, frozenset({STOP, COMMA}))]
    for part, where in parts:
        word = bare.parse(part, grammar, text)
        if word is None or word.kind != "stop" or "it" in word.wrapping:
            continue
        if (where == "comma" or word.piece.text not in grammar.edge_words) and _about_work(line, grammar):
            continue
        listed = word.piece.text in grammar.edge_words or (word.piece.text,) in grammar.bare.phrases["listed"]
        rule = "stop_sentence" if listed else "said_apart"
        return one_word.say(word, Label.STOP, f"says “{word.piece.text}” as a sentence of its own (rule 5)", rule)
    return None


def _about_work(line: Line, grammar: Grammar) -> bool:
    return any(token.text in grammar.work_words for token in line.tokens)


def _leftover(line: Line, grammar: Grammar, text: str) -> Keyword | None:
    """A stop word that stands at an edge of a sentence without a harmless neighbour."""
    left = _left(line)
    words = [token for token in left if token.text not in BREAKS]
    for part in bare.sentences(left):
        inside = [token for token in part if token.text not in BREAKS]
        for token, neighbour in ((inside[0], inside[1:2]), (inside[-1], inside[-2:-1])) if inside else ():
            if token.text not in grammar.edge_words or (neighbour and _harmless(neighbour[0].text, grammar)):
                continue
            shouted = text[token.start : token.end].isupper() and not text.isupper()
            if shouted or (len(words) <= 8 and not _about_work(line, grammar)):
                return Keyword(
                    Label.AMBIGUOUS, "a stop word that may be meant for the texts", "leftover", (token.start, token.end)
                )
    return None


def _harmless(word: str, grammar: Grammar) -> bool:
    return word in grammar.harmless or word[0].isdigit() or (word.endswith("ing") and word not in grammar.words)


def _begins_with_yes(found: Sequence[Token], grammar: Grammar) -> bool:
    first = next((token for token in found if token.text not in BREAKS), None)
    return first is not None and (first.text,) in grammar.bare.phrases.get("yes", {})


def _ordinary(found: Sequence[Token], line: Line, grammar: Grammar) -> Keyword:
    limit = _first(grammar, line, "limit")
    if limit is not None:
        return limit
    for token in found:
        if token.text in grammar.edge_words or (token.text,) in grammar.bare.phrases["listed"]:
            why = f"“{token.text}” stands in a sentence about something else (rule 4)"
            return Keyword(Label.NONE, why, "in_a_sentence", (token.start, token.end))
    if len(_left(line)) < len(line.tokens):
        return Keyword(Label.NONE, "an ordinary reply: what looked like a wish is none", "shielded")
    return Keyword(Label.NONE, "an ordinary reply", "ordinary")
