"""The command line and the general commands, as V.250 and 27.007 have them."""

import pytest

from tests.testing.support import terminal
from textback_pbx.testing.modem_models import Model
from textback_pbx.testing.sim_card import SimCard, iccid_for, imei_for, with_luhn

OK, ERROR = "\r\nOK\r\n", "\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("AT\r", OK),
        ("at\r", OK),
        ("at+csq\r", "\r\n+CSQ: 20,99\r\n" + OK),
        ("  AT + CSQ\r", ERROR),
        ("AT+CSQ ; +CREG?\r", "\r\n+CSQ: 20,99\r\n\r\n+CREG: 0,1\r\n" + OK),
        ("ATE0V1+CMEE=1;+CMEE?\r", "\r\n+CMEE: 1\r\n" + OK),
        ("AT+CSQ;+NONE;+CREG?\r", "\r\n+CSQ: 20,99\r\n" + ERROR),  # what came before the error is told
        ('AT+CUSD=0,"a;b"\r', '\r\nOK\r\n\r\n+CUSD: 0,"Unknown code",15\r\n'),
        ("garbage without a prefix\r", ""),
        ("\n\nxyzAT\r", OK),
        ("ATX\x08\r", OK),
        ("AT+CMGX=1\r", ERROR),
        ("ATD5551234;\r", "\r\nNO CARRIER\r\n"),
        ("ATS3?\r", "\r\n013\r\n" + OK),
        ("ATE9\r", ERROR),
        ("AT=\r", ERROR),
    ],
)
async def test_a_command_line_is_read_as_v250_has_it(typed, said):
    async with terminal() as client:
        assert await client.type(typed) == said


async def test_a_slash_repeats_the_last_line():
    async with terminal() as client:
        await client.type("AT+CSQ\r")
        assert await client.type("A/") == "\r\n+CSQ: 20,99\r\n" + OK


async def test_echo_is_on_until_switched_off():
    async with terminal(echo=True) as client:
        assert await client.type("AT\r") == "AT\r" + OK
        assert await client.type("ATE0\r") == "ATE0\r" + OK
        assert await client.type("AT\r") == OK
        assert await client.type("ATE1\r") == OK
        assert await client.type("AT+CSQ\r") == "AT+CSQ\r\r\n+CSQ: 20,99\r\n" + OK


async def test_numeric_and_quiet_results():
    async with terminal() as client:
        assert await client.type("ATV0\r") == "0\r"
        assert await client.type("AT+CSQ\r") == "+CSQ: 20,99\r\n0\r"
        assert await client.type("AT+NONE\r") == "4\r"
        assert await client.type("ATQ1\r") == ""
        assert await client.type("AT+CSQ\r") == "+CSQ: 20,99\r\n"
        assert await client.type("AT&F\r") == OK


async def test_bytes_may_come_one_at_a_time():
    async with terminal() as client:
        for letter in "AT+CREG":
            assert not await client.type(letter)
        assert await client.type("?\r") == "\r\n+CREG: 0,1\r\n" + OK


async def test_an_endless_line_costs_a_bounded_amount():
    async with terminal() as client:
        assert not await client.type("AT" + "9" * 100_000)
        assert await client.type("\r") == ERROR
        assert await client.type("AT\r") == OK


async def test_identity_is_that_of_the_model_and_the_sim():
    model = Model("x", manufacturer="Quectel", model="EC25", revision="R1", iccid_commands=("+QCCID",))
    async with terminal(model) as client:
        sim = client.modem.sim
        assert await client.type("AT+CGMI\r") == "\r\nQuectel\r\n" + OK
        assert await client.type("AT+CGMM\r") == "\r\nEC25\r\n" + OK
        assert await client.type("ATI\r") == "\r\nQuectel\r\nEC25\r\nRevision: R1\r\n" + OK
        assert await client.type("AT+CGSN\r") == f"\r\n{client.modem.imei}\r\n" + OK
        assert await client.type("AT+CIMI\r") == f"\r\n{sim.imsi}\r\n" + OK
        assert await client.type("AT+QCCID\r") == f"\r\n+QCCID: {sim.iccid}\r\n" + OK
        assert await client.type("AT+CCID\r") == ERROR


def test_numbers_carry_their_check_digit():
    assert with_luhn("49015420323751") == "490154203237518"  # the IMEI of 23.003's annex
    for number in (imei_for("a"), iccid_for("+15125550100")):
        assert with_luhn(number[:-1]) == number
    assert imei_for("a") != imei_for("b")


async def test_errors_follow_cmee():
    async with terminal(sim=SimCard(pin="1234")) as client:
        assert await client.type("AT+CIMI\r") == ERROR
        assert await client.type("AT+CMEE=1;+CIMI\r") == "\r\n+CME ERROR: 11\r\n"
        assert await client.type("AT+CMEE=2;+CIMI\r") == "\r\n+CME ERROR: SIM PIN required\r\n"


@pytest.mark.fault(35)
async def test_three_wrong_pins_lock_the_sim_and_ten_wrong_puks_kill_it():
    async with terminal(sim=SimCard(pin="1234", puk="87654321")) as client:
        await client.type("AT+CMEE=1\r")
        assert await client.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PIN\r\n" + OK
        assert await client.type("AT+CPIN=12\r") == "\r\n+CME ERROR: 50\r\n"
        for answer in (16, 16, 12):
            assert await client.type('AT+CPIN="0000"\r') == f"\r\n+CME ERROR: {answer}\r\n"
        assert await client.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PUK\r\n" + OK
        client.modem.unplug()
        client.modem.plug()
        await client.wait()
        await client.type("ATE0+CMEE=1\r")
        assert await client.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PUK\r\n" + OK  # power does not mend it
        assert await client.type("AT+CPIN=87654321,4321\r") == OK
        assert await client.type("AT+CPIN?\r") == "\r\n+CPIN: READY\r\n" + OK
        client.modem.sim.pin_tries = 0
        for _ in range(10):
            await client.type("AT+CPIN=11111111,4321\r")
        assert await client.type("AT+CPIN?\r") == "\r\n+CME ERROR: 13\r\n"


async def test_registration_is_told_when_asked_for_and_when_it_changes():
    async with terminal() as client:
        await client.type("AT+CREG=2\r")
        assert await client.type("AT+CREG?\r") == '\r\n+CREG: 2,1,"1A2B","01C3D4E5",7\r\n' + OK
        client.take()
        client.modem.set_registration(3)
        await client.wait()
        assert client.take() == "\r\n+CREG: 3\r\n"
        assert await client.type("AT+COPS?\r") == "\r\n+COPS: 0\r\n" + OK
        client.modem.set_registration(5)
        await client.wait()
        assert client.take() == '\r\n+CREG: 5,"1A2B","01C3D4E5",7\r\n'
        assert await client.type("AT+COPS=3,2;+COPS?\r") == '\r\n+COPS: 0,2,"00101",7\r\n' + OK


async def test_the_radio_can_be_switched_off_and_the_modem_restarted():
    async with terminal() as client:
        assert await client.type("AT+CFUN=4\r") == OK
        assert await client.type("AT+CREG?\r") == "\r\n+CREG: 0,0\r\n" + OK
        await client.type("AT+CMEE=1;+CFUN=1,1\r")
        assert await client.type("AT+CMEE?\r") == "AT+CMEE?\r\r\n+CMEE: 0\r\n" + OK


async def test_ussd_answers_after_the_command():
    async with terminal() as client:
        said = await client.type('AT+CUSD=1,"*100#",15\r')
        assert said == OK + '\r\n+CUSD: 0,"Your balance is 10.00",15\r\n'


async def test_every_command_it_lists_is_one_it_knows():
    async with terminal() as client:
        listed = (await client.type("AT+CLAC\r")).split()
        assert "+CMGS" in listed
        for name in listed[:-1]:
            if name not in {"+CMGS", "+CMGW"}:
                assert "\r\n" in await client.type(f"AT{name}{'?' if name[0] != '&' else ''}\r")
