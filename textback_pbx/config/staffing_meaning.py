"""What is wrong with people, queues, routes and endpoints although every value has the right type.

A reply that a rule gives to nobody is a customer nobody answers: unknown names, rules that are never reached and
numbers that belong to somebody else are found before the agent starts.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from textback_pbx import phone
from textback_pbx.config.settings import Settings
from textback_pbx.config.staffing import Person, Webhook
from textback_pbx.replies import lexicon, routing

Problem = tuple[str, str]
_LEAST_SECRET, _MOST_SECRET = 24, 64  # bytes, as Standard Webhooks has it
_NEEDS = "needs the extra: pip install 'textback-pbx[notify]'"


def problems(settings: Settings) -> Iterator[Problem]:
    """Yield (key, words) for each thing that means nothing, or not what it looks like."""
    yield from _names(settings)
    for number, person in enumerate(settings.people):
        yield from _person(settings, f"people.{number}", person)
    yield from _phones(settings)
    yield from _queues(settings)
    yield from _routes(settings)
    yield from _addresses("notify", settings.notify.addresses, settings.notify.addresses_file)
    for number, webhook in enumerate(settings.webhooks):
        yield from _webhook(f"webhooks.{number}", webhook)


def owners(settings: Settings) -> list[str]:
    """Return every name that may own a reply: people, queues, ``admin``, and the desks the lines name."""
    desks = [settings.office.owner, *(line.owner for line in settings.lines if line.owner)]
    return [*_people(settings), *(queue.name for queue in settings.queues), "admin", *desks]


def _people(settings: Settings) -> list[str]:
    return [person.name for person in settings.people]


def _names(settings: Settings) -> Iterator[Problem]:
    queues = [queue.name for queue in settings.queues]
    for key, names in (
        ("people", _people(settings)),
        ("queues", queues),
        ("routes", [route.name for route in settings.routes]),
        ("webhooks", [webhook.name for webhook in settings.webhooks]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield key, f"two are named {name!r}"
    for name in sorted(set(queues) & set(_people(settings))):
        yield "queues", f"{name!r} is the name of a person and of a queue: rename one"


def _unknown(key: str, name: str, known: Iterable[str], what: str) -> Iterator[Problem]:
    names = list(dict.fromkeys(known))
    if name and name not in names:
        guess = get_close_matches(name, names, n=1)
        hint = f"did you mean {guess[0]!r}?" if guess else f"there are: {', '.join(names) or 'none'}"
        yield key, f"no {what} is named {name!r}; {hint}"


def _person(settings: Settings, key: str, person: Person) -> Iterator[Problem]:
    yield from _unknown(f"{key}.next", person.next, _people(settings), "person")
    if person.next == person.name:
        yield f"{key}.next", f"{person.name!r} cannot come after themselves"
    for queue in person.queues:
        yield from _unknown(f"{key}.queues", queue, (one.name for one in settings.queues), "queue")
    for span in person.away:
        if not _is_span(span):
            yield f"{key}.away", f"{span!r} is no absence; write a day like 2026-12-24, or 2026-12-24/2027-01-02"
    if person.hours is not None and not any(person.hours.week()):
        yield f"{key}.hours", f"{person.name!r} never works: leave them out, or give them hours"
    if "sms" in person.tell and not person.phone:
        yield f"{key}.tell", "by sms needs their phone"
    if "apprise" in person.tell and not (person.addresses or person.addresses_file):
        yield f"{key}.tell", "by apprise needs addresses, such as mailto://..., or addresses_file"
    yield from _addresses(key, person.addresses, person.addresses_file)


def _is_span(text: str) -> bool:
    days = text.split("/")
    try:
        dates = [date.fromisoformat(day) for day in days]
    except ValueError:
        return False
    return len(dates) in (1, 2) and dates[0] <= dates[-1] and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)


def _phones(settings: Settings) -> Iterator[Problem]:
    """A staff number that is the office's own would answer itself; one that two people share answers for both."""
    own = {_number(n, settings): where for where, n in _office_numbers(settings)}
    seen: dict[str, str] = {}
    for place, person in enumerate(settings.people):
        if not person.phone:
            continue
        key, number = f"people.{place}.phone", phone.parse(person.phone, settings.office.country)
        if not isinstance(number, phone.Number):
            yield key, f"{person.phone!r} is no phone number; write it like +15125550171"
        elif number.e164 in own:
            yield key, f"{person.phone!r} is the office's own ({own[number.e164]}): it would answer itself"
        elif number.e164 in seen:
            yield key, f"{person.phone!r} is {seen[number.e164]!r}'s too: a text from it would come from both"
        else:
            seen[number.e164] = person.name


def _office_numbers(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "office.phone", settings.office.phone
    yield from (("office.own_numbers", number) for number in settings.office.own_numbers)
    for line in settings.lines:
        yield f"line {line.name!r}", line.phone
        yield from ((f"line {line.name!r}", number) for number in line.dialled)


def _number(text: str, settings: Settings) -> str:
    number = phone.parse(text, settings.office.country)
    return number.e164 if isinstance(number, phone.Number) else text


def _queues(settings: Settings) -> Iterator[Problem]:
    by_person = {queue for person in settings.people for queue in person.queues}
    for number, queue in enumerate(settings.queues):
        key = f"queues.{number}"
        for member in queue.members:
            yield from _unknown(f"{key}.members", member, _people(settings), "person")
        if not queue.members and queue.name not in by_person:
            yield f"{key}.members", f"nobody is in {queue.name!r}: what it gets, nobody would have"
        others = [name for name in owners(settings) if name not in {one.name for one in settings.queues}]
        yield from _unknown(f"{key}.otherwise", queue.otherwise, others, "person or desk")
        for prefix in queue.territory:
            yield from _prefix(f"{key}.territory", prefix)


def _prefix(key: str, prefix: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[A-Z0-9]{1,8}", routing.bare_postcode(prefix)):
        yield key, f"{prefix!r} is no beginning of a postcode; write it like 787 or SW1"


def _routes(settings: Settings) -> Iterator[Problem]:
    services = sorted({label for name in _TRADES for label in lexicon.load(name)})
    lines = ["office", *(line.name for line in settings.lines)]
    taken = ""
    for number, route in enumerate(settings.routes):
        key = f"routes.{number}"
        yield from _unknown(f"{key}.to", route.to, owners(settings), "person, queue or desk")
        for service in route.services:
            yield from _unknown(f"{key}.services", service, services, "service")
        for line in route.lines:
            yield from _unknown(f"{key}.lines", line, lines, "line")
        for prefix in route.postcodes:
            yield from _prefix(f"{key}.postcodes", prefix)
        if any(not word.strip() for word in route.words):
            yield f"{key}.words", "an empty word matches nothing"
        start, _, until = route.between.partition("-")
        if route.between and start == until:
            yield f"{key}.between", f"{route.between!r} begins and ends at the same time"
        if taken:
            yield key, f"{route.name!r} is never asked: {taken!r} before it takes every text"
        if not taken and _takes_all(settings, number):
            taken = route.name


_TRADES = ("home_services", "dental", "law", "salon", "pet")


def _takes_all(settings: Settings, number: int) -> bool:
    route = settings.routes[number]
    conditions = (route.words, route.services, route.postcodes, route.lines, route.urgencies, route.customers)
    return not any((*conditions, route.signs, route.days, route.between)) and route.open is None


def _addresses(key: str, addresses: Sequence[SecretStr], file: Path | None) -> Iterator[Problem]:
    if addresses and file is not None:
        yield f"{key}.addresses_file", "addresses and addresses_file are both set: keep one"
    yield from _readable(f"{key}.addresses_file", file)
    if (addresses or file is not None) and find_spec("apprise") is None:
        yield f"{key}.addresses", _NEEDS
    for address in addresses:
        if "://" not in address.get_secret_value():
            yield f"{key}.addresses", "an address begins with its kind, like mailto:// or ntfy://"


def _readable(key: str, file: Path | None) -> Iterator[Problem]:
    if file is not None:
        try:
            file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield key, f"cannot be read: {error}"


def _webhook(key: str, webhook: Webhook) -> Iterator[Problem]:
    if find_spec("httpx") is None or find_spec("standardwebhooks") is None:
        yield key, _NEEDS
    yield from _url(f"{key}.url", webhook.url)
    yield from _readable(f"{key}.secret_file", webhook.secret_file)
    secret = webhook.secret.get_secret_value()
    if bool(secret) == (webhook.secret_file is not None):
        yield f"{key}.secret", "set secret or secret_file, one of them: every event is signed"
    values = [("secret", secret), ("previous_secret", webhook.previous_secret.get_secret_value())]
    for name, value in [*values, ("secret_file", _content(webhook.secret_file))]:
        if value and not is_secret(value):
            yield f"{key}.{name}", "is no key; make one: echo whsec_$(head -c 32 /dev/urandom | base64)"


def _content(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""  # said already


def is_secret(text: str) -> bool:
    """Say whether a text is a key as Standard Webhooks has it: 24 to 64 bytes in base64, after ``whsec_``."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _LEAST_SECRET <= len(key) <= _MOST_SECRET


def _url(key: str, url: str) -> Iterator[Problem]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield key, f"{url!r} is no address; write it like https://hooks.example.com/textback"
    elif parts.username or parts.password:
        yield key, "holds a password: leave it out, events are signed"
    elif parts.scheme == "http" and not _is_near(parts.hostname):
        yield key, "is not encrypted: use https:// for everything outside the office's own network"


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
