"""The outbox as a whole, at random: texts, answers, reports, people, STOPs, crashes and clocks that jump.

After every step: no part twice on the air without a person or a definite refusal, nothing after a STOP, no budget
overrun, and the file's own truths. A second line behind the crash sweep: random search misses what a sweep finds.
"""

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.outbox.support import (
    ANNA,
    BERT,
    CARA,
    T0,
    Network,
    SimLine,
    SimulatedCrash,
    Steps,
    a_sender,
    a_text,
    broken,
    stop,
)
from tests.sweep.support import copy_of
from textback_pbx.database import Database
from textback_pbx.outbox.attempt import Impossible, State, step
from textback_pbx.outbox.budget import HOUR_S, Budget, Pace
from textback_pbx.outbox.claim_store import recover_all
from textback_pbx.outbox.list_store import _EVENTS, Resolution, ResolveProblem, resolve
from textback_pbx.outbox.report_store import apply_report
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.store import cancel, enqueue
from textback_pbx.testing.clock import ManualClock

PEOPLE = [ANNA, BERT, CARA]
BUDGET = Budget(gap_s=2.0, per_hour=8, per_day=40)
SETTINGS = OutboxSettings(budget=BUDGET)
HOUR_MS = 3_600_000


class Outbox(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = ManualClock(T0)
        self.network = Network(self.clock)
        self.lives = 0
        self.texts = 0
        self.stopped: dict[str, int] = {}  # number -> how much had left when the STOP was committed
        self.again: dict[int, int] = {}  # part -> how often a person had it sent again
        self.left_at: list[float] = []  # monotonic times of the hand-overs
        transmit = self.network.transmit

        def timed(part):
            self.left_at.append(self.clock.monotonic())
            return transmit(part)

        self.network.transmit = timed

    def do(self, work):
        return self.runner.run(work)

    @initialize()
    def start(self):
        self.do(self._open(self.folder / "life0.sqlite"))

    async def _open(self, path):
        self.path = path
        self.database = await Database.open(path)
        async with self.database.transaction() as tx:
            await recover_all(tx, self.clock.now_ms(), SETTINGS)
        self._fresh_sender()

    def _fresh_sender(self):
        line = SimLine(self.network)
        self.sender = a_sender(self.database, line, self.clock, settings=SETTINGS, pace=Pace(BUDGET))

    @rule(
        number=st.sampled_from(PEOPLE),
        parts=st.integers(1, 3),
        answer=st.sampled_from(["ok", "ok", "ok", "41", "8", "21", "silence", "lost", "no prompt"]),
        fate=st.sampled_from([0x00, 0x00, 0x20, 0x46, None]),
        hours=st.sampled_from([0.2, 2, 30]),
    )
    def a_text_is_put_in(self, number, parts, answer, fate, hours):
        self.texts += 1
        words = [f"t{self.texts}.{n}" for n in range(parts)]
        self.network.answers[words[-1]] = [answer]
        self.network.fates |= dict.fromkeys(words, fate)
        now = self.clock.now_ms()
        text = a_text(number, *words, not_before_ms=now, expires_ms=now + int(hours * HOUR_MS))
        self.do(self._write(lambda tx: enqueue(tx, text, now)))

    async def _write(self, work):
        async with self.database.transaction() as tx:
            return await work(tx)

    @rule(turns=st.integers(1, 4))
    def the_sender_turns(self, turns):
        async def work():
            for _ in range(turns):
                await self.clock.advance(min(await self.sender._turn(), 400.0))

        self.do(work())

    @rule(cut=st.integers(1, 7))
    def the_power_is_cut_in_mid_send(self, cut):
        async def work():
            self.sender._line.step = Steps(crash_at=cut)
            with contextlib.suppress(SimulatedCrash):
                await self.sender._turn()
            self.lives += 1
            after = copy_of(self.path, self.folder / f"life{self.lives}.sqlite")
            await self.database.close()
            await self._open(after)

        self.do(work())

    @rule(hours=st.integers(-48, 48))
    def the_wall_clock_jumps(self, hours):
        self.clock.set_wall(self.clock.now_ms() + hours * HOUR_MS)

    @rule(number=st.sampled_from(PEOPLE))
    def somebody_says_stop(self, number):
        if number not in self.stopped:
            self.do(self._write(lambda tx: stop(tx, number, self.clock.now_ms())))
            self.stopped[number] = len(self.network.air)

    @precondition(lambda self: self.network.sim)
    @rule(data=st.data(), twice=st.booleans())
    def a_report_comes(self, data, twice):
        index = data.draw(st.integers(0, len(self.network.sim) - 1))
        report = self.network.sim[index] if twice else self.network.sim.pop(index)
        self.do(self._write(lambda tx: apply_report(tx, report, self.clock.now_ms(), SETTINGS.reports)))

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def a_text_is_cancelled(self, data):
        which = data.draw(st.integers(1, self.texts))
        self.do(self._write(lambda tx: cancel(tx, which, "called back", self.clock.now_ms())))

    @precondition(lambda self: self.network.air)
    @rule(data=st.data(), what=st.sampled_from(Resolution))
    def a_person_decides(self, data, what):
        part = data.draw(st.sampled_from(sorted({one.part_id for one in self.network.air})))

        async def work(tx):
            state = State(await tx.value("SELECT state FROM parts WHERE id = ?", (part,)))
            try:
                await resolve(tx, part, what, actor="desk", note="", now_ms=self.clock.now_ms())
            except ResolveProblem:
                return
            assert not isinstance(step(state, _EVENTS[what]), Impossible)
            if what is Resolution.SEND_AGAIN:
                self.again[part] = self.again.get(part, 0) + 1

        self.do(self._write(work))

    @invariant()
    def nothing_leaves_twice_by_itself(self):
        for part in {one.part_id for one in self.network.air}:
            sent = [one for one in self.network.air if one.part_id == part]
            definite = sum(one.answer.isdigit() for one in sent)
            assert len(sent) - definite <= 1 + self.again.get(part, 0)
            assert len(sent) <= SETTINGS.retries.hand_overs + self.again.get(part, 0)

    @invariant()
    def nothing_leaves_after_a_stop(self):
        for number, had_left in self.stopped.items():
            assert all(one.number != number for one in self.network.air[had_left:])

    @invariant()
    def no_limit_is_passed_by_the_running_clock(self):
        for now in self.left_at[-3:]:
            assert sum(now - HOUR_S < t <= now for t in self.left_at) <= BUDGET.per_hour * (self.lives + 1)
        if not self.lives:
            assert all(b - a >= BUDGET.gap_s for a, b in itertools.pairwise(self.left_at))

    @invariant()
    def the_file_holds_its_truths(self):
        if self.lives or self.texts:
            assert broken(self.path) == []

    def teardown(self):
        self.do(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder)


Outbox.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOutbox = pytest.mark.fault(19, 20, 37, 39)(Outbox.TestCase)
