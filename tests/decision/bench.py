"""How much CPU deciding one call takes with 1,000,000 calls and 3,000,000 messages on file.

Run ``python -m tests.decision.bench [calls]``: it fills a file in a temporary folder, decides 300 calls and prints
the CPU time (user and system, all threads) of facts, rules, words and rows. Target: under 2 ms at the median.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.decision.support import LINE, MONDAY_10, POLICY, add_call
from tests.decision.test_store import consented
from textback_pbx.database import Database
from textback_pbx.decision import store
from textback_pbx.decision.plan import plan

_CALLS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {calls})
INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms, ended_ms,
  outcome, ring_ms, state)
SELECT 'k' || i, 'p', 'u' || i, 'main', '', '', '+1512' || (2000000 + i % 200000), 0,
  {now} - 3600000 - ({calls} - i) * 60000, {now} - 3580000 - ({calls} - i) * 60000, 'no_answer', 20000, 'decided'
FROM n
"""
_MESSAGES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {messages})
INSERT INTO messages (kind, line, number, body, encoding, segments, created_ms, not_before_ms, expires_ms, actor)
SELECT CASE i % 3 WHEN 0 THEN 'auto' ELSE 'staff' END, 'main', '+1512' || (2000000 + i % 200000), 'x', 'gsm7', 1,
  {now} - 3600000 - ({messages} - i) * 20000, 0, 0, 'agent' FROM n
"""


async def measure(calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "bench.sqlite")
        async with database.transaction() as tx:
            await tx.run(_CALLS.format(calls=calls, now=MONDAY_10))
            await tx.run(_MESSAGES.format(messages=3 * calls, now=MONDAY_10))
            await consented(tx)
        spent = []
        for n in range(300):
            caller = f"+1512{2_000_000 + n * 601}"
            async with database.transaction() as tx:
                await consented(tx, caller)
                call_id = await add_call(tx, caller=caller, call_key=f"b{n}")
            async with database.transaction() as tx:
                start = time.process_time()
                facts = await store.gather(tx, call_id, policy=POLICY, line=LINE, now_ms=MONDAY_10, clock_trusted=True)
                made = plan(facts, LINE)
                await store.save(tx, call_id, made.decision, facts)
                spent.append((time.process_time() - start) * 1000)
        await database.close()
    spent = sorted(spent[10:])
    print(
        f"deciding with {calls:,} calls and {3 * calls:,} messages: median {statistics.median(spent):.2f} ms CPU, "
        f"p99 {spent[int(len(spent) * 0.99)]:.2f} ms (target 2 ms)"
    )


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
