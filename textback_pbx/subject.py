"""What the office keeps about one person, over every table: given out on request (access), or forgotten (erasure).

:data:`PLACES` is the one list; a test fills a database with a person's whole story, erases it, and looks for what is
left in the file. After an erasure rows stand under a keyed fingerprint: the office's counts stay right, a call to
nobody can be told from a call to somebody else, and an opt-out stays in force. What stays readable is when things
happened and what was decided, without number, name or words.
"""
# ruff: noqa: S608 -- every statement is put together from this file's own constants

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from textback_pbx.consent import store as consent
from textback_pbx.database import Tx
from textback_pbx.keeping.purge import INDEXES
from textback_pbx.outbox import store as outbox

#: What stands where words stood.
ERASED = "[erased]"
#: Every kind of text that may wait for this person.
_KINDS = ("auto", "nudge", "optout_confirmation", "optin_confirmation", "help", "staff", "notify", "test")

_THREADS = "SELECT id FROM threads WHERE number = :n"
_CALLS = "SELECT id FROM calls WHERE caller = :n OR caller_raw = :n"
_TEXTS = "SELECT id FROM messages WHERE number = :n"
_INBOUND = f"SELECT id FROM inbound WHERE sender = :n OR thread_id IN ({_THREADS})"
_TASKS = f"SELECT id FROM tasks WHERE number = :n OR call_id IN ({_CALLS}) OR thread_id IN ({_THREADS})"
_EVENTS = (
    f"SELECT id FROM events WHERE json_extract(data, '$.thread_id') IN ({_THREADS})"
    f" OR json_extract(data, '$.call_id') IN ({_CALLS}) OR json_extract(data, '$.task_id') IN ({_TASKS})"
    f" OR json_extract(data, '$.inbound_id') IN ({_INBOUND}) OR json_extract(data, '$.message_id') IN ({_TEXTS})"
    " OR json_extract(data, '$.consent_seq') IN (SELECT seq FROM consent WHERE subject = :subject)"
)
#: What our own staff wrote about the person, and what they were told.
_ORDERS = f"SELECT id FROM inbound WHERE about_thread_id IN ({_THREADS})"
_TOLD = (
    f"SELECT message_id FROM notifications WHERE event_id IN ({_EVENTS}) UNION ALL"
    f" SELECT id FROM messages WHERE about_thread_id IN ({_THREADS}) UNION ALL"
    f" SELECT id FROM messages WHERE kind = 'notify' AND inbound_id IN ({_ORDERS})"
)
_CONTACT = "SELECT contact_id FROM contact_numbers WHERE number = :n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table keeps something about a person, and what becomes of it.

    ``rows`` is the condition; ``change`` maps columns to SQL values (``:token`` is the fingerprint's name for the
    person, ``:erased`` the mark); an empty one deletes the rows.
    """

    table: str
    rows: str
    change: Mapping[str, str]


_WORDS = ":erased"
#: What refers comes before what is referred to by number, so that each row is still found.
PLACES: tuple[Place, ...] = (
    Place("notifications", f"event_id IN ({_EVENTS})",
          {"payload": "''", "error": "''",
           "state": "CASE WHEN state IN ('waiting', 'dead') THEN 'dropped' ELSE state END"}),
    Place("parts", f"message_id IN ({_TEXTS})", {"text": _WORDS, "pdu": "''"}),
    Place("parts", f"message_id IN ({_TOLD})", {"text": _WORDS, "pdu": "''"}),
    Place("messages", f"id IN ({_TOLD})", {"body": _WORDS}),
    Place("inbound_parts", f"inbound_id IN ({_ORDERS})", {"text": _WORDS, "raw": "''", "problem": "''"}),
    Place("inbound", f"id IN ({_ORDERS})", {"body": _WORDS}),
    Place("status_reports", f"recipient = :n OR part_id IN (SELECT id FROM parts WHERE message_id IN ({_TEXTS}))",
          {"recipient": ":token", "raw": "''"}),
    Place("task_events", f"task_id IN ({_TASKS})", {"detail": "''"}),
    Place("corrections", f"thread_id IN ({_THREADS})", {"was": "'\"\"'", "now": "'\"\"'"}),
    Place("bookings", f"thread_id IN ({_THREADS})", {"what": "''"}),
    Place("notes", f"thread_id IN ({_THREADS})", {"body": _WORDS}),
    Place("decisions", f"call_id IN ({_CALLS})",
          {"facts": "json_remove(facts, '$.caller', '$.contact_name', '$.zones')"}),
    Place("tasks", f"id IN ({_TASKS})", {"number": "NULL", "reason": _WORDS, "result": "''"}),
    Place("inbound_parts", f"sender = :n OR inbound_id IN ({_INBOUND})",
          {"sender": ":token", "text": _WORDS, "raw": "''", "problem": "''"}),
    Place("inbound", f"id IN ({_INBOUND})",
          {"sender": ":token", "body": _WORDS, "intake": "'{}'", "keyword_why": "''"}),
    Place("messages", "number = :n", {"number": ":token", "body": _WORDS}),
    Place("threads", "number = :n", {"number": ":token", "intake": "'{}'", "status": "'closed'"}),
    Place("calls", "caller = :n OR caller_raw = :n",
          {"caller": "NULL", "caller_raw": "''", "legs": "'[]'", "facts": "'{}'"}),
    Place("calls_out", "number = :n", {"number": ":token"}),
    Place("cannot_text", "number = :n", {}),
    Place("contact_tags", f"contact_id IN ({_CONTACT})", {}),
    Place("contacts", f"id IN ({_CONTACT})", {"name": "''", "email": "''", "note": "''"}),
    Place("contact_numbers", "number = :n", {}),
)  # fmt: skip


#: Every column that holds a number of somebody outside.
_NUMBERS = (
    ("threads", "number"), ("messages", "number"), ("calls", "caller"), ("calls", "caller_raw"),
    ("calls_out", "number"), ("inbound", "sender"), ("inbound_parts", "sender"), ("status_reports", "recipient"),
    ("tasks", "number"), ("cannot_text", "number"), ("contact_numbers", "number"),
)  # fmt: skip


class NotNow(Exception):
    """A text to this person is with the modem at this moment; the message says what to do."""


async def access(tx: Tx, number: str, now_ms: int) -> dict[str, Any]:
    """Return everything on file about an E.164 number, by table; works in a read-only transaction."""
    found: dict[str, Any] = {"number": number, "as_of_ms": now_ms}
    found["consent"] = {
        "status": (await consent.state_of(tx, number, now_ms)).status.value,
        "entries": await consent.export(tx, number),
    }
    entries = await consent.entries_of(tx, number)
    values = {"n": number, "subject": entries[0].subject if entries else ""}
    for place in PLACES:
        rows = await tx.all(f"SELECT * FROM {place.table} WHERE {place.rows}", values)
        kept = found.setdefault(place.table, [])
        kept += [row for row in map(_plain, rows) if row not in kept]
    return {key: value for key, value in found.items() if value != []}


def _plain(row: Any) -> dict[str, Any]:
    """Return a row as plain values; columns that hold JSON are read."""
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row is no dict
    for key in ("facts", "legs", "trace", "intake"):
        if isinstance(values.get(key), str):
            values[key] = json.loads(values[key] or "null")
    return values


async def erase(
    tx: Tx, number: str, *, at_ms: int, local_time: str, actor: str, source: str = "request"
) -> dict[str, int]:
    """Forget a number in every table, in one transaction; return how many rows of each were changed.

    Texts that wait are taken back first. The ledger's private fields go, its chain stays whole, an opt-out stays in
    force. Raises :class:`NotNow` while a text to the person is being handed over.
    """
    busy = "SELECT 1 FROM parts p JOIN messages m ON m.id = p.message_id WHERE m.number = ? AND p.state = 'handed_over'"
    if await tx.value(busy, (number,)) is not None:
        raise NotNow("a text to this number is being sent: wait a minute, then try again")
    await outbox.cancel_waiting(tx, number, "the person's data were erased", at_ms, kinds=_KINDS, actor=actor)
    entry = await consent.erase(tx, number, at_ms=at_ms, local_time=local_time, actor=actor, source=source)
    done = await _forget(tx, number, entry.subject)
    await _close_indexes(tx)
    return {"ledger_entry": entry.seq, **{table: count for table, count in done.items() if count}}


async def erase_again(tx: Tx, subjects: Collection[str]) -> int:
    """Forget those whose erasure the ledger has, by fingerprint, but whose rows a backup has brought back.

    Returns how many people that were. The ledger itself is not touched: it says so already.
    """
    if not subjects:
        return 0
    rows = await tx.all(" UNION ".join(f"SELECT {column} FROM {table}" for table, column in _NUMBERS))
    found = [(str(row[0]), await consent.fingerprint(tx, str(row[0]))) for row in rows if row[0]]
    again = [(number, subject) for number, subject in found if subject in subjects]
    for number, subject in again:
        await _forget(tx, number, subject)
    if again:
        await _close_indexes(tx)
    return len(again)


async def _forget(tx: Tx, number: str, subject: str) -> dict[str, int]:
    values = {"n": number, "subject": subject, "token": f"erased-{subject[:16]}", "erased": ERASED}
    await _make_room(tx, values)
    done: dict[str, int] = {}
    for place in PLACES:
        sql = _statement(place)
        used = {key: value for key, value in values.items() if f":{key}" in sql}
        done[place.table] = done.get(place.table, 0) + await tx.run(sql, used)
    return done


async def _close_indexes(tx: Tx) -> None:
    for index in INDEXES:  # a deleted word stays in an old part of the index until the parts are made one
        await tx.run(f"INSERT INTO {index} ({index}) VALUES ('optimize')")


def _statement(place: Place) -> str:
    if not place.change:
        return f"DELETE FROM {place.table} WHERE {place.rows}"
    changes = ", ".join(f"{column} = {value}" for column, value in place.change.items())
    return f"UPDATE {place.table} SET {changes} WHERE {place.rows}"


async def _make_room(tx: Tx, values: Mapping[str, Any]) -> None:
    """A person who is erased a second time has a second thread on a line; the first keeps the plain name."""
    await tx.run(
        "UPDATE threads SET number = number || '-' || id WHERE number = :token AND line IN"
        " (SELECT line FROM threads WHERE number = :n)",
        {"n": values["n"], "token": values["token"]},
    )
