"""The whole office at random: calls, replies, STOP and START, people, clocks that jump, crashes; after every step
what must hold is looked up on the disk and on the air.

The loops are the agent's own (:mod:`tests.pipeline.desk`); a second line behind the sweeps. ``TEXTBACK_SOAK=20``
plays twenty times as many lives.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.outbox.support import Network, SimulatedCrash, Steps, broken, nothing
from tests.pipeline.desk import MONDAY_10, Desk
from tests.sweep.support import copy_of
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.consent import entries
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis
from textback_pbx.database import Database
from textback_pbx.outbox.list_store import Resolution, ResolveProblem, resolve
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.pipeline.keep import TRUSTED_BY
from textback_pbx.testing.clock import ManualClock

PEOPLE = [f"+151255501{n}" for n in (42, 43, 44)]
#: Never texted, whatever is on record: premium, toll-free, abroad, our own, withheld.
NEVER = ["+19005550142", "+18005550142", "+447700900123", "+15125550100", None]
SAYS = {
    "STOP": "stop",
    "please stop texting me": "stop",
    "wrong number": "stop",
    "START": "start",
    "YES": "yes",
    "HELP": "help",
    "who is this? why are you texting me": "ambiguous",
    "Tuesday after 3 works, thanks": "none",
    "can you stop by at 4": "none",
}
#: Small limits, so that they are met; quiet hours that hold.
RULES = """
[rules]
per_number_per_day = 2
per_prefix_per_hour = 3
per_hour = 4
per_day = 6
once_per_hours = 2
flood_calls = 12
flood_prefix_calls = 9
[quiet_hours]
mode = "{mode}"
"""
LIMITS = {"number": 2, "prefix": 3, "hour": 4, "day": 6}
CHICAGO = ZoneInfo("America/Chicago")
_AIR = "SELECT m.* FROM parts p JOIN messages m ON m.id = p.message_id WHERE p.id = ?"


@dataclass(frozen=True)
class Left:
    """One hand-over to the network: the part, and the true time (ms), whatever the wall clock said."""

    part_id: int
    number: str
    true_ms: int
    trusted: bool


class Office(RuleBasedStateMachine):
    """Calls, people and accidents; the invariants of the fault catalogue after each."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = ManualClock(MONDAY_10)
        self.network = Network(self.clock)
        self.lives = 0
        self.answer = "ok"
        self.left: list[Left] = []
        self.silent_since: dict[str, int] = {}  # opted-out number -> how much had left when it became so
        self.confirmed: dict[str, int] = {}  # confirmations since the last opt-in
        self.made: dict[int, int] = {}  # automatic text -> the true time it was queued, ms
        self.by_hand: set[int] = set()  # parts a person had sent again
        self.resets = 0
        transmit = self.network.transmit

        def watched(part):
            self.network.answers.setdefault(part.text, []).append(self.answer)
            self.left.append(Left(part.part_id, part.number, self.true_ms(), self.desk.keeper.trusted()))
            return transmit(part)

        self.network.transmit = watched

    def true_ms(self) -> int:
        return MONDAY_10 + round((self.clock.monotonic() - 1_000.0) * 1_000)

    def do(self, work):
        return self.runner.run(work)

    @initialize(mode=st.sampled_from(["hold", "suppress", "answer_within"]))
    def start(self, mode):
        self.mode = mode
        self.do(self._open(self.folder / "life0.sqlite"))
        for number in PEOPLE[:2]:
            self.do(self.desk.consent(number))
        for number in NEVER[:4]:
            self.do(self.desk.consent(number))

    async def _open(self, path):
        self.path = path
        database = await Database.open(path)
        self.desk = Desk(database, self.network, self.clock, extra=RULES.format(mode=self.mode))
        self.desk.synchronised = self.clock.now_ms() == self.true_ms()
        await self.desk.start()

    async def _work(self) -> None:
        await self.desk.read()
        await self._note_opt_outs()
        await self.desk.act()
        for row in await self.desk.rows("SELECT id FROM messages WHERE kind IN ('auto', 'nudge')"):
            self.made.setdefault(row["id"], self.true_ms())

    async def _note_opt_outs(self) -> None:
        async with self.desk.database.read() as tx:
            for number in PEOPLE:
                if not await consent.is_opted_out(tx, number):
                    self.silent_since.pop(number, None)
                else:
                    self.silent_since.setdefault(number, len(self.left))

    # what happens ---------------------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from(PEOPLE + PEOPLE + NEVER),
        outcome=st.sampled_from(["no_answer", "no_answer", "busy", "not_reachable", "lost", "none"]),
        detail=st.sampled_from(["", "unattended", "rejected"]),
        rang=st.sampled_from([1_000, 20_000]),
        seconds=st.sampled_from([0, 2, 500]),
    )
    def a_call_is_missed(self, who, outcome, detail, rang, seconds):
        async def work():
            columns = {"ring_ms": rang, "detail": detail, "ended_ms": self.clock.now_ms() - seconds * 1_000}
            await self.desk.call(who, outcome, **columns)

        self.do(work())

    @rule(who=st.sampled_from(PEOPLE))
    def a_call_is_answered(self, who):
        self.do(self.desk.call(who, "answered"))

    @rule(who=st.sampled_from(PEOPLE), answered=st.booleans())
    def the_office_calls(self, who, answered):
        self.do(self.desk.call_out(who, answered=answered))

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(list(SAYS)))
    def somebody_writes(self, who, text):
        self.do(self.desk.write(text, who))

    @rule(who=st.sampled_from(PEOPLE))
    def somebody_floods_us(self, who):
        async def work():
            for _ in range(6):
                await self.desk.write("HELP", who)
                await self._work()

        self.do(work())

    @rule(who=st.sampled_from(PEOPLE), again=st.booleans())
    def staff_records_consent(self, who, again):
        self.do(self.desk.consent(who, basis=Basis.RESUBSCRIBE if again else Basis.EXPRESS_WRITTEN))
        self.do(self._note_opt_outs())

    @rule(who=st.sampled_from(PEOPLE))
    def staff_records_an_opt_out(self, who):
        async def work():
            at = self.clock.now_ms()
            said = entries.opted_out_by_staff(who, at, "x", actor="desk", source="said on the phone", evidence={})
            async with self.desk.database.transaction() as tx:
                await consent.append(tx, said)
            await self._note_opt_outs()

        self.do(work())

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(["note", "close_tasks"]))
    def staff_acts(self, who, what):
        self.do(getattr(self.desk, what)(who))

    @rule(who=st.sampled_from(PEOPLE))
    def staff_texts(self, who):
        async def work():
            now = self.clock.now_ms()
            async with self.desk.database.transaction() as tx:
                text = NewMessage("staff", "office", who, "See you", ("See you",), "gsm7", now, now + DAY_MS, "desk")
                await enqueue(tx, text, now)

        self.do(work())

    @rule(data=st.data(), what=st.sampled_from(Resolution))
    def staff_settles_an_unknown(self, data, what):
        async def work():
            rows = await self.desk.rows("SELECT id FROM parts WHERE state = 'unknown'")
            if not rows:
                return
            part = data.draw(st.sampled_from([row["id"] for row in rows]))
            async with self.desk.database.transaction() as tx:
                with contextlib.suppress(ResolveProblem):
                    await resolve(tx, part, what, actor="desk", note="", now_ms=self.clock.now_ms())
                    self.by_hand.add(part)

        self.do(work())

    @rule()
    def the_loops_run(self):
        self.do(self._work())

    @rule(minutes=st.sampled_from([1, 4, 6, 20, 61, 180, 300, 720]))
    def time_passes(self, minutes):
        async def work():
            for _ in range(6):
                await self.clock.advance(minutes * 10.0)
                await self._work()

        self.do(work())

    @rule(minutes=st.sampled_from([1, 30, 600]))
    def time_passes_with_nobody_at_work(self, minutes):
        self.do(self.clock.advance(minutes * 60.0))

    @rule(hours=st.sampled_from([-48, -3, -1, 1, 3, 30]))
    def the_wall_clock_jumps(self, hours):
        self.clock.set_wall(self.clock.now_ms() + hours * HOUR_MS)
        self.desk.synchronised = False

    @rule(person=st.booleans())
    def the_clock_is_set_right(self, person):
        async def work():
            self.clock.set_wall(self.true_ms())
            self.desk.synchronised = True
            if person:
                async with self.desk.database.transaction() as tx:
                    values = (TRUSTED_BY, f"desk at {self.clock.monotonic()}")
                    await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values)

        self.do(work())

    @rule(answer=st.sampled_from(["ok", "ok", "silence", "lost", "41", "1"]), away=st.booleans())
    def the_network_changes(self, answer, away):
        self.answer = answer
        self.desk.line.no = "the modem is unplugged" if away else None

    @rule()
    def reports_come(self):
        self.do(self.desk.reports())

    @rule()
    def the_agent_restarts(self):
        async def work():
            away = self.desk.line.no
            await self.desk.database.close()
            await self._open(self.path)
            self.desk.line.no = away

        self.do(work())

    @rule(cut=st.integers(1, 12))
    def the_power_is_cut(self, cut):
        async def work():
            self.desk.line.step = Steps(crash_at=cut)
            with contextlib.suppress(SimulatedCrash):
                await self._work()
            self.desk.line.step = nothing
            self.lives += 1
            after = copy_of(self.path, self.folder / f"life{self.lives}.sqlite")
            await self.desk.database.close()
            await self._open(after)

        self.do(work())

    # what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def the_file_holds_its_truths(self):
        if hasattr(self, "desk"):
            assert broken(self.path) == []
            with contextlib.closing(sqlite3.connect(self.path)) as raw:
                for what, sql in TRUTHS.items():
                    found = raw.execute(sql).fetchall()
                    assert not found, (what, found)

    @invariant()
    def what_left_was_allowed_to(self):
        if not self.left:
            return
        with contextlib.closing(sqlite3.connect(self.path)) as raw:
            raw.row_factory = sqlite3.Row
            for place, one in enumerate(self.left):
                row = raw.execute(_AIR, (one.part_id,)).fetchone()
                self._check(raw, place, one, row)
        self.left.clear()
        self.silent_since = dict.fromkeys(self.silent_since, 0)

    def _check(self, raw, place, one, row):
        assert one.trusted, "a text left while the clock was not trusted"
        assert one.number in PEOPLE
        since = self.silent_since.get(one.number)
        if since is not None and place >= since:
            assert row["kind"] == "optout_confirmation", "a text left after the STOP"
        if row["kind"] == "optout_confirmation":
            written = raw.execute(_WRITTEN, (row["id"],)).fetchone()[0]
            assert self.clock.now_ms() - written >= 0 or not one.trusted
        if one.part_id not in self.by_hand and row["kind"] in ("auto", "nudge"):
            self._in_hours(raw, one, row)

    def _in_hours(self, raw, one, row):
        wall = datetime.fromtimestamp(one.true_ms / 1_000, UTC).astimezone(CHICAGO)
        if row["kind"] == "nudge":
            opens = 12 if wall.weekday() == 6 else 9
            assert opens <= wall.hour < 21, f"a nudge at {wall}"
        elif not 8 <= wall.hour < 21:
            ended = raw.execute("SELECT ended_ms FROM calls WHERE id = ?", (row["call_id"],)).fetchone()[0]
            assert self.mode == "answer_within", f"an automatic text at {wall}"
            assert one.true_ms - ended <= 10 * MINUTE_MS, f"an automatic text at {wall}"

    @invariant()
    def no_window_of_true_time_holds_more_than_its_limit(self):
        if not self.made:
            return
        with contextlib.closing(sqlite3.connect(self.path)) as raw:
            sql = "SELECT id, number FROM messages WHERE kind IN ('auto', 'nudge') AND cancelled IS NULL"
            alive = [(self.made[row[0]], row[1]) for row in raw.execute(sql) if row[0] in self.made]
        for at, number in alive:
            day = [one for one in alive if at - DAY_MS < one[0] <= at]
            hour = [one for one in day if at - HOUR_MS < one[0]]
            assert len(day) <= LIMITS["day"]
            assert len(hour) <= LIMITS["hour"]
            assert sum(one[1] == number for one in day) <= LIMITS["number"]
            assert sum(one[1][:-4] == number[:-4] for one in hour) <= LIMITS["prefix"]

    def teardown(self):
        if hasattr(self, "desk"):
            self.do(self._end())
        self.runner.close()
        shutil.rmtree(self.folder)

    async def _end(self):
        """With everything well again, every row that is not final is moved on by some loop."""
        try:
            self.clock.set_wall(self.true_ms())
            self.desk.synchronised, self.answer, self.desk.line.no = True, "ok", None
            async with self.desk.database.transaction() as tx:
                values = (TRUSTED_BY, f"desk at the end, {self.clock.monotonic()}")
                await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values)
            for _ in range(12):
                await self.clock.advance(6 * 3_600.0)
                await self._work()
                await self.desk.reports()
            for what, sql in REACHABLE.items():
                assert await self.desk.rows(sql) == [], what
            async with self.desk.database.read() as tx:
                assert await consent.verify(tx) == []
        finally:
            await self.desk.database.close()


_WRITTEN = "SELECT i.received_ms FROM messages m JOIN inbound i ON i.id = m.inbound_id WHERE m.id = ?"

#: What no file may ever hold.
TRUTHS = {
    "a call with two decisions": "SELECT call_id FROM decisions GROUP BY call_id HAVING count(*) > 1",
    "a call with two nudges": """
        SELECT call_id FROM messages WHERE kind = 'nudge' GROUP BY call_id HAVING count(*) > 1""",
    "a decision without a reason": "SELECT id FROM decisions WHERE reason = '' OR rule = '' OR trace = '[]'",
    "a text for a call that was not to have one": """
        SELECT m.id FROM messages m JOIN decisions d ON d.call_id = m.call_id
        WHERE m.kind = 'auto' AND d.verdict <> 'text'""",
    "a decision to text without the text": """
        SELECT d.id FROM decisions d WHERE d.verdict = 'text' AND NOT EXISTS (
          SELECT 1 FROM messages m WHERE m.call_id = d.call_id AND m.kind = 'auto')""",
    "a text without a consent entry": """
        SELECT m.id FROM messages m JOIN decisions d ON d.call_id = m.call_id WHERE m.kind IN ('auto', 'nudge')
          AND NOT EXISTS (SELECT 1 FROM consent c WHERE c.seq = json_extract(d.facts, '$.consent_seq'))""",
    "a call that wants a person and has no task": """
        SELECT c.id FROM calls c JOIN decisions d ON d.call_id = c.id WHERE d.verdict = 'task' AND NOT EXISTS (
          SELECT 1 FROM tasks t WHERE t.call_id = c.id OR (t.number = c.caller AND t.line = c.line))""",
    "an unknown that nobody is told of": """
        SELECT p.id FROM parts p WHERE p.state = 'unknown' AND NOT EXISTS (
          SELECT 1 FROM tasks t WHERE t.source = 'part:' || p.id || ':' || p.tries)""",
    "more than three automatic answers to one number in a day": """
        SELECT a.number FROM messages a JOIN messages b ON b.number = a.number
          AND b.created_ms > a.created_ms - 86400000 AND b.created_ms <= a.created_ms
          AND b.kind IN ('optout_confirmation', 'optin_confirmation', 'help')
        WHERE a.kind IN ('optout_confirmation', 'optin_confirmation', 'help') GROUP BY a.id HAVING count(*) > 3""",
    "a confirmation that may leave later than five minutes after the STOP": """
        SELECT m.id FROM messages m JOIN inbound i ON i.id = m.inbound_id
        WHERE m.kind = 'optout_confirmation' AND m.expires_ms > i.received_ms + 300000""",
    "a task without an owner": "SELECT id FROM tasks WHERE owner = '' OR due_ms IS NULL",
    "a nudge without its row": """
        SELECT m.id FROM messages m WHERE m.kind = 'nudge' AND NOT EXISTS (
          SELECT 1 FROM nudges n WHERE n.call_id = m.call_id AND n.state = 'sent' AND n.message_id = m.id)""",
}
#: What no file may hold once everything has been well for three days.
REACHABLE = {
    "a call nobody decides": "SELECT id FROM calls WHERE state = 'new'",
    "a text nobody reads": "SELECT id FROM inbound WHERE state = 'new'",
    "a nudge that waits for ever": "SELECT call_id FROM nudges WHERE state = 'waits'",
    "a part nobody moves": """
        SELECT p.id FROM parts p WHERE p.state IN ('queued', 'claimed', 'handed_over') AND NOT EXISTS (
          SELECT 1 FROM parts e WHERE e.message_id = p.message_id AND e.seq < p.seq AND e.state = 'unknown')""",
}

Office.TestCase.settings = settings(
    max_examples=8 * int(os.environ.get("TEXTBACK_SOAK", "1")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOffice = pytest.mark.fault(2, 3, 4, 5, 6, 7, 19, 20, 39, 40)(Office.TestCase)
