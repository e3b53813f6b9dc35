"""How much CPU deciding one call takes with 1,000,000 calls and 3,000,000 messages on file.

Run ``python -m tests.bench decide``: it decides 300 calls and prints the CPU time (user and system, all threads) of
facts, rules, words and rows. Target: under 2 ms at the median.
"""

import statistics
import time

from tests.decision.support import LINE, MONDAY_10, POLICY, add_call
from tests.decision.test_store import consented
from textback_pbx.database import Database
from textback_pbx.decision import store
from textback_pbx.decision.plan import plan


async def measure(database: Database) -> None:
    """Decide 300 calls on a large database (``tests.bench.big``) and print what one took."""
    async with database.transaction() as tx:
        await consented(tx)
        calls = await tx.value("SELECT count(*) FROM calls")
        texts = await tx.value("SELECT count(*) FROM messages")
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
    spent = sorted(spent[10:])
    print(
        f"deciding with {calls:,} calls and {texts:,} messages: median {statistics.median(spent):.2f} ms CPU, "
        f"p99 {spent[int(len(spent) * 0.99)]:.2f} ms (target 2 ms)"
    )
