"""Which texts a line may claim beside other lines, in SQL against the rule in Python; budgets of each SIM's own."""

import asyncio
import random

import pytest

from tests.outbox.support import (
    ANNA,
    BERT,
    CARA,
    FAST,
    ICCID,
    T0,
    Network,
    SimLine,
    a_sender,
    a_text,
    put,
    states,
    work_off,
)
from textback_pbx.outbox.budget import Budget, Pace
from textback_pbx.outbox.claim_store import Asking, Claimed, Go, claim_next
from textback_pbx.outbox.report_store import apply_report
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import EVERYTHING, Share

LINES = ("main", "sales", "night", "gone")
SIMS = (None, ICCID, "8902", "8903", "8999")


async def go(tx, row):
    return Go()


async def thread_on(database, number, line, sim):
    async with database.transaction() as tx:
        return await tx.insert(
            "INSERT INTO threads (number, line, sim, opened_ms, updated_ms) VALUES (?, ?, ?, ?, ?)",
            (number, line, sim, T0, T0),
        )


async def claimed(database, share):
    """Everything this share lets the SIM claim, one after the other."""
    found, pace = set(), Pace(FAST.budget)
    async with database.transaction() as tx:
        while isinstance(one := await claim_next(tx, Asking("m1", ICCID, T0, 0.0, share), pace, go, FAST), Claimed):
            found.add(one.part.message_id)
    return found


def allowed(share, line, sim):
    """The rule."""
    if sim == ICCID:
        return True
    mine = (share.lines is None or line in share.lines) and line not in share.but
    return mine and sim not in share.elsewhere


@pytest.mark.parametrize("seed", range(12))
async def test_the_claim_keeps_to_the_share(database, seed):
    rng = random.Random(seed)
    texts = {}
    for n, (line, sim) in enumerate([(line, sim) for line in LINES for sim in (*SIMS, "no thread")]):
        number = f"+151255501{n:02d}"
        thread = None if sim == "no thread" else await thread_on(database, number, line, sim)
        (message,) = await put(database, a_text(number, line=line, thread_id=thread))
        texts[message] = (line, None if sim == "no thread" else sim)
    some = [None, frozenset(), *(frozenset(rng.sample(LINES, n)) for n in (1, 2, 3))]
    share = Share(
        rng.choice(some), rng.choice(some[1:]), frozenset(rng.sample(["8902", "8903", "8999"], rng.randrange(4)))
    )
    expected = {message for message, (line, sim) in texts.items() if allowed(share, line, sim)}
    assert await claimed(database, share) == expected


async def test_an_accepted_text_leaves_its_thread_on_its_sim(database, clock):
    network = Network(clock, answers={"one": ["lost"], "two": ["ok"], "three": ["1"]})
    sender = a_sender(database, SimLine(network), clock)
    for number, text in ((ANNA, "one"), (BERT, "two"), (CARA, "three")):
        thread = await thread_on(database, number, "main", None)
        await put(database, a_text(number, text, thread_id=thread))
    await work_off(sender, clock)
    async with database.read() as tx:
        sims = {row["number"]: row["sim"] for row in await tx.all("SELECT number, sim FROM threads")}
    assert sims == {ANNA: None, BERT: ICCID, CARA: None}  # where nobody knows, or knows better, nothing is tied down


@pytest.mark.fault(8)
@pytest.mark.parametrize("with_thread", [True, False])
async def test_a_text_that_another_line_has_begun_is_ended_by_it(database, clock, with_thread):
    """It stood in for the first part, the answer was lost, a report settled it: the rest is still its own."""
    network = Network(clock, answers={"one ": ["silence"]})
    thread = await thread_on(database, ANNA, "main", None) if with_thread else None
    await put(database, a_text(ANNA, "one ", "two", thread_id=thread))
    stands_in, first = SimLine(network), SimLine(network, name="m2", iccid="8902")
    helping = a_sender(database, stands_in, clock)
    await helping._turn()
    assert await states(database) == ["unknown", "queued"]
    async with database.transaction() as tx:
        await apply_report(tx, network.sim.pop(), clock.now_ms(), FAST.reports)
        assert await tx.value("SELECT count(*) FROM threads WHERE sim = ?", (ICCID,)) == int(with_thread)
    await work_off(a_sender(database, first, clock), clock, for_s=60)
    assert await states(database) == ["delivered", "queued"]
    await work_off(a_sender(database, stands_in, clock, share=Share(frozenset({"its own"}))), clock, for_s=60)
    assert await states(database) == ["delivered", "accepted"]


async def test_two_lines_side_by_side_send_every_text_once(database, clock):
    network = Network(clock)
    lines = [SimLine(network, name=name, iccid=sim) for name, sim in (("m1", ICCID), ("m2", "8902"))]
    pace = Pace(FAST.budget)
    senders = [a_sender(database, line, clock, pace=pace) for line in lines]
    await put(database, *(a_text(f"+151255501{n:02d}", f"text {n}") for n in range(60)))
    tasks = [asyncio.ensure_future(sender.run()) for sender in senders]
    while await states(database) != ["accepted"] * 60:  # noqa: ASYNC110 - the senders run in this loop
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(sent.text for sent in network.air) == sorted(f"text {n}" for n in range(60))


async def test_a_share_that_will_change_is_asked_again_in_time(database, clock):
    sender = a_sender(database, SimLine(Network(clock)), clock, share=Share(frozenset(), again_s=7.5))
    assert await sender._turn() == 7.5
    sender = a_sender(database, SimLine(Network(clock)), clock, share=EVERYTHING)
    assert await sender._turn() == FAST.idle_look_s


async def test_a_line_tells_how_long_it_is_busy_and_rests(database, clock):
    network = Network(clock, answers={"barred": ["8"]})
    line = SimLine(network)
    line.gate = asyncio.Event()
    sender = a_sender(database, line, clock)
    await put(database, a_text(ANNA, "hello"), a_text(BERT, "barred"))
    turn = asyncio.ensure_future(sender._turn())
    while not network.air:  # noqa: ASYNC110 - the sender runs in this loop
        await asyncio.sleep(0)
    await clock.advance(12.0)
    assert sender.busy_s == pytest.approx(12.0)
    line.gate.set()
    await turn
    assert (sender.busy_s, sender.rest_s) == (0.0, 0.0)
    await sender._turn()
    assert sender.rest_s > 0  # barred: that is about the SIM, not about the text


def test_each_sim_has_the_budget_of_the_modem_it_sits_in():
    pace = Pace(Budget(0.0, 100, 100))
    pace.limit("a", Budget(10.0, 2, 3))
    for iccid in "ab":
        pace.seed(iccid, [], 0.0)
        pace.note(iccid, 0.0)
    assert (pace.wait_s("a", 0.0), pace.wait_s("b", 0.0)) == (10.0, 0.0)
    assert (pace.left("a", 1.0), pace.left("b", 1.0)) == ((1, 2), (99, 99))
    pace.note("a", 10.0)
    assert (pace.left("a", 11.0), pace.left("a", 3_601.0)) == ((0, 1), (1, 1))
    pace.limit("a", Budget(0.0, 100, 100))
    assert pace.wait_s("a", 11.0) == 0.0


async def test_the_budget_of_the_settings_is_given_to_the_sim(database, clock):
    settings = OutboxSettings(budget=Budget(0.0, 1, 100))
    pace, network = Pace(FAST.budget), Network(clock)
    sender = a_sender(database, SimLine(network), clock, settings=settings, pace=pace)
    await put(database, a_text(ANNA), a_text(BERT))
    for _ in range(4):
        await sender._turn()
    assert len(network.air) == 1
    assert pace.left(ICCID, clock.monotonic()) == (0, 99)
