"""How long the thread list, a timeline, searches and the reports take on a large database; each in one process.

Budgets: lists and searches 50 ms, the week's report 500 ms. The first time of each is shown too: what is not in the
memory of a machine that did something else meanwhile.
"""

import statistics
import time
from collections.abc import Awaitable, Callable, Sized
from pathlib import Path
from zoneinfo import ZoneInfo

from textback_pbx.config import parse
from textback_pbx.database import Database, Tx
from textback_pbx.pipeline.figures import report_of
from textback_pbx.pipeline.office import office_of
from textback_pbx.replies import search
from textback_pbx.replies.search_store import search as look
from textback_pbx.replies.threads.store import find_thread, list_threads
from textback_pbx.replies.threads.timeline_store import timeline
from textback_pbx.tasks.periods import month_before, week_before

SEARCHES = {
    "a word of every third text": "tomorrow",
    "a word of one text": "J1999999",
    "a rare and a common word": "boler3 please",
    "a phrase": '"please call"',
    "two beginnings": "tom* bol*",
    "a common word on a line nobody calls": "tomorrow",
    "the end of a number": "5550142",
    "a word that is nowhere": "zeppelin",
    # The worst a search can be asked: every text is looked at, and none has them all.
    "eight common words, together nowhere": "you the we a to is and can",
}
ZONE = ZoneInfo("America/Chicago")


async def measure(database: Database, now_ms: int, say: Callable[[str, str], None]) -> None:
    async with database.read() as tx:
        thread = (await list_threads(tx, limit=1))[0]
        first = await find_thread(tx, thread.id)
        assert first is not None
        await _time(say, "threads list", lambda: list_threads(tx))
        await _time(say, "threads list --status booked", lambda: list_threads(tx, status="booked"))
        await _time(say, "threads list --line of nobody", lambda: list_threads(tx, line="nobody"))
        await _time(say, "threads show", lambda: timeline(tx, first))
        for name, words in SEARCHES.items():
            line = "nobody" if "nobody" in name else None
            await _time(say, f"search: {name}", lambda w=words, on=line: look(tx, search.read(w), line=on))
        await _reports(tx, now_ms, say)


async def _reports(tx: Tx, now_ms: int, say: Callable[[str, str], None]) -> None:
    office = office_of(parse('[office]\nname = "Bench"\ntimezone = "America/Chicago"\n', Path("bench.toml")))
    for period, budget in ((week_before(now_ms, ZONE), 500), (month_before(now_ms, ZONE), 0)):

        async def made(period=period):
            return range((await report_of(tx, office, period, ZONE, now_ms)).missed)

        await _time(say, f"report: {period.name}", made, budget)


async def _time(
    say: Callable[[str, str], None], name: str, work: Callable[[], Awaitable[Sized]], budget_ms: int = 50
) -> None:
    times = []
    for _ in range(9):
        began = time.perf_counter()
        found = len(await work())
        times.append((time.perf_counter() - began) * 1000)
    median = statistics.median(times)
    budget = f" (budget {budget_ms})" if budget_ms else ""
    say("inbox", f"{name:45} median {median:6.1f} ms, first {times[0]:6.1f} ms{budget}, {found:,} rows")
