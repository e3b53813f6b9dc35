"""``contacts``: the people the office knows, from CSV and vCard files and from its own hands."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_USAGE,
    ActorOption,
    ConfigOption,
    JsonOption,
    LimitOption,
    answer,
    change,
    emit_json,
    fail,
    look,
    now_ms,
    table,
    who,
)

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.contacts.importing import Refused, Taken
    from textback_pbx.replies.contacts.store import Contact

app = typer.Typer(no_args_is_help=True, add_completion=False)

Which = Annotated[
    str, typer.Argument(metavar="CONTACT", help="The contact's number in the list, or a telephone number.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="A tag; repeat it.")]
CustomerOption = Annotated[str, typer.Option(metavar="new|known", help="Whether they are a customer already.")]
_PAGE = 500
_COLUMNS = {"id": "contact", "name": "name", "numbers": "numbers", "customer": "customer", "tags": "tags"}


@app.command("list")
def list_(
    config: ConfigOption = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    customer: CustomerOption = "",
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """List the contacts. To find one by its name: textback-pbx threads search.

    Example: textback-pbx contacts list --tag vip
    """
    from textback_pbx.replies.contacts.store import list_contacts

    async def work(tx: Tx, _: Settings) -> list[Contact]:
        return await list_contacts(tx, tag=tag, customer=customer or None, limit=limit)

    contacts = look(config, work)
    if json:
        emit_json([dataclasses.asdict(one) for one in contacts])
    elif contacts:
        table([_row(one) for one in contacts], _COLUMNS)
    else:
        print("No contacts." if not tag and not customer else "No such contacts.")


@app.command()
def show(which: Which, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one contact with all that is written down.

    Example: textback-pbx contacts show +15125550142
    """

    async def work(tx: Tx, settings: Settings) -> Contact:
        return await _find(tx, which, settings)

    one = look(config, work)
    lines = [f"contact {one.id}: {one.name or '(no name)'}", f"  numbers   {', '.join(one.numbers)}"]
    said = {"customer": one.customer, "tags": ", ".join(one.tags), "e-mail": one.email, "note": one.note}
    lines += [f"  {name:<9} {value}" for name, value in said.items() if value]
    answer(dataclasses.asdict(one), "\n".join([*lines, f"  from      {one.source}"]), json=json)


@app.command()
def add(
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Telephone numbers of one person.")],
    config: ConfigOption = None,
    name: Annotated[str, typer.Option(help="How texts may name them.")] = "",
    customer: CustomerOption = "",
    tag: TagOption = None,
    untag: Annotated[list[str] | None, typer.Option("--untag", help="A tag to take off; repeat it.")] = None,
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    note: Annotated[str, typer.Option(help="For the office's eyes.")] = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Write a contact down, or add to the one that has one of these numbers.

    Example: textback-pbx contacts add +15125550142 --name "Alpha Example" --customer known --tag vip
    """
    from textback_pbx.replies.contacts import store
    from textback_pbx.replies.contacts.person import PersonProblem, person, tidy_tags

    async def work(tx: Tx, settings: Settings) -> tuple[store.Contact | None, str]:
        country = settings.office.country
        try:
            one = person(
                name, numbers, country, customer=customer, tags=[*(tag or []), *(untag or [])], email=email, note=note
            )
            gone = tidy_tags(untag or [])
        except PersonProblem as problem:
            fail(str(problem), EXIT_USAGE)
        kept = await store.keep(tx, one, source=who(actor), now_ms=now_ms())
        if isinstance(kept, store.Conflict):
            fail(str(kept))
        await store.untag(tx, kept.id, gone, now_ms())
        return await store.find(tx, kept.id), kept.change.value

    contact, change_ = change(config, work)
    assert contact is not None
    answer({**dataclasses.asdict(contact), "change": change_}, f"Contact {contact.id}: {change_}.", json=json)


@app.command()
def remove(which: Which, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Let a contact go; conversations and consent stay as they are.

    Example: textback-pbx contacts remove 7
    """
    from textback_pbx.replies.contacts import store

    async def work(tx: Tx, settings: Settings) -> int:
        one = await _find(tx, which, settings)
        await store.remove(tx, one.id)
        return one.id

    gone = change(config, work)
    answer({"removed": gone}, f"Contact {gone} is removed.", json=json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or vCard file.")],
    config: ConfigOption = None,
    customer: CustomerOption = "",
    tag: TagOption = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    json: JsonOption = False,
) -> None:
    """Import contacts, with a line for everything that is refused. National numbers are the office's country's.

    A contact whose number is known already is added to. Exit status 1 when something was refused.

    Example: textback-pbx contacts import customers.vcf --customer known
    """
    from textback_pbx.replies.contacts.importing import FileProblem, Reader, Refused
    from textback_pbx.replies.contacts.person import Customer, PersonProblem, tidy_tags

    text = _text(file)
    if customer not in set(Customer):
        fail(f"--customer is {customer!r}: write new or known", EXIT_USAGE)

    async def work(tx: Tx, settings: Settings) -> dict[str, Any]:
        try:
            reader = Reader(settings.office.country, Customer(customer), tidy_tags(tag or []))
            found = list(reader.read(text))
        except (FileProblem, PersonProblem) as problem:
            fail(f"{file}: {problem}", EXIT_USAGE)
        refused = [one for one in found if isinstance(one, Refused)]
        taken = [one for one in found if not isinstance(one, Refused)]
        return await _keep(tx, taken, refused, file.name, dry=dry)

    done = look(config, work) if dry else change(config, work)
    if json:
        emit_json(done)
    else:
        for one in done["refused"]:
            print(f"line {one['line']}: {one['who']}: refused: {one['reason']}")
        for one in done["left_out"]:
            print(f"line {one['line']}: {one['who']}: left out: {one['reason']}")
        counts = ", ".join(f"{done[key]} {key}" for key in ("new", "changed", "same"))
        print(f"{'Would be' if dry else 'Kept'}: {counts}; {len(done['refused'])} refused.")
    if done["refused"]:
        raise typer.Exit(EXIT_NO)


async def _keep(tx: Tx, taken: list[Taken], refused: list[Refused], source: str, *, dry: bool) -> dict[str, Any]:
    from textback_pbx.replies.contacts import store

    counts: dict[str, Any] = {"new": 0, "changed": 0, "same": 0}
    bad = [{"line": one.place, "who": one.who, "reason": one.reason} for one in refused]
    for one in taken:
        if dry:
            known = [await store.of_number(tx, number) for number in one.person.numbers]
            counts["changed" if any(known) else "new"] += 1
            continue
        kept = await store.keep(tx, one.person, source=source, now_ms=now_ms())
        if isinstance(kept, store.Conflict):
            bad.append({"line": one.place, "who": one.person.name, "reason": str(kept)})
        else:
            counts[kept.change.value] += 1
    left = [{"line": one.place, "who": one.person.name, "reason": reason} for one in taken for reason in one.left_out]
    return {**counts, "refused": sorted(bad, key=lambda row: int(str(row["line"]))), "left_out": left}


@app.command()
def export(
    config: ConfigOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; left out: standard output.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, vcard3 or vcard4.")] = "csv",
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
) -> None:
    """Write all contacts as CSV or vCard; what is written can be imported again.

    Example: textback-pbx contacts export --format vcard4 --out contacts.vcf
    """
    from textback_pbx.cli.files import private_text

    if form not in ("csv", "vcard3", "vcard4"):
        fail(f"there is no format {form!r}: csv, vcard3 or vcard4", EXIT_USAGE)

    async def work(tx: Tx, _: Settings) -> list[str]:
        contacts = [one async for one in _all(tx, tag)]
        return list(_csv(contacts) if form == "csv" else _cards(contacts, f"{form[-1]}.0"))

    lines = look(config, work)
    with private_text(out) as file:
        file.writelines(lines)
    if out is not None:
        print(f"{out} is written.", file=sys.stderr)


async def _all(tx: Tx, tag: str | None) -> AsyncIterator[Contact]:
    from textback_pbx.replies.contacts.store import list_contacts

    after = 0
    while page := await list_contacts(tx, tag=tag, after=after, limit=_PAGE):
        for one in page:
            yield one
        after = page[-1].id


def _csv(contacts: list[Contact]) -> Iterator[str]:
    from textback_pbx.cli.files import csv_line

    yield csv_line(["name", "number", "customer", "tags", "email", "note"])
    for one in contacts:
        numbers, tags = ";".join(one.numbers), ";".join(one.tags)
        yield csv_line([one.name, numbers, one.customer, tags, one.email, one.note])


def _cards(contacts: list[Contact], version: str) -> Iterator[str]:
    from textback_pbx.replies.contacts.person import Customer
    from textback_pbx.replies.contacts.vcard import Kept, write

    kept = (
        Kept(f"contact-{c.id}", c.name, c.numbers, Customer(c.customer), c.tags, c.email, c.note)
        for c in contacts
        if c.numbers
    )
    return write(kept, version)


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}", EXIT_USAGE)
    except UnicodeDecodeError as error:
        fail(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8 and try again", EXIT_USAGE)


async def _find(tx: Tx, which: str, settings: Settings) -> Contact:
    from textback_pbx.phone import Number, parse
    from textback_pbx.replies.contacts import store

    if which.isdigit() and len(which) < 7:
        one = await store.find(tx, int(which))
    else:
        number = parse(which, settings.office.country)
        one = await store.of_number(tx, number.e164 if isinstance(number, Number) else which)
    if one is None:
        fail(f"there is no contact {which}; textback-pbx contacts list")
    return one


def _row(one: Contact) -> dict[str, Any]:
    return {**dataclasses.asdict(one), "numbers": ", ".join(one.numbers), "tags": ", ".join(one.tags)}
