"""`journalctl TEXTBACK_CALL=n` tells a call's story, and names nobody."""

import logging

from tests.pipeline.support import CALLER, open_office, until


async def test_every_step_of_a_call_carries_its_key_and_no_number(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="textback_pbx")
    async with open_office(tmp_path) as office:
        await office.consent()
        uniqueid = await office.call()
        await office.texts(1)
        office.write("My boiler is leaking")

        async def answered():
            return await office.rows("SELECT id FROM inbound WHERE state = 'handled'")

        await until(answered, "the answer is handled")
        [call] = await office.rows("SELECT id FROM calls")
    story = [one for one in caplog.records if getattr(one, "textback_call", None) == call["id"]]
    names = [one.name.rpartition(".")[2] for one in story]
    assert names[:2] == ["listen", "decide"]
    assert "sender" in names
    assert story[0].textback_uniqueid == uniqueid
    shown = "\n".join(one.getMessage() for one in caplog.records)
    assert CALLER[1:] not in shown
    assert "boiler" not in shown
