"""The words of the calendar and the clock, in English and Spanish, with their common misspellings; pure."""

NUMBERS = [
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
WORD_VALUES = {word: n for n, word in enumerate(NUMBERS)} | {
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
HOUR = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
AMPM = r"(?:a\.?m\b\.?|p\.?m\b\.?|a\.m|p\.m)"
WEEKDAYS = {
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
WD = "(?:" + "|".join(sorted(WEEKDAYS, key=len, reverse=True)) + r")"
MONTHS = {
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
MO = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
ORDINALS = (
    {word: n for n, word in enumerate(_ORDINALS, start=1)}
    | {f"twenty{gap}{word}": 20 + n for gap in " -" for n, word in enumerate(_ORDINALS[:9], start=1)}
    | {"thirtieth": 30, "thirty first": 31, "thirty-first": 31}
)
ORDINAL = "(?:" + "|".join(sorted(ORDINALS, key=len, reverse=True)) + ")"
#: From the tenth on: "the first" and "the third" may be of anything.
ORDINAL_LATE = "(?:" + "|".join(sorted((w for w, n in ORDINALS.items() if n >= 10), key=len, reverse=True)) + ")"
UNITS = (
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
TOMORROW = r"(?:tomorrow|tomorow|tommorow|tommorrow|tomorro|tmrw|tmrow|tmr|tmw|tomoz|2moro|2morrow|2mrw)"
TODAY = r"(?:today|2day|this very day)"


def number(text: str) -> int:
    """Return the value of digits or a number word, 0 when it is neither."""
    text = text.strip()
    return int(text) if text.isdigit() else WORD_VALUES.get(text, 0)
