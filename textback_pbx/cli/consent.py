"""``consent``: what is on record for whom, every way in and out by hand, and the proof that nobody changed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from textback_pbx.cli import consent_data, consent_policy
from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    open_database,
    run,
    table,
)
from textback_pbx.cli.consent_common import Actor, Number, as_values, e164_of, me, now_ms, say
from textback_pbx.cli.consent_policy import choose

__all__ = ["app", "choose"]

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(consent_policy.app, name="policy", help="The office's choice: which proof a text needs.")


for _command in (consent_data.import_, consent_data.export, consent_data.access, consent_data.erase):
    app.command(_command.__name__.rstrip("_"))(_command)


@app.callback()
def _root() -> None:
    """Grant, revoke, show, import, export and verify consent."""


@app.command()
def grant(
    number: Number,
    source: Annotated[str, typer.Option(help="Where it is from: paper form, phone call, web form.")],
    basis: Annotated[str, typer.Option(help="The legal basis.")] = "express_written",
    evidence: Annotated[str, typer.Option(help="What proves it, in words.")] = "",
    expires: Annotated[str, typer.Option(help="When it ends, YYYY-MM-DD.")] = "",
    after_opt_out: Annotated[
        bool, typer.Option("--after-opt-out", help="The person asked for texts again after an opt-out.")
    ] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write a consent into the ledger.

    Example: textback-pbx consent grant "+1 512 555 0142" --source "paper form" --evidence "service agreement 118"
    """
    if after_opt_out and not evidence:
        fail("say with --evidence how the person asked for texts again", EXIT_USAGE)
    entry = run(lambda: _grant(config, number, (source, basis, evidence, expires), actor or me(), after_opt_out))
    say(entry, f"Written: entry {entry['seq']}, {entry['event']} for {entry['number']}.", json)


async def _grant(
    config: Path | None, number: str, said: tuple[str, str, str, str], actor: str, after_opt_out: bool
) -> dict[str, Any]:
    from textback_pbx.consent.granting_store import Refused, Wish, grant
    from textback_pbx.consent.importing import moment

    source, basis, evidence, expires = said
    async with open_database(config) as (settings, database):
        at_ms, zone = now_ms(), settings.zone()
        named = moment(expires, zone)
        if expires and (named is None or named <= at_ms):
            fail(f"{expires!r} is no day to come: write it like 2027-05-01", EXIT_USAGE)
        words = {"words": evidence}
        wish = Wish(number, basis, "cli", source, actor, evidence=words, expires_ms=named, after_opt_out=after_opt_out)
        async with database.transaction() as tx:
            made = await grant(tx, wish, now_ms=at_ms, zone=zone, country=settings.office.country)
            if isinstance(made, Refused):
                hint = " (then say --after-opt-out, with the evidence)" if made.opted_out else ""
                fail(made.reason + hint, EXIT_NO if made.opted_out else EXIT_USAGE)
        return as_values(made.entry) | {"number": made.number}


@app.command()
def revoke(
    number: Number,
    source: Annotated[str, typer.Option(help="How you know: said on the phone, wrote a letter.")] = "said on the phone",
    evidence: Annotated[str, typer.Option(help="What proves it, in words.")] = "",
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write an opt-out into the ledger: no more texts to this number, on every line, at once.

    Example: textback-pbx consent revoke +15125550142 --source "said on the phone"
    """
    entry = run(lambda: _revoke(config, number, source, evidence, actor or me()))
    say(entry, f"Written: entry {entry['seq']}. {entry['number']} gets no more texts.", json)


async def _revoke(config: Path | None, number: str, source: str, evidence: str, actor: str) -> dict[str, Any]:
    from textback_pbx.consent import entries, store
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.outbox.store import cancel_waiting

    async with open_database(config) as (settings, database):
        e164, at_ms = e164_of(number, settings), now_ms()
        async with database.transaction() as tx:
            local = local_time(at_ms, settings.zone())
            new = entries.opted_out_by_staff(
                e164, at_ms, local, actor=actor, source=source, evidence={"words": evidence}
            )
            entry = await store.append(tx, new)
            await cancel_waiting(tx, e164, "the person opted out", at_ms, actor=actor)
        return as_values(entry) | {"number": e164}


@app.command()
def show(number: Number, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show where a number stands and every entry it rests on (subject access).

    Example: textback-pbx consent show +15125550142
    """
    status, entries = run(lambda: _show(config, number))
    if json:
        emit_json({"status": status, "entries": entries})
        return
    print(
        {"none": "No consent on record.", "opted_out": "OPTED OUT: no text may go to this number."}.get(status, status)
    )
    columns = {
        "seq": "ENTRY",
        "local_time": "WHEN",
        "event": "EVENT",
        "basis": "BASIS",
        "source": "SOURCE",
        "actor": "BY",
    }
    if entries:
        table(entries, columns)


async def _show(config: Path | None, number: str) -> tuple[str, list[dict[str, Any]]]:
    from textback_pbx.consent import store

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        e164 = e164_of(number, settings)
        state = await store.state_of(tx, e164, now_ms())
        return state.status.value, await store.export(tx, e164)


@app.command()
def verify(
    head: Annotated[str, typer.Option(help="A head noted earlier (SEQ:HASH): it must still be in the chain.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Prove that the ledger was not changed; note the head it prints somewhere else. Exit status 1 if it was.

    Example: textback-pbx consent verify
    """
    problems, newest = run(lambda: _verify(config, head))
    if json:
        emit_json({"sound": not problems, "head": newest, "problems": problems})
    elif problems:
        for problem in problems:
            print(problem)
    else:
        print(f"The ledger is whole. Head: {newest or 'empty'}")
    if problems:
        raise typer.Exit(EXIT_NO)


async def _verify(config: Path | None, noted: str) -> tuple[list[str], str]:
    from textback_pbx.consent import store
    from textback_pbx.consent.ledger import Head

    seq, _, digest = noted.partition(":")
    if noted and not (seq.isdecimal() and digest):
        fail("a head is written SEQ:HASH, as `consent verify` prints it", EXIT_USAGE)
    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        found = await store.verify(tx, Head(int(seq), digest) if noted else None)
        head = await store.head_of(tx)
    return [problem.what for problem in found], str(head) if head else ""
