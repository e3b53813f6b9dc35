"""A mobile network that outlives the agent, a line to it, and a crash at any step that can be seen from outside."""

import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textback_pbx.consent.entries import opted_out_by_text
from textback_pbx.consent.store import append
from textback_pbx.outbox.attempt import Accepted, NotHandedOver, Refused, Unknown
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.claim_store import Go
from textback_pbx.outbox.line import Hooks
from textback_pbx.outbox.reports import Report
from textback_pbx.outbox.sender import Sender
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import EVERYTHING
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.testing.clock import ManualClock

T0 = 1_793_000_000_000
ANNA, BERT, CARA, DORA, EMIL = (f"+1512555010{n}" for n in range(1, 6))
ICCID = "8901260123456789012"
MINUTE = 60_000
SETTINGS = OutboxSettings()
FAST = OutboxSettings(budget=Budget(gap_s=0.0, per_hour=10_000, per_day=10_000))


class SimulatedCrash(BaseException):
    """The power is cut here. No handler of the program may notice it."""


class Steps:
    """Counts the steps that can be seen from outside, and cuts the power at one of them."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.crash_at = crash_at
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.crash_at:
            raise SimulatedCrash(name)


@dataclass
class OnAir:
    """One Ctrl-Z: what left for the network, and whether the network took it."""

    part_id: int
    number: str
    text: str
    at_ms: int
    taken: bool
    answer: str
    tp_mr: int | None = None


@dataclass
class Network:
    """The SMSC, the SIM's storage and the air. Keeps its state whatever becomes of the agent.

    ``answers`` maps a part's text to what is answered to its hand-overs in turn (default: accepted).
    ``fates`` maps a text to the TP-ST of its report (``None``: no report).
    """

    clock: ManualClock
    answers: dict[str, list[str]] = field(default_factory=dict)
    fates: dict[str, int | None] = field(default_factory=dict)
    air: list[OnAir] = field(default_factory=list)
    sim: list[object] = field(default_factory=list)  # what waits on the SIM: reports, and ("STOP", number)
    prompt_open: bool = False
    mr: int = 250  # wraps on the way
    escapes: int = 0

    def transmit(self, part) -> str:
        answers = self.answers.get(part.text, [])
        answer = answers.pop(0) if answers else "ok"
        taken = answer in ("ok", "silence")
        sent = OnAir(part.part_id, part.number, part.text, self.clock.now_ms(), taken, answer)
        self.air.append(sent)
        if taken:
            self.mr = (self.mr + 1) % 256
            sent.tp_mr = self.mr
            fate = self.fates.get(part.text, 0x00)
            if fate is not None:
                self.sim.append(self.report_of(sent, fate))
        return answer

    def report_of(self, sent: OnAir, tp_st: int, **changes) -> Report:
        values = {
            "recipient": sent.number,
            "tp_mr": sent.tp_mr,
            "tp_st": tp_st,
            "received_ms": self.clock.now_ms(),
            "modem": "m1",
            "iccid": ICCID,
            "scts_ms": sent.at_ms + 900,
            "discharge_ms": sent.at_ms + 2_000,
            "raw": f"{sent.number}/{sent.tp_mr}/{tp_st:02X}/{sent.at_ms}",
        }
        return Report(**{**values, **changes})


def nothing(name: str) -> None:
    """No crash here."""


class SimLine:
    """One process's line to the network. A fresh one sends ESC first, as the driver does on (re)opening."""

    def __init__(self, network: Network, step=nothing, *, name="m1", iccid=ICCID) -> None:
        self.network, self.step, self.name, self.iccid = network, step, name, iccid
        self.no: str | None = None
        self.gate = None  # an asyncio.Event the answer waits for
        if network.prompt_open:
            network.prompt_open = False
            network.escapes += 1

    def trouble(self):
        return self.no

    async def submit(self, part, hand_over):
        network, step = self.network, self.step
        if network.answers.get(part.text, [])[:1] == ["no prompt"]:
            network.answers[part.text].pop(0)
            return NotHandedOver("no prompt")
        step("AT+CMGS=")
        network.prompt_open = True
        step("prompt")
        try:
            await hand_over()
        except Exception as error:  # noqa: BLE001 - whatever kept it from the disk, the prompt is closed
            network.prompt_open = False
            network.escapes += 1
            return NotHandedOver(str(error))
        for group in range(2):
            step(f"PDU bytes {group}")
        network.prompt_open = False
        answer = network.transmit(part)
        step("Ctrl-Z")
        if self.gate is not None:
            await self.gate.wait()
        step("+CMGS")
        return self._result(answer)

    def _result(self, answer):
        if answer == "ok":
            return Accepted(self.network.mr)
        if answer in ("silence", "lost"):
            return Unknown("no answer within 180 s")
        return Refused(int(answer), "", definite=True)


class CrashingDatabase:
    """A database whose every commit has a step before it and one after it."""

    def __init__(self, database, step) -> None:
        self._database, self._step = database, step

    @asynccontextmanager
    async def transaction(self):
        async with self._database.transaction() as tx:
            yield tx
            self._step("before commit")
        self._step("committed")


def hooks(*, look=None, settled=None, hold=None, trouble=None):
    async def go(tx, row):
        return Go()

    async def ignore(tx, one):
        return None

    return Hooks(
        look_again=look or go,
        settled=settled or ignore,
        hold=hold or (lambda: None),
        trouble=trouble or (lambda words: None),
    )


def a_sender(database, line, clock, *, settings=FAST, pace=None, share=EVERYTHING, **of_hooks):
    return Sender(
        line,
        database.transaction,
        clock,
        pace=pace or Pace(settings.budget),
        hooks=hooks(**of_hooks),
        settings=settings,
        share=share if callable(share) else lambda: share,
    )


def a_text(number=ANNA, *parts, **changes):
    parts = parts or ("hello",)
    values = {
        "kind": "staff",
        "line": "main",
        "number": number,
        "body": "".join(parts),
        "parts": parts,
        "encoding": "gsm7",
        "not_before_ms": T0,
        "expires_ms": T0 + 60 * MINUTE,
    }
    return NewMessage(**{**values, **changes})


async def put(database, *texts, now_ms=T0):
    async with database.transaction() as tx:
        return [await enqueue(tx, text, now_ms) for text in texts]


async def states(database, message_id=None):
    """The states of all parts (of one message), in order."""
    async with database.read() as tx:
        rows = await tx.all("SELECT * FROM parts WHERE :id IS NULL OR message_id = :id ORDER BY id", {"id": message_id})
    return [row["state"] for row in rows]


async def stop(tx, number, at_ms=T0):
    await append(
        tx, opted_out_by_text(number, at_ms, "2026-10-26T00:00:00+00:00", text="STOP", why="word", inbound_id=1)
    )


async def work_off(sender, clock, *, for_s=1200.0):
    """Turn the sender's loop by hand until nothing is due any more, or ``for_s`` seconds have passed on the clock."""
    end = clock.monotonic() + for_s
    while clock.monotonic() < end:
        wait_s = await sender._turn()
        if wait_s >= sender._settings.idle_look_s:
            return
        if wait_s > 0:
            await clock.advance(min(wait_s, end - clock.monotonic()))


_CHECKS = {
    "a part whose story ends elsewhere than it does": """
        SELECT p.id FROM parts p WHERE p.state <>
          (SELECT e.state FROM part_events e WHERE e.part_id = p.id ORDER BY e.id DESC LIMIT 1)""",
    "a message without all its parts": """
        SELECT id FROM messages m WHERE segments <> (SELECT count(*) FROM parts WHERE message_id = m.id)""",
    "a call with two automatic texts": """
        SELECT call_id FROM messages WHERE kind = 'auto' GROUP BY call_id HAVING count(*) > 1""",
    "a hand-over without a word": """
        SELECT p.id FROM parts p WHERE p.tries <>
          (SELECT count(*) FROM part_events e WHERE e.part_id = p.id AND e.state = 'handed_over')""",
    "an end without a reason": """
        SELECT id FROM parts WHERE reason = ''
          AND state IN ('refused', 'unknown', 'undelivered', 'expired', 'cancelled')""",
    "a hand-over after an unknown without a person": """
        SELECT e.id FROM part_events e WHERE e.state = 'handed_over' AND EXISTS (
          SELECT 1 FROM part_events u WHERE u.part_id = e.part_id AND u.id < e.id
            AND u.state IN ('unknown', 'accepted', 'delivered') AND NOT EXISTS (
              SELECT 1 FROM part_events h
              WHERE h.part_id = e.part_id AND h.id > u.id AND h.id < e.id AND h.actor <> 'agent'))""",
}


def broken(path) -> list[str]:
    """What of the outbox's own truths does not hold in this file."""
    raw = sqlite3.connect(path)
    try:
        found = [what for what, sql in _CHECKS.items() if raw.execute(sql).fetchone() is not None]
        if (integrity := raw.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            found.append(integrity)
    finally:
        raw.close()
    return found
