"""The machine itself: clock and time zone, disk, database."""

import os
import shutil
import sqlite3
from pathlib import Path

from textback_pbx.config import Settings
from textback_pbx.database import Database, DatabaseProblem
from textback_pbx.findings import Finding, failed, passed, warn
from textback_pbx.pipeline.keep import synchronised

_MB = 1024 * 1024
_FAIL_FREE, _WARN_FREE = 50 * _MB, 300 * _MB


async def clock(settings: Settings) -> list[Finding]:
    """Whether the kernel's clock is synchronised, and in which zone the office lives."""
    zone = passed("clock.zone", f"the office's time zone is {settings.office.timezone}")
    if synchronised():
        return [passed("clock.synchronised", "the kernel calls its clock synchronised"), zone]
    says = "the kernel does not call its clock synchronised: a Raspberry Pi without NTP boots in the past"
    return [warn("clock.synchronised", says, "sudo timedatectl set-ntp true; timedatectl shows whether it works"), zone]


async def disk(settings: Settings) -> list[Finding]:
    """Whether there is room to write, and the folder can be written."""
    folder = settings.database.path.parent
    if not folder.is_dir():
        return [failed("disk.folder", f"there is no folder {folder}", f"sudo install -d -o textback -m 750 {folder}")]
    found = []
    if not os.access(folder, os.W_OK):
        says = f"{folder} cannot be written by this user"
        found.append(failed("disk.folder", says, "run as the agent's user (sudo -u textback ...), or mend its owner"))
    return [*found, _room(folder)]


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    says = f"{free // _MB} MB free at {folder}"
    if free < _FAIL_FREE:
        return failed("disk.room", says, "free some room now: nothing is sent that cannot be recorded")
    if free < _WARN_FREE:
        return warn("disk.room", says, "free some room: old logs (journalctl --vacuum-size=100M), old backups")
    return passed("disk.room", says)


async def database(settings: Settings) -> list[Finding]:
    """Whether the file opens, is of this version, and is whole."""
    path = settings.database.path
    if not path.exists():
        says = f"{path} does not exist yet: the agent makes it when it first starts"
        return [warn("database.file", says, "sudo systemctl start textback-pbx")]
    try:
        problems = await _problems(path)
    except DatabaseProblem as problem:
        return [failed("database.file", str(problem), "see the message; textback-pbx restore brings a backup back")]
    if problems:
        says = f"{path} is damaged: {problems[0]}"
        return [failed("database.whole", says, "stop the agent, then: textback-pbx restore")]
    return [passed("database.whole", f"{path} is whole"), *_former(path)]


def _former(path: Path) -> list[Finding]:
    """Files that a restore or an upgrade has left: nothing rotates, purges or erases them."""
    names = sorted(
        one.name
        for kind in (".before-restore-", ".version-")
        for one in path.parent.iterdir()
        if one.name.startswith(path.name + kind) and not one.name.endswith(("-wal", "-shm"))
    )
    if not names:
        return []
    says = f"{', '.join(names)} in {path.parent}: a former file keeps the words of people who were erased since"
    return [warn("database.former", says, "when all is well after the restore or the upgrade, delete it with rm")]


async def _problems(path: Path) -> list[str]:
    opened = await Database.open(path, read_only=True)
    try:
        return await opened.integrity_problems()
    except sqlite3.DatabaseError as error:  # the damage may be in the schema itself
        return [str(error)]
    finally:
        await opened.close()
