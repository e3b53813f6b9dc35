"""The modem line against the simulated modem: every model, every fault of the catalogue's modem rows."""

import asyncio

import pytest

from tests.modem.bench import CALLER, bench
from tests.modem.support import report
from textback_pbx.modem import modem as modem_module
from textback_pbx.modem import profile
from textback_pbx.modem.items import Problem
from textback_pbx.modem.pdu import Deliver, StatusReport, Undecodable, decode
from textback_pbx.outbox.attempt import Accepted, LateAccept, NotHandedOver, Refused, Unknown
from textback_pbx.testing.clock import settle
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.sim_card import SimCard, StoredPdu


@pytest.mark.parametrize("model", profile.names())
async def test_every_model_sends_reports_and_receives(monkeypatch, model):
    async with bench(monkeypatch, model=model) as one:
        assert one.modem.health.profile == model
        assert await one.submit() == Accepted(1)
        assert one.texts() == ["hello"]
        assert await one.until(one.direct)
        got = decode(one.direct()[0].pdu)
        assert isinstance(got, StatusReport)
        assert (got.recipient, got.tp_mr, got.tp_st) == (CALLER, 1, 0)
        one.receive("see you at 4 😀 §")
        assert await one.until(one.stored)
        assert {decode(item.pdu).text for item in one.stored()} == {"see you at 4 😀 §"}
        assert await one.until(lambda: not any(store.slots for store in one.sim.stores.values()))


@pytest.mark.fault(11)
async def test_what_waits_on_the_sim_is_committed_before_anything_leaves(monkeypatch):
    async with bench(monkeypatch, start=False) as one:
        one.keep = False
        one.receive("STOP")
        assert await one.until(one.stored, seconds=30)
        assert await one.until(lambda: one.modem.health.network.registered, seconds=5)
        assert one.modem.health.problem is Problem.READING
        assert isinstance(await one.submit(), NotHandedOver)
        assert one.handed == []
        assert await one.modem.delete(one.stored()[0])
        await one.ready()


@pytest.mark.fault(9, 10)
async def test_an_entry_is_given_again_until_it_is_deleted_and_only_that_entry_is_deleted(monkeypatch):
    async with bench(monkeypatch) as one:
        one.keep = False
        one.receive("first")
        assert await one.until(lambda: len(one.stored()) == 1)
        assert not await one.until(lambda: len(one.stored()) > 1, seconds=50)
        assert await one.until(lambda: len(one.stored()) == 2, seconds=60)
        first = one.stored()[0]
        store = one.sim.stores[first.storage]
        store.slots[first.index] = StoredPdu(0, bytes.fromhex(first.pdu[:-2] + "00"))  # the slot was used again
        assert await one.modem.delete(first)
        assert len(store.slots) == 1


@pytest.mark.fault(38)
@pytest.mark.parametrize("raw", ["00", "DEADBEEF", "07", "0004FF91AABB", "07911326040000F044"])
async def test_an_undecodable_entry_is_given_raw_and_blocks_nothing(monkeypatch, raw):
    async with bench(monkeypatch) as one:
        one.sim.stores["ME"].add(StoredPdu(0, bytes.fromhex(raw)))
        one.receive("and a good one")
        assert await one.until(lambda: len(one.stored()) == 2, seconds=40)
        kinds = {type(decode(item.pdu)) for item in one.stored()}
        assert kinds == {Undecodable, Deliver}
        assert await one.until(lambda: not one.sim.stores["ME"].slots)


async def test_texts_in_a_storage_that_cannot_be_read_are_told(monkeypatch):
    async with bench(monkeypatch, model="quectel_ec200a", start=False) as one:
        one.sim.stores["ME"].add(StoredPdu(0, bytes.fromhex("00")))
        await one.ready()
        assert await one.until(lambda: one.modem.health.problem is Problem.HIDDEN_TEXTS)
        assert "1 in ME" in one.modem.health.message
        assert await one.submit() == Accepted(1)


async def test_drafts_stay_where_they_are(monkeypatch):
    async with bench(monkeypatch, start=False) as one:
        one.sim.stores["SM"].add(StoredPdu(2, bytes.fromhex("0001000B915121551510F40000")))
        await one.ready()
        assert one.stored() == []
        assert len(one.sim.stores["SM"].slots) == 1


async def test_a_lost_announcement_costs_only_the_timer(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("swallow", on="urc"))
        one.receive("nobody says so")
        assert not await one.until(one.stored)
        assert await one.until(one.stored, seconds=31)


@pytest.mark.fault(34)
async def test_a_full_storage_is_drained_and_reception_resumes(monkeypatch):
    async with bench(monkeypatch, start=False) as one:
        one.sim.arm(Fault("storage_full"))
        one.sim.settings.memories = ("SM", "SM", "SM")
        one.receive("the network keeps this one")
        await one.ready()
        assert await one.until(
            lambda: any("network keeps" in (decode(i.pdu).text or "") for i in one.stored()), seconds=60
        )
        assert not one.sim.stores["SM"].slots


@pytest.mark.fault(34)
async def test_a_storage_that_nobody_empties_is_said(monkeypatch):
    async with bench(monkeypatch) as one:
        one.keep = False
        one.sim.arm(Fault("storage_full"))
        assert await one.until(lambda: one.modem.health.problem is Problem.STORAGE_FULL, seconds=31)
        assert "at least 80 % full" in one.modem.health.message
        assert one.modem.trouble() is None


# sending -------------------------------------------------------------------------------------------------------


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (21, Refused),
        (38, Refused),
        (208, Refused),
        (304, Refused),
        (330, Refused),
        (331, Unknown),
        (332, Unknown),
        (500, Unknown),
        (512, Unknown),
        (320, Unknown),
        (777, Unknown),
    ],
)
async def test_an_error_after_the_pdu_is_judged_by_the_table(monkeypatch, code, expected):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("error", on="body", args={"code": code}))
        result = await one.submit()
        assert isinstance(result, expected)
        if isinstance(result, Refused):
            assert (result.code, result.definite) == (code, True)
        assert one.handed == [1]


@pytest.mark.fault(36)
@pytest.mark.parametrize(("kind", "code"), [("cms", 331), ("cms", 500), ("cme", 14), ("plain", 0)])
async def test_an_error_before_the_prompt_is_never_unknown(monkeypatch, kind, code):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("error", on="command", command="+CMGS", args={"kind": kind, "code": code}))
        result = await one.submit()
        assert isinstance(result, Refused if kind == "cms" else NotHandedOver)
        assert one.handed == []
        assert one.texts() == []
        assert isinstance(await one.submit(), Accepted)


@pytest.mark.fault(36)
async def test_without_a_network_nothing_is_claimed_and_the_line_says_why(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.set_registration(3)
        assert await one.until(lambda: one.modem.health.problem is Problem.DENIED, seconds=31)
        assert "is the SIM active and paid" in one.modem.trouble()
        one.sim.set_registration(5)
        await one.ready(seconds=31)


@pytest.mark.fault(6)
@pytest.mark.parametrize("event", ["body", "submitted"])
async def test_silence_after_the_pdu_is_unknown_and_nothing_is_sent_again(monkeypatch, event):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("swallow", on=event))
        assert isinstance(await one.submit(seconds=240, step=5), Unknown)
        assert one.modem.health.problem is Problem.UNRESOLVED
        await one.ready(seconds=60)
        assert one.handed == [1]
        assert len(one.texts()) == (1 if event == "submitted" else 0)


@pytest.mark.fault(30)
@pytest.mark.parametrize("seconds", [182, 190, 205])
async def test_an_answer_after_the_time_out_belongs_to_its_own_part(monkeypatch, seconds):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("delay", on="submitted", args={"seconds": seconds}))
        assert isinstance(await one.submit(one.part(41), seconds=260), Unknown)
        await one.until(one.late, seconds=60)
        assert one.late() == [LateAccept(41, 1)]
        await one.ready(seconds=60)
        assert await one.submit(one.part(42)) == Accepted(2)
        assert one.late() == [LateAccept(41, 1)]


@pytest.mark.fault(30)
async def test_a_submit_waits_180_seconds(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("delay", on="submitted", args={"seconds": 178}))
        assert await one.submit(seconds=181) == Accepted(1)


async def test_a_prompt_that_does_not_come_is_not_handed_over(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("swallow", on="prompt"))
        result = await one.submit(seconds=60)
        assert isinstance(result, NotHandedOver)
        assert one.handed == []
        assert one.sim.journal.since(0, "escape")
        assert await one.submit() == Accepted(1)


async def test_a_permission_that_is_withheld_closes_the_prompt(monkeypatch):
    async with bench(monkeypatch) as one:

        async def no(pdu: str) -> None:
            raise RuntimeError("the disk is full")

        async with asyncio.TaskGroup() as group:
            task = group.create_task(one.modem.submit(one.part(), no))
            assert await one.until(task.done, seconds=10)
        assert task.result() == NotHandedOver("the hand-over was not granted: the disk is full")
        assert len(one.sim.journal.since(0, "escape")) == 1
        assert one.texts() == []
        assert await one.submit() == Accepted(1)


async def test_parts_of_a_long_text_keep_the_link(monkeypatch):
    async with bench(monkeypatch) as one:
        for seq in (1, 2, 3):
            assert await one.submit(one.part(seq, f"part {seq} ", seq, 3)) == Accepted(seq)
        assert one.texts() == ["part 1 part 2 part 3 "]
        assert "AT+CMMS=2" in one.commands()


async def test_a_part_that_cannot_be_encoded_never_reaches_the_line(monkeypatch):
    async with bench(monkeypatch) as one:
        before = len(one.wire)
        result = await one.submit(one.part(text="😀"))
        assert isinstance(result, Refused)
        assert result.definite
        assert len(one.wire) == before


@pytest.mark.fault(33, 38)
async def test_a_text_that_a_modem_gives_in_text_mode_is_kept_as_it_came(monkeypatch):
    """It has restarted unseen and shows texts directly: no storage has this one, so what came is all there is."""
    async with bench(monkeypatch) as one:
        one.sim.write(b'\r\n+CMT: "+15125550142",,"26/11/21,01:00:00+00"\r\nStop it\r\n')
        assert await one.until(one.direct)
        (got,) = one.direct()
        assert isinstance(decode(got.pdu), Undecodable)
        assert "+15125550142" in decode(got.pdu).raw
        assert "STOP IT" in decode(got.pdu).raw.upper()
        assert await one.until(lambda: Problem.STARTING in one.problems(), seconds=5)
        await one.ready()


@pytest.mark.fault(33)
async def test_a_modem_in_text_mode_gets_no_pdu_as_a_text(monkeypatch):
    """A silent restart leaves some models in text mode: the digits of the PDU would go out as a text."""
    async with bench(monkeypatch) as one:
        one.sim.settings.cmgf = 1
        assert await one.submit() == Accepted(1)
        assert one.texts() == ["hello"]


# power, plugs, identity ----------------------------------------------------------------------------------------


@pytest.mark.fault(33)
@pytest.mark.parametrize("model", ["generic", "quectel_ec25", "simcom_sim7600"])
async def test_a_brown_out_is_seen_and_the_set_up_runs_again(monkeypatch, model):
    async with bench(monkeypatch, model=model) as one:
        await one.clock.advance(40)
        one.sim.brownout()
        assert await one.until(lambda: one.modem.health.restarts == 1, seconds=40)
        await one.ready()
        assert one.modem.health.problem is Problem.BROWN_OUTS
        assert "power" in one.modem.health.message
        one.receive("still here?")
        assert await one.until(one.stored)


@pytest.mark.fault(29)
@pytest.mark.parametrize("event", ["command", "prompt", "pdu", "body", "submitted", "reply"])
async def test_unplugged_in_mid_send_and_back(monkeypatch, event):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("unplug", on=event, command="+CMGS", args={"replug_after": 3, "after_bytes": 20}))
        result = await one.submit(seconds=20)
        handed = event not in ("command", "prompt")
        assert isinstance(result, Unknown if handed else NotHandedOver)
        assert one.handed == ([1] if handed else [])
        assert Problem.NO_PORT in [*one.problems(), one.modem.health.problem]
        await one.ready()
        assert len(one.texts()) == (1 if event in ("submitted", "reply") else 0)
        assert isinstance(await one.submit(one.part(2)), Accepted)


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    ("change", "problem"),
    [({"imei": "490154203237518"}, Problem.WRONG_STICK), ({"iccid": "8944000000000000019"}, Problem.WRONG_SIM)],
)
@pytest.mark.parametrize("configured", [False, True])
async def test_another_stick_or_sim_stops_the_line(monkeypatch, change, problem, configured):
    async with bench(monkeypatch) as probe:
        health = probe.modem.health
    settings = {"imei": health.imei, "iccid": health.iccid} if configured else {}
    async with bench(monkeypatch, **settings) as one:
        one.sim.arm(Fault("unplug", args={"replug_after": 1, **change}))
        assert await one.until(lambda: one.modem.health.problem is problem, seconds=30)
        assert one.modem.trouble()
        assert isinstance(await one.submit(), NotHandedOver)
        assert one.modem.iccid is None
        assert "configuration" in one.modem.health.detail if configured else "restart the agent" in one.modem.trouble()


@pytest.mark.fault(29, 36)
@pytest.mark.parametrize("first", ["a text to send", "a text that comes", "the timer"])
async def test_a_sim_changed_in_its_slot_stops_the_line_before_anything_leaves_from_it(monkeypatch, first):
    """No restart, no word from the modem: its ICCID is asked before each text, and whenever its storage is read."""
    async with bench(monkeypatch) as one:
        one.sim.change_sim(SimCard("+15125550177", iccid="8944000000000000019"))
        if first == "a text to send":
            assert "another SIM" in (await one.submit()).reason
        elif first == "a text that comes":
            one.receive("hello")
        seconds = 40 if first == "the timer" else 5
        assert await one.until(lambda: one.modem.health.problem is Problem.WRONG_SIM, seconds=seconds)
        assert (one.handed, one.texts(), one.stored()) == ([], [], [])


@pytest.mark.fault(32)
@pytest.mark.parametrize("times", [1, 2])
async def test_one_silent_command_is_borne(monkeypatch, times):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("swallow", on="command", command="+CSQ", times=times))
        await one.clock.advance(31 * times)
        await one.until(lambda: False, seconds=15)
        assert one.modem.health.resets == 0
        assert await one.submit() == Accepted(1)


@pytest.mark.fault(32, 47)
async def test_a_silent_modem_is_told_with_the_program_that_may_be_taking_its_answers(monkeypatch):
    monkeypatch.setattr(modem_module, "reading_along", lambda port: f"; another has {port}")
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("hang"))
        assert await one.until(lambda: one.modem.health.problem is Problem.SILENT, seconds=200, step=5)
        assert "; another has memory" in one.modem.trouble()


@pytest.mark.fault(32)
async def test_a_hung_modem_is_restarted_at_most_so_often(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("hang"))
        assert await one.until(lambda: one.modem.health.problem is Problem.SILENT, seconds=120)
        assert one.modem.health.resets == 1
        await one.until(lambda: False, seconds=600, step=10)
        assert one.modem.health.resets == 1
        assert await one.until(lambda: one.modem.health.resets == 2, seconds=600, step=10)
        assert one.wire.count(b"AT+CFUN=1,1") == 2
        one.sim.unplug()
        one.sim.plug()
        await one.ready(seconds=120)


@pytest.mark.fault(32)
async def test_a_modem_that_hears_the_restart_comes_back(monkeypatch):
    async with bench(monkeypatch) as one:
        one.sim.arm(Fault("swallow", on="command", times=6))  # three commands and their markers, then it hears again
        await one.until(lambda: False, seconds=120)
        await one.ready(seconds=60)
        assert await one.submit() == Accepted(1)


async def test_no_sim_and_then_one(monkeypatch):
    async with bench(monkeypatch, start=False) as one:
        card = one.sim.sim
        one.sim.change_sim(None)
        assert await one.until(lambda: one.modem.health.problem is Problem.NO_SIM, seconds=10)
        assert "put one in" in one.modem.trouble()
        one.sim.change_sim(card)
        await one.ready()


async def test_a_missing_message_centre_is_said_and_the_configured_one_is_written(monkeypatch):
    async with bench(monkeypatch, start=False, sim=SimCard("+15125550100", smsc="")) as one:
        assert await one.until(lambda: one.modem.health.problem is Problem.NO_SMSC, seconds=10)
    async with bench(monkeypatch, sim=SimCard("+15125550100", smsc=""), smsc="+15125550199") as one:
        assert one.sim.sim.smsc == "+15125550199"
        assert await one.submit() == Accepted(1)


async def test_credit_is_asked_where_wanted(monkeypatch):
    async with bench(monkeypatch, ussd_credit="*100#") as one:
        assert await one.until(lambda: one.modem.health.credit == "Your balance is 10.00", seconds=5)


# reports -------------------------------------------------------------------------------------------------------


@pytest.mark.fault(37)
async def test_reports_of_every_kind_come_through_as_they_are(monkeypatch):
    async with bench(monkeypatch) as one:
        one.receive("a text among them")
        for place, (reference, status) in enumerate([(7, 0x30), (7, 0x00), (7, 0x00), (255, 0x46)]):
            one.sim.urc(f"+CDS: 25\r\n{report(CALLER, reference, status)}")
            assert await one.until(lambda count=place + 1: len(one.direct()) == count)
        got = [decode(item.pdu) for item in one.direct()]
        assert [(r.tp_mr, r.tp_st) for r in got] == [(7, 0x30), (7, 0), (7, 0), (255, 0x46)]


# cancellation --------------------------------------------------------------------------------------------------


@pytest.mark.fault(13, 48)
@pytest.mark.parametrize("who", ["caller", "owner"])
async def test_cancelled_at_any_await_the_port_is_never_left_in_the_prompt(monkeypatch, who):
    turns, ended = 0, 0
    while ended < 3:
        async with bench(monkeypatch, radio_s=2.0) as one:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(one.modem.submit(one.part(), lambda pdu: one.hand_over(1, pdu)))
                await settle(turns)
                (task if who == "caller" else one.owner).cancel()
                assert await one.until(task.done, seconds=5)
            await one.until(lambda: False, seconds=4)
            prompts, escapes, bodies = (len(one.sim.journal.since(0, kind)) for kind in ("prompt", "escape", "ctrl_z"))
            assert prompts == escapes + bodies
            assert len(one.texts()) == bodies == len(one.sim.smsc.submits)
            if bodies:
                assert one.handed == [1]
                ended += 1
            if who == "caller" and bodies:
                assert task.cancelled()
                assert one.late() == [LateAccept(1, 1)]
            if who == "owner" and not task.cancelled():
                result = task.result()
                assert isinstance(result, Unknown) is bool(bodies)
                assert not (isinstance(result, NotHandedOver) and one.handed)
        turns += 1
    print(f"{turns} places of cancelling the {who} tried")
    assert turns > 5


@pytest.mark.fault(7)
async def test_an_acceptance_nobody_waited_for_is_on_the_stream(monkeypatch):
    async with bench(monkeypatch, radio_s=5.0) as one:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(one.modem.submit(one.part(9), lambda pdu: one.hand_over(9, pdu)))
            assert await one.until(lambda: one.sim.journal.since(0, "ctrl_z"))
            task.cancel()
        assert await one.until(one.late, seconds=10)
        assert one.late() == [LateAccept(9, 1)]
