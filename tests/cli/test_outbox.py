"""`outbox list|show|resolve` as a person types them."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from tests.outbox.support import ANNA, BERT, FAST, ICCID, T0, a_text
from textback_pbx.cli.outbox import app
from textback_pbx.database import Database
from textback_pbx.outbox.attempt import Unknown
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.claim_store import Asking, Go, claim_next, hand_over, settle
from textback_pbx.outbox.store import enqueue
from textback_pbx.tasks.book import Kind, NewTask
from textback_pbx.tasks.store import open_task


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[office]\nname = "Lakeside Plumbing"\n[database]\npath = "{tmp_path}/t.sqlite"\n')
    asyncio.run(fill(tmp_path / "t.sqlite"))
    return path


async def fill(path):
    """One text of two parts of which the first is unknown, and one that waits."""

    async def go(tx, row):
        return Go()

    database = await Database.open(path)
    asking = Asking("m1", ICCID, T0, 0.0)
    async with database.transaction() as tx:
        await enqueue(tx, a_text(ANNA, "one", "two", expires_ms=T0 + 10**12), T0)
        await enqueue(tx, a_text(BERT, "plain", expires_ms=T0 + 10**12), T0)
        found = await claim_next(tx, asking, Pace(FAST.budget), go, FAST)
        await hand_over(tx, found.part.part_id, asking)
        settled = await settle(tx, found.part.part_id, Unknown("no answer within 180 s"), T0, FAST)
        task = NewTask(Kind.UNKNOWN_SEND, settled[0].task_source, "main", "nobody knows", "office", T0, T0)
        assert await open_task(tx, task) is not None
    await database.close()


async def closed_by(path):
    database = await Database.open(path)
    async with database.read() as tx:
        found = await tx.value("SELECT closed_by FROM tasks WHERE state = 'done'")
    await database.close()
    return found


def run(config, *args, code=0):
    result = CliRunner().invoke(app, [*args, "--config", str(config)])
    assert result.exit_code == code, result.output
    return result.output


def test_what_nobody_can_know_is_listed_with_what_to_do(config):
    text = run(config, "list")
    assert "no answer within 180 s" in text
    assert "waits for part 1, whose fate nobody knows" in text
    assert "textback-pbx outbox resolve 1 --was-sent" in text
    only = json.loads(run(config, "list", "--state", "unknown", "--json"))
    assert [(m["state"], [p["state"] for p in m["parts"]]) for m in only] == [("unknown", ["unknown", "queued"])]
    assert "Nothing." in run(config, "list", "--state", "refused")


def test_a_state_that_does_not_exist_is_answered_with_those_that_do(config):
    assert "there is no state 'lost'; there are: accepted, cancelled," in run(config, "list", "--state", "lost", code=2)


def test_one_text_tells_its_story(config):
    text = run(config, "show", "1")
    assert "'onetwo'" in text
    assert [word for word in ("queued", "claimed", "handed_over", "unknown") if word not in text] == []
    assert len(json.loads(run(config, "show", "1", "--json"))["story"]) == 5
    assert "there is no text 9" in run(config, "show", "9", code=1)


def test_a_person_says_what_became_of_it_and_the_name_stays_with_it(config):
    assert "say one of" in run(config, "resolve", "1", code=2)
    assert "say one of" in run(config, "resolve", "1", "--was-sent", "--not-sent", code=2)
    said = run(config, "resolve", "1", "--was-sent", "--as", "desk", "--note", "read to me on the phone")
    assert "part 1 of 2 of text 1 was unknown, now it is accepted" in said
    assert "was sent, says desk: read to me on the phone [desk]" in run(config, "show", "1")
    assert asyncio.run(closed_by(config.parent / "t.sqlite")) == "desk"
    assert "the network has taken it" in run(config, "resolve", "1", "--send-again", code=1)
    assert "the agent is still at it" in run(config, "resolve", "2", "--not-sent", code=1)
    assert "there is no part 77" in run(config, "resolve", "77", "--not-sent", code=1)
