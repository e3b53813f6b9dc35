"""The agent as a process between two simulators in processes of their own, killed with SIGKILL and started again.

The simulators are the world: they outlive every agent, so what was on the air and what lies on the SIM is theirs to
say. A :class:`Point` says when the agent dies; :meth:`World.live_through` plays a missed call up to there, kills, lets
the person write while nobody runs, starts the agent on the same file, waits until nothing moves any more, and judges.
"""

import asyncio
import collections
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.pipeline.support import HOURS
from tests.sweep.support import copy_of
from textback_pbx.clock import SystemClock
from textback_pbx.config import parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry, local_time
from textback_pbx.database import Database
from textback_pbx.testing.demo import Pbx, _program
from textback_pbx.testing.modem_client import ControlProblem, ModemControl
from textback_pbx.testing.smsc import SubmitRecord

#: Two parts of GSM-7, so that the agent can die between them.
LONG = (
    "{business}: sorry we missed your call, every one of us was out on a job or on the phone just then. "
    "Reply to this text with your name and what you need, and one of us calls you back within {callback_time}. "
    "{opt_out}"
)
CONFIG = """
[office]
name = "Lakeside Plumbing"
timezone = "America/Chicago"
phone = "+15125550100"
owner = "front desk"
[hours]
{hours}
public_holidays = false
[ami]
port = {port}
secret = "secret"
[modem]
port = "{modem}"
seconds_between_texts = 0
texts_per_hour = 1000
texts_per_day = 1000
[rules]
min_ring_seconds = 0
per_hour = 1000
per_day = 1000
per_prefix_per_hour = 1000
[texts]
max_segments = 2
[texts.own]
"no_answer.open" = "{long}"
[database]
path = "{database}"
"""
REPLY, STOP = "Please call me, the kitchen tap drips.", "STOP"
RADIO_S, REPORT_S = 0.1, 0.03
_SETTLE_S = 25.0
_CONFIRMATION = "no more texts"


class Phase(StrEnum):
    """Which part of a call's story the death falls into."""

    RING = "ring"  # while the phone rings: `when` counts from the call's start
    SEND = "send"  # from the hangup on: `when` counts from there
    REPLY = "reply"  # the text has arrived and was answered: `when` counts from the answer


@dataclass(frozen=True, slots=True)
class Mark:
    """The ``nth`` thing of a kind in the simulated modem's journal whose detail holds ``word``."""

    kind: str
    word: str = ""
    nth: int = 1

    def __str__(self) -> str:
        return " ".join(word for word in (self.kind, self.word, str(self.nth)) if word)


@dataclass(frozen=True, slots=True)
class Point:
    """One death: at a mark, or so many ms into its phase; ``again`` is a second death after the restart.

    ``late``: the phone is out of reach until the new agent runs, so every report comes to it. Otherwise the modem
    gives the report on at once, and one that falls into the agent's absence is lost, as with a real modem.
    """

    phase: Phase
    when: Mark | float
    answer: str = REPLY
    again: Mark | None = None
    late: bool = False
    ring_s: float = 0.05

    def __str__(self) -> str:
        when = f"{self.when:g} ms" if isinstance(self.when, float | int) else str(self.when)
        then = f", again at {self.again}" if self.again else ""
        return f"{self.phase} + {when} ({'STOP' if self.answer == STOP else 'an answer'}{then})"


@dataclass
class World:
    """One office: two simulators, one database, and however many agents one after another."""

    folder: Path
    config: Path
    database: Path
    pbx: Pbx
    modem: ModemControl
    stack: AsyncExitStack
    numbers: list[str]
    agent: asyncio.subprocess.Process = field(init=False)
    started: float = 0.0
    started_ms: int = 0
    kills: int = 0
    _seen: int = 0
    _calling: asyncio.Future[int] = field(init=False)

    # the agent's lives ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start an agent on the file; it is not waited for."""
        self.started, self.started_ms = time.monotonic(), SystemClock().now_ms()
        log = self.folder / "agent.log"
        command = ("textback_pbx", "run", "--config", str(self.config))
        self.agent = await self.stack.enter_async_context(_program(*command, log=log))

    async def kill(self) -> None:
        """End it as the power does: SIGKILL, nothing is told to finish."""
        assert self.agent.returncode is None, f"the agent ended by itself: {self.log()}"
        self.agent.kill()
        await self.agent.wait()
        self.kills += 1

    def log(self) -> str:
        return (self.folder / "agent.log").read_text(encoding="utf-8", errors="replace")[-3_000:]

    # what is on the disk -------------------------------------------------------------------------------------

    def rows(self, sql: str, *params: Any, path: Path | None = None) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(path or self.database, timeout=10)) as raw:
            raw.row_factory = sqlite3.Row
            return [dict(row) for row in raw.execute(sql, params)]

    def at_death(self, number: str) -> tuple[str, list[str]]:
        """What the disk holds at the death, in a word, and what is wrong with the file; a copy is looked at."""
        copy = copy_of(self.database, self.folder / "dead.sqlite")
        calls = self.rows("SELECT state FROM calls WHERE caller = ?", number, path=copy)
        texts = self.rows("SELECT state FROM inbound WHERE sender = ?", number, path=copy)
        raw = self.rows("SELECT id FROM inbound_parts WHERE sender = ?", number, path=copy)
        parts = [row["state"] for row in self.rows(_PARTS, number, path=copy)]
        words = "no call row" if not calls else "no decision" if calls[0]["state"] == "new" else ", ".join(parts)
        if raw:
            words += f"; answer {texts[0]['state'] if texts else 'stored'}"
        return words, self.broken(copy)

    def broken(self, path: Path) -> list[str]:
        found = [row["integrity_check"] for row in self.rows("PRAGMA integrity_check", path=path)]
        return [*(word for word in found if word != "ok"), *map(str, self.rows("PRAGMA foreign_key_check", path=path))]

    # one point -----------------------------------------------------------------------------------------------

    async def live_through(self, point: Point) -> "Seen":
        """Play one call with one death (or two); return what it left, judged."""
        number = self.numbers.pop(0)
        if point.late:
            await self.modem.call("handset", number=number, reachable=False)
        since = await self._head()
        ended_ms = await self._die(point, number, since)
        words, wrong = self.at_death(number)
        if point.answer == STOP and point.phase is not Phase.REPLY:
            await self.modem.inbound(number, STOP)  # it lies on the SIM when the new agent starts
        since = await self._head()
        await self.start()
        restarted = self.started
        if point.again is not None:
            # A first kill that struck late has left nothing of it to do: then the second one strikes an idle agent.
            with contextlib.suppress(ControlProblem):
                await self._mark(point.again, since, seconds=8)
            await self.kill()
            wrong += self.at_death(number)[1]
            since = await self._head()
            await self.start()
        if ended_ms is None:  # it still rings, and the new agent finds it ringing
            ended_ms = await self._calling
        if point.late:
            await self._mark(Mark("command", "AT+CMGL"), since)  # it is set up, reports are asked for
            await self.modem.call("handset", number=number, reachable=True)
        ringing = point.ring_s > 1
        if point.answer == REPLY and point.phase is not Phase.REPLY:
            await self.settled(number, texts=0, late=point.late, ringing=ringing)
            await self.modem.inbound(number, REPLY)
        await self.settled(number, late=point.late, ringing=ringing)
        return self._judge(point, number, ended_ms, await self._submits(number), (words, wrong, restarted))

    async def _submits(self, number: str) -> list[SubmitRecord]:
        return [one for one in await self.modem.submits() if one.to == number]

    async def _die(self, point: Point, number: str, since: int) -> int | None:
        self._calling = asyncio.ensure_future(self._call(number, point.ring_s))
        if point.phase is Phase.RING:
            await self._moment(point.when, since)
            await self.kill()
            return None if point.ring_s > 1 else await self._calling
        ended_ms = await self._calling
        if point.phase is Phase.REPLY:
            await self.settled(number, texts=0)
            since = await self._head()
            await self.modem.inbound(number, point.answer)
        await self._moment(point.when, since)
        await self.kill()
        return ended_ms

    async def _call(self, number: str, ring_s: float) -> int:
        await self.pbx.ask("call", script="rang_out", caller=number, seconds=ring_s)
        return SystemClock().now_ms()

    async def _moment(self, when: Mark | float, since: int) -> None:
        if isinstance(when, Mark):
            await self._mark(when, since)
        else:
            await asyncio.sleep(when / 1_000)

    async def _head(self) -> int:
        self._seen = max((entry.number for entry in await self.modem.journal(self._seen)), default=self._seen)
        return self._seen

    async def _mark(self, mark: Mark, since: int, *, seconds: float = 20) -> None:
        left = mark.nth
        while True:
            for entry in await self.modem.wait(mark.kind, since=since, seconds=seconds):
                since = entry.number
                left -= mark.word in str(entry.detail)
                if left <= 0:
                    return

    # until nothing moves -------------------------------------------------------------------------------------

    async def settled(self, number: str, *, texts: int = 1, late: bool = False, ringing: bool = False) -> None:
        """Wait until the agent hears the PBX, the SIM is empty, and every row of this person has come to rest."""
        moving: list[str] = ["not looked yet"]

        try:
            async with asyncio.timeout(_SETTLE_S):
                while moving:
                    await asyncio.sleep(0.02)  # other processes are watched
                    missing = ringing and not self.rows("SELECT id FROM calls WHERE caller = ?", number)
                    moving = ["the call has no row"] if missing else await self._moving(number, texts, late)
                    assert self.agent.returncode is None, f"the agent ended by itself: {self.log()}"
        except TimeoutError:
            raise AssertionError(f"still moving after {_SETTLE_S} s: {moving}\n{self.log()}") from None

    async def _moving(self, number: str, texts: int, late: bool) -> list[str]:
        found = [row["what"] for row in self.rows(_MOVING, self.started_ms)]
        if found:
            return found
        heard = [one for one in await self._submits(number) if late or one.monotonic_s > self.started]
        status = await self.modem.status()
        (had,) = self.rows(_HEARD, number, number)
        if had["reports"] < len(heard):
            found.append("a report is on its way")
        if had["texts"] < texts:
            found.append("the answer is not read")
        if status["held"] or any(store["used"] for store in status["storage"].values()):
            found.append("something lies on the SIM")
        return found

    # the verdict ---------------------------------------------------------------------------------------------

    def _judge(self, point, number, ended_ms, submits, before) -> "Seen":
        words, wrong, restarted = before
        air = collections.Counter((one.text, one.concat) for one in submits)
        parts = self.rows(_PARTS, number)
        calls = self.rows(_CALLS, number)
        end = ", ".join(row["state"] for row in parts if row["kind"] == "auto")
        if not calls:
            end = "in a gap"
            gaps = self.rows("SELECT id FROM gaps WHERE from_ms <= ? AND until_ms >= ?", ended_ms, ended_ms)
            wrong += [] if gaps else ["the call has no row, and no gap covers it"]
        wrong += [f"{count} times on the air: {text}" for (text, _), count in air.items() if count > 1]
        wrong += [f"{len(calls)} rows of one call"] * (len(calls) > 1)
        wrong += [f"call {call['id']}: {call['decisions']} decisions" for call in calls if call["decisions"] != 1]
        for call in calls:
            did = (call["verdict"], call["autos"], call["tasks"])
            wrong += [] if did in _TAKEN_CARE_OF or call["rule"] == "wrote" else [f"call {call['id']} came to {did}"]
            end = end if call["autos"] else call["rule"]
        wrong += self._judge_parts(point, parts, air)
        wrong += self._judge_answer(point, number)
        if point.answer == STOP and point.phase is not Phase.REPLY:
            wrong += [
                f"left after the STOP: {one.text}"
                for one in submits
                if one.monotonic_s > restarted and _CONFIRMATION not in one.text
            ]
        return Seen(point, words, end, len(submits), (*wrong, *self.broken(self.database)))

    def _judge_parts(self, point, parts, air) -> list[str]:
        wrong = []
        sent = collections.Counter()
        for (text, _), count in air.items():
            sent[text] += count
        for row in parts:
            name = f"part {row['seq']} of {row['kind']}"
            known = ("delivered",) if point.late and point.answer == REPLY else ("delivered", "accepted", "unknown")
            if sent[row["text"]] and row["state"] not in known:
                wrong.append(f"{name}: the phone has it, the database says {row['state']}")
            if not sent[row["text"]] and row["state"] in ("accepted", "delivered"):
                wrong.append(f"{name}: never left, the database says {row['state']}")
            if row["state"] == "unknown" and not row["tasks"]:
                wrong.append(f"{name}: unknown, and nobody is told")
            if row["state"] != "unknown" and row["tasks"]:
                wrong.append(f"{name}: {row['state']}, and a task still says unknown")
            if row["state"] in ("refused", "expired", "undelivered"):
                wrong.append(f"{name}: {row['state']}, though nothing was wrong with the network")
        stray = set(sent) - {row["text"] for row in parts}
        return [*wrong, *(f"on the air, and in no row: {text}" for text in stray)]

    def _judge_answer(self, point: Point, number: str) -> list[str]:
        wrong = []
        rows = self.rows("SELECT keyword, state FROM inbound WHERE sender = ?", number)
        expected = [{"keyword": "stop" if point.answer == STOP else "none", "state": "handled"}]
        if rows != expected:
            wrong.append(f"one answer was written, stored is {rows}")
        revoked = self.rows(_REVOKED, number)[0]["n"]
        if revoked != (point.answer == STOP):
            wrong.append(f"{point.answer}: {revoked} opt-outs in the ledger")
        tasks = self.rows("SELECT id FROM tasks WHERE kind = 'reply' AND number = ?", number)
        if point.answer == REPLY and len(tasks) != 1:
            wrong.append(f"the answer made {len(tasks)} tasks")
        confirmed = self.rows("SELECT id FROM messages WHERE kind = 'optout_confirmation' AND number = ?", number)
        if len(confirmed) != (point.answer == STOP):
            wrong.append(f"{len(confirmed)} confirmations of the STOP")
        return wrong


@dataclass(frozen=True, slots=True)
class Seen:
    """What one point left: the disk at the death, the call's end, parts on the air, and what must not be."""

    point: Point
    at_death: str
    end: str
    on_air: int
    wrong: tuple[str, ...]


_PARTS = (
    "SELECT p.seq, p.text, p.state, m.kind, (SELECT count(*) FROM tasks t WHERE t.kind = 'unknown_send'"
    " AND t.state = 'open' AND t.source LIKE 'part:' || p.id || ':%') AS tasks"
    " FROM parts p JOIN messages m ON m.id = p.message_id WHERE m.number = ? ORDER BY p.id"
)
_CALLS = (
    "SELECT c.id, (SELECT count(*) FROM decisions d WHERE d.call_id = c.id) AS decisions,"
    " (SELECT d.verdict FROM decisions d WHERE d.call_id = c.id) AS verdict,"
    " (SELECT d.rule FROM decisions d WHERE d.call_id = c.id) AS rule,"
    " (SELECT count(*) FROM tasks t WHERE t.source = 'call:' || c.id) AS tasks,"
    " (SELECT count(*) FROM messages m WHERE m.call_id = c.id AND m.kind = 'auto') AS autos"
    " FROM calls c WHERE c.caller = ?"
)
#: A call's decision, its automatic texts, its tasks. (After a death the answer may have been read before the decision.)
_TAKEN_CARE_OF = (("text", 1, 0), ("task", 0, 1))
_HEARD = (
    "SELECT (SELECT count(*) FROM status_reports WHERE recipient = ?) AS reports,"
    " (SELECT count(*) FROM inbound WHERE sender = ?) AS texts"
)
_REVOKED = (
    "SELECT count(*) AS n FROM consent c JOIN consent_private p ON p.seq = c.seq"
    " WHERE c.event = 'revoked' AND p.number = ?"
)
#: What some loop of the agent will still move, in words; the parameter is when it was started, ms UTC.
_MOVING = """
SELECT 'the PBX is not heard yet' AS what WHERE EXISTS (SELECT 1 FROM gaps WHERE until_ms IS NULL)
  OR NOT EXISTS (SELECT 1 FROM meta WHERE key LIKE 'heard:%' AND CAST(value AS INTEGER) >= ?)
UNION ALL SELECT 'a call is not decided' FROM calls WHERE state = 'new'
UNION ALL SELECT 'a text is not handled' FROM inbound WHERE state = 'new'
UNION ALL SELECT 'a text is not assembled' FROM inbound_parts WHERE inbound_id IS NULL
UNION ALL SELECT 'a part is ' || p.state FROM parts p WHERE p.state IN ('queued', 'claimed', 'handed_over')
  AND NOT (p.state = 'queued' AND EXISTS (SELECT 1 FROM parts e WHERE e.message_id = p.message_id AND e.seq < p.seq
    AND e.state = 'unknown'))
"""


@asynccontextmanager
async def open_world(folder: Path, numbers: list[str]) -> AsyncIterator[World]:
    """Start the simulators and the first agent; every number has a consent on record."""
    link, pbx_socket, modem_socket = (folder / name for name in ("modem", "pbx.ctl", "modem.ctl"))
    async with AsyncExitStack() as stack:
        log = folder / "simulators.log"
        pbx_arguments = ("textback_pbx.testing.asterisk", "--port", "0", "--control", str(pbx_socket))
        modem_arguments = ("--link", str(link), "--control", str(modem_socket), "--radio", str(RADIO_S))
        pbx_process = await stack.enter_async_context(_program(*pbx_arguments, log=log))
        modem_process = await stack.enter_async_context(
            _program("textback_pbx.testing.modem", *modem_arguments, "--report", str(REPORT_S), log=log)
        )
        ready = (await pbx_process.stdout.readline()).decode()
        await modem_process.stdout.readline()
        pbx = Pbx(*await asyncio.open_unix_connection(str(pbx_socket)))
        serving = asyncio.ensure_future(pbx.serve())
        stack.callback(serving.cancel)
        stack.callback(pbx._writer.close)
        modem = await stack.enter_async_context(await ModemControl.connect(str(modem_socket)))
        config, database = folder / "config.toml", folder / "textback.sqlite"
        values = {"hours": HOURS, "port": ready.split()[2].rpartition(":")[2], "modem": link, "long": LONG}
        text = CONFIG.format(**values, database=database)
        config.write_text(text)
        await _consents(database, numbers, parse(text, config).zone())
        world = World(folder, config, database, pbx, modem, stack, list(numbers))
        await world.start()
        await world.settled("", texts=0)
        yield world


async def _consents(path: Path, numbers: list[str], zone: ZoneInfo) -> None:
    now_ms = SystemClock().now_ms()
    at = {"at_ms": now_ms, "local_time": local_time(now_ms, zone)}
    how = {"basis": Basis.EXPRESS_WRITTEN, "channel": "paper", "source": "form", "actor": "test"}
    database = await Database.open(path)
    async with database.transaction() as tx:
        for number in numbers:
            await consent.append(tx, NewEntry(event=Event.GRANTED, number=number, **at, **how))
    await database.close()
