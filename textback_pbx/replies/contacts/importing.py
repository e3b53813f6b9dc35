"""Contact files (CSV, vCard) -> people to write down, and a reason for everything that is refused; pure.

CSV: the first line names the columns; the names that the usual programs give them are known (:data:`COLUMNS`). Comma
or semicolon. Nothing is guessed: a row without a usable number is refused with its reason, a further number that
cannot be read is left out with its own. A number stands once in a file.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textback_pbx.replies.contacts import vcard
from textback_pbx.replies.contacts.person import Customer, Person, PersonProblem, e164, person

#: What a column means, by the names that office programs and telephones give it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("number", "phone", "phone number", "telephone", "tel", "mobile", "mobile phone", "home phone",
               "business phone", "primary phone", "cell", "phone 1 - value", "phone 2 - value", "phone 3 - value"),
    "name": ("name", "full name", "display name", "customer name", "contact"),
    "first": ("first name", "given name", "first"),
    "last": ("last name", "family name", "surname", "last"),
    "customer": ("customer",),
    "tags": ("tags", "tag", "labels", "categories", "group membership"),
    "email": ("email", "e-mail", "email address", "e-mail address", "e-mail 1 - value", "mail"),
    "note": ("note", "notes", "comment", "comments"),
}  # fmt: skip
_MEANING = {name: meaning for meaning, names in COLUMNS.items() for name in names}
#: Google's export marks its own groups.
_GOOGLE = re.compile(r"^\* ")


class FileProblem(ValueError):
    """The file as a whole cannot be imported; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One contact to write down. ``place`` is its line in the file; ``left_out`` says what of it was not usable."""

    place: int
    person: Person
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A row or card that was not taken, and why. ``who`` is the name or number as written."""

    place: int
    who: str
    reason: str


class Reader:
    """Reads one file; remembers its numbers, so that the second of the same is refused by the first's line."""

    def __init__(self, country: str, customer: Customer = Customer.UNSAID, tags: tuple[str, ...] = ()) -> None:
        """``customer`` and ``tags`` are for every contact of the file; a row's own ``customer`` wins."""
        self._country, self._customer, self._tags = country, customer, tags
        self._seen: dict[str, int] = {}

    def read(self, text: str) -> Iterator[Taken | Refused]:
        """Read a file's text, vCard or CSV by what it begins with. Raises :class:`FileProblem`."""
        body = text.removeprefix("\ufeff")
        if re.match(r"\s*BEGIN:VCARD", body, re.IGNORECASE):
            yield from self._cards(body)
        else:
            yield from self._rows(body)

    def _cards(self, text: str) -> Iterator[Taken | Refused]:
        for card in vcard.read(text):
            who = card.name or (card.numbers[0] if card.numbers else "(no name)")
            if card.problem:
                yield Refused(card.line, who, card.problem)
                continue
            said = {"name": card.name, "customer": card.customer, "email": card.email, "note": card.note}
            yield self._take(card.line, who, said, card.numbers, card.tags)

    def _rows(self, text: str) -> Iterator[Taken | Refused]:
        heading = text.split("\n", 1)[0]
        mark = ";" if heading.count(";") > heading.count(",") else ","
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        try:
            columns = _columns(next(rows, []))
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield self._row(rows.line_num, row, columns)
        except csv.Error as error:
            raise FileProblem(f"line {rows.line_num}: {error}") from error

    def _row(self, place: int, row: list[str], columns: list[str]) -> Taken | Refused:
        cells: dict[str, list[str]] = {meaning: [] for meaning in COLUMNS}
        for meaning, cell in zip(columns, row, strict=False):
            if meaning and cell.strip():
                cells[meaning].append(_cell(cell))
        name = " ".join(cells["name"][:1] or [*cells["first"][:1], *cells["last"][:1]])
        who = name or " ".join(cells["number"][:1]) or "(empty)"
        if len(row) > len(columns):
            return Refused(place, who, "more cells than columns: is a comma not in quotes?")
        numbers = [number for cell in cells["number"] for number in re.split(r":::|;|,", cell) if number.strip()]
        tags = [tag for cell in cells["tags"] for tag in re.split(r":::|[;,]", cell)]
        said = {key: " ".join(cells[key][:1]) for key in ("customer", "email", "note")} | {"name": name}
        return self._take(place, who, said, numbers, [tag for tag in tags if not _GOOGLE.match(tag.strip())])

    def _take(
        self, place: int, who: str, said: Mapping[str, str], numbers: list[str], tags: list[str]
    ) -> Taken | Refused:
        good, bad = self._numbers(numbers)
        if not good:
            return Refused(place, who, "; ".join(bad) or "no telephone number")
        try:
            made = person(
                said["name"],
                good,
                self._country,
                customer=said["customer"].lower() or self._customer,
                tags=[*tags, *self._tags],
                email=said["email"],
                note=said["note"],
            )
        except PersonProblem as problem:
            return Refused(place, who, str(problem))
        self._seen |= dict.fromkeys(made.numbers, place)
        return Taken(place, made, tuple(bad))

    def _numbers(self, written: list[str]) -> tuple[list[str], list[str]]:
        good, bad = [], []
        for one in written:
            try:
                number = e164(one, self._country)
            except PersonProblem as problem:
                bad.append(str(problem))
                continue
            if number in self._seen:
                bad.append(f"{one!r} is the number of line {self._seen[number]}")
            else:
                good.append(number)
        return good, bad


def _cell(text: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from calculating with it."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@\t\r") else text


def _columns(heading: list[str]) -> list[str]:
    columns = [_MEANING.get(name.strip().lower(), "") for name in heading]
    if "number" not in columns:
        known = ", ".join(names[0] for names in COLUMNS.values())
        raise FileProblem(f"the first line names no column of telephone numbers; columns that are known: {known}")
    return columns
