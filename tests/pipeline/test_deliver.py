"""A receiver that is down for a day loses nothing and doubles nothing; what is gone is said, and can be tried again."""

import asyncio

import pytest

from tests.outbox.support import a_text
from tests.pipeline.staff_desk import ADA, CUSTOMER, KIM, TUESDAY_10, Desk
from tests.replies.support import a_call
from textback_pbx.database import Database
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.claim_store import Asking, Idle, claim_next
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.store import enqueue
from textback_pbx.tasks import notify_store
from textback_pbx.tasks.book import Priority
from textback_pbx.tasks.notify import PAUSES_S, Again, Never, Told
from textback_pbx.tasks.store import close_task, raise_task


class PowerCut(BaseException):
    """The machine is off."""


@pytest.fixture
async def desk(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    opened = await Desk(clock).open(tmp_path / "t.sqlite")
    yield opened
    await opened.close()


def told_of(desk, name="crm"):
    return {uid: payload for endpoint, uid, payload in desk.receiver.taken if endpoint == name}


async def test_a_receiver_down_for_a_day_loses_nothing_doubles_nothing_and_hears_the_same_ids(desk):
    desk.receiver.down = {"crm"}
    for n in range(12):
        await desk.writes(f"drip {n}, 78704", f"+151255501{n:02}")
        await desk.later(5)
    await desk.close()
    await desk.open(desk.path)  # and the agent starts anew in between
    await desk.later(23 * 60, every=5)
    assert desk.receiver.taken == [one for one in desk.receiver.taken if one[0] == "wall"]
    assert "crm: it could not be reached" in desk.board.get("notify").message
    asked = [uid for name, uid in desk.receiver.asked if name == "crm"]
    assert len(asked) < 60, "a dead endpoint is not hammered"
    events = {row["uid"] for row in await desk.rows("SELECT uid FROM events")}
    desk.receiver.down.clear()
    await desk.later(PAUSES_S[-1] // 60 + 5, every=5)
    events |= {row["uid"] for row in await desk.rows("SELECT uid FROM events")}
    assert set(desk.receiver.ids("crm")) == events
    taken = [uid for name, uid, _ in desk.receiver.taken if name == "crm"]
    assert len(taken) == len(set(taken)), "nothing twice"
    assert set(asked) <= events, "the id of each try is the event's"
    assert await desk.rows("SELECT * FROM notifications WHERE state NOT IN ('sent', 'dropped')") == []
    assert desk.board.get("notify").message == "everybody was told"
    assert sum(payload["type"] == "reply.received" for payload in told_of(desk).values()) == 12


async def test_an_answer_that_was_lost_is_told_again_under_the_same_id(desk):
    desk.receiver.lost_answers = 1
    await desk.writes("drip")
    await desk.later(3)
    taken = [uid for name, uid, _ in desk.receiver.taken if name == "crm"]
    assert len(taken) == len(set(taken)) + 1
    assert len(set(taken)) == 2


async def test_one_endpoint_that_is_down_holds_up_nobody_else(desk):
    desk.receiver.down = {"crm"}
    await desk.writes("STOP")
    assert desk.receiver.types("wall") == ["optout"]
    assert await desk.texts(CUSTOMER) != []


async def test_an_endpoint_that_is_slow_and_has_much_to_catch_up_on_keeps_no_text_to_staff_waiting(desk):
    async def slowly(endpoint, *said):
        if endpoint.name == "crm":
            await desk.clock.advance(9)
        return await post(endpoint, *said)

    desk.receiver.down = {"crm"}
    for n in range(60):
        await desk.writes(f"Do you also do bathrooms? {n}", f"+151255501{n:02}")
    await desk.jump(61)
    desk.receiver.down.clear()
    post, desk.receiver.post = desk.receiver.post, slowly
    async with desk.database.transaction() as tx:
        (task,) = await tx.all("SELECT * FROM tasks ORDER BY id LIMIT 1")
        await raise_task(tx, task["id"], Priority.EMERGENCY, desk.clock.now_ms(), "a flood", now_ms=desk.clock.now_ms())
    await desk.teller.step()
    before = desk.clock.monotonic()
    await desk.deliverer.step()
    assert any("EMERGENCY" in text for text in await desk.texts(ADA))
    assert desk.clock.monotonic() - before < 30, "and the next one does not wait for the fifty before it"


async def test_an_address_that_fails_has_nothing_told_twice_at_the_other_one(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    desk = Desk(clock, extra='[notify]\naddresses = ["json://mail.invalid", "json://push.invalid"]\n')
    await desk.open(tmp_path / "t.sqlite")

    async def tell(addresses, title, body):
        if set(addresses) & desk.receiver.down:
            return Again("it was not taken")
        desk.receiver.taken += [(address, title, {"body": body}) for address in addresses]
        return Told()

    desk.receiver.tell, desk.receiver.down = tell, {"json://push.invalid"}
    try:
        await desk.writes("Do you also do bathrooms?")
        await desk.later(15)
        assert [to for to, _, _ in desk.receiver.taken if to.startswith("json")] == ["json://mail.invalid"]
        assert "office#2: it was not taken" in desk.board.get("notify").message
        desk.receiver.down = set()
        await desk.later(40)
        told = [to for to, _, _ in desk.receiver.taken if to.startswith("json")]
        assert told == ["json://mail.invalid", "json://push.invalid"]
    finally:
        await desk.close()


async def test_an_endpoint_that_is_gone_is_asked_no_more_until_a_person_says_so(desk):
    async def gone(endpoint, uid, payload, now_ms, tries):
        if endpoint.name == "wall":
            return await post(endpoint, uid, payload, now_ms, tries)
        desk.receiver.asked.append((endpoint.name, uid))
        return Never("the endpoint is gone (410)", gone=True)

    post, desk.receiver.post = desk.receiver.post, gone
    await desk.writes("drip")
    await desk.later(30)
    await desk.writes("drip again")
    await desk.later(30)
    assert len([name for name, _ in desk.receiver.asked if name == "crm"]) == 1
    dead = await desk.rows("SELECT * FROM notifications WHERE state = 'dead'")
    assert len(dead) >= 3
    assert {row["error"] for row in dead} == {"the endpoint is gone (410)"}
    assert "reached nobody: textback-pbx notify list --state dead" in desk.board.get("notify").message
    desk.receiver.post = post
    async with desk.database.transaction() as tx:
        assert await notify_store.retry(tx, desk.clock.now_ms(), target="crm") == len(dead)
    await desk.work()
    assert len(desk.receiver.ids("crm")) == len(dead)
    assert desk.board.get("notify").message == "everybody was told"


async def test_what_cannot_be_told_for_days_is_given_up_and_shown(desk):
    desk.receiver.down = {"crm"}
    await desk.writes("STOP")
    for _ in range(80):
        await desk.clock.advance(3_600)
        await desk.work()
    dead = await desk.rows("SELECT error, payload FROM notifications WHERE state = 'dead'")
    assert dead
    assert {row["error"] for row in dead} == {"given up: it could not be reached"}
    assert all(row["payload"] != "{}" for row in dead), "it can be tried again"


async def test_payloads_are_empty_once_told_and_rows_go_after_a_while(desk):
    await desk.writes("our water heater leaks")
    async with desk.database.transaction() as tx:
        for row in await tx.all("SELECT id, message_id FROM notifications WHERE channel = 'sms'"):
            await notify_store.text_settled(tx, row["message_id"], "", desk.clock.now_ms())
    assert {row["payload"] for row in await desk.rows("SELECT payload FROM notifications")} == {"{}"}
    async with desk.database.transaction() as tx:
        await close_task(tx, 1, actor="kim", now_ms=desk.clock.now_ms())
    for _ in range(33):
        await desk.clock.advance(86_400)
        await desk.work()
    assert await desk.rows("SELECT * FROM notifications") == []
    assert await desk.rows("SELECT * FROM events") == []


async def test_a_text_to_staff_that_did_not_arrive_is_shown_and_can_be_tried_again(desk):
    await desk.writes("our water heater leaks")
    (row,) = await desk.rows("SELECT * FROM notifications WHERE channel = 'sms' AND target = 'kim'")
    async with desk.database.transaction() as tx:
        await notify_store.text_settled(tx, row["message_id"], "refused", desk.clock.now_ms())
    await desk.work()
    assert "1 messages reached nobody" in desk.board.get("notify").message
    async with desk.database.transaction() as tx:
        assert await notify_store.retry(tx, desk.clock.now_ms(), notice_id=row["id"]) == 1
    await desk.work()
    first, second = await desk.texts(KIM)
    assert first == second


async def test_a_staff_number_that_said_stop_gets_nothing_by_the_outboxs_own_rule(desk):
    await desk.writes("STOP", KIM)
    await desk.writes("our water heater leaks")
    async with desk.database.transaction() as tx:
        asking = Asking("m", "89", desk.clock.now_ms(), desk.clock.monotonic())
        found = await claim_next(tx, asking, Pace(Budget(0, 1000, 1000)), None, OutboxSettings())
        assert isinstance(found, Idle)
        assert [one.number for one in found.ended] == [KIM]


@pytest.mark.fault(48)
async def test_a_crash_in_mid_delivery_loses_nothing(desk, monkeypatch):
    """The agent ends after the endpoint took an event and before that is written: it hears it again, same id."""
    settle = notify_store.settle

    async def power_cut(*_, **__):
        raise PowerCut

    monkeypatch.setattr(notify_store, "settle", power_cut)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - a group around the power cut
        await desk.writes("drip")
    assert "PowerCut" in repr(caught.value)
    monkeypatch.setattr(notify_store, "settle", settle)
    await desk.close()
    await desk.open(desk.path)
    await desk.later(3)
    taken = [uid for name, uid, _ in desk.receiver.taken if name == "crm"]
    assert len(set(taken)) == 2
    assert {row["uid"] for row in await desk.rows("SELECT uid FROM events")} == set(taken)


async def test_the_same_event_is_never_two_rows(tmp_path):
    database = await Database.open(tmp_path / "t.sqlite")
    async with database.transaction() as tx:
        for _ in range(2):
            await notify_store.emit(tx, "call.missed", "call:1", 1, {"call_id": 1})
        (event,) = await notify_store.to_tell(tx)
        assert await notify_store.add(tx, event["id"], "webhook", "crm", {}, now_ms=1)
        assert not await notify_store.add(tx, event["id"], "webhook", "crm", {}, now_ms=2)
        (notice,) = await notify_store.due(tx, 1)
        assert await notify_store.begin(tx, notice, 1, 60_000)
        assert await notify_store.due(tx, 2) == []
        assert await notify_store.settle(tx, notice, Told(), 3, give_up_ms=1) == "sent"
        assert not await notify_store.begin(tx, notice, 4, 60_000)
    await database.close()


async def test_what_is_urgent_for_staff_leaves_first_and_the_rest_after_the_customers(desk):
    await desk.writes("drip, 78704", "+15125550191")
    async with desk.database.transaction() as tx:
        await enqueue(tx, a_text(CUSTOMER, not_before_ms=0, expires_ms=2 * TUESDAY_10), desk.clock.now_ms())
    await desk.writes("our water heater leaks", "+15125550192")
    left = []
    async with desk.database.transaction() as tx:
        asking = Asking("m", "89", desk.clock.now_ms(), desk.clock.monotonic())
        while not isinstance(
            found := await claim_next(tx, asking, Pace(Budget(0, 99, 99)), None, OutboxSettings()), Idle
        ):
            left.append(found.part.text)
    assert ["URGENT" in text for text in left] == [True, False, False]
    assert left[1] == "hello"


@pytest.mark.fault(48)
async def test_a_cancellation_while_an_endpoint_is_slow_loses_nothing_and_holds_no_transaction(desk):
    begun = asyncio.Event()

    async def slow(endpoint, uid, payload, now_ms, tries):
        begun.set()
        await asyncio.Event().wait()

    post, desk.receiver.post = desk.receiver.post, slow
    async with desk.database.transaction() as tx:
        await notify_store.emit(tx, "call.missed", "call:1", desk.clock.now_ms(), {"call_id": 1})
        await a_call(tx, line="office", caller=CUSTOMER)
    await desk.teller.step()
    step = asyncio.ensure_future(desk.deliverer.step())
    await begun.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    desk.receiver.post = post
    async with asyncio.timeout(5):
        await desk.work()
    assert desk.receiver.ids("crm") == [], "it was begun: it is tried again after the lease, not at once"
    await desk.later(2)
    assert len(desk.receiver.ids("crm")) == 1


async def test_what_waited_while_the_agent_was_off_for_days_is_not_given_up_at_the_first_failure(desk):
    desk.receiver.down = {"crm"}
    await desk.writes("STOP")
    await desk.jump(100 * 60)
    await desk.close()
    await desk.open(desk.path)
    await desk.work()
    assert {row["state"] for row in await desk.rows("SELECT state FROM notifications WHERE target = 'crm'")} == {
        "waiting"
    }
    desk.receiver.down.clear()
    await desk.later(5)
    assert len(desk.receiver.ids("crm")) == len(await desk.rows("SELECT * FROM events"))
