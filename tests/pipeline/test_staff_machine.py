"""Routing, deadlines and telling, driven at random on the manual clock, with power cuts, absences and dead endpoints.

After every step: what is open has an owner and a deadline; nothing is past its deadline that was not announced, once
the loops have run; no event reached an endpoint under two ids; nothing left for a number that nobody registered.
At the end everything that happened has been told, once, to everybody who wanted it.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.pipeline.staff_desk import ADA, KIM, LEE, TUESDAY_10, Desk
from tests.sweep.support import copy_of
from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.pipeline import people
from textback_pbx.pipeline.people import Subject
from textback_pbx.tasks import notify_store, staff_store
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import TABLE, Kind, Priority, State, Step, after
from textback_pbx.testing.clock import ManualClock

#: A few on every run; TEXTBACK_PBX_SOAK=all looks longer.
_EXAMPLES = 100 if os.environ.get("TEXTBACK_PBX_SOAK") == "all" else 7
CUSTOMERS = tuple(f"+151255501{n}" for n in range(40, 44))
STAFF = {"kim": KIM, "lee": LEE, "ada": ADA}
WORDS = (
    "tap drips at 78704",
    "our water heater is cold",
    "water is pouring through the ceiling",
    "STOP",
    "START",
    "I want my money back, my lawyer will call",
    "ok",
    "third time I text",
)
ORDERS = ("done", "call", "on my way", "take", "pass", "booked tomorrow 9", "we come at five", "")


class PowerCut(BaseException):
    """The machine is off in the middle of a step."""


class Office(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = ManualClock(TUESDAY_10)
        self.desk = Desk(self.clock)
        self.lives = 0
        self.calls = 0
        self.texts = 0
        self.worked = False

    def do(self, work):
        return self.runner.run(work)

    @initialize()
    def start(self):
        self.do(self.desk.open(self.folder / "life0.sqlite"))

    async def _write(self, work):
        async with self.desk.database.transaction() as tx:
            return await work(tx)

    # what people do ------------------------------------------------------------------------------------------

    @rule(sender=st.sampled_from(CUSTOMERS), text=st.sampled_from(WORDS))
    def a_customer_writes(self, sender, text):
        self.texts += 1
        self.do(self.desk.writes(f"{text} {self.texts}" if text.isupper() is False else text, sender))
        self.worked = True

    @rule(who=st.sampled_from(sorted(STAFF)), code=st.integers(9, 15), order=st.sampled_from(ORDERS))
    def staff_write(self, who, code, order):
        self.do(self.desk.writes(f"{code} {order}".strip(), STAFF[who]))
        self.worked = True

    @rule(
        number=st.sampled_from(CUSTOMERS),
        priority=st.sampled_from(Priority),
        owner=st.sampled_from(["", "on call", "admin", "lee"]),
    )
    def a_task_is_opened(self, number, priority, owner):
        self.calls += 1
        subject = Subject(f"call:{self.calls}", "office", number)
        now_ms = self.clock.now_ms()
        self.do(
            self._write(
                lambda tx: people.open_task(
                    tx,
                    self.desk.office,
                    subject,
                    Kind.CALL_BACK,
                    "no consent",
                    now_ms=now_ms,
                    priority=priority,
                    owner=owner,
                )
            )
        )
        self.worked = False

    @rule(number=st.sampled_from(CUSTOMERS))
    def somebody_calls_again(self, number):
        now_ms = self.clock.now_ms()
        due_ms = people.deadline(self.desk.office, "office", Priority.URGENT, now_ms)
        before = {t["id"]: t for t in self.do(self.desk.tasks())}
        self.do(self._write(lambda tx: tasks.raise_for_repeat(tx, number, "office", due_ms, now_ms=now_ms)))
        for task in self.do(self.desk.tasks()):
            assert task["due_ms"] <= before[task["id"]]["due_ms"]
            if task["number"] == number and task["kind"] in ("call_back", "reply", "review"):
                assert task["priority"] != "normal"
        self.worked = False

    @precondition(lambda self: self.calls or self.texts)
    @rule(data=st.data(), step=st.sampled_from(Step))
    def a_person_steps_a_task(self, data, step):
        rows = self.do(self.desk.rows("SELECT id, state FROM tasks"))
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        now_ms = self.clock.now_ms()
        found = self.do(self._write(lambda tx: tasks.close_task(tx, row["id"], actor="desk", now_ms=now_ms, step=step)))
        assert (found is tasks.Changed.DONE) is ((State(row["state"]), step) in TABLE)
        (then,) = self.do(self.desk.rows("SELECT state FROM tasks WHERE id = ?", row["id"]))
        assert then["state"] == (after(State(row["state"]), step) or State(row["state"])).value
        self.worked = False

    @rule(who=st.sampled_from(sorted(STAFF)), hours=st.integers(1, 60), back=st.booleans())
    def somebody_is_away(self, who, hours, back):
        now_ms = self.clock.now_ms()
        if back:
            self.do(self._write(lambda tx: staff_store.say_back(tx, who, now_ms)))
        else:
            until = now_ms + hours * HOUR_MS
            self.do(self._write(lambda tx: staff_store.say_away(tx, who, now_ms, until, actor="test")))

    @precondition(lambda self: self.desk.parts)
    @rule(data=st.data())
    def a_text_is_read_from_the_sim_again(self, data):
        counted = "SELECT (SELECT count(*) FROM inbound) AS texts, (SELECT count(*) FROM messages) AS answers"
        self.do(self.desk.work())
        before = self.do(self.desk.rows(counted))
        self.do(self.desk.reads_again(data.draw(st.integers(0, len(self.desk.parts) - 1))))
        assert self.do(self.desk.rows(counted)) == before

    # what the world does -------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 4, 6, 31, 240, 900, 3_000]))
    def time_passes(self, minutes):
        self.do(self.desk.jump(minutes))
        self.worked = False

    @rule()
    def the_loops_run(self):
        self.do(self.desk.work())
        self.worked = True

    @rule(name=st.sampled_from(["crm", "crm", "wall"]), down=st.sampled_from([True, True, False]))
    def an_endpoint_goes_down_or_comes_back(self, name, down):
        (self.desk.receiver.down.add if down else self.desk.receiver.down.discard)(name)

    @rule()
    def an_answer_is_lost(self):
        self.desk.receiver.lost_answers += 1

    @rule(data=st.data())
    def the_power_is_cut(self, data):
        """Cut at a commit of one of the loops: the file is what the disk has, and another life begins on it."""
        cut = data.draw(st.integers(1, 8))
        self.do(self._cut(cut))
        self.worked = False

    async def _cut(self, at):
        left = [at]
        commit = type(self.desk.database)._commit

        async def cutting(database):
            left[0] -= 1
            if left[0] == 0:
                raise PowerCut
            await commit(database)

        database = self.desk.database
        database._commit = cutting.__get__(database)
        try:
            await self.desk.work()
        except BaseException as error:  # the power cut, alone or in a group
            if "PowerCut" not in repr(error):
                raise
        self.lives += 1
        copied = copy_of(self.desk.path, self.folder / f"life{self.lives}.sqlite")
        await database._roll_back()
        await self.desk.close()
        await self.desk.open(copied)

    # what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def what_is_open_has_an_owner_a_deadline_and_a_story(self):
        if not hasattr(self.desk, "database"):
            return
        rows = self.do(
            self.desk.rows(
                "SELECT t.*, (SELECT count(*) FROM task_events e WHERE e.task_id = t.id) AS steps FROM tasks t"
            )
        )
        for row in rows:
            assert row["owner"]
            assert row["due_ms"]
            assert row["steps"]

    @invariant()
    def nothing_is_past_its_deadline_unannounced_and_nobody_waits_without_a_task(self):
        if not self.worked:
            return
        now_ms = self.clock.now_ms()
        late = self.do(
            self.desk.rows(
                "SELECT id FROM tasks t WHERE state = 'open' AND due_ms <= ? AND NOT EXISTS ("
                " SELECT 1 FROM task_events e WHERE e.task_id = t.id AND e.at_ms >= t.due_ms"
                " AND e.what IN ('overdue', 'escalated', 'reminded'))",
                now_ms,
            )
        )
        assert late == []
        alone = self.do(
            self.desk.rows(
                "SELECT id FROM threads t WHERE status = 'waiting_on_us' AND NOT EXISTS (SELECT 1 FROM tasks k WHERE"
                " k.state = 'open' AND (k.thread_id = t.id OR k.number = t.number AND k.line = t.line))"
            )
        )
        assert alone == []
        assert self.do(self.desk.rows("SELECT * FROM events WHERE state = 'new'")) == []

    @invariant()
    def nothing_is_told_under_two_ids_and_nothing_goes_to_strangers(self):
        if not hasattr(self.desk, "database"):
            return
        doubled = self.do(
            self.desk.rows(
                "SELECT event_id, channel, target, count(*) AS n FROM notifications GROUP BY 1, 2, 3 HAVING n > 1"
            )
        )
        assert doubled == []
        strangers = self.do(
            self.desk.rows(
                "SELECT number FROM messages WHERE kind = 'notify' AND number NOT IN (?, ?, ?)", *STAFF.values()
            )
        )
        assert strangers == []
        assert self.do(self.desk.rows("SELECT * FROM threads WHERE number IN (?, ?, ?)", *STAFF.values())) == []

    @invariant()
    def a_queues_turns_differ_by_what_absences_explain_only(self):
        """Turns are numbered without a gap or a tie: whoever was chosen took exactly one."""
        if not hasattr(self.desk, "database"):
            return
        turns = [row["turn"] for row in self.do(self.desk.rows("SELECT turn FROM queue_turns WHERE queue = 'on call'"))]
        assert len(turns) == len(set(turns))

    def teardown(self):
        if hasattr(self.desk, "database"):
            self.do(self._settle())
            self.do(self.desk.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    async def _settle(self):
        """The endpoints come back: whatever happened in any life has been told to each that wanted it, once.

        What was given up meanwhile (days without an endpoint) is there still, and told when a person says so.
        """
        self.desk.receiver.down.clear()
        self.desk.receiver.lost_answers = 0
        given_up = await self.desk.rows("SELECT error FROM notifications WHERE state = 'dead'")
        assert all(row["error"].startswith("given up: ") for row in given_up)
        now_ms = self.clock.now_ms()
        await self._write(lambda tx: notify_store.retry(tx, now_ms))
        for _ in range(3):
            await self.desk.jump(61)
            await self.desk.work()
        rows = await self.desk.rows(
            "SELECT e.uid, n.target, n.state FROM events e LEFT JOIN notifications n ON n.event_id = e.id AND"
            " n.channel = 'webhook' AND n.target = 'crm'"
        )
        told = set(self.desk.receiver.ids("crm"))
        assert {row["uid"] for row in rows if row["target"]} <= told
        assert {row["state"] for row in rows if row["target"]} <= {"sent"}
        assert [row["uid"] for row in rows if row["target"] is None] == []
        async with self.desk.database.read() as tx:
            assert (await notify_store.counts(tx))["dead"] == 0


Office.TestCase.settings = settings(
    max_examples=_EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOffice = pytest.mark.fault(10, 40, 48)(Office.TestCase)


@pytest.mark.fault(21)
@pytest.mark.parametrize("start", ["2026-10-30T16:30:00-05:00", "2027-03-12T16:30:00-06:00"])
def test_a_deadline_over_a_change_of_the_clocks_is_an_hour_of_opening_time(start):
    """Friday 16:30, an hour of opening time, the clocks change on Sunday: Monday 8:30 by the wall."""
    from datetime import datetime

    desk = Desk(ManualClock())
    from textback_pbx.config import parse
    from textback_pbx.pipeline.office import office_of

    office = office_of(parse(desk.config, Path("t.toml")))
    begun = int(datetime.fromisoformat(start).timestamp() * 1_000)
    due = people.deadline(office, "office", Priority.NORMAL, begun)
    from textback_pbx.decision.hours import local

    assert local(due, "America/Chicago").strftime("%a %H:%M") == "Mon 08:30"
    wall = 64 * HOUR_MS
    assert due - begun - wall in (-HOUR_MS, HOUR_MS)
    assert people.deadline(office, "office", Priority.URGENT, begun) == begun + 5 * MINUTE_MS
