"""How people write days and hours: one table of expressions with what each means; pure.

The table is long because the ways to say an hour are many; the order matters, the longer and surer first. Kinds:
day, span (several days), part (of a day), clock, bare (a number that its neighbours may make an hour), asap, within.
"""

from textback_pbx.replies.readings import (
    Build,
    colon,
    date_of_month,
    fixed,
    hm,
    in_hours,
    military,
    numeric,
    part,
    quarter,
    spanish,
    spoken_date,
    that,
    weekday,
    within,
)
from textback_pbx.replies.words import (
    AMPM,
    HOUR,
    MO,
    ORDINAL,
    ORDINAL_LATE,
    TODAY,
    TOMORROW,
    UNITS,
    WD,
    WEEKDAYS,
    number,
)

_AP = rf"\s*(?P<ap>{AMPM})"
#: (kind, pattern, what it means), tried in this order at each place.
RULES: tuple[tuple[str, str, Build], ...] = (
    (
        "asap",
        (
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
            r"(?<!until )(?<!till )(?<!by )(?<!for )(?<!just )(?<!from )now(?=\s*(?:[.,!?;\n]|$|please|pls|"
            r"plz|thanks|thx|asap|if|for))|ahora\b|"
            r"(?<=vengan )ya\b|(?<=ven )ya\b|(?<=venga )ya\b|(?<=urge )ya\b|ya por favor\b"
        ),
        fixed("asap"),
    ),
    (
        "within",
        (
            r"(?:with)?in (?:the )?(?:next|coming|following) (?P<n>\d{1,2}|[a-z]+(?: of)?) ?(?P<u>hours?|"
            r"hrs?|minutes|mins?)\b"
            r"|(?:over |during |for )?the next (?P<n2>\d{1,2}|[a-z]+(?: of)?) (?P<u2>hours?|hrs?|minutes|mins?)\b"
            r"|within (?P<n3>\d{1,2}|[a-z]+(?: couple)?(?: of)?) ?(?P<u3>hours?|hrs?|minutes|mins?)\b"
        ),
        within,
    ),
    ("within", r"(?:with)?in the (?:next )?hour\b|(?:over |during )?the next hour\b|next hour\b", fixed("next", 60)),
    (
        "within",
        (
            r"in (?:about |around |like )?(?P<n>half an|\d{1,3}|(?:a )?couple(?: of)?|a few|[a-z]+)(?: (?:or so|"
            r"and a half))? ?(?P<u>hours?|hrs?|minutes|mins?)\b"
        ),
        in_hours,
    ),
    ("day", r"(?:the )?day after (?:tomorrow|tmrw|tomorow)\b|pasado ma[ñn]ana\b|overmorrow\b", fixed("offset", 2)),
    ("day", r"(?:the )?day after (?:today|this one)\b", fixed("offset", 1)),
    (
        "day",
        r"(?:the |that |on the )?(?:very )?same day\b(?! (?:service|appointment|delivery|emergency))",
        fixed("same"),
    ),
    ("part", r"(?:at )?(?:the )?same (?:time|hour)\b(?! (?:as|that))", fixed("same_time")),
    (
        "that",
        (
            r"(?P<b>after|past|before|despu[eé]s de|antes de)(?:wards?\b| (?:that|then|eso)\b)"
            r"(?! (?:one|date|day|time|week|hour|point|month)\b)|"
            r"(?:(?<=any time )|(?<=anytime )|(?<=call me )|(?<=text me )|(?<=ring me )|(?<=or )|(?<=free )|"
            r"(?<=available ))after(?=\s*(?:[.,!?;\n]|$|works|"
            r"please|pls|thanks))|"
            r"(?:(?<=\bme )|(?<=\bus )|(?<=free )|(?<=available )|(?<=home )|(?<=come )|(?<=here )|"
            r"(?<=around ))then\b"
        ),
        that,
    ),
    (
        "day",
        rf"(?:a |one )?fortnight (?:on|from|this) (?P<wd>{WD})\b|(?P<wd2>{WD}) fortnight\b",
        lambda m: ("weekday", WEEKDAYS[m.group("wd") or m.group("wd2")], "two_weeks_after"),
    ),
    (
        "span",
        r"(?:any ?time |some ?time )?(?:before|by|ahead of) (?:the |this )*(?:week ?end|wknd)\b",
        fixed("before_weekend"),
    ),
    (
        "day",
        (
            rf"(?:a|one) (?:week|wk) (?:from|after) (?P<wd>{WD})\b|(?P<wd2>{WD}) (?:week|wk)\b(?! days?)|"
            rf"(?:week|wk) on (?P<wd3>{WD})\b|a (?:week|wk) on (?P<wd4>{WD})\b|(?P<wd5>{WD}) after next\b"
        ),
        lambda m: ("weekday", WEEKDAYS[next(g for g in m.groups() if g)], "week_after"),
    ),
    (
        "day",
        (
            r"(?P<n>two|three|four|2|3|4) (?:weeks|wks) from (?:now|today)\b|in (?P<n2>two|three|four|2|3|4) "
            r"(?:weeks|wks)(?: time)?\b"
        ),
        lambda m: ("offset", 7 * number(m.group("n") or m.group("n2"))),
    ),
    ("day", rf"(?:a |in a )fortnight(?: {TODAY}| from (?:now|today))?\b(?! (?:on|from|this|ago))", fixed("offset", 14)),
    ("day", r"this day week\b", fixed("offset", 7)),
    (
        "day",
        rf"(?:two|2) (?:weeks|wks) (?:from|after) (?P<wd>{WD})\b",
        lambda m: ("weekday", WEEKDAYS[m.group("wd")], "two_weeks_after"),
    ),
    (
        "day",
        rf"a (?:week|wk) (?:from )?{TODAY}\b|{TODAY} (?:week|wk)\b|in a (?:week|wk)\b|a (?:week|wk) from now\b",
        fixed("offset", 7),
    ),
    ("day", rf"a (?:week|wk) (?:from )?{TOMORROW}\b|{TOMORROW} (?:week|wk)\b", fixed("offset", 8)),
    (
        "day",
        r"in (?P<n>two|three|four|2|3|4) days(?: time)?\b|(?P<n2>two|three|four|2|3|4) days from (?:now|today)\b",
        lambda m: ("offset", number(m.group("n") or m.group("n2"))),
    ),
    (
        "day",
        (
            rf"(?:next|nxt) (?:week|wk)(?:,)?(?: on)? (?P<wd>{WD})\b|(?P<wd2>{WD})(?: of)? (?:next|nxt) (?:week|"
            rf"wk)\b|"
            rf"(?P<wd3>{WD})(?: of)? the following week\b"
        ),
        lambda m: ("weekday", WEEKDAYS[next(g for g in m.groups() if g)], "next"),
    ),
    (
        "day",
        (
            rf"(?:the )?(?:week|wk) after next,?(?: on)? (?P<wd>{WD})\b|(?P<wd2>{WD})(?: of| in)?(?: the)? (?:week|"
            rf"wk) after next\b"
        ),
        lambda m: ("weekday", WEEKDAYS[next(g for g in m.groups() if g)], "after_next"),
    ),
    (
        "day",
        rf"(?P<wd>{WD})(?: of)? this week\b|this week (?:on )?(?P<wd2>{WD})\b",
        lambda m: ("weekday", WEEKDAYS[next(g for g in m.groups() if g)], "coming"),
    ),
    (
        "day",
        (
            rf"(?:(?:{WD},? )?the |{WD},? )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of| de)? (?P<mo>{MO})(?:,? "
            rf"(?P<y>20[2-3]\d))?(?![a-z])"
        ),
        date_of_month,
    ),
    (
        "day",
        rf"(?P<mo>{MO}) (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y>20[2-3]\d))?(?![\d:a-z])",
        date_of_month,
    ),
    (
        "day",
        (
            rf"(?P<mo>{MO}) (?:the )?(?P<d>{ORDINAL})\b|the (?P<d2>{ORDINAL}) (?:of|de) (?P<mo2>{MO})|"
            rf"the (?P<d3>{ORDINAL_LATE})\b(?! (?:floor|time|street|st|ave|avenue|grade|tooth|birthday|century|one))"
        ),
        spoken_date,
    ),
    (
        "day",
        r"(?P<y>20[2-3]\d)-(?P<one>\d\d)-(?P<two>\d\d)\b",
        lambda m: ("date", int(m.group("y")), int(m.group("one")), int(m.group("two"))),
    ),
    ("day", r"(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/(?P<y>20\d\d|\d\d))?(?![\d/])", numeric),
    ("day", r"(?P<one>\d{1,2})(?P<sep>[-.])(?P<two>\d{1,2})(?P=sep)(?P<y>20\d\d|\d\d)(?!\d)", numeric),
    (
        "day",
        r"the (?P<d>\d{1,2})(?:st|nd|rd|th)\b(?! (?:floor|time|street|st|ave|avenue|tooth|one))",
        lambda m: ("dom", int(m.group("d"))) if 1 <= int(m.group("d")) <= 31 else None,
    ),
    (
        "day",
        (
            r"(?:(?<!my )(?<!our )(?<!his )(?<!her )(?<!every )(?<!a ))(?P<d>\d{1,2})(?:st|nd|rd|th)"
            r"(?=\s*(?:[.,!?;/-]|$|or\b|and\b|at\b|around\b|after\b|before\b|between\b|if\b|in the (?:morning|"
            r"afternoon)|morning|"
            r"afternoon|works|is\b|please|pls))"
        ),
        lambda m: ("dom", int(m.group("d"))) if 1 <= int(m.group("d")) <= 31 else None,
    ),
    (
        "day",
        (
            rf"(?:on )?(?P<wd>{WD}),? (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)\b|"
            rf"(?P<wd2>{WD}),? (?:the )?(?P<d2>1[3-9]|2\d|3[01])(?![\d:/.]|\s?(?:am|pm|{UNITS}))"
        ),
        lambda m: (
            ("dom", int(m.group("d") or m.group("d2"))) if 1 <= int(m.group("d") or m.group("d2")) <= 31 else None
        ),
    ),
    (
        "day",
        (
            r"(?P<how>next|nxt|this coming|this|coming|every|any|most|este|esta|el pr[oó]ximo|el|"
            rf"los)?\s*(?P<wd>{WD})(?:\.(?=\s*\d))?(?P<pl>s|s'|'s)?(?![a-z])"
        ),
        weekday,
    ),
    ("day", rf"later (?:on )?{TODAY}\b|{TODAY}(?:'s)?(?![a-z])|\bhoy\b", fixed("offset", 0)),
    ("day", rf"{TOMORROW}(?:'s)?(?![a-z])|(?<!la )(?<!las )(?<!esta )\bma[ñn]ana\b|\bdemain\b", fixed("offset", 1)),
    ("span", r"(?:by )?(?:the )?end of (?:the|this) week\b", fixed("end_of_week")),
    ("span", r"(?:the )?(?:week|wk) after next\b", fixed("week", 2)),
    (
        "span",
        (
            r"(?:sometime |some time |later |earlier |early |any ?time |any day )?this (?:week|wk)(?! ?end)\b|"
            r"esta semana\b|"
            r"rest of the week\b"
        ),
        fixed("week", 0),
    ),
    (
        "span",
        (
            r"(?:sometime |some time |later |early |any ?time |the )?(?:next|nxt) (?:week|wk)(?! ?end)\b|"
            r"(?:la )?pr[oó]xima semana\b|la semana que viene\b"
        ),
        fixed("week", 1),
    ),
    ("span", r"(?:next|nxt) (?:week|wk) ?end\b", fixed("weekend", 1)),
    (
        "span",
        (
            r"(?:this |the |over the |on the |coming )*(?:week ?end|wknd)s?\b|el fin de semana\b|"
            r"este fin de semana\b"
        ),
        fixed("weekend", 0),
    ),
    (
        "day",
        (
            r"(?:(?:any|every|most|on) )?(?:weekdays|week days|weekday|week day|business day|working day|"
            r"work day)s?\b"
        ),
        fixed("weekdays"),
    ),
    (
        "day",
        (
            r"(?:any|every|each|most|all) days?\b(?! now)(?! this w)(?: of the week)?|everyday\b|"
            r"cualquier d[ií]a\b"
        ),
        fixed("any"),
    ),
    (
        "part",
        (
            r"first thing(?: in the (?:morning|am))?\b|(?:bright and early|crack of dawn)\b|"
            r"as soon as you(?: guys)? open\b|when(?:ever)? you(?: guys)? (?:first )?open\b|"
            r"right when you open\b|at opening\b|a primera hora\b"
        ),
        fixed("first"),
    ),
    (
        "part",
        (
            r"(?:end of (?:the )?(?:business )?day|eod|close of business|c\.?o\.?b\b\.?|closing time|"
            r"end of business|you(?: guys)? close)\b"
        ),
        fixed("end"),
    ),
    (
        "clock",
        (
            r"(?:noontime|noonish|noon|midday|mid-day|mid day|lunch ?time|lunch hour|lunch break|"
            r"(?<=\bat )lunch|(?<=\bover )lunch|(?<=\bbefore )lunch|(?<=\bafter )lunch|(?<=\bduring )lunch|"
            r"mediod[ií]a)\b"
        ),
        fixed(12, 0, "p"),
    ),
    (
        "clock",
        (
            r"(?P<q>half|(?:a )?quarter|ten(?= past)|five(?= past)|twenty|(?:5|10|20|25)(?= past)) (?P<d>past|"
            rf"after|to|of|till|til|before) (?P<h>{HOUR})(?:{_AP})?\b(?!\s*(?:am|pm))(?! (?:days|hours|"
            r"minutes))"
        ),
        quarter,
    ),
    (
        "clock",
        rf"half[- ](?P<h>{HOUR})(?:{_AP})?(?![\w/])(?! (?:of|a|an|days?|hours?|price|off)\b)",
        lambda m: (number(m.group("h")), 30, (m.group("ap") or "")[:1]),
    ),
    (
        "clock",
        rf"(?P<h>\d{{1,2}})\s?:\s?(?P<m>[0-5]\d)(?:\s*(?:-?ish|o'?clock))?(?:{_AP}|(?P<ap2>[ap])\b)?(?!\d)",
        colon,
    ),
    ("clock", rf"(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d){_AP}", hm),
    ("clock", r"(?P<h>\d{1,2})\.(?P<m>00|15|30|45)(?!\.?\d|%|\s*(?:inch|in\b|mm|cm|gal|lb|kg|%|dollars|bucks))", hm),
    ("clock", rf"(?P<h>\d{{1,2}})(?P<m>[0-5]\d){_AP}", hm),
    ("clock", r"(?P<h>\d{1,2})(?P<m>[0-5]\d)(?P<ap>[ap])\b", hm),
    (
        "clock",
        (
            r"(?:(?:(?<=\bat )|(?<=after )|(?<=before )|(?<=\bby )|(?<=until ))(?P<h>[01]\d|"
            r"2[0-3])(?P<m>[0-5]\d)(?: ?(?:hrs|hours|h))?"
            r"(?=\s*(?:[.,!?;]|$|on\b|tomorrow|today|please|or\b))|"
            rf"(?P<h2>1[3-7])(?P<m2>[0-5]\d)(?= (?:on )?(?:{TODAY}|{TOMORROW}|{WD})\b))"
        ),
        military,
    ),
    (
        "clock",
        (
            rf"(?P<h>\d{{1,2}}) (?P<m>00|15|30|45)"
            rf"(?:{_AP}|(?=\s*(?:$|[.,!?;]|on\b|please\b|works|{TODAY}|{TOMORROW}|{WD})))"
        ),
        hm,
    ),
    ("clock", rf"(?P<h>{HOUR}) (?P<m>thirty|fifteen|forty[- ]five|twenty|ten|forty)(?:{_AP})?(?![a-z])", hm),
    ("clock", rf"(?P<h>{HOUR})(?:\s*-?ish)?(?:\s*o'?\s?clock)?{_AP}(?!\s+not\b)", hm),
    ("clock", r"(?P<h>\d{1,2})(?P<ap>[ap])\b", hm),
    ("clock", rf"(?P<h>1[3-9]|2[0-3]|{HOUR})(?:\s*o'?\s?clock|\s?-?ish)\b", hm),
    ("clock", r"(?P<h>1[3-9]|2[0-3]|0?[89]|1[0-2])(?P<m>[0-5]\d)? ?(?:hrs|h)\b", hm),
    (
        "clock",
        (
            r"(?:(?<=after the )|(?<=before the )|(?<=from the )|(?<=until the )|(?<=at the )|(?<=by the )|"
            r"(?<=before ))"
            r"(?P<h>\d{1,2})(?: (?P<m>30|15|45))? (?:hours|hrs|h)\b(?! of)"
        ),
        hm,
    ),
    (
        "clock",
        (
            r"(?:(?<=\blas )|(?<=\bla ))(?P<h>una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|\d{1,2})"
            r"(?: (?P<sign>y|menos) (?P<q>media|cuarto|quince|treinta))(?![a-zñ])"
        ),
        spanish,
    ),
    (
        "clock",
        (
            r"(?:(?<=\blas )|(?<=\ba la ))(?P<h>una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|"
            r"doce)(?![a-zñ])"
        ),
        hm,
    ),
    ("clock", r"midnight\b|medianoche\b", fixed(24, 0, "")),
    (
        "part",
        (
            r"(?:this |in the |late |early |mid[- ]?|the |later this |a |esta |por la |en la |"
            r"de la )*?(?:mornings?|morn|mornin|forenoon)\b|(?:por|en|de) la ma[ñn]ana\b|esta ma[ñn]ana\b|"
            r"in the a\.?m\.?(?![a-z])"
        ),
        lambda m: part(m, "morning"),
    ),
    (
        "part",
        (
            r"(?:this |in the |late |early |mid[- ]?|the |later this |a |esta |por la |en la |"
            r"de la )*?(?:afternoons?|afternoon|arvo|aft)\b|(?:por|en|de|esta) la tarde\b|esta tarde\b|"
            r"por la tarde\b|in the p\.?m\.?(?![a-z])"
        ),
        lambda m: part(m, "afternoon"),
    ),
    ("part", r"(?:dinner|supper|tea|bed)[- ]?time\b", fixed("evening")),
    (
        "part",
        (
            r"(?:this |in the |late |early |the |later this )*?(?:evenings?|nights?)\b|tonight\b|tonite\b|"
            r"2nite\b|(?:por|en|de|esta) (?:la )?noche\b|after hours\b"
        ),
        lambda m: part(m, "evening"),
    ),
    (
        "part",
        (
            r"(?:(?<=day )|(?<=mon )|(?<=tue )|(?<=tues )|(?<=wed )|(?<=thu )|(?<=thurs )|(?<=fri )|(?<=sat )|"
            r"(?<=tomorrow )|(?<=tmrw ))a\.?m\b\.?(?! i\b)"
        ),
        fixed("morning"),
    ),
    (
        "part",
        (
            r"(?:(?<=day )|(?<=mon )|(?<=tue )|(?<=tues )|(?<=wed )|(?<=thu )|(?<=thurs )|(?<=fri )|(?<=sat )|"
            r"(?<=tomorrow )|(?<=tmrw ))p\.?m\b\.?"
        ),
        fixed("afternoon"),
    ),
    ("part", r"(?<=, )a\.?m\b\.?(?! i\b)", fixed("morning")),
    ("part", r"(?<=, )p\.?m\b\.?", fixed("afternoon")),
    (
        "bare",
        (
            rf"(?<![\w.,:/$£€#])(?<![a-z]-)(?P<h>{HOUR})(?![\w:/%'])(?!\.\d)(?!-(?:year|month|week|day|inch|"
            r"foot|gallon|ton|unit|bed|piece))"
        ),
        lambda m: (number(m.group("h")), 0, "") if 1 <= number(m.group("h")) <= 12 else None,
    ),
    ("bare", r"(?<![\w.,:/$£€#-])(?P<h>1[0-2]|[1-9])(?P<m>00|15|30|45)(?![\w:/%])", hm),
)
