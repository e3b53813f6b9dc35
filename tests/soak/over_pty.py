"""A part of the soak in real time: a real pty, a database with its thread, and faults that take no minutes.

An answer to a text that never comes is none of these: the driver waits 180 s for it, as it must.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.invariants import Invariants
from tests.soak.month import CODES, PEOPLE
from tests.soak.rig import Rig
from textback_pbx.clock import SystemClock
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.pty_port import PtyPort

_FAULTS = (
    Fault("split", on="reply"),
    Fault("split", on="prompt"),
    Fault("inject", on="reply", args={"data": CODES, "at": 3}),
    Fault("inject", on="prompt", args={"data": CODES}),
    Fault("delay", on="submitted", command="+CMGS", args={"seconds": 0.3}),
    Fault("error", on="body", command="+CMGS", args={"code": 42}),
    Fault("error", on="submitted", command="+CMGS", args={"code": 500}),
    Fault("unplug", on="pdu", command="+CMGS", args={"replug_after": 0.2, "after_bytes": 30}),
    Fault("unplug", on="submitted", command="+CMGS", args={"replug_after": 0.2}),
    Fault("brownout", on="command", command="+CMGF", args={"seconds": 0.1}),
    Fault("duplicate_delivery"),
    Fault("storage_full"),
)


@dataclass
class Seen:
    """What the run showed."""

    texts: int = 0
    faults: int = 0
    seconds: float = 0.0
    on_air: int = 0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> str:
        """Say it in a line."""
        return (
            f"over a real pty: {self.texts} texts each way, {self.on_air} parts on the air, {self.faults} faults, "
            f"{self.seconds:.1f} s, {len(self.wrong)} invariants broken"
        )


class RealRig(Rig):
    """The rig with the machine's clock, a pty, and the database's own thread."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, clock=SystemClock(), port=PtyPort(folder / "modem"), device=str(folder / "modem"))

    def opened(self, database: Any) -> None:
        """Leave the database as it is."""

    async def until(self, condition: Any, seconds: float) -> bool:
        """Wait in real time."""
        end = time.monotonic() + seconds
        while not condition():
            self.check_alive()
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.002)
        return True


async def over_pty(folder: Path, texts: int, seed: int = 1) -> Seen:
    """Send and receive so many texts, with a fault at every fifth."""
    rng, seen, rig = random.Random(seed), Seen(), RealRig(folder)
    rig.sim.smsc.report_s = 0.01
    asked = Invariants(rig)
    began = time.perf_counter()
    async with rig.sim:
        asked.watch_the_air()
        await rig.start()
        try:
            await _play(rig, asked, seen, rng, texts)
        finally:
            await rig.stop()
    seen.seconds, seen.wrong = time.perf_counter() - began, asked.wrong
    seen.on_air = len(rig.sim.smsc.submits)
    return seen


async def _play(rig: RealRig, asked: Invariants, seen: Seen, rng: random.Random, texts: int) -> None:
    for number in range(1, texts + 1):
        seen.texts = number
        if number % 5 == 0:
            fault = rng.choice(_FAULTS)
            seen.faults += 1
            rig.sim.arm(fault)
        mark = f"{number:06d}"
        who, text = rng.choice(PEOPLE), f"Yes please #{mark}"
        asked.asked_for[mark] = (who, text)
        await rig.send(rng.choice(PEOPLE), f"#{mark} we saw your call")
        if rig.sim.plugged:
            rig.write(who, text)
        else:
            rig.sim.timers.after(1.0, lambda who=who, text=text: rig.write(who, text))
        await rig.until(lambda number=number: len(rig.sim.smsc.submits) >= number, 0.2)
        asked.after_step()
    done = "SELECT 1 FROM parts WHERE state IN ('queued', 'claimed', 'handed_over')"
    new = "SELECT count(*) AS n FROM inbound WHERE state = 'handled' AND body LIKE '%#%'"
    await rig.until(lambda: not rig.rows(done) and rig.rows(new)[0]["n"] >= texts, 90.0)
    await rig.until(lambda: not any(store.slots for store in rig.sim.stores.values()), 10.0)
    await asyncio.sleep(0.3)
    asked.at_the_end()
