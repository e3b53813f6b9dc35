"""Sending, receiving, storage and reports: 27.005 with 23.040 behind it."""

import pytest

from tests.testing.support import CALLER, OTHER, SIM_NUMBER, submit_pdu, terminal
from textback_pbx.testing import tpdu
from textback_pbx.testing.modem_models import Model
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.smsc import OUTCOMES

OK = "\r\nOK\r\n"
SMALL = Model("small", capacity={"SM": 2, "ME": 3})


def report_of(line: str) -> tuple[int, str, int]:
    """Read TP-MR, TP-RA and TP-ST from a report's hex, with its service centre."""
    octets = bytes.fromhex(line)
    pdu = octets[1 + octets[0] :]
    number, size = tpdu.decode_address(pdu[2:])
    return pdu[1], number, pdu[2 + size + 14]


async def test_a_text_goes_out_with_the_next_reference():
    async with terminal() as client:
        for reference in (1, 2, 3):
            assert await client.send() == f"\r\n+CMGS: {reference}\r\n" + OK
        assert [text.text for text in client.modem.smsc.handset(CALLER).inbox()] == ["hellohello"] * 3


async def test_references_wrap_and_stay_with_the_sim():
    async with terminal(sim=SimCard(last_reference=254)) as client:
        assert "+CMGS: 255\r" in await client.send()
        client.modem.brownout()
        await client.wait()
        await client.type("ATE0\r")
        assert "+CMGS: 0\r" in await client.send()


async def test_escape_leaves_the_prompt_and_nothing_is_sent():
    async with terminal() as client:
        assert await client.type("AT+CMGS=20\r") == "\r\n> "
        assert await client.type("0011\x1b") == OK
        assert await client.type("AT\r") == OK
        assert client.on_the_air == 0


@pytest.mark.parametrize(
    ("length", "body"),
    [("21", "00"), ("20", "0011zz"), ("20", ""), ("20", "FF" * 21), ("8", "0000000000000000FF"), ("19", None)],
)
async def test_a_pdu_that_does_not_fit_is_refused(length, body):
    async with terminal() as client:
        await client.type(f"AT+CMGS={length}\r")
        said = await client.type(f"{submit_pdu()[1] if body is None else body}\x1a")
        assert said == "\r\n+CMS ERROR: 304\r\n"
        assert client.on_the_air == 0


@pytest.mark.parametrize("length", ["", "x", "0", "165", '"+15125550150"'])
async def test_a_length_that_is_none_gets_no_prompt(length):
    async with terminal() as client:
        assert await client.type(f"AT+CMGS={length}\r") == "\r\n+CMS ERROR: 304\r\n"


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda modem: modem.change_sim(None), 310),
        (lambda modem: modem.change_sim(SimCard(pin="1")), 311),
        (lambda modem: modem.set_registration(2), 331),
        (lambda modem: setattr(modem.sim, "smsc", ""), 330),
    ],
)
async def test_what_is_missing_has_its_own_error(prepare, code):
    async with terminal() as client:
        prepare(client.modem)
        assert await client.send() == f"\r\n+CMS ERROR: {code}\r\n"
        assert client.on_the_air == 0


async def test_the_radio_takes_its_time_and_codes_come_through_meanwhile():
    async with terminal(radio_s=2.0) as client:
        await client.type("AT+CNMI=2,1\r")
        assert await client.send(seconds=1.5) == ""
        assert client.on_the_air == 1
        client.modem.smsc.inbound(OTHER, SIM_NUMBER, "hello")
        await client.wait()
        assert client.take() == '\r\n+CMTI: "SM",0\r\n'
        await client.wait(0.5)
        assert client.take() == "\r\n+CMGS: 1\r\n" + OK


async def test_codes_wait_while_the_prompt_is_open():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1\r")
        length, pdu = submit_pdu()
        assert await client.type(f"AT+CMGS={length}\r") == "\r\n> "
        client.modem.smsc.inbound(OTHER, SIM_NUMBER, "hello")
        await client.wait()
        assert client.take() == ""
        said = await client.type(f"{pdu}\x1a")
        assert said == "\r\n+CMGS: 1\r\n" + OK + '\r\n+CMTI: "SM",0\r\n'


async def test_text_mode_sends_too():
    async with terminal() as client:
        await client.type('AT+CMGF=1;+CSCS="GSM"\r')
        assert await client.type(f'AT+CMGS="{CALLER}"\r') == "\r\n> "
        assert await client.type("one\r") == "\r\n> "
        assert await client.type("two\x1a") == "\r\n+CMGS: 1\r\n" + OK
        [text] = client.modem.smsc.handset(CALLER).inbox()
        assert text.text == "one\ntwo"


async def test_a_text_can_be_stored_and_sent_later():
    async with terminal() as client:
        length, pdu = submit_pdu()
        await client.type(f"AT+CMGW={length}\r")
        assert await client.type(f"{pdu}\x1a") == "\r\n+CMGW: 0\r\n" + OK
        assert await client.type("AT+CMGL=2\r") == f"\r\n+CMGL: 0,2,,{length}\r\n{pdu}\r\n" + OK
        assert await client.type("AT+CMSS=0\r") == "\r\n+CMSS: 1\r\n" + OK
        assert client.on_the_air == 1


# --- reports -------------------------------------------------------------------------------------------------


@pytest.mark.fault(37)
@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_every_outcome_sends_its_reports(outcome):
    async with terminal() as client:
        client.modem.smsc.report_s = 5
        client.modem.smsc.next_outcome(outcome)
        await client.type("AT+CNMI=2,1,0,1,0\r")
        await client.send(report=True)
        client.take()
        await client.wait(20)
        said = client.take().split("\r\n")
        reports = [report_of(line) for line in said if line.startswith("07")]
        fate = OUTCOMES[outcome]
        assert [status for _, _, status in reports] == [status for _, status, _ in fate.reports]
        for (reference, number, _), (_, _, foreign) in zip(reports, fate.reports, strict=True):
            assert ((reference, number) == (1, CALLER)) is not foreign
        assert bool(client.modem.smsc.handset(CALLER).inbox()) is fate.arrives


async def test_a_report_comes_only_where_it_was_asked_for():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1,0,1,0\r")
        assert "+CDS" not in await client.send(seconds=1)
        said = await client.send(report=True, seconds=1)
        assert "\r\n+CDS: 25\r\n" in said


async def test_reports_can_be_stored_or_dropped():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1,0,2,0\r")
        said = await client.send(report=True, seconds=1)
        assert '\r\n+CDSI: "SM",0\r\n' in said
        assert "\r\n+CMGR: 0,,25\r\n" in await client.type("AT+CMGR=0\r")
        await client.type("AT+CNMI=2,1,0,0,0\r")
        assert "+CD" not in await client.send(report=True, seconds=1)


async def test_the_ec25_loses_reports_with_ds_2():
    async with terminal(Model(quirks=frozenset({"reports_lost_with_ds2"}))) as client:
        await client.type("AT+CNMI=2,1,0,2,0\r")
        assert "+CD" not in await client.send(report=True, seconds=1)
        assert client.modem.sim.store.slots == {}


async def test_a_telephone_that_is_off_gets_its_texts_later_or_never():
    async with terminal() as client:
        smsc = client.modem.smsc
        await client.type("AT+CNMI=2,1,0,1,0\r")
        smsc.set_reachable(CALLER, reachable=False)
        assert "+CDS" not in await client.send(report=True, seconds=60)
        smsc.set_reachable(CALLER, reachable=True)
        await client.wait()
        assert len(smsc.handset(CALLER).inbox()) == 1
        assert "+CDS" in client.take()
        smsc.set_reachable(CALLER, reachable=False)
        await client.send(report=True)
        client.take()
        await client.wait(2 * 86_400)  # the validity of submit_pdu is a day
        assert report_of(client.take().split("\r\n")[2])[2] == 0x46
        assert len(smsc.handset(CALLER).inbox()) == 1


# --- receiving -----------------------------------------------------------------------------------------------


async def test_a_text_is_stored_announced_read_and_deleted():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1\r")
        [pdu] = client.modem.smsc.inbound(CALLER, SIM_NUMBER, "Yes please")
        await client.wait()
        assert client.take() == '\r\n+CMTI: "SM",0\r\n'
        stored = f"07915121550591F9{pdu}"
        lines = f",{len(pdu) // 2}\r\n{stored}\r\n"
        assert await client.type("AT+CMGL=0\r") == f"\r\n+CMGL: 0,0,{lines}" + OK
        assert await client.type("AT+CMGL=0\r") == OK  # read now
        assert await client.type("AT+CMGR=0\r") == f"\r\n+CMGR: 1,{lines}" + OK
        assert await client.type("AT+CMGD=0\r") == OK
        assert await client.type("AT+CMGR=0\r") == "\r\n+CMS ERROR: 321\r\n"
        assert await client.type("AT+CMGD=0\r") == OK
        assert await client.type("AT+CMGD=99\r") == "\r\n+CMS ERROR: 321\r\n"


@pytest.mark.parametrize(("flag", "left"), [(1, {0, 2, 3}), (2, {0, 2}), (3, {0}), (4, set())])
async def test_cmgd_deletes_by_flag(flag, left):
    async with terminal() as client:
        for text in ("unread", "read"):
            client.modem.smsc.inbound(CALLER, SIM_NUMBER, text)
        await client.type("AT+CMGR=1\r")
        for index in (2, 3):
            length, pdu = submit_pdu()
            await client.type(f"AT+CMGW={length}\r")
            await client.type(f"{pdu}\x1a")
            client.modem.sim.store.slots[index].status = index
        await client.type(f"AT+CMGD=1,{flag}\r")
        assert set(client.modem.sim.store.slots) == (left if flag != 1 else {0, 2, 3})


async def test_texts_can_be_given_on_directly_and_acknowledged():
    async with terminal() as client:
        await client.type("AT+CSMS=1;+CNMI=2,2,0,1,0\r")
        smsc = client.modem.smsc
        smsc.inbound(CALLER, SIM_NUMBER, "one")
        smsc.inbound(CALLER, SIM_NUMBER, "two")
        await client.wait()
        assert client.take().count("+CMT: ,") == 1  # the second waits for +CNMA
        assert (await client.type("AT+CNMA\r")).startswith(OK + "\r\n+CMT: ,22\r\n")
        await client.wait(15)  # the second is not acknowledged: routing ends, the text is stored
        assert await client.type("AT+CNMI?\r") == "\r\n+CNMI: 2,0,0,0,0\r\n" + OK
        assert len(client.modem.sim.store.slots) == 1
        assert await client.type("AT+CNMA\r") == "\r\n+CMS ERROR: 340\r\n"


async def test_announcements_wait_in_mode_0():
    async with terminal() as client:
        await client.type("AT+CNMI=0,1\r")
        client.modem.smsc.inbound(CALLER, SIM_NUMBER, "one")
        await client.wait()
        assert client.take() == ""
        assert await client.type("AT+CNMI=2,1,0,0,0\r") == OK + '\r\n+CMTI: "SM",0\r\n'


async def test_values_a_model_lacks_are_refused():
    async with terminal(Model(cnmi=("0-2", "0-1", "0", "0,1", "0"))) as client:
        assert await client.type("AT+CNMI=?\r") == "\r\n+CNMI: (0-2),(0-1),(0),(0,1),(0)\r\n" + OK
        assert await client.type("AT+CNMI=2,1,0,2,0\r") == "\r\n+CMS ERROR: 302\r\n"
        assert await client.type("AT+CNMI=2,1,0,1,0\r") == OK
        assert await client.type("AT+CNMI?\r") == "\r\n+CNMI: 2,1,0,1,0\r\n" + OK


@pytest.mark.fault(34)
async def test_the_network_keeps_what_a_full_sim_cannot_take():
    async with terminal(SMALL) as client:
        await client.type("AT+CNMI=2,1\r")
        for number in range(4):
            client.modem.smsc.inbound(CALLER, SIM_NUMBER, f"text {number}")
        await client.wait()
        assert client.modem.smsc.held(SIM_NUMBER) == 2
        assert await client.type("AT+CPMS?\r") == '\r\n+CPMS: "SM",2,2,"SM",2,2,"SM",2,2\r\n' + OK
        assert await client.type("AT+CMGD=1\r") == OK + '\r\n+CMTI: "SM",1\r\n'
        assert client.modem.smsc.held(SIM_NUMBER) == 1
        length, pdu = submit_pdu()
        await client.type(f"AT+CMGW={length}\r")
        assert await client.type(f"{pdu}\x1a") == "\r\n+CMS ERROR: 322\r\n"


async def test_storages_are_chosen_separately():
    async with terminal(SMALL) as client:
        assert await client.type('AT+CPMS="SM","SM","ME"\r') == "\r\n+CPMS: 0,2,0,2,0,3\r\n" + OK
        client.modem.smsc.inbound(CALLER, SIM_NUMBER, "into the modem")
        await client.wait()
        assert await client.type("AT+CMGL=4\r") == OK
        await client.type('AT+CPMS="ME"\r')
        assert "+CMGL: 0,0,," in await client.type("AT+CMGL=4\r")
        assert await client.type('AT+CPMS="XX"\r') == "\r\n+CMS ERROR: 302\r\n"


async def test_what_comes_while_unplugged_waits_in_the_network():
    async with terminal() as client:
        client.modem.unplug()
        client.modem.smsc.inbound(CALLER, SIM_NUMBER, "STOP")
        assert client.modem.smsc.held(SIM_NUMBER) == 1
        client.modem.plug()
        await client.wait()
        assert "+CMGL: 0,0,," in await client.type("AT+CMGL=4\r")


async def test_parts_come_in_any_order_twice_or_never():
    async with terminal() as client:
        text = "x" * 400
        client.modem.smsc.inbound(CALLER, SIM_NUMBER, text, order=(3, 1, 1), wide=True, ref=0x1234)
        await client.wait()
        lines = (await client.type("AT+CMGL=4\r")).split("\r\n")
        headers = [bytes.fromhex(line)[-(len(bytes.fromhex(line)) - 27) :][:7] for line in lines if line[:2] == "07"]
        assert [header[-1] for header in headers] == [3, 1, 1]
        assert {header[:6].hex() for header in headers} == {"060804123403"}


@pytest.mark.parametrize(
    ("quirk", "command", "answer"),
    [
        ("cmgl_all_refused", "AT+CMGL=4", "\r\n+CMS ERROR: 500\r\n"),
        ("me_unreadable", 'AT+CPMS="ME","ME","ME";+CMGL=4', "\r\n+CMS ERROR: 302\r\n"),
        ("needs_atf", "AT+CNMI=2,1", "\r\n+CMS ERROR: 302\r\n"),
    ],
)
async def test_models_fail_as_the_field_saw_it(quirk, command, answer):
    async with terminal(Model(quirks=frozenset({quirk}))) as client:
        assert (await client.type(f"{command}\r")).endswith(answer)
        await client.type("AT&FE0\r")
        if quirk == "needs_atf":
            assert await client.type(f"{command}\r") == OK


async def test_the_a7670_delivers_twice():
    async with terminal(Model(quirks=frozenset({"duplicate_deliveries"}))) as client:
        await client.type("AT+CNMI=2,1\r")
        client.modem.smsc.inbound(CALLER, SIM_NUMBER, "once")
        await client.wait()
        assert client.take().count("+CMTI") == 2


async def test_the_e3372_floods_until_told_to_stop():
    async with terminal(Model(quirks=frozenset({"rssi_flood"}))) as client:
        await client.wait(3)
        assert client.take().count("^RSSI:20") == 3
        await client.type("AT^CURC=0\r")
        client.take()
        await client.wait(5)
        assert client.take() == ""
