"""``backup``: copy the database now, list the copies, check one."""

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
    run,
    table,
    working,
)

if TYPE_CHECKING:
    from textback_pbx.keeping.backup import Backup

app = typer.Typer(no_args_is_help=True, add_completion=False)
FolderOption = Annotated[Path | None, typer.Option("--folder", help="Another folder than the configuration's.")]


@app.callback()
def _root() -> None:
    """Copies of the database: made while the agent works, read back, rotated every night."""


@app.command()
def now(config: ConfigOption = None, folder: FolderOption = None, json: JsonOption = False) -> None:
    """Make a copy now and check it. The agent goes on working.

    Example: textback-pbx backup now --folder /mnt/usb
    """
    from textback_pbx.keeping import backup
    from textback_pbx.keeping.backup import BackupProblem

    settings = load_settings(config)
    if not settings.database.path.exists():
        fail(
            f"there is no database at {settings.database.path} yet: the agent makes it when it first starts", EXIT_SETUP
        )
    try:
        with working("copying and reading back"):
            made = backup.make(settings.database.path, folder or _folder(settings), now_ms())
    except BackupProblem as problem:
        fail(str(problem), EXIT_SETUP)
    if json:
        emit_json(_plain(made))
    else:
        print(f"{made.path}: {made.size} bytes, read back whole")


@app.command("list")
def list_(config: ConfigOption = None, folder: FolderOption = None, json: JsonOption = False) -> None:
    """List the copies, the newest first.

    Example: textback-pbx backup list
    """
    from textback_pbx.keeping import backup

    where = folder or _folder(load_settings(config))
    found = [_plain(one) for one in backup.found_in(where)]
    if json:
        emit_json(found)
    elif found:
        table(found, {"made": "made", "bytes": "bytes", "path": "file"})
    else:
        print(f"no backups in {where}: the agent makes one every night, or: textback-pbx backup now")


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="The copy [the newest].")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Read a copy whole: damage, broken references, the consent ledger's chain. Exit status 1 when something is wrong.

    Example: textback-pbx backup verify
    """
    from textback_pbx.keeping import backup

    chosen = file or newest(load_settings(config))
    wrong = run(lambda: backup.verify(chosen))
    if json:
        emit_json({"file": str(chosen), "problems": wrong})
    else:
        print(f"{chosen}: whole" if not wrong else "\n".join(f"{chosen}: {problem}" for problem in wrong))
    if wrong:
        raise typer.Exit(EXIT_NO)


def newest(settings: Any) -> Path:
    """Return the newest copy in the configured folder, or leave with what to do."""
    from textback_pbx.keeping import backup

    folder = _folder(settings)
    found = backup.found_in(folder)
    if not found:
        fail(f"there are no backups in {folder}; name a file", EXIT_NO)
    return found[0].path


def _folder(settings: Any) -> Path:
    from textback_pbx.pipeline.upkeep import folder_of

    return folder_of(settings)


def _plain(one: Backup) -> dict[str, Any]:
    from datetime import UTC, datetime

    made = datetime.fromtimestamp(one.made_ms / 1000, UTC).isoformat(timespec="seconds")
    return {"made": made, "bytes": one.size, "path": str(one.path)}
