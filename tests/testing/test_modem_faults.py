"""Faults as data: each does what its line in MODEM_FAULTS says, at the step it was armed for."""

import pytest

from tests.testing.support import CALLER, SIM_NUMBER, submit_pdu, terminal
from textback_pbx.testing.faults import MODEM_EVENTS, MODEM_FAULTS, Fault, modem_plan

OK = "\r\nOK\r\n"
SUBMITTED = "\r\n+CMGS: 1\r\n" + OK


def test_a_plan_counts_and_strikes_at_the_nth():
    plan = modem_plan()
    plan.arm(Fault("swallow", on="command", command="+CMGS", nth=2, times=2))
    plan.arm(Fault("hang", step=4))
    struck = [
        [fault.do for fault in plan.take("command", name)] for name in ("+CMGS", "+CSQ", "+CMGS", "+CMGS", "+CMGS")
    ]
    assert struck == [[], [], ["swallow"], ["swallow", "hang"], []]
    assert [fired.step for fired in plan.fired] == [3, 4, 4]
    assert plan.armed == ()
    plan.clear()
    assert (plan.steps, plan.fired) == (0, [])


def test_a_fault_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no fault 'explode' on modem"):
        modem_plan().arm(Fault("explode", on="command"))
    with pytest.raises(ValueError, match="no event 'lunch'"):
        modem_plan().arm(Fault("hang", on="lunch"))


@pytest.mark.parametrize(
    ("on", "args", "said", "sent"),
    [
        ("command", {"code": 500}, "\r\n+CMS ERROR: 500\r\n", 0),
        ("command", {"code": 30, "kind": "cme"}, "\r\nERROR\r\n", 0),
        ("prompt", {"kind": "plain"}, "\r\nERROR\r\n", 0),
        ("body", {"code": 38}, "\r\n+CMS ERROR: 38\r\n", 0),
        ("submitted", {"code": 512}, "\r\n+CMS ERROR: 512\r\n", 1),
        ("reply", {"code": 331}, "\r\n+CMS ERROR: 331\r\n", 1),
    ],
)
async def test_error(on, args, said, sent):
    async with terminal() as client:
        client.modem.arm(Fault("error", on=on, command="+CMGS", args=args))
        assert await client.send() == said
        assert client.on_the_air == sent
        assert SUBMITTED.replace("1", str(sent + 1)) == await client.send()


@pytest.mark.parametrize(("on", "sent"), [("command", 0), ("body", 0), ("submitted", 1), ("reply", 1)])
@pytest.mark.fault(32)
async def test_swallow(on, sent):
    async with terminal() as client:
        client.modem.arm(Fault("swallow", on=on, command="+CMGS"))
        assert await client.send() == ""
        assert client.on_the_air == sent
        assert await client.type("\x1bAT\r") == OK


async def test_swallow_at_the_prompt_leaves_the_modem_waiting_for_a_pdu():
    async with terminal() as client:
        client.modem.arm(Fault("swallow", on="prompt"))
        assert await client.type("AT+CMGS=20\r") == ""
        assert await client.type("AT\r") == ""
        assert await client.type("\x1b") == OK
        assert await client.type("AT\r") == OK


@pytest.mark.fault(30)
async def test_delay_makes_a_late_answer():
    async with terminal() as client:
        client.modem.arm(Fault("delay", on="submitted", args={"seconds": 200}))
        assert await client.send(seconds=199) == ""
        assert client.on_the_air == 1
        assert await client.type("\x1bAT\r", 1) == SUBMITTED + OK


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    ("on", "args", "sent"),
    [
        ("command", {}, 0),
        ("prompt", {}, 0),
        ("pdu", {}, 0),
        ("pdu", {"after_bytes": 30}, 0),
        ("body", {}, 0),
        ("submitted", {}, 1),
        ("reply", {}, 1),
    ],
)
async def test_unplug(on, args, sent):
    async with terminal() as client:
        before = client.modem.path
        client.modem.arm(Fault("unplug", on=on, command="+CMGS", args={**args, "replug_after": 3, "iccid": "89" * 9}))
        assert "+CMGS" not in await client.send(seconds=1)
        assert not client.modem.plugged
        assert client.on_the_air == sent
        await client.wait(3)
        assert client.modem.path not in {before, ""}
        assert client.modem.sim.iccid == "89" * 9
        assert (await client.type("ATE0\r")).endswith(OK)


async def test_unplug_in_the_middle_of_the_radio_time():
    async with terminal(radio_s=2) as client:
        assert await client.send(seconds=1) == ""
        client.modem.unplug()
        client.modem.plug()
        assert await client.type("ATE0\r", 5) == "ATE0\r" + OK
        assert client.on_the_air == 1


@pytest.mark.fault(33)
async def test_brownout_forgets_everything_and_says_nothing():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1;+CMEE=1;+CREG=1\r")
        path = client.modem.path
        client.modem.arm(Fault("brownout", on="submitted", args={"seconds": 4}))
        assert await client.send(seconds=3) == ""
        assert await client.type("AT\r") == ""  # it is not up yet
        await client.wait(1)
        assert (client.modem.path, client.take()) == (path, "")
        said = await client.type("AT+CNMI?;+CMEE?;+CREG?\r")
        assert said.startswith("AT+CNMI?")  # echo is back, too
        assert "+CNMI: 0,0,0,0,0\r\n\r\n+CMEE: 0\r\n\r\n+CREG: 0,1\r\n" in said


async def test_hang_lasts_until_the_power_goes():
    async with terminal() as client:
        client.modem.arm(Fault("hang", on="command", command="+CSQ"))
        assert await client.type("AT+CSQ\r", 60) == ""
        assert await client.type("\x1bAT\r", 60) == ""
        client.modem.unplug()
        client.modem.plug()
        assert (await client.type("AT\r")).endswith(OK)


@pytest.mark.fault(31)
async def test_inject_at_every_position_of_a_reply():
    async with terminal() as client:
        plain = await client.type("AT+CSQ\r")
        for position in range(len(plain) + 1):
            args = {"at": position, "data": '\r\n+CMTI: "SM",3\r\n'}
            client.modem.arm(Fault("inject", on="reply", command="+CSQ", args=args))
            assert await client.type("AT+CSQ\r") == plain[:position] + args["data"] + plain[position:]
        client.modem.arm(Fault("inject", args={"hex": "fffe80"}))
        assert client.take() == "\xff\xfe\x80"
        client.modem.arm(Fault("inject", on="prompt", args={"data": "\r\nRING\r\n"}))
        assert await client.type("AT+CMGS=20\r") == "\r\nRING\r\n\r\n> "


async def test_split_writes_in_pieces():
    async with terminal() as client:
        client.modem.arm(Fault("split", on="reply", args={"at": [3, 9], "seconds": 1}))
        assert await client.type("AT+CSQ\r") == "\r\n+"
        await client.wait(1)
        assert client.take() == "CSQ: 2"
        await client.wait(1)
        assert client.take() == "0,99\r\n" + OK
        client.modem.arm(Fault("split", on="reply"))
        client.port.type(b"AT\r")
        await client.wait()
        assert client.port.sent == [bytes([byte]) for byte in OK.encode()]


async def test_codes_can_be_lost_and_late():
    async with terminal() as client:
        await client.type("AT+CNMI=2,1\r")
        client.modem.arm(Fault("swallow", on="urc"))
        client.modem.arm(Fault("delay", on="urc", nth=2, args={"seconds": 9}))
        for _ in range(2):
            client.modem.smsc.inbound(CALLER, SIM_NUMBER, "hello")
        await client.wait()
        assert client.take() == ""
        await client.wait(9)
        assert client.take() == '\r\n+CMTI: "SM",1\r\n'


@pytest.mark.fault(34, 36)
async def test_states_change_at_once():
    async with terminal() as client:
        await client.type("AT+CMEE=1;+CNMI=2,1\r")
        client.modem.arm(Fault("storage_full", args={"count": 1}))
        for _ in range(2):
            client.modem.smsc.inbound(CALLER, SIM_NUMBER, "hello")
        await client.wait()
        assert client.take() == '\r\n+CMTI: "SM",19\r\n'
        assert client.modem.smsc.held(SIM_NUMBER) == 1
        client.modem.arm(Fault("duplicate_delivery"))
        assert (await client.type("AT+CMGD=0,3\r")).count("+CMTI") == 2
        client.modem.arm(Fault("not_registered", args={"stat": 3}))
        assert await client.send() == "\r\n+CMS ERROR: 331\r\n"
        client.modem.arm(Fault("pin_required"))
        assert "SIM PIN" in await client.type("AT+CPIN?\r")
        client.modem.arm(Fault("puk_required"))
        assert "SIM PUK" in await client.type("AT+CPIN?\r")
        client.modem.arm(Fault("sim_changed", args={"iccid": "8988001"}))
        assert "8988001" in await client.type("AT+CCID\r")
        client.modem.arm(Fault("sim_removed"))
        assert "+CME ERROR: 10" in await client.type("AT+CPIN?\r")
        client.modem.arm(Fault("quirk", args={"name": "cmgl_all_refused"}))
        client.modem.arm(Fault("quirk", args={"name": "cmgl_all_refused", "off": True}))
        assert client.modem.quirks == set()
        client.modem.arm(Fault("report", args={"outcome": "failed"}))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("delay"),
        Fault("quirk", args={"name": "x"}),
        Fault("quirk", step=3),
        Fault("report", on="body", args={"outcome": "x"}),
        Fault("error", step=1, args={"kind": "x"}),
        Fault("inject", step=1, args={"hex": "xy"}),
        Fault("split", on="reply", args={"at": ["x"]}),
        Fault("delay", step=1, args={"seconds": "x"}),
        Fault("delay", step=0),
    ],
)
async def test_nonsense_is_refused(fault):
    async with terminal() as client:
        with pytest.raises(ValueError, match=r"x|needs|no |count"):
            client.modem.arm(fault)


@pytest.mark.parametrize("do", MODEM_FAULTS)
async def test_every_fault_at_every_step_leaves_a_modem_that_recovers(do):
    """The sweep: nothing a plan can say breaks the simulator, nor puts a text on the air twice."""
    steps = 0
    for step in range(1, 14):
        async with terminal() as client:
            await client.type("AT+CNMI=2,1,0,1,0\r")
            client.modem.faults.clear()
            args: dict[str, object] = {"name": "rssi_flood", "data": "\xff", "seconds": 1, "replug_after": 1}
            client.modem.arm(Fault(do, step=step, args=args))
            client.modem.smsc.inbound(CALLER, SIM_NUMBER, "hello")
            await client.type("AT+CSQ\r", 2)
            length, pdu = submit_pdu(report=True)
            await client.type(f"AT+CMGS={length}\r", 2)
            await client.type(f"{pdu}\x1a", 2)
            await client.type("AT+CMGR=0\r", 2)
            steps += len(client.modem.faults.fired)
            assert client.on_the_air <= 1
            client.modem.unplug()
            client.modem.faults.clear()
            client.modem.plug()
            await client.wait(2)
            assert (await client.type("\x1bAT\r")).endswith(OK)
            assert client.modem.plugged
    assert steps >= 8
    print(f"{do}: struck at {steps} steps")


def test_every_event_is_reached():
    assert list(MODEM_EVENTS) == ["command", "prompt", "pdu", "body", "submitted", "reply", "urc"]
