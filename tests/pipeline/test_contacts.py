"""A contact record names the caller in the text and says that they are a customer; nothing else does."""

import json

from tests.pipeline.support import CALLER, open_office, until
from textback_pbx.replies.contacts.person import person
from textback_pbx.replies.contacts.store import keep

OWN = """
[texts.own]
"no_answer.open" = "{business}: {% if caller_name %}{caller_name}, {% endif %}sorry we missed your call. Reply here."
"""


async def test_a_contacts_name_and_standing_are_used_and_a_strangers_are_not(tmp_path):
    async with open_office(tmp_path, extra=OWN) as office:
        stranger = "+15125550143"
        async with office.database.transaction() as tx:
            await keep(tx, person("Alpha Example", [CALLER], "US", customer="known"), source="test", now_ms=1)
        await office.consent()
        await office.consent(stranger)
        await office.call("rang_out")
        await office.call("rang_out", stranger)
        assert "Alpha Example, sorry we missed" in (await office.texts(1))[0]
        assert ": sorry we missed" in (await office.texts(1, stranger))[0]
        office.write("the boiler again")
        office.write("the boiler again", stranger)
        office.write("I am a new customer", CALLER)

        async def handled():
            rows = await office.rows("SELECT intake FROM inbound WHERE state = 'handled' ORDER BY id")
            return [json.loads(row["intake"]) for row in rows] if len(rows) == 3 else None

        read = await until(handled, "three texts are handled")
        assert [one["customer"] for one in read] == ["known", None, "new"]
        assert read[0]["evidence"]["customer"]["rule"] == "contact_record"
