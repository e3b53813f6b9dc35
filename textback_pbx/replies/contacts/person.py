"""One contact as it is written down, wherever it comes from; pure.

A name here may stand in a text (``{caller_name}``), so a contact record is what a person, or a file a person chose,
says about a number. A caller ID never becomes one.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.phone import NotANumber, parse

NAME_MAX, TAG_MAX, NOTE_MAX, EMAIL_MAX, MOST_NUMBERS, MOST_TAGS = 80, 30, 500, 254, 20, 20
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")


class Customer(StrEnum):
    """Whether the office has dealt with them before; intake asks this of a text, and of the contact record."""

    UNSAID = ""
    NEW = "new"
    KNOWN = "known"


class PersonProblem(ValueError):
    """A contact that cannot be written down; the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact to write down: E.164 numbers, tags in lower case. Make one with :func:`person`."""

    name: str
    numbers: tuple[str, ...]
    customer: Customer = Customer.UNSAID
    tags: tuple[str, ...] = ()
    email: str = ""
    note: str = ""


def person(
    name: str,
    numbers: list[str],
    country: str,
    *,
    customer: str = "",
    tags: list[str] | None = None,
    email: str = "",
    note: str = "",
) -> Person:
    """Check and tidy a contact; national numbers are read as ``country``'s. Raises :class:`PersonProblem`."""
    name = _line(name)
    if len(name) > NAME_MAX:
        raise PersonProblem(f"the name has {len(name)} characters, at most {NAME_MAX} are kept")
    if not name and not tags and not customer:
        raise PersonProblem("neither a name nor a tag nor new/known: nothing to keep")
    if customer not in set(Customer):
        raise PersonProblem(f"customer is {customer!r}: write new, known or nothing")
    if not 1 <= len(numbers) <= MOST_NUMBERS:
        raise PersonProblem("no telephone number" if not numbers else f"more than {MOST_NUMBERS} telephone numbers")
    return Person(
        name=name,
        numbers=tuple(dict.fromkeys(e164(number, country) for number in numbers)),
        customer=Customer(customer),
        tags=tidy_tags(tags or []),
        email=_email(email),
        note=_text(note)[:NOTE_MAX],
    )


def e164(written: str, country: str) -> str:
    """Return a number as E.164. Raises :class:`PersonProblem` with the reason."""
    number = parse(written, country)
    if isinstance(number, NotANumber):
        raise PersonProblem(f"{written!r} is no telephone number: {number.reason}")
    return number.e164


def tidy_tags(tags: list[str]) -> tuple[str, ...]:
    """Return tags in lower case without commas, sorted, each once. Raises :class:`PersonProblem`."""
    tidy = sorted({_line(re.sub("[,;]", " ", tag)).lower() for tag in tags} - {""})
    if len(tidy) > MOST_TAGS:
        raise PersonProblem(f"more than {MOST_TAGS} tags")
    for tag in tidy:
        if len(tag) > TAG_MAX:
            raise PersonProblem(f"{tag!r} is no tag: at most {TAG_MAX} characters")
    return tuple(tidy)


def _email(text: str) -> str:
    text = text.strip()
    if text and (len(text) > EMAIL_MAX or not _EMAIL.fullmatch(text)):
        raise PersonProblem(f"{text[:60]!r} is no e-mail address")
    return text


def _line(text: str) -> str:
    return " ".join(_text(text).split())


def _text(text: str) -> str:
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return kept.strip()
