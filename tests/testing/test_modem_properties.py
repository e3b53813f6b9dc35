"""Whatever is typed, in whatever pieces, the simulated modem answers the next command; and fast enough to soak."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.testing.support import CALLER, SIM_NUMBER, submit_pdu, terminal
from textback_pbx.testing.at_commands import GENERAL
from textback_pbx.testing.at_messages import MESSAGES
from textback_pbx.testing.at_submit import SUBMITTERS
from textback_pbx.testing.clock import ManualClock, settle
from textback_pbx.testing.sim_card import SimCard, Status, StoredPdu
from textback_pbx.testing.simulated_modem import MemoryPort, SimulatedModem
from textback_pbx.testing.smsc import Smsc
from textback_pbx.testing.timers import Timers

NAMES = [*sorted(MESSAGES), *sorted(GENERAL), *sorted(SUBMITTERS), "/", ";"]
ARGUMENT = st.one_of(
    st.integers(-1, 300).map(str), st.sampled_from(['"SM"', '"ME"', '"GSM"', '""', '"*100#"', "", "4"])
)
LINE = st.builds(
    lambda name, form, args, end: f"AT{name}{form}{','.join(args)}{end}".encode(),
    st.sampled_from(NAMES),
    st.sampled_from(["=", "=?", "?", ""]),
    st.lists(ARGUMENT, max_size=5),
    st.sampled_from(["\r", ";", "\r00\x1a", "\r\x1b"]),
)
TYPED = st.lists(st.one_of(LINE, LINE, st.binary(max_size=12)), max_size=25)


@settings(max_examples=200, deadline=None)
@given(TYPED)
@pytest.mark.fault(38)
async def test_any_bytes_leave_a_modem_that_answers(pieces):
    async with terminal() as client:
        for piece in pieces:
            client.port.type(piece)
            await settle(3)
        await client.type("\x1b\rATV1Q0S3=13\r\x1b\r", 1)
        client.modem.settings.registers[3] = 13  # the pieces may have moved the end of a line
        assert (await client.type("\x1b\r\rAT\r", 1)).endswith("\r\nOK\r\n")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=20))
async def test_the_cut_of_the_bytes_changes_nothing(cuts):
    length, pdu = submit_pdu()
    script = f"ATE0\rAT+CSQ;+CREG?\rAT+CMGS={length}\r{pdu}\x1aAT+CMGL=4\rA/".encode()
    whole = await _played([script])
    pieces, start = [], 0
    for cut in cuts:
        pieces.append(script[start : start + cut])
        start += cut
    assert await _played([*pieces, script[start:]]) == whole
    assert whole.count("OK") == 5


async def _played(pieces: list[bytes]) -> str:
    async with terminal(echo=True) as client:
        said = [await client.type(piece) for piece in pieces]
        assert client.on_the_air == 1
        return "".join(said)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8), st.binary(min_size=1, max_size=40))
@pytest.mark.fault(38)
async def test_octets_that_are_no_pdu_can_be_stored_and_listed(stored, inbound):
    async with terminal() as client:
        await client.type("AT+CNMI=2,3\r")
        for octets in stored:
            client.modem.sim.store.add(StoredPdu(Status.UNREAD, octets))
        client.modem.smsc.offer(SIM_NUMBER, inbound)
        assert (await client.type("AT+CMGL=4\r")).endswith("\r\nOK\r\n")
        said = await client.type('AT+CMGF=1;+CMGL="ALL"\r')
        assert said.count("+CMGL: ") == len(client.modem.sim.store.slots)
        assert said.endswith("\r\nOK\r\n")


async def test_two_modems_share_a_network():
    clock = ManualClock()
    async with Timers(clock) as timers:
        smsc = Smsc(timers)
        ports = MemoryPort(), MemoryPort()
        sims = SimCard(), SimCard(number="+15125550101")
        async with (
            SimulatedModem(ports[0], sim=sims[0], smsc=smsc, clock=clock),
            SimulatedModem(ports[1], sim=sims[1], smsc=smsc, clock=clock, imei="490154203237518"),
        ):
            length, pdu = submit_pdu()
            for port in ports:
                port.type(f"AT+CMGS={length}\r".encode())
                await settle()
                port.type(f"{pdu}\x1a".encode())
                await settle()
            assert [text.sender for text in smsc.handset(CALLER).inbox()] == [sim.number for sim in sims]
            smsc.inbound(CALLER, sims[1].number, "to the second")
            assert [len(sim.store.slots) for sim in sims] == [0, 1]


@pytest.mark.slow
async def test_a_month_of_texts_passes_quickly():
    """4,000 texts each way with reports; the count a second is printed, the state stays bounded."""
    length, pdu = submit_pdu(report=True)
    rounds, begun = 4_000, time.perf_counter()
    async with terminal() as client:
        await client.type("AT+CNMI=2,1,0,1,0\r")
        modem, port = client.modem, client.port
        for _ in range(rounds):
            port.type(f"AT+CMGS={length}\r".encode())
            await settle(2)
            port.type(f"{pdu}\x1a".encode())
            await settle(4)
            modem.smsc.inbound(CALLER, SIM_NUMBER, "Yes please")
            port.type(b"AT+CMGR=0\rAT+CMGD=0\r")
            await settle(4)
        said = client.take()
    seconds = time.perf_counter() - begun
    assert client.on_the_air == len(modem.smsc.handset(CALLER).parts) == rounds
    assert (said.count("+CMGS:"), said.count("+CDS:"), said.count("+CMTI:")) == (rounds,) * 3
    assert len(modem.sim.store.slots) == 0
    print(f"{rounds / seconds:.0f} texts each way a second")
