"""Everything as rows for a spreadsheet or another program: one query a table, read in pages by its key.

A page at a time, so that a million calls take no more memory than a thousand. Each query's first column is the key
that pages follow; columns whose names end in ``_ms`` are moments.
"""

from collections.abc import AsyncIterator

from textback_pbx.database import Row, Tx

_PAGE = 5_000
_MESSAGES = """
SELECT m.id, 'out' AS direction, m.kind, m.created_ms AS at_ms, m.number, m.line, m.thread_id, m.call_id, m.body,
  (SELECT group_concat(p.state) FROM parts p WHERE p.message_id = m.id) AS delivery, m.segments, m.template, m.actor,
  coalesce(m.cancelled, '') AS cancelled
FROM messages m WHERE m.kind NOT IN ('notify', 'test') AND m.id > :after ORDER BY m.id LIMIT :page
"""
_INBOUND = """
SELECT i.id, 'in' AS direction, i.keyword AS kind, i.received_ms AS at_ms, i.sender AS number, i.line, i.thread_id,
  NULL AS call_id, i.body, CASE i.complete WHEN 1 THEN 'received' ELSE 'incomplete' END AS delivery, NULL AS segments,
  '' AS template, '' AS actor, '' AS cancelled
FROM inbound i WHERE i.id > :after ORDER BY i.id LIMIT :page
"""
#: name -> its queries, one after the other; each takes ``:after``, the key of the last row, and ``:page``.
TABLES: dict[str, tuple[str, ...]] = {
    "calls": (
        """
SELECT c.id, c.started_ms, c.ended_ms, c.line, c.dialled, coalesce(c.caller, '') AS caller, c.withheld, c.outcome,
  c.detail, c.ring_ms / 1000.0 AS ring_seconds, c.source, c.confidence, coalesce(d.verdict, '') AS verdict,
  coalesce(d.rule, '') AS rule, coalesce(d.reason, '') AS reason
FROM calls c LEFT JOIN decisions d ON d.call_id = c.id WHERE c.id > :after ORDER BY c.id LIMIT :page
""",
    ),
    "messages": (_INBOUND, _MESSAGES),
    "threads": (
        """
SELECT t.id, t.number, coalesce(c.name, '') AS name, coalesce(c.customer, '') AS customer, t.line, t.status, t.owner,
  t.automation, t.look_ms, t.opened_ms, t.updated_ms, t.intake
FROM threads t LEFT JOIN contact_numbers n ON n.number = t.number LEFT JOIN contacts c ON c.id = n.contact_id
WHERE t.id > :after ORDER BY t.id LIMIT :page
""",
    ),
    "notes": ("SELECT id, thread_id, at_ms, actor, body FROM notes WHERE id > :after ORDER BY id LIMIT :page",),
    "corrections": (
        """
SELECT k.id, k.thread_id, k.inbound_id, k.at_ms, k.actor, k.field, k.was, k.now, coalesce(i.body, '') AS body
FROM corrections k LEFT JOIN inbound i ON i.id = k.inbound_id WHERE k.id > :after ORDER BY k.id LIMIT :page
""",
    ),
    "bookings": (
        """
SELECT b.id, b.thread_id, t.number, t.line, b.made_ms, b.from_ms, b.until_ms, b.what, b.actor, b.withdrawn_ms
FROM bookings b JOIN threads t ON t.id = b.thread_id WHERE b.id > :after ORDER BY b.id LIMIT :page
""",
    ),
    "tasks": (
        """
SELECT id, kind, priority, state, coalesce(number, '') AS number, line, owner, reason, created_ms, due_ms, closed_ms,
  closed_by, result, call_id, thread_id FROM tasks WHERE id > :after ORDER BY id LIMIT :page
""",
    ),
    "consent": (
        """
SELECT c.seq, c.at_ms, c.event, coalesce(p.number, '') AS number, c.basis, c.purpose, c.channel, c.source, c.actor,
  c.expires_ms, c.policy_version, c.disclosure_version, coalesce(p.evidence, '') AS evidence, c.hash
FROM consent c LEFT JOIN consent_private p ON p.seq = c.seq WHERE c.seq > :after ORDER BY c.seq LIMIT :page
""",
    ),
    "contacts": (
        """
SELECT c.id, c.name, c.customer, c.email, c.note, c.source, c.created_ms, c.updated_ms,
  (SELECT group_concat(n.number, ';') FROM contact_numbers n WHERE n.contact_id = c.id) AS numbers,
  (SELECT group_concat(g.tag, ';') FROM contact_tags g WHERE g.contact_id = c.id) AS tags
FROM contacts c WHERE c.id > :after ORDER BY c.id LIMIT :page
""",
    ),
}


async def rows(tx: Tx, table: str) -> AsyncIterator[Row]:
    """Yield every row of one of :data:`TABLES`, as the snapshot has it."""
    for query in TABLES[table]:
        after = 0
        while page := await tx.all(query, {"after": after, "page": _PAGE}):
            for row in page:
                yield row
            after = page[-1][0]


async def columns(tx: Tx, table: str) -> list[str]:
    """Return the names of a table's columns, also when it has no rows."""
    row = await tx.one(f"SELECT * FROM (SELECT 1) LEFT JOIN ({TABLES[table][0]}) LIMIT 1", {"after": 0, "page": 1})  # noqa: S608 - constants only
    assert row is not None
    return list(row.keys())[1:]
