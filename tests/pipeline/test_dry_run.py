"""A dry run decides and records everything and sends nothing: also what was put in before it was switched on."""

import pytest

from tests.pipeline.desk import CALLER, MONDAY_10, open_desk
from textback_pbx.clock import HOUR_MS
from textback_pbx.outbox import store as outbox
from textback_pbx.testing.clock import ManualClock

DRY = "dry_run = true\n"
WHY = "a dry run: nothing leaves"


@pytest.fixture
def clock():
    return ManualClock(MONDAY_10)


async def opened(tmp_path, clock, *, dry, **more):
    return await open_desk(tmp_path, clock, before=DRY if dry else "", **more)


@pytest.mark.parametrize("hold_s", [0, 90])
async def test_what_waits_when_it_is_switched_on_becomes_a_task(tmp_path, clock, hold_s):
    desk = await opened(tmp_path, clock, dry=False)
    await desk.consent()
    desk.line.no = "the modem is unplugged"
    await desk.call()
    await desk.work()
    await desk.database.close()
    desk = await opened(tmp_path, clock, dry=True, network=desk.network)
    await desk.later(hold_s + 1, every=1)
    assert desk.air() == []
    assert await desk.rows("SELECT cancelled FROM messages") == [{"cancelled": WHY}]
    reasons = [row["reason"] for row in await desk.rows("SELECT reason FROM tasks WHERE kind = 'call_back'")]
    assert reasons == ["dry run: a text would have gone out"]
    await desk.database.close()


async def test_no_answer_to_a_keyword_leaves_and_the_stop_counts(tmp_path, clock):
    desk = await opened(tmp_path, clock, dry=True)
    for word in ("HELP", "STOP", "START", "STOP"):
        await desk.clock.advance(1)  # each at its own second: two alike would be one text read twice
        await desk.write(word)
        await desk.work()
    await desk.later(600)
    assert desk.air() == []
    assert {row["cancelled"] for row in await desk.rows("SELECT cancelled FROM messages")} >= {WHY}
    assert len(await desk.rows("SELECT 1 FROM opt_outs")) == 1
    await desk.database.close()


async def test_only_the_installers_test_text_leaves(tmp_path, clock):
    desk = await opened(tmp_path, clock, dry=True)
    now_ms = clock.now_ms()
    for kind in ("staff", "notify", "test"):
        new = outbox.NewMessage(kind=kind, line="main", number=CALLER, body=kind, parts=(kind,), encoding="gsm7",
                                not_before_ms=now_ms, expires_ms=now_ms + HOUR_MS)  # fmt: skip
        async with desk.database.transaction() as tx:
            await outbox.enqueue(tx, new, now_ms)
    await desk.work()
    assert desk.air() == ["test"]
    await desk.database.close()
