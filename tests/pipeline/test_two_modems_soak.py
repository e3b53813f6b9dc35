"""An office with two modems on the manual clock, with random faults on both, judged at every step and at the end.

The real modems, send loops, pool, receiver and database; only the ports are memory. Reduced here to some seconds a
seed; TEXTBACK_PBX_SOAK=all plays many more.
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.rig import Link, Rig, one_thread
from textback_pbx.config import parse
from textback_pbx.decision.segments import segment
from textback_pbx.modem.port import PortProblem
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.pipeline.modems import outbox_settings
from textback_pbx.pipeline.office import office_of
from textback_pbx.replies.threads.store import thread_for
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.memory_port import MemoryPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import SimulatedModem

SECOND = "+15125550101"
PEOPLE = [f"+151255501{n:02d}" for n in range(10, 100)]
PER_HOUR = 60
CONFIG = f"""
[office]
name = "Lakeside Plumbing"
country = "US"
timezone = "America/Chicago"
owner = "front desk"
[modem]
port = "one"
texts_per_hour = {PER_HOUR}
texts_per_day = 1000
[[modems]]
name = "second"
port = "two"
texts_per_hour = {PER_HOUR}
texts_per_day = 1000
[[lines]]
name = "sales"
dialled = ["5002"]
modem = "second"
"""
SEEDS = range(40) if os.environ.get("TEXTBACK_PBX_SOAK") == "all" else range(2)
STEPS = 90
#: What may happen to a modem in mid-command. None of them is a network that lies: it refuses and yet sends.
FAULTS = (
    Fault("unplug", on="pdu", command="+CMGS", args={"after_bytes": 9, "replug_after": 40}),
    Fault("unplug", on="body", command="+CMGS", args={"replug_after": 5}),
    Fault("unplug", on="submitted", command="+CMGS", args={"replug_after": 90}),
    Fault("unplug", on="prompt", command="+CMGS", args={"replug_after": 2}),
    Fault("brownout", on="prompt", command="+CMGS", args={"seconds": 4}),
    Fault("brownout", on="submitted", command="+CMGS", args={"seconds": 4}),
    Fault("swallow", on="submitted", command="+CMGS"),
    Fault("swallow", on="prompt", command="+CMGS"),
    Fault("swallow", on="urc"),
    Fault("delay", on="submitted", command="+CMGS", args={"seconds": 40}),
    Fault("delay", on="submitted", command="+CMGS", args={"seconds": 190}),
    Fault("error", on="body", command="+CMGS", args={"code": 38}),
    Fault("error", on="submitted", command="+CMGS", args={"code": 500}),
    Fault("error", on="command", command="+CMGS", args={"code": 500}),
    Fault("hang", on="command", command="+CSQ"),
    Fault("split", on="reply", command="+CMGS"),
)


class Two(Rig):
    """The rig with a second modem."""

    def __init__(self, folder):
        super().__init__(folder, radio_s=2.0)
        self.other_port = MemoryPort()
        self.other = SimulatedModem(self.other_port, sim=SimCard(SECOND), clock=self.clock, radio_s=2.0)
        self.settings = parse(CONFIG, Path("two.toml"))
        self.office = office_of(self.settings)
        self.outbox = outbox_settings(self.settings)
        self.sims = (self.sim, self.other)
        self.written: Counter[str] = Counter()

    async def open_memory(self, url, _baud, on_bytes, on_lost):
        sim, port = (self.sim, self.port) if url == "one" else (self.other, self.other_port)
        if not sim.plugged:
            raise PortProblem(f"{url} is not there")
        return Link(port, on_bytes, on_lost)

    async def put(self, number, line, text):
        cut, now_ms = segment(text), self.clock.now_ms()
        async with self.database.transaction() as tx:
            new = NewMessage(
                kind="staff",
                line=line,
                number=number,
                body=text,
                parts=cut.parts,
                encoding=cut.encoding.value,
                not_before_ms=now_ms,
                expires_ms=now_ms + 86_400_000,
                thread_id=await thread_for(tx, number, line, now_ms),
            )
            await enqueue(tx, new, now_ms)
        self.lines.wake()

    def from_outside(self, rng, n):
        text, sim = f"in {n} " + "word " * rng.choice([0, 60]), rng.choice(self.sims)
        sim.smsc.inbound(rng.choice(PEOPLE), sim.sim.number, text)
        self.written[text] += 1

    def heal(self):
        """What a person does in the evening: faults gone, both sticks pulled out and plugged in."""
        for sim in self.sims:
            sim.faults.clear()
            sim.set_registration(1)
            sim.unplug()
            sim.plug()


def air(rig):
    return [(record.to, record.text) for sim in rig.sims for record in sim.smsc.submits]


def judge(rig):
    """What must hold at every step."""
    twice = [text for text, count in Counter(air(rig)).items() if count > 1]
    assert twice == [], "on the air twice"
    for sim in rig.sims:
        times = [record.monotonic_s for record in sim.smsc.submits]
        assert not any(late - early < 3_590 for early, late in zip(times, times[PER_HOUR:], strict=False)), (
            "more than its SIM may send in an hour"
        )


def judge_the_end(rig):
    parts = rig.rows("SELECT p.*, m.number FROM parts p JOIN messages m ON m.id = p.message_id")
    left = set(air(rig))
    others = {(part["message_id"], part["state"]) for part in parts}
    for part in parts:
        out = (part["number"], part["text"]) in left
        # A part waits for ever behind one that nobody knows about; until it expires, a day later.
        waits = part["state"] == "queued" and (part["message_id"], "unknown") in others
        assert waits or part["state"] in ("delivered", "accepted", "unknown", "cancelled", "refused"), part["state"]
        assert not (out and part["state"] in ("cancelled", "queued", "refused")), "it left, and nobody says so"
        assert out or part["state"] not in ("accepted", "delivered"), "it never left, and is called sent"
    split = rig.rows("SELECT message_id FROM parts WHERE iccid IS NOT NULL GROUP BY 1 HAVING count(DISTINCT iccid) > 1")
    assert split == [], "the parts of one text went through two SIMs"
    stored = Counter(row["body"] for row in rig.rows("SELECT body FROM inbound"))
    assert stored == rig.written, "a text that came in was lost, or came twice"
    assert not any(store.slots for sim in rig.sims for store in sim.stores.values()), "left on a SIM"
    tasks = rig.rows("SELECT count(*) AS n FROM tasks WHERE kind = 'unknown_send' AND state = 'open'")[0]["n"]
    assert tasks == sum(part["state"] == "unknown" for part in parts), "an unknown without a person"
    return Counter(part["state"] for part in parts), Counter(part["modem"] for part in parts if part["modem"])


async def play(rig, rng):
    for n in range(STEPS):
        what, sim = rng.random(), rng.choice(rig.sims)
        if what < 0.45:
            words = " ".join(f"t{n}w{k}" for k in range(rng.choice([1, 1, 1, 40, 70])))
            await rig.put(rng.choice(PEOPLE), rng.choice(["office", "sales"]), words)
        elif what < 0.65:
            rig.from_outside(rng, n)
        elif what < 0.85:
            sim.arm(rng.choice(FAULTS))
        elif what < 0.9:
            sim.set_registration(rng.choice([1, 2, 3]))
        elif what < 0.95:
            sim.unplug()
            await rig.rest(rng.choice([1, 20, 100]))
            sim.plug()
        else:
            rig.heal()
        await rig.rest(rng.choice([0.5, 3, 10, 30, 120]))
        judge(rig)


@pytest.mark.fault(6, 8, 29, 30, 32, 33, 36)
@pytest.mark.parametrize("seed", SEEDS)
async def test_hours_of_two_modems_with_random_faults(tmp_path, seed):
    rig = None
    with one_thread(lambda: rig):
        rig = Two(tmp_path)
        async with rig.sim, rig.other:
            try:
                await rig.start()
                await play(rig, random.Random(seed))
                rig.heal()
                await rig.rest(3_600)
                rig.heal()
                await rig.rest(3_600)
                judge(rig)
                states, modems = judge_the_end(rig)
            finally:
                rig.alive = False
                await rig.bury()
    hours = (rig.clock.monotonic() - 1_000) / 3_600
    print(f"\nseed {seed}: {hours:.0f} h, {dict(states)}, by {dict(modems)}, {sum(rig.written.values())} texts in")
    assert len(modems) == 2
