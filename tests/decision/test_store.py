"""The facts as the database gives them, and the decision's rows."""

import sqlite3
from dataclasses import replace

import pytest

from tests.decision.support import CALLER, LINE, MONDAY_10, POLICY, add_call, add_message
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.consent import entries
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event, NewEntry
from textback_pbx.consent.policies import PolicyChoice, PolicyName
from textback_pbx.decision import facts as facts_module
from textback_pbx.decision import limits_store, rules, store
from textback_pbx.decision.facts import ALLOWED, REFUSED, UNKNOWN
from textback_pbx.decision.plan import plan


async def consented(tx, number=CALLER, at_ms=MONDAY_10 - DAY_MS):
    await consent.append(
        tx,
        NewEntry(
            event=Event.GRANTED,
            number=number,
            at_ms=at_ms,
            local_time="2026-11-15T10:00:00-06:00",
            basis=Basis.EXPRESS_WRITTEN,
            channel="paper",
            source="form",
            actor="desk",
        ),
    )


async def gather(tx, call_id, **changes):
    options = {"policy": POLICY, "line": LINE, "now_ms": MONDAY_10, "clock_trusted": True} | changes
    return await store.gather(tx, call_id, **options)


async def test_an_ordinary_missed_call_gets_its_text(database):
    async with database.transaction() as tx:
        await consented(tx)
        call_id = await add_call(tx)
        facts = await gather(tx, call_id)
        made = plan(facts, LINE)
    assert made.decision.verdict is rules.Verdict.TEXT
    assert made.message is not None
    assert made.message.body.startswith("Alder Plumbing: sorry we missed your call.")
    assert "within 1 hour." in made.message.body
    assert made.message.body.endswith("Reply STOP to opt out.")
    assert made.message.segments == 1
    assert not made.message.look_again


async def test_without_a_record_it_is_a_task(database):
    async with database.transaction() as tx:
        facts = await gather(tx, await add_call(tx))
    assert facts.consent == REFUSED
    assert facts.opted_out is False
    assert plan(facts, LINE).decision.rule == "consent"


async def test_a_ledger_that_lost_its_key_fails_closed(database):
    async with database.transaction() as tx:
        await consented(tx)
        await tx.run("DELETE FROM meta WHERE key = 'consent_key'")
        facts = await gather(tx, await add_call(tx))
    assert facts.consent == UNKNOWN
    assert facts.opted_out is None
    assert rules.decide(facts).rule == "opted_out"


@pytest.mark.parametrize(("state", "before"), [("refused", False), ("expired", False), ("unknown", True)])
async def test_the_first_text_that_can_be_read_says_how_to_stop(database, state, before):
    """One that never arrived said nothing to anybody."""
    async with database.transaction() as tx:
        await consented(tx)
        earlier = await add_message(tx, created_ms=MONDAY_10 - 30 * HOUR_MS)
        await tx.run(
            "INSERT INTO parts (message_id, seq, total, text, next_try_ms, state) VALUES (?, 1, 1, 'x', 0, ?)",
            (earlier, state),
        )
        facts = await gather(tx, await add_call(tx))
    assert facts.ever_texted is before
    made = plan(facts, LINE).message
    assert made is not None
    assert made.body.endswith("Reply STOP to opt out.") is not before


@pytest.mark.fault(11)
async def test_stop_is_seen_at_once(database):
    async with database.transaction() as tx:
        await consented(tx)
        await consent.append(
            tx, entries.opted_out_by_text(CALLER, MONDAY_10, "x", text="STOP", why="exact word", inbound_id=1)
        )
        facts = await gather(tx, await add_call(tx))
    assert facts.opted_out
    assert rules.decide(facts).rule == "opted_out"


LATER = {
    "call": """INSERT INTO calls (call_key, pbx, uniqueid, line, dialled, caller_raw, caller, withheld, started_ms,
        ended_ms, outcome) VALUES ('later', 'p', '2', 'main', '', '', :n, 0, :at, :at, 'answered')""",
    "call_out": "INSERT INTO calls_out (call_key, number, ended_ms, answered) VALUES ('o', :n, :at, 1)",
    "inbound": "INSERT INTO inbound (sender, body, received_ms) VALUES (:n, 'hi', :at)",
    "staff": """INSERT INTO messages (kind, line, number, body, encoding, segments, created_ms, not_before_ms,
        expires_ms, actor) VALUES ('staff', 'main', :n, 'x', 'gsm7', 1, :at, :at, :at, 'desk')""",
    "task": """INSERT INTO tasks (kind, source, call_id, line, reason, owner, due_ms, created_ms, state, closed_ms)
        VALUES ('call_back', 'call:1', 1, 'main', 'r', 'o', :at, :at, 'done', :at)""",
}
SINCE = [
    ("answered_since", LATER["call"]),
    ("called_back", LATER["call_out"]),
    ("wrote", LATER["inbound"]),
    ("staff_acted", LATER["staff"]),
    ("staff_acted", LATER["task"]),
]


@pytest.mark.parametrize(("rule", "sql"), SINCE)
async def test_the_second_look_sees_what_happened_since(database, rule, sql):
    async with database.transaction() as tx:
        await consented(tx)
        call_id = await add_call(tx)
        policy = replace(POLICY, delay_s=60)
        first = await gather(tx, call_id, policy=policy)
        planned = plan(first, LINE)
        assert planned.message is not None
        assert planned.message.look_again
        assert planned.message.not_before_ms == first.ended_ms + 60_000
        decision_id = await store.save(tx, call_id, planned.decision, first)
        await add_message(tx, call_id=call_id, not_before_ms=planned.message.not_before_ms)
        quiet = await gather(tx, call_id, policy=policy, now_ms=planned.message.not_before_ms, look=2)
        assert rules.decide(quiet).verdict is rules.Verdict.TEXT, rules.decide(quiet)
        await tx.run(sql, {"n": CALLER, "at": MONDAY_10 + 20_000})
        again = await gather(tx, call_id, policy=policy, now_ms=planned.message.not_before_ms, look=2)
        decision = rules.decide(again)
        await store.save_look(tx, decision_id, decision, again.now_ms)
        looks = await store.looks_of(tx, decision_id)
    assert (decision.verdict, decision.rule) == (rules.Verdict.NOTHING, rule)
    assert rule in rules.CANCELLING
    assert [row["rule"] for row in looks] == [rule]


async def test_one_text_a_day_and_a_repeat_is_urgent(database):
    async with database.transaction() as tx:
        await consented(tx)
        first = await add_call(tx, ended_ms=MONDAY_10 - 5 * MINUTE_MS)
        await add_message(tx, call_id=first, created_ms=MONDAY_10 - 5 * MINUTE_MS)
        facts = await gather(tx, await add_call(tx))
        decision = rules.decide(facts)
        assert (decision.rule, decision.urgent) == ("already_texted", True)
        later = MONDAY_10 + 25 * HOUR_MS
        again = await gather(tx, await add_call(tx, ended_ms=later - 1000), now_ms=later)
        assert rules.decide(again).verdict is rules.Verdict.TEXT
        assert again.ever_texted


async def test_a_dry_run_counts_its_own_texts(database):
    policy = replace(POLICY, dry_run=True)
    async with database.transaction() as tx:
        await consented(tx)
        first = await add_call(tx, ended_ms=MONDAY_10 - 5 * MINUTE_MS)
        facts = await gather(tx, first, policy=policy, now_ms=MONDAY_10 - 5 * MINUTE_MS)
        await store.save(tx, first, rules.decide(facts), facts)
        decision = rules.decide(await gather(tx, await add_call(tx), policy=policy))
    assert (decision.rule, decision.dry_run) == ("already_texted", True)


@pytest.mark.fault(39)
async def test_caps_are_the_databases_and_a_clock_that_goes_back_loosens_none(database):
    async with database.transaction() as tx:
        await consented(tx)
        for n in range(12):
            await add_message(tx, number=f"+1512555{n:04}", created_ms=MONDAY_10 - n * MINUTE_MS)
        call_id = await add_call(tx)
        assert rules.decide(await gather(tx, call_id)).rule == "cap_prefix"
        back = await gather(tx, call_id, now_ms=MONDAY_10 - 10 * HOUR_MS)
        assert (back.sent_prefix_hour, back.sent_hour, back.sent_day) == (12, 12, 12)


@pytest.mark.fault(39)
async def test_a_flood_opens_the_breaker_and_it_survives(database):
    async with database.transaction() as tx:
        await consented(tx)
        for n in range(POLICY.flood_calls):
            await add_call(tx, caller=f"+1212555{n:04}", ended_ms=MONDAY_10 - n * 1_000)
        call_id = await add_call(tx)
        facts = await gather(tx, call_id)
        decision = rules.decide(facts)
        assert decision.rule == "breaker"
        assert "or more missed calls" in decision.alert
        await store.save(tx, call_id, decision, facts)
        later = await gather(
            tx, await add_call(tx, ended_ms=MONDAY_10 + 50 * MINUTE_MS), now_ms=MONDAY_10 + 50 * MINUTE_MS
        )
        assert rules.decide(later).rule == "breaker"
        await limits_store.reset_breaker(tx)
        now = MONDAY_10 + 50 * MINUTE_MS
        later = await gather(tx, await add_call(tx, ended_ms=now), now_ms=now)
        assert rules.decide(later).rule != "breaker"


async def test_learned_cannot_text_paused_and_held(database):
    async with database.transaction() as tx:
        await consented(tx)
        call_id = await add_call(tx)
        await tx.run(
            "INSERT INTO threads (number, line, automation, opened_ms, updated_ms) VALUES (?, 'main', 'paused', 1, 1)",
            (CALLER,),
        )
        assert rules.decide(await gather(tx, call_id)).rule == "paused"
        await tx.run("INSERT INTO cannot_text VALUES (?, 1, 'refused by the network')", (CALLER,))
        assert rules.decide(await gather(tx, call_id)).rule == "cannot_text"
        await tx.run("INSERT INTO health VALUES ('disk', 'fail', 'full', '{}', 1)")
        assert rules.decide(await gather(tx, call_id)).rule == "held"


async def test_promise_1_is_the_schemas(database):
    async with database.transaction() as tx:
        call_id = await add_call(tx)
        facts = await gather(tx, call_id)
        await store.save(tx, call_id, rules.decide(facts), facts)
        assert await store.to_decide(tx) == []
        with pytest.raises(sqlite3.IntegrityError):
            await store.save(tx, call_id, rules.decide(facts), facts)
        row = await store.decision_of(tx, call_id)
    assert facts_module.from_json(row["facts"]) == facts


async def test_a_withheld_number_is_not_looked_up(database):
    async with database.transaction() as tx:
        facts = await gather(tx, await add_call(tx, caller=None, caller_raw="", withheld=1))
    assert facts.number_kind == ""
    assert rules.decide(facts).rule == "withheld"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("{}", "presentation"),
        ('{"presentation": ""}', "presentation"),
        ('{"presentation": 0}', "text"),
        ('{"presentation": "allowed", "skip": {}}', "skip"),
        ('{"presentation": "allowed", "handled": {"By": "the answering service"}}', "handled_elsewhere"),
        ('{"presentation": "allowed", "handled": {}}', "handled_elsewhere"),
        ('{"presentation": "allowed", "voicemail_left": true}', "voicemail"),
        ('{"presentation": "allowed", "voicemail_left": false}', "text"),
    ],
)
async def test_what_the_pbx_said_about_the_call_counts(database, said, rule):
    async with database.transaction() as tx:
        await consented(tx)
        facts = await gather(tx, await add_call(tx, facts=said))
        assert rules.decide(facts).rule == rule
        opted_in = await gather(tx, facts.call_id, policy=replace(POLICY, without_presentation=True))
        assert rules.decide(opted_in).rule == ("text" if rule == "presentation" else rule)


async def test_a_line_may_only_be_stricter_than_the_office(database):
    choice = PolicyChoice(PolicyName.ONE_REPLY, "one-reply-1", "owner", MONDAY_10 - DAY_MS, "text")
    async with database.transaction() as tx:
        await consent.choose_policy(tx, choice, local_time="2026-11-15T10:00:00-06:00")
        call_id = await add_call(tx)
        free = await gather(tx, call_id)
        assert (free.consent, free.consent_policy) == (ALLOWED, "one_reply")
        strict = await gather(tx, call_id, line=replace(LINE, consent="recorded"))
        assert (strict.consent, strict.consent_policy) == (REFUSED, "recorded")
        heard = replace(LINE, consent="announced", greeting_first=True)
        greeted = await gather(tx, call_id, line=heard, policy=replace(POLICY, greeting_version="2026-1"))
        assert rules.decide(greeted).record == "announced"
        assert (await gather(tx, call_id, line=heard)).consent == REFUSED  # no version of the greeting: no proof
        assert (await gather(tx, call_id, line=replace(LINE, consent="whatever"))).consent_policy == "recorded"


async def test_own_numbers_count_however_they_are_written(database):
    async with database.transaction() as tx:
        await consented(tx)
        facts = await gather(tx, await add_call(tx), policy=replace(POLICY, own_numbers=("(512) 555-0142",)))
    assert rules.decide(facts).rule == "own_number"
