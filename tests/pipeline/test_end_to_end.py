"""One missed call, one text: the whole path through the real agent, between a simulated PBX and modem."""

import pytest

from tests.pipeline.support import open_office, until


async def test_a_missed_call_becomes_one_text_and_its_story_is_whole(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        uid = await office.call("rang_out")
        assert "Lakeside Plumbing" in (await office.texts(1))[0]
        story = await office.decided(uid)
        assert (story["call"]["outcome"], story["decision"]["verdict"]) == ("no_answer", "text")
        assert story["decision"]["consent_entry"]["event"] == "granted"

        async def delivered():
            states = {part["state"] for part in (await office.story(uid))["messages"][0]["parts"]}
            return states == {"delivered"}

        await until(delivered, "the status report has come")
        assert len(office.modem.smsc.submits) == 1


@pytest.mark.parametrize(
    ("script", "options", "outcome"),
    [("busy", {}, "busy"), ("unplugged", {}, "not_reachable"), ("gave_up", {}, "no_answer")],
)
async def test_each_reason_has_its_text(tmp_path, script, options, outcome):
    async with open_office(tmp_path) as office:
        await office.consent()
        story = await office.decided(await office.call(script, **options))
        assert story["call"]["outcome"] == outcome
        assert len(await office.texts(1)) == 1


async def test_no_consent_no_text_but_a_task(tmp_path):
    async with open_office(tmp_path) as office:
        story = await office.decided(await office.call("rang_out"))
        assert story["decision"]["verdict"] == "task"
        assert [task["kind"] for task in story["tasks"]] == ["call_back"]
        assert office.inbox() == []


async def test_answered_and_withheld_get_nothing(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        answered = await office.decided(await office.call("answered", rings=0.05, talks=0.05))
        withheld = await office.decided(await office.call("rang_out", presentation="prohib_passed_screen"))
        assert [s["decision"]["verdict"] for s in (answered, withheld)] == ["nothing", "nothing"]
        assert withheld["call"]["caller"] is None
        assert withheld["call"]["caller_raw"] == ""
        assert office.inbox() == []


async def test_stop_is_confirmed_once_and_ends_all_texts(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        await office.call("rang_out")
        await office.texts(1)
        office.write("STOP")
        texts = await office.texts(2)
        assert "no more texts" in texts[1]
        story = await office.decided(await office.call("rang_out"))
        assert story["decision"]["verdict"] != "text"
        office.write("stop!!")

        async def handled():
            return len(await office.rows("SELECT id FROM inbound WHERE state = 'handled'")) == 2

        await until(handled, "the second STOP is handled")
        assert len(office.inbox()) == 2
        assert await office.rows("SELECT count(*) AS n FROM opt_outs") == [{"n": 1}]


async def test_a_reply_reaches_a_person_with_a_deadline(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        await office.call("rang_out")
        await office.texts(1)
        office.write("Water heater is leaking, can you come tomorrow?")

        async def task():
            return await office.rows("SELECT * FROM tasks WHERE kind = 'reply'")

        (found,) = await until(task, "a task for the reply")
        assert found["owner"] == "front desk"
        assert found["due_ms"] > found["created_ms"]
        assert found["thread_id"] is not None


async def test_answered_on_a_redial_before_the_text_left(tmp_path):
    async with open_office(tmp_path, delay=2) as office:
        await office.consent()
        first = await office.decided(await office.call("rang_out"))
        assert first["decision"]["verdict"] == "text"
        await office.decided(await office.call("answered", rings=0.05, talks=0.05))

        async def cancelled():
            return (await office.story(str(first["call"]["id"])))["messages"][0]["message"]["cancelled"]

        assert "answered" in await until(cancelled, "the text is cancelled")
        assert office.inbox() == []


async def test_nothing_leaves_while_the_caller_is_on_the_phone(tmp_path):
    async with open_office(tmp_path, delay=1) as office:
        await office.consent()
        await office.call("rang_out")
        await office.call("answered", rings=0.05, talks=2.5)
        assert office.inbox() == []

        async def cancelled():
            return await office.rows("SELECT cancelled FROM messages WHERE cancelled IS NOT NULL")

        await until(cancelled, "the text is cancelled")
        assert office.inbox() == []


async def test_a_repeat_caller_gets_one_text_and_an_urgent_task(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        await office.call("rang_out")
        await office.texts(1)
        story = await office.decided(await office.call("rang_out"))
        assert story["decision"]["verdict"] == "task"
        assert [task["priority"] for task in story["tasks"]] == ["urgent"]
        assert len(office.inbox()) == 1


@pytest.mark.fault(11)
async def test_a_stop_that_waits_on_the_sim_is_honoured_before_anything_leaves(tmp_path):
    async with open_office(tmp_path, delay=60) as office:
        await office.consent()
        await office.decided(await office.call("rang_out"))
        await office.stop()
        office.write("STOP")
        office.delay = 0
        assert office.database is not None
        import sqlite3

        raw = sqlite3.connect(office.path)
        raw.execute("UPDATE messages SET not_before_ms = created_ms, look_again = 0")
        raw.execute("UPDATE parts SET next_try_ms = 0")
        raw.commit()
        raw.close()
        await office.start()
        texts = await office.texts(1)
        assert len(texts) == 1
        assert "no more texts" in texts[0]
