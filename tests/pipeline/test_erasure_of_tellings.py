"""What members of staff were told of a person, and wrote about them, goes with the person: also long afterwards."""

import sqlite3

import pytest

from tests.pipeline.staff_desk import CUSTOMER, KIM, TUESDAY_10, Desk
from textback_pbx import subject
from textback_pbx.tasks import notify_store

SECRETS = (CUSTOMER, "Quill", "Elmwood", "leaks")


@pytest.fixture
async def desk(tmp_path, clock):
    clock.set_wall(TUESDAY_10)
    opened = await Desk(clock).open(tmp_path / "t.sqlite")
    yield opened
    await opened.close()


def left_in(path):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        dump = "\n".join(raw.iterdump())
    return [word for word in SECRETS if word in dump or word.encode() in path.read_bytes()]


@pytest.mark.parametrize("notices_gone", [False, True])
async def test_nothing_told_to_staff_or_endpoints_survives_an_erasure(desk, notices_gone):
    desk.receiver.down = {"crm", "wall"}
    await desk.writes("a water heater leaks at Elmwood, Quill, 78704", CUSTOMER)
    await desk.writes("10 call", KIM)
    await desk.writes("10 Dear Quill we come to Elmwood", KIM)
    await desk.later(2)
    await desk.writes("STOP", CUSTOMER)
    await desk.writes("a water heater drips, 78704", "+15125550149")
    await desk.later(5)
    assert len(await desk.rows("SELECT 1 FROM messages WHERE kind = 'notify' AND body LIKE '%Elmwood%'")) >= 1
    async with desk.database.transaction() as tx:
        if notices_gone:  # what was told is forgotten after a month, the texts themselves after two years
            await tx.run("UPDATE notifications SET state = 'sent', settled_ms = 1")
            await notify_store.forget(tx, 2)
        await subject.erase(tx, CUSTOMER, at_ms=desk.clock.now_ms(), local_time="x", actor="owner")
    kept = await desk.rows("SELECT body FROM messages WHERE kind = 'notify' AND body LIKE '%drips%'")
    assert len(kept) >= 1, "what they were told of others stands"
    await desk.close()
    assert left_in(desk.path) == []
    await desk.open(desk.path)
