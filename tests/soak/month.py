"""A simulated month of an office's texts, with random faults from a seed: what it does, and in what order.

Texts go out and come in at random times; faults of the modem, the SIM, the network, the handsets and the agent itself
strike at random steps; what only a person can mend is mended some time later. After every step the invariants are
asked.
"""

import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak.invariants import Invariants
from tests.soak.plan import DAY_S, Figures, Plan
from tests.soak.rig import OWN, Rig
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.smsc import OUTCOMES

#: North American area codes; with 555-01xx they make numbers that belong to nobody.
AREAS = (201, 202, 212, 213, 303, 305, 312, 404, 415, 503, 512, 602, 612, 617, 702, 713, 718, 720, 808, 919)
PEOPLE = [f"+1{area}55501{n:02d}" for area in AREAS for n in range(100)] + [f"+447700900{n:03d}" for n in range(1_000)]
WORDS = (
    "Yes please",
    "Can you come tomorrow at 5",
    "Thank you, that is fine",
    "My water heater is leaking",
    "What does it cost",
    "¿Puede llamarme mañana?",
    "Привет, перезвоните 👋",
    "ok",
)


class Month:
    """One run on a rig whose modem is plugged in."""

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self.rig, self.plan = rig, plan
        self.rng = random.Random(plan.seed)
        self.asked = Invariants(rig)
        self.figures = Figures()
        self._mend_at: float | None = None
        self._crash_in = 0
        self._back_on: list[tuple[float, str]] = []
        assert rig.sim.sim is not None
        self._card: SimCard = rig.sim.sim
        self._imei = rig.sim.imei
        self._number = 0

    async def run(self) -> Figures:
        rig, plan, figures = self.rig, self.plan, self.figures
        began, began_clock = time.perf_counter(), rig.clock.monotonic()
        self.asked.watch_the_air()
        rig.sim.faults.watch = lambda _event, _command: self._maybe_crash()
        rig.on_commit = lambda _name: self._maybe_crash()
        await rig.start()
        while figures.sent < plan.texts or figures.written < plan.texts:
            await self._pass(self.rng.expovariate(1 / plan.gap_s))
            await self._something()
            self.asked.after_step()
            if self.asked.wrong:
                break
        else:
            await self._evening()
        figures.seconds = time.perf_counter() - began
        figures.days = (rig.clock.monotonic() - began_clock) / DAY_S
        return self._summed()

    # time ---------------------------------------------------------------------------------------------------

    async def _pass(self, seconds: float) -> None:
        rig = self.rig
        end = rig.clock.monotonic() + seconds
        while (left := end - rig.clock.monotonic()) > 0:
            self._people()
            due = [at - rig.clock.monotonic() for at in (self._mend_at, *(at for at, _ in self._back_on[:1])) if at]
            if not await rig.until(lambda: not rig.alive, max(0.001, min([left, *due]))):
                continue
            self.figures.crashes += 1
            await rig.bury()
            await rig.rest(self.rng.choice((0.0, 1.0, 30.0, 600.0)))
            await rig.start()

    def _people(self) -> None:
        """What people do in time: they mend what is broken, and switch their telephones on again."""
        now = self.rig.clock.monotonic()
        if self._mend_at is not None and now >= self._mend_at:
            self._mend_at = None
            self._mend()
        while self._back_on and self._back_on[0][0] <= now:
            self.rig.sim.smsc.set_reachable(self._back_on.pop(0)[1], reachable=True)

    def _mend(self) -> None:
        self.figures.mended += 1
        sim = self.rig.sim
        sim.unplug()
        sim.imei = self._imei
        if sim.sim is not self._card:
            sim.change_sim(self._card)
        self._card.pin, self._card.pin_tries = None, 3
        sim.set_registration(1)
        sim.plug()

    def _maybe_crash(self) -> None:
        if self._crash_in and self.rig.alive:
            self._crash_in -= 1
            if self._crash_in == 0:
                self.rig.crash()

    async def _evening(self) -> None:
        """Let everything settle: nothing breaks any more, and what is broken is mended."""
        rig = self.rig
        self._crash_in = 0
        rig.sim.faults.clear()
        for _, number in self._back_on:
            rig.sim.smsc.set_reachable(number, reachable=True)
        self._back_on.clear()
        self._mend()
        for _ in range(100):
            await self._pass(900.0)
            if not any(rig.rows(sql, rig.clock.now_ms()) for sql in _BUSY) and not rig.sim.smsc.held(OWN):
                break
        if rig.rows("SELECT 1 FROM inbound_parts WHERE inbound_id IS NULL"):
            await self._pass(1.1 * DAY_S)  # a text that never became whole is shown after a day
        self.asked.at_the_end()
        await rig.stop()

    # what happens -------------------------------------------------------------------------------------------

    async def _something(self) -> None:
        rng, plan, figures = self.rng, self.plan, self.figures
        if rng.random() < plan.faults_per_text:
            await self._fault()
        left_out, left_in = plan.texts - figures.sent, plan.texts - figures.written
        if rng.random() * (left_out + left_in) < left_out:
            await self._send()
        elif left_in:
            self._write()

    async def _send(self) -> None:
        figures, rng = self.figures, self.rng
        figures.sent += 1
        pieces = rng.choices((1, 2, 4, 7), (70, 15, 10, 5))[0]
        extra = rng.choices(("", " é€{}", " привет 👋"), (80, 10, 10))[0]
        text = " ".join(f"#{figures.sent:06d}/{k} we saw your call, shall we ring you?{extra}" for k in range(pieces))
        await self.rig.send(rng.choice(PEOPLE), text, keep_s=rng.choice((1_800.0, 43_200.0)))

    def _write(self) -> None:
        figures, rng = self.figures, self.rng
        figures.written += 1
        who, kind = rng.choice(PEOPLE), rng.random()
        if kind < 0.03:
            self._give(who, rng.choice(("STOP", "START", "HELP")))
            return
        mark = f"{figures.written:06d}"
        text = f"{rng.choice(WORDS)} #{mark}" + rng.choices(("", " and again, as I said before" * 8), (85, 15))[0]
        self.asked.asked_for[mark] = (who, text)
        self._give(who, text)

    def _give(self, who: str, text: str) -> None:
        self._number = (self._number + 1) % 0x10000
        wide = self.rng.random() < 0.3
        parts = 1 + (len(text) > 160 or any(char in text for char in "👋П")) * 4
        order: tuple[int, ...] | None = None
        if parts > 1 and self.rng.random() < 0.5:
            order = self._shuffled(who, text, wide=wide)
        self.rig.write(who, text, wide=wide, ref=self._number if wide else self._number % 256, order=order)

    def _shuffled(self, who: str, text: str, *, wide: bool) -> tuple[int, ...]:
        """The numbers of the text's parts in another order, one of them perhaps twice."""
        from textback_pbx.testing.text_parts import split_text

        del who
        count = len(split_text(text, ref=1, wide=wide))
        order = list(range(1, count + 1))
        self.rng.shuffle(order)
        return tuple(order + ([order[0]] if self.rng.random() < 0.3 else []))

    # faults -------------------------------------------------------------------------------------------------

    async def _fault(self) -> None:
        name = self.rng.choices(list(MENU), [weight for weight, _ in MENU.values()])[0]
        self.figures.faults[name] += 1
        MENU[name][1](self)
        if name == "sigterm" and self.rig.alive:
            self.figures.stops += 1
            await self.rig.stop(200.0)
            await self.rig.rest(self.rng.choice((0.0, 5.0, 60.0)))
            await self.rig.start()

    def arm(self, do: str, events: str = "command prompt body submitted reply", **args: object) -> None:
        """Arm a fault of the simulator at one of the next steps."""
        on = self.rng.choice(events.split())
        command = "+CMGS" if on in {"prompt", "body", "submitted", "pdu"} else None
        self.rig.sim.arm(Fault(do, on=on, command=command, nth=self.rng.randint(1, 8), args=args))

    def arm_error(self) -> None:
        """Arm an error; a definite one never after the network took the text, because networks do not lie so."""
        on = self.rng.choice(("command", "prompt", "body", "submitted"))
        codes = (500, 512) if on == "submitted" else (8, 38, 41, 42, 304, 331, 500, 512)
        kind = self.rng.choices(("cms", "plain", "cme"), (70, 20, 10))[0]
        self.arm("error", on, code=self.rng.choice(codes) if kind == "cms" else 14, kind=kind)

    def mend_later(self) -> None:
        """Somebody will come."""
        at = self.rig.clock.monotonic() + self.rng.choice((60.0, 600.0, 3_600.0))
        self._mend_at = at if self._mend_at is None else min(at, self._mend_at)

    def needs_people(self, fault: Fault) -> None:
        """A fault that only a person mends."""
        if self.rig.sim.plugged:
            self.rig.sim.arm(fault)
        self.mend_later()

    def switch_off(self) -> None:
        """Somebody's telephone is off for some hours: reports come late."""
        who = self.rng.choice(PEOPLE)
        self.rig.sim.smsc.set_reachable(who, reachable=False)
        self._back_on.append((self.rig.clock.monotonic() + self.rng.uniform(60.0, 20_000.0), who))
        self._back_on.sort()

    def crash(self) -> None:
        """The agent will be gone, at one of the next steps or commits."""
        self._crash_in = self.rng.randint(1, 60)

    def garbage(self) -> None:
        """Octets that are no text, and a report of somebody else's."""
        rig, rng = self.rig, self.rng
        rig.sim.smsc.offer(OWN, bytes([rng.choice((0x00, 0x04, 0x44))]) + rng.randbytes(rng.randint(1, 60)))
        rig.sim.smsc.report(OWN, rng.randint(0, 255), rng.choice(PEOPLE), rig.clock.now_ms() - 86_400_000 * 20, 0)

    def fate(self) -> None:
        """The next text's fate."""
        seconds = self.rng.choice((1.0, 60.0, 7_200.0))
        self.rig.sim.smsc.next_outcome(self.rng.choice(sorted(OUTCOMES)), seconds)

    def _summed(self) -> Figures:
        figures, asked = self.figures, self.asked
        figures.steps, figures.whole_checks, figures.unknowns = asked.steps, asked.whole_checks, asked.unknowns
        figures.wrong = asked.wrong
        figures.on_air = len(self.rig.sim.smsc.submits)
        figures.states.update(part.state for part in asked.parts.values())
        figures.inbound = self.rig.rows("SELECT count(*) AS n FROM inbound")[0]["n"]
        figures.reports = self.rig.rows("SELECT count(*) AS n FROM status_reports")[0]["n"]
        figures.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures.file_mb = Path(self.rig.path).stat().st_size / 2**20
        return figures


#: What the agent still has to do; of each the one parameter is the time.
_BUSY = (
    "SELECT 1 FROM parts WHERE state IN ('claimed', 'handed_over') AND ? LIMIT 1",
    "SELECT 1 FROM inbound WHERE state = 'new' AND ? LIMIT 1",
    """SELECT 1 FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.state = 'queued' AND p.next_try_ms <= ?
    AND NOT EXISTS (SELECT 1 FROM parts e WHERE e.message_id = p.message_id AND e.seq < p.seq AND e.state = 'unknown')
    LIMIT 1""",
)

OTHER_SIM = {"iccid": "8988001000000000017", "number": "+15125550177"}
CODES = '\r\n+CREG: 1\r\n\r\nRING\r\n\r\n^RSSI:9\r\n\r\n+CMTI: "SM",19\r\n'

#: name -> (how often, in proportion; what it does)
MENU: dict[str, tuple[int, Callable[[Month], object]]] = {
    "silence": (8, lambda one: one.arm("swallow", "command prompt body submitted reply urc")),
    "error": (12, Month.arm_error),
    "delay": (8, lambda one: one.arm("delay", seconds=one.rng.choice((3, 8, 60, 200)))),
    "unplugged": (
        6,
        lambda one: one.arm("unplug", "command prompt pdu body submitted reply", replug_after=one.rng.choice((1, 60))),
    ),
    "brown-out": (5, lambda one: one.arm("brownout", seconds=one.rng.choice((0, 2, 40)))),
    "hung": (2, lambda one: one.needs_people(Fault("hang", on="command", nth=one.rng.randint(1, 9)))),
    "codes": (8, lambda one: one.arm("inject", "prompt reply", data=CODES, at=one.rng.randint(0, 12))),
    "split": (5, lambda one: one.arm("split", "prompt reply", seconds=0.02)),
    "storage full": (3, lambda one: one.rig.sim.arm(Fault("storage_full"))),
    "no network": (3, lambda one: one.needs_people(Fault("not_registered", args={"stat": one.rng.choice((2, 3))}))),
    "SIM out": (1, lambda one: one.needs_people(Fault("sim_removed"))),
    "SIM changed": (1, lambda one: one.needs_people(Fault("sim_changed", args=OTHER_SIM))),
    "PIN": (1, lambda one: one.needs_people(Fault("pin_required"))),
    "PUK": (1, lambda one: one.needs_people(Fault("puk_required"))),
    "twice": (6, lambda one: one.rig.sim.arm(Fault("duplicate_delivery", args={"count": 2}))),
    "fate": (20, Month.fate),
    "telephone off": (6, Month.switch_off),
    "garbage": (4, Month.garbage),
    "crash": (8, Month.crash),
    "sigterm": (3, lambda _: None),
}
