"""The whole agent with staff: a reply on the wire becomes a text on a plumber's phone, and theirs a customer's."""

import json

import pytest

from tests.pipeline.http_receiver import a_server
from tests.pipeline.support import CALLER, open_office, until

KIM = "+15125550171"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STAFF = f"""
[[people]]
name = "kim"
phone = "{KIM}"
tell = ["sms"]
[people.hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
public_holidays = false
[[routes]]
name = "all"
to = "kim"
[[webhooks]]
name = "crm"
secret = "{KEY}"
"""


@pytest.mark.fault(45)
async def test_a_reply_a_plumber_an_answer_and_the_events_of_it(tmp_path, caplog):
    caplog.set_level("INFO")
    async with a_server() as server:
        extra = STAFF + f'url = "http://127.0.0.1:{server.port}/hook"\n'
        async with open_office(tmp_path, extra=extra) as office:
            await office.consent()
            await office.call("rang_out")
            await office.texts(1)
            office.write("Water heater is leaking, can you come tomorrow?")
            (told,) = await office.texts(1, KIM)
            assert told.startswith("[10] answer +1512***0142 by ")
            office.write("10 We will be there at nine.", KIM)
            assert (await office.texts(2))[1] == "We will be there at nine."
            assert (await office.texts(2, KIM))[1] == "10: sent"

            async def delivered():
                rows = await office.rows("SELECT state FROM notifications")
                types = {json.loads(request.body)["type"] for request in server.requests}
                return "text.delivered" in types and {row["state"] for row in rows} == {"sent"}

            await until(delivered, "every event was told")
            assert await office.rows("SELECT number FROM threads") == [{"number": CALLER}]
            assert await office.rows("SELECT * FROM tasks WHERE state = 'open'") == []
        ids = [request.headers["webhook-id"] for request in server.requests]
        assert len(ids) == len(set(ids))
        types = [json.loads(request.body)["type"] for request in server.requests]
        wanted = {"call.missed", "text.sent", "text.delivered", "reply.received", "thread.assigned"}
        assert wanted <= set(types)
    for words in (CALLER, KIM, "heater", "nine", KEY):
        assert words not in caplog.text


async def test_a_message_that_was_due_while_the_agent_was_off_is_told_after_the_start(tmp_path):
    async with a_server() as server:
        extra = STAFF + f'url = "http://127.0.0.1:{server.port}/hook"\n'
        server.answer = "503 Unavailable"
        async with open_office(tmp_path, extra=extra) as office:
            await office.consent()
            await office.call("rang_out")

            async def tried():
                return server.requests and await office.rows("SELECT * FROM notifications WHERE tries > 0")

            await until(tried, "the endpoint was tried")
            await office.crash()
            server.answer = "204 No Content"
            raw = await _force(office.path)
            assert raw
            await office.start()

            async def told():
                rows = await office.rows("SELECT state FROM notifications")
                return rows and {row["state"] for row in rows} == {"sent"}

            await until(told, "what waited was told")
        ids = [request.headers["webhook-id"] for request in server.requests]
        assert len(set(ids)) < len(ids), "the first try and the one after it have one id"


async def _force(path):
    """Let what rests be due now: the test does not wait for a pause."""
    import sqlite3

    raw = sqlite3.connect(path)
    changed = raw.execute("UPDATE notifications SET next_try_ms = 0 WHERE state = 'waiting'").rowcount
    raw.commit()
    raw.close()
    return changed
