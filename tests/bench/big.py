"""One large database for every figure that needs one: 1,000,000 calls and 3,000,000 texts of 200,000 people.

Two years of a busy office: a call a minute, half of them answered by a text, a third of those by a reply. Words are
drawn so that some stand in a third of all texts and some in one. Nothing here is random from run to run.
"""

import random
import sys
import time
from pathlib import Path

from textback_pbx.database import Database, Tx

MINUTE_MS = 60_000
PEOPLE = 200_000
_COMMON = (
    "the",
    "you",
    "we",
    "a",
    "to",
    "is",
    "and",
    "can",
    "tomorrow",
    "please",
    "call",
    "thanks",
    "not",
    "it",
    "for",
    "morning",
    "time",
)
_RARE = [
    f"{a}{b}" for a in ("bo", "ka", "ti", "mu", "re", "lo", "sha", "pi") for b in ("ler", "dak", "vin", "tor", "sum")
]
_RARE += [f"{word}{n}" for word in _RARE for n in range(40)]

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
_NUMBER = f"'+1512' || (2000000 + i % {PEOPLE})"
_AT = ":now - 3600000 - (:calls - i) * 60000"
_STEPS = {
    "calls": f"""
INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms, ended_ms,
  outcome, ring_ms, state)
SELECT 'k' || i, 'p', 'u' || i, CASE i % 4 WHEN 0 THEN 'second' ELSE 'main' END, '', '', {_NUMBER}, 0, {_AT} - 20000,
  {_AT}, CASE i % 5 WHEN 0 THEN 'answered' WHEN 1 THEN 'busy' ELSE 'no_answer' END, 20000, 'decided' FROM n
""",
    "threads": f"""
INSERT INTO threads (number, line, status, owner, opened_ms, updated_ms)
SELECT {_NUMBER}, CASE i % 4 WHEN 0 THEN 'second' ELSE 'main' END,
  CASE WHEN i % 100 < 2 THEN 'waiting_on_us' WHEN i % 100 < 10 THEN 'booked' ELSE 'closed' END, 'office',
  1, :now - 3600000 - ((:calls - i) % :many) * 60000 FROM n
""",
    "decisions": """
INSERT INTO decisions (call_id, at_ms, verdict, rule, reason, trace, facts)
SELECT id, ended_ms + 100, CASE WHEN outcome = 'answered' THEN 'nothing' WHEN id % 3 THEN 'text' ELSE 'task' END,
  CASE WHEN id % 3 THEN 'text' ELSE 'no_consent' END, 'because', '[]', '{}' FROM calls
""",
    "automatic texts": """
INSERT INTO messages (kind, call_id, line, number, body, encoding, segments, created_ms, not_before_ms, expires_ms,
  actor)
SELECT 'auto', c.id, c.line, c.caller, 'Sorry we missed your call. Reply with what you need and we call back.', 'gsm7',
  1, c.ended_ms + 100, 0, 0, 'agent' FROM calls c WHERE c.outcome <> 'answered' AND c.id % 3
""",
    "replies": """
INSERT INTO inbound (thread_id, sender, line, body, received_ms, keyword, state)
SELECT t.id, c.caller, c.line, (SELECT body FROM temp.said WHERE id = (c.id * 104729) % 5000) || ' N' || c.id,
  c.ended_ms + 600000, 'none', 'handled'
FROM calls c JOIN threads t ON t.number = c.caller AND t.line = c.line WHERE c.outcome <> 'answered' AND c.id % 3 = 1
""",
    "answers of people": """
INSERT INTO messages (kind, thread_id, line, number, body, encoding, segments, created_ms, not_before_ms, expires_ms,
  actor)
SELECT 'staff', thread_id, line, sender, (SELECT body FROM temp.said WHERE id = (inbound.id * 7919) % 5000), 'gsm7', 1,
  received_ms + 1800000, 0, 0, 'sam' FROM inbound
""",
    "other texts": f"""
INSERT INTO messages (kind, line, number, body, encoding, segments, created_ms, not_before_ms, expires_ms, actor)
SELECT 'staff', CASE i % 4 WHEN 0 THEN 'second' ELSE 'main' END, {_NUMBER},
  (SELECT body FROM temp.said WHERE id = (i * 7919) % 5000) || ' J' || i, 'gsm7', 1,
  :now - 3600000 - (:many - i) * 60000 * :calls / :many + 1800000, 0, 0, 'sam' FROM n
""",
    "parts": """
INSERT INTO parts (message_id, seq, total, text, state, next_try_ms, handed_over_ms, accepted_ms)
SELECT id, 1, 1, 'x', CASE id % 50 WHEN 0 THEN 'undelivered' ELSE 'delivered' END, 0, created_ms + 3000 + id % 60000,
  created_ms + 5000 FROM messages
""",
    "bookings": """
INSERT INTO bookings (thread_id, made_ms, actor)
SELECT id, updated_ms + 900000, 'sam' FROM threads WHERE status = 'booked'
""",
    "tasks": """
INSERT INTO tasks (kind, source, call_id, number, line, reason, owner, due_ms, created_ms, state, closed_ms)
SELECT 'call_back', 'call:' || id, id, caller, line, 'no consent', 'office', ended_ms + 3600000, ended_ms,
  CASE WHEN id > (SELECT max(id) FROM calls) - 200 THEN 'open' ELSE 'done' END, ended_ms + 1800000
FROM calls WHERE outcome <> 'answered' AND id % 3 = 0
""",
}


def _sentences() -> list[tuple[int, str]]:
    pick = random.Random(7)
    return [
        (n, " ".join([*pick.sample(_COMMON, 6), *pick.choices(_RARE, k=4), *pick.sample(_COMMON, 3)]))
        for n in range(5000)
    ]


async def build(path: Path, calls: int, now_ms: int, *, tell: bool = False) -> Database:
    """Fill a new file with ``calls`` calls, the last an hour before ``now_ms``, and three texts a call."""
    database = await Database.open(path)
    async with database.transaction() as tx:
        await tx.run("CREATE TEMP TABLE said (id INTEGER PRIMARY KEY, body TEXT)")
        await tx.many("INSERT INTO temp.said VALUES (?, ?)", _sentences())
    for name, sql in _STEPS.items():
        began = time.perf_counter()
        async with database.transaction() as tx:
            many = {"calls": calls, "threads": min(PEOPLE, calls)}.get(name) or await _missing(tx, 3 * calls)
            await _run(tx, sql, {"calls": calls, "now": now_ms, "many": many})
        if tell:
            print(f"  {name} in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return database


async def _missing(tx: Tx, texts: int) -> int:
    return texts - int(await tx.value("SELECT count(*) FROM messages"))


async def _run(tx: Tx, sql: str, values: dict[str, int]) -> None:
    """Run one step; one that counts (FROM n) gets its counter between INSERT and SELECT."""
    if sql.rstrip().endswith("FROM n"):
        insert, select = sql.split("\nSELECT ", 1)
        sql = f"{insert}\n{_NUMBERS}\nSELECT {select}"
    await tx.run(sql, {key: value for key, value in values.items() if f":{key}" in sql})
