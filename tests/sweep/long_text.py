"""The scene every fault is played into: a text in three parts with reports, and answers that come in between.

The real driver, outbox and receiver over the simulated modem (``tests/soak/rig.py``). CALLER gets the long text and
writes back while its second part is on the air. BERT, for whom an automatic text waits until tomorrow, writes STOP at
the worst moment there is: while the agent is away, or else at the same time as CALLER.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.outbox.support import broken
from tests.soak.rig import OWN, Rig, rigged
from textback_pbx.outbox.attempt import State
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.sim_card import SimCard, iccid_for

CALLER, BERT = "+15125550150", "+15125550151"
LONG = "".join(f"{n:03d} we saw your call and will ring you back soon. " for n in range(8)) + "End."
ANSWER = "Call me at 5"
DAY_MS = 86_400_000
#: A fault that nobody but a person can mend is mended after this long.
PATIENCE_S = 300.0


@dataclass
class Told:
    """What one run showed."""

    wrong: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    struck: bool = False
    states: Counter[str] = field(default_factory=Counter)
    hand_overs: int = 0
    mended: int = 0
    stopping_s: float = 0.0


class Scene:
    """One run. ``strike`` is what happens at step number ``at``; 0: nothing does."""

    def __init__(self, rig: Rig, fault: Fault | str | None, at: int) -> None:
        self.rig, self.fault, self.at = rig, fault, at
        self.told = Told()
        assert rig.sim.sim is not None
        self.card: SimCard = rig.sim.sim
        self.imei = rig.sim.imei
        self.answered = self.stopped = False
        self.wants_stop = False
        self._counting = False

    # steps --------------------------------------------------------------------------------------------------

    def step(self, name: str) -> None:
        """Count a step that can be seen from outside, and let a fault of the agent itself strike at it."""
        if not self._counting or self.told.struck:
            return
        self.told.steps.append(name)
        if len(self.told.steps) == self.at and isinstance(self.fault, str):
            self.told.struck = True
            getattr(self, f"_{self.fault}")()

    def _crash(self) -> None:
        self.rig.crash()

    def _sigterm(self) -> None:
        self.wants_stop = True

    def _sigterm_in_silence(self) -> None:
        self.rig.sim.arm(Fault("swallow", on="submitted", command="+CMGS"))
        self.wants_stop = True

    def _garbage(self) -> None:
        for octets in (
            b"\x00",
            b"\xff" * 30,
            bytes.fromhex("0004"),
            bytes.fromhex("00440B915121550551F00000") + b"\x99" * 9,
        ):
            self.rig.sim.smsc.offer(OWN, octets)

    def _same_again(self) -> None:
        """The network gives a text twice, with a report of somebody else in between."""
        self._write(CALLER, ANSWER)
        self.rig.sim.smsc.report(OWN, 200, "+447700900999", self.rig.clock.now_ms(), 0)
        self.rig.sim.duplicate_next += 2

    # play ---------------------------------------------------------------------------------------------------

    async def play(self) -> Told:
        rig, sim = self.rig, self.rig.sim
        await rig.start()
        assert await rig.ready()
        await self._morning()
        sim.faults.clear()
        sim.faults.watch = lambda event, command: self.step(f"{event} {command}".strip())
        rig.on_commit = self.step
        take = sim.smsc.submit

        def submit(*arguments: Any) -> Any:
            record = take(*arguments)
            if record.to == CALLER and record.concat is not None and record.concat.number == 2:
                sim.timers.after(0.5, self._in_between)
            return record

        sim.smsc.submit = submit
        if isinstance(self.fault, Fault) and self.at:
            sim.arm(Fault(self.fault.do, step=self.at, args=self.fault.args))
        self._counting = True
        await rig.send(CALLER, LONG)
        await self._lives()
        self._counting = False
        self.told.struck |= bool(sim.faults.fired)
        self._judge()
        return self.told

    async def _morning(self) -> None:
        """An automatic text to BERT waits until tomorrow."""
        rig = self.rig
        assert rig.database is not None
        now_ms = rig.clock.now_ms()
        text = NewMessage("auto", "office", BERT, "hello", ("hello",), "gsm7", now_ms + DAY_MS, now_ms + 2 * DAY_MS)
        async with rig.database.transaction() as tx:
            await enqueue(tx, text, now_ms)

    def _in_between(self) -> None:
        if not self.answered:
            self.answered = True
            self._write(CALLER, ANSWER)
            if self.fault != "crash":
                self._stop()

    def _stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self._write(BERT, "STOP")

    def _write(self, sender: str, text: str) -> None:
        self.rig.sim.smsc.inbound(sender, OWN, text, scts_ms=self.rig.clock.now_ms() // 1000 * 1000)

    async def _lives(self) -> None:
        """Go on until everything is settled, in as many lives and with as much help as that takes."""
        rig = self.rig
        for _ in range(6):
            if await rig.until(lambda: not rig.alive or self.wants_stop or self._settled(), PATIENCE_S):
                if self.wants_stop:
                    self.wants_stop = False
                    self.told.stopping_s = await rig.stop()
                    await rig.start()
                elif not rig.alive:
                    await self._again()
                elif self.answered and self.stopped:
                    self._counting = False
                    await rig.rest(60.0)  # reports, and answers that come late
                    if rig.alive and self._settled():
                        return
                else:
                    self._in_between()
                    self._stop()
            else:
                self._mend()

    async def _again(self) -> None:
        self.rig.on_commit = _nothing
        await self.rig.bury()
        self._stop()
        await self.rig.rest(5.0)
        await self.rig.start()

    def _settled(self) -> bool:
        rig = self.rig
        if any(store.slots for store in rig.sim.stores.values()) or rig.sim.smsc.held(OWN):
            return False
        if rig.rows("SELECT 1 FROM inbound WHERE state = 'new' LIMIT 1"):
            return False
        open_parts = (
            "SELECT 1 FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.state IN ('claimed', 'handed_over') "
            "OR (p.state = 'queued' AND m.not_before_ms <= ? AND NOT EXISTS (SELECT 1 FROM parts e "
            "WHERE e.message_id = p.message_id AND e.seq < p.seq AND e.state = 'unknown')) LIMIT 1"
        )
        return not rig.rows(open_parts, rig.clock.now_ms())

    def _mend(self) -> None:
        """A person comes: the right stick, the right SIM without a PIN, an antenna; pulled out and put in again."""
        self.told.mended += 1
        sim = self.rig.sim
        sim.unplug()
        sim.imei = self.imei
        if sim.sim is None or sim.sim.iccid != iccid_for(OWN):
            sim.change_sim(self.card)
        assert sim.sim is not None
        sim.sim.pin, sim.sim.pin_tries = None, 3
        sim.set_registration(1)
        sim.plug()

    # the verdict --------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        rig, told = self.rig, self.told
        if not self._settled():
            told.wrong.append("it never settles")
        rows = rig.rows(
            "SELECT p.*, m.number, m.kind, (SELECT count(*) FROM tasks t WHERE t.source = 'part:' || p.id || ':'"
            " || p.tries) AS tasks FROM parts p JOIN messages m ON m.id = p.message_id ORDER BY p.id"
        )
        for row in rows:
            told.states[row["state"]] += row["number"] == CALLER
            told.hand_overs += row["tries"]
            told.wrong += self._wrong_with(row)
        told.wrong += self._inbound()
        told.wrong += broken(rig.path)

    def _wrong_with(self, row: dict[str, Any]) -> list[str]:
        name, state = f"part {row['id']} ({row['kind']} {row['seq']}/{row['total']})", State(row["state"])
        sent = [one for one in self.rig.sim.smsc.submits if (one.to, one.text) == (row["number"], row["text"])]
        wrong = []
        if not self._lied():
            if len(sent) > 1:
                wrong.append(f"{name}: {len(sent)} times on the air")
            if sent and state not in (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN):
                wrong.append(f"{name}: the network has it, the database says {state}")
            if state in (State.ACCEPTED, State.DELIVERED) and row["tp_mr"] not in [one.reference for one in sent]:
                wrong.append(f"{name}: {state} under reference {row['tp_mr']}, which is another's")
        if not sent and state in (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED):
            wrong.append(f"{name}: never left, the database says {state}")
        if state is State.UNKNOWN and not row["tasks"]:
            wrong.append(f"{name}: unknown, and nobody is told")
        if row["number"] == BERT and row["kind"] == "auto" and (sent or state is not State.CANCELLED):
            wrong.append(f"{name}: {state} after STOP")
        return wrong

    def _lied(self) -> bool:
        """The network gave a definite refusal for a text that it took: no driver can see through that."""
        return any(
            fired.fault.do == "error" and fired.fault.args.get("code") in _DEFINITE
            and fired.event in ("submitted", "reply") and fired.command == "+CMGS"
            for fired in self.rig.sim.faults.fired
        )  # fmt: skip

    def _inbound(self) -> list[str]:
        rows = self.rig.rows("SELECT sender, body, state, keyword FROM inbound WHERE body IN (?, 'STOP')", ANSWER)
        seen = Counter((row["sender"], row["body"], row["state"]) for row in rows)
        wanted = {(CALLER, ANSWER, "handled"), (BERT, "STOP", "handled")}
        wrong = [f"{one} is not there" for one in wanted - set(seen)]
        wrong += [f"{one}: {count} times" for one, count in seen.items() if count > 1 and self.fault != "same_again"]
        if not self.rig.rows("SELECT 1 FROM opt_outs"):
            wrong.append("the STOP is not on record")
        return wrong


_DEFINITE = frozenset({8, 38, 41})


def _nothing(_name: str) -> None:
    return


async def play(folder: Path, fault: Fault | str | None, at: int, *, model: str = "generic") -> Told:
    """Play the scene on a fresh file with one fault at one step."""
    async with rigged(folder, model=model, radio_s=2.0, report_s=3.0, journal=False) as rig:
        return await Scene(rig, fault, at).play()
