"""The driver, the outbox and the receiver, joined as the agent joins them, over the simulated modem, in one thread.

Everything waits on one manual clock: the port is memory, and SQLite is called in the loop instead of in a thread of its
own, so that a run is the same each time and a simulated month passes in minutes. The modem, the SIM, the network and
the database file outlive the agent; :meth:`Rig.crash` takes the agent away at any step and leaves the file as the disk
has it then.
"""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite

from tests.soak.link import Link, Nowhere
from textback_pbx.config import Settings, parse
from textback_pbx.consent import grammar
from textback_pbx.database import Database
from textback_pbx.decision.segments import segment
from textback_pbx.health import Board
from textback_pbx.modem import profile as profile_module
from textback_pbx.modem import session as session_module
from textback_pbx.modem.port import PortProblem
from textback_pbx.outbox import claim_store
from textback_pbx.outbox.claim_store import Go
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.pipeline import send
from textback_pbx.pipeline.handle import Handler, Unread
from textback_pbx.pipeline.lines import Lines
from textback_pbx.pipeline.loop import Bell, work
from textback_pbx.pipeline.modems import outbox_settings
from textback_pbx.pipeline.office import Office, office_of
from textback_pbx.pipeline.receive import Receiver
from textback_pbx.testing.clock import ManualClock, quiet
from textback_pbx.testing.modem_models import load_model
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import MemoryPort, SimulatedModem

OWN = "+15125550100"
T0 = 1_793_000_000_000
#: Seconds between texts, texts an hour and a day: as many as there is time for.
FREE = (0, 1_000, 10_000)
OFFICE = """
[office]
name = "Lakeside Plumbing"
country = "US"
timezone = "America/Chicago"
phone = "+15125550199"
owner = "front desk"
[ami]
port = 9
[modem]
port = "{3}"
iccid = "{4}"
seconds_between_texts = {0}
texts_per_hour = {1}
texts_per_day = {2}
"""


class Rig:
    """One office's texts. ``on_commit`` is told of each commit before and after it is on disk.

    ``pinned``: the configuration names the SIM, so that another one is not taken for it after a restart either.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: str = "generic",
        budget: tuple[int, int, int] = FREE,
        radio_s: float = 0.0,
        report_s: float = 1.0,
        journal: bool = True,
        clock: Any = None,
        port: Any = None,
        device: str = "memory",
        pinned: bool = False,
    ) -> None:
        self.folder = folder
        self.clock = clock or ManualClock(T0)
        self.port = port or MemoryPort()
        if port is None:
            self.port.sent = Nowhere()
        kind = load_model(model)
        card = SimCard(OWN, capacity=kind.capacity.get("SM", 20))
        self.sim = SimulatedModem(self.port, model=kind, sim=card, clock=self.clock, radio_s=radio_s)
        self.sim.smsc.report_s = report_s
        if not journal:
            self.sim.journal.add = _nothing  # type: ignore[method-assign] - a month of entries is not wanted
        self.budget = budget
        self.settings, self.office = _office(budget, device, card.iccid if pinned else "")
        self.outbox = outbox_settings(self.settings)
        self.path = folder / "office.sqlite"
        self.lives = 0
        self.alive = False
        self.on_commit: Callable[[str], None] = _nothing
        self.database: Database | None = None
        self.lines: Lines | None = None
        self.board: Board | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._link: Link | None = None
        self._left_behind: Path | None = None

    # life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin a life of the agent on the file as it is."""
        self.lives += 1
        self.alive = True
        self.database = database = await self._open()
        clock, office = self.clock, self.office
        self.board = board = Board(clock)
        unread = Unread()
        handle_bell = Bell(clock)
        handler = Handler(database, office, clock, unread, on_text=self._wake)
        receiver = Receiver(
            database,
            office,
            clock,
            self.outbox,
            before_text=unread.store,
            on_text=handle_bell.ring,
            on_settled=self._wake,
        )
        hooks = send.hooks_of(office, board, _go, now_ms=clock.now_ms, unread=lambda: unread.any, on_event=_nothing)
        self.lines = Lines(self.settings, database, clock, board=board, receiver=receiver, hooks=hooks)
        async with database.transaction() as tx:
            now_ms = clock.now_ms()
            for one in await claim_store.recover_all(tx, now_ms, self.outbox):
                await send.follow(tx, office, one, now_ms)
        self._tasks = {
            name: asyncio.create_task(_mortal(loop), name=name)
            for name, loop in {
                "handle": work(handler.step, handle_bell, clock=clock, board=board),
                "send": self.lines.send(),
                "receive": self.lines.receive(),
                "modem": self.lines.run(),
            }.items()
        }
        await quiet()

    async def _open(self) -> Database:
        database = await Database.open(self.path)
        self.opened(database)
        return database

    def opened(self, database: Database) -> None:
        """Call SQLite in the loop, and tell of commits."""
        connection = database._connection
        raw = connection._conn

        async def inline(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
            commits = call == raw.commit and raw.in_transaction
            if commits:
                self.on_commit("before commit")
            result = call(*arguments, **named)
            if commits:
                self.on_commit("committed")
            return result

        connection._execute = inline  # type: ignore[method-assign] - no thread: the run is the same each time

    def crash(self) -> None:
        """The process is gone, now: the port is not closed by anybody, the file stays as the disk has it."""
        if self.alive:
            self.alive = False
            if self._link is not None:
                self._link.close()
            after = self.folder / f"life{self.lives + 1}.sqlite"
            shutil.copyfile(self.path, after)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{self.path}-wal", f"{after}-wal")
            self._left_behind = after

    async def bury(self) -> None:
        """Clear away what a crash left in memory; what it does on the way reaches neither modem nor file."""
        for task in self._tasks.values():
            task.cancel()
        for _ in range(1_000):
            await quiet()
            if all(task.done() for task in self._tasks.values()):
                break
            await self.clock.step(0.0)
            for task in self._tasks.values():
                task.cancel()
        for task in self._tasks.values():
            assert task.done(), f"{task.get_name()} cannot be ended"
            if not task.cancelled():
                task.exception()
        await self._forget()
        if self._left_behind is not None:
            for name in (self.path, Path(f"{self.path}-wal"), Path(f"{self.path}-shm")):
                name.unlink(missing_ok=True)
            self.path, self._left_behind = self._left_behind, None

    async def stop(self, seconds: float = 60.0) -> float:
        """End as SIGTERM does, in the agent's order; return how long it took on the clock."""
        self.check_alive()
        self.alive = False
        began = self.clock.monotonic()
        for task in self._tasks.values():
            task.cancel()
            await self.until(task.done, seconds)
            assert task.done(), f"{task.get_name()} did not stop within {seconds} s"
            task.result()
        await self._forget()
        return self.clock.monotonic() - began

    async def _forget(self) -> None:
        database, self.database = self.database, None
        self._tasks = {}
        if database is not None:
            vars(database._connection).pop("_execute", None)
            await database.close()

    def _wake(self) -> None:
        if self.lines is not None:
            self.lines.wake()

    def check_alive(self) -> None:
        """Raise what ended a loop."""
        for task in self._tasks.values():
            if task.done() and self.alive:
                task.result()
                raise AssertionError(f"the loop {task.get_name()!r} has ended")

    # time ---------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Let things happen until ``condition()``; at most ``seconds`` pass on the clock."""
        end = self.clock.monotonic() + seconds
        await quiet()
        while not condition():
            self.check_alive()
            left = end - self.clock.monotonic()
            if left <= 0:
                return bool(condition())
            await self.clock.step(left)
        return True

    async def rest(self, seconds: float) -> None:
        """Let so much time pass."""
        await self.until(_never, seconds)

    async def ready(self, seconds: float = 300.0) -> bool:
        """Wait until the line can send."""
        return await self.until(lambda: self.lines is not None and self.trouble() is None, seconds)

    def trouble(self) -> str | None:
        """Why the modem cannot send now."""
        assert self.lines is not None
        return self.lines._modems[0].trouble()

    # the office's work --------------------------------------------------------------------------------------

    async def send(self, number: str, text: str, *, after_s: float = 0.0, keep_s: float = 86_400.0) -> int:
        """Put a text into the outbox as the office's staff does; return the message's id."""
        assert self.database is not None
        cut, now_ms = segment(text), self.clock.now_ms()
        new = NewMessage(
            kind="staff",
            line="office",
            number=number,
            body=text,
            parts=cut.parts,
            encoding=cut.encoding.value,
            not_before_ms=now_ms + int(after_s * 1000),
            expires_ms=now_ms + int(keep_s * 1000),
        )
        async with self.database.transaction() as tx:
            message_id = await enqueue(tx, new, now_ms)
        self._wake()
        assert message_id is not None
        return message_id

    def write(self, sender: str, text: str, **options: Any) -> None:
        """Let a person write to the office's SIM."""
        self.sim.smsc.inbound(sender, OWN, text, **options)

    async def open_memory(self, url: str, _baud: int, on_bytes: Any, on_lost: Any) -> Link:
        """Stand in for ``open_port``."""
        if not self.sim.plugged:
            raise PortProblem(f"{url} is not there")
        self._link = Link(self.port, on_bytes, on_lost)
        return self._link

    def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        """Read the file as it is, beside whoever has it open."""
        if self.database is not None and "_execute" in vars(self.database._connection):
            raw = self.database._connection._conn
            return [dict(row) for row in raw.execute(sql, params).fetchall()]
        with contextlib.closing(sqlite3.connect(self.path)) as own:
            own.row_factory = sqlite3.Row
            return [dict(row) for row in own.execute(sql, params).fetchall()]


@cache
def _office(budget: tuple[int, int, int], device: str, iccid: str) -> tuple[Settings, Office]:
    settings = parse(OFFICE.format(*budget, device, iccid), Path("rig.toml"))
    return settings, office_of(settings)


def _nothing(*_arguments: Any, **_named: Any) -> None:
    return


def _never() -> bool:
    return False


async def _go(_tx: Any, _row: Any) -> Go:
    return Go()


async def _mortal(loop: Coroutine[Any, Any, None]) -> None:
    with suppress(asyncio.CancelledError):
        await loop


@contextmanager
def one_thread(rigs: Callable[[], "Rig"]) -> Iterator[None]:
    """Let the driver's ports be memory, and everything run in this thread."""

    async def here(call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)

    async def open_port(url: str, baud: int, on_bytes: Any, on_lost: Any) -> Link:
        return await rigs().open_memory(url, baud, on_bytes, on_lost)

    def connect(*arguments: Any, **named: Any) -> Awaitable[aiosqlite.Connection]:
        return real(*arguments, **named, check_same_thread=False)

    grammar.load()
    profiles = cache(profile_module.load)
    real = aiosqlite.connect
    with (
        patch.object(session_module, "open_port", open_port),
        patch.object(asyncio, "to_thread", here),
        patch.object(aiosqlite, "connect", connect),
        patch.object(profile_module, "load", profiles),  # each set-up reads them all, from the disk
    ):
        yield


@dataclass
class _Holder:
    rig: Rig | None = None

    def get(self) -> Rig:
        assert self.rig is not None
        return self.rig


@asynccontextmanager
async def rigged(folder: Path, **options: Any) -> AsyncIterator[Rig]:
    """A rig with its modem plugged in; the agent is not started yet."""
    holder = _Holder()
    with one_thread(holder.get):
        rig = holder.rig = Rig(folder, **options)
        async with rig.sim:
            try:
                yield rig
            finally:
                rig.alive = False
                await rig.bury()
