"""The PBX: every one of the configuration, by one login, by what the agent has heard, and by Asterisk's own console."""

import asyncio
import sqlite3
from dataclasses import replace

from textback_pbx.agent import ami_settings
from textback_pbx.calls import checks, store
from textback_pbx.calls.selftest import Seen
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.config import Settings
from textback_pbx.database import Database, DatabaseProblem
from textback_pbx.findings import Finding


async def pbx(settings: Settings) -> list[Finding]:
    """Look at every PBX at the same time; with several, each sentence begins with the PBX's name."""
    several = [ami_settings(settings, one) for one in settings.pbxs()]
    found = await asyncio.gather(*(_one(settings, one) for one in several))
    if len(several) == 1:
        return found[0]
    return [
        replace(finding, says=f"{one.name}: {finding.says}")
        for one, findings in zip(several, found, strict=True)
        for finding in findings
    ]


async def _one(settings: Settings, one: AmiSettings) -> list[Finding]:
    found = checks.session(one, *await checks.look(one, SystemClock()))
    found += await checks.console(one, checks.asterisk_console)
    known = {finding.check for finding in found}
    heard = checks.heard(one, await _seen(settings, one.name))
    return found + [finding for finding in heard if finding.check not in known]


async def _seen(settings: Settings, name: str) -> Seen:
    if not settings.database.path.exists():
        return Seen()
    try:
        opened = await Database.open(settings.database.path, read_only=True)
    except DatabaseProblem:
        return Seen()
    try:
        async with opened.read() as tx:
            return await store.seen(tx, name)
    except sqlite3.Error:  # the database's own check says what is wrong with it
        return Seen()
    finally:
        await opened.close()
