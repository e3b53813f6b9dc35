"""Fixtures around a real Asterisk.

What the machine lacks ends the run with one sentence and status 1; nothing is skipped.

TEXTBACK_PBX_ASTERISK=22 (or 16, or 16,22, the default) chooses the versions that play the whole table.
"""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.asterisk.bench import Bench
from tests.asterisk.install import RELEASES, BenchProblem, ensure_root
from tests.asterisk.isolate import isolate
from tests.asterisk.link import Link
from tests.asterisk.play import NEWEST, Played, office_of, play
from tests.asterisk.scenarios import for_version
from tests.asterisk.server import Asterisk


def majors() -> tuple[int, ...]:
    """The versions this run is for."""
    chosen = os.environ.get("TEXTBACK_PBX_ASTERISK", "")
    return tuple(int(part) for part in chosen.split(",") if part.strip()) or tuple(sorted(RELEASES))


def pytest_runtestloop(session: pytest.Session) -> None:
    """Before the first test: the roots (this needs the network, once), then a namespace with nothing but loopback."""
    if session.config.option.collectonly:
        return
    try:
        for major in sorted({*majors(), NEWEST}):
            ensure_root(major)
        isolate()
    except BenchProblem as problem:
        pytest.exit(str(problem), returncode=1)


@pytest.fixture(scope="session")
def played() -> "PlayedTables":
    """The whole table, played once per version, when a test first asks for it."""
    return PlayedTables()


class PlayedTables:
    """Plays a version's table on first use and keeps what came of it."""

    def __init__(self) -> None:
        self._tables: dict[int, Played] = {}

    def on(self, major: int) -> Played:
        """Recordings and failures of every scenario on this version."""
        if major not in self._tables:
            self._tables[major] = table = play(for_version(major), lambda: office_of(major))
            print(f"\nAsterisk {major}: {len(table.recordings)} scenarios in {table.seconds:.0f} s")
        return self._tables[major]


@pytest.fixture(scope="session")
def asterisk() -> Iterator[Asterisk]:
    """One Asterisk 22 for every test that does not break it."""
    yield from running(Asterisk(NEWEST))


@pytest.fixture
def own_asterisk() -> Iterator[Asterisk]:
    """An Asterisk 22 a test may stop hard, restart, or give another secret."""
    yield from running(Asterisk(NEWEST))


def running(one: Asterisk) -> Iterator[Asterisk]:
    """Starts it for a fixture, and ends it."""
    try:
        one.start()
        yield one
    finally:
        one.close()


@pytest.fixture
async def bench(asterisk: Asterisk) -> AsyncIterator[Bench]:
    """The phones and the recorder around the shared Asterisk: `await bench.run(BY_NAME["rings_out"])`."""
    async with Bench(asterisk) as opened:
        yield opened


@pytest.fixture
async def own_bench(own_asterisk: Asterisk) -> AsyncIterator[Bench]:
    """The phones and the recorder around a test's own Asterisk."""
    async with Bench(own_asterisk) as opened:
        yield opened


@pytest.fixture
async def link(own_asterisk: Asterisk) -> AsyncIterator[Link]:
    """A wire to the test's own Asterisk: log in at `link.host`, `link.port`; then freeze, cut or refuse."""
    async with Link(own_asterisk.host, (own_asterisk.host, own_asterisk.port)) as opened:
        yield opened
