"""Where the work is: house number and street as written, and the postcode (US ZIP, Canadian, UK); pure.

A number is a postcode only where nothing says it is an invoice, a job, a receipt, a price or a house number. Where
two addresses are given, the one meant for the work wins over an earlier or another person's.
"""

import re

from textback_pbx.replies.plain import Found, plain
from textback_pbx.replies.words import MONTHS, WEEKDAYS

_TYPES = (
    r"st(?:reet)?|ave(?:nue)?|av|r(?:oa)?d|dr(?:ive)?|ln|lane|ct|court|pl(?:ace)?|blvd|boulevard|way|"
    r"cir(?:cle)?|ter(?:race)?|trl|trail|pkwy|parkway|hwy|highway|"
    r"sq(?:uare)?|close|cl|crescent|cres|gardens|gdns|grove|mews|row|loop|run|path|pike|turnpike|"
    r"alley|plaza|point|pt|ridge|crossing|xing|bend|cove|hill|park|walk|green|rise|drove|"
    r"mount|view|vista|landing|commons|heights|hts|broadway|bypass|route|chase|hollow|glen|field|"
    r"fields|quay|wharf|expressway|rte|circuit|gate|croft|bay|meadows?|parade|dale|knoll|esplanade|promenade"
)
_DIRECTION = r"(?:[nsew]\.?|[ns]\.?[ew]\.?|north|south|east|west|northeast|northwest|southeast|southwest)"
_WORD = r"(?:[a-z][a-z'.-]*|\d{1,3}(?:st|nd|rd|th))"
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = (
    {w: n for n, w in enumerate(_ONES, 1)}
    | {w: n for n, w in enumerate(_TEENS, 10)}
    | {w: n * 10 for n, w in enumerate(_TENS, 2)}
    | {"oh": 0, "zero": 0, "o": 0, "hundred": 100, "thousand": 1000}
)
_SPOKEN = r"(?:" + "|".join(sorted(_VALUES, key=len, reverse=True)) + r")"
_NUMBER = rf"(?:\d{{1,6}}(?:[a-d]|-\d{{1,4}}|\s1/2)?|{_SPOKEN}(?:[\s-](?:and\s)?{_SPOKEN})*)"
_STREET = re.compile(
    rf"(?<![\w$£€#/.:-])(?P<no>{_NUMBER})\s+(?P<name>(?:{_DIRECTION}\s+)"
    rf"?(?:{_WORD}\s+){{0,4}}?(?:{_TYPES})\b(?:\s+(?:st|street|ave|avenue|rd|road|dr|drive|ln|lane|ct|"
    r"court|blvd|boulevard|cir|circle|way|trl|trail|pkwy|parkway|ter|terrace|pl|"
    r"place)\b)*\.?(?:\s+(?:[ns][ew]|[nsew]|north|south|east|west)\b(?!'))?)(?![\w'])"
)
#: Streets without a type: "our place is 88 Bluebonnet", only after words that announce an address.
_BARE = re.compile(
    r"\b(?:address(?: is|:)?|i said|i meant|live at|located at|house (?:is )?at|place (?:is )?at|we're at|we are at|"
    r"i'm at|im at|i am at|come (?:out )?to|over at|out at|here at|property at|home at|job at|it's at|"
    r"its at|"
    rf"to)\s+(?P<no>\d{{1,6}}[a-d]?)\s+(?P<name>(?:{_DIRECTION}\s+)?[a-z][a-z'-]+(?:\s+[a-z][a-z'-]+)"
    r"?)(?=\s*(?:[,.!?;\n]|$|\d{5}|not \d))"
)
#: "204 E Maple Unit 6, 80203": a direction before the name, and a unit, a city or a code after it.
_UNTYPED = re.compile(
    rf"(?<![\w$£€#/.:-])(?P<no>\d{{1,6}}[a-d]?)\s+(?P<name>{_DIRECTION}\s+[a-z][a-z'-]+)"
    r"(?=\s*,?\s*(?:apt|unit|suite|ste|#|flat|\d{5}\b)|\s*,\s*[a-z]+)"
)
_HIGHWAY = re.compile(
    rf"(?<![\w$£€#/.:-])(?P<no>\d{{1,6}}[a-d]?)\s+(?P<name>(?:{_DIRECTION}\s+)?(?:(?:state|county|us|"
    r"old|fm)\s+)?(?:highway|hwy|route|rte|rt|road|rd|county road|cr|fm|avenue|ave)\s+(?:\d{1,4}|"
    r"[a-z])\b)"
)
_BROADWAY = re.compile(
    rf"(?<![\w$£€#/.:-])(?P<no>\d{{1,6}}[a-d]?)\s+(?P<name>(?:{_DIRECTION}\s+)?broadway|the (?:green|"
    r"square|close|mews|avenue|crescent|drive|ridge|lane|paddocks|maltings)|calle\s+[a-zñáéíóú]+|"
    r"avenida\s+[a-zñáéíóú]+)\b"
)
#: "7741 Marlow" and "52 Heron Bay", statements of their own with capitals: only where no surer street is named.
_CAPITAL = re.compile(
    r"(?:^|(?<=[.!?] )|(?<=\n)|(?<=, ))(?P<no>\d{2,5}) (?P<name>[A-Z][a-z]{3,}(?: [A-Z][a-z]{2,})?)(?=\s*(?:[.\n]|"
    r"$|, (?:apt|unit|suite)))"
)
_THINGS = frozenset(
    {"goodman", "lennox", "carrier", "trane", "rheem", "kohler", "bosch", "navien", "honda", "toyota", "ford"}
)
_NOT_STREET = re.compile(
    r"^(?:\d+(?:st|nd|rd|th)?\s+)?(?:and|or|of|to|in|at|on|for|the|a|is|was|my|with|from|years?|days?|"
    r"weeks?|months?|hours?|hrs?|minutes?|mins?|am|pm|people|kids|dogs?|cats?|o'clock|toilets?|sinks?|"
    r"drains?|bathrooms?|"
    r"times?|more|other|week|o|ft|feet|inch|gallon|ton|tons|units?|different|big|small|rooms?|doors?|"
    r"if|but|so|please|thanks?|thx|ty|pls|plz|ok|okay|cheers|lol|it|you|we|i|car|way|bedroom|story|dollars|bucks|"
    r"percent|thing|side|going|"
    r"works?|morning|afternoon|tomorrow|today|monday|tuesday|wednesday|thursday|friday|saturday|"
    r"sunday|would|should|can|ish|water(?! (?:st|street|lane|ln|rd|road|ave|tower)\b)|of)\b"
)
_STOP_INSIDE = re.compile(
    r"\b(?:either|any|some|one|each|every|all|more|less|other|another|same|its|his|her|your|per|an?|"
    r"if|then|when|after|before|about|around|over|only|still|get|got|by the|long|and|is|are|was|were|"
    r"has|have|my|our|the|to|of|in|at|on|for|from|with|please|can|you|we|i|need|call|come|by|or|but|"
    r"so|it|this|that|am|pm|just|not|no|there|will|would|leak\w*|clogged|broke\w*|heater|"
    r"furnace)\b(?!\s*$)"
)
_OTHERS = re.compile(
    r"\b(?:used to (?:live|be)(?: at| on| in)?|moved from|previous(?:ly)?|old (?:address|place|house|apartment)|"
    r"formerly|before at|last (?:time|job|visit)(?: was| you \w+)?(?: (?:at|to))?|lived at|"
    r"not(?: at)?|no longer at|neighbou?r(?:'?s)?(?: [a-z]+)?(?: (?:at|is at|lives at|on))?|old address (?:was|is)|"
    r"instead of|you (?:did|"
    r"came|worked|fixed|were)\b[^.?!]*|"
    r"(?:my |our )?(?:mom|mother|dad|father|sister|brother|friend|boss|office|work|son|daughter|"
    r"landlord)(?:'s)?(?: \w+)? (?:lives|works|is|house is|used)(?: \w+)? (?:at|on)?|accident (?:was |"
    r"happened )?(?:at|on)|happened (?:at|on)|arrested (?:at|on)|mail(?:ing)? (?:address|it|to|"
    r"the)\b[^.?!]*|billing address(?: is)?|your (?:shop|office|store|place|salon|clinic)\b[^.?!]*|"
    r"(?:shop|store|salon|office|location|clinic) (?:at|on)|like (?:at|the one at)|was at|were at|"
    r"referred\b[^.?!]*|from)\s*:?\s*$"
)
_ZIP = re.compile(r"(?<![\w$£€#./:-])(?P<z>\d{5}(?:-\d{4})?)(?![\w/:%]|\.\d|-\d|\s?\d{3})")
_FIGURE = rf"(?:{'|'.join([*_ONES, 'zero', 'oh', 'o'])})"
_SPOKEN_ZIP = re.compile(
    rf"\b(?:zip|zip ?code|postal code)(?: code)?(?: is|:)? (?P<z>{_FIGURE}(?:[\s,-]+{_FIGURE}){{4}})(?![\w'])"
)
_CANADIAN = re.compile(
    r"(?<![a-z0-9])(?P<z>[abceghj-nprstvxy]\d[abceghj-nprstv-z][ -]?\d[abceghj-nprstv-z]\d)(?![a-z0-9])"
)
_UK = re.compile(
    r"(?<![a-z0-9])(?P<z>(?:[a-pr-uwyz](?:\d{1,2}|\d[a-hjkpstuw]|[a-hk-y]\d{1,2}|"
    r"[a-hk-y]\d[abehmnprvwxy])|gir) ?\d[abd-hjlnp-uw-z]{2})(?![a-z0-9])"
)
_LOOKALIKE = re.compile(
    r"(?:\b(?:invoice|inv|job|ticket|receipt|order|account|acct|case|claim|policy|ref(?:erence)?|"
    r"confirmation|conf|number|num|no|quote|estimate|po|work order|wo|id|code|pin|zone|says|said|shows|file|docket|"
    r"permit|"
    r"model|serial|part|lic\w*|citation|paid|pay|charged?|price|cost|bill|balance|badge|member|btu|"
    r"miles|mileage|check|check number|docket|matter|booking|patient|chart|microchip|chip|rabies|tag|"
    r"sku|gate|box|extension|ext|case number|suite|ste|unit|apt)\b\.?\s*(?:(?:#|number|num|no\.?|id|code|"
    r"was|is|for|of|:|ending in|ends in|total|me|us) ?)*\s*#?\s*|[#$£€]\s*|"
    r"\b(?:ow(?:e|es|ed|ing)|want(?:s|ed)?|mak(?:e|es|ing)|earn\w*|los[te]|losing|worth|spen[dt]|saved|borrowed|"
    r"lent|loan of)"
    r"(?: (?:me|us|him|her|them|you|the \w+|my \w+))?"
    r"(?: (?:around|about|over|like|roughly|nearly|almost|maybe|up to|at least|more than|close to|some))*\s*)$"
)
_AFTER_LOOKALIKE = re.compile(
    r"^\s*(?:in (?:debts?|back|unpaid|cash|damages|medical|credit|loans?|bills|savings)|(?:a|per|every) (?:year|"
    r"month|week)|"
    r"on \d+ (?:credit )?cards?|on (?:my |the |our )?(?:credit )?cards?|from (?:me|us|him|her)|to (?:my|the|"
    r"a) (?:ex|bank|irs))\b|"
    r"^\s*(?:btu|dollars|bucks|miles|sq|square|gallon|for the job|usd|on (?:the )?(?:meter|odometer)|cents|rpm|"
    r"watts)\b"
)


def street_of(text: str) -> Found | None:
    """Return house number and street as written, without unit, city or state; spoken numbers as digits."""
    calm = plain(text)
    found = [
        f
        for pattern in (_STREET, _HIGHWAY, _BROADWAY, _BARE, _UNTYPED)
        for m in pattern.finditer(calm)
        if (f := _street(text, calm, m))
    ]
    if not found:
        found = [f for m in _CAPITAL.finditer(text) if (f := _street(text, calm, m)) and not _is_thing(m)]
    found.sort(key=lambda f: f.start)
    wanted = [f for f in found if not _is_others(calm, f)]
    if len(wanted) > 1:
        corrected = [
            f
            for f in wanted
            if re.search(
                (
                    r"\b(?:actually|new (?:address|place|house)|now (?:at|live)|moved to|work is at|"
                    r"service (?:address|is)|job (?:is )?at|the (?:property|rental|leak|work|job|"
                    r"problem) is)\b[^.?!]{0,25}$"
                ),
                calm[max(0, f.start - 50) : f.start],
            )
        ]
        wanted = corrected or wanted
    return wanted[0] if wanted else None


def _is_thing(match: "re.Match[str]") -> bool:
    """Say whether a number with a capital word is a date, a year or a make."""
    word = match.group("name").split()[0].lower()
    year = re.fullmatch(r"(?:19|20)\d\d", match.group("no")) is not None
    return year or word in _THINGS or word.rstrip("s") in {*MONTHS, *WEEKDAYS}


def _is_others(calm: str, found: Found) -> bool:
    left = calm[max(0, found.start - 45) : found.start]
    if re.search(
        r"\b(?:this is|it's|its|my name is|i'm|i am|im)(?: [a-z'üäöéáíóñ-]+){1,3} (?:from|at|over at)\s*$|"
        r"\bhere(?: again)? from $",
        left,
    ):
        return False  # "this is Walter Green from 12 Oak Lane"
    return _OTHERS.search(left) is not None


def _street(text: str, calm: str, match: "re.Match[str]") -> Found | None:
    name = match.group("name")
    number = match.group("no")
    inner = _STOP_INSIDE.search(name)
    if inner and not name.startswith("the "):
        return None
    if _NOT_STREET.match(name) and not re.match(
        (
            r"(?:the (?:green|square|close|mews|crescent|avenue|drive|ridge|lane|paddocks|maltings|grove|row|"
            r"walk|terrace|gardens|heights)\b|park\b|green\b|hill\b|view\b)"
        ),
        name,
    ):
        return None
    only_type = re.fullmatch(rf"(?:{_TYPES})\.?", name)
    if only_type and name not in ("broadway", "park", "highway"):
        return None
    if not number[0].isdigit():
        spoken = _digits(number)
        if spoken is None:
            return None
        shown = f"{spoken} {text[match.start('name') : match.end('name')]}"
    else:
        shown = text[match.start("no") : match.end("name")]
    if re.search(r"\b(?:apt|unit|suite|ste|#|flat)\s*$", calm[: match.start("no")]):
        return None
    value = re.sub(r"\s+", " ", shown).rstrip(" ,")
    value = value.rstrip(".") if not re.search(r"\b(?:st|ave|rd|dr|ln|blvd|ct|pl)\.$", value.lower()) else value[:-1]
    return Found(value, match.start("no"), match.end("name"), "place.street", 0.9)


def _digits(words: str) -> str | None:
    """Return a spoken house number as digits: "fourteen", "twenty-two", "twelve oh five", "one forty two"."""
    parts = [part for part in re.split(r"[\s-]+", words) if part != "and"]
    if not parts or any(part not in _VALUES for part in parts):
        return None
    if "hundred" in parts or "thousand" in parts:
        return str(_counted(parts))
    groups: list[str] = []
    index = 0
    while index < len(parts):
        value = _VALUES[parts[index]]
        if value >= 20 and index + 1 < len(parts) and 0 < _VALUES[parts[index + 1]] < 10:
            value += _VALUES[parts[index + 1]]
            index += 1
        groups.append(str(value))
        index += 1
    return "".join(groups)


def _counted(parts: list[str]) -> int:
    total, current = 0, 0
    for part in parts:
        value = _VALUES[part]
        if value == 1000:
            total, current = total + max(current, 1) * 1000, 0
        elif value == 100:
            current = max(current, 1) * 100
        else:
            current += value
    return total + current


def postcode_of(text: str, street: Found | None = None) -> Found | None:
    """Return the first postcode that is one; upper case, with the space of its country."""
    calm = plain(text)
    for pattern, rule in ((_UK, "uk"), (_CANADIAN, "canada"), (_ZIP, "zip")):
        found = [m for m in pattern.finditer(calm) if _is_postcode(calm, m, street, rule)]
        near = (
            [m for m in found if not _OTHERS.search(calm[max(0, m.start() - 45) : m.start()])]
            if len(found) > 1
            else found
        )
        if near:
            match = near[0]
            return Found(_shape(match.group("z"), rule), match.start(), match.end(), f"place.{rule}", 0.9)
    return _spoken_postcode(calm)


def _spoken_postcode(calm: str) -> Found | None:
    """Return a ZIP said figure by figure after its word: "zip four three two one five"."""
    match = _SPOKEN_ZIP.search(calm)
    if match is None:
        return None
    code = "".join(str(_VALUES[word]) for word in re.split(r"[\s,-]+", match.group("z")))
    return Found(code, match.start("z"), match.end("z"), "place.zip", 0.8)


def _is_postcode(calm: str, match: "re.Match[str]", street: Found | None, rule: str) -> bool:
    if street is not None and street.start <= match.start() < street.end:
        return False
    if _LOOKALIKE.search(calm[: match.start()]) or _AFTER_LOOKALIKE.match(calm[match.end() :]):
        return False
    number = rf"\s+(?:{_DIRECTION}\s+)?(?:{_WORD}\s+){{0,3}}(?:{_TYPES})\b"  # 78704 Oak St: a house number
    return not (rule == "zip" and re.match(number, calm[match.end() :]))


def _shape(code: str, rule: str) -> str:
    if rule == "zip":
        return code
    bare = re.sub(r"[ -]", "", code).upper()
    return f"{bare[:-3]} {bare[-3:]}"
