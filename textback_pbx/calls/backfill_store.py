"""The SQL of the repair: which gaps wait for it, which calls are there already, what earlier calls have taught.

A recovered call is stored once, by its Uniqueid or, without one, by its time and number; what was heard live always
stands. Times are ms UTC.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from textback_pbx.calls.backfill import RecoveredOut
from textback_pbx.calls.store import CallRow
from textback_pbx.clock import DAY_MS, SECOND_MS
from textback_pbx.database import Row, Tx

#: Clocks of two machines, and times in whole seconds.
_NEAR_MS = 5 * SECOND_MS
_LEARN_CALLS = 2_000
_LOST = "lost"


async def open_work(tx: Tx) -> Sequence[Row]:
    """The gaps that are not settled, the oldest first."""
    return await tx.all("SELECT * FROM gaps WHERE settled_ms IS NULL ORDER BY id LIMIT 100")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the call records gave for a gap. ``next_ms`` None: it is settled."""

    repaired: str  # no, partly, cdr
    recovered: int  # calls stored or mended by this look
    result: str  # for a person
    next_ms: int | None


async def save_look(tx: Tx, gap: Row, look: Look, now_ms: int) -> None:
    """Note a look in the row of the gap as it was read; one that fails takes nothing away from an earlier one."""
    await tx.run(
        "UPDATE gaps SET repaired = CASE WHEN :repaired = 'no' THEN repaired ELSE :repaired END,"
        " recovered = recovered + :recovered, result = :result, looks = looks + 1,"
        # It may have ended while it was looked at: then the look after its end is still to come.
        " look_ms = CASE WHEN until_ms IS :seen THEN :next END,"
        " settled_ms = CASE WHEN :next IS NULL AND until_ms IS :seen THEN :now END WHERE id = :id",
        {
            "repaired": look.repaired,
            "recovered": look.recovered,
            "result": look.result,
            "next": look.next_ms,
            "now": now_ms,
            "seen": gap["until_ms"],
            "id": gap["id"],
        },
    )


async def same_call(tx: Tx, row: CallRow, taken: frozenset[int] = frozenset()) -> Row | None:
    """The stored call that this one is: by Uniqueid, or without one by time and number. ``taken`` are others' ids."""
    columns = "id, outcome, source, uniqueid, caller, dialled, started_ms, ended_ms"
    if row.uniqueid:
        return await tx.one(
            f"SELECT {columns} FROM calls WHERE uniqueid = ? AND pbx = ?"  # noqa: S608
            " AND (clock_trusted = 0 OR abs(started_ms - ?) < ?)",
            (row.uniqueid, row.pbx, row.started_ms, DAY_MS),
        )
    near = await tx.all(
        f"SELECT {columns} FROM calls WHERE pbx = ? AND ended_ms >= ? AND started_ms <= ? AND ended_ms <= ?"  # noqa: S608
        " ORDER BY abs(started_ms - ?)",
        (row.pbx, row.started_ms - _NEAR_MS, row.ended_ms + _NEAR_MS, row.ended_ms + DAY_MS, row.started_ms),
    )
    return next((one for one in near if one["id"] not in taken and _same_person(one, row)), None)


def _same_person(one: Row, row: CallRow) -> bool:
    """The same number; where one of the two does not know it, the same number dialled."""
    if one["caller"] is not None and row.caller is not None:
        return bool(one["caller"] == row.caller)
    return bool(one["dialled"] == row.dialled)


async def mend_lost(tx: Tx, call_id: int, row: CallRow) -> bool:
    """Give a lost call the outcome that the call records show; False when it is not lost, or they know none."""
    if row.outcome.value == _LOST:
        return False
    old = await tx.one("SELECT facts FROM calls WHERE id = ? AND outcome = ?", (call_id, _LOST))
    if old is None:
        return False
    facts = {**json.loads(old["facts"]), **json.loads(row.facts), "was": _LOST}
    await tx.run(
        "UPDATE calls SET outcome = ?, detail = ?, source = 'recovered', confidence = ?, ended_ms = ?, facts = ?"
        " WHERE id = ?",
        (row.outcome.value, row.detail, row.confidence, row.ended_ms, json.dumps(facts, ensure_ascii=False), call_id),
    )
    return True


async def save_out(tx: Tx, pbx: str, out: RecoveredOut, number: str) -> bool:
    """Store a call out to ``number`` (E.164); False when it is there already, by key or by number and time."""
    there = await tx.value(
        "SELECT 1 FROM calls_out WHERE number = ? AND ended_ms BETWEEN ? AND ?",
        (number, out.ended_ms - _NEAR_MS, out.ended_ms + _NEAR_MS),
    )
    if there is not None:
        return False
    return (
        await tx.run(
            "INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (call_key) DO NOTHING",
            (f"{pbx}/cdr/{out.uniqueid}/{out.ended_ms}", number, out.ended_ms, int(out.answered)),
        )
        > 0
    )


async def missed_after(tx: Tx, number: str, ended_ms: int) -> bool:
    """Whether this person was missed again after ``ended_ms``: then what waits for them is about that later call."""
    return (
        await tx.value(
            "SELECT 1 FROM calls WHERE caller = ? AND ended_ms > ? AND outcome <> 'answered' LIMIT 1",
            (number, ended_ms),
        )
        is not None
    )


@dataclass(frozen=True, slots=True)
class Learned:
    """What the newest live calls of a PBX have shown.

    ``trunks``: channel names that calls came in through. ``elsewhere``: its carrier connects calls elsewhere (cause
    26), which call records call unanswered. ``told``: dialled numbers whose dialplan has said "handled" or "skip".
    """

    trunks: frozenset[str]
    elsewhere: bool
    told: frozenset[str]


async def learned(tx: Tx, pbx: str) -> Learned:
    """Read the newest calls that were heard."""
    rows = await tx.all(
        "SELECT dialled, detail, json_extract(facts, '$.trunk') AS trunk,"
        " json_type(facts, '$.handled') IS NOT NULL OR json_type(facts, '$.skip') IS NOT NULL AS told"
        " FROM calls WHERE pbx = ? AND source <> 'recovered' ORDER BY ended_ms DESC LIMIT ?",
        (pbx, _LEARN_CALLS),
    )
    return Learned(
        frozenset(row["trunk"] for row in rows if row["trunk"]),
        any(row["detail"] == "elsewhere" for row in rows),
        frozenset(row["dialled"] for row in rows if row["told"]),
    )
