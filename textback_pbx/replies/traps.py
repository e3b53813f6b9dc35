"""What looks like a time and is none: phone numbers, prices, model years, ages, greetings, the past; pure.

Traps are taken out before anything is read as an hour, because a general date library reads "2015 Goodman" as 20:15.
"""

import re

from textback_pbx.replies.plain import blank
from textback_pbx.replies.words import AMPM, HOUR, MO, UNITS, WD

#: What looks like a time and is none: (name of the trap, pattern).
TRAPS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("phone", r"\+?\d[\d ().-]{7,}\d|\b\d{3}[- .]\d{4}\b"),
        (
            "price",
            (
                r"[$£€]\s?\d(?:[\d,.]*\d)?(?:\s?-\s?[$£€]?\d(?:[\d,.]*\d)?)?k?|\b\d[\d,.]*\s?(?:dollars|bucks|usd|"
                r"pounds sterling|quid|euros?)\b|\b\d{1,3},\d{3}\b"
            ),
        ),
        ("always", r"\b24\s?/\s?7\b|\b24 ?hours?\b|\b50/50\b"),
        (
            "quantity",
            (
                r"\b\d{1,4}\s?(?:x|by)\s?\d{1,4}\s?(?:x|by)\s?\d{1,4}\b|"
                r"\b(?:size|tiles?|filters?|\w*room|tub|window|vent|register|measures?)(?: (?:is|are|size|was|of|"
                r"about|"
                r"like|approx|a))* \d{1,4}\s?(?:x|by)\s?\d{1,4}(?:\s?(?:x|by)\s?\d{1,4})?\b"
            ),
        ),
        (
            "unit_number",
            (
                r"\b(?:apt|apartment|unit|suite|ste|flat|room|rm|lot|bldg|building|floor|gate code|gate|code|"
                r"po box|pin|tooth|teeth|#|no\.?|number|step|route|rt|hwy|highway|exit|size|level|type|model|"
                r"invoice|inv|job|ticket|case|claim|policy|account|acct|order|receipt|ref|grade)\s?(?:#|no\.?|"
                r"number)?\s?(?:is )?\d[\w-]*"
            ),
        ),
        ("unit_number", r"#\s?\d+\b|\b(?:lives?|living|lived|stay|staying|located) at (?:number |no )?\d{1,4}\b(?!:)"),
        ("model_year", r"\b(?:19[4-9]\d|20[0-4]\d)(?:'?s)?\b(?!-\d)"),
        ("quantity", r"\b\d+/\d+\s?(?:\"|''|inch|in\b(?! the| a)|hp|bath|cup)|\b\d+ 1/2\b|\b\d+(?:\.\d+)?\s?%"),
        (
            "age",
            (
                r"\b(?:\d{1,3}|[a-z]+)[- ](?:year|yr|month|week|day|mo)s?[- ]old\b|\b\d{1,2}\s?(?:y/?o|"
                r"yrs?)\b|\b(?:he|she|they|dog|cat|pup|who)(?:'s|'re| is| are)\s(?:about |almost |only |just |"
                r"nearly )?\d{1,2}\b(?!\s?(?:am|pm|:|o'))"
            ),
        ),
        (
            "past",
            (
                rf"\b(?:for|past|last|every)\s(?:the\s)?(?:past\s|last\s)?(?!{WD}\b|next |coming |following )"
                r"(?:\d+|[a-z]+)(?: or (?:\d+|"
                r"[a-z]+))?\s(?:straight )?(?:days?|weeks?|months?|years?|hours?|hrs|minutes|mins|"
                r"nights?)\b(?! from now)(?:\s(?:now|already|straight))?"
            ),
        ),
        (
            "past",
            (
                r"\b(?:\d+|[a-z]+|couple of|few)(?: or (?:\d+|[a-z]+))?\s(?:days?|weeks?|wks?|months?|years?|yrs?|"
                r"hours?|hrs?|minutes|mins?|nights?)\s(?:ago|back|old|earlier|late)\b"
            ),
        ),
        (
            "yesterday",
            (
                rf"\blast\s(?:{WD}|night|week ?end|week|month|year|time|summer|winter|spring|fall|autumn|evening|"
                rf"afternoon|{MO})\b(?!')|\byesterday(?:\s(?:morning|afternoon|evening|night))?\b|\bayer\b|"
                r"\b(?:the )?other (?:day|night|week|morning)\b"
            ),
        ),
        (
            "past",
            (
                r"\bsince (?:about |around |like )?(?:this |early |"
                rf"late )*(?:{WD}|morning|noon|(?!1[3-9] ?o|2[0-3] ?o){HOUR}(?:\s?{AMPM})?|today|afternoon|night|"
                rf"{MO})(?: (?:this |"
                r"in the |on |that |yesterday )?(?:morning|afternoon|night|evening))?\b|\bovernight\b|"
                r"\ball (?:day|night|morning|afternoon|week ?end|week)(?: long)?\b|"
                r"\b(?:in the )?middle of the night\b|\ball (?:summer|winter)\b"
            ),
        ),
        ("past", r"\b(?:works?|working) (?:the )?(?:nights?|nites?|evenings?|graveyard|swing)(?: shifts?)?\b"),
        (
            "quantity",
            (
                rf"\b(?!\d{{4}} ?h(?:rs)?\b)(?:\d{{1,4}}|{HOUR})(?:\s?-\s?\d{{1,3}}|\s(?:or|"
                rf"to)\s(?:\d{{1,3}}|{HOUR}))?\s?(?:small |"
                rf"big |little |large |old |more |upstairs |downstairs )?(?:{UNITS})\b(?! from (?:now|today|"
                rf"{WD}))"
            ),
        ),
        (
            "idiom",
            (
                r"\b(?:one of (?:the|my|our|your|those|them)|no one|any ?one|some ?one|every ?one|"
                r"(?<!after )this one|4-h|that one|the one|new one|which one|old one|another one|one more|"
                r"one (?:thing|side|that|is|was|has|and (?:the|my|our|only|done))|"
                r"one-time|one time|at one point|number one|at first|"
                r"for once|at least (?:one|two|three)|plan b|day to day|now and then|day one|these days|nowadays|"
                r"9 ?1 ?1|one way|the two of (?:us|them)|either one|back to one|both)\b"
            ),
        ),
        (
            "greeting",
            (
                r"^(?:good )?(?:morning|mornin|afternoon|evening)\b(?! ?(?:is|are|works?|would|of|on|or|and|if|"
                r"please|pls|best|only|"
                r"tomorrow|today|appointments?|appts?|slots?|consults?|\w+day|time|times|\d|after|before|between|"
                r"around|at|"
                r"preferred|for|any|ideally|good|fine|ok|suits?|visits?|call|around|then|pickup|drop|but|thanks?|"
                r"from|next|this)\b)|"
                r"\bgood\s?(?:morning|mornin|afternoon|evening|night|day)\b|(?:^|(?<=[!.\n]))\s*(?:(?:hi|hey|"
                r"hello)(?: there| all| guys)?[ ,]+)?(?:morning|afternoon|evening|mornin|buenas tardes|"
                r"buenos d[ií]as)(?=\s*[,!.]|"
                r"\s(?:all|guys|folks|there|team|everyone|y'all))|\bhappy (?:\w+day|new year|holidays)\b|"
                r"\b(?:enjoy (?:your|the)|hope you(?:'re| are)? (?:had|have|having) an?|"
                r"(?<!i )(?<!we )(?<!you )(?<!to )have an?)(?: (?:great|good|nice|wonderful|blessed|lovely|"
                r"fantastic|safe|happy|awesome|rest|of|your|the|super|pleasant|relaxing|fun)){0,4} (?:day|morning|"
                r"afternoon|evening|night|week ?end|week|one|\w+day)\b|\bbuenas (?:tardes|noches)\b|"
                r"\bbuenos d[ií]as\b"
            ),
        ),
        (
            "name_of_day",
            (
                rf"\b(?:names?|name's|name is|named|called|mr|mrs|ms|miss|dr|aunt|uncle|auntie)\.? (?:{WD}|{MO})\b|"
                rf"\b(?:my|our|his|her|the|this) (?:\w+ )?(?:dog|cat|pup|puppy|kitten|doodle|poodle|lab|kitty|"
                rf"rabbit|bird),?"
                rf" (?:{WD}|{MO})(?:'s)?(?= (?:needs?|is|has|was|and (?:i|me)|keeps|likes|hates|got|just|ate|will|"
                rf"who)\b)|"
                r"\b(?:black friday|cyber monday|sunday school|mornings?ide|after ?noon tea|birth ?day|"
                r"holidays?)\b"
            ),
        ),
    )
)


def without_traps(text: str) -> tuple[str, list[str]]:
    """Return the plain text with every trap blanked out, and the names of the traps that were there."""
    names: list[str] = []
    for name, pattern in TRAPS:
        for match in list(pattern.finditer(text)):
            if _is_within(match.group()):
                continue
            text = blank(text, match.start(), match.end(), "\x01" if name == "yesterday" else "\x00")
            names.append(name)
    return text, names


_WITHIN = re.compile(r"^(?:\d{1,2}|[a-z]+) ?(?:hours?|hrs?|minutes|mins?|days|weeks|wks)$")


def _is_within(text: str) -> bool:
    """Leave "2 hours" alone: "in the next 2 hours" is read as an item; on its own it becomes none."""
    return _WITHIN.match(text) is not None
