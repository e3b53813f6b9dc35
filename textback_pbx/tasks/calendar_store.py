"""The SQL of the calendar: what stands in it now, and what calendars were told before."""

import json
import secrets

from textback_pbx.clock import DAY_MS
from textback_pbx.database import Row, Tx
from textback_pbx.replies.threads.understood import window_of
from textback_pbx.tasks.calendar import CALL_BACK_MS, CANCELLED_FOR_MS, Entry, Known, follow, gone

_ID = "calendar_id"
#: Bookings stay in the file for so long after they are over.
PAST_MS = 60 * DAY_MS

_BOOKINGS = """
SELECT b.id, b.from_ms, b.until_ms, b.what, t.id AS thread_id, t.number, t.line, coalesce(c.name, '') AS name
FROM bookings b JOIN threads t ON t.id = b.thread_id
LEFT JOIN contact_numbers n ON n.number = t.number LEFT JOIN contacts c ON c.id = n.contact_id
WHERE b.withdrawn_ms IS NULL AND b.until_ms > :since ORDER BY b.from_ms, b.id
"""
_CALL_BACKS = """
SELECT k.id, k.due_ms, k.reason, k.priority, k.owner, k.line, k.number, k.created_ms, coalesce(c.name, '') AS name,
  (SELECT t.intake FROM threads t WHERE t.number = k.number AND t.line = k.line AND EXISTS (SELECT 1 FROM inbound i
     WHERE i.thread_id = t.id AND i.received_ms >= k.created_ms)) AS intake
FROM tasks k LEFT JOIN contact_numbers n ON n.number = k.number LEFT JOIN contacts c ON c.id = n.contact_id
WHERE k.state = 'open' AND k.kind IN ('call_back', 'unknown_send') AND k.number IS NOT NULL ORDER BY k.due_ms, k.id
"""


async def entries(tx: Tx, now_ms: int) -> list[tuple[Entry | None, Known]]:
    """Return what the calendar says now, and remember it: one transaction, so that no SEQUENCE is told twice."""
    home = await _home(tx)
    current = [_booking(row, home) for row in await tx.all(_BOOKINGS, {"since": now_ms - PAST_MS})]
    current += [_call_back(row, home) for row in await tx.all(_CALL_BACKS)]
    before = {row["uid"]: _known(row) for row in await tx.all("SELECT * FROM calendar_entries")}
    told: list[tuple[Entry | None, Known]] = [(one, follow(one, before.get(one.uid), now_ms)) for one in current]
    there = {one.uid for one in current}
    told += [(None, gone(old, now_ms)) for uid, old in before.items() if uid not in there and _is_news(old, now_ms)]
    await _remember(tx, [known for _, known in told])
    return told


def _is_news(old: Known, now_ms: int) -> bool:
    """Whether calendars still have to hear that it is gone; what was over by itself is not."""
    if old.cancelled:
        return now_ms - old.changed_ms < CANCELLED_FOR_MS
    return old.until_ms > now_ms - PAST_MS


async def _home(tx: Tx) -> str:
    """Return what makes this office's UIDs its own (3.8.4.7); made once."""
    await tx.run(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (_ID, secrets.token_hex(16))
    )
    return str(await tx.value("SELECT value FROM meta WHERE key = ?", (_ID,)))


def _booking(row: Row, home: str) -> Entry:
    who = row["name"] or row["number"]
    what = f": {row['what']}" if row["what"] else ""
    description = f"{row['number']} on {row['line']}\ntextback-pbx threads show {row['thread_id']}"
    return Entry(f"booking-{row['id']}@{home}", row["from_ms"], row["until_ms"], f"{who}{what}", description, "booking")


def _call_back(row: Row, home: str) -> Entry:
    """Stand before the deadline, or in the window that the customer asked for since."""
    asked = window_of(json.loads(row["intake"] or "{}"))
    start, end = asked or (row["due_ms"] - CALL_BACK_MS, row["due_ms"])
    urgent = "" if row["priority"] == "normal" else f"{row['priority'].upper()}: "
    description = f"{row['number']} on {row['line']}, for {row['owner']}: {row['reason']}"
    description += f"\ntextback-pbx tasks show {row['id']}"
    summary = f"{urgent}call {row['name'] or row['number']} back"
    return Entry(f"call-back-{row['id']}@{home}", start, end, summary, description, "call-back", busy=False)


def _known(row: Row) -> Known:
    return Known(**{**dict(row), "cancelled": bool(row["cancelled"])})


async def _remember(tx: Tx, told: list[Known]) -> None:
    await tx.run("DELETE FROM calendar_entries")
    await tx.many(
        "INSERT INTO calendar_entries (uid, digest, sequence, changed_ms, from_ms, until_ms, cancelled)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(k.uid, k.digest, k.sequence, k.changed_ms, k.from_ms, k.until_ms, int(k.cancelled)) for k in told],
    )
