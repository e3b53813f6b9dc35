"""What the decision tests share: a line, a policy, calls in the database, facts of an ordinary missed call."""

from dataclasses import replace
from typing import Any

from textback_pbx.clock import MINUTE_MS
from textback_pbx.database import Tx
from textback_pbx.decision.facts import ALLOWED, Facts
from textback_pbx.decision.hours import OFFICE_WEEK, Schedule
from textback_pbx.decision.policy import LinePolicy, Policy

#: Monday 2026-11-16 10:00 in Chicago.
MONDAY_10 = 1_794_844_800_000
CALLER = "+15125550142"
LINE = LinePolicy(
    name="main",
    business="Alder Plumbing",
    hours=Schedule(week=OFFICE_WEEK, zone="America/Chicago"),
    phone="+1 512 555 0100",
)
POLICY = Policy()


def ordinary(**changes: Any) -> Facts:
    """Facts of a call that gets its text: missed a moment ago, in opening hours, consent on record."""
    return replace(
        Facts(
            now_ms=MONDAY_10,
            call_id=1,
            line="main",
            outcome="no_answer",
            detail="abandoned",
            started_ms=MONDAY_10 - 25_000,
            ended_ms=MONDAY_10 - 1_000,
            ring_ms=20_000,
            caller=CALLER,
            number_kind="fixed_or_mobile",
            region="US",
            zones=("America/Chicago",),
            clock_trusted=True,
            opted_out=False,
            consent=ALLOWED,
            consent_why="consent on record",
            consent_seq=1,
            zone="America/Chicago",
            send_ms=MONDAY_10,
            waking=True,
            waking_from_ms=MONDAY_10,
            situation="no_answer.open",
        ),
        **changes,
    )


async def add_call(tx: Tx, **columns: Any) -> int:
    """Insert a missed call; give columns to differ."""
    ended = columns.get("ended_ms", MONDAY_10 - 1_000)
    values = {
        "pbx": "pbx",
        "uniqueid": "1.1",
        "line": "main",
        "dialled": "+15125550100",
        "caller_raw": CALLER,
        "caller": CALLER,
        "withheld": 0,
        "started_ms": ended - MINUTE_MS // 2,
        "ended_ms": ended,
        "outcome": "no_answer",
        "detail": "abandoned",
        "ring_ms": 20_000,
        "facts": '{"presentation": "allowed_not_screened"}',
    } | columns
    count = await tx.value("SELECT count(*) FROM calls")
    values.setdefault("call_key", f"pbx/{count}")
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    return await tx.insert(f"INSERT INTO calls ({names}) VALUES ({marks})", tuple(values.values()))


async def add_message(tx: Tx, **columns: Any) -> int:
    """Insert an automatic text to the caller; give columns to differ."""
    created = columns.get("created_ms", MONDAY_10)
    values = {
        "kind": "auto",
        "line": "main",
        "number": CALLER,
        "body": "x",
        "encoding": "gsm7",
        "segments": 1,
        "created_ms": created,
        "not_before_ms": created,
        "expires_ms": created + 15 * MINUTE_MS,
        "actor": "agent",
    } | columns
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    return await tx.insert(f"INSERT INTO messages ({names}) VALUES ({marks})", tuple(values.values()))
