"""``support-bundle``: one file to send to whoever helps, with no number, secret or word of a customer in it."""

from __future__ import annotations

import io
import json as json_module
import sqlite3
import subprocess
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_SETUP, ConfigOption, fail, run

if TYPE_CHECKING:
    from textback_pbx.config import Settings

app = typer.Typer(add_completion=False)


@app.command()
def support_bundle(
    config: ConfigOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file [textback-support-DATE.tar.gz here].")] = None,
) -> None:
    """Pack what helps somebody who cannot see this device: findings, states, the log. Look into it before you send it.

    Numbers are replaced by tags, secrets and all words of customers are left out. Example: textback-pbx support-bundle
    """
    target = out or Path(time.strftime("textback-support-%Y%m%d-%H%M%S.tar.gz"))
    files = run(lambda: _collect(config))
    try:
        with target.open("xb") as file:
            target.chmod(0o600)
            with tarfile.open(fileobj=file, mode="w:gz") as bundle:
                for name, text in files.items():
                    entry = tarfile.TarInfo(f"textback-support/{name}")
                    data = text.encode()
                    entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
                    bundle.addfile(entry, io.BytesIO(data))
    except OSError as error:
        fail(f"{target} was not written: {error.strerror}", EXIT_SETUP)
    print(f"{target}: {', '.join(files)}")


async def _collect(path: Path | None) -> dict[str, str]:
    from textback_pbx import support
    from textback_pbx.config import DEFAULT_PATH, ConfigProblem, load

    where = path or DEFAULT_PATH
    files = {"about.txt": support.about(_machine()), "log.txt": support.masked(_journal())}
    try:
        files["config.json"] = support.configuration(where.read_text(encoding="utf-8"))
        settings = load(where)
    except OSError as error:
        return files | {"config.json": f"{where}: {error.strerror}"}
    except ConfigProblem as problem:
        return files | {"config-problems.txt": support.masked(str(problem))}
    return files | {"doctor.json": await _doctor(settings), "rows.json": await _rows(settings)}


async def _doctor(settings: Settings) -> str:
    from textback_pbx import support
    from textback_pbx.doctor.run import examine

    found = [f"{one.level.upper():4}  {one.check:20} {one.says}" async for one in examine(settings)]
    return support.masked("\n".join(found) + "\n")


async def _rows(settings: Settings) -> str:
    from textback_pbx import support
    from textback_pbx.database import Database, DatabaseProblem

    try:
        database = await Database.open(settings.database.path, read_only=True)
    except DatabaseProblem as problem:
        return support.masked(str(problem))
    try:
        async with database.read() as tx:
            return json_module.dumps(await support.rows(tx), indent=1)
    except sqlite3.Error as error:
        return f"cannot be read: {error}"
    finally:
        await database.close()


def _machine() -> list[str]:
    from textback_pbx.modem import finding

    ports = [f"port {one.port} {one.usb_id} {one.profile} {one.hint}" for one in finding.candidates()]
    return [*ports, _said("df", "-h", "/", "/var/lib"), _said("uptime"), _said("vcgencmd", "get_throttled")]


def _journal() -> str:
    return _said("journalctl", "--unit=textback-pbx", "--lines=3000", "--no-pager", "--output=short-precise")


def _said(*command: str) -> str:
    """Return what a program of the machine says, or that it is not there."""
    try:
        done: Any = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - our own words
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    return str(done.stdout or done.stderr)
