"""The nudge from the database: its candidates, and the facts that end it."""

from dataclasses import replace

import pytest

from tests.decision.support import CALLER, LINE, MONDAY_10, add_call, add_message
from tests.decision.test_store import consented
from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.consent import entries
from textback_pbx.consent import store as consent
from textback_pbx.decision import nudge, nudge_store, plan
from textback_pbx.decision.plan import Message
from textback_pbx.decision.policy import Policy

POLICY = Policy(nudge=True)
LATER = MONDAY_10 + 3 * HOUR_MS + MINUTE_MS


async def a_sent_text(tx, state="delivered"):
    call_id = await add_call(tx)
    message = await add_message(tx, call_id=call_id)
    columns = "message_id, seq, total, text, state, next_try_ms, handed_over_ms"
    await tx.run(f"INSERT INTO parts ({columns}) VALUES (?, 1, 1, 'x', ?, 0, ?)", (message, state, MONDAY_10))
    return call_id


async def planned(tx, now_ms=LATER):
    found = await nudge_store.candidates(tx, POLICY, now_ms)
    if not found:
        return None, None
    facts = await nudge_store.gather(tx, found[0], policy=POLICY, line=LINE, now_ms=now_ms, clock_trusted=True)
    return facts, nudge.plan(facts)


async def test_a_nudge_after_three_hours_and_once(database):
    async with database.transaction() as tx:
        await consented(tx)
        call_id = await a_sent_text(tx)
        assert await planned(tx, MONDAY_10 + HOUR_MS) == (None, None)
        assert await nudge_store.next_due_ms(tx, POLICY, MONDAY_10 + HOUR_MS) == MONDAY_10 + 3 * HOUR_MS
        facts, now = await planned(tx)
        assert now.rule == "nudge"
        made = plan.nudge_message(facts.call, LINE)
        assert isinstance(made, Message)
        assert made.body.startswith("Alder Plumbing: about your call")
        assert "STOP" not in made.body  # the first text said it; opt_out_line = always says it again
        await nudge_store.save(tx, call_id, now, LATER, message_id=await add_message(tx, kind="nudge", call_id=call_id))
        assert await planned(tx) == (None, None)
        assert await nudge_store.candidates(tx, Policy(), LATER) == []


@pytest.mark.parametrize(
    ("rule", "state"),
    [("on_its_way", "unknown"), ("not_sent", "refused"), ("on_its_way", "queued"), ("nudge", "accepted")],
)
async def test_only_a_text_that_left_is_followed_up(database, rule, state):
    async with database.transaction() as tx:
        await consented(tx)
        await a_sent_text(tx, state)
        assert (await planned(tx))[1].rule == rule


async def test_a_reply_or_a_stop_ends_it(database):
    async with database.transaction() as tx:
        await consented(tx)
        await a_sent_text(tx)
        await consent.append(tx, entries.opted_out_by_text(CALLER, LATER, "x", text="STOP", why="w", inbound_id=1))
        assert (await planned(tx))[1].rule == "opted_out"
        await tx.run(
            "INSERT INTO inbound (sender, body, received_ms) VALUES (?, 'yes', ?)", (CALLER, MONDAY_10 + HOUR_MS)
        )
        assert (await planned(tx))[1].rule == "wrote"


async def test_the_first_text_counts_against_the_limit(database):
    async with database.transaction() as tx:
        await consented(tx)
        await a_sent_text(tx)
        facts, _ = await planned(tx)
        assert (facts.call.sent_number_day, facts.call.sent_day) == (1, 1)
        assert (
            nudge.plan(replace(facts, call=replace(facts.call, policy=replace(POLICY, per_number_day=1)))).rule
            == "caps"
        )


async def test_texas_may_be_nudged_from_nine(database):
    early = MONDAY_10 - HOUR_MS - 30 * MINUTE_MS  # 8:30
    async with database.transaction() as tx:
        await consented(tx)
        await a_sent_text(tx)
        facts, _ = await planned(tx, early + 24 * HOUR_MS)
        assert not facts.waking
        assert facts.waking_from_ms == MONDAY_10 + 23 * HOUR_MS
