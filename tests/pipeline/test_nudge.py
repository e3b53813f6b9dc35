"""The nudge through the loops: one second text, and everything that ends it, up to the very hand-over."""

from pathlib import Path

import pytest

from tests.outbox.support import CrashingDatabase, Network, SimulatedCrash, Steps
from tests.pipeline.desk import CALLER, MONDAY_10, Desk, open_desk
from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.config import parse
from textback_pbx.consent import entries
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import POLICIES, PolicyChoice, PolicyName
from textback_pbx.database import Database
from textback_pbx.decision import nudge
from textback_pbx.testing.clock import ManualClock

HOURS = 3_600.0
_STATES = "SELECT p.state FROM messages m JOIN parts p ON p.message_id = m.id WHERE m.kind = 'nudge'"
#: 19:00 in Chicago: three hours later is 22:00, in quiet hours; Texas may be nudged from 9:00.
MONDAY_19 = MONDAY_10 + 9 * HOUR_MS


@pytest.fixture
def clock():
    return ManualClock(MONDAY_10)


@pytest.fixture
async def opened(tmp_path):
    """Open desks that are closed whatever becomes of the test."""
    desks: list[Desk] = []

    async def make(clock, network=None, **options):
        desks.append(await open_desk(tmp_path, clock, network, **options))
        return desks[-1]

    yield make
    for desk in desks:
        await desk.database.close()


@pytest.fixture
async def desk(opened, clock):
    return await opened(clock)


async def texted(desk: Desk) -> int:
    """A missed call whose first text was delivered."""
    await desk.consent()
    call_id = await desk.call()
    await desk.work()
    await desk.reports()
    assert len(desk.air()) == 1
    return call_id


async def fate(desk: Desk) -> tuple[str, str]:
    row = await desk.row("SELECT state, rule FROM nudges")
    return (row["state"], row["rule"]) if row else ("", "")


async def test_one_nudge_after_three_hours_and_never_another(desk):
    await texted(desk)
    await desk.later(3 * HOURS - 300)
    assert len(desk.air()) == 1
    await desk.later(600)
    assert desk.air()[1].startswith("Lakeside Plumbing: about your call")
    assert await fate(desk) == ("sent", "nudge")
    await desk.later(72 * HOURS, every=1800)
    assert len(desk.air()) == 2
    # The person calls again days later: a new first text, but no second nudge to somebody who never answered one.
    await desk.call()
    await desk.later(8 * HOURS)
    assert [text.split(":")[1][:6] for text in desk.air()] == [" sorry", " about", " sorry"]


async def test_off_is_the_default(opened, clock):
    assert not parse('[office]\nname = "x"', Path("x.toml")).nudge.on
    desk = await opened(clock, nudge=False)
    await texted(desk)
    await desk.later(12 * HOURS, every=3600)
    assert len(desk.air()) == 1
    assert await desk.nudger.step() >= 3600


async def opted_out_by_staff(desk: Desk) -> None:
    at = desk.clock.now_ms()
    entry = entries.opted_out_by_staff(CALLER, at, "x", actor="desk", source="said on the phone", evidence={})
    async with desk.database.transaction() as tx:
        await consent.append(tx, entry)


#: What ends a nudge, and by which rule when it is judged afterwards.
ENDS = {
    "wrote": lambda desk: desk.write("Tuesday works"),
    "opted_out": opted_out_by_staff,
    "answered_since": lambda desk: desk.call(outcome="answered"),
    "called_again": lambda desk: desk.call(outcome="busy"),
    "called_back": lambda desk: desk.call_out(answered=True),
    "called_out": lambda desk: desk.call_out(answered=False),
    "staff_acted": lambda desk: desk.note(),
}


@pytest.mark.parametrize("rule", ENDS)
async def test_whatever_comes_back_ends_it_before_it_is_due(desk, rule):
    await texted(desk)
    await desk.later(HOURS)
    await ENDS[rule](desk)
    await desk.later(24 * HOURS, every=900)
    assert not any("about your call" in text for text in desk.air())
    assert await fate(desk) == ("never", rule)


@pytest.mark.parametrize("rule", [*ENDS, "stop"])
async def test_whatever_comes_back_ends_it_between_enqueue_and_claim(desk, rule):
    """The modem is away while the nudge is queued; what happens meanwhile is seen in the claim's transaction."""
    await texted(desk)
    desk.line.no = "the modem is unplugged"
    await desk.later(3 * HOURS + 60)
    assert await desk.rows(_STATES) == [{"state": "queued"}]
    await (desk.write("STOP") if rule == "stop" else ENDS[rule](desk))
    desk.line.no = None
    await desk.later(2 * HOURS)
    assert not any("about your call" in text for text in desk.air())
    row = await desk.row("SELECT cancelled FROM messages WHERE kind = 'nudge'")
    assert row["cancelled"]


async def test_a_stop_between_the_prompt_and_the_hand_over(desk):
    """The narrowest gap: the prompt is open when the STOP is committed."""
    await texted(desk)

    async def submit(part, hand_over):
        await desk.write("STOP")
        return await type(desk.line).submit(desk.line, part, hand_over)

    desk.line.submit = submit
    await desk.later(4 * HOURS)
    assert not any("about your call" in text for text in desk.air())


@pytest.mark.fault(21)
async def test_always_inside_the_hours_at_the_hand_over_itself(opened):
    """22:00 is quiet; the next morning 8:30 is not for Texas; 9:00 is. And nothing is sent a minute after 21:00."""
    clock = ManualClock(MONDAY_19)
    desk = await opened(clock)
    await texted(desk)
    await desk.later(13.9 * HOURS)
    assert len(desk.air()) == 1
    await desk.later(0.2 * HOURS, every=60)
    assert len(desk.air()) == 2
    assert (desk.network.air[-1].at_ms - MONDAY_19) // MINUTE_MS == 14 * 60


@pytest.mark.fault(21)
async def test_a_nudge_that_waits_for_the_modem_is_not_sent_after_nine(opened):
    clock = ManualClock(MONDAY_19 - HOUR_MS)  # 18:00: due at 21:00 less a little
    desk = await opened(clock)
    await texted(desk)
    await clock.advance(-60 + 3 * HOURS)
    clock.set_wall(clock.now_ms())
    desk.line.no = "the modem is unplugged"
    await desk.later(70, every=10)
    desk.line.no = None
    await desk.later(HOURS, every=30)
    assert len(desk.air()) == 1


@pytest.mark.fault(20)
async def test_a_clock_that_jumps_ends_no_nudge_and_sends_none(desk, clock):
    await texted(desk)
    desk.synchronised = False
    clock.set_wall(clock.now_ms() + 30 * HOUR_MS)
    await desk.later(HOURS)
    assert len(desk.air()) == 1
    assert await fate(desk) == ("", "")
    clock.set_wall(clock.now_ms() - 30 * HOUR_MS)
    desk.synchronised = True
    await desk.later(3 * HOURS)
    assert len(desk.air()) == 2


async def test_what_may_pass_is_waited_for(desk):
    await texted(desk)
    async with desk.database.transaction() as tx:
        await tx.run("UPDATE threads SET automation = 'paused'")
    await desk.later(4 * HOURS)
    assert await fate(desk) == ("waits", "paused")
    async with desk.database.transaction() as tx:
        await tx.run("UPDATE threads SET automation = 'on'")
    await desk.later(HOURS)
    assert len(desk.air()) == 2


async def test_without_a_record_there_is_no_second_text(opened, clock):
    """Under one_reply the first text needs no record; a second does."""
    desk = await opened(clock)
    one = POLICIES[PolicyName.ONE_REPLY]
    choice = PolicyChoice(one.name, one.version, "owner", clock.now_ms(), one.text)
    async with desk.database.transaction() as tx:
        await consent.choose_policy(tx, choice, local_time="x")
    await desk.call()
    await desk.work()
    await desk.reports()
    assert len(desk.air()) == 1
    await desk.later(6 * HOURS)
    assert len(desk.air()) == 1
    assert await fate(desk) == ("never", "consent")


async def test_a_first_text_that_nobody_knows_about_is_waited_for_and_one_that_failed_is_not(opened, clock):
    network = Network(clock)
    desk = await opened(clock, network)
    await desk.consent()
    await desk.call()
    await desk.decider.step()
    (text,) = [row["text"] for row in await desk.rows("SELECT text FROM parts")]
    network.answers[text] = ["silence"]
    await desk.work()
    await desk.later(4 * HOURS)
    assert await fate(desk) == ("waits", "on_its_way")
    await desk.reports()
    await desk.later(HOURS)
    assert len(desk.air()) == 2


async def test_many_texts_that_came_to_nothing_do_not_hide_the_next(desk):
    """Each is judged once: what is ended does not stand in the way."""
    people = [f"+151255501{n:02}" for n in range(60)]
    for number in people:
        await desk.consent(number)
    for number in people[:20]:
        await desk.call(number)
        await desk.later(600, every=600)
    left = {one.number for one in desk.network.air}
    await desk.reports()
    await desk.later(6 * HOURS)
    assert {row["n"] for row in await desk.rows("SELECT count(*) AS n FROM nudges")} == {len(left)}
    assert await desk.rows("SELECT call_id FROM nudges WHERE state = 'waits' AND rule = 'wait'") == []


@pytest.mark.fault(3, 4, 5, 6)
async def test_a_crash_at_any_step_never_makes_a_second_nudge(tmp_path):
    """Cut the power at every commit and every byte of the nudge's way in turn; start again; count what left."""
    crash_at, finished = 1, False
    while not finished:
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        clock = ManualClock(MONDAY_10)
        network = Network(clock)
        desk = await open_desk(folder, clock, network)
        await texted(desk)
        await clock.advance(3 * HOURS + 1)
        steps = Steps(crash_at)
        await desk.database.close()
        database = await Database.open(folder / "desk.sqlite")
        try:
            desk = Desk(_Crashing(database, steps), network, clock, step=steps)
            await desk.start()
            await desk.work()
            finished = True
        except SimulatedCrash:
            pass
        await database.close()
        desk = await open_desk(folder, clock, network)
        await desk.later(2 * HOURS, every=600)
        await desk.reports()
        await desk.later(30 * HOURS, every=7200)
        nudges = [one for one in network.air if "about your call" in one.text]
        states = await desk.rows(_STATES)
        assert len(nudges) <= 1, steps.names[:crash_at]
        assert len(states) == 1, steps.names[:crash_at]
        # Handed over and cut off before the first byte: nobody can know, so it is unknown, and stays so.
        assert states[0]["state"] in (("delivered", "unknown") if nudges else ("unknown",))
        await desk.database.close()
        crash_at += 1
    assert crash_at > 8


class _Crashing(CrashingDatabase):
    """A database whose commits are steps, and that can still be read and closed."""

    def read(self):
        return self._database.read()


def test_every_rule_that_ends_it_by_what_happened_is_tried_here():
    happenings = {"wrote", "answered_since", "called_back", "staff_acted", "called_again", "called_out", "opted_out"}
    assert happenings <= {rule.name for rule in nudge.RULES}
    assert happenings == set(ENDS)
