"""The crash sweep with two modems: one goes away for a while, the power is cut at every step, and nothing leaves twice.

The pool is the real one; each line is the outbox's simulated one, on a network that outlives every process.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.outbox.support import (
    ANNA,
    BERT,
    CARA,
    DORA,
    FAST,
    T0,
    CrashingDatabase,
    Network,
    SimLine,
    SimulatedCrash,
    Steps,
    a_sender,
    a_text,
    broken,
    enqueue,
)
from tests.sweep.support import copy_of, parts_of
from textback_pbx.database import Database
from textback_pbx.modem.pool import Load, Member, Pool, PoolSettings
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.claim_store import recover_all
from textback_pbx.testing.clock import ManualClock

#: TEXTBACK_PBX_SWEEP=all cuts at every step; otherwise at every fourth, which costs seconds.
WHOLE = os.environ.get("TEXTBACK_PBX_SWEEP") == "all"

pytestmark = pytest.mark.fault(4, 5, 6, 7, 8, 29)
SIMS = {"main": "8901", "sales": "8902"}
#: number, line, parts, the SIM its conversation is on
TEXTS = (
    (ANNA, "office", ("a1", "a2", "a3"), None),
    (BERT, "office", ("b1",), None),
    (CARA, "sales desk", ("c1",), None),
    (DORA, "office", ("d1",), SIMS["sales"]),
)
DOWN_S = (8.0, 70.0)  # when the modem `main` is away


@dataclass
class World:
    """What outlives every process."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    network: Network = None  # type: ignore[assignment] - made below, it needs the clock
    crashes: int = 0

    def __post_init__(self):
        self.network = Network(self.clock, fates=dict.fromkeys(("a1", "a2", "a3", "b1", "c1", "d1")))
        self.began = self.clock.monotonic()

    def away(self):
        return DOWN_S[0] <= self.clock.monotonic() - self.began < DOWN_S[1]


class Stick(SimLine):
    """One of the two lines: `main` is away for a while."""

    drained = True

    def __init__(self, world, step, name):
        super().__init__(world.network, step, name=name, iccid=SIMS[name])
        self.world = world

    def trouble(self):
        return "it was pulled out" if self.name == "main" and self.world.away() else None


async def seed(path):
    database = await Database.open(path)
    async with database.transaction() as tx:
        for n, (number, line, parts, sim) in enumerate(TEXTS):
            thread = await tx.insert(
                "INSERT INTO threads (number, line, sim, opened_ms, updated_ms) VALUES (?, ?, ?, ?, ?)",
                (number, line, sim, T0, T0),
            )
            due_ms = T0 + n * 4_000
            text = a_text(number, *parts, line=line, thread_id=thread, not_before_ms=due_ms, expires_ms=T0 + 900_000)
            await enqueue(tx, text, T0)
    await database.close()


async def live(database, world, step):
    """One process's life: both lines turn by turn, two minutes and more."""
    crashing, clock = CrashingDatabase(database, step), world.clock
    async with crashing.transaction() as tx:
        await recover_all(tx, clock.now_ms(), FAST)
    sticks = [Stick(world, step, name) for name in SIMS]
    lines = {"main": frozenset(), "sales": frozenset({"sales desk"})}
    members = [Member(stick, lines[stick.name]) for stick in sticks]
    pool = Pool(members, clock, load=lambda _: Load(), settings=PoolSettings(failover_s=20.0))
    pace = Pace(FAST.budget)
    senders = [
        a_sender(crashing, stick, clock, pace=pace, share=lambda name=stick.name: pool.share(name)) for stick in sticks
    ]
    for _ in range(45):
        for sender in senders:
            await sender._turn()
        await clock.advance(4.0)


async def cut_off(path, folder, world, step):
    database = await Database.open(path)
    try:
        with suppress(SimulatedCrash):
            await live(database, world, step)
            return path
        world.crashes += 1
        return copy_of(path, folder / f"after{world.crashes}.sqlite")
    finally:
        await database.close()


def judge(rows, world):
    """What must never be, by what the network saw."""
    air = [sent.text for sent in world.network.air]
    wrong = [f"{text} left twice" for text in set(air) if air.count(text) > 1]
    wrong += [f"{row['text']} is {row['state']} and never left" for row in rows
              if row["state"] == "accepted" and row["text"] not in air]  # fmt: skip
    wrong += [f"{row['text']} left and is {row['state']}" for row in rows
              if row["text"] in air and row["state"] not in ("accepted", "unknown")]  # fmt: skip
    for message in {row["message_id"] for row in rows}:
        sims = {row["iccid"] for row in rows if row["message_id"] == message and row["iccid"]}
        if len(sims) > 1:
            wrong.append(f"the parts of message {message} went through {sims}")
    return wrong


async def test_without_a_cut_the_other_stands_in_and_a_text_that_has_begun_waits_for_its_sim(tmp_path):
    await seed(tmp_path / "start.sqlite")
    world, steps = World(), Steps()
    path = await cut_off(tmp_path / "start.sqlite", tmp_path, world, steps)
    rows = {row["text"]: row for row in await parts_of(path)}
    assert judge(list(rows.values()), world) == []
    assert {row["state"] for row in rows.values()} == {"accepted"}
    by = {text: row["modem"] for text, row in rows.items()}
    assert by == {"a1": "main", "a2": "main", "a3": "main", "b1": "sales", "c1": "sales", "d1": "sales"}


async def test_a_cut_at_any_step_never_sends_twice_and_splits_no_text(tmp_path):
    await seed(tmp_path / "morning.sqlite")
    whole = Steps()
    await cut_off(copy_of(tmp_path / "morning.sqlite", tmp_path / "whole.sqlite"), tmp_path, World(), whole)
    total, unknown = len(whole.names), 0
    cuts = range(1, total + 1) if WHOLE else range(2, total + 1, 4)
    for k in cuts:
        world = World()
        start = copy_of(tmp_path / "morning.sqlite", tmp_path / "start.sqlite")
        crashed = await cut_off(start, tmp_path, world, Steps(crash_at=k))
        assert world.crashes == 1, f"step {k} was never reached"
        after = await cut_off(crashed, tmp_path, world, Steps())
        rows = await parts_of(after)
        assert [*judge(rows, world), *broken(after)] == [], f"cut at step {k} of {total}, {whole.names[k - 1]}"
        unknown += sum(row["state"] == "unknown" for row in rows)
    print(
        f"\ncrash sweep, two modems: {len(cuts)} cuts of {total}; 0 sent twice, 0 split, {unknown} parts unknown, shown"
    )
    assert unknown > 0
