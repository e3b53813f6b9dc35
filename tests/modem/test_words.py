"""Every word of health, brought about on a simulated modem: what is said, what to do, and what `doctor` makes of it."""

import errno
import os
import shutil
import stat
import subprocess
from dataclasses import replace

import pytest

from tests.modem.bench import OWN, bench
from tests.modem.test_profile import fake_sys
from textback_pbx.clock import SystemClock
from textback_pbx.findings import Level
from textback_pbx.modem import checks, finding, holders
from textback_pbx.modem.finding import Candidate
from textback_pbx.modem.health import BLOCKING, WORDS, Health, Severity
from textback_pbx.modem.items import Problem
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.modem_models import load_model
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.sim_card import SimCard, StoredPdu
from textback_pbx.testing.simulated_modem import SimulatedModem

ANOTHER = {"iccid": "8944000000000000019", "imei": "490154203237518"}


def no_reports(one):
    one.sim.model = replace(one.sim.model, cnmi=("0-3", "0-3", "0-3", "0", "0,1"))


def refuses_pdu_mode(one):
    one.sim.arm(Fault("error", on="command", command="+CMGF", times=99, args={"kind": "plain"}))


def is_a_gps(one):
    one.sim.model = replace(one.sim.model, refused=frozenset({"+CGSN"}))


def sim_is_dead(one):
    one.sim.arm(Fault("error", on="command", command="+CPIN", times=99, args={"kind": "cme", "code": 13}))


def set_signal(one):
    one.sim.radio.rssi = 2


def keep_nothing(one):
    one.keep = False
    one.sim.arm(Fault("storage_full"))


def hide_texts(one):
    one.sim.quirks.add("me_unreadable")
    one.sim.stores["ME"].add(StoredPdu(0, bytes.fromhex("00")))


def swap(what):
    return lambda one: one.sim.arm(Fault("unplug", args={"replug_after": 1, what: ANOTHER[what]}))


def arm(*words, **args):
    return lambda one: one.sim.arm(Fault(*words, args=args))


def register(stat, rssi=20):
    def strike(one):
        one.sim.radio.rssi = rssi
        one.sim.set_registration(stat)

    return strike


def wait(one):
    """Nothing to do: the settings bring it about."""


#: problem: (when: before or after the set-up, what happens, settings, a word of what is said, a word of what to do)
CASES = {
    Problem.NO_PORT: ("after", lambda one: one.sim.unplug(), {}, "gone", ""),
    Problem.WRONG_STICK: ("after", swap("imei"), {}, "another modem is on this port", "plug the right one in"),
    Problem.WRONG_SIM: ("after", swap("iccid"), {}, "another SIM is in the modem", "put the right one in"),
    Problem.SILENT: ("after", arm("hang"), {}, "does not answer", "check its power supply"),
    Problem.NOT_A_MODEM: ("before", is_a_gps, {}, "no modem for texts", "modem list"),
    Problem.NO_SIM: ("before", arm("sim_removed"), {}, "no SIM is in", "put one in"),
    Problem.SIM_FAILED: ("before", sim_is_dead, {}, "the SIM does not work", "try it in a phone"),
    Problem.PIN_WANTED: ("before", arm("pin_required"), {}, "wants its PIN", "set modem.pin"),
    Problem.PUK_WANTED: ("before", arm("puk_required"), {}, "wants its PUK", "enter the PUK"),
    Problem.SETUP_REFUSED: ("before", refuses_pdu_mode, {}, "refuses a set-up", "modem probe"),
    Problem.DENIED: ("after", register(3), {}, "denies this SIM", "active and paid"),
    Problem.NOT_REGISTERED: ("after", register(2, 99), {}, "no signal at all", "check the antenna"),
    Problem.HIDDEN_TEXTS: ("before", hide_texts, {}, "1 in ME", "newer firmware"),
    Problem.NO_SIGNAL: ("after", set_signal, {}, "very weak", "move the antenna"),
    Problem.STORAGE_FULL: ("after", keep_nothing, {}, "80 % full", "delete old ones"),
    Problem.NO_REPORTS: ("before", no_reports, {}, "no status reports", "another model"),
    Problem.BROWN_OUTS: ("after", lambda one: one.sim.brownout(), {}, "restarted by itself", "3 A supply"),
    Problem.NONE: ("after", wait, {}, "registered", ""),
}
#: Those that need more than one step, and where they are tried.
ELSEWHERE = {
    Problem.PIN_WRONG: "test_pin",
    Problem.PIN_TRIED: "test_pin",
    Problem.NO_SMSC: "below",
    Problem.STARTING: "below",
    Problem.READING: "test_modem",
    Problem.UNRESOLVED: "test_modem",
}


def test_no_word_is_left_out():
    assert set(CASES) | set(ELSEWHERE) == set(Problem)


@pytest.mark.parametrize("problem", CASES)
async def test_the_line_says_what_is_wrong_and_what_to_do(monkeypatch, problem):
    when, strike, settings, what, do = CASES[problem]
    async with bench(monkeypatch, start=False, **settings) as one:
        if when == "before":
            strike(one)
        else:
            await one.ready()
            await one.clock.advance(35)  # a restart in the first seconds is a boot, not a brown-out
            strike(one)
        assert await one.until(lambda: one.modem.health.problem is problem, seconds=150), one.modem.health.message
        health = one.modem.health
        assert what in health.message
        assert f"What to do: {WORDS[problem].do}" in health.message or not do
        assert do in health.message
        assert (one.modem.trouble() is not None) is (problem in BLOCKING)
        judge(health)


def judge(health):
    """What the checks make of it: as bad as the line says, and whatever is wrong has a fix."""
    found = checks.of_health(health, "modem")
    worst = {Severity.OK: Level.PASS, Severity.WARN: Level.WARN, Severity.FAIL: Level.FAIL}[health.severity]
    order = [Level.PASS, Level.WARN, Level.FAIL]
    assert max(order.index(one.level) for one in found) == order.index(worst), found
    assert all(one.fix or one.level is Level.PASS for one in found)
    assert all(one.check.startswith("modem.") and one.says for one in found)
    if health.problem is not Problem.NONE:
        assert any(WORDS[health.problem].what in one.says for one in found)


async def test_a_missing_message_centre_is_one_finding_among_others(monkeypatch):
    async with bench(monkeypatch, start=False, sim=SimCard(OWN, smsc="")) as one:
        judge(one.modem.health)  # starting
        assert one.modem.health.problem is Problem.STARTING
        assert await one.until(lambda: one.modem.health.network.registered, seconds=60)
        assert await one.until(lambda: one.modem.health.problem is Problem.NO_SMSC, seconds=60)
        judge(one.modem.health)
        levels = {one.check: one.level for one in checks.of_health(one.modem.health)}
        assert levels["modem.message_centre"] is Level.FAIL
        assert levels["modem.network"] is levels["modem.sim"] is Level.PASS


async def test_a_look_at_a_modem_tries_no_pin_and_changes_nothing(tmp_path):
    link = tmp_path / "modem"
    card = SimCard(OWN, pin="1234")
    async with SimulatedModem(PtyPort(link), model=load_model("simcom_sim7600"), sim=card) as sim:
        settings = ModemSettings(str(link), pin="9999")
        health = await checks.look(settings, SystemClock())
        assert health.problem is Problem.PIN_WANTED
        assert card.pin_tries == 3
        card.enter_pin("1234")
        sim.network_changed()
        sim.smsc.inbound("+15125550142", OWN, "still there")
        health = await checks.look(settings, SystemClock())
        assert health.problem in (Problem.NONE, Problem.READING)
        assert sum(len(store.slots) for store in sim.stores.values()) == 1
        assert health.network.operator == "TESTNET"
    gone = await checks.look(ModemSettings(str(link)), SystemClock())
    (found,) = checks.of_health(gone)
    assert (found.check, found.level) == ("modem.no_port", Level.FAIL)
    assert "is the stick plugged in" in found.says


# around the modem ----------------------------------------------------------------------------------------------


def test_a_hilink_stick_without_an_at_port_is_named_where_the_port_is_missing(tmp_path):
    _, sys = fake_sys(tmp_path, "12d1:14dc", 0)
    words = holders.explain("/dev/serial/by-id/usb-HUAWEI", OSError(errno.ENOENT, "x"), sys)
    assert "plugged in is 12d1:14dc A Stick" in words
    assert "HiLink mode: a network card without an AT port" in words
    found = checks.of_machine("/dev/x", [], finding.unusable(sys), manager=False)
    assert [(one.check, one.level) for one in found] == [
        ("modem.stick", Level.FAIL),
        ("modem.manager", Level.PASS),
    ]


def test_the_wrong_port_of_the_right_stick_is_named():
    there = [Candidate("/dev/by-id/if03", "/dev/ttyUSB3", "2c7c:0125", 3, "quectel_ec25", "not the AT port (02)")]
    for port in ("/dev/by-id/if03", "/dev/ttyUSB3"):
        (one, _) = checks.of_machine(port, there, [], manager=False)
        assert (one.check, one.level) == ("modem.interface", Level.FAIL)
        assert "interface 03" in one.says
    assert len(checks.of_machine("/dev/other", there, [], manager=False)) == 1


def test_modemmanager_that_holds_the_port_is_named(tmp_path):
    """A real process of that name, which has the port open."""
    program = tmp_path / "ModemManager"
    shutil.copy(shutil.which("sleep"), program)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    ours, theirs = os.openpty()
    path = os.ttyname(theirs)
    with subprocess.Popen([str(program), "60"], stdin=theirs) as process:
        os.close(theirs)
        try:
            assert any(name.startswith("ModemManager (process ") for name in holders.holders(path))
            words = holders.explain(path, BlockingIOError(errno.EAGAIN, "busy"))
            assert f"{path} is held by ModemManager" in words
            assert "systemctl disable --now ModemManager" in words
            assert holders.modem_manager_runs()
            # No lock keeps root out: when it opened the port after us, the modem seems to be silent.
            assert "ModemManager (process " in holders.reading_along(path)
            found = checks.of_machine(path, [], [], rules=False)
            assert [(one.check, one.level) for one in found] == [("modem.manager", Level.WARN)]
            assert "99-textback-pbx.rules" in found[0].fix
            assert checks.of_machine(path, [], [], rules=True)[0].level is Level.PASS
        finally:
            process.kill()
            os.close(ours)


def test_our_rules_are_found_whoever_installed_them(tmp_path):
    assert not holders.rules_installed([tmp_path, tmp_path / "nowhere"])
    (tmp_path / "99-textback-pbx.rules").touch()
    assert holders.rules_installed([tmp_path / "nowhere", tmp_path])


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("throttled=0x0\n", Level.PASS),
        ("throttled=0x50000", Level.WARN),
        ("throttled=0x50005", Level.FAIL),
        ("throttled=0x20002", Level.PASS),
        ("VCHI initialization failed", None),
    ],
)
def test_what_a_pi_says_of_its_supply(text, level):
    found = checks.of_throttled(text)
    assert (None if found is None else found.level) is level


async def test_a_machine_that_is_no_pi_says_nothing_of_its_supply(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await checks.supply() == []
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho throttled=0x1\n")
    program.chmod(0o755)
    (found,) = await checks.supply()
    assert found.level is Level.FAIL


def test_what_an_agent_noted_becomes_a_finding():
    health = Health("m", problem=Problem.NO_SIM)
    found = checks.of_note("modem:sales", "fail", health.message)
    assert (found.check, found.level, found.fix) == ("modem:sales", Level.FAIL, WORDS[Problem.NO_SIM].do)
    assert checks.of_note("modem", "ok", "works").fix == ""
    assert checks.of_note("modem", "fail", "the port is gone").fix
