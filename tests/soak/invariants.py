"""What must hold after every step of the soak, asked of the database and of what the network saw.

Each question looks only at what is new since the last one, so that asking after every step costs the same at the end
of the month as at its beginning. What needs the whole file is asked once a simulated day.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.outbox.support import broken
from tests.soak.rig import OWN, Rig
from textback_pbx.outbox.attempt import TABLE, State

DAY_S = 86_400.0
#: Budgets are counted in monotonic seconds, and read here from whole milliseconds of wall time.
_ROUNDING_MS = 2
#: Every step from one state to another that the state table knows.
STEPS = {(before.value, after.value) for before, row in TABLE.items() for after in row.values()} | {("", "queued")}
_TAKEN = {State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN}
_AGAIN = {State.UNKNOWN.value, State.ACCEPTED.value, State.DELIVERED.value}


@dataclass
class _Part:
    state: str = ""
    hand_overs: int = 0
    settled: bool = False  # unknown or taken once: never handed over again by the machine


@dataclass
class Invariants:
    """The questions, and what they have found wrong."""

    rig: Rig
    wrong: list[str] = field(default_factory=list)
    steps: int = 0
    asked_for: dict[str, tuple[str, str]] = field(default_factory=dict)  # inbound: mark -> (sender, text)
    arrived: Counter[str] = field(default_factory=Counter)
    on_air: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: dict[int, _Part] = field(default_factory=dict)
    unknowns: int = 0
    whole_checks: int = 0
    _event: int = 0
    _inbound: int = 0
    _submit: int = 0
    _last_hand_over_ms: int = 0
    _hand_overs: list[int] = field(default_factory=list)
    _day: float = 0.0

    def watch_the_air(self) -> None:
        """Ask at each text that leaves whether its number had said STOP by then."""
        smsc = self.rig.sim.smsc
        take = smsc.submit

        def submit(*arguments: Any) -> Any:
            record = take(*arguments)
            if self.rig.alive and "#" in record.text and self._has_stopped(record.to):
                self._no(f"{record.to} has said STOP and was sent {record.text[:30]!r}")
            return record

        smsc.submit = submit  # type: ignore[method-assign]

    def _has_stopped(self, number: str) -> bool:
        word = self.rig.rows(
            "SELECT keyword FROM inbound WHERE sender = ? AND state = 'handled' AND keyword IN ('stop', 'start') "
            "ORDER BY id DESC LIMIT 1",
            number,
        )
        return bool(word) and word[0]["keyword"] == "stop"

    def after_step(self) -> None:
        """Ask everything that is quick to ask."""
        self.steps += 1
        self._ask_the_air()
        if self.rig.database is None or not self.rig.alive:
            return
        self._ask_the_parts()
        self._ask_the_inbox()
        under_way = self.rig.rows("SELECT count(*) AS n FROM parts WHERE state IN ('claimed', 'handed_over')")[0]["n"]
        if under_way > 1:
            self._no(f"{under_way} parts under way on one modem")
        if self.rig.clock.monotonic() >= self._day + DAY_S:
            self._day = self.rig.clock.monotonic()
            self.whole_checks += 1
            self.wrong += broken(self.rig.path)

    def _no(self, words: str) -> None:
        if len(self.wrong) < 50:
            self.wrong.append(f"step {self.steps}, {self.rig.clock.now_ms()}: {words}")

    def _ask_the_air(self) -> None:
        submits = self.rig.sim.smsc.submits
        for record in submits[self._submit :]:
            key = (record.to, record.text)
            if "#" in record.text:
                self.on_air[key] += 1
                if self.on_air[key] > 1:
                    self._no(f"{record.text[:40]!r} {self.on_air[key]} times on the air")
        self._submit = len(submits)

    def _ask_the_parts(self) -> None:
        for row in self.rig.rows("SELECT id, part_id, at_ms, state FROM part_events WHERE id > ?", self._event):
            self._event = row["id"]
            part = self.parts.setdefault(row["part_id"], _Part())
            if (part.state, row["state"]) not in STEPS:
                self._no(f"part {row['part_id']} went from {part.state!r} to {row['state']!r}")
            part.state = row["state"]
            if row["state"] == "handed_over":
                self._handed_over(part, row)
            part.settled |= row["state"] in _AGAIN
            if row["state"] == "unknown":
                self._unknown(row["part_id"])

    def _handed_over(self, part: _Part, row: dict[str, Any]) -> None:
        part.hand_overs += 1
        if part.settled:
            self._no(f"part {row['part_id']} was handed over again after it was unknown or taken")
        gap_s, per_hour, per_day = self.rig.budget
        times, now_ms = self._hand_overs, row["at_ms"]
        if times and now_ms - times[-1] < gap_s * 1_000 - _ROUNDING_MS:
            self._no(f"two hand-overs {now_ms - times[-1]} ms apart")
        times.append(now_ms)
        for count, window_ms in ((per_hour, 3_600_000), (per_day, 86_400_000)):
            if len(times) > count and now_ms - times[-1 - count] < window_ms - _ROUNDING_MS:
                self._no(f"more than {count} hand-overs in {window_ms / 3_600_000:.0f} h")

    def _unknown(self, part_id: int) -> None:
        self.unknowns += 1
        told = self.rig.rows(
            "SELECT 1 FROM tasks t JOIN parts p ON t.source = 'part:' || p.id || ':' || p.tries WHERE p.id = ?", part_id
        )
        if not told:
            self._no(f"part {part_id} is unknown, and nobody is told")

    def _ask_the_inbox(self) -> None:
        for row in self.rig.rows("SELECT id, sender, body, complete FROM inbound WHERE id > ?", self._inbound):
            self._inbound = row["id"]
            mark = row["body"].partition("#")[2][:6]
            if mark in self.asked_for:
                self.arrived[mark] += 1
                if self.arrived[mark] > 1:
                    self._no(f"the text {mark} came in {self.arrived[mark]} times")
                if row["complete"] and (row["sender"], row["body"]) != self.asked_for[mark]:
                    self._no(f"the text {mark} was changed on the way")

    def at_the_end(self) -> None:
        """Ask what holds once everything has settled."""
        self.after_step()
        rows = self.rig.rows(
            "SELECT p.id, p.text, p.state, p.tp_mr, m.number, m.not_before_ms FROM parts p"
            " JOIN messages m ON m.id = p.message_id"
        )
        references = {(one.to, one.text): one.reference for one in self.rig.sim.smsc.submits}
        for row in rows:
            if "#" in row["text"]:
                self._end_of(row, references.get((row["number"], row["text"])))
        for mark, (sender, _) in self.asked_for.items():
            if self.arrived[mark] != 1:
                self._no(f"the text {mark} of {sender} is there {self.arrived[mark]} times")
        left = {name: len(store.slots) for name, store in self.rig.sim.stores.items() if store.slots}
        if left or self.rig.sim.smsc.held(OWN):
            self._no(f"not read or not deleted: {left}, {self.rig.sim.smsc.held(OWN)} held")
        if waiting := self.rig.rows("SELECT count(*) AS n FROM inbound WHERE state = 'new'")[0]["n"]:
            self._no(f"{waiting} texts were never handled")
        self.wrong += broken(self.rig.path)

    def _end_of(self, row: dict[str, Any], reference: int | None) -> None:
        state = State(row["state"])
        if reference is not None and state not in _TAKEN:
            self._no(f"part {row['id']}: the network has it, the database says {state}")
        if reference is None and state in _TAKEN - {State.UNKNOWN}:
            self._no(f"part {row['id']}: never left, the database says {state}")
        if state in (State.ACCEPTED, State.DELIVERED) and row["tp_mr"] != reference:
            self._no(f"part {row['id']}: {state} under another's reference ({row['tp_mr']}, not {reference})")
        if state in (State.CLAIMED, State.HANDED_OVER):
            self._no(f"part {row['id']}: still {state}")
