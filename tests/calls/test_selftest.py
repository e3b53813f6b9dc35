"""Whether needed events arrive, and which phones are away: on a simulated PBX, and the judgement by itself."""

import asyncio
import itertools

import pytest

from tests.calls.test_ami import QUICK, session, take
from tests.calls.test_watcher import DOWN_ITEM, NOW, connected, feed, ready
from tests.calls.wire import Wire
from textback_pbx.calls import rounds
from textback_pbx.calls.items import Connected, Devices, OwnEvent, Roll
from textback_pbx.calls.phones import Phones, is_device
from textback_pbx.calls.rounds import Timetable
from textback_pbx.calls.selftest import NEEDED, WORDS
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.watcher import Finished, Warned, Watcher, watch
from textback_pbx.clock import SystemClock
from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.asterisk import AmiServer

SOON = {"roll_first_s": 0.05, "roll_s": 0.1, "devices_s": 0.05, "grace_s": 0.05}


async def told(server: AmiServer, *scripts: str, until: str, **settings) -> list[str]:
    """The codes of the warnings while these calls happen, up to ``until``."""
    chosen = AmiSettings(port=server.port, secret="secret", **(QUICK | SOON | {"liveness_s": 5.0} | settings))
    made, codes = AmiSession(chosen, SystemClock()), []
    running = asyncio.ensure_future(made.run())
    done = asyncio.Event()

    async def listen():
        async for results in watch(made.items, Watcher(chosen), SystemClock()):
            codes.extend(one.code for one in results if isinstance(one, Warned))
            if until in codes:
                done.set()

    hearing = asyncio.ensure_future(listen())
    try:
        await server.wait_login()
        async with asyncio.timeout(10):
            for script in scripts:
                call = Call(server.counter, "+15125550142", pace=0.01)
                await server.run(SCRIPTS[script](call))
            await done.wait()
    finally:
        for task in (running, hearing):
            task.cancel()
        await asyncio.gather(running, hearing, return_exceptions=True)
    return codes


@pytest.mark.parametrize(
    ("hidden", "scripts", "code"),
    [
        ({"DialBegin", "DialEnd"}, ("rang_out",) * 3, "events:dial"),
        ({"BridgeEnter"}, ("answered",) * 3, "events:bridge"),
        ({"Hangup"}, ("rang_out",) * 3, "events:hangup"),
    ],
)
async def test_what_an_event_filter_hides_is_missed_and_named(hidden, scripts, code):
    async with AmiServer() as server:
        server.hidden = hidden
        assert code in await told(server, *scripts, until=code)


async def test_calls_of_which_no_event_arrives_are_seen_on_the_roll():
    """An account without ``read = call``: the PBX lists a call, and nothing is heard."""
    async with AmiServer() as server:
        server.hidden = {"Newchannel", "Newstate", "DialBegin", "DialEnd", "DialState", "Hangup", "NewCallerid",
                         "HangupRequest", "BridgeEnter", "BridgeLeave", "BridgeCreate", "BridgeDestroy"}  # fmt: skip

        async def busy():
            await server.wait_login()
            await asyncio.sleep(0.02)
            Call(server.counter, "+15125550142")
            for step in Call(server.counter, "+15125550142").steps:
                server.send(step)

        calling = asyncio.ensure_future(busy())
        codes = await told(server, until="events:call")
        await calling
        assert "events:call" in codes


async def test_a_pbx_in_order_is_not_complained_of():
    async with AmiServer() as server:
        chosen = AmiSettings(port=server.port, secret="secret", **(QUICK | SOON | {"liveness_s": 5.0}))
        made, found = AmiSession(chosen, SystemClock()), []
        watcher = Watcher(chosen)
        running = asyncio.ensure_future(made.run())

        async def listen():
            async for results in watch(made.items, watcher, SystemClock()):
                found.extend(results)
                if sum(isinstance(one, Finished) for one in found) == 4:
                    return

        hearing = asyncio.ensure_future(listen())
        await server.wait_login()
        for script in ("rang_out", "answered", "busy", "answered"):
            await server.run(SCRIPTS[script](Call(server.counter, "+15125550142", pace=0.01)))
        async with asyncio.timeout(10):
            await hearing
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert [one for one in found if isinstance(one, Warned)] == []
        assert set(NEEDED) <= set(watcher.self_test.seen().events)
        assert watcher.self_test.seen().trunks == ("from-trunk",)
        assert watcher.self_test.seen().presentation


@pytest.mark.parametrize("comes_back", [True, False])
async def test_an_own_event_is_sent_where_the_account_may(comes_back):
    async with AmiServer() as server:
        server.forbidden = set()
        server.hidden = set() if comes_back else {"user"}
        async with session(server, liveness_s=5.0, answer_s=0.3) as made:
            assert "userevent" in (await take(made, Connected)).may
            assert (await take(made, OwnEvent)).came_back is comes_back


async def test_no_event_of_our_own_is_sent_with_the_least_privilege():
    async with AmiServer() as server, session(server, **SOON) as made:
        await take(made, Connected)
        await take(made, Roll)
        assert not any(action.get("Action") == "UserEvent" for _, action in server.actions)


async def test_the_phones_are_looked_at_and_an_asterisk_that_cannot_tell_is_not_asked():
    async with AmiServer() as server:
        server.devices = {"PJSIP/101": "NOT_INUSE", "PJSIP/109": "UNAVAILABLE"}
        async with session(server, liveness_s=5.0, **SOON) as made:
            assert (await take(made, Devices)).states == server.devices
            server.devices["PJSIP/101"] = "UNAVAILABLE"
            while (await take(made, Devices)).states != server.devices:
                pass
    async with AmiServer() as server:
        server.unknown = {"devicestatelist"}
        async with session(server, **SOON) as made:
            await take(made, Roll)
        assert not any(action.get("Action") == "DeviceStateList" for _, action in server.actions)


def test_who_is_away_and_since_when():
    phones = Phones()
    assert phones.away() == ()
    phones.look(
        {"PJSIP/109": "UNAVAILABLE", "PJSIP/101": "NOT_INUSE", "Queue:sales": "INVALID", "Local/1@x": "INVALID"}, 1
    )
    phones.look({"PJSIP/109": "UNAVAILABLE", "PJSIP/101": "INVALID"}, 2)
    assert [(one.phone, one.since_ms) for one in phones.away()] == [("PJSIP/101", 2), ("PJSIP/109", None)]
    phones.look({"PJSIP/109": "INUSE", "PJSIP/101": "UNAVAILABLE"}, 3)
    assert [(one.phone, one.since_ms) for one in phones.away()] == [("PJSIP/101", 2)]
    assert is_device("SIP/trunk")
    assert not any(
        is_device(name) for name in ("Custom:DND101", "PJSIP", "confbridge:1", "MWI:101@default", "park:701")
    )


def test_a_missed_call_keeps_which_phones_were_away_and_an_answered_one_does_not():
    for answered in (False, True):
        watcher = ready()
        watcher.take(Devices("pbx", {"PJSIP/109": "UNAVAILABLE"}, NOW), 99.0)
        w = Wire()
        r = w.root()
        leg = w.dial(r, "PJSIP/101-2")
        if answered:
            w.up(leg, r).enter("b", leg, r)
        w.end(leg, 17).end(r, 17)
        (finished,) = [one for one in feed(watcher, b"".join(w.blocks)) if isinstance(one, Finished)]
        away = finished.record.facts.get("not_registered")
        assert away == (None if answered else [{"phone": "PJSIP/109", "since_ms": None}])


def test_one_race_at_a_reconnection_is_no_evidence_and_a_new_connection_starts_anew():
    watcher = ready()
    assert watcher.take(Roll("pbx", frozenset({"9.9"}), NOW), 100.0) == []  # made between the events and the list
    assert watcher.take(Roll("pbx", frozenset({"9.10"}), NOW), 100.0) == []
    (warned,) = watcher.take(Roll("pbx", frozenset({"9.10"}), NOW), 100.0)
    assert warned == Warned("pbx", "events:call", WORDS["call"])
    assert watcher.take(Roll("pbx", frozenset({"9.10"}), NOW), 100.0) == []  # said once
    watcher.take(DOWN_ITEM, 101.0)
    watcher.take(connected(), 102.0)
    watcher.take(Roll("pbx", frozenset({"9.10"}), NOW), 103.0)
    assert watcher.take(Roll("pbx", frozenset({"9.10"}), NOW), 104.0) == [warned]


def test_a_queue_that_is_not_told_of_is_found_on_the_roll():
    watcher = ready()
    w = Wire()
    r = w.root()
    feed(watcher, b"".join(w.blocks))
    in_queue = Roll("pbx", frozenset({r.uniqueid}), NOW, {r.uniqueid: "Queue"})
    assert watcher.take(in_queue, 100.0) == []
    assert [one.code for one in watcher.take(in_queue, 101.0)] == ["events:agent"]


def test_a_trunk_nobody_told_us_of_is_remembered_and_an_extension_is_not():
    watcher = ready()
    w = Wire()
    w.root(context="from-new-carrier")
    w.root(name="PJSIP/101-9", context="from-office", number="101")
    w.root()
    feed(watcher, b"".join(w.blocks))
    seen = watcher.self_test.seen()
    assert (seen.trunks, seen.strangers) == (("from-trunk",), ("from-new-carrier",))


def test_a_timetable_looks_soon_then_seldom():
    table = Timetable(0.0, 30.0, 600.0)
    looks = [now for now in range(4_000) if table.due(float(now))]
    assert looks[:6] == [30, 90, 210, 450, 930, 1530]
    assert {later - one for one, later in itertools.pairwise(looks[5:])} == {600}


def test_an_answer_hastens_the_look_but_not_a_flood_of_them():
    table = Timetable(0.0, 600.0, 600.0)
    looks = []
    for now in range(60):  # somebody is answered every second
        table.hasten(float(now), 1.5)
        if table.due(float(now)):
            looks.append(now)
    assert looks[0] == 2
    assert min(later - one for one, later in itertools.pairwise(looks)) >= 3
    table = Timetable(0.0, 600.0, 600.0)
    table.hasten(0.0, 1.5)
    assert [now for now in range(60) if table.due(float(now))] == [2, 5, 11, 23, 47]


async def test_the_application_that_answered_is_known_without_the_dialplan_class(monkeypatch):
    monkeypatch.setattr(rounds, "LOOK_AFTER_S", 0.05)
    async with AmiServer() as server, session(server, liveness_s=5.0) as made:
        await take(made, Connected)
        call = Call(server.counter, "+15125550142", pace=0.0).up()
        await server.run(call)
        server.live.channels[call.uniqueid]["Application"] = "VoiceMail"
        assert (await take(made, Roll)).applications == {call.uniqueid: "VoiceMail"}


def test_the_application_on_the_roll_names_what_answered():
    watcher = ready()
    w = Wire()
    r = w.root()
    feed(watcher, b"".join(w.blocks))
    w.up(r)
    watcher.take(Roll("pbx", frozenset({r.uniqueid}), NOW, {r.uniqueid: "VoiceMail"}), 100.0)
    rest = Wire()
    rest.up(r).asks(r).end(r)
    (finished,) = [one for one in feed(watcher, b"".join(rest.blocks)) if isinstance(one, Finished)]
    assert finished.record.application == "voicemail"


def test_where_no_bridge_is_ever_told_of_an_answered_call_is_not_taken_for_missed():
    """Somebody else's filter hides BridgeEnter: the caller talked, and must not be told that he was missed."""

    def talked(watcher, *, told):
        w = Wire()
        r = w.root()
        leg = w.dial(r, "PJSIP/101-2")
        w.ring(leg).up(leg).dial_end(r, leg, "ANSWER").up(r)
        if told:
            w.enter("b", leg, r)
        w.asks(r).end(leg).end(r)
        (finished,) = [one for one in feed(watcher, b"".join(w.blocks)) if isinstance(one, Finished)]
        return finished.verdict

    hidden, heard = ready(), ready()
    found = talked(hidden, told=False)
    assert (found.outcome, found.detail) == ("lost", "gap")
    assert talked(heard, told=True).outcome == "answered"


def test_a_phone_that_was_up_and_did_not_accept_is_still_missed():
    for status in ("CONTINUE", "ANSWER"):
        watcher = ready()
        first = Wire()
        r = first.root()
        leg = first.dial(r, "PJSIP/101-2")
        first.up(leg, r).enter("b", leg, r).end(leg).end(r)
        feed(watcher, b"".join(first.blocks))  # bridges are told of
        w = Wire(start=50)
        r = w.root()
        leg = w.dial(r, "PJSIP/101-3")
        w.ring(leg).up(leg).dial_end(r, leg, status).end(leg).end(r)
        (finished,) = [one for one in feed(watcher, b"".join(w.blocks)) if isinstance(one, Finished)]
        assert finished.verdict.outcome == "no_answer"
