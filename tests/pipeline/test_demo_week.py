"""The demo's week goes as it must, in a few seconds, and says so when it does not."""

import dataclasses

from textback_pbx.database import Database
from textback_pbx.pipeline.figures import report_of
from textback_pbx.tasks.periods import week_before
from textback_pbx.testing.clock import ManualClock
from textback_pbx.testing.demo_week import BEGINS
from textback_pbx.testing.demo_week_office import WeekOffice
from textback_pbx.testing.demo_week_play import main, play, problems


async def test_the_week_goes_as_it_must_and_its_judge_finds_what_does_not(tmp_path):
    clock = ManualClock()
    database = await Database.open(tmp_path / "t.sqlite")
    try:
        office = WeekOffice(database, clock)
        clock.set_wall(office.at(BEGINS))
        assert await play(office, quiet=True) == []
        async with database.read() as tx:
            now_ms = clock.now_ms()
            made = await report_of(tx, office.office, week_before(now_ms, office.zone), office.zone, now_ms)
        assert await problems(office, dataclasses.replace(made, booked=2)) == ["the report says booked 2 instead of 1"]
        office.crm.taken.append(office.crm.taken[0])
        office.network.sent = [one for one in office.network.sent if "EMERGENCY" not in one[2]]
        found = await problems(office, made)
        assert "an event was told twice" in found
        assert "the emergency at night did not reach the plumber on call" in found
        async with database.transaction() as tx:
            await tx.run("UPDATE bookings SET from_ms = from_ms - 1")
            await tx.run("INSERT INTO events (name, source, at_ms) VALUES ('call.missed', 'x', 1)")
        found = await problems(office, made)
        assert "1 events never reached the endpoint" in found
        assert any(words.startswith("the booking is") for words in found)
    finally:
        await database.close()


def test_the_command_ends_with_status_1_when_something_is_wrong(monkeypatch, capsys):
    from textback_pbx.testing import demo_week_play

    async def nothing(office, *, quiet=False):
        return ["the plumber slept"]

    monkeypatch.setattr(demo_week_play, "play", nothing)
    assert main() == 1
    assert "NOT as it must be: the plumber slept" in capsys.readouterr().out
