"""Fixtures every folder shares: a fresh database file and a clock that only the test moves."""

from pathlib import Path

import pytest

from textback_pbx.database import Database
from textback_pbx.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(tmp_path: Path):
    opened = await Database.open(tmp_path / "textback.sqlite")
    yield opened
    await opened.close()
