"""How people write hours and parts of a day: one table of expressions with what each means; pure."""

from textback_pbx.replies.readings import (
    Build,
    colon,
    either,
    fixed,
    hm,
    military,
    part,
    quarter,
    spanish,
)
from textback_pbx.replies.words import (
    AMPM,
    HOUR,
    TODAY,
    TOMORROW,
    WD,
    number,
)

_AP = rf"\s*(?P<ap>{AMPM})"

#: (kind, pattern, what it means); the longer and surer first.
HOURS: tuple[tuple[str, str, Build], ...] = (
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
            r"end of business|(?:you|u|y'all|ye)(?: guys| all)? close|"
            r"(?<=before )(?:you|u|y'all|ye)(?: guys| all)? (?:shut|finish|knock off|lock up)(?: up)?)\b"
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
            rf"(?:{_AP}|(?=\s*(?:$|[.,!?;]|on\b|or so\b|if\b|please\b|works|{TODAY}|{TOMORROW}|{WD})))"
        ),
        hm,
    ),
    ("clock", rf"(?P<h>{HOUR}) (?P<m>thirty|fifteen|forty[- ]five|twenty|ten|forty)(?:{_AP})?(?![a-z])", hm),
    ("clock", rf"(?P<h>{HOUR})(?:\s*-?ish)?(?:\s*o'?\s?clock)?{_AP}(?!\s+not\b)", hm),
    ("clock", r"(?P<h>\d{1,2})(?P<ap>[ap])\b", hm),
    ("clock", rf"(?P<h>1[3-9]|2[0-3]|{HOUR})(?:\s*o'?\s?clock|\s?-?ish)\b", hm),
    (
        "clock",
        (
            r"(?P<h>1[3-9]|2[0-3]|0?[89]|1[0-2])(?P<m>[0-5]\d)? ?(?:hrs|h)\b"
            r"(?! (?:an?|per|each|every|of|ago|later|straight|total|drive|shifts?)\b|/)"
        ),
        hm,
    ),
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
            r"doce)(?![a-zñ])|(?:(?<=de la )|(?<=desde la )|(?<=hasta la ))(?P<h3>una)(?![a-zñ])|"
            r"(?P<h2>una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|\d{1,2})"
            r"(?= (?:de|por|en) la (?:tarde|ma[ñn]ana)\b)"
        ),
        either,
    ),
    (
        "part",
        r"(?:a\.m\.?|am's|ams|in the am)(?= (?:is|are|works?|would|better|best|preferable|preferred|suits?)\b)",
        fixed("morning"),
    ),
    (
        "part",
        r"(?:p\.m\.?|pm's|pms|pm)(?= (?:is|are|works?|would|better|best|preferable|preferred|suits?)\b)",
        fixed("afternoon"),
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
            r"(?<=tomorrow )|(?<=tmrw )|"
            r"(?<=mon\. )|(?<=tue\. )|(?<=tues\. )|"
            r"(?<=wed\. )|(?<=thu\. )|(?<=thurs\. )|(?<=fri\. )|(?<=sat\. ))a\.?m\b\.?(?! i\b)"
        ),
        fixed("morning"),
    ),
    (
        "part",
        (
            r"(?:(?<=day )|(?<=mon )|(?<=tue )|(?<=tues )|(?<=wed )|(?<=thu )|(?<=thurs )|(?<=fri )|(?<=sat )|"
            r"(?<=tomorrow )|(?<=tmrw )|"
            r"(?<=mon\. )|(?<=tue\. )|(?<=tues\. )|"
            r"(?<=wed\. )|(?<=thu\. )|(?<=thurs\. )|(?<=fri\. )|(?<=sat\. ))p\.?m\b\.?"
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
