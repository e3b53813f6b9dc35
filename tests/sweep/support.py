"""A small agent over the outbox, for crash sweeps: what it does after a start does not depend on what it remembers.

Calls wait in the database; texts and reports wait on the SIM. :func:`live` is one process's life: recover, drain
the SIM, decide, send, drain again. It may be cut off at any step and started again on the file as the disk has it.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.outbox.support import (
    ANNA,
    BERT,
    CARA,
    DORA,
    EMIL,
    FAST,
    MINUTE,
    T0,
    CrashingDatabase,
    Network,
    SimLine,
    SimulatedCrash,
    a_sender,
    a_text,
    stop,
    work_off,
)
from textback_pbx.consent.store import is_opted_out
from textback_pbx.database import Database
from textback_pbx.outbox.attempt import State
from textback_pbx.outbox.claim_store import Drop, Go, recover_all
from textback_pbx.outbox.report_store import apply_report
from textback_pbx.outbox.reports import Report
from textback_pbx.outbox.store import enqueue
from textback_pbx.testing.clock import ManualClock

FRED = "+15125550106"

#: caller -> the parts of their text. Anna's goes well; Bert's has three parts; Cara's is refused once in passing;
#: Dora's is refused for good; Emil says STOP while the first of his two texts is on the air; Fred's is looked at
#: again and dropped; the last of Anna's is never answered.
CALLS = [
    (ANNA, ("a1",)),
    (BERT, ("b1", "b2", "b3")),
    (CARA, ("c1",)),
    (DORA, ("d1",)),
    (EMIL, ("e1",)),
    (FRED, ("f1",)),
    (EMIL, ("e2",)),
    (ANNA, ("a2",)),
]


def a_network(clock: ManualClock, *, reports: bool = True) -> Network:
    answers = {"c1": ["no prompt", "41"], "d1": ["1"], "a2": ["silence"]}
    silent = {} if reports else dict.fromkeys((text for _, parts in CALLS for text in parts), None)
    return Network(clock, answers=answers, fates={"a2": 0x20, **silent})


@dataclass
class World:
    """What outlives every process: the network, the clock, and who had said STOP when a text left.

    Without ``reports`` no evidence comes after the answer that was lost: what is unknown stays so.
    """

    reports: bool = True
    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    network: Network = None  # type: ignore[assignment] - made below, it needs the clock
    stopped: list[tuple[str, int]] = field(default_factory=list)  # who said STOP, and how much had left by then
    crashes: int = 0

    def __post_init__(self) -> None:
        self.network = a_network(self.clock, reports=self.reports)


async def seed(path: Path) -> None:
    """The calls of the morning, as the stage before has left them."""
    database = await Database.open(path)
    async with database.transaction() as tx:
        for number, (caller, _) in enumerate(CALLS, start=1):
            await tx.run(
                "INSERT INTO calls (id, call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld,"
                " started_ms, ended_ms, outcome) VALUES (?, ?, 'p', ?, 'main', '100', ?, ?, 0, ?, ?, 'no_answer')",
                (number, f"k{number}", f"u{number}", caller, caller, T0 - 9_000, T0),
            )
    await database.close()


async def live(database: Database, world: World, step) -> None:
    """One process's life, from start to an empty desk."""
    crashing = CrashingDatabase(database, step)
    line = SimLine(world.network, step)
    async with crashing.transaction() as tx:
        for settled in await recover_all(tx, world.clock.now_ms(), FAST):
            await _react(tx, settled, world)
    await _drain(crashing, world, step)
    await _decide(crashing, world)
    sender = a_sender(crashing, line, world.clock, look=_look, settled=lambda tx, one: _react(tx, one, world))
    for _ in range(4):
        await work_off(sender, world.clock, for_s=240)
        await _drain(crashing, world, step)


async def _look(tx, row):
    return Drop("called back meanwhile") if row["number"] == FRED else Go()


async def _react(tx, settled, world: World) -> None:
    """What the pipeline does: a task for each unknown, and for each text that ends without having been taken."""
    if not (settled.new_unknown or settled.new_end):
        return
    kind = "unknown_send" if settled.new_unknown else "call_back"
    await tx.run(
        "INSERT INTO tasks (kind, source, number, line, reason, owner, due_ms, created_ms) "
        "VALUES (?, ?, ?, 'main', ?, 'office', 0, 0) ON CONFLICT DO NOTHING",
        (kind, settled.task_source, settled.number, settled.reason),
    )


async def _decide(database, world: World) -> None:
    """One text per call that has none, in one transaction with the call's new state."""
    for number, (caller, parts) in enumerate(CALLS, start=1):
        async with database.transaction() as tx:
            if await tx.value("SELECT state FROM calls WHERE id = ?", (number,)) == "decided":
                continue
            await tx.run("UPDATE calls SET state = 'decided' WHERE id = ?", (number,))
            text = a_text(
                caller,
                *parts,
                kind="auto",
                call_id=number,
                look_again=caller == FRED,
                not_before_ms=T0 + number * 1_000,
                expires_ms=T0 + 24 * 60 * MINUTE,
            )
            await enqueue(tx, text, world.clock.now_ms())


async def _drain(database, world: World, step) -> None:
    """Read the SIM: commit, then delete. Emil's STOP arrives with the report of his first text."""
    sim = world.network.sim
    while sim:
        item = sim[0]
        step("read from the SIM")
        async with database.transaction() as tx:
            if isinstance(item, Report):
                applied = await apply_report(tx, item, world.clock.now_ms(), FAST.reports)
                for settled in applied.settled:
                    await _react(tx, settled, world)
            elif not await is_opted_out(tx, item):
                await stop(tx, item, world.clock.now_ms())
        if isinstance(item, str):
            world.stopped.append((item, len(world.network.air)))
        step("delete from the SIM")
        sim.pop(0)
        step("deleted")


async def cut_off(path: Path, folder: Path, world: World, step) -> Path:
    """Live until the power is cut; return the file as the disk has it (``path`` itself when it never was)."""
    database = await Database.open(path)
    try:
        with suppress(SimulatedCrash):
            await live(database, world, step)
            return path
        world.crashes += 1
        return copy_of(path, folder / f"after{world.crashes}.sqlite")
    finally:
        await database.close()


def copy_of(path: Path, target: Path) -> Path:
    """Copy a database with its log as they stand on the disk."""
    shutil.copyfile(path, target)
    with suppress(FileNotFoundError):
        shutil.copyfile(f"{path}-wal", f"{target}-wal")
    return target


def judge(rows, world: World) -> list[str]:
    """Compare what the database says of each part with what the network saw; return what must not be."""
    wrong = [
        f"{one.text}: left after the STOP"
        for number, had_left in world.stopped
        for one in world.network.air[had_left:]
        if one.number == number
    ]
    for row in rows:
        sent = [one for one in world.network.air if one.part_id == row["id"]]
        taken = sum(one.taken for one in sent)
        refused = len(sent) - taken
        if taken > 1:
            wrong.append(f"{row['text']}: {taken} times on the air")
        if len(sent) > 1 + refused:
            wrong.append(f"{row['text']}: handed over {len(sent)} times")
        if taken and row["state"] not in (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN):
            wrong.append(f"{row['text']}: the network has it, the database says {row['state']}")
        if not taken and row["state"] in (State.ACCEPTED, State.DELIVERED):
            wrong.append(f"{row['text']}: never left, the database says {row['state']}")
        if row["state"] in (State.QUEUED, State.CLAIMED, State.HANDED_OVER) and not row["held"]:
            wrong.append(f"{row['text']}: still {row['state']}, and no loop will move it")
        if row["state"] == State.UNKNOWN and not row["tasks"]:
            wrong.append(f"{row['text']}: unknown, and nobody is told")
    return wrong


async def parts_of(path: Path):
    database = await Database.open(path)
    try:
        async with database.read() as tx:
            return await tx.all(
                "SELECT p.*, EXISTS (SELECT 1 FROM parts e WHERE e.message_id = p.message_id AND e.seq < p.seq"
                " AND e.state = 'unknown') AS held, (SELECT count(*) FROM tasks t"
                " WHERE t.source = 'part:' || p.id || ':' || p.tries) AS tasks FROM parts p ORDER BY p.id"
            )
    finally:
        await database.close()
