"""A text of our own staff -> what it asks for: an answer to the customer, a task done, a number to call.

Only from registered numbers, only for threads that person was told of (a manager: for every thread), never a thread
of its own, and with a bounded number of answers, so that two robots cannot talk to each other. STOP and START are
obeyed as anybody's: a person may not want our texts.
"""

from collections.abc import Callable, Coroutine
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx import phone
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.consent import entries, keywords, ledger
from textback_pbx.consent import store as consent
from textback_pbx.database import Tx
from textback_pbx.decision.wording import segment
from textback_pbx.outbox import store as outbox
from textback_pbx.pipeline import people, routes
from textback_pbx.pipeline.office import DEFAULT_LINE, Office
from textback_pbx.replies import store as replies
from textback_pbx.replies.inbound import answerable, clean
from textback_pbx.replies.threads.booking_store import book
from textback_pbx.replies.threads.status import Event
from textback_pbx.replies.threads.store import Thread, add_note, advance, find_thread
from textback_pbx.tasks import notify_store, orders, staff_store
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.notify import clock_time
from textback_pbx.tasks.orders import Order, Said
from textback_pbx.tasks.staff import Person, Role, chain

#: A longer text is a letter: some phones cut it, and every part costs one.
MOST_SEGMENTS = 6
_SHOWN = 5
_HELP = "Write the code and your words: 12 done, 12 call, 12 on my way, 12 booked, 12 take, 12 pass. LIST: your tasks"
_HALF = "A part of your text never came, nothing was done. Please write it again"
_Words = Coroutine[Any, Any, str]


class Orders:
    """What the handle loop does with a text of our own staff."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._staff = office.staffing.staff

    async def handle(self, tx: Tx, inbound_id: int, sender: str, now_ms: int) -> None:
        """Carry one text out and answer it."""
        person = self._staff.of_phone(sender)
        row = await tx.one("SELECT body, complete FROM inbound WHERE id = ?", (inbound_id,))
        assert row is not None
        assert person is not None
        said = orders.read(row["body"])
        keyword = keywords.classify(row["body"], keywords.LastOutbound("none"))
        # Only the bare word: "10 done, they do not want texts" is about somebody else.
        if said.code is None and keyword.rule == "exact" and keyword.label.value in ("stop", "start"):
            await self._consent(tx, person, row["body"], keyword.label.value, inbound_id=inbound_id, now_ms=now_ms)
            return
        # Half a sentence may mean its opposite; when the rest comes after all, the text is read again, as a whole.
        answer = await self._obey(tx, person, said, now_ms, inbound_id=inbound_id) if row["complete"] else _HALF
        await replies.handled_for_staff(tx, inbound_id, f"{person.name}: {said.order.value}")
        quiet = said.order not in (Order.CALL, Order.LIST, Order.HELP) and answer.startswith("ok")
        if answer and not (quiet and not self._office.staffing.notify.confirm):
            await self._answer(tx, person, answer, inbound_id, now_ms)

    async def _consent(self, tx: Tx, person: Person, text: str, keyword: str, *, inbound_id: int, now_ms: int) -> None:
        make = entries.opted_out_by_text if keyword == "stop" else entries.resubscribed_by_text
        local = ledger.local_time(now_ms, ZoneInfo(self._office.line(DEFAULT_LINE).hours.zone))
        why = f"{person.name}, who works here"
        if keyword == "start" or not await consent.is_opted_out(tx, person.phone):
            entry = make(person.phone, now_ms, local, text=text, why=why, inbound_id=inbound_id)
            await consent.append(tx, entry)
        await replies.handled_for_staff(tx, inbound_id, f"{person.name}: {keyword}")

    async def _obey(self, tx: Tx, person: Person, said: Said, now_ms: int, *, inbound_id: int) -> str:
        """Do what is asked; return the words of the answer, which begin with "ok" where nothing has to be said."""
        if said.order is Order.LIST:
            return await self._list(tx, person, now_ms)
        if said.order is Order.HELP or said.code is None:
            return _HELP if said.order is Order.HELP else f"Not understood, nothing was sent. {_HELP}"
        anybody = person.role in (Role.MANAGER, Role.ADMIN)
        coded = await staff_store.thread_of_code(tx, said.code, person.name, anybody=anybody)
        thread = None if coded.thread_id is None else await find_thread(tx, coded.thread_id)
        if thread is None:
            return f"{said.code}: {coded.why}, nothing was sent. LIST shows your tasks"
        await staff_store.touch_code(tx, said.code, now_ms)
        await replies.about_thread(tx, inbound_id, thread.id)
        words = await _ORDERS[said.order](self, tx, person, thread, said, now_ms)
        return words.replace("#", str(said.code))

    # orders --------------------------------------------------------------------------------------------------

    async def _on_my_way(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        business = self._office.line(thread.line).business
        problem = await self._send(tx, person, thread, f"{business}: we are on our way.", now_ms)
        if problem:
            return f"#: {problem}"
        await self._own(tx, person, thread, now_ms, "is on the way")
        await add_note(tx, thread.id, now_ms, person.name, "on the way")
        del said
        return "ok #: the customer is told, the task is yours. Then: # done"

    async def _text(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        problem = await self._send(tx, person, thread, said.rest, now_ms)
        if problem:
            return f"#: {problem}"
        await tasks.close_replies(tx, thread.id, now_ms=now_ms, result="answered by text", actor=person.name)
        return "ok #: sent"

    async def _done(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        closed = await self._close(tx, person, thread, said.rest or "done", now_ms)
        if said.rest:
            await add_note(tx, thread.id, now_ms, person.name, said.rest)
        await advance(tx, thread.id, Event.CLOSE, now_ms)
        return f"ok #: done, {_count(closed)} closed" + ("; your note is kept, not sent" if said.rest else "")

    async def _booked(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        window = None
        if said.rest:
            read = routes.read_text(self._office, thread.line, said.rest, now_ms)
            window = read.window
        span = None if window is None else (_ms(window.start), _ms(window.end))
        await book(tx, thread.id, span, now_ms, actor=person.name, what=said.rest)
        await self._close(tx, person, thread, f"booked {said.rest}".strip(), now_ms)
        zone = self._office.line(thread.line).hours.zone
        when = "" if span is None else f" for {clock_time(span[0], zone, now_ms)}"
        return f"ok #: booked{when}; the customer was not told"

    async def _call(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        await self._own(tx, person, thread, now_ms, "calls back")
        del said
        return f"#: call {thread.number}, then: # done"

    async def _take(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        taken = await self._own(tx, person, thread, now_ms, "took it")
        del said
        return "ok #: yours" if taken else "#: there is no open task"

    async def _pass(self, tx: Tx, person: Person, thread: Thread, said: Said, now_ms: int) -> str:
        del said
        open_tasks = [task for task in await tasks.open_of_thread(tx, thread.id) if task.owner == person.name]
        if not open_tasks:
            return "#: you have no open task there"
        away = await staff_store.away_of(tx, now_ms)
        line_owner = self._office.line(thread.line).owner
        given = ""
        for task in open_tasks:
            others = chain(self._staff, person.name, queue=task.queue, line_owner=line_owner)[1:]
            other = next((n for n in others if not any(a <= now_ms < b for a, b in away.get(n, ()))), line_owner)
            chosen = await people.hand_to(
                tx, self._office, task.id, other, now_ms=now_ms, why=f"passed on by {person.name}", actor=person.name
            )
            given = chosen.owner if chosen is not None else given
        return f"ok #: {given} has it now" if given else "#: there is nobody else, it stays yours"

    # what orders share -----------------------------------------------------------------------------------------

    async def _send(self, tx: Tx, person: Person, thread: Thread, words: str, now_ms: int) -> str:
        """Queue a text to the customer; return why it may not or cannot be sent, or ''."""
        body = clean(words).strip()
        cut = segment(body)
        if await consent.is_opted_out(tx, thread.number):
            return f"not sent: they want no texts (STOP). Call {thread.number}"
        if not answerable(thread.number):
            return "not sent: no number to answer to"
        if not body or len(cut.parts) > MOST_SEGMENTS:
            return f"not sent: {len(cut.parts)} texts long, at most {MOST_SEGMENTS}"
        if self._office.policy.dry_run:
            return "not sent: dry run"
        new = outbox.NewMessage(
            kind="staff",
            line=thread.line,
            number=thread.number,
            body=body,
            parts=tuple(cut.parts),
            encoding=cut.encoding.value,
            not_before_ms=now_ms,
            expires_ms=now_ms + DAY_MS,
            actor=person.name,
            thread_id=thread.id,
        )
        await outbox.enqueue(tx, new, now_ms)
        await advance(tx, thread.id, Event.ANSWERED, now_ms)
        return ""

    async def _own(self, tx: Tx, person: Person, thread: Thread, now_ms: int, why: str) -> bool:
        """Make the thread's tasks theirs, and the call-backs of its person; whether there are any."""
        found = await self._open(tx, thread)
        until_ms = now_ms + self._office.staffing.escalation.taken_minutes * MINUTE_MS
        for task_id in found:
            await tasks.take_task(tx, task_id, person.name, until_ms=until_ms, now_ms=now_ms, why=why)
        return bool(found)

    async def _close(self, tx: Tx, person: Person, thread: Thread, result: str, now_ms: int) -> int:
        found = await self._open(tx, thread)
        for task_id in found:
            await tasks.close_task(tx, task_id, actor=person.name, now_ms=now_ms, result=result)
        return len(found)

    async def _open(self, tx: Tx, thread: Thread) -> list[int]:
        rows = await tx.all(
            "SELECT id FROM tasks WHERE state = 'open' AND (thread_id = ? OR number = ? AND line = ?"
            " AND kind IN ('call_back', 'reply', 'review')) ORDER BY id",
            (thread.id, thread.number, thread.line),
        )
        return [row["id"] for row in rows]

    async def _list(self, tx: Tx, person: Person, now_ms: int) -> str:
        mine = await tasks.list_tasks(tx, owner=person.name, limit=_SHOWN + 1)
        said = []
        for task in mine[:_SHOWN]:
            code = None
            if task.thread_id is not None:
                safe_ms = self._office.staffing.notify.code_safe_ms
                code = await staff_store.code_for(tx, task.thread_id, person.name, now_ms, safe_ms)
            due = clock_time(task.due_ms, self._office.line(task.line).hours.zone, now_ms)
            said.append(f"{code or '-'} {task.kind.replace('_', ' ')} {phone.mask(task.number or '')} by {due}")
        return "; ".join(said) + (", and more" if len(mine) > _SHOWN else "") if said else "You have no open tasks"

    async def _answer(self, tx: Tx, person: Person, words: str, inbound_id: int, now_ms: int) -> None:
        """Answer one member of staff, at most so often an hour: an answering machine gets no endless company."""
        ages = await notify_store.text_ages(tx, person.phone, now_ms, now_ms - HOUR_MS, answers=True)
        if len(ages) >= self._office.staffing.notify.answers_per_hour or self._office.policy.dry_run:
            return
        body = words.removeprefix("ok ")
        cut = segment(body)
        new = outbox.NewMessage(
            kind="notify",
            line=DEFAULT_LINE,
            number=person.phone,
            body=body,
            parts=tuple(cut.parts),
            encoding=cut.encoding.value,
            not_before_ms=now_ms,
            expires_ms=now_ms + HOUR_MS,
            inbound_id=inbound_id,
            template="staff_answer",
        )
        await outbox.enqueue(tx, new, now_ms)


_ORDERS: dict[Order, Callable[[Orders, Tx, Person, Thread, Said, int], _Words]] = {
    Order.ON_MY_WAY: Orders._on_my_way,  # noqa: SLF001 - the table of this class
    Order.TEXT: Orders._text,  # noqa: SLF001
    Order.DONE: Orders._done,  # noqa: SLF001
    Order.BOOKED: Orders._booked,  # noqa: SLF001
    Order.CALL: Orders._call,  # noqa: SLF001
    Order.TAKE: Orders._take,  # noqa: SLF001
    Order.PASS: Orders._pass,  # noqa: SLF001
    Order.UNCLEAR: Orders._text,  # noqa: SLF001 - never asked: a code alone has nothing to send
}


def _count(tasks_closed: int) -> str:
    return "1 task" if tasks_closed == 1 else f"{tasks_closed} tasks"


def _ms(iso: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(iso).timestamp() * 1_000)
