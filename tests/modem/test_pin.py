"""The PIN: one attempt per card and PIN, on disk before it is made, over any number of restarts."""

import pytest

from tests.modem.bench import bench
from textback_pbx.modem import store
from textback_pbx.modem.items import Problem
from textback_pbx.modem.pin import PinResult, Pins
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.sim_card import SimCard


def remembered(database) -> Pins:
    async def begin(iccid, pin):
        async with database.transaction() as tx:
            return await store.begin_pin(tx, iccid, pin, 1_793_000_000_000)

    async def settle(iccid, pin, result):
        async with database.transaction() as tx:
            await store.settle_pin(tx, iccid, pin, result)

    return Pins(begin, settle)


async def results(database):
    async with database.read() as tx:
        return [row["result"] for row in await tx.all("SELECT result FROM pin_attempts")]


async def real(one, condition, seconds=90):
    """The database works in a thread: give it real time as well."""
    import asyncio

    for _ in range(400):
        if condition():
            return True
        await asyncio.sleep(0.002)
        await one.clock.advance(seconds / 400)
    return bool(condition())


async def test_the_right_pin_opens_the_card_after_every_restart(monkeypatch, database):
    card = SimCard("+15125550100", pin="1234")
    for _ in range(3):
        card.power_cycle()
        async with bench(monkeypatch, sim=card, pins=remembered(database), pin="1234", start=False) as one:
            assert await real(one, lambda: one.modem.trouble() is None)
            assert card.pin_tries == 3
    assert await results(database) == ["accepted"]


@pytest.mark.fault(35)
async def test_a_wrong_pin_is_tried_once_ever(monkeypatch, database):
    card = SimCard("+15125550100", pin="1234")
    for _ in range(4):
        card.power_cycle()
        async with bench(monkeypatch, sim=card, pins=remembered(database), pin="9999", start=False) as one:
            assert await real(one, lambda: one.modem.health.problem is Problem.PIN_WRONG)
            await real(one, lambda: False, seconds=300)
            assert await real(one, lambda: one.modem.health.problem is Problem.PIN_WRONG)  # it looks again now and then
            assert card.pin_tries == 2
            assert "third wrong one" in one.modem.trouble()
            assert not any("9999" in item.pdu for item in one.stored())
    assert await results(database) == ["refused"]


@pytest.mark.fault(35)
async def test_the_pin_is_not_tried_on_another_card_than_the_configured_one(monkeypatch, database):
    card = SimCard("+15125550100", pin="4321")
    settings = {"pin": "1234", "iccid": "8944000000000000019"}
    async with bench(monkeypatch, sim=card, pins=remembered(database), start=False, **settings) as one:
        assert await real(one, lambda: one.modem.health.problem is Problem.WRONG_SIM)
        assert card.pin_tries == 3
    assert await results(database) == []


@pytest.mark.fault(35)
@pytest.mark.parametrize("event", ["command", "reply"])
async def test_a_pin_whose_answer_nobody_saw_is_not_tried_again(monkeypatch, database, event):
    card = SimCard("+15125550100", pin="1234")
    async with bench(monkeypatch, sim=card, pins=remembered(database), pin="9999", start=False) as one:
        one.sim.arm(Fault("hang" if event == "command" else "swallow", on=event, command="+CPIN", nth=2))
        await real(one, lambda: one.modem.health.problem is Problem.SILENT, seconds=60)
    assert await results(database) == ["tried"]
    tries = card.pin_tries
    async with bench(monkeypatch, sim=card, pins=remembered(database), pin="9999", start=False) as one:
        assert await real(one, lambda: one.modem.health.problem is Problem.PIN_TRIED)
        assert card.pin_tries == tries
        assert "allow-pin" in one.modem.trouble()
    async with database.transaction() as tx:
        assert await store.forget_pins(tx) == 1
    async with bench(monkeypatch, sim=card, pins=remembered(database), pin="1234", start=False) as one:
        assert await real(one, lambda: one.modem.trouble() is None)


@pytest.mark.fault(35)
async def test_without_a_pin_and_with_a_puk_nothing_is_tried(monkeypatch, database):
    card = SimCard("+15125550100", pin="1234")
    async with bench(monkeypatch, sim=card, pins=remembered(database), start=False) as one:
        assert await real(one, lambda: one.modem.health.problem is Problem.PIN_WANTED)
        one.sim.arm(Fault("puk_required"))
        assert await real(one, lambda: one.modem.health.problem is Problem.PUK_WANTED)
        assert not any("+CPIN=" in line for line in one.commands())
    assert await results(database) == []


async def test_two_cards_have_an_attempt_each(database):
    async with database.transaction() as tx:
        assert await store.begin_pin(tx, "8944", "1234", 1) is None
        assert await store.begin_pin(tx, "8944", "1234", 2) is PinResult.TRIED
        assert await store.begin_pin(tx, "8945", "1234", 3) is None
        assert await store.begin_pin(tx, "8944", "4321", 4) is None
        await store.settle_pin(tx, "8944", "1234", PinResult.ACCEPTED)
        assert await store.begin_pin(tx, "8944", "1234", 5) is None
        assert await store.forget_pins(tx, "8945") == 1
        text = str([tuple(row) for row in await tx.all("SELECT * FROM pin_attempts")])
        assert "1234" not in text.replace("8944", "")


def test_a_pin_is_in_no_log_line():
    from textback_pbx.modem.lines import Command, NotGrammar

    assert Command('AT+CPIN="1234"', secret=True).shown == "AT+CPIN=..."
    with pytest.raises(NotGrammar) as error:
        Command('AT+CPIN="12;34"', secret=True)
    assert "12" not in str(error.value)
