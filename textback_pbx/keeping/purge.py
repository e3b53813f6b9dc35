"""Forget what is too old: the words of texts after some months, whole records after some years.

A small batch in each transaction, so that a call that comes meanwhile waits for milliseconds. A record goes only when
nothing that is younger refers to it; which tables refer to which is read from the schema itself. The consent ledger is
a chain: a number that has been silent for so long is erased from it as a person's own wish would be (the keyed
fingerprint stays, and with it an opt-out).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from textback_pbx.consent import store as consent
from textback_pbx.database import Database, Tx

#: What stands where the words of a text stood.
DELETED = "[deleted: kept no longer]"

#: The words of customers and staff: table -> (columns, their time). Raw PDUs hold the same words.
WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "messages": (("body",), "created_ms"),
    "parts": (("text", "pdu"), "(SELECT created_ms FROM messages m WHERE m.id = parts.message_id)"),
    "inbound": (("body",), "received_ms"),
    "inbound_parts": (("text", "raw"), "received_ms"),
    "notes": (("body",), "at_ms"),
    "corrections": (("was", "now"), "at_ms"),
}
#: What intake read out of the words; emptied with them.
READINGS: dict[str, str] = {"inbound": "received_ms", "threads": "updated_ms"}

#: Whole records: table -> when a row is from, those that refer before those referred to.
RECORDS: dict[str, str] = {
    "notifications": "created_ms",
    "events": "at_ms",
    "task_events": "at_ms",
    "tasks": "CASE state WHEN 'open' THEN NULL ELSE closed_ms END",
    "looks": "at_ms",
    "nudges": "at_ms",
    "decisions": "at_ms",
    "status_reports": "received_ms",
    "part_events": "at_ms",
    "parts": "(SELECT created_ms FROM messages m WHERE m.id = parts.message_id)",
    "messages": "created_ms",
    "inbound_parts": "received_ms",
    "corrections": "at_ms",
    "inbound": "received_ms",
    "notes": "at_ms",
    "bookings": "coalesce(until_ms, made_ms)",
    "codes": "last_ms",
    "threads": "updated_ms",
    "calls": "ended_ms",
    "calls_out": "ended_ms",
    "gaps": "until_ms",
    "absences": "until_ms",
    "weekly_mails": "made_ms",
    "calendar_entries": "until_ms",
}
_BATCH = 200
#: The full-text indexes over those words.
INDEXES = ("messages_words", "inbound_words", "notes_words", "contacts_words")
_MERGE_PAGES = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in months; 0: for ever."""

    words_months: int = 24
    records_months: int = 60


def cutoff_ms(now_ms: int, months: int) -> int:
    """Return the moment ``months`` calendar months ago, ms UTC (the 31st becomes the month's last day)."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in range(now.day, 27, -1):
        try:
            return round(now.replace(year=year, month=month + 1, day=day).timestamp() * 1000)
        except ValueError:
            continue
    return round(now.replace(year=year, month=month + 1).timestamp() * 1000)


async def purge(
    database: Database, keep: Retention, now_ms: int, *, local_time: Callable[[int], str], dry_run: bool = False
) -> dict[str, int]:
    """Delete what is too old; return how many rows of each kind (with ``dry_run``: how many would go at first)."""
    done: dict[str, int] = {}
    if keep.words_months:
        before = cutoff_ms(now_ms, keep.words_months)
        for table in WORDS:
            done[f"words of {table}"] = await _all_batches(database, _forget_words(table), before, dry_run=dry_run)
        for table, at in READINGS.items():
            done[f"readings of {table}"] = await _all_batches(
                database, _forget_reading(table, at), before, dry_run=dry_run
            )
    if keep.records_months:
        before = cutoff_ms(now_ms, keep.records_months)
        for table in RECORDS:
            sql = await _record_statement(database, table)
            done[table] = await _all_batches(database, sql, before, dry_run=dry_run)
        done["consent of silent numbers"] = await _erase_silent(database, before, now_ms, local_time, dry_run=dry_run)
    if any(done.values()) and not dry_run:
        await _merge_indexes(database)
    return {kind: count for kind, count in done.items() if count}


async def _merge_indexes(database: Database) -> None:
    """Make each full-text index one part, some pages at a time: a word that was deleted stays in an older part."""
    for index in INDEXES:
        pages = -_MERGE_PAGES  # the first call takes every part into the merge, the others go on with it
        while True:
            async with database.transaction() as tx:
                before = int(await tx.value("SELECT total_changes()"))
                await tx.run(f"INSERT INTO {index} ({index}, rank) VALUES ('merge', {pages})")  # noqa: S608 - our own names
                changed = int(await tx.value("SELECT total_changes()")) - before
            if changed < 2 and pages > 0:  # SQLite's own sign that there is nothing left to merge
                break
            pages = _MERGE_PAGES


@dataclass(frozen=True, slots=True)
class _Statement:
    """``change`` alters the rows that ``chosen`` picks; ``:before`` and ``:batch`` are its parameters."""

    table: str
    chosen: str
    change: str


def _forget_words(table: str) -> _Statement:
    columns, at = WORDS[table]
    still = f"{columns[0]} NOT IN ('', :deleted)"
    values = ", ".join(f"{column} = :deleted" for column in columns)
    return _Statement(table, f"{at} < :before AND {still}", f"UPDATE {table} SET {values}")  # noqa: S608 - our own names


def _forget_reading(table: str, at: str) -> _Statement:
    return _Statement(table, f"{at} < :before AND intake <> '{{}}'", f"UPDATE {table} SET intake = '{{}}'")  # noqa: S608 - our own names


async def _record_statement(database: Database, table: str) -> _Statement:
    """Rows of ``table`` from before the cutoff that no row of any table refers to."""
    async with database.read() as tx:
        free = [f"NOT EXISTS (SELECT 1 FROM {child} c WHERE c.{column} = {table}.{key})"  # noqa: S608 - the schema's names
                for child, column, key in await _referring(tx, table)]  # fmt: skip
    return _Statement(table, " AND ".join([f"{RECORDS[table]} < :before", *free]), f"DELETE FROM {table}")  # noqa: S608 - our own names


async def _referring(tx: Tx, table: str) -> list[tuple[str, str, str]]:
    rows = await tx.all(
        'SELECT m.name AS child, f."from" AS col, coalesce(f."to", \'id\') AS key, f.on_delete'
        " FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.\"table\" = ?",
        (table,),
    )
    return [(row["child"], row["col"], row["key"]) for row in rows if row["on_delete"] != "CASCADE"]


async def _all_batches(database: Database, what: _Statement, before: int, *, dry_run: bool) -> int:
    key = "uid" if what.table == "calendar_entries" else "week" if what.table == "weekly_mails" else "rowid"
    params = {"before": before, "deleted": DELETED, "batch": _BATCH}
    if dry_run:
        async with database.read() as tx:
            sql = f"SELECT count(*) FROM {what.table} WHERE {what.chosen}"  # noqa: S608 - our own names
            return int(await tx.value(sql, _used(sql, params)))
    sql = f"{what.change} WHERE {key} IN (SELECT {key} FROM {what.table} WHERE {what.chosen} LIMIT :batch)"  # noqa: S608 - our own names
    total = 0
    while True:
        async with database.transaction() as tx:
            changed = await tx.run(sql, _used(sql, params))
        total += changed
        if changed < _BATCH:
            return total


def _used(sql: str, params: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if f":{name}" in sql}


async def _erase_silent(
    database: Database, before: int, now_ms: int, local_time: Callable[[int], str], *, dry_run: bool
) -> int:
    """Erase from the ledger the numbers whose newest entry is too old and who have no thread any more."""
    sql = (
        "SELECT DISTINCT p.number FROM consent_private p JOIN consent c USING (seq) WHERE p.number <> ''"
        " AND NOT EXISTS (SELECT 1 FROM consent d WHERE d.subject = c.subject AND d.at_ms >= ?)"
        " AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.number = p.number) LIMIT ?"
    )
    total = 0
    while True:
        async with database.read() as tx:
            numbers = [row["number"] for row in await tx.all(sql, (before, _BATCH))]
        if dry_run or not numbers:
            return total + len(numbers)
        for number in numbers:
            async with database.transaction() as tx:
                await consent.erase(
                    tx, number, at_ms=now_ms, local_time=local_time(now_ms), actor="agent", source="retention"
                )
        total += len(numbers)
