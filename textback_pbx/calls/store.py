"""The SQL of the calls stage: calls, calls out, gaps, and the heartbeat of each PBX. Times are ms UTC.

A call is stored once, by its key: storing it again (after a crash, from a backfill) changes nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textback_pbx.calls.outcome import CallRecord, Outcome
from textback_pbx.calls.replay import leg_as_json, ring_ms
from textback_pbx.calls.selftest import Seen, seen_of
from textback_pbx.calls.trunks import endpoint
from textback_pbx.calls.watcher import Finished, FinishedOut
from textback_pbx.clock import DAY_MS
from textback_pbx.database import Row, Tx

_MAX_RAW = 64


@dataclass(frozen=True, slots=True)
class CallRow:
    """One row of ``calls``; ``caller`` is E.164, None when withheld or no number. ``legs``, ``facts`` are JSON."""

    call_key: str
    pbx: str
    uniqueid: str
    line: str
    dialled: str
    caller_raw: str
    caller: str | None
    withheld: bool
    started_ms: int
    ended_ms: int
    outcome: Outcome
    detail: str = ""
    ring_ms: int | None = None
    source: str = "live"  # live, adopted, recovered
    confidence: str = "high"  # high, low
    legs: str = "[]"
    facts: str = "{}"
    clock_trusted: bool = True


def row_of(finished: Finished, *, line: str, caller: str | None, clock_trusted: bool = True) -> CallRow:
    """The row of a finished call. ``line`` and ``caller`` (E.164) are the pipeline's, from its configuration."""
    record = finished.record
    return CallRow(
        call_key=finished.key,
        pbx=finished.pbx,
        uniqueid=record.uniqueid,
        line=line,
        dialled=record.dialled,
        caller_raw="" if record.withheld else record.caller[:_MAX_RAW],
        caller=None if record.withheld else caller,
        withheld=record.withheld,
        started_ms=finished.started_ms,
        ended_ms=finished.ended_ms,
        outcome=finished.verdict.outcome,
        detail=finished.verdict.detail,
        ring_ms=ring_ms(record),
        source="adopted" if record.adopted else "live",
        confidence="low" if record.adopted else "high",
        legs=json.dumps([leg_as_json(leg) for leg in record.legs], ensure_ascii=False),
        facts=json.dumps(_facts(record, finished), ensure_ascii=False, default=str),
        clock_trusted=clock_trusted,
    )


def _facts(record: CallRecord, finished: Finished) -> dict[str, Any]:
    facts = dict(record.facts)
    if record.withheld:
        facts.pop("consent", None)  # it may name the number that the caller withheld
    trunk = endpoint(record.channel)  # what calls out and recovered calls are known by
    return facts | {"application": record.application, "why": finished.verdict.condition, "trunk": trunk}


async def save_call(tx: Tx, row: CallRow) -> int | None:
    """Store a call in state ``new``; return its id, or None when it was there already (recovered ones included)."""
    if row.uniqueid and row.source != "recovered":
        recovered = await tx.value(
            "SELECT 1 FROM calls WHERE uniqueid = ? AND pbx = ? AND source = 'recovered'"
            " AND abs(started_ms - ?) < 86400000",
            (row.uniqueid, row.pbx, row.started_ms),
        )
        if recovered is not None:
            return None
    key = await _free_key(tx, row)
    if key is None:
        return None
    changed = await tx.one(
        "INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms, ended_ms,"
        " outcome, detail, ring_ms, source, confidence, legs, facts, clock_trusted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (call_key) DO NOTHING RETURNING id",
        (
            key,
            row.pbx,
            row.uniqueid,
            row.line,
            row.dialled,
            row.caller_raw,
            row.caller,
            int(row.withheld),
            row.started_ms,
            row.ended_ms,
            row.outcome.value,
            row.detail,
            row.ring_ms,
            row.source,
            row.confidence,
            row.legs,
            row.facts,
            int(row.clock_trusted),
        ),
    )
    return None if changed is None else int(changed["id"])


async def _free_key(tx: Tx, row: CallRow) -> str | None:
    """The key to store this call by; None when this very call is there already.

    A key may come again where the clock does (a Raspberry Pi boots with the same time, and Asterisk counts from the
    beginning): another caller, another number or another day under it is another call.
    """
    for number in range(1, 1_000):
        key = row.call_key if number == 1 else f"{row.call_key}#{number}"
        known = await tx.one("SELECT caller_raw, dialled, started_ms FROM calls WHERE call_key = ?", (key,))
        if known is None:
            return key
        same_people = (known["caller_raw"], known["dialled"]) == (row.caller_raw, row.dialled)
        if same_people and abs(known["started_ms"] - row.started_ms) < DAY_MS:
            return None
    return None


async def save_call_out(tx: Tx, out: FinishedOut, number: str) -> bool:
    """Store a call out to ``number`` (E.164); False when it was there already."""
    return (
        await tx.run(
            "INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (call_key) DO NOTHING",
            (out.key, number, out.ended_ms, int(out.call.answered)),
        )
        > 0
    )


async def open_gap(tx: Tx, pbx: str, from_ms: int, reason: str) -> int:
    """A gap begins; the one that lasts already is kept (its id is returned)."""
    lasting = await tx.value("SELECT id FROM gaps WHERE pbx = ? AND until_ms IS NULL", (pbx,))
    if lasting is not None:
        return int(lasting)
    return await tx.insert("INSERT INTO gaps (pbx, from_ms, reason) VALUES (?, ?, ?)", (pbx, from_ms, reason))


async def close_gap(tx: Tx, pbx: str, until_ms: int) -> int | None:
    """The gap of ``pbx`` is over; return its id, or None when there was none."""
    lasting = await tx.value("SELECT id FROM gaps WHERE pbx = ? AND until_ms IS NULL", (pbx,))
    if lasting is None:
        return None
    await tx.run("UPDATE gaps SET until_ms = max(from_ms, ?), look_ms = NULL WHERE id = ?", (until_ms, lasting))
    return int(lasting)


async def heartbeat(tx: Tx, pbx: str, now_ms: int) -> None:
    """Note that ``pbx`` was heard until now; once a minute is enough. It dates the gap after a crash."""
    await tx.run(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (f"heard:{pbx}", str(now_ms)),
    )


async def last_heard(tx: Tx, pbx: str) -> int | None:
    """When ``pbx`` was heard last, ms UTC; None: never."""
    value = await tx.value("SELECT value FROM meta WHERE key = ?", (f"heard:{pbx}",))
    return None if value is None else int(value)


async def keep_seen(tx: Tx, pbx: str, seen: Seen) -> None:
    """Keep what arrives from ``pbx``; ``doctor`` reads it."""
    await tx.run(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (f"seen:{pbx}", seen.as_json()),
    )


async def seen(tx: Tx, pbx: str) -> Seen:
    """What arrived from ``pbx`` since the agent knows it."""
    return seen_of(await tx.value("SELECT value FROM meta WHERE key = ?", (f"seen:{pbx}",)))


_COLUMNS = (
    "c.id, c.uniqueid, c.pbx, c.line, c.dialled, c.caller, c.caller_raw, c.withheld, c.started_ms, c.ended_ms,"
    " c.outcome, c.detail, c.ring_ms, c.source, c.confidence, c.state, d.verdict, d.rule"
)


async def list_calls(
    tx: Tx, *, limit: int = 50, since_ms: int | None = None, caller: str | None = None, outcome: str | None = None
) -> Sequence[Row]:
    """The newest calls first, with their decision if there is one. Walks an index, so it is quick at any size."""
    where, params = ["1"], []
    for sql, value in (("c.ended_ms >= ?", since_ms), ("c.caller = ?", caller), ("c.outcome = ?", outcome)):
        if value is not None:
            where.append(sql)
            params.append(value)
    return await tx.all(
        f"SELECT {_COLUMNS} FROM calls c LEFT JOIN decisions d ON d.call_id = c.id"  # noqa: S608  # fixed words only
        f" WHERE {' AND '.join(where)} ORDER BY c.ended_ms DESC LIMIT ?",
        (*params, limit),
    )


async def find_call(tx: Tx, which: str) -> Row | None:
    """One call by its id or its Uniqueid (the newest of that name; ``PBX/UNIQUEID`` on one PBX), whole."""
    if which.isdecimal() and len(which) < 18:
        row = await tx.one("SELECT * FROM calls WHERE id = ?", (int(which),))
        if row is not None:
            return row
    pbx, slash, uniqueid = which.rpartition("/")
    if slash:
        return await tx.one(
            "SELECT * FROM calls WHERE uniqueid = ? AND pbx = ? ORDER BY id DESC LIMIT 1", (uniqueid, pbx)
        )
    return await tx.one("SELECT * FROM calls WHERE uniqueid = ? ORDER BY id DESC LIMIT 1", (which,))


async def gap_of(tx: Tx, pbx: str, at_ms: int) -> Row | None:
    """The newest gap of a PBX that covers this time (a clock's second either way); None: it was heard then."""
    return await tx.one(
        "SELECT * FROM gaps WHERE pbx = ? AND from_ms <= ? + 60000 AND coalesce(until_ms, ?) >= ? - 2000"
        " ORDER BY id DESC LIMIT 1",
        (pbx, at_ms, at_ms, at_ms),
    )


async def list_gaps(tx: Tx, *, since_ms: int = 0, limit: int = 50) -> Sequence[Row]:
    """The gaps that lasted into the time since ``since_ms``, the newest first."""
    return await tx.all(
        "SELECT * FROM gaps WHERE until_ms IS NULL OR until_ms >= ? ORDER BY id DESC LIMIT ?", (since_ms, limit)
    )
