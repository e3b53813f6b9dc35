"""``consent``: what is on record for whom, every way in and out by hand, and the proof that nobody changed it."""

from __future__ import annotations

import csv
import getpass
import sys
import time
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
    run,
    table,
)

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.consent.importing import Refused

app = typer.Typer(no_args_is_help=True, add_completion=False)
policy_app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(policy_app, name="policy", help="The office's choice: which proof a text needs.")

Actor = Annotated[str, typer.Option("--actor", help="Who does this; kept in the ledger.")]
Number = Annotated[str, typer.Argument(help="The telephone number, as you would write it.")]


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
    entry = run(lambda: _grant(config, number, (source, basis, evidence, expires), actor or _me(), after_opt_out))
    _say(entry, f"Written: entry {entry['seq']}, {entry['event']} for {entry['number']}.", json)


async def _grant(
    config: Path | None, number: str, said: tuple[str, str, str, str], actor: str, after_opt_out: bool
) -> dict[str, Any]:
    from textback_pbx.consent import store
    from textback_pbx.consent.importing import moment, until
    from textback_pbx.consent.ledger import GRANTABLE, Basis, Event, NewEntry, local_time

    source, basis, evidence, expires = said
    if basis not in set(GRANTABLE):
        fail(f"{basis!r} is no basis: choose one of {', '.join(GRANTABLE)}", EXIT_USAGE)
    async with open_database(config) as (settings, database):
        e164, now_ms, zone = _e164(number, settings), _now(), settings.zone()
        named = moment(expires, zone)
        if expires and (named is None or named <= now_ms):
            fail(f"{expires!r} is no day to come: write it like 2027-05-01", EXIT_USAGE)
        ends = until(settings.office.country, Basis(basis), now_ms, named)
        async with database.transaction() as tx:
            if await store.is_opted_out(tx, e164) and not after_opt_out:
                fail(
                    f"{e164} has opted out: only the person can lift that, by texting START, or by asking you to "
                    "(then say --after-opt-out, with the evidence)"
                )
            entry = await store.append(
                tx,
                NewEntry(
                    event=Event.GRANTED,
                    number=e164,
                    at_ms=now_ms,
                    local_time=local_time(now_ms, zone),
                    basis=Basis.RESUBSCRIBE if after_opt_out else Basis(basis),
                    channel="cli",
                    source=source,
                    actor=actor,
                    evidence={"words": evidence, "basis": basis},
                    expires_ms=ends,
                ),
            )
        return _entry(entry) | {"number": e164}


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
    entry = run(lambda: _revoke(config, number, source, evidence, actor or _me()))
    _say(entry, f"Written: entry {entry['seq']}. {entry['number']} gets no more texts.", json)


async def _revoke(config: Path | None, number: str, source: str, evidence: str, actor: str) -> dict[str, Any]:
    from textback_pbx.consent import entries, store
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.outbox.store import cancel_waiting

    async with open_database(config) as (settings, database):
        e164, now_ms = _e164(number, settings), _now()
        async with database.transaction() as tx:
            local = local_time(now_ms, settings.zone())
            new = entries.opted_out_by_staff(
                e164, now_ms, local, actor=actor, source=source, evidence={"words": evidence}
            )
            entry = await store.append(tx, new)
            await cancel_waiting(tx, e164, "the person opted out", now_ms, actor=actor)
        return _entry(entry) | {"number": e164}


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
        e164 = _e164(number, settings)
        state = await store.state_of(tx, e164, _now())
        return state.status.value, await store.export(tx, e164)


@app.command(name="import")
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
    taken, refused = run(lambda: _import(config, file, actor or _me(), dry_run))
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
        origin = Origin(file.name, actor, _now(), settings.office.country, settings.zone())
        try:
            rows = list(read(text, origin))
        except FileProblem as problem:
            fail(f"{file}: {problem}. Nothing was imported", EXIT_USAGE)
        refused = [row for row in rows if isinstance(row, Refused)]
        taken = 0
        async with database.transaction() as tx:
            for row in rows:
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


@app.command()
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
        return await store.export(tx, _e164(number, settings) if number else None)


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


@app.command()
def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Erase a person's data from the ledger. An opt-out stays in force by a fingerprint; the chain stays whole.

    Example: textback-pbx consent erase +15125550142
    """
    if not yes:
        typer.confirm(f"Erase what the consent ledger keeps about {number}? This cannot be undone.", abort=True)
    seq = run(lambda: _erase(config, number, actor or _me()))
    _say({"erased": seq}, f"Erased; entry {seq} says so.", json)


async def _erase(config: Path | None, number: str, actor: str) -> int:
    from textback_pbx.consent import store
    from textback_pbx.consent.ledger import local_time

    async with open_database(config) as (settings, database), database.transaction() as tx:
        now_ms = _now()
        local = local_time(now_ms, settings.zone())
        e164 = _e164(number, settings)
        return (await store.erase(tx, e164, at_ms=now_ms, local_time=local, actor=actor, source="request")).seq


@policy_app.command("show")
def policy_show(
    line: Annotated[str, typer.Option(help="What applies to this line.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the office chose, and the words it was shown.

    Example: textback-pbx consent policy show
    """
    from textback_pbx.consent.policies import POLICIES, in_force

    choice = run(lambda: _chosen(config, line))
    name = in_force(choice)
    if json:
        emit_json({"policy": name.value, "choice": _entry(choice) if choice else None})
        return
    print(f"{name.value}: {POLICIES[name].summary}")
    if choice is None:
        print("Nobody has chosen yet; the strictest applies.")
    else:
        print(f"Chosen by {choice.actor}, ledger entry {choice.seq}.")
        if choice.version != POLICIES[choice.name].version:
            print(f"The words of {choice.name.value} have changed since: choose again. Until then recorded applies.")
    for policy in POLICIES.values():
        print(f"\n{policy.name.value}\n  {policy.text}")


async def _chosen(config: Path | None, line: str) -> Any:
    from textback_pbx.consent import store

    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        return await store.chosen_policy(tx, line)


@policy_app.command("choose")
def policy_choose(
    name: Annotated[str, typer.Argument(help="recorded, announced or one_reply.")],
    line: Annotated[str, typer.Option(help="Only for this line.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="You have read the text; do not ask.")] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Choose which proof a text needs; the choice, who made it and the text shown go into the ledger.

    Example: textback-pbx consent policy choose recorded --actor "the owner"
    """
    from textback_pbx.consent.policies import POLICIES, PolicyName

    if name not in set(PolicyName):
        fail(f"{name!r} is no policy: choose recorded, announced or one_reply", EXIT_USAGE)
    policy = POLICIES[PolicyName(name)]
    if not json:
        print(policy.text)
    if not yes:
        typer.confirm("Is this what your office does?", abort=True)
    seq = run(lambda: choose(config, policy, line, actor or _me()))
    words = f"Written: entry {seq}, policy {name}{' for line ' + line if line else ''}."
    _say({"entry": seq, "policy": name, "line": line, "shown": policy.text}, words, json)


async def choose(config: Path | None, policy: Any, line: str, actor: str) -> int:
    """Write a choice of policy into the ledger; return its entry."""
    from textback_pbx.consent import store
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.consent.policies import PolicyChoice

    async with open_database(config) as (settings, database), database.transaction() as tx:
        if line and line not in {known.name for known in settings.lines}:
            fail(f"there is no line {line!r} in the configuration", EXIT_USAGE)
        now_ms = _now()
        choice = PolicyChoice(
            name=policy.name, version=policy.version, actor=actor, at_ms=now_ms, shown=policy.text, line=line
        )
        return (await store.choose_policy(tx, choice, local_time=local_time(now_ms, settings.zone()))).seq


def _e164(number: str, settings: Settings) -> str:
    from textback_pbx import phone

    parsed = phone.parse(number, settings.office.country)
    if isinstance(parsed, phone.NotANumber):
        fail(f"{number!r} is no telephone number: {parsed.reason}", EXIT_USAGE)
    return parsed.e164


def _entry(entry: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(entry)


def _say(value: dict[str, Any], words: str, json: bool) -> None:
    if json:
        emit_json(value)
    else:
        print(words)


def _me() -> str:
    return getpass.getuser()


def _now() -> int:
    return time.time_ns() // 1_000_000
