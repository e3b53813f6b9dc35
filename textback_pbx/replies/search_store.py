"""The SQL of the search: texts both ways, notes and contacts, the newest first.

The index holds no copy of the words (FTS5 external content): a hit shows the row as it is now, and triggers of the
schema take words out of the index in the statement that overwrites or deletes them. Order is by row, not by rank: an
office looks for what was said lately, and the newest hits are found without reading the older ones.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from textback_pbx.database import Row, Tx
from textback_pbx.replies.search import Query

#: Marks around what was found in an excerpt; no text holds them.
MARK, END = "\x02", "\x03"
TABLES = ("messages_words", "inbound_words", "notes_words", "contacts_words")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. ``kind``: text_out, text_in, note, contact or number; ``excerpt`` has :data:`MARK`, :data:`END`.

    ``thread_id`` is ``None`` for a contact without a conversation yet.
    """

    kind: str
    id: int
    at_ms: int
    thread_id: int | None
    number: str
    line: str
    name: str
    excerpt: str


_TEXTS = {
    "text_out": """
SELECT m.id, m.created_ms AS at_ms, m.thread_id, m.number, m.line, {excerpt} AS excerpt
FROM messages_words JOIN messages m ON m.id = messages_words.rowid
WHERE messages_words MATCH :match AND m.kind NOT IN ('notify', 'test') AND (:line IS NULL OR m.line = :line)
ORDER BY messages_words.rowid DESC LIMIT :limit
""",
    "text_in": """
SELECT i.id, i.received_ms AS at_ms, i.thread_id, i.sender AS number, i.line, {excerpt} AS excerpt
FROM inbound_words JOIN inbound i ON i.id = inbound_words.rowid
WHERE inbound_words MATCH :match AND (:line IS NULL OR i.line = :line)
ORDER BY inbound_words.rowid DESC LIMIT :limit
""",
    "note": """
SELECT n.id, n.at_ms, n.thread_id, t.number, t.line, {excerpt} AS excerpt
FROM notes_words JOIN notes n ON n.id = notes_words.rowid JOIN threads t ON t.id = n.thread_id
WHERE notes_words MATCH :match AND (:line IS NULL OR t.line = :line)
ORDER BY notes_words.rowid DESC LIMIT :limit
""",
}
_WORDS = {"text_out": "messages_words", "text_in": "inbound_words", "note": "notes_words"}
_CONTACTS = """
SELECT c.id, c.updated_ms AS at_ms, c.name, n.number,
  snippet(contacts_words, -1, :mark, :end, '…', 12) AS excerpt
FROM contacts_words JOIN contacts c ON c.id = contacts_words.rowid
LEFT JOIN contact_numbers n ON n.contact_id = c.id
WHERE contacts_words MATCH :match ORDER BY contacts_words.rowid DESC LIMIT :limit
"""


async def search(tx: Tx, query: Query, *, line: str | None = None, limit: int = 20) -> list[Hit]:
    """Return at most ``limit`` hits: contacts and numbers first, then texts and notes, the newest first."""
    values = {"match": query.match, "line": line, "limit": limit, "mark": MARK, "end": END}
    people = [*await _numbers(tx, query, line, limit), *await _contacts(tx, values)]
    said = []
    for kind, sql in _TEXTS.items():
        asked = {**values, "match": _within(query.match, None if kind == "note" else line)}
        excerpt = f"snippet({_WORDS[kind]}, 0, :mark, :end, '…', 12)"
        said += [await _hit(tx, kind, row) for row in await tx.all(sql.format(excerpt=excerpt), asked)]
    said.sort(key=lambda hit: (-hit.at_ms, hit.kind, -hit.id))
    return [*people, *said][:limit]


def _within(match: str, line: str | None) -> str:
    """Return the expression for the words alone, in one line's texts.

    The index knows a line by the words of its name, the row by the name itself: the one is fast, the other exact.
    """
    words = f"body : ({match})"
    if line is None or not any(char.isalnum() for char in line):
        return words
    name = line.replace('"', " ")
    return f'{words} AND line : "{name}"'


async def _hit(tx: Tx, kind: str, row: Row) -> Hit:
    number, line = row["number"], row["line"]
    thread_id = row["thread_id"] or await tx.value(
        "SELECT id FROM threads WHERE number = ? AND line = ?", (number, line)
    )
    return Hit(
        kind,
        row["id"],
        row["at_ms"],
        thread_id,
        number,
        line,
        await _name(tx, number),
        " ".join(row["excerpt"].split()),
    )


async def _name(tx: Tx, number: str) -> str:
    found = await tx.value(
        "SELECT c.name FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id WHERE n.number = ?", (number,)
    )
    return str(found or "")


async def _contacts(tx: Tx, values: dict[str, str | int | None]) -> list[Hit]:
    hits = []
    for row in await tx.all(_CONTACTS, values):
        threads = await tx.all(
            "SELECT id, line FROM threads WHERE number = :number AND (:line IS NULL OR line = :line)",
            {"number": row["number"], "line": values["line"]},
        )
        if values["line"] is not None and not threads:
            continue
        thread_id, line = (threads[0]["id"], threads[0]["line"]) if threads else (None, "")
        hits.append(
            Hit("contact", row["id"], row["at_ms"], thread_id, row["number"] or "", line, row["name"], row["excerpt"])
        )
    return hits


async def _numbers(tx: Tx, query: Query, line: str | None, limit: int) -> list[Hit]:
    """Return threads whose number ends in the digits of the query."""
    if not query.digits:
        return []
    rows = await tx.all(
        "SELECT id, number, line, updated_ms FROM threads WHERE id IN (SELECT id FROM threads WHERE number LIKE :end)"
        " AND (:line IS NULL OR line = :line) ORDER BY updated_ms DESC LIMIT :limit",
        {"end": f"%{query.digits}", "line": line, "limit": limit},
    )
    return [
        Hit("number", r["id"], r["updated_ms"], r["id"], r["number"], r["line"], await _name(tx, r["number"]), "")
        for r in rows
    ]


async def scrub(tx: Tx) -> None:
    """Merge the index into one piece, so that nothing of erased words stays in its older ones.

    Erased words cannot be found from the moment they are erased; this is for who reads the file itself. It writes the
    whole index once: seconds for a hundred thousand texts. For one person's erasure; see :func:`scrub_slowly`.
    """
    for table in TABLES:
        await tx.run(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - constants only


async def scrub_slowly(transaction: Callable[[], AbstractAsyncContextManager[Tx]], pages: int = 100) -> int:
    """Do the same a few pages a transaction, so that a call that comes meanwhile waits for milliseconds.

    Returns how many transactions it took. A negative number of pages begins to merge everything into one piece, as
    ``optimize`` does (https://www.sqlite.org/fts5.html, 6.8); it is done when a step changes less than two rows.
    """
    steps = 0
    for table in TABLES:
        many, changed = -pages, 2
        while changed >= 2:
            async with transaction() as tx:
                before = await tx.value("SELECT total_changes()")
                await tx.run(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (many,))  # noqa: S608 - constants only
                changed = await tx.value("SELECT total_changes()") - before
            many, steps = pages, steps + 1
    return steps
