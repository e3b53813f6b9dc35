"""The report adds up: against a brute-force count, over weeks with clock changes, and in one sentence."""

import random
from zoneinfo import ZoneInfo

import pytest

from tests.replies.support import T0, a_call, a_decision, a_message, a_part
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.replies.threads.status import Status
from textback_pbx.replies.threads.store import set_status
from textback_pbx.tasks import report
from textback_pbx.tasks.figures import store
from textback_pbx.tasks.report import (
    Missed,
    Period,
    between,
    make,
    month_before,
    percentile,
    sentence,
    wall_minutes,
    week_before,
)

ZONE = ZoneInfo("America/New_York")
WEEK = Period(T0, T0 + 7 * DAY_MS, "last week")


def counted(calls, **changes):
    values = {"opt_outs": 0, "delivery_failures": 0, "is_open": lambda *_: True, "business_minutes": wall_minutes}
    return make(calls, WEEK, ZONE, **{**values, **changes})


def missed(number="+15125550100", **changes):
    return Missed(**{"number": number, "line": "main", "ended_ms": T0, "outcome": "busy", **changes})


def test_the_sentence():
    calls = [missed(f"+1512555{n:04d}", replied_ms=T0 + 1 if n < 23 else None, booked=n < 12) for n in range(47)]
    assert sentence(counted(calls)) == "You missed 47 calls last week; 23 replied and 12 booked."
    assert sentence(counted([])) == "You missed no calls last week."
    assert sentence(counted([missed()])) == "You missed 1 call last week; nobody replied and nobody booked."


def test_a_caller_who_was_missed_twice_replied_once():
    made = counted([missed(replied_ms=T0 + 5), missed(ended_ms=T0 + 1, replied_ms=T0 + 5), missed(None)])
    assert (made.missed, made.missed_callers, made.replied) == (3, 1, 1)


def test_a_reply_after_a_week_is_no_reply_to_the_call():
    assert counted([missed(replied_ms=T0 + 8 * DAY_MS)]).replied == 0


def test_rates_of_nothing_are_blank():
    made = counted([])
    assert made.send_rate_of_missed is None
    assert made.first_answer_median_min is None
    assert made.latency_within == {}


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (90, 4.0), (100, 4.0), (1, 1.0)])
def test_percentiles_are_nearest_rank(percent, expected):
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == expected


def test_every_number_has_a_definition():
    names = set(report.Report.__dataclass_fields__) - {"period"}
    assert names == set(report.DEFINITIONS)


def test_weeks_run_from_monday_midnight_through_clock_changes():
    wall = ZoneInfo("America/New_York")
    for now in (1_793_000_000_000, 1_794_000_000_000, 1_773_000_000_000):
        period = week_before(now, wall)
        assert period.until_ms <= now < period.until_ms + 8 * DAY_MS
        assert (period.until_ms - period.from_ms - 7 * DAY_MS) in (0, HOUR_MS, -HOUR_MS)
        assert month_before(now, wall).until_ms <= now
    autumn = between("2026-11-01", "2026-11-01", wall)
    assert autumn.until_ms - autumn.from_ms == 25 * HOUR_MS
    with pytest.raises(ValueError, match="before"):
        between("2026-11-02", "2026-11-01", wall)


async def test_it_agrees_with_a_brute_force_count(database):
    rnd = random.Random(5)
    made, replied, texted, reasons, booked = 0, set(), 0, {}, set()
    async with database.transaction() as tx:
        for n in range(120):
            ended = T0 + rnd.randrange(-DAY_MS, 8 * DAY_MS)
            number = f"+1512555{n:04d}"
            outcome = rnd.choice(["busy", "no_answer", "not_reachable", "answered", "none", "lost"])
            call = await a_call(tx, caller=number, ended_ms=ended, outcome=outcome)
            inside = WEEK.from_ms <= ended < WEEK.until_ms and outcome in ("busy", "no_answer", "not_reachable")
            verdict = rnd.choice(["text", "task"])
            await a_decision(tx, call, verdict=verdict, rule="some_rule")
            if verdict == "text":
                await a_message(tx, number=number, call_id=call, at_ms=ended, state="delivered")
            if rnd.random() < 0.5:
                wrote = ended + rnd.randrange(1, 9 * DAY_MS)
                await store_part(tx, a_part("hi", sender=number, received_ms=wrote, scts_ms=wrote))
                await assemble_ready(tx, wrote, default_line="main")
                thread = await tx.value("SELECT id FROM threads WHERE number = ?", (number,))
                if inside and wrote - ended <= 7 * DAY_MS:
                    replied.add(number)
                if rnd.random() < 0.5:
                    await set_status(tx, thread, Status.BOOKED, wrote, actor="sam")
                    booked |= {number} if inside else set()
            made += inside
            texted += inside and verdict == "text"
            if inside:
                reasons[outcome] = reasons.get(outcome, 0) + 1
    async with database.read() as tx:
        result = counted(await store.missed_calls(tx, WEEK), opt_outs=await store.opt_outs(tx, WEEK))
    assert (result.missed, result.texted, result.replied) == (made, texted, len(replied))
    assert (result.by_reason, result.booked) == (reasons, len(booked))
    assert result.not_texted == {"some_rule": made - texted}
    assert sum(result.by_hour.values()) == sum(result.by_weekday.values()) == made
    assert result.latency_p50_s == 1.0


async def test_the_first_answer_of_a_person_is_timed(database):
    async with database.transaction() as tx:
        number = "+15125550150"
        call = await a_call(tx, caller=number)
        await a_decision(tx, call)
        await a_message(tx, number=number, call_id=call, state="undelivered")
        await store_part(tx, a_part("hi", sender=number, received_ms=T0 + MINUTE_MS))
        await assemble_ready(tx, T0 + MINUTE_MS, default_line="main")
        await a_message(tx, kind="help", number=number, at_ms=T0 + 2 * MINUTE_MS)
        await a_message(tx, kind="staff", number=number, at_ms=T0 + 11 * MINUTE_MS)
        (row,) = await store.missed_calls(tx, WEEK)
        result = counted([row], delivery_failures=await store.delivery_failures(tx, WEEK))
    assert (result.first_answer_median_min, result.recovered, result.delivery_failures) == (10.0, 1, 1)
    assert row.replied_ms == T0 + MINUTE_MS
