"""Keys that never meet: a restart that CoreStatus does not show, and a clock that repeats itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.test_watcher import DOWN_ITEM, NOW, calls, connected, feed, ready
from tests.calls.wire import Wire
from textback_pbx.calls import store
from textback_pbx.calls.epoch import Epoch
from textback_pbx.calls.items import Heard
from textback_pbx.calls.kinds import Shutdown


def missed(uid, caller="+15125550142"):
    w = Wire()
    w.end(w.root(uid=uid, number=caller), 17)
    return b"".join(w.blocks)


@pytest.mark.fault(22)
@pytest.mark.parametrize("uid", ["1763600000.0", "pbx1-1763600000.0"])
def test_a_restart_within_the_second_of_the_start_time_gives_another_key(uid):
    watcher = ready()
    (before,) = calls(feed(watcher, missed(uid)))
    watcher.take(DOWN_ITEM, 101.0)
    watcher.take(connected(), 102.0)  # the same start time: it counts whole seconds
    (after,) = calls(feed(watcher, missed(uid)))
    assert before.record.uniqueid == after.record.uniqueid
    assert before.key != after.key


@pytest.mark.fault(22)
def test_a_good_bye_tells_two_runs_apart_and_a_mere_gap_does_not():
    for goodbye in (True, False):
        watcher = ready()
        (before,) = calls(feed(watcher, missed("1763600000.7")))
        if goodbye:
            watcher.take(Heard(Shutdown(restart=True), NOW, 100.0), 100.0)
        watcher.take(DOWN_ITEM, 101.0)
        watcher.take(connected(), 102.0)
        (after,) = calls(feed(watcher, missed("1763600009.8")))
        same = before.key.rpartition("/")[0] == after.key.rpartition("/")[0]
        assert same is not goodbye


@pytest.mark.fault(22, 24)
def test_a_call_under_way_is_lost_when_the_counter_starts_again():
    watcher = ready()
    w = Wire()
    root = w.root(uid="1763600000.5")
    w.ring(w.dial(root, "PJSIP/101-2"))
    feed(watcher, b"".join(w.blocks))
    watcher.take(DOWN_ITEM, 101.0)
    results = watcher.take(connected(), 102.0) + feed(watcher, missed("1763600003.1"))
    assert sorted(one.verdict.outcome.value for one in calls(results)) == ["busy", "lost"]


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(0, 50))
def test_no_run_is_cut_in_two_while_its_counter_goes_on(before, first):
    epoch = Epoch()
    for counter in before:
        assert not epoch.is_another(f"1.{counter}")
    epoch.gap()
    top = max(before, default=-1)
    for counter in range(top + 1, top + 4):
        assert not epoch.is_another(f"9.{counter}")
    assert epoch.is_another(f"9.{first}") is (first <= top)
    assert not epoch.is_another("nothing like it")


async def test_a_key_that_comes_again_with_another_caller_is_another_call(database):
    watcher = ready()
    (finished,) = calls(feed(watcher, missed("1763600000.0")))
    one = store.row_of(finished, line="main", caller="+15125550142")
    (finished,) = calls(feed(ready(), missed("1763600000.0", "+15125550143")))
    other = store.row_of(finished, line="main", caller="+15125550143")
    assert one.call_key == other.call_key
    async with database.transaction() as tx:
        assert await store.save_call(tx, one) is not None
        assert await store.save_call(tx, one) is None  # told twice: once
        assert await store.save_call(tx, other) is not None
        assert await store.save_call(tx, other) is None
        keys = [row["call_key"] for row in await tx.all("SELECT call_key FROM calls ORDER BY id")]
    assert keys == [one.call_key, f"{one.call_key}#2"]
