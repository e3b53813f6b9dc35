"""Values that have the right type and mean nothing: a day that is no day, a text nobody sends, a modem nobody knows.

Left unsaid they would be found on the day they matter: a holiday with open hours, a text that never replaces ours.
Pure but for the data files of the wheel.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches

from textback_pbx import phone
from textback_pbx.config import staffing_meaning
from textback_pbx.config.sections import Hours, Line, Texts
from textback_pbx.config.settings import Settings
from textback_pbx.decision import regions
from textback_pbx.decision.regions import RegionsProblem
from textback_pbx.decision.template_sets import SITUATIONS
from textback_pbx.decision.wording import TemplateProblem, fill, used_fields
from textback_pbx.modem import profile

_FIELDS = ("business", "line", "phone", "link", "caller_name", "callback_time", "callback_by", "opens", "opt_out")


def problems(settings: Settings, lines: Mapping[str, int]) -> list[str]:
    """Return what is wrong, each with its key and (where ``lines`` knows it) its line in the file."""
    return [_place(key, lines) + f"{key}: {words}" for key, words in _all(settings)]


def _place(key: str, lines: Mapping[str, int]) -> str:
    parts = key.split(".")
    known = (lines.get(".".join(parts[:count])) for count in range(len(parts), 0, -1))
    number = next((line for line in known if line), None)
    return f"line {number}: " if number else ""


def _all(settings: Settings) -> Iterator[tuple[str, str]]:
    office = settings.office
    yield from _paths(settings)
    yield from _phone("office.phone", office.phone, office.country)
    yield from _days("hours", settings.hours)
    for number, line in enumerate(settings.lines):
        yield from _phone(f"lines.{number}.phone", line.phone, office.country)
        if line.hours is not None:
            yield from _days(f"lines.{number}.hours", line.hours)
    yield from _modems(settings)
    yield from _pbxs(settings)
    yield from _texts(settings)
    yield from _replies(settings)
    yield from staffing_meaning.problems(settings)


def _paths(settings: Settings) -> Iterator[tuple[str, str]]:
    """From two folders a relative path is two files: an opt-out typed in one would not be known to the agent in "/"."""
    for key, path in (("database.path", settings.database.path), ("backup.folder", settings.backup.folder)):
        if path is not None and not path.is_absolute():
            yield key, f"{str(path)!r} depends on where a command is started: begin it with /"


def _pbxs(settings: Settings) -> Iterator[tuple[str, str]]:
    names = [pbx.name for pbx in settings.pbxs()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "pbx", f"two are named {name!r}; give each a name of its own: it stands in the key of every call"
    for number, rule in enumerate(settings.trunk_numbers):
        if rule.pbx and rule.pbx not in names:
            yield f"trunk_numbers.{number}.pbx", f"no PBX is named {rule.pbx!r}; there are: {', '.join(names)}"
    for number, line in enumerate(settings.lines):
        if line.pbx and line.pbx not in names:
            yield f"lines.{number}.pbx", f"no PBX is named {line.pbx!r}; there are: {', '.join(names)}"


def _modems(settings: Settings) -> Iterator[tuple[str, str]]:
    keys = ["modem", *(f"modems.{number}" for number in range(len(settings.modems)))]
    for key, modem in zip(keys, (settings.modem, *settings.modems), strict=True):
        if modem.model != "auto" and modem.model not in profile.names():
            yield f"{key}.model", f"no such model: {modem.model!r}; there are: auto, {', '.join(profile.names())}"
        if re.search(r"[\x00-\x1f]", modem.port):
            yield f"{key}.port", "holds a control character; write the path as ls /dev/serial/by-id shows it"
    used = settings.every_modem()
    for key in ("name", "port", "imei", "iccid"):
        values = [value for modem in used if (value := getattr(modem, key))]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield "modems", f"two have the {key} {value!r}; each modem has one of its own"
    names = [modem.name for modem in used]
    for number, line in enumerate(settings.lines):
        if line.modem and line.modem not in names:
            yield f"lines.{number}.modem", f"no modem is named {line.modem!r}; there are: {', '.join(names)}"


def _phone(key: str, value: str, country: str) -> Iterator[tuple[str, str]]:
    if value and not isinstance(phone.parse(value, country), phone.Number):
        yield key, f"{value!r} is no phone number of {country}; write it like +15125550100: callers are told to call it"


def _days(key: str, opening: Hours) -> Iterator[tuple[str, str]]:
    for day in opening.closed_on:
        if not (re.fullmatch(r"\d{4}-\d\d-\d\d", day) and _is_day(day)):
            yield f"{key}.closed_on", f"{day!r} is no day; write it like 2026-12-24"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _texts(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from _words("texts", settings.texts)
    for number, line in enumerate(settings.lines):
        yield from _words(f"lines.{number}", line)
    file = settings.quiet_hours.regional_file
    if file is not None:
        try:
            regions.parse(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RegionsProblem) as error:
            yield "quiet_hours.regional_file", f"{file} cannot be used: {error}"


def _words(table: str, said: Texts | Line) -> Iterator[tuple[str, str]]:
    for situation in said.off:
        yield from _known(f"{table}.off", situation, SITUATIONS)
    for situation, other in said.use.items():
        yield from _known(f"{table}.use", situation, SITUATIONS)
        yield from _known(f"{table}.use.{situation}", other, SITUATIONS)
    for situation, template in said.own.items():
        key = f"{table}.own.{situation}"
        yield from _known(key, situation, SITUATIONS)
        try:
            fill(template, dict.fromkeys(_FIELDS, "x"))
            used_fields(template)
        except TemplateProblem as problem:
            yield key, str(problem)


def _known(key: str, situation: str, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = list(known)
    if situation not in names:
        guess = get_close_matches(situation, names, n=1)
        hint = f"did you mean {guess[0]!r}?" if guess else f"there are: {', '.join(names)}"
        yield key, f"no text is named {situation!r}; {hint}"


def _replies(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, template in settings.replies.canned.items():
        if not re.fullmatch(r"[a-z0-9_-]{1,30}", name):
            yield "replies.canned", f"{name!r} is no name: small letters, digits, _ and -, at most 30"
        try:
            fill(template, dict.fromkeys(_FIELDS, "x"))
        except TemplateProblem as problem:
            yield f"replies.canned.{name}", str(problem)
    people = {person.name: person for person in settings.people}
    for name in settings.report.mail_to:
        person = people.get(name)
        if person is None:
            yield "report.mail_to", f"nobody is named {name!r}; there are: {', '.join(people) or 'no [[people]]'}"
        elif not person.addresses and person.addresses_file is None:
            yield "report.mail_to", f"{name} has no addresses: give people.addresses a mailto: address"
