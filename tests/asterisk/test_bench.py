"""The bench itself: it exposes nothing, breaks on command, and can place calls in number."""

import os
import time
from pathlib import Path

import pytest

from tests.asterisk.install import BenchProblem, _archives, check_machine
from tests.asterisk.scenarios import BY_NAME
from tests.asterisk.wire import AmiWire


def test_asterisk_is_no_root_and_sees_only_loopback(asterisk):
    status = Path(f"/proc/{asterisk.process.pid}/status").read_text()
    assert "Uid:\t0" not in status
    assert "CapEff:\t0000000000000000" in status
    lines = Path("/proc/self/net/dev").read_text().splitlines()[2:]
    interfaces = [line.split(":")[0].strip() for line in lines]
    assert interfaces == ["lo"]


async def test_a_hard_stop_ends_the_links_and_a_restart_takes_calls_again(own_asterisk, own_bench):
    before = await own_bench.run(BY_NAME["busy_486"])
    own_asterisk.stop_hard()
    await own_bench.manager.closed.wait()
    own_asterisk.restart()
    await own_bench.disconnect()
    await own_bench.connect()
    after = await own_bench.run(BY_NAME["busy_486"])
    # The counter starts again: of two calls after a start each is the first.
    assert before.calls[0].uniqueid.split(".")[1] == after.calls[0].uniqueid.split(".")[1]


async def test_a_changed_secret_refuses_the_old_one(own_asterisk):
    old = own_asterisk.secret
    own_asterisk.change_secret("another-secret")
    with pytest.raises(PermissionError):
        await AmiWire.open(own_asterisk.host, own_asterisk.port, own_asterisk.user, old)
    wire = await AmiWire.open(own_asterisk.host, own_asterisk.port, own_asterisk.user, "another-secret")
    await wire.close()


async def test_a_frozen_link_says_nothing_and_a_thawed_one_says_all(own_asterisk, link):
    wire = await AmiWire.open(link.host, link.port, own_asterisk.user, own_asterisk.secret)
    link.freeze()
    with pytest.raises(TimeoutError):
        await wire.action("Ping", patience=0.5)
    assert not wire.closed.is_set()
    link.thaw()
    assert (await wire.action("Ping"))["Response"] == "Success"
    link.cut()
    await wire.closed.wait()
    await wire.close()


async def test_fifty_short_calls_ten_at_a_time(bench):
    began = time.monotonic()
    ends = await bench.storm(50, at_once=10)
    assert len(ends) == 50
    print(f"\n50 unanswered calls in {time.monotonic() - began:.1f} s")
    assert await bench.manager.until_quiet(0.2, 10)


def test_both_forms_of_apt_sources_are_read():
    old = "# deb http://a.invalid/debian old main\ndeb [signed-by=/k] http://b.invalid/debian bookworm main\n"
    new = "Types: deb\nURIs: http://c.invalid/debian\n http://d.invalid/debian\nSuites: bookworm\n"
    assert list(_archives(old, one_line=True)) == ["http://b.invalid/debian"]
    assert list(_archives(new, one_line=False)) == ["http://c.invalid/debian", "http://d.invalid/debian"]


def test_without_root_one_sentence_and_a_failure():
    os.seteuid(65534)
    try:
        with pytest.raises(BenchProblem, match=r"^make test-asterisk needs root [^\n]*$"):
            check_machine()
    finally:
        os.seteuid(0)
