"""A modem that answers "invalid index" when there is nothing to list is not one that cannot list."""

from tests.modem.bench import bench
from textback_pbx.modem.pdu import Deliver, decode
from textback_pbx.testing.faults import Fault


async def test_an_empty_storage_may_be_told_as_an_error(monkeypatch):
    async with bench(monkeypatch, start=False) as one:
        one.sim.arm(Fault("quirk", args={"name": "cmgl_empty_refused"}))
        await one.ready()
        one.receive("Yes please")
        assert await one.until(lambda: one.stored() and not any(store.slots for store in one.sim.stores.values()))
        read = decode(one.stored()[0].pdu)
        assert isinstance(read, Deliver)
        assert read.text == "Yes please"
        assert "AT+CMGR=5" not in one.commands(), "it was read index by index"
