"""The office's own choices: consent policy, texts, backups, and whether those who are to be told can be reached."""

import asyncio
import sqlite3
from urllib.parse import urlsplit

from textback_pbx.clock import HOUR_MS, SystemClock
from textback_pbx.config import Settings
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import in_force
from textback_pbx.database import Database, DatabaseProblem
from textback_pbx.decision.lint import Severity, lint_line
from textback_pbx.findings import Finding, failed, passed, warn
from textback_pbx.keeping import backup
from textback_pbx.pipeline.office import office_of
from textback_pbx.pipeline.upkeep import folder_of

_CONNECT_S = 5.0
_TWO_NIGHTS_H = 49


async def policy(settings: Settings) -> list[Finding]:
    """Whether the office has chosen which proof a text needs, and whether the ledger is whole."""
    if not settings.database.path.exists():
        return [_no_policy()]
    try:
        opened = await Database.open(settings.database.path, read_only=True)
    except DatabaseProblem:
        return []  # the database's own check says what is wrong with it
    try:
        async with opened.read() as tx:
            problems, choice = await consent.verify(tx), await consent.chosen_policy(tx)
    except sqlite3.Error:
        return []
    finally:
        await opened.close()
    found = [] if not problems else [
        failed("consent.ledger", f"the ledger was changed by another hand ({problems[0].what})",
               "restore the newest whole backup: textback-pbx backup list, textback-pbx restore")
    ]  # fmt: skip
    if choice is None:
        return [*found, _no_policy()]
    return [*found, passed("consent.policy", f"{in_force(choice).value}, chosen by {choice.actor}")]


def _no_policy() -> Finding:
    says = "nobody has chosen which proof a text needs: only numbers with a consent on record are texted"
    return warn("consent.policy", says, "textback-pbx consent policy choose recorded (or announced, one_reply)")


async def texts(settings: Settings) -> list[Finding]:
    """Whether every line's texts keep to the rules for texts."""
    office = office_of(settings)
    found = [one for line in office.lines.values() for one in lint_line(line, max_segments=office.policy.max_segments)]
    wrong = [one for one in found if one.severity is Severity.ERROR]
    if wrong:
        says = f"{wrong[0].text}: {wrong[0].message}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else "")
        return [failed("texts.lint", says, "correct texts.own; textback-pbx templates lint shows all of it")]
    if found:
        says = f"{len(found)} remarks, the first: {found[0].text}: {found[0].message}"
        return [warn("texts.lint", says, "textback-pbx templates lint shows all of them")]
    return [passed("texts.lint", "every line's texts are sound")]


async def copies(settings: Settings) -> list[Finding]:
    """Whether there is a young, whole backup, on another disk than the database."""
    if not settings.backup.on:
        return [warn("backup.age", "no backups are made (backup.on = false)", "set backup.on = true")]
    folder = folder_of(settings)
    found = backup.found_in(folder)
    if not found:
        return [warn("backup.age", f"there is no backup in {folder} yet", "textback-pbx backup now")]
    age_h = (SystemClock().now_ms() - found[0].made_ms) / HOUR_MS
    if age_h > _TWO_NIGHTS_H:
        says = f"the newest backup is {age_h / 24:.0f} days old"
        return [warn("backup.age", says, "textback-pbx status says why; by hand: textback-pbx backup now")]
    wrong = await backup.verify(found[0].path)
    if wrong:
        return [failed("backup.whole", f"{found[0].path}: {wrong[0]}", "textback-pbx backup now; check that disk")]
    return [passed("backup.age", f"the newest is {age_h:.0f} h old, and whole"), _another_disk(settings)]


def _another_disk(settings: Settings) -> Finding:
    folder, home = folder_of(settings), settings.database.path.parent
    if folder.stat().st_dev == home.stat().st_dev:
        says = f"the backups in {folder} lie on the database's own disk: a dead card takes both"
        return warn("backup.place", says, "plug a USB stick in, and name a folder on it with backup.folder")
    return passed("backup.place", f"{folder} is on another disk than the database")


async def endpoints(settings: Settings) -> list[Finding]:
    """Whether each webhook's host takes a connection. Nothing is posted."""
    return list(await asyncio.gather(*(_reach(hook.name, hook.url) for hook in settings.webhooks)))


async def _reach(name: str, url: str) -> Finding:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        says = f"webhook {name}: {host}:{port} cannot be reached ({error or 'no answer'})"
        return warn("notify.webhook", says, "events wait and are tried again; check the address and the network")
    writer.close()
    return passed("notify.webhook", f"{name}: {host}:{port} takes connections")
