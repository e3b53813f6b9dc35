"""How urgent a text is: emergency, urgent, normal, or nothing said; pure but for its lexicon.

A negated word counts for nothing ("no gas smell", "not bleeding any more"), and a text that says it is not urgent
is normal unless it tells of something that is. Missing an emergency costs more than a false one, so the words are
wide; a false one costs a person a look.
"""

import re
from functools import lru_cache

from textback_pbx.replies.lexicon import load
from textback_pbx.replies.plain import Found, plain

_NEGATION = re.compile(
    r"(?:\b(?:no|not|never|without|isn't|wasn't|aren't|don't|doesn't|didn't|can't|cannot|hasn't|"
    r"haven't|nothing|none|sin|nor|neither|nobody|stopped|"
    r"isnt|dont|doesnt|didnt|zero|free of|rule out|instead of|rather than|used to|if (?:it|there|i|"
    r"we)|in case|fake|was)\b|n't\b)"
    r"(?:\s(?:a|an|any|the|really|like|it's|it|is|be|being|have|had|having|see|seeing|smell|smelling|"
    r"think|me|le|nos|an?y?|big|more|hay|huele|much|super|that|actually|sign of|signs of|kind of|necessarily|"
    r"there|there's|of|and|or|anything|actively|currently|in|pain|swelling|fever|bleeding|leak|smoke|"
    r"smelled|noticed|feel|feeling|water|to|serious|major|life|am|are|i'm|exactly|totally))*\s*$"
)
#: "is that an emergency?" asks; it tells of none.
_ASKS_WHETHER = re.compile(
    r"\b(?:is|would|does|do you (?:consider|call|count)) (?:this|that|it)(?: (?:be|count as|qualify as|"
    r"considered))? (?:an? )?$"
)
_STATE_OWN = re.compile(
    r"^(?:no |not |without|isn|can|won|lost|out of|zero|got no|have no|haven|don|hasn|sin |stopped|"
    r"in no |nothing|never|barely|doesn|shut)"
)
_OVER = re.compile(
    r"^\s*(?:has |have |is |was )?(?:stopped|dried up|dried out|all gone|over)\b"
    r"(?=\s*(?:[,.;!]|now|and (?:it|its|all)|$))|"
    r"^[^.?!]{0,40}\b(?:(?:fixed|repaired|handled|sorted|capped|cleared|patched) (?:it|that|this)\b(?!.*\bstill\b)|"
    r"shut (?:it|the gas) off\b(?!.*\bstill\b)|was (?:fixed|"
    r"resolved|a false alarm)|false alarm|is (?:fixed|gone|resolved|"
    r"fine) now|all (?:good|set|better) now|has stopped|stopped (?:now|bleeding|leaking|on its own|"
    r"by itself)|is under control|went away|is better now|no longer|years? ago|last (?:year|month))\b"
)
_OTHER = re.compile(
    r"\b(?:any|emergency|urgency) (?:fee|contact|fund|charge|rate|exit|line|service\?)|"
    r"emergency (?:fee|contact|rate|pricing|charge|hours)|\brush hour\b"
)


@lru_cache(maxsize=1)
def _words() -> dict[str, re.Pattern[str]]:
    return {name: re.compile("|".join(f"(?:{word})" for word in words)) for name, words in load("urgency").items()}


def urgency_of(text: str) -> Found | None:
    """Return ``emergency``, ``urgent`` or ``normal`` with its span, or ``None`` when the text does not say."""
    calm = plain(text)
    words = _words()
    if (found := _first(calm, words["emergency"])) is not None:
        return Found("emergency", *found, "urgency.emergency", 0.9)
    calm_words = words["not_urgent"].search(calm)
    rest = (
        calm
        if calm_words is None
        else calm[: calm_words.start()] + " " * len(calm_words.group()) + calm[calm_words.end() :]
    )
    if (found := _first(rest, words["urgent"])) is not None:
        return Found("urgent", *found, "urgency.urgent", 0.85)
    if calm_words is not None:
        return Found("normal", calm_words.start(), calm_words.end(), "urgency.normal", 0.9)
    return None


def _first(calm: str, words: re.Pattern[str]) -> tuple[int, int] | None:
    """Return the first match that no negation, ending or other sense takes away."""
    at = 0
    while (match := words.search(calm, at)) is not None:
        at = match.start() + 1
        clause = re.split(r"[.!?;\n,]|\b(?:but|however|though|now)\b", calm[: match.start()])[-1]
        own = _STATE_OWN.match(match.group())
        if not own and (_NEGATION.search(clause) or _ASKS_WHETHER.search(clause)):
            continue
        if _OVER.match(calm[match.end() :]) or _OTHER.match(calm[match.start() : match.end() + 20]):
            continue
        return match.start(), match.end()
    return None
