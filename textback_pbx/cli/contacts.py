"""``contacts``: the people the office knows, from CSV and vCard files and from its own hands."""

from __future__ import annotations

import dataclasses
import sys
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
    run,
    table,
    who,
)

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.contacts.store import Contact

app = typer.Typer(no_args_is_help=True, add_completion=False)

Which = Annotated[
    str, typer.Argument(metavar="CONTACT", help="The contact's number in the list, or a telephone number.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="A tag; repeat it.")]
CustomerOption = Annotated[str, typer.Option(metavar="new|known", help="Whether they are a customer already.")]
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
    from textback_pbx.cli.contact_files import Source, take, text_of
    from textback_pbx.replies.contacts.person import Customer

    text = text_of(file)
    if customer not in set(Customer):
        fail(f"--customer is {customer!r}: write new or known", EXIT_USAGE)

    source = Source(file, text, customer, tuple(tag or []))
    done = run(lambda: take(config, source, dry=dry))
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
    from textback_pbx.cli.contact_files import as_cards, as_csv, every
    from textback_pbx.cli.files import private_text

    if form not in ("csv", "vcard3", "vcard4"):
        fail(f"there is no format {form!r}: csv, vcard3 or vcard4", EXIT_USAGE)

    async def work(tx: Tx, _: Settings) -> list[str]:
        contacts = [one async for one in every(tx, tag)]
        return list(as_csv(contacts) if form == "csv" else as_cards(contacts, f"{form[-1]}.0"))

    lines = look(config, work)
    with private_text(out) as file:
        file.writelines(lines)
    if out is not None:
        print(f"{out} is written.", file=sys.stderr)


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
