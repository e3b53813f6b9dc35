"""The kind of work or matter a text is about: the first one named, by the trade's own words; pure but for its lexicon.

The words of each trade are data (``lexicons/<trade>.toml``: label -> expressions). Where two labels match at one
place the longer match wins ("water heater leaking" names the heater first). The action asked for (booking, moving,
cancelling) is no service.
"""

import re
from functools import lru_cache

from textback_pbx.replies.lexicon import load
from textback_pbx.replies.plain import Found, plain

TRADES = ("home_services", "dental", "law", "salon", "pet")
#: Where one label's words stand inside another's work, the narrower one is meant however the text begins.
_NARROWER = {
    *((wide, "post_op") for wide in ("toothache", "extraction", "root_canal")),
    *((wide, "maintenance") for wide in ("heating", "cooling", "ventilation")),
    *(("fixture", narrow) for narrow in ("drain", "leak", "water_supply", "water_heater")),
    *(("leak", narrow) for narrow in ("burst_pipe", "gas", "sewer", "fixture")),
    *(("groom", narrow) for narrow in ("nail_trim", "dematting")),
    ("drain", "toilet"),
    ("drain", "sewer"),
    ("heating", "gas"),
    ("haircut", "bridal"),
}
#: A tap that drips is work on the tap.
_FITTING = re.compile(r"faucet|tap|disposal|spigot|head|bib|valve|dishwasher")
_NOT_MEANT = re.compile(
    r"\b(?:not|isn't|isnt|no longer|don't need|instead of|not about|other than|besides|already (?:had|"
    r"did|got)|last time (?:was|you did))(?: (?:a|an|the|my|for|any|it's))*\s*$"
)

#: "no pain, no swelling": what is not there is not the matter.
_WITHOUT = re.compile(r"\b(?:no|not any|without|without any|no more|nor) $")


@lru_cache(maxsize=8)
def _words(trade: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((label, re.compile("|".join(f"(?:{w})" for w in words))) for label, words in load(trade).items())


def service_of(text: str, business: str | None) -> Found | None:
    """Return the label of what the text is about, ``others`` holding the labels also named; ``None`` when unsaid.

    Without a known ``business`` the trade whose words match most is taken, and the confidence is lower.
    """
    calm = plain(text)
    if business in TRADES:
        return _in_trade(calm, business, 0.9)
    found = [(trade, made) for trade in TRADES if (made := _in_trade(calm, trade, 0.6)) is not None]
    if not found:
        return None
    return max(found, key=lambda pair: (pair[1].end - pair[1].start, -TRADES.index(pair[0])))[1]


def _in_trade(calm: str, trade: str, confidence: float) -> Found | None:
    matches = [
        (match.start(), match.start() - match.end(), match.end(), label)
        for label, words in _words(trade)
        for match in words.finditer(calm)
        if not _NOT_MEANT.search(calm[max(0, match.start() - 30) : match.start()])
        and not (label == "toothache" and _WITHOUT.search(calm[: match.start()]))
    ]
    if not matches:
        return None
    matches.sort()
    start, _, end, label = matches[0]
    for at, _, until, other in matches[1:]:
        near = at < end or (at - end <= 25 and not re.search(r"[.!?\n,;]", calm[end:at]))
        narrower = (label, other) in _NARROWER and not _FITTING.search(calm[start:end])
        if near and narrower and ((label, other) != ("leak", "fixture") or _FITTING.search(calm[at:until])):
            start, end, label = at, max(end, until), other
    others = tuple(dict.fromkeys(other for _, _, _, other in matches if other != label))
    if label == "billing" and others and not _about_money(calm):
        start, _, end, label = next(m for m in matches if m[3] != "billing")
    return Found(label, start, end, f"service.{trade}", confidence, others)


def _about_money(calm: str) -> bool:
    """Say whether money is the matter, and not a question of price or of how one may pay for some work."""
    return not re.search(
        (
            r"\b(?:how much|what do you charge|do you charge|payment plan|do you take|financ\w+|"
            r"deposit (?:needed|required))\b|"
            r"\b(?:last|other|another|previous|old|different) (?:guy|company|plumber|one|man|person|tech|place|"
            r"shop|groomer|"
            r"dentist|salon)\b[^.?!]*\b(?:charg|quot|bill|paid)"
        ),
        calm,
    )
