"""The tell loop: deadlines that passed, threads that wait and nobody has, and events that somebody must hear of.

Everything it does is in one transaction a step, and nothing leaves here: it makes rows that the deliver loop works
off. With a clock that is not trusted no deadline passes: a jump would call everything late.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from textback_pbx.clock import HOUR_MS, SECOND_MS, Clock
from textback_pbx.database import Database, Row, Tx
from textback_pbx.health import Board, State
from textback_pbx.phone import E164
from textback_pbx.pipeline import notice, people
from textback_pbx.pipeline.office import Office
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies.threads import clock_store
from textback_pbx.replies.threads.store import thread_for
from textback_pbx.tasks import notify_store, staff_store
from textback_pbx.tasks.book import Kind, in_words
from textback_pbx.tasks.escalation import escalate
from textback_pbx.tasks.notify import (
    Channel,
    Endpoint,
    Matter,
    body_for_staff,
    envelope,
    headline,
    held_until,
    targets,
    text_for_staff,
)
from textback_pbx.tasks.staff import Person, back_at

_IDLE_S, _LEAST_S = 60.0, 0.05
_BATCH = 20
#: The target of those who have no way of their own.
OFFICE = "office"
_FORGET_EVERY_MS = HOUR_MS


class Teller:
    """The tell loop's step."""

    def __init__(
        self,
        parts: tuple[Database, Office, Clock, Board],
        *,
        clock_trusted: Callable[[], bool],
        on_notice: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock, self._board = parts
        self._staffing = self._office.staffing
        self._clock_trusted, self._on_notice = clock_trusted, on_notice
        self._forgot_ms = 0

    async def step(self) -> float:
        """Pass on what is late, tell of what happened; return the pause in seconds, 0.0 while there may be more."""
        trusted = self._clock_trusted()
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            late = await self._pass_on(tx, now_ms) + await self._waiting(tx, now_ms) if trusted else 0
            told = await self._tell(tx, now_ms)
            await self._forget(tx, now_ms)
            next_ms = await staff_store.next_step_ms(tx)
            overdue = await staff_store.count_overdue(tx, now_ms)
        self._note(overdue, now_ms, trusted=trusted)
        if told:
            self._on_notice()
        if late or told:
            return 0.0
        return _IDLE_S if next_ms is None else min(_IDLE_S, max(_LEAST_S, (next_ms - now_ms) / SECOND_MS))

    # deadlines -------------------------------------------------------------------------------------------------

    async def _pass_on(self, tx: Tx, now_ms: int) -> int:
        rows = await staff_store.past_due(tx, now_ms, _BATCH)
        away = await staff_store.away_of(tx, now_ms) if rows else {}
        for row in rows:
            line = row["line"]
            late = await staff_store.late_of(tx, row, self._office.line(line).owner)
            step = escalate(
                late,
                self._staffing.staff,
                now_ms,
                away=away,
                business_deadline=partial(self._office.deadline, line),
                settings=self._staffing.escalation,
            )
            await staff_store.pass_on(tx, row, step, now_ms)
        return len(rows)

    async def _waiting(self, tx: Tx, now_ms: int) -> int:
        """Give a task to every thread that waits on us and has none: its day came, its status was set by hand."""
        await clock_store.silent(tx, now_ms, self._office.patience)
        found = await clock_store.looks_due(tx, now_ms, _BATCH)
        for due in found:
            subject = Subject(f"look:{due.thread_id}:{due.look_ms}", due.line, due.number, None, due.thread_id)
            await people.open_task(
                tx, self._office, subject, Kind.REVIEW, "follow up: its day has come", now_ms=now_ms, owner=due.owner
            )
        rows = await tx.all(
            "SELECT id, number, line, owner, updated_ms FROM threads t WHERE status = 'waiting_on_us' AND NOT EXISTS"
            " (SELECT 1 FROM tasks k WHERE k.thread_id = t.id AND k.state = 'open') AND NOT EXISTS"
            " (SELECT 1 FROM tasks k WHERE k.number = t.number AND k.line = t.line AND k.state = 'open') LIMIT ?",
            (_BATCH,),
        )
        for row in rows:
            subject = Subject(f"thread:{row['id']}:{row['updated_ms']}", row["line"], row["number"], None, row["id"])
            why = "it waits on us, and nobody had a task for it"
            opened = await people.open_task(
                tx, self._office, subject, Kind.REVIEW, why, now_ms=now_ms, owner=row["owner"]
            )
            if opened is None:  # that one was closed, and the thread was not touched since
                again = Subject(f"thread:{row['id']}:{now_ms}", row["line"], row["number"], None, row["id"])
                await people.open_task(tx, self._office, again, Kind.REVIEW, why, now_ms=now_ms, owner=row["owner"])
        return len(found) + len(rows)

    def _note(self, overdue: tuple[int, int | None], now_ms: int, *, trusted: bool) -> None:
        count, first_ms = overdue
        if not trusted:
            self._board.note("tasks", State.WARN, "no deadline passes while the clock is not trusted")
        elif count == 0 or first_ms is None:
            self._board.note("tasks", State.OK, "nothing is past its deadline")
        else:
            what = "1 task is" if count == 1 else f"{count} tasks are"
            hours = (now_ms - first_ms) // HOUR_MS
            since = in_words(first_ms, first_ms + max(1, hours) * HOUR_MS) if hours else "less than 1 h overdue"
            self._board.note(
                "tasks", State.WARN, f"{what} past the deadline, the oldest {since}: textback-pbx tasks list"
            )

    # telling ---------------------------------------------------------------------------------------------------

    async def _tell(self, tx: Tx, now_ms: int) -> int:
        """Make the notifications of the events that nobody was told of yet."""
        events = await notify_store.to_tell(tx, _BATCH)
        away = await staff_store.away_of(tx, now_ms) if events else {}
        for event in events:
            for endpoint in self._staffing.endpoints.values():
                if endpoint.wants(event["name"]):
                    await self._post(tx, event, endpoint, now_ms)
            for name in json.loads(event["data"]).get("tell", ()):
                await self._tell_one(tx, event, name, away, now_ms)
            await notify_store.told(tx, event["id"])
        return len(events)

    async def _post(self, tx: Tx, event: Row, endpoint: Endpoint, now_ms: int) -> None:
        data = await notice.for_endpoint(tx, self._office, event, numbers=endpoint.numbers)
        if data is not None:
            payload = envelope(event["name"], event["at_ms"], data)
            await notify_store.add(tx, event["id"], Channel.WEBHOOK, endpoint.name, payload, now_ms=now_ms)

    async def _tell_one(self, tx: Tx, event: Row, name: str, away: Any, now_ms: int) -> None:
        """Tell one owner by each way they chose; a desk, and who chose none, by the office's."""
        found = await notice.for_staff(tx, self._office, event, now_ms)
        if found is None:
            return
        matter, task = found
        person = self._staffing.staff.people.get(name)
        at_ms = now_ms
        if person is not None:
            at_ms = held_until(task["priority"], now_ms, back_at(person, now_ms, away))
        told = False
        if person is not None and "sms" in person.tell:
            await self._text(tx, event, person, (matter, task), now_ms=now_ms, at_ms=at_ms)
            told = True
        if person is not None and "apprise" in person.tell and name in self._staffing.addresses:
            await self._mail(tx, event, name, (matter, task), now_ms=now_ms, at_ms=at_ms)
            told = True
        if not told and "" in self._staffing.addresses:
            await self._mail(tx, event, OFFICE, (matter, task), now_ms=now_ms, at_ms=now_ms)

    async def _text(
        self, tx: Tx, event: Row, person: Person, about: tuple[Matter, Row], *, now_ms: int, at_ms: int
    ) -> None:
        matter, task = about
        code = await self._code(tx, person, task, now_ms)
        words = text_for_staff(_with_code(matter, code), person.name)
        payload = {"text": words, "urgent": task["priority"] != "normal", **_about(task, person.name)}
        dropped = "a dry run: no text leaves" if self._staffing.notify.dry_run else ""
        await notify_store.add(
            tx, event["id"], Channel.SMS, person.name, payload, now_ms=now_ms, at_ms=at_ms, dropped=dropped
        )

    async def _code(self, tx: Tx, person: Person, task: Row, now_ms: int) -> int | None:
        """Return the code by which this person answers; a call-back gets a thread for it."""
        thread_id = task["thread_id"]
        if thread_id is None and task["number"] and E164.fullmatch(task["number"]):
            thread_id = await thread_for(tx, task["number"], notice.line_of(task), now_ms)
        if thread_id is None:
            return None
        return await staff_store.code_for(tx, thread_id, person.name, now_ms, self._staffing.notify.code_safe_ms)

    async def _mail(
        self, tx: Tx, event: Row, target: str, about: tuple[Matter, Row], *, now_ms: int, at_ms: int
    ) -> None:
        matter, task = about
        payload = {"title": headline(matter), "body": body_for_staff(matter), **_about(task, target)}
        addresses = self._staffing.addresses["" if target == OFFICE else target]
        for one in targets(target, len(addresses)):
            await notify_store.add(tx, event["id"], Channel.APPRISE, one, payload, now_ms=now_ms, at_ms=at_ms)

    async def _forget(self, tx: Tx, now_ms: int) -> None:
        """Forget what was told long ago, a batch a step; once an hour when there was nothing left."""
        if now_ms - self._forgot_ms >= _FORGET_EVERY_MS and not await notify_store.forget(
            tx, now_ms - self._staffing.notify.keep_ms
        ):
            self._forgot_ms = now_ms


def _with_code(matter: Matter, code: int | None) -> Matter:
    return replace(matter, code=code)


def _about(task: Row, name: str) -> dict[str, Any]:
    """What the deliver loop looks at again before it tells: whether the task is still open, and still theirs."""
    return {"task_id": task["id"], "person": name}
