"""Holds texts to what a text may be: named, short, one step, no promise that nobody computed. Pure after loading.

Each situation's template is filled with the worst case, counted in segments, and read for what makes callers
distrust a text or a regulator ask about it. The words looked for are data (``templates/lint.*.toml``).
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from textback_pbx.decision import promises, wording
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.segments import Encoding, segment, straighten
from textback_pbx.decision.template_sets import SITUATIONS, TemplateSet, choose, load
from textback_pbx.decision.wording import TemplateProblem

#: A business name as long as most are at the longest; a real name, when given, is taken instead.
LONG_BUSINESS = "Northwest Alder Heating & Plumbing Corp"
_SHORTENER = re.compile(
    r"(?<![\w.-])(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|ow\.ly|is\.gd|buff\.ly|rebrand\.ly|cutt\.ly|rb\.gy|t\.ly|shorturl\.at"
    r"|tiny\.cc|bl\.ink|s\.id|lnkd\.in|v\.gd|qr\.ae|adf\.ly|shorte\.st|soo\.gd|clck\.ru)(?![\w.-]*\w)",
    re.IGNORECASE,
)
_NAMED_BY = 30  # characters: the business is named within the first words


class Severity(StrEnum):
    """``error``: the text cannot or must not be used so; ``warning``: it will work against the office."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one text. ``plain`` is what could stand instead, where there is such a thing."""

    text: str  # the set and situation, such as dental.es/busy.open
    code: str
    severity: Severity
    message: str
    plain: str = ""


#: Every code with what it means; the documentation lists them.
CODES: dict[str, str] = {
    "syntax": "cannot be read, or names a field that does not exist",
    "segments": "takes more parts than allowed when filled with the worst case",
    "ucs2": "a character outside the GSM alphabet makes the text 70 characters a part instead of 160",
    "no_business": "does not name the business in its first words",
    "no_call": "does not refer to the call",
    "no_step": "gives no next step",
    "many_steps": "gives more than one next step",
    "bare_apology": "apologises and does nothing else",
    "open_question": "asks an open question that nobody can answer in a text",
    "vague_promise": "promises a time that means nothing",
    "typed_promise": "promises a time that was typed, not computed",
    "unbacked_promise": "promises to come back without saying by when",
    "no_hours": "promises what opening hours that never come would have to keep",
    "long_wait": "promises a time span of more than half a day, at some hours of the week",
    "capitals": "shouts",
    "emoji": "holds an emoji",
    "promotion": "advertises",
    "shortener": "hides an address behind a link shortener",
    "sensitive": "asks about or mentions health, law or money matters",
    "no_stop": "does not say how to stop the texts",
}
_ERRORS = frozenset({"syntax", "segments", "shortener", "no_hours"})


def worst_case(language: str, business: str = "", *, opt_out: bool = True) -> dict[str, str]:
    """Return the longest plausible value of every field."""
    phrases = load("general", language).phrases
    span = max((str(phrases["minutes"]).format(n=90), str(phrases["hours"]).format(n=120)), key=len)
    moment = max(phrases["weekdays"], key=len) + (" 12:30 pm" if phrases["clock"] == "12h" else " 12:30")
    return {
        "business": business or LONG_BUSINESS,
        "line": "main",
        "phone": "+44 7700 900123",
        "link": "https://example.com/booking",
        "caller_name": "",  # left out by itself where it does not fit
        "callback_time": span,
        "callback_by": moment,
        "opens": moment,
        "opt_out": phrases["opt_out"] if opt_out else "",
    }


def lint(ready: TemplateSet, *, max_segments: int = 1, business: str = "") -> list[Finding]:
    """Check every text of a set."""
    found: list[Finding] = []
    for situation, template in ready.texts.items():
        found += lint_text(
            template,
            situation=situation,
            language=ready.language,
            name=f"{ready.name}/{situation}",
            max_segments=max_segments,
            business=business,
        )
    return found


def lint_text(
    template: str, *, situation: str, language: str, name: str = "", max_segments: int = 1, business: str = ""
) -> list[Finding]:
    """Check one template as the text of one situation. ``language`` is ``en`` or ``es``."""
    name = name or situation
    values = worst_case(language, business)
    try:
        text = wording.fill(template, values)
        used = wording.used_fields(template)
    except TemplateProblem as problem:
        return [_finding(name, "syntax", str(problem))]
    words = _words(language)
    raw = re.sub(r"\{%.*?%\}", "", template)
    calls = SITUATIONS.get(situation, SITUATIONS["plain"]).call
    codes = [
        *_length(template, text, max_segments),
        *_manners(raw, text, words),
        *(_structure(raw, used, words, situation=situation) if calls else _confirmation(raw, situation)),
    ]
    return [_finding(name, code, message, plain) for code, message, plain in codes]


def _finding(name: str, code: str, message: str, plain: str = "") -> Finding:
    severity = Severity.ERROR if code in _ERRORS else Severity.WARNING
    return Finding(name, code, severity, message, plain)


_Raw = tuple[str, str, str]


def _length(template: str, text: str, max_segments: int) -> Iterator[_Raw]:
    for forcing in segment(template).forcing:
        name = unicodedata.name(forcing.char, "a character without a name").lower()
        offer = f"write {forcing.plain!r} instead" if forcing.plain else "leave it out"
        yield "ucs2", f"{forcing.char!r} ({name}) at {forcing.index + 1} forces UCS-2; {offer}", forcing.plain
    cut = segment(text)
    if cut.count > max_segments:
        unit = "septets" if cut.encoding is Encoding.GSM7 else "UCS-2 units"
        yield "segments", f"{cut.count} parts ({cut.units} {unit}) in the worst case, {max_segments} allowed", ""


def _manners(raw: str, text: str, words: Mapping[str, Any]) -> Iterator[_Raw]:
    own = _without_fields(raw)
    for code in ("vague", "typed_time", "promotion", "sensitive", "open_question"):
        match = words[code].search(own)
        if match:
            yield _CODE_OF[code], f"{match[0].strip()!r}: {CODES[_CODE_OF[code]]}", ""
    if link := _SHORTENER.search(text):
        yield "shortener", f"{link[0]!r}: {CODES['shortener']}", ""
    for char in dict.fromkeys(own):
        if unicodedata.category(char) == "So" and ord(char) > 0x2190:
            yield "emoji", f"{char!r}: {CODES['emoji']}", ""
    shouted = [word for word in re.findall(r"\b[^\W\d_a-z]{4,}\b", own) if word not in words["stop_words"]]
    if shouted:
        yield "capitals", f"{shouted[0]!r}: {CODES['capitals']}", shouted[0].capitalize()


_CODE_OF = {
    "vague": "vague_promise",
    "typed_time": "typed_promise",
    "promotion": "promotion",
    "sensitive": "sensitive",
    "open_question": "open_question",
}


def _structure(raw: str, used: frozenset[str], words: Mapping[str, Any], *, situation: str) -> Iterator[_Raw]:
    own = _without_fields(raw)
    steps = words["step"].findall(own) + (["link"] if "link" in used and not words["step"].search(own) else [])
    if not 0 <= raw.find("{business}") <= _NAMED_BY:
        yield "no_business", CODES["no_business"], ""
    if not words["call"].search(own):
        yield "no_call", CODES["no_call"], ""
    if len(steps) > 1:
        yield "many_steps", f"{CODES['many_steps']}: {', '.join(steps)}", ""
    promised = used & {"callback_time", "callback_by", "opens"}
    if words["apology"].search(own) and not steps and not promised:
        yield "bare_apology", CODES["bare_apology"], ""
    elif not steps:
        yield "no_step", CODES["no_step"], ""
    if words["promise"].search(own) and not promised and situation != "plain":
        yield "unbacked_promise", CODES["unbacked_promise"], ""


def _confirmation(raw: str, situation: str) -> Iterator[_Raw]:
    """Check a text that answers no call: HELP names the business, the phone and STOP; all name the business."""
    if not 0 <= raw.find("{business}") <= _NAMED_BY:
        yield "no_business", CODES["no_business"], ""
    if situation == "help" and "{phone}" not in raw:
        yield "no_step", "the answer to HELP must give the phone number", ""
    if situation in {"help", "optin_confirmation"} and not ("STOP" in raw or "{opt_out}" in raw):
        yield "no_stop", CODES["no_stop"], ""


def _without_fields(raw: str) -> str:
    return straighten(re.sub(r"\s*\{opt_out\}", "", raw)).replace("{", "<").replace("}", ">")


@lru_cache(maxsize=8)
def _words(language: str) -> dict[str, Any]:
    folder = resources.files("textback_pbx.decision") / "templates"
    raw = tomllib.loads((folder / f"lint.{language}.toml").read_text(encoding="utf-8"))
    return {
        key: re.compile(value, re.IGNORECASE) if isinstance(value, str) else frozenset(value)
        for key, value in raw.items()
    }


def lint_line(line: LinePolicy, *, max_segments: int = 1) -> list[Finding]:
    """Check every text a line would use, filled with its own names."""
    found: list[Finding] = []
    for situation in SITUATIONS:
        chosen = choose(line, situation)
        if chosen is not None:
            found += lint_text(
                chosen.template,
                situation=situation,
                language=line.language,
                name=f"{line.name}: {chosen.key}",
                max_segments=max_segments,
                business=line.business,
            )
            found += [
                _finding(f"{line.name}: {chosen.key}", code, words) for code, words in promises.check(line, situation)
            ]
    unknown = sorted(set(line.own_texts) - set(SITUATIONS))
    return found + [_finding(f"{line.name}: own/{key}", "syntax", f"there is no situation {key!r}") for key in unknown]
