"""``demo --week``: a scripted office week on a manual clock, printed from the database, and judged at its end.

It fails (status 1, with words) when a reply did not reach its person, a deadline passed unannounced, an answer of
staff did not reach the customer, an event was lost or doubled, or the Monday report does not add up.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textback_pbx.database import Database
from textback_pbx.pipeline.figures import report_of
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.periods import week_before
from textback_pbx.tasks.report import Report, sentence
from textback_pbx.testing.clock import ManualClock
from textback_pbx.testing.demo_week import ADA, BEGINS, CONSENTS, EXPECTED, KIM, LEE, OFFICE, REPORTS, WEEK, Act
from textback_pbx.testing.demo_week_office import WeekOffice

_NAMES = {KIM: "kim", LEE: "lee", ADA: "ada"}


def _say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Printer:
    """Prints what is new in the database since it last looked, in order."""

    def __init__(self, office: WeekOffice) -> None:
        self._office = office
        self._seen = {"task_events": 0, "bookings": 0, "inbound": 0}
        self._sent = 0
        self._day = ""

    def line(self, at_ms: int, words: str) -> None:
        """Print one line under its day."""
        wall = datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(self._office.zone)
        if (day := f"{wall:%A}".upper()) != self._day:
            self._day = day
            _say(f"\n{day}")
        _say(f"  {wall:%H:%M}  {words}")

    async def news(self) -> None:
        """Print every step of a task, booking and text since the last time."""
        found: list[tuple[int, int, str]] = []
        for row in await self._fresh("task_events"):
            detail = f": {row['detail']}" if row["detail"] else ""
            found.append((row["at_ms"], 1, f"   task {row['task_id']} {row['what']}, {row['owner']}'s{detail}"))
        found += [(row["made_ms"], 2, f"   booked: {row['what']}") for row in await self._fresh("bookings")]
        sent = self._office.network.sent[self._sent :]
        found += [(at_ms, 3, f"   text to {_NAMES.get(number, number)}: {text!r}") for at_ms, number, text in sent]
        self._sent = len(self._office.network.sent)
        for at_ms, _, words in sorted(found, key=lambda one: one[:2]):
            self.line(at_ms, words)

    async def _fresh(self, table: str) -> list[dict[str, Any]]:
        rows = await self._office.rows(f"SELECT * FROM {table} WHERE id > {self._seen[table]} ORDER BY id")  # noqa: S608 - our own names
        self._seen[table] = rows[-1]["id"] if rows else self._seen[table]
        return rows


async def play(office: WeekOffice, *, quiet: bool = False) -> list[str]:
    """Play the week; return what did not go as it must."""
    printer = Printer(office)
    for number in CONSENTS:
        await office.consents(number)
    for act in WEEK:
        await office.until(office.at(act.at))
        if not quiet:
            await printer.news()
            printer.line(office.clock.now_ms(), _words(act))
        await _do(office, act)
        if not quiet:
            await printer.news()
    await office.until(office.at(REPORTS))
    async with office.database.read() as tx:
        now_ms = office.clock.now_ms()
        made = await report_of(tx, office.office, week_before(now_ms, office.zone), office.zone, now_ms)
    if not quiet:
        await printer.news()
        printer.line(now_ms, f"the Monday report: {sentence(made)}")
        _say("         " + "; ".join(f"{name.replace('_', ' ')} {getattr(made, name)}" for name in EXPECTED))
    return await problems(office, made)


def _words(act: Act) -> str:
    who = _NAMES.get(act.who, act.who or "a withheld number")
    return {
        "call": f"call from {who}: {act.what.replace('_', ' ')}",
        "writes": f"{who} writes: {act.what!r}",
        "staff": f"{who} texts from their own phone: {act.what!r}",
        "endpoint": f"the endpoint {who} is {act.what}",
        "closes": f"{who} closes the open repair: {act.what}",
    }[act.do]


async def _do(office: WeekOffice, act: Act) -> None:
    if act.do == "call":
        await office.call(act.who, act.what)
    elif act.do in ("writes", "staff"):
        await office.writes(act.who, act.what)
    elif act.do == "endpoint":
        office.crm.up = act.what == "up"
    else:
        async with office.database.transaction() as tx:
            for task in await tasks.list_tasks(tx):
                if task.kind == "repair":
                    now_ms = office.clock.now_ms()
                    await tasks.close_task(tx, task.id, actor=act.who, now_ms=now_ms, result=act.what)


async def problems(office: WeekOffice, made: Report) -> list[str]:
    """Judge the week by what the database, the phones and the endpoint say."""
    found = [
        f"the report says {name} {getattr(made, name)!r} instead of {wanted!r}"
        for name, wanted in EXPECTED.items()
        if getattr(made, name) != wanted
    ]
    checks = {
        "the emergency at night did not reach the plumber on call": _reached(office, LEE, "[11] EMERGENCY answer"),
        "the admin did not hear of the emergency at once": _reached(office, ADA, "[11] EMERGENCY answer"),
        "the morning's reply did not reach a plumber": _reached(office, KIM, "[10] answer +1512***0140 by 10:14"),
        "the overdue call-back was not told to the admin": _reached(office, ADA, "OVERDUE: call back"),
        "the technician's answer did not reach the customer": _reached(office, WEEK[0].who, "We can be there tomorrow"),
        "the customer at night was not told": _reached(office, WEEK[5].who, "we are on our way"),
    }
    found += [words for words, held in checks.items() if not held]
    bookings = await office.rows("SELECT from_ms, until_ms FROM bookings")
    if bookings != [{"from_ms": office.at("2026-11-17T15:00"), "until_ms": office.at("2026-11-17T17:00")}]:
        found.append(f"the booking is {bookings}")
    passed = await office.rows(
        "SELECT e.owner FROM task_events e JOIN tasks t ON t.id = e.task_id WHERE e.what = 'overdue'"
        " AND t.kind = 'call_back'"
    )
    if passed != [{"owner": "ada"}]:
        found.append(f"the overdue call-back was passed on to {passed}")
    return found + await _told(office) + await _sound(office)


def _reached(office: WeekOffice, number: str, words: str) -> bool:
    return any(to == number and words in text for _, to, text in office.network.sent)


async def _told(office: WeekOffice) -> list[str]:
    """Whether the endpoint, down for a day, has every event once."""
    events = {row["uid"] for row in await office.rows("SELECT uid FROM events")}
    taken = [uid for uid, _ in office.crm.taken]
    found = []
    if len(taken) != len(set(taken)):
        found.append("an event was told twice")
    if set(taken) != events:
        found.append(f"{len(events - set(taken))} events never reached the endpoint")
    if len(office.crm.tries) == len(taken):
        found.append("the endpoint was never down")
    return found


async def _sound(office: WeekOffice) -> list[str]:
    """What holds for every week: nobody unasked, nothing late and unannounced, no thread of our own staff."""
    found = []
    threads = {row["number"] for row in await office.rows("SELECT number FROM threads")}
    if threads & set(_NAMES):
        found.append("a member of staff became a customer")
    late = await office.rows(
        f"SELECT id FROM tasks WHERE state = 'open' AND level = 0 AND due_ms <= {office.clock.now_ms()}"  # noqa: S608 - a number
    )
    found += [f"task {row['id']} is late, and nobody was told" for row in late]
    if not any("no more texts" in text for _, _, text in office.network.sent):
        found.append("the STOP was not confirmed")
    return found


async def _run(folder: Path) -> list[str]:
    started = time.monotonic()
    clock = ManualClock()
    database = await Database.open(folder / "textback.sqlite")
    try:
        office = WeekOffice(database, clock)
        clock.set_wall(office.at(BEGINS))
        _say(f"{OFFICE}: a week in an office, the real loops on a clock that is moved by hand.")
        _say("kim and lee are plumbers (lee is on call at night), ada is the admin; the front desk is a desk.")
        found = await play(office)
    finally:
        await database.close()
    _say()
    for problem in found:
        _say(f"NOT as it must be: {problem}")
    if not found:
        _say(f"The week went as it must, in {time.monotonic() - started:.0f} s. Every event was told once.")
    return found


def main() -> int:
    """Play the week in a folder of its own; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="textback-week-") as name:
        return 1 if asyncio.run(_run(Path(name))) else 0
