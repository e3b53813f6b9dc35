"""The nightly round: due once a night whatever the clock and the machine did; harmless when it fails."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from textback_pbx.config import parse
from textback_pbx.health import Board, State
from textback_pbx.keeping import backup
from textback_pbx.keeping.restore import LEDGER_LOST
from textback_pbx.pipeline.upkeep import Upkeep, last_due_ms, plan_of

CHICAGO = ZoneInfo("America/Chicago")
HOUR = 3_600_000


def plan(where, **more):
    text = f'[office]\nname = "x"\ntimezone = "America/Chicago"\n[database]\npath = "{where / "t.sqlite"}"\n'
    return replace(plan_of(parse(text, Path("c.toml"))), **more)


def upkeep(database, clock, the_plan, *, trusted=True):
    board = Board(clock)
    return Upkeep(database, the_plan, clock, board, clock_trusted=lambda: trusted), board


async def test_once_a_night_and_at_once_when_a_night_was_missed(database, clock, tmp_path):
    the_plan = plan(tmp_path)
    keeper, board = upkeep(database, clock, the_plan)
    nights = set()
    for _ in range(24 * 10):
        await keeper.step()
        nights.add(len(backup.found_in(the_plan.folder)))
        await clock.advance(3600)
    assert board.get("backup").state is State.OK
    made = [one.made_ms for one in backup.found_in(the_plan.folder)]
    assert max(nights) <= the_plan.keep.days + the_plan.keep.weeks + the_plan.keep.months
    assert len(made) == len(set(made)) >= the_plan.keep.days
    await clock.advance(86_400 * 3)
    again, _ = upkeep(database, clock, the_plan)
    before = made[0]
    await again.step()
    await again.step()
    assert backup.found_in(the_plan.folder)[0].made_ms > before


async def test_nothing_is_deleted_or_copied_while_the_clock_is_not_trusted(database, clock, tmp_path):
    keeper, board = upkeep(database, clock, plan(tmp_path), trusted=False)
    async with database.transaction() as tx:
        await tx.run("INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES ('k', '+15125550142', 1, 1)")
    await keeper.step()
    assert not (tmp_path / "backups").exists()
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM calls_out") == 1
    assert board.get("backup") is None


async def test_a_copy_that_fails_is_said_and_tried_again_and_nothing_is_forgotten_meanwhile(database, clock, tmp_path):
    (tmp_path / "file").write_text("in the way")
    async with database.transaction() as tx:
        await tx.run("INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES ('k', '+15125550142', 1, 1)")
    keeper, board = upkeep(database, clock, plan(tmp_path, folder=tmp_path / "file"))
    assert await keeper.step() <= 3600
    assert board.get("backup").state is State.WARN
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM calls_out") == 1
    (tmp_path / "file").unlink()
    await keeper.step()
    assert board.get("backup").state is State.OK
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM calls_out") == 0


async def test_after_a_restore_that_lost_the_ledgers_end_the_line_holds_until_a_person_looked(
    database, clock, tmp_path
):
    async with database.transaction() as tx:
        await tx.run("INSERT INTO meta (key, value) VALUES (?, '1')", (LEDGER_LOST,))
    keeper, board = upkeep(database, clock, plan(tmp_path))
    await keeper.start()
    assert "STOP" in board.hold()
    async with database.transaction() as tx:
        await tx.run("DELETE FROM meta WHERE key = ?", (LEDGER_LOST,))
    await keeper.step()
    assert board.hold() is None


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01", "2026-06-01"])
def test_a_night_has_one_round_also_when_the_clock_is_put_forward_or_back(tmp_path, day):
    the_plan = plan(tmp_path, hour=2, minute=30)
    start = round(datetime.fromisoformat(day).replace(tzinfo=CHICAGO).timestamp() * 1000)
    rounds = {last_due_ms(start + minute * 60_000, the_plan) for minute in range(0, 27 * 60, 5)}
    assert len([at for at in rounds if start <= at < start + 22 * HOUR]) == 1
    assert all(at <= start + 27 * HOUR for at in rounds)
    assert datetime.fromtimestamp(max(rounds) / 1000, UTC)
