"""The checks of the modems, against simulated ones: asked themselves, or by what a running agent noted."""

from textback_pbx.clock import SystemClock
from textback_pbx.config import parse
from textback_pbx.database import Database
from textback_pbx.doctor.modem import modem
from textback_pbx.findings import Level
from textback_pbx.health import Board, State
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import SimulatedModem

OFFICE = '[office]\nname = "x"\n[database]\npath = "{folder}/t.sqlite"\n'


def settings_at(folder, text=""):
    return parse(OFFICE.format(folder=folder) + text.format(folder=folder), folder / "c.toml")


def levels(found):
    return {one.check: one.level for one in found if one.check not in ("modem.manager", "modem.stick", "modem.supply")}


async def test_without_a_port_the_way_to_one_is_named(tmp_path):
    [found] = await modem(settings_at(tmp_path))
    assert (found.check, found.level) == ("modem.port", Level.FAIL)
    assert "modem list" in found.fix


async def test_two_modems_are_asked_at_once_and_named(tmp_path):
    text = '[modem]\nport = "{folder}/a"\n[[modems]]\nname = "b"\nport = "{folder}/b"\n'
    async with SimulatedModem(PtyPort(tmp_path / "a")), SimulatedModem(PtyPort(tmp_path / "b")) as second:
        second.set_registration(3)
        found = levels(await modem(settings_at(tmp_path, text)))
    assert found["modem:modem.network"] is found["modem:modem.sim"] is Level.PASS
    assert found["modem:b.network"] is Level.FAIL
    assert found["modem:b.sim"] is Level.PASS


async def test_a_locked_sim_is_told_and_its_pin_not_tried(tmp_path):
    card = SimCard(pin="1234")
    async with SimulatedModem(PtyPort(tmp_path / "a"), sim=card):
        found = await modem(settings_at(tmp_path, '[modem]\nport = "{folder}/a"\npin = "9999"\n'))
    assert levels(found) == {"modem.port": Level.PASS, "modem.pin_wanted": Level.FAIL}
    assert card.pin_tries == 3


async def test_beside_an_agent_its_notes_are_read_and_no_port_is_opened(tmp_path):
    settings = settings_at(tmp_path, '[modem]\nport = "{folder}/nowhere"\n')
    database = await Database.open(settings.database.path, exclusive=True)
    board = Board(SystemClock())
    board.note("modem", State.WARN, "the signal is very weak. What to do: move", {"left_this_hour": 3, "left_today": 9})
    await board.save(database)
    try:
        found = [one for one in await modem(settings) if one.check.startswith("modem") and one.check != "modem.manager"]
    finally:
        await database.close()
    assert [(one.check, one.level, one.fix) for one in found] == [
        ("modem", Level.WARN, "move"),
        ("modem.budget", Level.PASS, ""),
    ]
    assert "3 texts more this hour" in found[1].says
