"""A whole office in one event loop: a simulated PBX, the real agent, a simulated modem on a pty."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textback_pbx.agent import Agent
from textback_pbx.clock import SystemClock
from textback_pbx.config import parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry, local_time
from textback_pbx.database import Database
from textback_pbx.story import Story, of_call
from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.asterisk import AmiServer
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.simulated_modem import SimulatedModem

CALLER = "+15125550142"
CONFIG = """
[office]
name = "Lakeside Plumbing"
country = "{country}"
timezone = "America/Chicago"
phone = "+15125550100"
owner = "front desk"
[hours]
{hours}
public_holidays = false
[ami]
host = "{host}"
port = {port}
username = "{user}"
secret = "{secret}"
[modem]
port = "{modem}"
seconds_between_texts = 0
texts_per_hour = 1000
texts_per_day = 1000
[rules]
min_ring_seconds = 0
delay_seconds = {delay}
per_hour = 1000
per_day = 1000
per_prefix_per_hour = 1000
flood_calls = 500
flood_prefix_calls = 500
[database]
path = "{database}"
"""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = "\n".join(f'{day} = ["00:00-24:00"]' for day in DAYS)


@dataclass(frozen=True, slots=True)
class Ami:
    """Where a PBX listens, and the account."""

    host: str
    port: int
    user: str = "textback"
    secret: str = "secret"


class Office:
    """What a test does to the office, and what it can see of it."""

    def __init__(
        self, folder: Path, *, delay: int = 0, extra: str = "", ami: Ami | None = None, country: str = "US"
    ) -> None:
        self.folder = folder
        self.path = folder / "textback.sqlite"
        self.link = folder / "modem"
        self.delay, self.extra = delay, extra
        self.country = country
        self.ami = ami  # a real Asterisk instead of the simulated one
        self.pbx = AmiServer()
        self.modem = SimulatedModem(PtyPort(self.link))
        self.agent: Agent | None = None
        self.database: Database | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def settings(self) -> Any:
        ami = self.ami or Ami("127.0.0.1", self.pbx.port)
        values = {
            "hours": HOURS,
            "modem": self.link,
            "delay": self.delay,
            "database": self.path,
            "country": self.country,
        }
        return parse(CONFIG.format(**values, **asdict(ami)) + self.extra, Path("test.toml"))

    async def start(self) -> None:
        """Start the agent on the office's database."""
        self.database = await Database.open(self.path, exclusive=True)
        self._stop = asyncio.Event()
        self.agent = Agent(self.database, self.settings(), SystemClock())
        self._task = asyncio.ensure_future(self.agent.run(self._stop))
        await until(lambda: self._well("modem"), "the modem is ready")
        await until(lambda: self._well("ami"), "the PBX is connected")

    async def _well(self, component: str) -> bool:
        assert self.agent is not None
        assert self._task is not None
        if self._task.done():
            self._task.result()
        note = self.agent.board.get(component)
        return (
            note is not None
            and note.state != "fail"
            and "connecting" not in note.message
            and "set up" not in note.message
        )

    async def stop(self) -> None:
        """Stop it as SIGTERM does."""
        assert self._task is not None
        assert self.database is not None
        self._stop.set()
        await asyncio.wait_for(self._task, 30)
        await self.database.close()

    async def crash(self) -> None:
        """End it where it stands: nothing is told to finish."""
        assert self._task is not None
        assert self.database is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task
        await self.database.close()

    async def consent(self, number: str = CALLER) -> None:
        """Put a consent on record."""
        assert self.database is not None
        now_ms = SystemClock().now_ms()
        async with self.database.transaction() as tx:
            await consent.append(
                tx,
                NewEntry(
                    event=Event.GRANTED,
                    number=number,
                    at_ms=now_ms,
                    local_time=local_time(now_ms, self.settings().zone()),
                    basis=Basis.EXPRESS_WRITTEN,
                    channel="paper",
                    source="form",
                    actor="test",
                ),
            )

    async def call(self, script: str = "rang_out", caller: str = CALLER, **options: Any) -> str:
        """Let a scripted call happen; return its Uniqueid once it is over."""
        of_call = {key: options.pop(key) for key in ("dialled", "presentation", "context") if key in options}
        call = Call(self.pbx.counter, caller, **of_call)
        if script in ("rang_out", "gave_up"):
            options.setdefault("seconds", 0.05)
        SCRIPTS[script](call, **options)
        await self.pbx.run(call)
        return call.uniqueid

    async def story(self, which: str) -> Story | None:
        """Read a call's story from the database."""
        assert self.database is not None
        async with self.database.read() as tx:
            return await of_call(tx, which)

    async def decided(self, which: str) -> Story:
        """Wait until the call has its decision."""

        async def done() -> Story | None:
            story = await self.story(which)
            return story if story and story["decision"] else None

        return await until(done, f"call {which} is decided")

    async def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        assert self.database is not None
        async with self.database.read() as tx:
            return [dict(row) for row in await tx.all(sql, params)]

    def write(self, text: str, sender: str = CALLER) -> None:
        """Let a person write to the office's SIM."""
        self.modem.smsc.inbound(sender, self.modem.sim.number, text)

    def inbox(self, number: str = CALLER) -> list[str]:
        """What the handset shows."""
        return [text.text for text in self.modem.smsc.handset(number).inbox()]

    async def texts(self, count: int, number: str = CALLER) -> list[str]:
        """Wait until the handset has so many texts."""

        async def there() -> list[str] | None:
            return self.inbox(number) if len(self.inbox(number)) >= count else None

        return await until(there, f"{count} texts on the handset")


async def until(condition: Any, what: str, seconds: float = 15.0) -> Any:
    """Wait for what other tasks bring about; fail with words when it does not come."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := await condition()):  # noqa: ASYNC110 - simulators run in this loop in real time
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it did not happen within {seconds} s: {what}") from None
    return found


@asynccontextmanager
async def open_office(folder: Path, **options: Any) -> AsyncIterator[Office]:
    office = Office(folder, **options)
    async with office.pbx, office.modem:
        await office.start()
        try:
            yield office
        finally:
            if office._task is not None and not office._task.done():
                await office.stop()
