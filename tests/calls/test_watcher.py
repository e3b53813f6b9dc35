"""The watcher: at once, after a grace, adopted or lost; restarts, gaps, and what is stored of it."""

import asyncio
import json
import random
from dataclasses import replace

import pytest

from tests.calls.support import INDEX, expected, recording
from tests.calls.wire import CALLER, RING, UP, Wire
from textback_pbx.calls import backfill_store, store
from textback_pbx.calls.blocks import Blocks
from textback_pbx.calls.events import parse
from textback_pbx.calls.items import Connected, Disconnected, Down, Heard, Items, Overflow, Roll
from textback_pbx.calls.kinds import Ignored, LiveChannel, Malformed, Shutdown, Snapshot
from textback_pbx.calls.outcome import Outcome
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.watcher import Finished, FinishedOut, GapClosed, GapOpened, Warned, Watcher, watch
from textback_pbx.clock import SystemClock
from textback_pbx.testing.ami_script import Call, rang_out
from textback_pbx.testing.asterisk import AmiServer

NOW = 1_793_000_000_000


def connected(*live, started="2026-11-20T08:00:00", system="", warnings=()):
    return Connected("pbx", system, started, "22.10.0", live, warnings, NOW)


def live(channel, bridge=""):
    shot = Snapshot(
        channel.name,
        channel.uniqueid,
        channel.linkedid,
        channel.state,
        channel.number,
        channel.context,
        channel.exten,
        "",
    )
    return LiveChannel(shot, bridge, "", 1)


def heard(data: bytes, at_ms=NOW):
    for block in Blocks().feed(data):
        event = parse(block)
        if not isinstance(event, Ignored | Malformed):
            yield Heard(event, at_ms, 0.0)


def feed(watcher, data, at=100.0, at_ms=NOW):
    return [result for item in heard(data, at_ms) for result in watcher.take(item, at)]


def calls(results):
    return [r for r in results if isinstance(r, Finished)]


def ready():
    watcher = Watcher(AmiSettings())
    watcher.take(connected(), 99.0)
    return watcher


@pytest.mark.parametrize("name", INDEX)
def test_every_recording_ends_by_itself(name):
    watcher = ready()
    results = feed(watcher, recording(name)) + watcher.due(103.0, NOW)
    got = [(r.record.uniqueid, r.record.caller, r.record.dialled, r.verdict.outcome.value) for r in calls(results)]
    assert sorted(got) == sorted(expected(name))
    assert watcher.next_due() is None


def test_a_call_back_is_reported():
    results = feed(ready(), recording("missed_then_office_calls_back"))
    assert [(r.call.number, r.call.answered) for r in results if isinstance(r, FinishedOut)] == [("07700900123", True)]


def test_at_once_when_all_channels_are_gone_else_after_the_grace():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).end(leg, 0).end(r)
    assert len(calls(feed(ready(), b"".join(w.blocks)))) == 1
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).end(r)
    watcher = ready()
    assert feed(watcher, b"".join(w.blocks), at=100.0) == []
    assert watcher.next_due() == 102.0
    (finished,) = calls(watcher.due(102.0, NOW))
    assert finished.verdict.outcome is Outcome.NO_ANSWER
    late = Wire()
    late.end(leg, 26)
    assert feed(watcher, b"".join(late.blocks)) == []  # handed over once


def test_ring_time_is_measured_by_our_own_clock():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg)
    watcher = ready()
    feed(watcher, b"".join(w.blocks))
    rest = Wire()
    rest.dial_end(r, leg, "NOANSWER").end(leg, 0).end(r)
    (finished,) = calls(feed(watcher, b"".join(rest.blocks), at_ms=NOW + 7_000))
    assert store.row_of(finished, line="main", caller=CALLER).ring_ms == 7_000
    assert (finished.started_ms, finished.ended_ms) == (NOW, NOW + 7_000)


def half_a_call(answered=False):
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg)
    if answered:
        w.up(leg, r).enter("b", leg, r)
    return w, r, leg


DOWN_ITEM = Disconnected("pbx", Down.CLOSED, "gone", 1.0, NOW)


@pytest.mark.fault(24)
@pytest.mark.parametrize("answered", [True, False])
def test_asterisk_restarted_in_mid_call(answered):
    watcher = ready()
    w, _, _ = half_a_call(answered)
    feed(watcher, b"".join(w.blocks))
    watcher.take(DOWN_ITEM, 101.0)
    (finished,) = calls(watcher.take(connected(started="2026-11-20T09:00:00"), 102.0))
    assert finished.verdict.outcome is (Outcome.ANSWERED if answered else Outcome.LOST)


@pytest.mark.fault(22)
def test_a_uniqueid_used_again_after_a_restart_is_another_call():
    watcher, keys = ready(), []
    for started in ("2026-11-20T09:00:00", "2026-11-20T10:00:00"):
        watcher.take(connected(started=started), 102.0)
        keys += [finished.key for finished in calls(feed(watcher, recording("single_no_answer")))]
    assert len(set(keys)) == 2


@pytest.mark.fault(24, 28)
def test_the_link_was_lost_and_the_call_still_rings():
    watcher = ready()
    w, r, leg = half_a_call()
    feed(watcher, b"".join(w.blocks))
    watcher.take(DOWN_ITEM, 101.0)
    assert calls(watcher.take(connected(live(r), live(leg)), 102.0)) == []
    rest = Wire()
    rest.dial_end(r, leg, "NOANSWER").end(leg, 0).end(r)
    (finished,) = calls(feed(watcher, b"".join(rest.blocks)))
    assert (finished.verdict.outcome, finished.record.adopted) == (Outcome.NO_ANSWER, True)


@pytest.mark.fault(24)
def test_the_link_was_lost_and_the_call_is_gone():
    watcher = ready()
    w, _, _ = half_a_call()
    feed(watcher, b"".join(w.blocks))
    watcher.take(DOWN_ITEM, 101.0)
    (finished,) = calls(watcher.take(connected(), 102.0))
    assert finished.verdict.outcome is Outcome.LOST


def test_a_call_answered_in_the_gap_is_seen_in_its_bridge_or_lost():
    for bridge, outcome in (("b", Outcome.ANSWERED), ("", Outcome.LOST)):
        watcher = ready()
        w, r, leg = half_a_call()
        feed(watcher, b"".join(w.blocks))
        watcher.take(DOWN_ITEM, 101.0)
        r.state = leg.state = UP
        watcher.take(connected(live(r, bridge), live(leg, bridge)), 102.0)
        rest = Wire()
        rest.end(leg).end(r)
        (finished,) = calls(feed(watcher, b"".join(rest.blocks)))
        assert finished.verdict.outcome is outcome


def test_calls_under_way_at_the_first_connection_are_adopted():
    _w, r, leg = half_a_call()
    watcher = Watcher(AmiSettings())
    watcher.take(connected(live(r), live(leg)), 99.0)
    rest = Wire()
    rest.end(leg, 0).end(r)
    (finished,) = calls(feed(watcher, b"".join(rest.blocks)))
    assert finished.verdict.outcome is Outcome.NO_ANSWER
    assert finished.record.adopted


@pytest.mark.parametrize("state", [RING, UP])
@pytest.mark.parametrize("how", ["heard before", "kept on disk"])
def test_a_call_that_began_in_the_gap_and_was_sent_on_to_another_context_is_not_lost_sight_of(how, state):
    watcher = ready()
    if how == "kept on disk":
        watcher.know_trunks(["PJSIP/trunk"])
    else:
        earlier = Wire(start=9)
        assert len(calls(feed(watcher, b"".join(earlier.end(earlier.root(), 17).blocks)))) == 1
    watcher.take(DOWN_ITEM, 101.0)
    w = Wire(start=20)
    r = w.root("PJSIP/trunk-00000009", context="ext-queues", exten="600", state=state, quiet=True)
    leg = w.chan("PJSIP/101-0000000a", linked=r, state=5, quiet=True)
    watcher.take(connected(live(r), live(leg)), 102.0)
    (finished,) = calls(feed(watcher, b"".join(w.end(leg).end(r).blocks)))
    # Never texted on a guess: nobody heard which number was dialled.
    assert (finished.verdict.outcome, finished.verdict.detail) == (Outcome.LOST, "gap")


def test_a_call_whose_end_was_heard_before_the_gap_was_heard_whole():
    watcher = ready()
    w = Wire()
    r = w.root()
    w.up(r)  # a menu
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).asks(r).end(r)
    assert calls(feed(watcher, b"".join(w.blocks))) == []  # its phone has a short grace
    watcher.take(DOWN_ITEM, 100.5)
    (finished,) = calls(watcher.take(connected(), 101.0))
    assert (finished.verdict.outcome, finished.record.adopted) == (Outcome.NO_ANSWER, False)


def test_two_who_wait_in_a_parking_lot_are_not_joined_by_a_reconnection():
    watcher = ready()
    w = Wire()
    r = w.root()
    desk = w.chan("PJSIP/101-9", context="internal")
    w.up(r, desk).enter("lot", r, desk, tech="holding_bridge")
    feed(watcher, b"".join(w.blocks))
    watcher.take(DOWN_ITEM, 100.5)
    results = watcher.take(connected(live(r, "lot"), live(desk, "lot")), 101.0)
    rest = Wire()
    (finished,) = calls(results + feed(watcher, b"".join(rest.end(desk).end(r).blocks)))
    assert finished.verdict.outcome is not Outcome.ANSWERED


def test_a_phones_own_call_under_way_is_no_customers():
    watcher = ready()
    watcher.know_trunks(["PJSIP/trunk"])
    w = Wire()
    desk = w.chan("PJSIP/101-1", state=UP, context="from-internal", quiet=True)
    out = w.chan("PJSIP/trunk-2", linked=desk, state=UP, context="from-internal", quiet=True)
    watcher.take(connected(live(desk, "b"), live(out, "b")), 102.0)
    assert calls(feed(watcher, b"".join(w.end(out).end(desk).blocks))) == []


def test_a_link_that_stays_down_gives_its_calls_up():
    watcher = ready()
    w, _, _ = half_a_call()
    feed(watcher, b"".join(w.blocks))
    assert isinstance(watcher.take(DOWN_ITEM, 101.0)[0], GapOpened)
    assert watcher.next_due() == 401.0
    (finished,) = calls(watcher.due(401.0, NOW))
    assert finished.verdict.outcome is Outcome.LOST


def test_a_shutdown_loses_what_was_under_way():
    watcher = ready()
    w, _, _ = half_a_call()
    feed(watcher, b"".join(w.blocks))
    (finished,) = calls(watcher.take(Heard(Shutdown(restart=False), NOW, 0.0), 101.0))
    assert finished.verdict.outcome is Outcome.LOST


@pytest.mark.fault(26)
def test_a_hangup_that_never_comes_is_found_by_calling_the_roll_twice():
    watcher = ready()
    w, r, leg = half_a_call()
    feed(watcher, b"".join(w.blocks))
    here = frozenset([r.uniqueid, leg.uniqueid])
    for live_now in (here, frozenset(), here, frozenset()):
        assert watcher.take(Roll("pbx", live_now, NOW), 101.0) == []
    (finished,) = calls(watcher.take(Roll("pbx", frozenset(), NOW), 102.0))
    assert finished.verdict.outcome is Outcome.LOST


def test_missing_presentation_and_privileges_are_said():
    watcher = Watcher(AmiSettings())
    results = watcher.take(connected(warnings=("no right",)), 99.0)
    assert [r.code for r in results if isinstance(r, Warned)] == ["privileges"]
    results = feed(watcher, recording("single_no_answer")) + feed(watcher, recording("single_busy_600"))
    assert [r.code for r in results if isinstance(r, Warned)] == ["presentation"]  # said once


async def test_stored_once_and_found_again(database):
    (finished,) = calls(feed(ready(), recording("group_no_answer")))
    row = store.row_of(finished, line="main", caller=CALLER)
    async with database.transaction() as tx:
        first = await store.save_call(tx, row)
        assert first is not None
        assert await store.save_call(tx, row) is None
    async with database.read() as tx:
        (listed,) = await store.list_calls(tx, caller=CALLER, outcome="no_answer")
        assert listed["detail"] == "timeout"
        found = await store.find_call(tx, finished.record.uniqueid)
        assert found["id"] == first == (await store.find_call(tx, str(first)))["id"]
        assert [leg["class"] for leg in json.loads(found["legs"])] == ["no_answer"] * 3
        assert await store.find_call(tx, "nothing") is None


async def test_what_one_pbx_has_taught_is_not_hidden_by_the_calls_of_another(database, monkeypatch):
    monkeypatch.setattr(backfill_store, "_LEARN_CALLS", 3)
    async with database.transaction() as tx:
        for number in range(8):
            w = Wire(start=10 * number + 1)
            r = w.root()
            if not number:
                w.add("UserEvent", r, ("UserEvent", "TextbackHandled"))
            (finished,) = calls(feed(ready(), b"".join(w.end(r, 17).blocks), at_ms=NOW + number))
            row = store.row_of(finished, line="main", caller=CALLER)
            await store.save_call(tx, replace(row, pbx="small" if not number else "large"))
        found = await backfill_store.learned(tx, "small")
    assert (found.trunks, found.told) == ({"PJSIP/trunk"}, {"5001"})


async def test_a_withheld_caller_leaves_no_number_in_the_row(database):
    w = Wire()
    r = w.root()
    r.presentation = "prohib"
    w.add("UserEvent", r, ("UserEvent", "TextbackConsent"), ("Number", CALLER)).end(r)
    (finished,) = calls(feed(ready(), b"".join(w.blocks)))
    row = store.row_of(finished, line="main", caller=CALLER)
    assert CALLER[1:] not in repr(row)


def test_a_withheld_number_in_an_isdn_channels_name_is_not_kept():
    w = Wire()
    r = w.root("DAHDI/i1/5125550142-2a", number="5125550142")
    r.presentation = "prohib"
    (finished,) = calls(feed(ready(), b"".join(w.end(r, 17).blocks)))
    row = store.row_of(finished, line="main", caller=None)
    assert "5550142" not in row.facts + row.legs + row.caller_raw
    assert json.loads(row.facts)["trunk"] == "DAHDI/i1"


async def test_gaps_calls_out_and_the_heartbeat(database):
    async with database.transaction() as tx:
        first = await store.open_gap(tx, "pbx", NOW, "closed")
        assert await store.open_gap(tx, "pbx", NOW + 5, "refused") == first
        assert await store.close_gap(tx, "pbx", NOW + 9) == first
        assert await store.close_gap(tx, "pbx", NOW + 10) is None
        (gap,) = await store.list_gaps(tx)
        assert (gap["from_ms"], gap["until_ms"], gap["reason"]) == (NOW, NOW + 9, "closed")
        assert await store.last_heard(tx, "pbx") is None
        await store.heartbeat(tx, "pbx", NOW)
        await store.heartbeat(tx, "pbx", NOW + 1)
        assert await store.last_heard(tx, "pbx") == NOW + 1
        results = feed(ready(), recording("missed_then_office_calls_back"))
        (out,) = [r for r in results if isinstance(r, FinishedOut)]
        assert await store.save_call_out(tx, out, "+447700900123")
        assert not await store.save_call_out(tx, out, "+447700900123")


@pytest.mark.fault(25)
def test_an_overflow_is_a_gap_from_the_first_event_that_was_thrown_away():
    items, watcher = Items(2), ready()
    w = Wire()
    w.end(w.root(), 17)
    for late, item in enumerate(heard(b"".join(w.blocks))):  # ten minutes ago, while the disk was full
        assert items.put(Heard(item.event, NOW - 600_000 + late, 100.0))
    items.overflow("pbx", 1, NOW)
    (gap,) = watcher.take(items.get_nowait(), 700.0)
    assert (gap.from_ms, gap.reason) == (NOW - 600_000, "overflow")


async def test_the_loop_waits_for_items_and_deadlines(clock):
    items, watcher = Items(100), Watcher(AmiSettings())
    items.put(connected())
    w, r, _ = half_a_call()
    w.end(r)
    for item in heard(b"".join(w.blocks)):
        items.put(item)
    got = []

    async def listen():
        async for results in watch(items, watcher, clock):
            got.extend(results)

    task = asyncio.ensure_future(listen())
    await clock.advance(0.0)
    await clock.advance(1.0)
    assert [type(r) for r in got] == [GapClosed]
    await clock.advance(1.1)
    assert len(calls(got)) == 1
    items.put(Overflow("pbx", 7, NOW))
    await clock.advance(0.0)
    assert isinstance(got[-1], GapOpened)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_from_the_simulated_wire_to_a_finished_call():
    async with AmiServer() as server:
        settings = AmiSettings(port=server.port, secret="secret")
        session = AmiSession(settings, SystemClock(), random.Random(1))
        task = asyncio.ensure_future(session.run())
        got = []
        async with asyncio.timeout(10):
            await server.wait_login()
            await server.run(rang_out(Call(server.counter, CALLER, presentation="prohib", pace=0.0)))
            async for results in watch(session.items, Watcher(settings), SystemClock()):
                got += calls(results)
                if got:
                    break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (got[0].verdict.outcome, got[0].record.withheld) == (Outcome.NO_ANSWER, True)
