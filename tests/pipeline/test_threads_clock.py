"""The clock and the weekly mail in the joined loops: follow-ups become tasks, silence ends, a mail arrives once."""

import pytest

from tests.pipeline.staff_desk import CONFIG, CUSTOMER, TUESDAY_10, Desk
from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.config import parse
from textback_pbx.pipeline.weekly import Weekly, weekly_of
from textback_pbx.replies.threads import store
from textback_pbx.replies.threads.status import Status

REPORT = """
[replies]
no_response_hours = 10
[report]
mail_to = ["bea"]
[[people]]
name = "bea"
addresses = ["mailto://office:x@mail.example.com"]
"""


@pytest.fixture
async def desk(clock, tmp_path):
    clock.set_wall(TUESDAY_10)
    one = await Desk(clock, extra=REPORT).open(tmp_path / "t.sqlite")
    yield one
    await one.close()


async def rows(desk, sql):
    async with desk.database.read() as tx:
        return [tuple(row) for row in await tx.all(sql)]


async def pass_time(desk, ms):
    desk.clock.set_wall(desk.clock.now_ms() + ms)
    await desk.teller.step()


async def test_a_follow_up_is_somebodys_task_on_its_day_and_once(desk):
    async with desk.database.transaction() as tx:
        thread = await store.thread_for(tx, CUSTOMER, "office", TUESDAY_10)
        await store.set_status(tx, thread, Status.FOLLOW_UP, TUESDAY_10, actor="sam", look_ms=TUESDAY_10 + 3 * DAY_MS)
    await pass_time(desk, 2 * DAY_MS)
    assert await rows(desk, "SELECT count(*) FROM tasks") == [(0,)]
    for _ in range(3):
        await pass_time(desk, DAY_MS)
    assert await rows(desk, "SELECT kind, state, owner FROM tasks") == [("review", "open", "front desk")]
    assert await rows(desk, "SELECT status FROM threads") == [("waiting_on_us",)]


async def test_silence_ends_after_the_offices_own_patience(desk):
    async with desk.database.transaction() as tx:
        await store.thread_for(tx, CUSTOMER, "office", TUESDAY_10)
    await pass_time(desk, 10 * HOUR_MS - 1)
    assert await rows(desk, "SELECT status FROM threads") == [("new",)]
    await pass_time(desk, 1)
    assert await rows(desk, "SELECT status FROM threads") == [("no_response",)]


async def test_the_mail_reaches_its_people_once_and_no_endpoint(desk):
    settings = parse(CONFIG + REPORT, desk.path)

    def weekly():
        parts = (desk.database, desk.office, desk.clock)
        trusted = {"clock_trusted": lambda: True, "on_notice": lambda: None}
        return Weekly(parts, weekly_of(settings), settings.zone(), **trusted)

    await weekly().step()
    for _ in range(14):
        desk.clock.set_wall(desk.clock.now_ms() + DAY_MS)
        while await weekly().step() == 0.0:
            pass
        for _ in range(3):
            await desk.teller.step()
            await desk.deliverer.step()
    mails = [one for one in desk.receiver.taken if "mailto" in one[0]]
    assert [title for _, title, _ in mails] == ["You missed no calls last week."] * 2
    assert "MISSED CALLS" in mails[0][2]["body"]
    assert len(mails) == len(desk.receiver.taken)
