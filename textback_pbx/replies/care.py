"""What in a text wants a person and no routine: sensitive, distressed, complicated, repeated; pure.

Each sign pauses the automatic texts of its thread or raises its task; none is ever an answer by itself. Words are
wide on purpose: a false sign costs somebody a look, a missed one costs the office a customer, or worse.
"""

import re

from textback_pbx.replies.plain import plain

SIGNS = ("sensitive", "distressed", "complicated", "repeated")
#: So many texts without an answer of ours make a person repeat themselves.
REPEATED = 3
_LONG_WORDS = 90
_QUESTIONS = 3

_SENSITIVE = re.compile(
    r"\b(?:lawyer|attorney|solicitor|sue|suing|lawsuit|legal action|court|police|complaint|complain|ombudsman|"
    r"better business bureau|bbb|trading standards|refund|chargeback|dispute|discriminat\w*|harass\w*|assault\w*|"
    r"abus(?:e|ed|ive)|died|passed away|death|funeral|deceased|miscarriage|pregnan\w*|hiv|cancer|chemo\w*|"
    r"diagnos\w*|overdose|custody|restraining order|bail|arrested|divorce|bankrupt\w*|"
    r"gdpr|data protection|my data|delete my|abogado|demanda|denuncia|queja|falleci\w*|muri[oó])\b"
)
_DISTRESSED = re.compile(
    r"\b(?:desperate|crying|in tears|scared|terrified|panick?\w*|freaking out|please help|help me|beg(?:ging)? you|"
    r"can't (?:take|cope|go on|breathe)|cant (?:take|cope|go on|breathe)|at my wits'? end|losing my mind|devastated|"
    r"furious|disgust\w*|outrag\w*|unacceptable|ridiculous|worst (?:company|service|experience)|fed up|"
    r"nobody (?:answers|calls|cares)|no one (?:answers|calls|cares)|kill myself|end my life|hurt myself|suicid\w*|"
    r"desesperad\w*|asustad\w*|por favor ayuda|ay[uú]dame|inaceptable)\b|!!!"
)
_AGAIN = re.compile(
    r"\b(?:(?:second|third|fourth|2nd|3rd|4th) (?:time|text|message|call)|still waiting|still no (?:answer|call|reply|"
    r"word)|again and again|i(?:'ve| have)? (?:already )?(?:called|texted|written|left) (?:\w+ )?(?:twice|three times|"
    r"several times|many times)|keep calling|any update|never (?:called|heard|got) (?:me )?back|otra vez|"
    r"sigo esperando)\b"
)


def signs_of(text: str, *, unanswered: int = 1, services: int = 0) -> tuple[str, ...]:
    """Return the signs of one text, in the order of :data:`SIGNS`.

    ``unanswered`` counts the person's texts since our last one, this one included; ``services`` the matters it names.
    """
    calm = plain(text)
    shouting = len(text) >= 25 and sum(c.isupper() for c in text) > 0.7 * sum(c.isalpha() for c in text) > 0
    found = {
        "sensitive": _SENSITIVE.search(calm) is not None,
        "distressed": _DISTRESSED.search(calm) is not None or shouting,
        "complicated": len(calm.split()) > _LONG_WORDS or calm.count("?") >= _QUESTIONS or services >= 4,
        "repeated": unanswered >= REPEATED or _AGAIN.search(calm) is not None,
    }
    return tuple(sign for sign in SIGNS if found[sign])
