"""Contact files taken in and written: a hundred people a transaction, so that the agent never waits for an import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textback_pbx.cli.common import EXIT_USAGE, fail, now_ms, open_database, progress

if TYPE_CHECKING:
    from textback_pbx.database import Tx
    from textback_pbx.replies.contacts.importing import Refused, Taken
    from textback_pbx.replies.contacts.store import Contact

_PAGE, _BATCH = 500, 100


class Source(NamedTuple):
    """What is imported, and what is said of everybody in it."""

    file: Path
    text: str
    customer: str
    tags: tuple[str, ...]


async def take(config: Path | None, source: Source, *, dry: bool) -> dict[str, Any]:
    """Import a file; what a cut-off import has taken stays, and taking it again changes nothing."""
    counts: dict[str, Any] = {"new": 0, "changed": 0, "same": 0}
    async with open_database(config, read_only=dry) as (settings, database):
        taken, refused = _read(source, settings.office.country)
        bad = [{"line": one.place, "who": one.who, "reason": one.reason} for one in refused]
        for first in progress(range(0, len(taken), _BATCH), "importing"):
            async with database.read() if dry else database.transaction() as tx:
                for one in taken[first : first + _BATCH]:
                    became = await (_would(tx, one) if dry else _keep(tx, one, source.file.name))
                    if became in counts:
                        counts[became] += 1
                    else:
                        bad.append({"line": one.place, "who": one.person.name, "reason": became})
    left = [{"line": one.place, "who": one.person.name, "reason": reason} for one in taken for reason in one.left_out]
    return {**counts, "refused": sorted(bad, key=lambda row: int(str(row["line"]))), "left_out": left}


def _read(source: Source, country: str) -> tuple[list[Taken], list[Refused]]:
    from textback_pbx.replies.contacts.importing import FileProblem, Reader, Refused
    from textback_pbx.replies.contacts.person import Customer, PersonProblem, tidy_tags

    try:
        reader = Reader(country, Customer(source.customer), tidy_tags(list(source.tags)))
        found = list(reader.read(source.text))
    except (FileProblem, PersonProblem) as problem:
        fail(f"{source.file}: {problem}", EXIT_USAGE)
    return [one for one in found if not isinstance(one, Refused)], [one for one in found if isinstance(one, Refused)]


async def _keep(tx: Tx, one: Taken, source: str) -> str:
    """Return what became of a contact: new, changed or same, else why it was refused."""
    from textback_pbx.replies.contacts.store import Conflict, keep

    kept = await keep(tx, one.person, source=source, now_ms=now_ms())
    return str(kept) if isinstance(kept, Conflict) else kept.change.value


async def _would(tx: Tx, one: Taken) -> str:
    from textback_pbx.replies.contacts.store import Conflict, of_number

    known = {found.id for number in one.person.numbers if (found := await of_number(tx, number)) is not None}
    return str(Conflict(tuple(sorted(known)))) if len(known) > 1 else "changed" if known else "new"


async def every(tx: Tx, tag: str | None) -> AsyncIterator[Contact]:
    """Yield every contact, or every one with a tag."""
    from textback_pbx.replies.contacts.store import list_contacts

    after = 0
    while page := await list_contacts(tx, tag=tag, after=after, limit=_PAGE):
        for one in page:
            yield one
        after = page[-1].id


def as_csv(contacts: list[Contact]) -> Iterator[str]:
    """Yield contacts as CSV, line by line."""
    from textback_pbx.cli.files import csv_line

    yield csv_line(["name", "number", "customer", "tags", "email", "note"])
    for one in contacts:
        numbers, tags = ";".join(one.numbers), ";".join(one.tags)
        yield csv_line([one.name, numbers, one.customer, tags, one.email, one.note])


def as_cards(contacts: list[Contact], version: str) -> Iterator[str]:
    """Yield contacts as vCards."""
    from textback_pbx.replies.contacts.person import Customer
    from textback_pbx.replies.contacts.vcard import Kept, write

    kept = (
        Kept(f"contact-{c.id}", c.name, c.numbers, Customer(c.customer), c.tags, c.email, c.note)
        for c in contacts
        if c.numbers
    )
    return write(kept, version)


def text_of(file: Path) -> str:
    """Read a file that may be UTF-8 or, as spreadsheets save it, UTF-16; or leave with words."""
    try:
        raw = file.read_bytes()
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}", EXIT_USAGE)
    except UnicodeDecodeError as error:
        fail(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8 and try again", EXIT_USAGE)
