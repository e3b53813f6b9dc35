"""What reaches the line, byte by byte: only commands of the grammar, PDUs, and the three control characters."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.modem.bench import bench
from textback_pbx.modem.lines import GRAMMAR, PDU_GRAMMAR
from textback_pbx.outbox.attempt import Accepted, OutPart
from textback_pbx.testing.faults import Fault

#: One thing after the other: an ESC, a PDU with Ctrl-Z, a command with CR.
_WIRE = re.compile(rb"\x1b|([0-9A-F]+)\x1a|(AT[^\r\n\x1a\x1b]*)\r")

hostile = st.one_of(
    st.text(max_size=200),
    st.sampled_from(['";AT+CMGD=1,4\r', "\x1a", "\x1b", "\r\nAT+CFUN=0\r\n", "`;AT", "0" * 200, '+1512"']),
)


def assert_grammar(wire: bytes) -> int:
    at = count = 0
    while at < len(wire):
        match = _WIRE.match(wire, at)
        assert match, wire[at : at + 60]
        if match[1]:
            assert PDU_GRAMMAR.fullmatch(match[1].decode())
        elif match[2]:
            assert GRAMMAR.fullmatch(match[2].decode())
        at, count = match.end(), count + 1
    return count


@pytest.mark.fault(42)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just("+15125550142"), hostile),
            hostile,
            st.sampled_from(["gsm7", "ucs2"]),
            st.integers(-3, 300),
            st.integers(-3, 300),
            st.one_of(st.none(), st.integers(-5, 70_000)),
            st.integers(-10, 10**9),
        ),
        max_size=6,
    ),
    hostile,
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_or_received_the_wire_keeps_to_the_grammar(monkeypatch, parts, inbound):
    async with bench(monkeypatch) as one:
        for number, (to, text, encoding, seq, total, ref, minutes) in enumerate(parts):
            await one.submit(OutPart(number, number, to, text, encoding, seq, total, ref, minutes), seconds=5)
        one.sim.urc(inbound)
        await one.until(lambda: False)
        await one.ready(seconds=60)
        assert assert_grammar(bytes(one.wire)) > 20


@pytest.mark.fault(31)
async def test_codes_inside_replies_at_every_byte_lose_no_text_and_no_acceptance(monkeypatch):
    """A code that cuts a line in two is more than a modem does; the line may have to ask again, never to lose."""
    accepted = runs = 0
    for command in ("+CMGS", "+CMGF", "+CMGL", "+CPMS", "+CSQ"):
        for place in range(0, 44, 3):
            async with bench(monkeypatch) as one:
                inject = {"at": place, "data": '\r\n+CREG: 5\r\n\r\n+CMTI: "SM",3\r\n'}
                one.sim.arm(Fault("inject", on="reply", command=command, args=inject))
                one.receive("under way")
                result = await one.submit(seconds=260, step=5)
                await one.clock.advance(1)
                await one.until(lambda: len(one.stored()) > 0, seconds=100, step=5)
                runs += 1
                accepted += isinstance(result, Accepted)
                assert len(one.stored()) >= 1
                assert len(one.texts()) <= 1
    print(f"{accepted} of {runs} accepted")
    assert accepted >= runs * 0.8


@pytest.mark.fault(42)
@pytest.mark.parametrize(
    "settings",
    [
        {"smsc": '+1512";AT+CFUN=0'},
        {"ussd_credit": '*100#",15;AT+CMGD=1,4'},
        {"pin": '1234";AT'},
        {"smsc": "+15125550199\r"},
    ],
)
async def test_a_hostile_configuration_does_not_reach_the_line(monkeypatch, settings):
    async with bench(monkeypatch, start=False, **settings) as one:
        await one.until(lambda: False, seconds=5)
        assert_grammar(bytes(one.wire))
        assert b"CMGD" not in one.wire
        assert b"CFUN=0" not in one.wire
