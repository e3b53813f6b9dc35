"""How people write days, weeks and "as soon as possible": one table of expressions with what each means; pure."""

from textback_pbx.replies.readings import (
    Build,
    date_of_month,
    fixed,
    in_hours,
    numeric,
    spoken_date,
    that,
    weekday,
    within,
)
from textback_pbx.replies.words import (
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

#: (kind, pattern, what it means); the longer and surer first.
DAYS: tuple[tuple[str, str, Build], ...] = (
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
        (
            r"(?:the |that |on the )?(?:very )?same day\b(?! (?:service|appointment|delivery|emergency))|"
            r"(?:on |for )?that day\b|ese (?:mismo )?d[ií]a\b"
        ),
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
            r"(?:(?<=\bme )|(?<=\bus )|(?<=chat )|(?<=speak )|(?<=text )|(?<=free )|(?<=available )|(?<=home )|"
            r"(?<=come )|(?<=here )|"
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
            rf"the (?P<wd6>{WD}) after(?=\W*(?:$|[.,!?;]|same\b|instead\b|please\b))|"
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
            rf"(?P<y>20[2-3]\d))?(?![a-z])(?!(?<=may) (?:i|we|you|be|work|suit)\b)"
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
)
