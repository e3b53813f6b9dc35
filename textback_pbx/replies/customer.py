"""Whether the office knows who writes; pure but for its lexicon.

Earlier dealings make a known customer (an appointment, a past visit, a bill); only the writer's own words make a new
one. Dealings with somebody else's office count for nothing.
"""

import re
from functools import lru_cache

from textback_pbx.replies.lexicon import load
from textback_pbx.replies.plain import Found, plain, sentences

_SAYS_NEW = re.compile(
    r"\bfound you\b|\bgot your\b|\bsaw your\b|\breferred\b|\brecommended\b|\blooking for a\b|\btak|accept"
)

#: "not my first visit" says the contrary of a first visit.
_NOT_FIRST = re.compile(
    r"\b(?:not|isn't|isnt|wasn't|won't be) (?:my|our|his|her|the)(?: very)? first (?:visit|time|appointment|groom\w*|"
    r"cleaning|haircut)\b(?! (?:dui|offen|arrest|getting|having|dealing|in (?:jail|court|trouble)))"
)


#: "Do you put people to sleep?" tells of nothing that was.
_ASKS = re.compile(r"\b(?:do|does|can|could|would|will|should|may|are|did|have)\s+$")


@lru_cache(maxsize=1)
def _words() -> dict[str, re.Pattern[str]]:
    return {name: re.compile("|".join(words)) for name, words in load("customer").items()}


def _statement(calm: str, match: "re.Match[str]") -> str:
    """Return the statement a match stands in."""
    return next((calm[a:b] for a, b in sentences(calm) if a <= match.start() < b), calm)


def customer_of(text: str) -> Found | None:
    """Return ``known`` or ``new`` with the words that say so, or ``None``."""
    calm = plain(text)
    new = _words()["new"].search(calm)
    again = _NOT_FIRST.search(calm)
    if again is not None:
        return Found("known", again.start(), again.end(), "customer.known", 0.85)
    known = next(
        (
            m
            for m in _words()["known"].finditer(calm)
            if not _words()["elsewhere"].search(_statement(calm, m))
            and not (m.group().startswith(("you ", "u ", "y'all ", "ye ")) and _ASKS.search(calm[: m.start()]))
            and not re.search(r"\b(?:never|not|haven't|no|if|new)\s+(?:\w+\s){0,2}$", calm[: m.start()])
        ),
        None,
    )
    if new is not None and (known is None or not _SAYS_NEW.search(new.group())):
        return Found("new", new.start(), new.end(), "customer.new", 0.9)
    if known is not None:
        return Found("known", known.start(), known.end(), "customer.known", 0.85)
    return None
