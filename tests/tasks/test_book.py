"""Tasks: one per source, always owned, raised but never lowered, closed by the table."""

import itertools

import pytest

from tests.replies.support import SENDER, T0
from textback_pbx.clock import MINUTE_MS
from textback_pbx.tasks import store
from textback_pbx.tasks.book import TABLE, Kind, NewTask, Priority, State, Step, after, due, higher, in_words


def a_task(source="call:1", **changes):
    values = {
        "kind": Kind.CALL_BACK,
        "line": "main",
        "reason": "missed",
        "owner": "office",
        "due_ms": T0 + 60 * MINUTE_MS,
    }
    return NewTask(source=source, **{**values, "created_ms": T0, "number": SENDER, **changes})


def test_the_table_closes_open_tasks_and_reopens_closed_ones_only():
    for state, step in itertools.product(State, Step):
        assert (after(state, step) is None) is ((state, step) not in TABLE)
    assert after(State.DONE, Step.FINISH) is None
    assert after(State.OPEN, Step.REOPEN) is None


def test_urgent_runs_on_the_wall_and_normal_in_business_time():
    asked = []

    def monday(now_ms, minutes):
        asked.append((now_ms, minutes))
        return T0 + 10**9

    assert due(Priority.NORMAL, T0, monday) == T0 + 10**9
    assert asked == [(T0, 60)]
    assert due(Priority.URGENT, T0, monday) == T0 + 5 * MINUTE_MS
    assert due(Priority.EMERGENCY, T0, monday) == T0
    assert due(Priority.NORMAL, T0, lambda *_: None) == T0 + 60 * MINUTE_MS


def test_deadlines_in_words():
    assert in_words(T0 + 25 * MINUTE_MS, T0) == "in 25 min"
    assert in_words(T0 - 200 * MINUTE_MS, T0) == "3 h overdue"
    assert in_words(T0 + 5000 * MINUTE_MS, T0) == "in 3 days"


def test_priorities_only_rise():
    for one, other in itertools.product(Priority, Priority):
        assert higher(one, other) == higher(other, one)
    assert higher(Priority.NORMAL, Priority.EMERGENCY) is Priority.EMERGENCY


async def test_a_source_has_one_task_for_ever(database):
    async with database.transaction() as tx:
        first = await store.open_task(tx, a_task())
        assert first is not None
        assert await store.open_task(tx, a_task()) is None
        second = await store.open_task(tx, a_task("call:2"))
        assert await store.close_task(tx, first, actor="sam", now_ms=T0, result="booked") is store.Changed.DONE
        assert await store.close_task(tx, first, actor="sam", now_ms=T0) is store.Changed.NOT_POSSIBLE
        assert await store.close_task(tx, 99, actor="sam", now_ms=T0) is store.Changed.NO_SUCH_TASK
        assert await store.open_task(tx, a_task()) is None
        assert [task.id for task in await store.list_tasks(tx)] == [second]
        (done,) = await store.list_tasks(tx, state=State.DONE)
        assert (done.closed_by, done.result, done.closed_ms) == ("sam", "booked", T0)
        assert await store.close_task(tx, first, actor="sam", now_ms=T0, step=Step.REOPEN) is store.Changed.DONE
        again = await store.find_task(tx, first)
        assert (again.state, again.closed_ms, again.result) == ("open", None, "")


async def test_a_repeat_caller_raises_the_task_once(database):
    async with database.transaction() as tx:
        task_id = await store.open_task(tx, a_task())
        await store.open_task(tx, a_task("call:2", number="+15125550199"))
        assert await store.raise_for_repeat(tx, SENDER, "main", T0 + 5 * MINUTE_MS) == [task_id]
        assert await store.raise_for_repeat(tx, SENDER, "main", T0 + 9 * MINUTE_MS) == [task_id]
        task = await store.find_task(tx, task_id)
        assert (task.priority, task.due_ms, task.reason) == ("urgent", T0 + 5 * MINUTE_MS, "missed; called again")
        first, *_ = await store.list_tasks(tx)
        assert first.id == task_id
        assert await store.raise_task(tx, task_id, Priority.EMERGENCY, T0 + 99 * MINUTE_MS, "gas")
        assert (await store.find_task(tx, task_id)).due_ms == T0 + 5 * MINUTE_MS


async def test_reaching_the_person_closes_the_call_backs_only(database):
    async with database.transaction() as tx:
        await store.open_task(tx, a_task())
        reply = await store.open_task(tx, a_task("inbound:1", kind=Kind.REPLY))
        assert len(await store.close_call_backs(tx, SENDER, now_ms=T0, result="called back")) == 1
        assert [task.id for task in await store.list_tasks(tx)] == [reply]


async def test_what_is_overdue_is_found(database):
    async with database.transaction() as tx:
        late = await store.open_task(tx, a_task(due_ms=T0 - 1))
        await store.open_task(tx, a_task("call:2"))
        assert [task.id for task in await store.overdue(tx, T0)] == [late]


@pytest.mark.parametrize("priority", list(Priority))
async def test_every_task_has_an_owner_and_a_deadline(database, priority):
    async with database.transaction() as tx:
        task_id = await store.open_task(tx, a_task(priority=priority))
        task = await store.find_task(tx, task_id)
        assert task.owner
        assert task.due_ms
