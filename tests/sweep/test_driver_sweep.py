"""Every fault at every step of a long text with reports and answers in between, with the real driver and outbox.

The faults are the simulator's, as data; ``crash`` and ``sigterm`` strike the agent, at the modem's steps and at each
commit. `make test` tries the crash at every second step and each other fault at every ninth; all of them run with
TEXTBACK_PBX_SWEEP=all (``make sweep``, and the gate).
"""

import logging
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sweep.long_text import Told, play
from textback_pbx.outbox.attempt import TABLE, Event, State
from textback_pbx.testing.faults import Fault

CODES = '\r\n+CREG: 1\r\n\r\nRING\r\n\r\n^RSSI:9\r\n\r\n+CMTI: "SM",99\r\n\r\n+CUSD: 0,"4 \r\nEUR",15\r\n'
OTHER_SIM = {"iccid": "8988001000000000017", "number": "+15125550177"}

#: name -> the fault, and the rows of the catalogue it belongs to
FAULTS: dict[str, tuple[Fault | str, pytest.MarkDecorator]] = {
    "crash": ("crash", pytest.mark.fault(5, 6, 7, 8, 9, 10, 11)),
    "sigterm": ("sigterm", pytest.mark.fault(13)),
    "sigterm, and no answer": ("sigterm_in_silence", pytest.mark.fault(6, 13)),
    "unplugged, back elsewhere": (Fault("unplug", args={"replug_after": 2}), pytest.mark.fault(29)),
    "unplugged in mid-PDU": (Fault("unplug", args={"replug_after": 2, "after_bytes": 30}), pytest.mark.fault(29)),
    "unplugged, back with another SIM": (Fault("unplug", args={"replug_after": 2, **OTHER_SIM}), pytest.mark.fault(29)),
    "unplugged, another stick is back": (
        Fault("unplug", args={"replug_after": 2, "imei": "490154203237518"}),
        pytest.mark.fault(29),
    ),
    "the answer is late": (Fault("delay", args={"seconds": 8}), pytest.mark.fault(30)),
    "the answer comes after the deadline": (Fault("delay", args={"seconds": 200}), pytest.mark.fault(30)),
    "codes before a reply": (Fault("inject", args={"data": CODES}), pytest.mark.fault(31)),
    "codes inside a reply": (Fault("inject", args={"data": CODES, "at": 7}), pytest.mark.fault(31)),
    "bytes one by one": (Fault("split", args={"seconds": 0.05}), pytest.mark.fault(31)),
    "silence": (Fault("swallow"), pytest.mark.fault(6, 7, 32)),
    "hung": (Fault("hang"), pytest.mark.fault(32)),
    "brown-out": (Fault("brownout", args={"seconds": 1}), pytest.mark.fault(33)),
    "brown-out, slow to come back": (Fault("brownout", args={"seconds": 25}), pytest.mark.fault(33)),
    "storage full": (Fault("storage_full"), pytest.mark.fault(34)),
    "the SIM wants its PIN": (Fault("pin_required"), pytest.mark.fault(35)),
    "the SIM wants its PUK": (Fault("puk_required"), pytest.mark.fault(35)),
    "the SIM is out": (Fault("sim_removed"), pytest.mark.fault(36)),
    "another SIM is in": (Fault("sim_changed", args=OTHER_SIM), pytest.mark.fault(36)),
    "no network": (Fault("not_registered"), pytest.mark.fault(36)),
    "denied": (Fault("not_registered", args={"stat": 3}), pytest.mark.fault(36)),
    "barred or no credit": (Fault("error", args={"code": 8}), pytest.mark.fault(36)),
    "refused for now": (Fault("error", args={"code": 38}), pytest.mark.fault(36)),
    "refused in passing": (Fault("error", args={"code": 41}), pytest.mark.fault(36)),
    "unclear error 500": (Fault("error", args={"code": 500}), pytest.mark.fault(36)),
    "no network service 331": (Fault("error", args={"code": 331}), pytest.mark.fault(36)),
    "plain ERROR": (Fault("error", args={"kind": "plain"}), pytest.mark.fault(36)),
    "CME busy": (Fault("error", args={"kind": "cme", "code": 14}), pytest.mark.fault(36)),
    "the report comes twice": (Fault("report", args={"outcome": "duplicate"}), pytest.mark.fault(37)),
    "a foreign report first": (Fault("report", args={"outcome": "foreign"}), pytest.mark.fault(37)),
    "two reports that differ": (Fault("report", args={"outcome": "contradicted"}), pytest.mark.fault(37)),
    "still trying, then there": (Fault("report", args={"outcome": "recovered", "seconds": 20}), pytest.mark.fault(37)),
    "never delivered": (Fault("report", args={"outcome": "failed"}), pytest.mark.fault(37)),
    "no report": (Fault("report", args={"outcome": "none"}), pytest.mark.fault(37)),
    "no PDU at all": ("garbage", pytest.mark.fault(38)),
    "each text twice": (Fault("duplicate_delivery", args={"count": 3}), pytest.mark.fault(10, 38)),
    "the same answer again": ("same_again", pytest.mark.fault(10, 37)),
}
#: How many steps one try stands for: of the crash, and of the others.
OF_CRASH, OF_OTHERS = (1, 1) if os.environ.get("TEXTBACK_PBX_SWEEP") == "all" else (2, 9)


@dataclass
class Sum:
    """The counts of one fault's runs."""

    runs: int = 0
    states: Counter[str] = field(default_factory=Counter)
    hand_overs: int = 0
    mended: int = 0

    def add(self, told: Told) -> None:
        self.runs += 1
        self.states += told.states
        self.hand_overs += told.hand_overs
        self.mended += told.mended


@pytest.fixture(scope="module")
def total():
    whole = Sum()
    yield whole
    print(
        f"\nin all: {whole.runs} pairs of a fault and a step, {whole.hand_overs} hand-overs, none twice, {words(whole)}"
    )


def words(of: Sum) -> str:
    ends = ", ".join(f"{count} {state}" for state, count in sorted(of.states.items()) if count)
    return f"parts at the end: {ends}; mended by a person {of.mended} times"


@pytest.fixture
def folder():
    """Fresh folders in memory, where there is such a file system: nothing here is about the disk's speed."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield lambda: Path(tempfile.mkdtemp(dir=name))
    logging.disable(logging.NOTSET)


def marked():
    return [
        pytest.param(name, marks=mark, id=f"{name} [{', '.join(map(str, mark.args))}]")
        for name, (_, mark) in FAULTS.items()
    ]


async def fault_free(folder, seen=[]):  # noqa: B006 - kept on purpose: it is the same each time
    if not seen:
        seen.append(await play(folder(), None, 0))
        assert seen[0].wrong == []
        assert seen[0].states["delivered"] == 3
    return seen[0]


@pytest.mark.parametrize("name", marked())
async def test_every_fault_at_every_step(folder, total, name):
    fault, _ = FAULTS[name]
    whole = await fault_free(folder)
    of_modem = [step for step in whole.steps if "commit" not in step]
    steps = whole.steps if isinstance(fault, str) else of_modem
    factor = OF_CRASH if name == "crash" else OF_OTHERS
    mine, first = Sum(), 1 + list(FAULTS).index(name) % factor
    for at in range(first, len(steps) + 1, factor):
        told = await play(folder(), fault, at)
        assert told.wrong == [], f"{name} at step {at} of {len(steps)}, {steps[at - 1]}"
        assert told.struck or fault == FAULTS["unplugged in mid-PDU"][0], f"it never struck at step {at}"
        assert told.stopping_s <= 60, "longer than the unit waits for its end"
        mine.add(told)
        total.add(told)
    print(f"\n{name}: {mine.runs} of {len(steps)} steps, {words(mine)}")
    assert len(steps) > (100 if isinstance(fault, str) else 60)


async def test_the_sweep_sees_a_known_mistake(folder, monkeypatch):
    """An outbox that sends again what it finds handed over, as common SMS daemons do, is caught."""
    monkeypatch.setitem(TABLE[State.HANDED_OVER], Event.CRASH, State.QUEUED)
    whole = await play(folder(), None, 0)
    at = whole.steps.index("submitted +CMGS") + 1
    told = await play(folder(), "crash", at)
    assert any("2 times on the air" in words for words in told.wrong)


async def test_the_sweep_sees_an_answer_that_is_lost(folder, monkeypatch):
    """A driver that deletes before the commit is caught by a crash in between."""
    from textback_pbx.pipeline.receive import Receiver

    async def forget(_self, _item):
        return

    monkeypatch.setattr(Receiver, "keep", forget)
    told = await play(folder(), None, 0)
    assert any("is not there" in words for words in told.wrong)
