"""The soak, reduced: some hours of the month with the same faults. ``make soak`` plays all of it."""

import logging
import os
import tempfile
from pathlib import Path

import pytest

from tests.soak.__main__ import in_memory, month
from tests.soak.month import MENU
from tests.soak.over_pty import over_pty
from tests.soak.plan import Plan
from textback_pbx.pipeline.receive import Receiver

#: Set to `all` for 20,000 texts each way.
WHOLE = os.environ.get("TEXTBACK_PBX_SOAK") == "all"
SMALL = Plan(texts=150, days=0.25, faults_per_text=0.5)


@pytest.fixture
def folder():
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(dir=in_memory()) as name:
        yield Path(name)
    logging.disable(logging.NOTSET)


@pytest.mark.fault(5, 6, 7, 8, 9, 10, 11, 13, 29, 30, 31, 32, 33, 34, 36, 37, 38)
async def test_the_invariants_hold_after_every_step(folder):
    plan = Plan() if WHOLE else SMALL
    figures = await month(plan, folder)
    print("\n" + "\n".join(figures.words()))
    assert figures.wrong == []
    assert figures.sent == figures.written == plan.texts
    assert figures.states["delivered"] > 0.7 * plan.texts
    assert figures.crashes > 0
    if WHOLE:
        assert set(figures.faults) == set(MENU)


async def test_a_seed_is_the_same_month_each_time(folder):
    plan = Plan(seed=7, texts=20, days=0.02, faults_per_text=0.5)
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    first, second = await month(plan, folder / "a"), await month(plan, folder / "b")
    for one in (first, second):
        one.seconds = one.memory_mb = one.file_mb = 0.0
    assert first == second


async def test_it_sees_a_driver_that_deletes_before_the_commit(folder, monkeypatch):
    keep, count = Receiver.keep, 0

    async def forgetful(self, item):
        nonlocal count
        count += 1
        if count % 7:
            await keep(self, item)

    monkeypatch.setattr(Receiver, "keep", forgetful)
    figures = await month(Plan(texts=30, days=0.02, faults_per_text=0.0), folder)
    assert any("is there 0 times" in words for words in figures.wrong)


async def test_a_part_of_it_over_a_real_pty(folder):
    seen = await over_pty(folder, 15)
    print("\n" + seen.words())
    assert seen.wrong == []
