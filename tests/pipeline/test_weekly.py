"""The weekly loop on a manual clock: restarts, gaps and clock changes make no mail twice and leave none out."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.pipeline.office import office_of
from textback_pbx.pipeline.weekly import Weekly, weekly_of

CONFIG = """
[office]
name = "Lakeside Plumbing"
timezone = "America/New_York"
[report]
mail_to = [{to}]
at = "02:30"
day = "sunday"
[[people]]
name = "sam"
addresses = ["json://127.0.0.1:9"]
[[people]]
name = "kim"
"""


def at(*moment):
    return round(datetime(*moment, tzinfo=UTC).timestamp() * 1000)


def settings(to='"sam"'):
    return parse(CONFIG.format(to=to), Path("test.toml"))


def start(database, clock, *, to='"sam"', trusted=lambda: True):
    """A loop as a start of the agent makes it."""
    given = settings(to)
    parts = (database, office_of(given), clock)
    return Weekly(parts, weekly_of(given), given.zone(), clock_trusted=trusted, on_notice=lambda: None)


async def weeks(database):
    async with database.read() as tx:
        mails = [row["week"] for row in await tx.all("SELECT week FROM weekly_mails ORDER BY week")]
        notices = await tx.all("SELECT e.source, n.target FROM notifications n JOIN events e ON e.id = n.event_id")
    assert sorted(row["source"] for row in notices) == [f"weekly:{week}" for week in mails]
    return mails


async def test_a_year_of_restarts_makes_each_week_once(database, clock):
    rnd = random.Random(4)
    clock.set_wall(at(2026, 1, 7, 12))
    first = date(2026, 1, 5)
    loop = start(database, clock)
    while clock.now_ms() < at(2027, 1, 7, 12):
        pause = await loop.step()
        assert pause <= 3600
        if rnd.random() < 0.3:
            loop = start(database, clock)
        clock.set_wall(clock.now_ms() + rnd.choice([MINUTE_MS, HOUR_MS, HOUR_MS, 30 * HOUR_MS, 17 * DAY_MS]))
    while await loop.step() == 0.0:
        pass
    made = await weeks(database)
    assert made == [(first + timedelta(7 * n)).isoformat() for n in range(len(made))]
    assert len(made) in (51, 52)


@pytest.mark.parametrize("sunday", [(2026, 3, 8), (2026, 11, 1)])
async def test_a_clock_change_at_its_very_time_makes_one_mail(database, clock, sunday):
    clock.set_wall(at(*sunday) - 12 * DAY_MS)
    loop = start(database, clock)
    await loop.step()
    clock.set_wall(at(*sunday))
    while clock.now_ms() < at(*sunday) + DAY_MS:
        await start(database, clock).step()
        clock.set_wall(clock.now_ms() + 15 * MINUTE_MS)
    assert len(await weeks(database)) == 1


async def test_a_clock_that_goes_back_or_is_not_trusted_makes_nothing(database, clock):
    clock.set_wall(at(2026, 5, 4, 12))
    await start(database, clock).step()
    clock.set_wall(at(2026, 5, 20, 12))
    assert await start(database, clock, trusted=lambda: False).step() == 60.0
    assert await weeks(database) == []
    assert await start(database, clock).step() == 0.0
    clock.set_wall(at(2026, 5, 4, 12))
    assert await start(database, clock).step() > 0
    assert await weeks(database) == ["2026-05-04"]


async def test_weeks_nobody_wanted_are_not_made_up_for(database, clock):
    clock.set_wall(at(2026, 5, 4, 12))
    await start(database, clock).step()
    await start(database, clock, to="").step()
    clock.set_wall(clock.now_ms() + 100 * DAY_MS)
    await start(database, clock).step()
    assert await weeks(database) == []
    clock.set_wall(clock.now_ms() + 14 * DAY_MS)
    assert await start(database, clock).step() == 0.0


def test_who_gets_it_must_exist_and_have_an_address():
    with pytest.raises(ConfigProblem, match="nobody is named 'eve'"):
        settings('"eve"')
    with pytest.raises(ConfigProblem, match="kim has no addresses"):
        settings('"kim"')
