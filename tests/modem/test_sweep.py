"""Every fault at every step of a long text with reports and an answer in between: no part twice, nothing inbound lost.

The sender here does what the outbox promises: a part is tried again only when it was never handed over or was
definitely refused.
"""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.modem.bench import CALLER, Bench, bench
from textback_pbx.modem.pdu import Deliver, StatusReport, decode
from textback_pbx.outbox.attempt import Accepted, NotHandedOver, Refused, Unknown
from textback_pbx.testing.faults import Fault

FAULTS = {
    "silence": Fault("swallow"),
    "refused": Fault("error", args={"code": 38}),
    "unclear error": Fault("error", args={"code": 500}),
    "plain error": Fault("error", args={"kind": "plain"}),
    "late": Fault("delay", args={"seconds": 8}),
    "too late": Fault("delay", args={"seconds": 200}),
    "unplugged": Fault("unplug", args={"replug_after": 2}),
    "brown-out": Fault("brownout", args={"seconds": 1}),
    "codes": Fault("inject", args={"data": '\r\n+CREG: 1\r\n\r\nRING\r\n\r\n^RSSI:9\r\n\r\n+CMTI: "SM",99\r\n'}),
    "bytes one by one": Fault("split"),
    "hung": Fault("hang"),
}
PARTS = ("one ", "two ", "three")


@dataclass
class Told:
    """What a run ended with."""

    accepted: dict[int, int] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    tries: int = 0


async def send(one: Bench) -> Told:
    told = Told()
    for number, text in enumerate(PARTS, start=1):
        for _ in range(8):
            if not await one.until(lambda: one.modem.trouble() is None, seconds=300, step=5):
                replug(one)
                await one.ready(seconds=100)
            told.tries += 1
            result = await one.submit(one.part(number, text, number, 3), seconds=400, step=4)
            if isinstance(result, Accepted):
                told.accepted[number] = result.tp_mr
            elif isinstance(result, Unknown):
                told.unknown.add(number)
            elif isinstance(result, NotHandedOver) or (isinstance(result, Refused) and result.definite):
                continue
            break
        if number == 2:
            one.receive("in between")
    return told


async def run(monkeypatch, fault: Fault | None, step: int) -> int:
    """One send with one fault; return how many steps it took."""
    async with bench(monkeypatch) as one:
        one.sim.faults.clear()
        if fault is not None:
            one.sim.arm(Fault(fault.do, step=step, args=fault.args))
        async with asyncio.timeout(30):
            told = await send(one)
        steps = one.sim.faults.steps
        if not await one.until(lambda: settled(one), seconds=150, step=5):
            replug(one)
            await one.until(lambda: settled(one), seconds=150, step=5)
        check(one, told)
        return steps


def replug(one: Bench) -> None:
    """Only a person helps against a modem that hears nothing."""
    one.sim.unplug()
    one.sim.plug()


def settled(one: Bench) -> bool:
    return "in between" in inbound(one) and not any(store.slots for store in one.sim.stores.values())


def inbound(one: Bench) -> list[str]:
    read = [decode(item.pdu) for item in one.stored()]
    return [text.text or "" for text in read if isinstance(text, Deliver)]


def lied(one: Bench) -> bool:
    """The network gave a definite refusal for a text that it took: no driver can see through that."""
    return any(
        fired.fault.args.get("code") == 38 and fired.event in ("submitted", "reply") and fired.command == "+CMGS"
        for fired in one.sim.faults.fired
    )


def part_of(record) -> int:
    return record.concat.number


def check(one: Bench, told: Told) -> None:
    submits = [record for record in one.sim.smsc.submits if record.to == CALLER]
    seen = [part_of(record) for record in submits]
    if not lied(one):
        assert len(seen) == len(set(seen)), f"a part was sent twice: {seen}"
    assert set(told.accepted) <= set(seen), "accepted, and the network has it not"
    assert set(seen) <= set(told.accepted) | told.unknown, "the network has it, and nobody says so"
    assert len(one.handed) <= told.tries
    assert "in between" in inbound(one)
    assert not any(store.slots for store in one.sim.stores.values()), "not deleted after it was committed"
    late = {item.part_id: item.tp_mr for item in one.late()}
    for record in submits:
        if lied(one):
            continue
        mr = told.accepted.get(part_of(record), late.get(part_of(record), record.reference))
        assert mr == record.reference, "an answer went to another part"
    for item in one.direct():
        assert isinstance(decode(item.pdu), StatusReport)


@pytest.mark.fault(5, 6, 7, 8, 9, 10, 29, 30, 31, 32, 33)
@pytest.mark.parametrize("name", FAULTS)
async def test_every_fault_at_every_step(monkeypatch, name):
    steps = await run(monkeypatch, None, 0)
    for step in range(1, steps + 1):
        await run(monkeypatch, FAULTS[name], step)
    print(f"{name}: {steps} steps")
    assert steps >= 20
