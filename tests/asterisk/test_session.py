"""The agent's AMI session on a real Asterisk that stops, restarts, refuses and falls silent: no call is guessed."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from tests.asterisk.bench import Bench
from tests.asterisk.conftest import majors, running
from tests.asterisk.people import talks, waits
from tests.asterisk.scenarios import BY_NAME, TIMEOUT, UNATTENDED, Caller, Scenario
from tests.asterisk.server import Asterisk, certificate
from textback_pbx.calls.items import Disconnected
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.calls.watcher import Finished, GapClosed, GapOpened, Result, Warned, Watcher, watch
from textback_pbx.clock import SystemClock

LONG = Scenario("long", "rings for as long as the dialplan allows", (Caller("5010", waits(), TIMEOUT),))

TO_VOICEMAIL = Scenario("voicemail", "straight to voicemail", (Caller("5040", talks(3.0), UNATTENDED),))


@pytest.fixture(params=majors())
def own_asterisk(request):
    """One of each version: AMI differs between them in what counts here."""
    yield from running(Asterisk(request.param))


class Ear:
    """What the agent would store, as it comes."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.results: list[Result] = []
        self._more = asyncio.Event()

    def add(self, results: list[Result]) -> None:
        self.results += results
        self._more.set()

    async def until(self, found: Callable[[list[Result]], object], limit: float = 20.0) -> None:
        async with asyncio.timeout(limit):
            while not found(self.results):
                self._more.clear()
                await self._more.wait()

    async def hears_a_call(self) -> None:
        """Waits until the events of a call under way have come in: a phone rings before they do."""
        async with asyncio.timeout(10.0):
            while not self.watcher.people_now():  # noqa: ASYNC110 -- real time, in another process
                await asyncio.sleep(0.02)

    def of(self, kind: type) -> list:
        return [result for result in self.results if isinstance(result, kind)]


@asynccontextmanager
async def listening(asterisk, host: str, port: int, **settings: float | str | bool):
    """The session and its watcher, logged in; ends both."""
    clock = SystemClock()
    quick = {"retry_first_s": 0.2, "retry_cap_s": 0.5, "ping_s": 0.5, "liveness_s": 1.5, "grace_s": 0.3}
    chosen = AmiSettings(host=host, port=port, username=asterisk.user, secret=asterisk.secret, **quick | settings)
    session, ear = AmiSession(chosen, clock), Ear(Watcher(chosen))

    async def hear() -> None:
        async for results in watch(session.items, ear.watcher, clock):
            ear.add(results)

    tasks = [asyncio.ensure_future(session.run()), asyncio.ensure_future(hear())]
    try:
        await ear.until(lambda results: any(isinstance(result, GapClosed) for result in results))
        yield ear
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def finished(count: int) -> Callable[[list[Result]], bool]:
    return lambda results: sum(isinstance(result, Finished) for result in results) >= count


async def test_calls_arrive_finished_and_nothing_is_complained_of(own_asterisk, own_bench):
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port) as ear:
        await own_bench.run(BY_NAME["busy_486"])
        await own_bench.run(BY_NAME["group_one_answers"])
        await own_bench.run(BY_NAME["never_registered"])
        await ear.until(finished(3))
    outcomes = [result.verdict.outcome.value for result in ear.of(Finished)]
    assert outcomes == ["busy", "answered", "not_reachable"]
    assert ear.of(Warned) == []


@pytest.mark.fault(22, 24)
async def test_a_hard_stop_in_mid_call_loses_it_and_a_reused_uniqueid_is_another_call(own_asterisk, own_bench):
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port) as ear:
        cut_off = own_bench.phones[2].invite("5010", "+15125550142")
        await own_bench.reached(101)
        await ear.hears_a_call()
        own_asterisk.stop_hard()
        await ear.until(
            lambda results: any(isinstance(result, GapOpened) and result.reason != "start" for result in results)
        )
        await asyncio.to_thread(own_asterisk.restart)
        await ear.until(finished(1))
        (lost,) = ear.of(Finished)
        assert lost.verdict.outcome.value == "lost"

        cut_off.ended.set()  # the carrier has noticed by now
        await own_bench.disconnect()
        await own_bench.connect()
        await own_bench.run(BY_NAME["busy_486"])
        await ear.until(finished(2))
    before, after = ear.of(Finished)
    assert after.verdict.outcome.value == "busy"
    assert before.record.uniqueid.split(".")[1] == after.record.uniqueid.split(".")[1]
    assert before.key != after.key


@pytest.mark.fault(23)
async def test_a_frozen_link_is_noticed_and_the_call_of_that_time_is_no_guess(own_asterisk, own_bench, link):
    async with listening(own_asterisk, link.host, link.port) as ear:
        gaps = len(ear.of(GapClosed))
        link.freeze()
        await ear.until(lambda results: any(isinstance(r, GapOpened) and "silent" in r.reason for r in results))
        await own_bench.run(BY_NAME["busy_486"])
        link.thaw()
        await ear.until(lambda results: sum(isinstance(r, GapClosed) for r in results) > gaps)
        await own_bench.run(BY_NAME["never_registered"])
        await ear.until(finished(1))
    assert [result.verdict.outcome.value for result in ear.of(Finished)] == ["not_reachable"]


@pytest.mark.fault(23, 28)
async def test_a_link_cut_in_mid_call_adopts_the_call_and_judges_it_with_care(own_asterisk, own_bench, link):
    async with listening(own_asterisk, link.host, link.port) as ear:
        playing = asyncio.ensure_future(own_bench.run(LONG))
        await own_bench.reached(101)
        await ear.hears_a_call()
        for _ in range(3):
            made = link.connections
            link.cut()
            await ear.until(lambda results, made=made: link.connections > made and isinstance(results[-1], GapClosed))
        await playing
        await ear.until(finished(1))
    (call,) = ear.of(Finished)
    assert call.verdict.outcome.value in {"no_answer", "lost"}
    assert call.record.adopted


@pytest.mark.fault(27)
async def test_a_changed_secret_backs_off_and_says_so(own_asterisk, own_bench, link):
    async with listening(own_asterisk, link.host, link.port, refused_first_s=30.0) as ear:
        own_asterisk.change_secret("another-secret")
        link.cut()
        await ear.until(lambda results: any(isinstance(r, GapOpened) and "refused" in r.reason for r in results))
        tries = link.connections
        await asyncio.sleep(1.5)  # the quick back-off would have tried several times by now
        assert link.connections == tries
    assert any("secret" in gap.message for gap in ear.of(GapOpened))


@pytest.mark.parametrize("major", majors())
async def test_a_call_arrives_over_tls_and_a_wrong_ca_gets_no_secret(major, tmp_path):
    asterisk = Asterisk(major, tls=True)
    try:
        asterisk.start()
        where, ca_file = (asterisk.host, asterisk.tls_port), str(asterisk.ca_file)
        async with (
            Bench(asterisk) as bench,
            listening(asterisk, *where, tls=True, ca_file=ca_file) as ear,
        ):
            await bench.run(BY_NAME["busy_486"])
            await ear.until(finished(1))
        assert [result.verdict.outcome.value for result in ear.of(Finished)] == ["busy"]

        stranger = tmp_path / "stranger.pem"
        certificate(stranger, asterisk.host)
        settings = AmiSettings(
            host=where[0], port=where[1], username=asterisk.user, secret=asterisk.secret, login="plain", tls=True,
            ca_file=str(stranger),
        )  # fmt: skip
        session = AmiSession(settings, SystemClock())
        running = asyncio.ensure_future(session.run())
        async with asyncio.timeout(10):
            down = await session.items.get()
        running.cancel()
        assert isinstance(down, Disconnected)
        assert "not to be trusted" in down.message
    finally:
        asterisk.close()


@pytest.mark.parametrize("login", ["md5", "plain"])
async def test_both_ways_to_log_in(own_asterisk, login):
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port, login=login) as ear:
        assert ear.of(Warned) == []


@pytest.mark.fault(22)
async def test_a_restart_at_once_gives_no_key_twice(own_asterisk, own_bench):
    """Asterisk counts its start time in whole seconds and its channels from the beginning."""
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port) as ear:
        for count in (1, 2, 3):
            await own_bench.run(BY_NAME["busy_486"])
            await ear.until(finished(count))
            closed = len(ear.of(GapClosed))
            await own_bench.disconnect()
            await asyncio.to_thread(own_asterisk.restart, 0.0)
            await ear.until(lambda results, closed=closed: sum(isinstance(r, GapClosed) for r in results) > closed)
            await own_bench.connect()
    assert len({result.key for result in ear.of(Finished)}) == 3
    assert [result.verdict.outcome.value for result in ear.of(Finished)] == ["busy"] * 3


@pytest.mark.fault(23)
async def test_an_asterisk_that_is_frozen_itself_is_noticed_and_taken_up_again(own_asterisk, own_bench):
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port) as ear:
        closed = len(ear.of(GapClosed))
        own_asterisk.pause()
        try:
            await ear.until(lambda results: any(isinstance(r, GapOpened) and "silent" in r.reason for r in results))
        finally:
            own_asterisk.resume()
        await ear.until(lambda results: sum(isinstance(r, GapClosed) for r in results) > closed)
        await own_bench.run(BY_NAME["busy_486"])
        await ear.until(finished(1))
    assert [result.verdict.outcome.value for result in ear.of(Finished)] == ["busy"]


async def test_a_call_that_reached_nobody_names_the_phones_that_were_not_registered(own_asterisk, own_bench):
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port, devices_s=0.2) as ear:
        await asyncio.sleep(0.5)
        await own_bench.run(BY_NAME["never_registered"])
        await ear.until(finished(1))
    (call,) = ear.of(Finished)
    assert "PJSIP/105" in {one["phone"] for one in call.record.facts["not_registered"]}
    assert not {"PJSIP/101", "PJSIP/102"} & {one["phone"] for one in call.record.facts["not_registered"]}


async def test_which_application_answered_is_known_with_the_least_privilege(own_asterisk, own_bench):
    """The dialplan class is not read; the PBX is asked soon after the answer."""
    async with listening(own_asterisk, own_asterisk.host, own_asterisk.port) as ear:
        await own_bench.run(TO_VOICEMAIL)
        await ear.until(finished(1))
    (call,) = ear.of(Finished)
    assert call.record.application == "voicemail"
