"""What an expression of moments.py found -> the value of its item; pure."""

import re
from collections.abc import Callable

from textback_pbx.replies.words import MONTHS, ORDINALS, WEEKDAYS, number

Build = Callable[["re.Match[str]"], tuple[object, ...] | None]


def weekday(match: "re.Match[str]") -> tuple[object, ...]:
    """A weekday, with how it was named."""
    name = match.group("wd")
    plural = match.group("pl") is not None
    how = match.group("how") or ""
    mode = (
        "plural"
        if plural or how.startswith(("every", "any", "most"))
        else "next"
        if how.startswith(("next", "nxt"))
        else "coming"
    )
    return "weekday", WEEKDAYS[name], mode


def hm(match: "re.Match[str]") -> tuple[object, ...] | None:
    """An hour with its minutes; ``None`` when there is no such time."""
    groups = match.groupdict()
    hour, minute = number(groups["h"]), number(groups.get("m") or "0")
    ampm = (groups.get("ap") or "")[:1]
    if hour > 24 or minute > 59 or (ampm and not 1 <= hour <= 12):
        return None
    leading = groups["h"].startswith("0") and len(groups["h"]) == 2
    return hour, minute, ampm or ("a" if leading and hour < 10 else "")


def either(match: "re.Match[str]") -> tuple[object, ...]:
    """A full hour in a word or digits, whichever group of the expression has it."""
    return number(next(group for group in match.groups() if group)), 0, ""


def military(match: "re.Match[str]") -> tuple[object, ...]:
    """Four digits: at 1430."""
    return int(match.group("h") or match.group("h2")), int(match.group("m") or match.group("m2")), ""


def quarter(match: "re.Match[str]") -> tuple[object, ...]:
    """Half past, a quarter to."""
    hour, minutes = number(match.group("h")), match.group("q")
    amount = 15 if "quarter" in minutes else 30 if "half" in minutes else number(minutes)
    if match.group("d") in ("to", "of", "till", "til", "before"):
        return (hour - 1) or 12, 60 - amount, (match.group("ap") or "")[:1]
    return hour, amount, (match.group("ap") or "")[:1]


def spanish(match: "re.Match[str]") -> tuple[object, ...]:
    """Spanish hours with a half or a quarter: las tres y media, las dos menos cuarto."""
    hour = number(match.group("h"))
    amount = {"media": 30, "cuarto": 15, "quince": 15, "treinta": 30}[match.group("q")]
    if match.group("sign") == "menos":
        return (hour - 1) or 12, 60 - amount, ""
    return hour, amount, ""


def date_of_month(match: "re.Match[str]") -> tuple[object, ...] | None:
    """A day of a named month."""
    groups = match.groupdict()
    day = int(groups["d"])
    year = int(groups["y"]) if groups.get("y") else None
    return ("date", year, MONTHS[groups["mo"].rstrip(".")], day) if 1 <= day <= 31 else None


def spoken_date(match: "re.Match[str]") -> tuple[object, ...]:
    """A day of the month in words, with its month or without: november thirtieth."""
    day = ORDINALS[match.group("d") or match.group("d2") or match.group("d3")]
    month = match.group("mo") or match.group("mo2")
    return ("date", None, MONTHS[month.rstrip(".")], day) if month else ("dom", day)


def numeric(match: "re.Match[str]") -> tuple[object, ...]:
    """Two numbers that a country orders."""
    year = match.group("y")
    full = None if year is None else int(year) if len(year) == 4 else 2000 + int(year)
    return "numeric", full, int(match.group("one")), int(match.group("two"))


def fixed(*value: object) -> Build:
    """Always the same value."""
    return lambda _: value


def colon(match: "re.Match[str]") -> tuple[object, ...] | None:
    """An hour and minutes, with a lone ``a`` or ``p``."""
    made = hm(match)
    if made is None or made[2] or not match.group("ap2"):
        return made
    return made[0], made[1], match.group("ap2")


def part(match: "re.Match[str]", name: str) -> tuple[object, ...]:
    """A part of the day, plural or of today."""
    text = match.group()
    plural = text.endswith("s")
    this = "this" in text or text.startswith(("esta", "tonig", "tonit", "2nite"))
    return name, "plural" if plural else "today" if this else ""


def within(match: "re.Match[str]") -> tuple[object, ...] | None:
    """Minutes from now until which."""
    groups = match.groupdict()
    amount = groups["n"] or groups["n2"] or groups["n3"]
    unit = groups["u"] or groups["u2"] or groups["u3"]
    count = number(amount)
    return ("next", count * (60 if unit.startswith("h") else 1)) if count else None


def that(match: "re.Match[str]") -> tuple[object, ...]:
    """After, before or at a time that was named before."""
    text = match.group()
    if text == "then":
        return ("at",)
    return ("after",) if text.startswith(("after", "past", "despu")) else ("before",)


def in_hours(match: "re.Match[str]") -> tuple[object, ...] | None:
    """Minutes from now at which."""
    amount, unit = match.group("n"), match.group("u")
    count = 0.5 if amount.startswith("half") else number(amount)
    return ("from_now", int(count * (60 if unit.startswith("h") else 1))) if count else None
