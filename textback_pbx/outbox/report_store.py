"""Status reports and late answers in SQL: kept once each, given to the attempt they speak of.

A report can overtake the ``+CMGS`` it belongs to; it is then kept as an orphan and asked again when the part
settles. Reading the same report twice (FAULTS 9, 37) changes nothing.
"""

import hashlib
from dataclasses import dataclass, replace

from textback_pbx.database import Row, Tx
from textback_pbx.outbox.attempt import Event, LateAccept, State
from textback_pbx.outbox.reports import Attempt, Matched, Orphan, Report, Rules, match, read_status
from textback_pbx.outbox.store import Settled, end_the_rest, move, part_row, record

#: How far behind the newest report an early bird is looked for, and how much the clock may have been set meanwhile.
_NEWEST, _SLACK_MS = 500, 120_000


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a report. ``part_id`` is ``None`` for an orphan; ``words`` says what it says, or why not."""

    duplicate: bool
    part_id: int | None
    words: str
    settled: tuple[Settled, ...] = ()


async def apply_report(tx: Tx, report: Report, now_ms: int, rules: Rules) -> Applied:
    """Keep one status report and let it move the part it belongs to, in the caller's transaction."""
    row_id = await tx.value(
        "INSERT INTO status_reports (fingerprint, modem, iccid, recipient, tp_mr, tp_st, scts_ms, discharge_ms, raw, "
        "received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        (
            *(_fingerprint(report), report.modem, report.iccid, report.recipient, report.tp_mr, report.tp_st),
            *(report.scts_ms, report.discharge_ms, report.raw, report.received_ms),
        ),
    )
    if row_id is None:
        return Applied(duplicate=True, part_id=None, words="it was here already")
    found = match(report, await _attempts(tx, report, now_ms, rules), rules)
    if isinstance(found, Orphan):
        return Applied(duplicate=False, part_id=None, words=found.why)
    settled = await _give(tx, int(row_id), report, found, now_ms)
    return Applied(duplicate=False, part_id=found.part_id, words=read_status(report.tp_st).words, settled=settled)


def _fingerprint(report: Report) -> str:
    key = report.raw or f"{report.recipient}/{report.tp_mr}/{report.tp_st}/{report.scts_ms}/{report.discharge_ms}"
    return hashlib.sha256(key.upper().encode()).hexdigest()


async def _attempts(tx: Tx, report: Report, now_ms: int, rules: Rules) -> list[Attempt]:
    rows = await tx.all(
        "SELECT p.*, m.number FROM parts p JOIN messages m ON m.id = p.message_id "
        "WHERE p.handed_over_ms > ? AND (p.tp_mr = ? OR p.tp_mr IS NULL)",
        (now_ms - rules.window_ms, report.tp_mr),
    )
    return [_attempt(row) for row in rows]


def _attempt(row: Row) -> Attempt:
    return Attempt(
        part_id=row["id"],
        number=row["number"],
        state=State(row["state"]),
        handed_over_ms=row["handed_over_ms"],
        tp_mr=row["tp_mr"],
        iccid=row["iccid"],
    )


async def _give(tx: Tx, report_id: int, report: Report, found: Matched, now_ms: int) -> tuple[Settled, ...]:
    await tx.run("UPDATE status_reports SET part_id = ? WHERE id = ?", (found.part_id, report_id))
    row, status = await part_row(tx, found.part_id), read_status(report.tp_st)
    how = "" if found.by_reference else "; matched by number and time, its reference was never heard"
    words = f"report: {status.words} (TP-ST 0x{report.tp_st:02X}){how}"
    state = State(row["state"])
    if state in (State.DELIVERED, State.UNDELIVERED):
        await record(tx, found.part_id, now_ms, state, f"{words}; the first final report stands")
        return ()
    columns = {"tp_mr": report.tp_mr, "accepted_ms": row["accepted_ms"] or now_ms}
    settled = await move(tx, found.part_id, found.event, now_ms, words, columns=columns)
    settled = replace(settled, cannot_text=status.cannot_text)
    if settled.state in (State.ACCEPTED, State.DELIVERED):
        await stay_on(tx, row)
    return (settled, *await end_the_rest(tx, settled, now_ms))


async def stay_on(tx: Tx, part: Row) -> None:
    """The network has a text of this thread from this SIM: what follows in the thread goes out by it too."""
    if part["thread_id"] is not None and part["iccid"] is not None:
        await tx.run("UPDATE threads SET sim = ? WHERE id = ?", (part["iccid"], part["thread_id"]))


async def match_early_reports(tx: Tx, part_id: int, now_ms: int, rules: Rules) -> list[Settled]:
    """Give the reports that came before the answer of a part that has just settled: to it, or to an older one."""
    row = await part_row(tx, part_id)
    if row["handed_over_ms"] is None:
        return []
    rows = await tx.all(
        "SELECT * FROM status_reports WHERE id > (SELECT coalesce(max(id), 0) - ? FROM status_reports) "
        "AND part_id IS NULL AND received_ms >= ? ORDER BY id",
        (_NEWEST, row["handed_over_ms"] - _SLACK_MS),
    )
    settled: list[Settled] = []
    for orphan in rows:
        report = _report(orphan)
        found = match(report, await _attempts(tx, report, now_ms, rules), rules)
        if isinstance(found, Matched):
            settled += await _give(tx, orphan["id"], report, found, now_ms)
    return settled


def _report(row: Row) -> Report:
    return Report(
        recipient=row["recipient"],
        tp_mr=row["tp_mr"],
        tp_st=row["tp_st"],
        received_ms=row["received_ms"],
        modem=row["modem"],
        iccid=row["iccid"],
        scts_ms=row["scts_ms"],
        discharge_ms=row["discharge_ms"],
        raw=row["raw"],
    )


async def accept_late(tx: Tx, late: LateAccept, now_ms: int, rules: Rules) -> list[Settled]:
    """Record a ``+CMGS`` that came after its line had given up: what was unknown is accepted."""
    columns = {"tp_mr": late.tp_mr, "accepted_ms": now_ms}
    words = "the network's answer came late"
    settled = await move(tx, late.part_id, Event.LATE_ACCEPT, now_ms, words, columns=columns)
    await stay_on(tx, await part_row(tx, late.part_id))
    return [settled, *await match_early_reports(tx, late.part_id, now_ms, rules)]
