"""Figures for Prometheus as a text file, for node_exporter's textfile collector: no port is opened, no library loaded.

The file is written beside its place and moved there, so that a reader never sees half of it (Prometheus' exposition
format, version 0.0.4). No number and no word of a customer is in it.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from textback_pbx import __version__
from textback_pbx.clock import DAY_MS, SECOND_MS, Clock
from textback_pbx.database import Database, Tx
from textback_pbx.health import Board, State

_PREFIX = "textback_pbx_"
_STATES = {State.OK: 0, State.WARN: 1, State.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples: labels and value. ``kind`` is ``gauge`` or ``counter``."""

    name: str
    kind: str
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


#: What is counted in the database, each by an index: (name, help, label, {label's value: SQL}).
_COUNTS: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    (
        "parts_waiting",
        "Parts of texts that are not settled, by state; unknown: nobody can know whether it left.",
        "state",
        {
            state: f"SELECT count(*) FROM parts WHERE state = '{state}'"  # noqa: S608 - our own states
            for state in ("queued", "handed_over", "unknown")
        },
    ),
    (
        "texts_last_day",
        "Parts of texts handed to a modem in the last 24 hours.",
        "",
        {"": "SELECT count(*) FROM parts WHERE handed_over_ms > :day_ago"},
    ),
    (
        "rows_waiting",
        "Calls without a decision and texts that nobody has read.",
        "kind",
        {
            "calls": "SELECT count(*) FROM calls WHERE state = 'new'",
            "replies": "SELECT count(*) FROM inbound WHERE state = 'new'",
        },
    ),
    (
        "tasks_open",
        "Open tasks, and those among them that are past their deadline.",
        "due",
        {
            "all": "SELECT count(*) FROM tasks WHERE state = 'open'",
            "overdue": "SELECT count(*) FROM tasks WHERE state = 'open' AND due_ms < :now",
        },
    ),
    (
        "gap_open",
        "1 while the agent does not hear a PBX.",
        "",
        {"": "SELECT count(*) > 0 FROM gaps WHERE until_ms IS NULL"},
    ),
)

#: A modem's figures: (key, name, kind, help).
_FIGURES = (
    ("signal_dbm", "modem_signal_dbm", "gauge", "Signal strength."),
    ("storage_used", "modem_storage_used", "gauge", "Places taken in the storage for texts."),
    ("storage_size", "modem_storage_size", "gauge", "Places in the storage for texts."),
    ("left_this_hour", "modem_texts_left_hour", "gauge", "Texts the SIM may still send this hour."),
    ("left_today", "modem_texts_left_day", "gauge", "Texts the SIM may still send today."),
    ("restarts", "modem_restarts_total", "counter", "Restarts by itself since the agent started: its power is weak."),
    ("resets", "modem_resets_total", "counter", "Restarts by the agent, because it did not answer."),
)

Figures = Mapping[str, Mapping[str, str | int | None]]


class Exporter:
    """Writes the file; asked by the keep loop. Without a path it does nothing."""

    def __init__(self, path: Path | None, database: Database, board: Board, clock: Clock) -> None:
        self._path, self._database, self._board, self._clock = path, database, board, clock

    async def write(self, modems: Figures) -> None:
        """Write everything as of now; a file that cannot be written is a warning on the board, never an end."""
        if self._path is None:
            return
        async with self._database.read() as tx:
            text = render([*await self._counted(tx), *self._seen(), *_of_modems(modems)])
        try:
            await asyncio.to_thread(_replace, self._path, text)
        except OSError as error:
            words = f"{self._path} cannot be written ({error.strerror}): make its folder, or correct metrics.textfile"
            self._board.note("metrics", State.WARN, words)
        else:
            self._board.note("metrics", State.OK, f"written to {self._path}")

    async def _counted(self, tx: Tx) -> list[Family]:
        now_ms = self._clock.now_ms()
        values = {"now": now_ms, "day_ago": now_ms - DAY_MS}
        found = []
        for name, words, label, counts in _COUNTS:
            samples = [
                ({label: value} if label else {}, float(await tx.value(sql, values))) for value, sql in counts.items()
            ]
            found.append(Family(name, "gauge", words, tuple(samples)))
        return found

    def _seen(self) -> Iterator[Family]:
        notes = self._board.notes()
        states = tuple(({"component": note.component}, float(_STATES[note.state])) for note in notes)
        yield Family("component_state", "gauge", "How a component is: 0 ok, 1 warn, 2 fail.", states)
        written = self._clock.now_ms() / SECOND_MS
        yield Family("written_timestamp_seconds", "gauge", "When this file was written.", (({}, written),))
        yield Family("info", "gauge", "The version that runs.", (({"version": __version__}, 1.0),))


def _of_modems(modems: Figures) -> Iterator[Family]:
    for key, name, kind, words in _FIGURES:
        values = {modem: figures.get(key) for modem, figures in modems.items()}
        samples = tuple(({"modem": modem}, float(value)) for modem, value in values.items() if value is not None)
        if samples:
            yield Family(name, kind, words, samples)


def render(families: Iterable[Family]) -> str:
    """Return the exposition: each family once, with its help and type before its samples."""
    lines: list[str] = []
    for family in families:
        name = _PREFIX + family.name
        lines += [f"# HELP {name} {_escape(family.help)}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{_labels(labels)} {value:.15g}" for labels, value in family.samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    quoted = ",".join(f'{name}="{_escape(value, quotes=True)}"' for name, value in labels.items())
    return f"{{{quoted}}}" if quoted else ""


def _escape(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text


def _replace(path: Path, text: str) -> None:
    """Put the file in its place in one step; readable for everybody, as node_exporter runs as another user."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(0o644)
    os.replace(beside, path)  # noqa: PTH105 - atomic by its definition
