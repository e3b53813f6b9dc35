"""What goes in, what may be claimed, what people say: the outbox's own rules in SQL."""

import itertools

import pytest

from tests.outbox.support import (
    ANNA,
    BERT,
    FAST,
    ICCID,
    MINUTE,
    T0,
    Network,
    SimLine,
    a_sender,
    a_text,
    put,
    states,
    stop,
    work_off,
)
from textback_pbx.consent.entries import resubscribed_by_text
from textback_pbx.consent.store import append
from textback_pbx.outbox import list_store
from textback_pbx.outbox.attempt import Accepted, Event, Refused, State, Unknown
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.claim_store import (
    Asking,
    Claimed,
    Drop,
    Go,
    Idle,
    Later,
    claim_next,
    hand_over,
    hand_over_ages,
    recover_all,
    settle,
)
from textback_pbx.outbox.list_store import Resolution, ResolveProblem, resolve
from textback_pbx.outbox.report_store import apply_report
from textback_pbx.outbox.reports import Report
from textback_pbx.outbox.store import NewMessage, WrongStep, cancel_waiting, enqueue, move

LOOKED = []


async def go(tx, row):
    LOOKED.append(row["id"])
    return Go()


def asking(now_ms=T0, **changes):
    return Asking(**{"modem": "m1", "iccid": ICCID, "now_ms": now_ms, "monotonic": 5_000.0, **changes})


async def claim(database, *, look=go, pace=None, **changes):
    async with database.transaction() as tx:
        return await claim_next(tx, asking(**changes), pace or Pace(FAST.budget), look, FAST)


async def send(database, result, *, now_ms=T0):
    """Claim, hand over, settle one part; return its steps."""
    found = await claim(database, now_ms=now_ms)
    async with database.transaction() as tx:
        await hand_over(tx, found.part.part_id, asking(now_ms))
    async with database.transaction() as tx:
        return await settle(tx, found.part.part_id, result, now_ms, FAST)


@pytest.mark.parametrize(
    "wrong",
    [{"number": "5125550101"}, {"number": "+1512\r\nAT"}, {"parts": ()}, {"parts": ("a", "")}, {"parts": ("x",) * 256}],
)
async def test_what_no_modem_must_see_is_refused_at_the_door(database, wrong):
    values = {"kind": "staff", "line": "main", "number": ANNA, "body": "x", "parts": ("x",), "encoding": "gsm7"}
    text = NewMessage(**{**values, "not_before_ms": T0, "expires_ms": T0 + 1, **wrong})
    async with database.transaction() as tx:
        with pytest.raises(ValueError, match=r"an E\.164 number"):
            await enqueue(tx, text, T0)


@pytest.mark.fault(2, 3)
async def test_a_call_has_one_automatic_text_and_an_inbound_text_one_answer(database):
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO calls (id, call_key, pbx, uniqueid, line, dialled, caller_raw, withheld, started_ms, ended_ms,"
            " outcome) VALUES (1, 'k', 'p', 'u', 'main', '1', '', 0, 0, 0, 'busy')"
        )
        await tx.run("INSERT INTO inbound (id, sender, body, received_ms) VALUES (1, ?, 'HELP', 0)", (ANNA,))
    auto, answer = a_text(kind="auto", call_id=1), a_text(kind="help", inbound_id=1)
    assert await put(database, auto, auto, answer, answer) == [1, None, 2, None]


async def test_references_count_on_per_recipient_and_never_start_at_nought(database):
    await put(database, *(a_text(number, "1", "2") for number in (ANNA, ANNA, BERT, ANNA)))
    async with database.read() as tx:
        rows = await tx.all(
            "SELECT m.number, p.concat_ref FROM parts p JOIN messages m ON m.id = message_id WHERE seq = 2"
        )
    anna = [row["concat_ref"] for row in rows if row["number"] == ANNA]
    assert [(b - a) % 256 for a, b in itertools.pairwise(anna)] == [1, 1]
    assert anna[0] != next(row["concat_ref"] for row in rows if row["number"] == BERT)


async def test_an_opt_out_ends_every_text_but_its_own_confirmation(database):
    kinds = ("auto", "nudge", "staff", "notify", "help")
    await put(database, *(a_text(kind=kind) for kind in kinds), a_text(kind="optout_confirmation"))
    async with database.transaction() as tx:
        await stop(tx, ANNA)
    found = await claim(database)
    assert isinstance(found, Claimed)
    assert found.part.part_id == 6
    idle = await claim(database)
    assert isinstance(idle, Idle)
    ended = [*found.ended, *idle.ended]
    assert sorted((one.kind, one.state) for one in ended) == sorted((kind, "cancelled") for kind in kinds)
    assert all("opt-out" in one.reason for one in ended)


async def test_a_confirmation_leaves_once_within_its_minutes_and_only_while_it_is_true(database):
    confirmation = a_text(kind="optout_confirmation")
    await put(database, confirmation)
    assert (await claim(database)).ended[0].reason.startswith("the number takes texts again")
    async with database.transaction() as tx:
        await stop(tx, ANNA)
    await put(database, confirmation)
    assert (await claim(database, now_ms=T0 + 5 * MINUTE)).ended[0].state is State.EXPIRED
    await put(database, confirmation)
    await send(database, Accepted(1))
    await put(database, confirmation)
    assert (await claim(database)).ended[0].reason == "the opt-out has been confirmed already"
    async with database.transaction() as tx:
        await append(tx, resubscribed_by_text(ANNA, T0, "", text="START", why="word", inbound_id=2))
    await put(database, a_text(kind="optin_confirmation"))
    await send(database, Accepted(2))
    async with database.transaction() as tx:
        await stop(tx, ANNA)
    await put(database, confirmation)
    assert isinstance(await claim(database), Claimed)


async def test_the_second_look_can_drop_or_hold_in_the_claims_own_transaction(database):
    answers = [Later(T0 + 9 * MINUTE, "quiet hours"), Drop("answered meanwhile")]

    async def look(tx, row):
        return answers.pop(0)

    await put(database, a_text(ANNA, "1", "2", look_again=True), a_text(BERT, "plain"))
    held = await claim(database, look=look)
    assert held.part.text == "plain"
    async with database.read() as tx:
        assert await tx.value("SELECT reason FROM parts WHERE id = 1") == "quiet hours"
        assert await tx.value("SELECT not_before_ms FROM messages WHERE id = 1") == T0 + 9 * MINUTE
    idle = await claim(database, look=look)
    assert (idle.due_ms, answers) == (T0 + 9 * MINUTE, [Drop("answered meanwhile")])
    dropped = await claim(database, look=look, now_ms=T0 + 9 * MINUTE)
    assert [one.state for one in dropped.ended] == ["cancelled", "cancelled"]


async def test_a_text_that_has_begun_is_not_looked_at_again(database):
    await put(database, a_text(ANNA, "1", "2", look_again=True))
    LOOKED.clear()
    await send(database, Accepted(1))
    await send(database, Accepted(2))
    assert LOOKED == [1]


async def test_called_back_takes_back_what_waits_and_leaves_what_people_wrote(database):
    await put(database, a_text(kind="auto"), a_text(kind="nudge"), a_text(kind="staff"), a_text(BERT, kind="auto"))
    async with database.transaction() as tx:
        ended = await cancel_waiting(tx, ANNA, "called back", T0)
    assert [(one.message_id, one.reason) for one in ended] == [(1, "called back"), (2, "called back")]
    assert await states(database) == ["cancelled", "cancelled", "queued", "queued"]


async def test_a_claimed_text_that_is_cancelled_ends_when_its_line_lets_go(database):
    await put(database, a_text(kind="auto"))
    await claim(database)
    async with database.transaction() as tx:
        assert await cancel_waiting(tx, ANNA, "called back", T0) == []
    async with database.transaction() as tx:
        settled = await settle(tx, 1, Refused(41, "", definite=True), T0, FAST)
    assert settled[0].state is State.QUEUED
    assert (await claim(database, now_ms=T0 + 20_000)).ended[0].reason == "called back"


@pytest.mark.fault(5, 6, 7)
async def test_after_a_crash_every_part_is_in_a_state_that_is_true(database):
    await put(database, a_text(), a_text(BERT))
    first = await claim(database)
    await claim(database)
    async with database.transaction() as tx:
        await hand_over(tx, first.part.part_id, asking())
    async with database.transaction() as tx:
        recovered = await recover_all(tx, T0, FAST)
        assert await recover_all(tx, T0, FAST) == []
    assert [(one.state, one.new_unknown) for one in recovered] == [("unknown", True), ("queued", False)]
    assert recovered[0].task_source == "part:1:1"
    assert "between handing it over and the answer" in recovered[0].reason


async def test_a_step_the_table_does_not_know_is_a_bug_and_changes_nothing(database):
    await put(database, a_text())
    with pytest.raises(WrongStep, match="queued: lost cannot happen"):
        async with database.transaction() as tx:
            await move(tx, 1, Event.LOST, T0)
    assert await states(database) == ["queued"]


@pytest.mark.parametrize(
    ("what", "state", "rest"),
    [
        (Resolution.WAS_SENT, "accepted", "queued"),
        (Resolution.NOT_SENT, "refused", "cancelled"),
        (Resolution.SEND_AGAIN, "queued", "queued"),
    ],
)
async def test_a_person_settles_what_nobody_can_know(database, what, state, rest):
    await put(database, a_text(ANNA, "1", "2"))
    await send(database, Unknown("silence"))
    async with database.transaction() as tx:
        settled = await resolve(tx, 1, what, actor="desk", note="asked her", now_ms=T0 + 5)
    assert settled[0].resolved
    assert await states(database) == [state, rest]
    async with database.read() as tx:
        last = (await list_store.story(tx, 1))[-1 if rest == "queued" else -2]
    assert (last.actor, last.detail.endswith("says desk: asked her")) == ("desk", True)


async def test_sending_again_gives_it_time_and_takes_up_the_rest(database):
    await put(database, a_text(ANNA, "1", "2", expires_ms=T0 + MINUTE, kind="auto", look_again=True))
    await send(database, Refused(21, "", definite=True))
    assert await states(database) == ["refused", "cancelled"]
    later = T0 + 600 * MINUTE
    async with database.transaction() as tx:
        await resolve(tx, 1, Resolution.SEND_AGAIN, actor="desk", note="", now_ms=later)
    assert (await send(database, Accepted(1), now_ms=later))[0].tries == 2
    await send(database, Accepted(2), now_ms=later)
    assert await states(database) == ["accepted", "accepted"]


async def test_sending_again_has_a_task_of_its_own_when_it_is_lost_again(database):
    await put(database, a_text())
    first = (await send(database, Unknown("silence")))[0]
    async with database.transaction() as tx:
        await resolve(tx, 1, Resolution.SEND_AGAIN, actor="desk", note="", now_ms=T0)
    second = (await send(database, Unknown("silence"), now_ms=T0 + MINUTE))[0]
    assert (first.task_source, second.task_source) == ("part:1:1", "part:1:2")
    assert second.new_unknown


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("nothing", "the agent is still at it"),
        ("accepted", "the network has taken it"),
        ("opted out", "opt-out"),
        ("cancelled", "was cancelled: called back"),
        ("no such part", "there is no part"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_answered_with_words(database, prepare, words):
    await put(database, a_text(kind="auto"))
    async with database.transaction() as tx:
        if prepare == "cancelled":
            await cancel_waiting(tx, ANNA, "called back", T0)
    if prepare in ("accepted", "opted out"):
        await send(database, Accepted(1) if prepare == "accepted" else Unknown("silence"))
    async with database.transaction() as tx:
        if prepare == "opted out":
            await stop(tx, ANNA)
        with pytest.raises(ResolveProblem, match=words):
            part = 99 if prepare == "no such part" else 1
            await resolve(tx, part, Resolution.SEND_AGAIN, actor="desk", note="", now_ms=T0)


async def test_the_list_shows_what_waits_for_what(database):
    await put(database, a_text(ANNA, "1", "2"), a_text(BERT))
    await send(database, Unknown("silence"))
    async with database.read() as tx:
        unknown = await list_store.list_messages(tx, states=frozenset({"unknown"}))
        everything = await list_store.list_messages(tx)
        depth = await list_store.depth(tx, T0)
    assert [message.message_id for message in unknown] == [1]
    assert unknown[0].waits_for.startswith("part 1, whose fate nobody knows")
    assert [message.state for message in everything] == ["queued", "unknown"]
    assert (depth.queued, depth.unknown, depth.oldest_due_ms) == (2, 1, T0)


async def test_a_claim_stays_quick_with_a_long_queue(database, clock):
    """Not a benchmark: it only catches a claim that reads the whole table once per row."""
    async with database.transaction() as tx:
        for n in range(1_500):
            await enqueue(tx, a_text(ANNA, f"t{n}"), T0)
        steps = []
        await tx._connection.set_progress_handler(lambda: steps.append(1), 1_000)
        assert isinstance(await claim_next(tx, asking(), Pace(FAST.budget), go, FAST), Claimed)
        await tx._connection.set_progress_handler(None, 0)
    assert 0 < len(steps) < 400


async def test_seeding_counts_every_try_of_a_sim_once_restarted(database, clock):
    network = Network(clock, answers={"hello": ["41", "41"]})
    await put(database, a_text())
    await work_off(a_sender(database, SimLine(network), clock), clock)
    async with database.read() as tx:
        ages = await hand_over_ages(tx, ICCID, clock.now_ms())
    assert len(ages) == len(network.air) == 3


@pytest.mark.fault(37)
@pytest.mark.parametrize(("reference", "older", "newer"), [(7, "accepted", "delivered"), (9, "delivered", "accepted")])
async def test_a_report_before_its_answer_waits_for_it_although_its_reference_was_used_before(
    database, reference, older, newer
):
    """Two texts to one person, 256 apart on the SIM; which of them the report means shows with the second's +CMGS."""
    for body, at_ms in (("old", T0), ("new", T0 + 180 * MINUTE)):
        await put(database, a_text(ANNA, body, expires_ms=T0 + 999 * MINUTE), now_ms=at_ms)
        claimed = await claim(database, now_ms=at_ms)
        async with database.transaction() as tx:
            await hand_over(tx, claimed.part.part_id, asking(at_ms))
            if body == "old":
                await settle(tx, claimed.part.part_id, Accepted(7), at_ms, FAST)
    report = Report(ANNA, 7, 0, at_ms + 2_000, "m1", ICCID, scts_ms=at_ms + 1_000)
    async with database.transaction() as tx:
        assert (await apply_report(tx, report, at_ms + 2_000, FAST.reports)).part_id is None
        await settle(tx, claimed.part.part_id, Accepted(reference), at_ms + 3_000, FAST)
    assert await states(database) == [older, newer]
