"""The words for days and hours in a text, as items with spans; pure.

This is the lower half of the closed grammar of windows: what is a day, an hour, a part of a day. Traps (phone
numbers, prices, model years, ages, unit numbers ...) are taken out first, because a general date library reads
"2015 Goodman" as 20:15. What an item means for the office is decided in :mod:`textback_pbx.replies.window`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from textback_pbx.replies.plain import blank

_NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_WORD_VALUES = {word: n for n, word in enumerate(_NUMBERS)} | {
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "forty five": 45,
    "a": 1,
    "an": 1,
    "couple": 2,
    "a couple": 2,
    "a couple of": 2,
    "couple of": 2,
    "few": 3,
    "half an": 0,
    "una": 1,
    "dos": 2,
    "tres": 3,
    "cuatro": 4,
    "cinco": 5,
    "seis": 6,
    "siete": 7,
    "ocho": 8,
    "nueve": 9,
    "diez": 10,
    "once": 11,
    "doce": 12,
}
_HOUR = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_AMPM = r"(?:a\.?m\b\.?|p\.?m\b\.?|a\.m|p\.m)"
_WEEKDAYS = {
    "monday": 0,
    "mon": 0,
    "tuesday": 1,
    "tues": 1,
    "tue": 1,
    "wednesday": 2,
    "weds": 2,
    "wed": 2,
    "wensday": 2,
    "wednsday": 2,
    "thursday": 3,
    "thurs": 3,
    "thur": 3,
    "thu": 3,
    "thursay": 3,
    "friday": 4,
    "fri": 4,
    "saturday": 5,
    "sat": 5,
    "saterday": 5,
    "sunday": 6,
    "sun": 6,
    "tuseday": 1,
    "teusday": 1,
    "lunes": 0,
    "martes": 1,
    "miercoles": 2,
    "miércoles": 2,
    "jueves": 3,
    "viernes": 4,
    "sabado": 5,
    "sábado": 5,
    "domingo": 6,
}
_WD = "(?:" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + r")"
_MONTHS = {
    name: n
    for n, names in enumerate(
        [
            "january jan enero",
            "february feb febrero",
            "march mar marzo",
            "april apr abril",
            "may mayo",
            "june jun junio",
            "july jul julio",
            "august aug agosto",
            "september sept sep septiembre",
            "october oct octubre",
            "november nov noviembre",
            "december dec diciembre",
        ],
        start=1,
    )
    for name in names.split()
}
_MO = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_UNITS = (
    r"people|persons?|kids?|children|dogs?|cats?|pups?|puppies|pets?|toilets?|sinks?|bath(?:room)?s?|"
    r"bed(?:room)?s?|units?|rooms?|"
    r"radiators?|teeth|tooth|crowns?|fillings?|inch(?:es)?|feet|foot|ft|gallons?|gal|tons?|lbs?|"
    r"pounds?|kg|mm|cm|percent|"
    r"years?|yrs?|yo|y/o|months?|mos?|weeks?|wks?|days?|nights?|hours?|hrs?|minutes?|mins?|seconds?|"
    r"times?|more|other|of us|"
    r"of them|story|stories|floors?|blocks?|miles?|bags?|zones?|vents?|faucets?|taps?|drains?|tabs?|"
    r"pills?|stars?|braids?|packs?|"
    r"bridesmaids?|girls?|boys?|guys|ladies|men|women|adults|employees|tenants?|offers?|estimates?|"
    r"quotes?|leaks?|degrees?|cars?|bucks|grand|payments?|visits?|appointments?|sessions?|techs?"
)
_TOMORROW = r"(?:tomorrow|tomorow|tommorow|tommorrow|tomorro|tmrw|tmrow|tmr|tmw|tomoz|2moro|2morrow|2mrw)"
_TODAY = r"(?:today|2day|this very day)"


@dataclass(frozen=True, slots=True)
class Item:
    """One word or phrase of time. ``kind``: day, span, part, clock, asap, within, joint; ``value`` by kind."""

    kind: str
    value: tuple[object, ...]
    start: int
    end: int
    weak: bool = False  # a bare number: an hour only where its neighbours make it one


def number(text: str) -> int:
    """Return the value of digits or a number word, 0 when it is neither."""
    text = text.strip()
    return int(text) if text.isdigit() else _WORD_VALUES.get(text, 0)


Build = Callable[["re.Match[str]"], tuple[object, ...] | None]


def _weekday(match: "re.Match[str]") -> tuple[object, ...]:
    name = match.group("wd")
    plural = match.group("pl") is not None
    how = match.group("how") or ""
    mode = (
        "plural"
        if plural or how.startswith(("every", "any", "most"))
        else "next"
        if how.startswith("next")
        else "coming"
    )
    return "weekday", _WEEKDAYS[name], mode


def _hm(match: "re.Match[str]") -> tuple[object, ...] | None:
    groups = match.groupdict()
    hour, minute = number(groups["h"]), number(groups.get("m") or "0")
    ampm = (groups.get("ap") or "")[:1]
    if hour > 24 or minute > 59 or (ampm and not 1 <= hour <= 12):
        return None
    leading = groups["h"].startswith("0") and len(groups["h"]) == 2
    return hour, minute, ampm or ("a" if leading and hour < 10 else "")


def _quarter(match: "re.Match[str]") -> tuple[object, ...]:
    hour, minutes = number(match.group("h")), match.group("q")
    amount = 15 if "quarter" in minutes else 30 if "half" in minutes else number(minutes)
    if match.group("d") in ("to", "of", "till", "til", "before"):
        return (hour - 1) or 12, 60 - amount, (match.group("ap") or "")[:1]
    return hour, amount, (match.group("ap") or "")[:1]


def _date_of_month(match: "re.Match[str]") -> tuple[object, ...] | None:
    groups = match.groupdict()
    day = int(groups["d"])
    year = int(groups["y"]) if groups.get("y") else None
    return ("date", year, _MONTHS[groups["mo"].rstrip(".")], day) if 1 <= day <= 31 else None


def _numeric(match: "re.Match[str]") -> tuple[object, ...]:
    year = match.group("y")
    full = None if year is None else int(year) if len(year) == 4 else 2000 + int(year)
    return "numeric", full, int(match.group("one")), int(match.group("two"))


def _fixed(*value: object) -> Build:
    return lambda _: value


_AP = rf"\s*(?P<ap>{_AMPM})"
#: (kind, pattern, what it means), tried in this order at each place.
_RULES: tuple[tuple[str, str, Build], ...] = (
    (
        "asap",
        r"a\.?\s?s\.?\s?a\.?\s?p\b\.?|asp(?=[.!]|\s*(?:please|pls|$))|as soon as (?:humanly )?possible\b|"
        r"as soon as (?:you|u|ya|someone|somebody|anyone|y'all|they|he|she) "
        r"(?:possibly )?(?:can|could|are able to|r able to)\b|(?:as )?(?:quick|quickly|"
        r"fast) as (?:you can|possible)\b|soonest possible\b"
        r"|right away\b|rite away\b|straight ?away\b|immediately\b|immediatly\b|at once\b|"
        r"this (?:very )?(?:minute|instant|second)\b|pronto\b"
        r"|lo antes posible\b|lo mas pronto posible\b|lo más pronto posible\b|lo (?:mas|"
        r"más) r[aá]pido posible\b|cuanto antes\b|de inmediato\b"
        r"|inmediatamente\b|en ?seguida\b|ahora mismo\b|ya mismo\b|ahorita(?: mismo)?\b|"
        r"a la brevedad(?: posible)?\b|dès que possible\b|tout de suite\b"
        r"|le plus tôt possible\b|right now\b|rn\b|"
        r"(?<!until )(?<!till )(?<!by )(?<!for )(?<!just )(?<!from )now(?! that)\b|ahora\b",
        _fixed("asap"),
    ),
    (
        "within",
        r"(?:with)?in (?:the )?(?:next|coming|following) (?P<n>\d{1,2}|[a-z]+(?: of)?) ?(?P<u>hours?|"
        r"hrs?|minutes|mins?)\b"
        r"|(?:over |during |for )?the next (?P<n2>\d{1,2}|[a-z]+(?: of)?) (?P<u2>hours?|hrs?|minutes|mins?)\b"
        r"|within (?P<n3>\d{1,2}|[a-z]+(?: couple)?(?: of)?) ?(?P<u3>hours?|hrs?|minutes|mins?)\b",
        lambda m: _within(m),
    ),
    ("within", r"(?:with)?in the (?:next )?hour\b|(?:over |during )?the next hour\b|next hour\b", _fixed("next", 60)),
    (
        "within",
        (
            r"in (?:about |around |like )?(?P<n>half an|\d{1,3}|[a-z]+)(?: (?:or so|"
            r"and a half))? ?(?P<u>hours?|hrs?|minutes|mins?)\b"
        ),
        lambda m: _in(m),
    ),
    ("day", r"(?:the )?day after (?:tomorrow|tmrw|tomorow)\b|pasado ma[ñn]ana\b|overmorrow\b", _fixed("offset", 2)),
    ("day", r"(?:the )?day after (?:today|this one)\b", _fixed("offset", 1)),
    (
        "day",
        (
            rf"(?:a|one) week (?:from|after) (?P<wd>{_WD})\b|(?P<wd2>{_WD}) week\b(?! days?)|"
            rf"week on (?P<wd3>{_WD})\b|a week on (?P<wd4>{_WD})\b|(?P<wd5>{_WD}) after next\b"
        ),
        lambda m: ("weekday", _WEEKDAYS[next(g for g in m.groups() if g)], "week_after"),
    ),
    ("day", rf"a week (?:from )?{_TODAY}\b|{_TODAY} week\b|in a week\b|a week from now\b", _fixed("offset", 7)),
    ("day", rf"a week (?:from )?{_TOMORROW}\b|{_TOMORROW} week\b", _fixed("offset", 8)),
    (
        "day",
        r"in (?P<n>two|three|four|2|3|4) days(?: time)?\b|(?P<n2>two|three|four|2|3|4) days from (?:now|today)\b",
        lambda m: ("offset", number(m.group("n") or m.group("n2"))),
    ),
    (
        "day",
        (
            rf"next week(?:,)?(?: on)? (?P<wd>{_WD})\b|(?P<wd2>{_WD})(?: of)? next week\b|"
            rf"(?P<wd3>{_WD})(?: of)? the following week\b"
        ),
        lambda m: ("weekday", _WEEKDAYS[next(g for g in m.groups() if g)], "next"),
    ),
    (
        "day",
        rf"(?P<wd>{_WD})(?: of)? this week\b|this week (?:on )?(?P<wd2>{_WD})\b",
        lambda m: ("weekday", _WEEKDAYS[next(g for g in m.groups() if g)], "coming"),
    ),
    (
        "day",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of| de)? (?P<mo>{_MO})(?:,? (?P<y>20[2-3]\d))?(?![a-z])",
        _date_of_month,
    ),
    (
        "day",
        rf"(?P<mo>{_MO}) (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y>20[2-3]\d))?(?![\d:a-z])",
        _date_of_month,
    ),
    (
        "day",
        r"(?P<y>20[2-3]\d)-(?P<one>\d\d)-(?P<two>\d\d)\b",
        lambda m: ("date", int(m.group("y")), int(m.group("one")), int(m.group("two"))),
    ),
    ("day", r"(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/(?P<y>20\d\d|\d\d))?(?![\d/])", _numeric),
    ("day", r"(?P<one>\d{1,2})[-.](?P<two>\d{1,2})[-.](?P<y>20\d\d|\d\d)(?!\d)", _numeric),
    (
        "day",
        r"the (?P<d>\d{1,2})(?:st|nd|rd|th)\b(?! (?:floor|time|street|st|ave|avenue|tooth|one))",
        lambda m: ("dom", int(m.group("d"))) if 1 <= int(m.group("d")) <= 31 else None,
    ),
    (
        "day",
        (
            rf"(?:on )?(?P<wd>{_WD}),? (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)\b|"
            rf"(?P<wd2>{_WD}),? (?:the )?(?P<d2>1[3-9]|2\d|3[01])(?![\d:/.]|\s?(?:am|pm|{_UNITS}))"
        ),
        lambda m: (
            ("dom", int(m.group("d") or m.group("d2"))) if 1 <= int(m.group("d") or m.group("d2")) <= 31 else None
        ),
    ),
    (
        "day",
        (
            r"(?P<how>next|this coming|this|coming|every|any|most|este|esta|el pr[oó]ximo|el|"
            rf"los)?\s*(?P<wd>{_WD})(?:\.(?=\s*\d))?(?P<pl>s|s'|'s)?(?![a-z])"
        ),
        _weekday,
    ),
    ("day", rf"later (?:on )?{_TODAY}\b|{_TODAY}(?:'s)?(?![a-z])|\bhoy\b", _fixed("offset", 0)),
    ("day", rf"{_TOMORROW}(?:'s)?(?![a-z])|(?<!la )(?<!las )(?<!esta )\bma[ñn]ana\b|\bdemain\b", _fixed("offset", 1)),
    ("span", r"(?:by )?(?:the )?end of (?:the|this) week\b", _fixed("end_of_week")),
    (
        "span",
        (
            r"(?:sometime |some time |later |earlier |early |any ?time )?this week(?! ?end)\b|esta semana\b|"
            r"rest of the week\b"
        ),
        _fixed("week", 0),
    ),
    (
        "span",
        (
            r"(?:sometime |some time |later |early |any ?time |the )?next week(?! ?end)\b|"
            r"(?:la )?pr[oó]xima semana\b|la semana que viene\b"
        ),
        _fixed("week", 1),
    ),
    ("span", r"next week ?end\b", _fixed("weekend", 1)),
    (
        "span",
        (
            r"(?:this |the |over the |on the |coming )*(?:week ?end|wknd)s?\b|el fin de semana\b|"
            r"este fin de semana\b"
        ),
        _fixed("weekend", 0),
    ),
    (
        "day",
        (
            r"(?:(?:any|every|most|on) )?(?:weekdays|week days|weekday|week day|business day|working day|"
            r"work day)s?\b"
        ),
        _fixed("weekdays"),
    ),
    (
        "day",
        (
            r"(?:any|every|each|most|all) days?\b(?! now)(?: this week| of the week)?|everyday\b|"
            r"cualquier d[ií]a\b"
        ),
        _fixed("any"),
    ),
    (
        "part",
        (
            r"first thing(?: in the (?:morning|am))?\b|(?:bright and early|crack of dawn)\b|"
            r"as soon as you(?: guys)? open\b|when(?:ever)? you(?: guys)? (?:first )?open\b|"
            r"right when you open\b|at opening\b|a primera hora\b"
        ),
        _fixed("first"),
    ),
    (
        "part",
        (
            r"(?:end of (?:the )?(?:business )?day|eod|close of business|c\.?o\.?b\b\.?|closing time|"
            r"end of business|you(?: guys)? close)\b"
        ),
        _fixed("end"),
    ),
    (
        "clock",
        (
            r"(?:noontime|noonish|noon|midday|mid-day|mid day|lunch ?time|lunch hour|lunch break|"
            r"(?<=\bat )lunch|(?<=\bover )lunch|(?<=\bbefore )lunch|(?<=\bafter )lunch|(?<=\bduring )lunch|"
            r"mediod[ií]a)\b"
        ),
        _fixed(12, 0, "p"),
    ),
    (
        "clock",
        (
            r"(?P<q>half|(?:a )?quarter|ten(?= past)|five(?= past)|twenty|(?:5|10|20|25)(?= past)) (?P<d>past|"
            rf"after|to|of|till|til|before) (?P<h>{_HOUR})(?:{_AP})?\b(?!\s*(?:am|pm))(?! (?:days|hours|"
            r"minutes))"
        ),
        _quarter,
    ),
    (
        "clock",
        rf"half[- ](?P<h>{_HOUR})(?:{_AP})?(?![\w/])(?! (?:of|a|an|days?|hours?|price|off))",
        lambda m: (number(m.group("h")), 30, (m.group("ap") or "")[:1]),
    ),
    (
        "clock",
        rf"(?P<h>\d{{1,2}})\s?:\s?(?P<m>[0-5]\d)(?:\s*(?:-?ish|o'?clock))?(?:{_AP}|(?P<ap2>[ap])\b)?(?!\d)",
        lambda m: _colon(m),
    ),
    ("clock", rf"(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d){_AP}", _hm),
    ("clock", r"(?P<h>\d{1,2})\.(?P<m>00|15|30|45)(?![\d.%]|\s*(?:inch|in\b|mm|cm|gal|lb|kg|%|dollars|bucks))", _hm),
    ("clock", rf"(?P<h>\d{{1,2}})(?P<m>[0-5]\d){_AP}", _hm),
    ("clock", r"(?P<h>\d{1,2})(?P<m>[0-5]\d)(?P<ap>[ap])\b", _hm),
    ("clock", rf"(?P<h>{_HOUR}) (?P<m>thirty|fifteen|forty[- ]five|twenty|ten|forty)(?:{_AP})?(?![a-z])", _hm),
    ("clock", rf"(?P<h>{_HOUR})(?:\s*-?ish)?(?:\s*o'?\s?clock)?{_AP}(?!\s+not\b)", _hm),
    ("clock", r"(?P<h>\d{1,2})(?P<ap>[ap])\b", _hm),
    ("clock", rf"(?P<h>{_HOUR})(?:\s*o'?\s?clock|\s?-?ish)\b", _hm),
    ("clock", r"(?P<h>1[3-9]|2[0-3]|0?[89]|1[0-2])(?P<m>[0-5]\d)? ?(?:hrs|h)\b", _hm),
    ("clock", r"midnight\b|medianoche\b", _fixed(24, 0, "")),
    (
        "part",
        (
            r"(?:this |in the |late |early |mid[- ]?|the |later this |a |esta |por la |en la |"
            r"de la )*?(?:mornings?|morn|mornin|forenoon)\b|(?:por|en|de) la ma[ñn]ana\b|esta ma[ñn]ana\b|"
            r"in the a\.?m\.?(?![a-z])"
        ),
        lambda m: _part(m, "morning"),
    ),
    (
        "part",
        (
            r"(?:this |in the |late |early |mid[- ]?|the |later this |a |esta |por la |en la |"
            r"de la )*?(?:afternoons?|afternoon|arvo|aft)\b|(?:por|en|de|esta) la tarde\b|esta tarde\b|"
            r"por la tarde\b|in the p\.?m\.?(?![a-z])"
        ),
        lambda m: _part(m, "afternoon"),
    ),
    (
        "part",
        (
            r"(?:this |in the |late |early |the |later this )*?(?:evenings?|nights?)\b|tonight\b|tonite\b|"
            r"2nite\b|(?:por|en|de|esta) (?:la )?noche\b|after hours\b"
        ),
        lambda m: _part(m, "evening"),
    ),
    (
        "part",
        (
            r"(?:(?<=day )|(?<=mon )|(?<=tue )|(?<=tues )|(?<=wed )|(?<=thu )|(?<=thurs )|(?<=fri )|(?<=sat )|"
            r"(?<=tomorrow )|(?<=tmrw ))a\.?m\b\.?(?! i\b)"
        ),
        _fixed("morning"),
    ),
    (
        "part",
        (
            r"(?:(?<=day )|(?<=mon )|(?<=tue )|(?<=tues )|(?<=wed )|(?<=thu )|(?<=thurs )|(?<=fri )|(?<=sat )|"
            r"(?<=tomorrow )|(?<=tmrw ))p\.?m\b\.?"
        ),
        _fixed("afternoon"),
    ),
    (
        "bare",
        (
            rf"(?<![\w.,:/$£€#])(?<![a-z]-)(?P<h>{_HOUR})(?![\w:/%'])(?!\.\d)(?!-(?:year|month|week|day|inch|"
            r"foot|gallon|ton|unit|bed|piece))"
        ),
        lambda m: (number(m.group("h")), 0, "") if 1 <= number(m.group("h")) <= 12 else None,
    ),
    ("bare", r"(?<![\w.,:/$£€#-])(?P<h>1[0-2]|[1-9])(?P<m>00|15|30|45)(?![\w:/%])", _hm),
)
_COMPILED = tuple((kind, re.compile(pattern), build) for kind, pattern, build in _RULES)


def _colon(match: "re.Match[str]") -> tuple[object, ...] | None:
    made = _hm(match)
    if made is None or made[2] or not match.group("ap2"):
        return made
    return made[0], made[1], match.group("ap2")


def _part(match: "re.Match[str]", name: str) -> tuple[object, ...]:
    text = match.group()
    plural = text.endswith("s")
    this = "this" in text or text.startswith(("esta", "tonig", "tonit", "2nite"))
    return name, "plural" if plural else "today" if this else ""


def _within(match: "re.Match[str]") -> tuple[object, ...] | None:
    groups = match.groupdict()
    amount = groups["n"] or groups["n2"] or groups["n3"]
    unit = groups["u"] or groups["u2"] or groups["u3"]
    count = number(amount)
    return ("next", count * (60 if unit.startswith("h") else 1)) if count else None


def _in(match: "re.Match[str]") -> tuple[object, ...] | None:
    amount, unit = match.group("n"), match.group("u")
    count = 0.5 if amount.startswith("half") else number(amount)
    return ("from_now", int(count * (60 if unit.startswith("h") else 1))) if count else None


def items(text: str) -> list[Item]:
    """Return every item of a plain text, in order, none overlapping."""
    found: list[Item] = []
    at = 0
    while at < len(text):
        if at and text[at].isalnum() and text[at - 1].isalnum():
            at += 1
            continue
        item = _item_at(text, at)
        if item is None:
            at += 1
        else:
            found.append(item)
            at = item.end
    return found


def _item_at(text: str, at: int) -> Item | None:
    if text[at] in " \x00":
        return None
    for kind, pattern, build in _COMPILED:
        match = pattern.match(text, at)
        if match and match.end() > at:
            value = build(match)
            if value is not None:
                weak = kind == "bare"
                return Item("clock" if weak else kind, value, at, match.end(), weak)
    return None


#: What looks like a time and is none: (name of the trap, pattern).
TRAPS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("phone", r"\+?\d[\d ().-]{7,}\d|\b\d{3}[- .]\d{4}\b"),
        (
            "price",
            (
                r"[$£€]\s?\d[\d,.]*(?:\s?-\s?[$£€]?\d[\d,.]*)?k?|\b\d[\d,.]*\s?(?:dollars|bucks|usd|"
                r"pounds sterling|quid|euros?)\b"
            ),
        ),
        ("always", r"\b24\s?/\s?7\b|\b24 ?hours?\b|\b50/50\b"),
        (
            "unit_number",
            (
                r"\b(?:apt|apartment|unit|suite|ste|flat|room|rm|lot|bldg|building|floor|gate code|gate|code|"
                r"po box|pin|tooth|teeth|#|no\.?|number|step|route|rt|hwy|highway|exit|size|level|type|model|"
                r"invoice|inv|job|ticket|case|claim|policy|account|acct|order|receipt|ref|grade)\s?(?:#|no\.?|"
                r"number)?\s?(?:is )?\d[\w-]*"
            ),
        ),
        ("unit_number", r"#\s?\d+\b"),
        ("model_year", r"\b(?:19[4-9]\d|20[0-4]\d)(?:'?s)?\b(?!-\d)"),
        ("quantity", r"\b\d+/\d+\s?(?:\"|''|inch|in\b|hp|bath|cup)|\b\d+ 1/2\b|\b\d+(?:\.\d+)?\s?%"),
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
                r"\b(?:for|past|last|every)\s(?:the\s)?(?:past\s|last\s)?(?:\d+|[a-z]+)(?: or (?:\d+|"
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
            "past",
            (
                rf"\blast\s(?:{_WD}|night|week ?end|week|month|year|time|summer|winter|spring|fall|autumn|evening|"
                rf"afternoon|{_MO})\b(?!')|\byesterday(?:\s(?:morning|afternoon|evening|night))?\b|\bayer\b|"
                r"\b(?:the )?other (?:day|night|week|morning)\b|\bsince (?:about |around |like )?(?:this |early |"
                rf"late )*(?:{_WD}|morning|noon|{_HOUR}(?:\s?{_AMPM})?|today|afternoon|night|{_MO})(?: (?:this |"
                r"in the |on |that |yesterday )?(?:morning|afternoon|night|evening))?\b|\bovernight\b|"
                r"\ball (?:day|night|morning|afternoon|week ?end|week)(?: long)?\b|"
                r"\b(?:in the )?middle of the night\b|\ball (?:summer|winter)\b"
            ),
        ),
        (
            "quantity",
            (
                rf"\b(?:\d{{1,4}}|{_HOUR})(?:\s?-\s?\d{{1,3}}|\s(?:or|to)\s(?:\d{{1,3}}|{_HOUR}))?\s?(?:small |"
                rf"big |little |large |old |more |upstairs |downstairs )?(?:{_UNITS})\b(?! from (?:now|today|"
                rf"{_WD}))"
            ),
        ),
        (
            "idiom",
            (
                r"\b(?:one of (?:the|my|our|your|those|them)|no one|any ?one|some ?one|every ?one|"
                r"(?<!after )this one|that one|the one|new one|which one|old one|another one|one more|"
                r"one (?:thing|side|that|is|was|and|has)|one-time|one time|at one point|number one|at first|"
                r"for once|at least (?:one|two|three)|plan b|day to day|now and then|day one|these days|nowadays|"
                r"9 ?1 ?1|one way|the two of (?:us|them)|either one|back to one|both)\b"
            ),
        ),
        (
            "greeting",
            (
                r"\bgood\s?(?:morning|mornin|afternoon|evening|night|day)\b|(?:^|(?<=[!.\n]))\s*(?:(?:hi|hey|"
                r"hello)[ ,]+)?(?:morning|afternoon|evening|mornin|buenas tardes|buenos d[ií]as)(?=\s*[,!.]|"
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
            text = blank(text, match.start(), match.end())
            names.append(name)
    return text, names


_WITHIN = re.compile(r"^(?:\d{1,2}|[a-z]+) ?(?:hours?|hrs?|minutes|mins?|days)$")


def _is_within(text: str) -> bool:
    """Leave "2 hours" alone: "in the next 2 hours" is read as an item; on its own it becomes none."""
    return _WITHIN.match(text) is not None
