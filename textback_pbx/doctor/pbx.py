"""The PBX: every one of the configuration, by one login, by what the agent has heard, and by Asterisk's own console."""

import asyncio
import os
import pwd
import shutil
import sqlite3
from dataclasses import replace

from textback_pbx.agent import ami_settings, cdr_settings
from textback_pbx.calls import checks, store
from textback_pbx.calls.backfill_source import CdrSettings, Unreadable, read
from textback_pbx.calls.selftest import Seen
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.config import Settings
from textback_pbx.database import Database, DatabaseProblem
from textback_pbx.findings import Finding, failed, passed, warn

#: Whose agent the Debian package starts.
_USER = "textback"
_DAY_S = 24 * 3600


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


async def records(settings: Settings) -> list[Finding]:
    """Whether each PBX's call records, which repair a gap in what was heard, are named and can be read."""
    several = settings.pbxs()
    found = [await _records(cdr_settings(settings, one)) for one in several]
    if len(several) == 1:
        return found
    return [replace(one, says=f"{pbx.name}: {one.says}") for pbx, one in zip(several, found, strict=True)]


async def _records(cdr: CdrSettings) -> Finding:
    if not cdr.name:
        says = "no call records are configured: a call missed while the agent or the link was down is not found again"
        return warn("cdr.source", says, "name Master.csv, a master.db or a database in [cdr]: docs/gaps.md")
    since_s = SystemClock().now_ms() // 1000 - _DAY_S
    try:
        found = await asyncio.to_thread(read, cdr, since_s)
    except Unreadable as problem:
        return failed("cdr.source", str(problem), "docs/gaps.md says how each kind of source is opened")
    path = cdr.csv or cdr.sqlite
    if path and not await _agent_may_read(path):
        says = f"root reads {cdr.name}, the agent's user {_USER} may not"
        fix = f"sudo adduser {_USER} asterisk, then restart the agent; or mend the mode of {path} and its folders"
        return failed("cdr.source", says, fix)
    if found.damaged:
        says = f"{cdr.name}: {found.damaged} rows cannot be understood"
        return warn("cdr.source", says, "is it of another kind? cdr.columns names what a CSV's columns are")
    if found.written_s is not None and found.written_s < since_s - 6 * _DAY_S:
        says = f"{cdr.name} was last written {(since_s - found.written_s) // _DAY_S + 1} days ago"
        return warn("cdr.source", says, "is it the file that Asterisk writes now? asterisk -rx 'cdr show status'")
    return passed("cdr.source", f"{cdr.name} can be read: {len(found.rows)} records of the last day and around it")


async def _agent_may_read(path: str) -> bool:
    """Whether the agent's user may, asked by root: what root reads tells nothing. True where it cannot be tried."""
    if os.geteuid() != 0 or not shutil.which("runuser"):
        return True
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        return True
    words = ("runuser", "-u", _USER, "--", "test", "-r", path)
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait() == 0


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
