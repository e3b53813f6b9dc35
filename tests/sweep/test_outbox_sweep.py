"""The crash sweep over the outbox: the power is cut at every step that can be seen from outside, one after another.

After each cut the file is taken as the disk has it, a new process starts on it against the same network, and the
invariants of the fault catalogue are judged by what the network saw.
"""

import collections
import sqlite3

import pytest

from tests.outbox.support import EMIL, Steps, broken
from tests.sweep.support import CALLS, World, copy_of, cut_off, judge, live, parts_of, seed
from textback_pbx.database import Database
from textback_pbx.outbox.attempt import TABLE, Event, State

pytestmark = pytest.mark.fault(2, 3, 4, 5, 6, 7, 8, 9, 10, 11)


@pytest.fixture
async def morning(tmp_path):
    path = tmp_path / "morning.sqlite"
    await seed(path)
    return path


def with_stop(world):
    """Emil's STOP lies on the SIM from the moment his first text is on the air."""
    network, transmit = world.network, world.network.transmit

    def transmit_and_answer(part):
        answer = transmit(part)
        if part.number == EMIL:
            network.sim.append(EMIL)
        return answer

    network.transmit = transmit_and_answer
    return world


async def test_without_a_cut_everything_ends_as_it_should(morning, tmp_path):
    world, steps = with_stop(World()), Steps()
    path = await cut_off(morning, tmp_path, world, steps)
    rows = await parts_of(path)
    ends = {row["text"]: row["state"] for row in rows}
    assert judge(rows, world) == []
    assert broken(path) == []
    assert ends == {
        "a1": "delivered",
        "b1": "delivered",
        "b2": "delivered",
        "b3": "delivered",
        "c1": "delivered",
        "d1": "refused",
        "e1": "delivered",
        "f1": "cancelled",
        "e2": "delivered",  # it had left before his STOP was read
        "a2": "accepted",  # unknown first; the network's "still trying" shows that it has it
    }


@pytest.mark.parametrize("reports", [True, False], ids=["with reports", "without reports"])
async def test_a_cut_at_every_step_never_sends_twice_and_loses_nothing(morning, tmp_path, reports):
    whole = Steps()
    fresh = copy_of(morning, tmp_path / "whole.sqlite")
    await cut_off(fresh, tmp_path, with_stop(World(reports)), whole)
    total, unknown, held_back = len(whole.names), 0, 0
    for k in range(1, total + 1):
        world = with_stop(World(reports))
        start = copy_of(morning, tmp_path / "start.sqlite")
        crashed = await cut_off(start, tmp_path, world, Steps(crash_at=k))
        assert world.crashes == 1, f"step {k} was never reached"
        assert broken(crashed) == [], f"on the disk after the cut at step {k}, {whole.names[k - 1]}"
        after = await cut_off(crashed, tmp_path, world, Steps())
        rows = await parts_of(after)
        wrong = [*judge(rows, world), *broken(after)]
        assert wrong == [], f"cut at step {k} of {total}, {whole.names[k - 1]}"
        assert len(rows) == sum(len(parts) for _, parts in CALLS)
        unknown += sum(row["state"] == "unknown" for row in rows)
        held_back += any(row["text"] == "e2" and row["state"] == "cancelled" for row in rows)
    where = ", ".join(f"{name} {count}" for name, count in collections.Counter(whole.names).most_common())
    print(f"\ncrash sweep: {total} cuts ({where}); 0 sent twice, 0 lost, {unknown} parts unknown, shown")
    print(f"a STOP on the SIM held the second text back in {held_back} of them")
    assert total > 100
    assert held_back > 0


async def test_the_sweep_sees_a_known_mistake(morning, tmp_path, monkeypatch):
    """An outbox that sends again what it finds handed over, as common SMS daemons do, is caught."""
    monkeypatch.setitem(TABLE[State.HANDED_OVER], Event.CRASH, State.QUEUED)
    world, whole = with_stop(World(reports=False)), Steps()
    await cut_off(copy_of(morning, tmp_path / "whole.sqlite"), tmp_path, World(reports=False), whole)
    crashed = await cut_off(morning, tmp_path, world, Steps(crash_at=whole.names.index("Ctrl-Z") + 1))
    after = await cut_off(crashed, tmp_path, world, Steps())
    assert "a1: 2 times on the air" in judge(await parts_of(after), world)


async def test_two_cuts_in_a_row_are_no_worse(morning, tmp_path):
    """The second cut falls into the recovery from the first."""
    total = 0
    for first in range(7, 130, 29):
        for second in (1, 2, 3, 5, 8, 13, 21):
            world = with_stop(World())
            start = copy_of(morning, tmp_path / "start.sqlite")
            once = await cut_off(start, tmp_path, world, Steps(crash_at=first))
            twice = await cut_off(once, tmp_path, world, Steps(crash_at=second))
            after = await cut_off(twice, tmp_path, world, Steps()) if world.crashes == 2 else twice
            assert [*judge(await parts_of(after), world), *broken(after)] == [], (first, second)
            total += 1
    print(f"\ncrash sweep: {total} pairs of cuts; 0 sent twice, 0 lost")


@pytest.mark.fault(18)
async def test_a_log_truncated_at_any_frame_is_a_state_between_two_commits(morning, tmp_path):
    """Power loss in the middle of writing a transaction leaves the one before it, whole."""
    database = await Database.open(morning)
    await database._connection.execute("PRAGMA wal_autocheckpoint=0")
    log = morning.with_name(morning.name + "-wal")
    before = len(log.read_bytes())
    commits = [(before, contents(copy_of(morning, tmp_path / "c.sqlite")))]

    def at(name):
        if name == "committed" and log.stat().st_size > commits[-1][0]:
            commits.append((log.stat().st_size, contents(copy_of(morning, tmp_path / "c.sqlite"))))

    await live(database, with_stop(World()), at)
    whole = log.read_bytes()
    base = morning.read_bytes()
    await database.close()
    frame, header, tried = 24 + 4096, 32, 0
    for end in range(header, len(whole) + 1, frame):
        for cut in {end, min(len(whole), end + 1_000)}:
            left = tmp_path / "left.sqlite"
            left.write_bytes(base)
            left.with_name("left.sqlite-wal").write_bytes(whole[:cut])
            expected = [content for size, content in commits if size <= cut][-1]
            assert contents(left) == expected, f"cut at byte {cut} of the log"
            assert broken(left) == []
            tried += 1
    print(f"\nlog truncated at {tried} places over {len(commits)} commits: always whole transactions")


def contents(path):
    """What the outbox's tables hold, as one value."""
    raw = sqlite3.connect(path)
    try:
        return tuple(
            tuple(raw.execute(f"SELECT * FROM {table}")) for table in ("messages", "parts", "part_events", "tasks")
        )
    finally:
        raw.close()
