"""``consent import|export|access|erase``: records from elsewhere, and what a person may ask for."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    open_database,
    progress,
    run,
)
from textback_pbx.cli.consent_common import Actor, Number, e164_of, me, now_ms, say

if TYPE_CHECKING:
    from textback_pbx.consent.importing import Refused


def import_(
    file: Annotated[
        Path, typer.Argument(help="A CSV file: number, basis, date, expires, source, evidence, disclosure.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken and refused.")] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take consents kept elsewhere; every row that cannot be taken is listed with its reason. Exit status 1 then.

    Example: textback-pbx consent import customers.csv --dry-run
    """
    taken, refused = run(lambda: _import(config, file, actor or me(), dry_run))
    if json:
        emit_json(
            {"taken": taken, "refused": [{"row": r.row, "number": r.number, "reason": r.reason} for r in refused]}
        )
    else:
        print(f"{'Would take' if dry_run else 'Taken'}: {taken}. Refused: {len(refused)}.")
        for row in refused:
            print(f"  row {row.row}, {row.number!r}: {row.reason}")
    if refused:
        raise typer.Exit(EXIT_NO)


async def _import(config: Path | None, file: Path, actor: str, dry_run: bool) -> tuple[int, list[Refused]]:
    from textback_pbx.consent import store
    from textback_pbx.consent.importing import FileProblem, Origin, Refused, read

    text = _text(file)
    async with open_database(config) as (settings, database):
        origin = Origin(file.name, actor, now_ms(), settings.office.country, settings.zone())
        try:
            rows = list(read(text, origin))
        except FileProblem as problem:
            fail(f"{file}: {problem}. Nothing was imported", EXIT_USAGE)
        refused = [row for row in rows if isinstance(row, Refused)]
        taken = 0
        async with database.transaction() as tx:
            for row in progress(rows, "importing"):
                if isinstance(row, Refused):
                    continue
                if await store.is_opted_out(tx, row.number):
                    refused.append(Refused(row.row, row.number, "has opted out; an import cannot lift that"))
                    continue
                taken += 1
                if not dry_run:
                    await store.append(tx, row.entry)
    return taken, sorted(refused, key=lambda row: row.row)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", EXIT_USAGE)
    except UnicodeDecodeError as error:
        fail(f"{file} is not UTF-8 text (byte {error.start}): save it as CSV UTF-8", EXIT_USAGE)


def export(
    number: Annotated[str, typer.Option(help="Only this person's entries (subject access).")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Print the whole ledger as CSV (or JSON), with the words shown, for the auditor or the person.

    Example: textback-pbx consent export > ledger.csv
    """
    entries = run(lambda: _export(config, number))
    if json:
        emit_json(entries)
        return
    if entries:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(entries[0]))
        writer.writeheader()
        writer.writerows(entries)


async def _export(config: Path | None, number: str) -> list[dict[str, Any]]:
    from textback_pbx.consent import store

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        return await store.export(tx, e164_of(number, settings) if number else None)


def access(number: Number, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Print everything on file about one person, over every table, as JSON (subject access).

    Example: textback-pbx consent access +15125550142 > subject.json
    """
    from json import dumps

    found = run(lambda: _access(config, number))
    if json:
        emit_json(found)
    else:
        print(dumps(found, ensure_ascii=False, indent=2, default=str))


async def _access(config: Path | None, number: str) -> dict[str, Any]:
    from textback_pbx import subject

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        return await subject.access(tx, e164_of(number, settings), now_ms())


def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Forget a person in every table: number, name, words. A keyed fingerprint stays, and with it an opt-out.

    Backups made before keep the data until they are rotated away. On a large database this takes a minute.

    Example: textback-pbx consent erase +15125550142
    """
    if not yes:
        typer.confirm(f"Erase everything on file about {number}? This cannot be undone.", abort=True)
    done = run(lambda: _erase(config, number, actor or me()))
    seq = done.pop("ledger_entry")
    counts = ", ".join(f"{count} in {table}" for table, count in done.items())
    say({"erased": seq, "rows": done}, f"Erased; entry {seq} says so. Rows: {counts or 'none but the ledger'}.", json)


async def _erase(config: Path | None, number: str, actor: str) -> dict[str, int]:
    from textback_pbx import subject
    from textback_pbx.consent.ledger import local_time

    async with open_database(config) as (settings, database), database.transaction() as tx:
        at_ms = now_ms()
        local = local_time(at_ms, settings.zone())
        try:
            return await subject.erase(tx, e164_of(number, settings), at_ms=at_ms, local_time=local, actor=actor)
        except subject.NotNow as problem:
            fail(str(problem))
