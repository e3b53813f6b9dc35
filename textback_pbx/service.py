"""The agent as a service: signals, a safe reload, systemd's readiness and watchdog, the log.

SIGTERM and SIGINT end it. SIGHUP reads the configuration again: one with a problem changes nothing, a good one stops
the agent in order and builds a new one on the same open database, whose lock is never given up in between. The watchdog
is fed while the event loop turns and no step of any loop hangs. Exit status 3: starting again would not help.
"""

import argparse
import asyncio
import functools
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from textback_pbx import __version__, journal, systemd
from textback_pbx.agent import Agent
from textback_pbx.clock import Clock, SystemClock
from textback_pbx.config import DEFAULT_PATH, Settings, load
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.database import Database, DatabaseProblem, cannot_use
from textback_pbx.health import Board, State

log = logging.getLogger(__name__)

EXIT_BUG, EXIT_SETUP = 1, 3
#: A step that takes longer than this hangs; the longest honest one copies the database to a slow disk.
STUCK_S = 900.0


class Service:
    """One open database and, one after the other, the agents that work on it."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, *, read: Callable[[], Settings]) -> None:
        self._database, self._settings, self._clock, self._read = database, settings, clock, read
        self._stop, self._board = asyncio.Event(), Board(clock)
        self._ending, self._refused = False, ""

    def stop(self) -> None:
        """End in order."""
        self._ending = True
        self._stop.set()

    def reload(self) -> None:
        """Take the configuration as it is on the disk now, if nothing is wrong with it."""
        try:
            settings = self._read()
        except ConfigProblem as problem:
            self._refused = f"the new configuration was not taken, the old one stays: {problem}"
            self._note_refusal()
            return
        if settings.database.path != self._settings.database.path:
            self._refused = "database.path cannot change while the agent runs: restart it; the old configuration stays"
            self._note_refusal()
            return
        log.info("the configuration was read again")
        self._settings, self._refused = settings, ""
        logging.getLogger().setLevel(settings.log.level.upper())
        self._stop.set()

    def _note_refusal(self) -> None:
        if self._refused:
            self._board.note("config", State.WARN, self._refused)
        else:
            self._board.note("config", State.OK, "taken")

    async def run(self) -> None:
        """Work until :meth:`stop`. Raises what is a bug."""
        while not self._ending:
            self._stop = asyncio.Event()
            agent = Agent(self._database, self._settings, self._clock)
            self._board = agent.board
            self._note_refusal()
            async with asyncio.TaskGroup() as group:
                feeding = group.create_task(systemd.feed(functools.partial(well, agent.board, self._clock)))
                await agent.run(self._stop)
                feeding.cancel()


def well(board: Board, clock: Clock) -> str | None:
    """Return the status line for systemd; ``None`` while a step hangs, so that the watchdog is not fed."""
    since = board.busy_since()
    if since is not None and clock.monotonic() - since > STUCK_S:
        return None
    return board.worst() or "works"


async def _refuse_damage(database: Database) -> None:
    """Raise :class:`DatabaseProblem` for a damaged file: what it says about consent is not to be trusted."""
    try:
        found = await database.integrity_problems(quick=True)
        if found:
            raise sqlite3.DatabaseError(f"database disk image is malformed ({found[0].splitlines()[-1]})")
    except sqlite3.Error as error:
        await database.close()
        raise DatabaseProblem(cannot_use(database.path, error)) from error


async def serve(settings: Settings, clock: Clock, *, read: Callable[[], Settings]) -> None:
    """Open the database and run the agent until SIGTERM or SIGINT; ``read`` gives the configuration anew on SIGHUP."""
    signals = _Signals()
    database = await Database.open(settings.database.path, exclusive=True)
    await _refuse_damage(database)
    service = Service(database, settings, clock, read=read)
    try:
        log.info("textback-pbx %s works on %s", __version__, settings.database.path)
        systemd.notify("READY=1")
        signals.go_to(service)
        await service.run()
        log.info("stopped")
    finally:
        systemd.notify("STOPPING=1")
        await database.close()


class _Signals:
    """Heard from the first moment: one that comes while a large file is opened would end the process by its default.

    systemd takes an end by SIGHUP for a wish, and would not start the agent again.
    """

    def __init__(self) -> None:
        self._service: Service | None = None
        self._early: set[str] = set()
        loop = asyncio.get_running_loop()
        for number, name in ((signal.SIGTERM, "stop"), (signal.SIGINT, "stop"), (signal.SIGHUP, "reload")):
            loop.add_signal_handler(number, self._heard, name)

    def _heard(self, name: str) -> None:
        if self._service is None:
            self._early.add(name)
        else:
            getattr(self._service, name)()

    def go_to(self, service: Service) -> None:
        """Pass on what comes, and what came."""
        self._service = service
        for name in sorted(self._early):
            self._heard(name)


def main(arguments: list[str]) -> int:
    """Run the agent in the foreground; return the exit status."""
    parser = argparse.ArgumentParser(prog="textback-pbx run")
    default = Path(os.environ.get("TEXTBACK_PBX_CONFIG", DEFAULT_PATH))
    parser.add_argument("--config", "-c", type=Path, default=default)
    path = parser.parse_args(arguments).config
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the configuration is about to be read anyhow
    try:
        settings = load(path)
        journal.set_up(settings.log.level)
        asyncio.run(serve(settings, SystemClock(), read=lambda: load(path)))
    except (ConfigProblem, DatabaseProblem) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - there may be no log yet
        return EXIT_SETUP
    except Exception:
        log.exception("this is a bug: please report it with the lines above")
        return EXIT_BUG
    return 0
