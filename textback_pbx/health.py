"""What is wrong now, in words: a board every loop writes to, kept in the table ``health`` for ``status``.

A note is written to the disk only when it changes, so an idle agent writes nothing. Some components hold the
line when they fail (promise 7: nothing leaves that cannot be recorded); :meth:`Board.hold` says why.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from textback_pbx.clock import Clock
from textback_pbx.database import Database, Tx
from textback_pbx.decision.lookback import HOLDING

log = logging.getLogger(__name__)


class State(StrEnum):
    """How a component is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Note:
    """One component's state, since when (ms UTC), and a sentence that says what to do."""

    component: str
    state: State
    message: str
    since_ms: int
    detail: Mapping[str, Any] = field(default_factory=dict)


class Board:
    """The notes of all components; safe to use from every task of one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._notes: dict[str, Note] = {}
        self._unsaved: set[str] = set()
        self.on_change: Callable[[], None] = _nobody  # rung when there is a note to save
        self.stuck: set[object] = set()  # the steps that wait for the disk
        self.working: dict[object, float] = {}  # the steps that run now, and since when (monotonic seconds)

    def note(self, component: str, state: State, message: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write a component's state; logs and keeps only what differs from the last note."""
        last = self._notes.get(component)
        if last is not None and (last.state, last.message, last.detail) == (state, message, detail or {}):
            return
        since = last.since_ms if last is not None and last.state is state else self._clock.now_ms()
        self._notes[component] = Note(component, state, message, since, dict(detail or {}))
        self._unsaved.add(component)
        self.on_change()
        if last is None or (last.state, last.message) != (state, message):
            log.log(_LEVELS[state], "%s: %s", component, message)

    def hold(self) -> str | None:
        """Return why nothing may be sent now, or ``None``."""
        notes = (self._notes.get(component) for component in HOLDING)
        return next((note.message for note in notes if note is not None and note.state is State.FAIL), None)

    def busy_since(self) -> float | None:
        """Return since when the step that has run longest is running, monotonic seconds; ``None``: none runs."""
        return min(self.working.values(), default=None)

    def worst(self) -> str:
        """Return the worst problem in one line, or ``""``."""
        order = (State.FAIL, State.WARN)
        bad = sorted((note for note in self._notes.values() if note.state in order), key=lambda n: order.index(n.state))
        return f"{bad[0].component}: {bad[0].message}".replace("\n", " ") if bad else ""

    def get(self, component: str) -> Note | None:
        """Return a component's note, if it has one."""
        return self._notes.get(component)

    def notes(self) -> list[Note]:
        """Return every component's note."""
        return list(self._notes.values())

    async def save(self, database: Database) -> None:
        """Write the notes that changed, in one transaction. Raises ``sqlite3.Error`` and keeps them for later."""
        names = sorted(self._unsaved)
        if not names:
            return
        written = {name: self._notes[name] for name in names}
        async with database.transaction() as tx:
            for note in written.values():
                await _write(tx, note)
        self._unsaved.difference_update(name for name, note in written.items() if self._notes[name] is note)


def _nobody() -> None:
    """Nobody saves the notes yet."""


_LEVELS = {State.OK: logging.INFO, State.WARN: logging.WARNING, State.FAIL: logging.ERROR}


async def _write(tx: Tx, note: Note) -> None:
    await tx.run(
        "INSERT INTO health (component, state, message, detail, since_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (component) DO UPDATE SET state = excluded.state, message = excluded.message,"
        " detail = excluded.detail, since_ms = excluded.since_ms",
        (note.component, note.state, note.message, json.dumps(note.detail), note.since_ms),
    )


async def forget_others(tx: Tx, prefix: str, keep: Collection[str]) -> None:
    """Remove the saved notes of ``prefix`` and ``prefix:...`` that are not kept: a PBX that is configured no more."""
    rows = await tx.all("SELECT component FROM health")
    for name in (str(row["component"]) for row in rows):
        if name.partition(":")[0] == prefix and name not in keep:
            await tx.run("DELETE FROM health WHERE component = ?", (name,))


async def read_all(tx: Tx) -> list[Note]:
    """Return every component's last saved note, worst first."""
    order = "CASE state WHEN 'fail' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END"
    rows = await tx.all(f"SELECT * FROM health ORDER BY {order}, component")  # noqa: S608 -- a constant
    return [
        Note(row["component"], State(row["state"]), row["message"], row["since_ms"], json.loads(row["detail"]))
        for row in rows
    ]
