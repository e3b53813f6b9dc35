"""``restore``: put a backup in the database's place, without texting anybody twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_SETUP,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    load_settings,
    now_ms,
    open_database,
    run,
    working,
)

if TYPE_CHECKING:
    from textback_pbx.keeping.restore import Restored

app = typer.Typer(add_completion=False)


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(help="The copy [the newest].")] = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="The opt-outs that were lost are written down: let texts leave again.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring a backup back. The agent must be stopped; the present file is put aside, never deleted.

    What waited to be sent is cancelled and becomes a task, and calls from before now are never texted automatically:
    they may have had their text. Example: textback-pbx restore
    """
    if accept:
        _accept(config)
        return
    from textback_pbx.cli.backup import newest
    from textback_pbx.keeping.backup import BackupProblem
    from textback_pbx.keeping.restore import restore as bring_back

    settings = load_settings(config)
    chosen, target = file or newest(settings), settings.database.path
    if not yes:
        typer.confirm(f"Put {chosen} in the place of {target}?", abort=True)
    try:
        with working("reading the backup and putting it in place"):
            done = run(lambda: bring_back(chosen, target, now_ms(), owner=settings.office.owner))
    except BackupProblem as problem:
        fail(str(problem), EXIT_SETUP)
    except OSError as error:
        fail(f"{target} was not replaced: {error}", EXIT_SETUP)
    if json:
        emit_json(_plain(done))
    else:
        _say(done, target)


def _plain(done: Restored) -> dict[str, Any]:
    return {
        "backup": str(done.backup),
        "put_aside": str(done.put_aside) if done.put_aside else None,
        "ledger_entries_carried_over": done.carried,
        "texts_cancelled": done.cancelled,
        "calls_undecided": done.undecided,
        "people_erased_again": done.erased,
    }


def _say(done: Restored, target: Path) -> None:
    print(f"{target} is {done.backup} now.")
    if done.put_aside:
        print(f"The former file is {done.put_aside}.")
    print(f"{done.cancelled} texts that waited were cancelled and became tasks; {done.undecided} calls become tasks.")
    if done.erased:
        print(f"{done.erased} people who were erased after the backup were forgotten again.")
    if done.carried is None:
        print("Who said STOP after the backup is not known: no text leaves. Write down the opt-outs you know of")
        print("(textback-pbx consent revoke NUMBER), erase again who had asked for it since the backup")
        print("(textback-pbx consent erase NUMBER), then: textback-pbx restore --accept")
    else:
        print(f"{done.carried} entries of the consent ledger were carried over from the former file.")


def _accept(config: Path | None) -> None:
    from textback_pbx.keeping.restore import accept

    async def work() -> bool:
        async with open_database(config) as (_, database), database.transaction() as tx:
            return await accept(tx)

    if not run(work):
        fail("nothing is held by a restore", EXIT_NO)
    print("Noted. A running agent sends again at once.")
