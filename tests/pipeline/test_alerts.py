"""A call that reached no phone: the admin is told which phone it was, once; the limit of one line hides no other."""

from dataclasses import replace

from tests.pipeline.support import CALLER, open_office, until
from textback_pbx.pipeline import people
from textback_pbx.pipeline.office import office_of
from textback_pbx.pipeline.people import Subject


async def repairs(office):
    return await office.rows("SELECT source, reason, owner, created_ms FROM tasks WHERE kind = 'repair' ORDER BY id")


async def test_the_admin_is_told_which_phone_is_not_registered_and_not_with_every_call(tmp_path):
    async with open_office(tmp_path) as office:
        office.pbx.devices = {"PJSIP/101": "NOT_INUSE", "PJSIP/109": "UNAVAILABLE"}
        office.pbx.cut()
        await until(lambda: _asked(office), "the phones are looked at")
        for caller in (CALLER, "+15125550143"):
            uniqueid = await office.call("unplugged", caller)
            story = await office.decided(uniqueid)
            assert story["call"]["outcome"] == "not_reachable"
        (task,) = await repairs(office)
        assert "could reach no phone" in task["reason"]
        assert "PJSIP/109 not registered since " in task["reason"]
        assert CALLER not in task["reason"]
        (away,) = story["call"]["facts"]["not_registered"]
        assert away["phone"] == "PJSIP/109"
        assert away["since_ms"] <= story["call"]["ended_ms"]
        assert story["around"]["missed_before"] == 0


async def _asked(office):
    """The states are in: a call that is told of now knows them."""
    return office.agent._listeners[0]._watcher._phones.away()


async def test_each_line_and_each_trouble_has_its_own_pause(database, tmp_path):
    async with open_office(tmp_path) as office:
        read = replace(office_of(office.settings()), alert_every_ms=3_600_000)
        await office.decided(await office.call("unplugged"))
        decision = type("Told", (), {"alert": "trouble", "rule": "cap_hour"})()
        at = 1_800_000_000_000

        async def told(line, now_ms, what=""):
            async with office.database.transaction() as tx:
                return await people.alert(tx, read, Subject("x", line, None), decision, now_ms=now_ms, what=what)

        assert await told("a", at)
        assert await told("b", at)
        assert await told("a", at, "PJSIP/109 not registered")
        assert not await told("a", at + 3_599_999)
        assert await told("a", at + 3_600_000)
        assert await told("a", at + 1)  # the clock was set back: rather told twice than not at all
