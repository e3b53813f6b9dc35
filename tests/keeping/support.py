"""A database with a little of everything a restore has to be careful about."""

from contextlib import asynccontextmanager

from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry
from textback_pbx.database import Database
from textback_pbx.outbox import store as outbox
from textback_pbx.outbox.store import NewMessage

ANNA, BERT, CARL = "+15125550142", "+447700900123", "+15125550199"
T0 = 1_793_000_000_000
STAMP = "2026-10-26T04:13:20-05:00"


def entry(event, number, at_ms, **more):
    basis = Basis.OPT_OUT if event is Event.REVOKED else Basis.EXPRESS_WRITTEN
    given = {"basis": basis, "channel": "paper", "source": "form", "actor": "office", "local_time": STAMP, **more}
    return NewEntry(event=event, number=number, at_ms=at_ms, **given)


async def say(database, event, number, at_ms=T0, **more):
    async with database.transaction() as tx:
        return await consent.append(tx, entry(event, number, at_ms, **more))


async def call(database, key, *, state="decided", at_ms=T0, caller=ANNA):
    async with database.transaction() as tx:
        return await tx.insert(
            "INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms,"
            " ended_ms, outcome, state) VALUES (?, 'main', ?, 'main', '5001', ?, ?, 0, ?, ?, 'no_answer', ?)",
            (key, key, caller, caller, at_ms - 20_000, at_ms, state),
        )


async def queue_text(database, call_id, *, number=ANNA, at_ms=T0):
    async with database.transaction() as tx:
        new = NewMessage(
            kind="auto", number=number, line="main", body="We missed your call.", encoding="gsm7",
            parts=("We missed your call.",), not_before_ms=at_ms, expires_ms=at_ms + 900_000, call_id=call_id,
        )  # fmt: skip
        return await outbox.enqueue(tx, new, at_ms)


@asynccontextmanager
async def opened(path):
    """Open a file and close it whatever fails: a connection left open keeps the test run from ending."""
    database = await Database.open(path)
    try:
        yield database
    finally:
        await database.close()


async def opted_out(database, number):
    async with database.read() as tx:
        return await consent.is_opted_out(tx, number)
