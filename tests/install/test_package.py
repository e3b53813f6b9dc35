"""The package in a clean Debian 12 and 13: installed, set up by a script, examined, upgraded, removed; in order."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.install.conftest import CONFIG, NEW, OLD, Office

DATABASE = "var/lib/textback-pbx/textback.sqlite"
NUMBER = "+15125550142"


def test_it_installs_without_the_network_and_says_what_comes_next(office):
    said = office.install(OLD)
    assert "textback-pbx init" in said
    assert f"Version: {OLD}" in office.run("dpkg", "-s", "textback-pbx").stdout
    assert "dialout" in office.run("id", "textback").stdout
    assert office.run("stat", "-c", "%U %a", "/var/lib/textback-pbx").stdout.strip() == "textback 700"
    assert office.run("stat", "-c", "%U %G %a", "/etc/textback-pbx/ami-secret").stdout.strip() == "root textback 640"
    python = office.run("/usr/lib/textback-pbx/env/bin/python", "-V").stdout
    assert {"bookworm": "3.11", "trixie": "3.13"}[office.suite] in python
    office.run("/usr/lib/textback-pbx/env/bin/python", "-c", "import apprise, httpx, standardwebhooks")


def test_the_unit_is_sound_and_waits_for_a_configuration(office):
    office.run("systemd-analyze", "verify", "--man=no", "textback-pbx.service")
    shown = office.run("systemd-analyze", "security", "--offline=yes", "--no-pager", "textback-pbx.service").stdout
    assert float(re.search(r"Overall exposure level[^:]*: ([\d.]+)", shown)[1]) <= 2.0
    assert office.run("systemctl", "is-enabled", "textback-pbx").stdout.strip() == "enabled"
    unit = office.run("cat", "/usr/lib/systemd/system/textback-pbx.service").stdout
    assert "ConditionPathExists=/etc/textback-pbx/config.toml" in unit
    assert "ExecStart=/usr/bin/textback-pbx" in unit


def test_the_wizard_from_a_script_leaves_an_office_that_works(office):
    said = office.wizard()
    assert "entry 1, by the owner" in said
    assert office.run("stat", "-c", "%U", f"/{DATABASE}").stdout.strip() == "textback"
    assert "sound" in office.run("textback-pbx", "config", "check", user="textback").stdout
    found = office.doctor("pbx", "modem", "consent", "texts", "database", "disk")
    assert [one for one in found.values() if one["level"] == "fail"] == []
    assert {"pbx.login", "consent.policy", "texts.lint", "database.whole"} <= set(found)


def test_the_agent_starts_as_its_own_user(office):
    done = office.run("timeout", "--signal=TERM", "8", "textback-pbx", "run", user="textback", check=False)
    assert "stopped" in done.stderr, done.stderr
    assert office.run("textback-pbx", "consent", "grant", NUMBER, "--source", "form", user="textback")


def _port(office):
    return f'port = "socket://127.0.0.1:{office.modem_port}"'


def _damage(office):
    file = office.root / DATABASE
    office.undo.append((file, file.read_bytes()))
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))


def _from_the_future(office):
    office.undo.append((office.root / DATABASE, (office.root / DATABASE).read_bytes()))
    code = f"import sqlite3; sqlite3.connect('/{DATABASE}').execute('PRAGMA user_version=99')"
    office.run("/usr/lib/textback-pbx/env/bin/python", "-c", code)


def _long_text(office):
    office.edit(CONFIG, "[texts.own]", '[texts.own]\n"no_answer.open" = "' + "sorry " * 40 + '"')


def _heal(office):
    """Put everything back."""
    office.mend()
    office.run("chown", "textback:textback", "/var/lib/textback-pbx")
    office.run("chmod", "700", "/var/lib/textback-pbx")
    office.modem.call("disarm")
    office.modem.call("set", registration=1, smsc_number="+15125550199")
    office.modem.call("insert_sim")


@dataclass(frozen=True)
class Fault:
    """How one thing is broken, the part of the doctor that looks, the check that names it, and a word of its fix."""

    plant: Callable[[Office], object]
    part: str
    check: str
    word: str
    level: str = "fail"


FAULTS = {
    "ami-port": Fault(
        lambda o: o.edit(CONFIG, f"port = {o.pbx_port}", "port = 9"), "pbx", "pbx.reach", "manager show settings"
    ),
    "ami-secret": Fault(
        lambda o: o.edit("etc/textback-pbx/ami-secret", "secret", "another"), "pbx", "pbx.login", "secret"
    ),
    "modem-port-missing": Fault(
        lambda o: o.edit(CONFIG, _port(o), 'port = "/dev/serial/by-id/none"'), "modem", "modem.no_port", "modem list"
    ),
    "modem-port-not-set": Fault(lambda o: o.edit(CONFIG, _port(o), 'port = ""'), "modem", "modem.port", "modem list"),
    "no-sim": Fault(
        lambda o: o.modem.call("arm", fault="sim_removed", on="command"), "modem", "modem.no_sim", "put one in"
    ),
    "pin": Fault(
        lambda o: o.modem.call("arm", fault="pin_required", on="command"), "modem", "modem.pin_wanted", "modem.pin"
    ),
    "puk": Fault(lambda o: o.modem.call("arm", fault="puk_required", on="command"), "modem", "modem.puk_wanted", "PUK"),
    "not-registered": Fault(lambda o: o.modem.call("set", registration=2), "modem", "modem.network", "antenna"),
    "denied": Fault(lambda o: o.modem.call("set", registration=3), "modem", "modem.network", "plan"),
    "no-message-centre": Fault(
        lambda o: o.modem.call("set", smsc_number=""), "modem", "modem.message_centre", "modem.smsc"
    ),
    "database-damaged": Fault(_damage, "database", "database.whole", "restore"),
    "database-newer": Fault(_from_the_future, "database", "database.file", "install the version"),
    "folder-not-writable": Fault(
        lambda o: o.run("chown", "root", "/var/lib/textback-pbx"), "disk", "disk.folder", "owner"
    ),
    "text-too-long": Fault(_long_text, "texts", "texts.lint", "templates lint"),
    "no-backup": Fault(
        lambda o: o.run("rm", "-rf", "/var/lib/textback-pbx/backups"), "backup", "backup.age", "backup now", "warn"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_doctor_names_a_planted_fault_and_its_fix(office, fault):
    wanted = FAULTS[fault]
    wanted.plant(office)
    try:
        found = office.doctor(wanted.part)
    finally:
        _heal(office)
    assert wanted.check in found, found
    named = found[wanted.check]
    assert named["level"] == wanted.level, named
    assert wanted.word in named["fix"] + named["says"], named


def test_an_upgrade_keeps_what_was_there_and_everything_still_works(office):
    before = office.run("textback-pbx", "consent", "show", NUMBER, "--json", user="textback").stdout
    configuration = (office.root / CONFIG).read_bytes()
    office.install(NEW)
    assert f"Version: {NEW}" in office.run("dpkg", "-s", "textback-pbx").stdout
    assert (office.root / CONFIG).read_bytes() == configuration
    after = office.run("textback-pbx", "consent", "show", NUMBER, "--json", user="textback").stdout
    assert json.loads(after) == json.loads(before)
    office.run("textback-pbx", "consent", "verify", user="textback")
    found = office.doctor("pbx", "modem", "consent", "database")
    assert [one for one in found.values() if one["level"] == "fail"] == []


def purge(office, answer):
    (office.root / "tmp/answer").write_text(f"textback-pbx textback-pbx/purge-data boolean {answer}\n")
    office.run("debconf-set-selections", "/tmp/answer")
    office.run("apt-get", "-qy", "purge", "textback-pbx")


def test_removing_keeps_the_data_and_so_does_purging_when_told_no(office):
    office.run("apt-get", "-qy", "remove", "textback-pbx")
    assert not (office.root / "usr/lib/textback-pbx").exists()
    assert (office.root / DATABASE).exists()
    purge(office, "false")
    assert (office.root / DATABASE).exists()
    assert (office.root / CONFIG).exists()
    office.install(NEW)
    office.run("textback-pbx", "consent", "show", NUMBER, user="textback")


def test_purging_removes_everything(office):
    purge(office, "true")
    for left in ("var/lib/textback-pbx", "etc/textback-pbx", "usr/lib/textback-pbx"):
        assert not (office.root / left).exists()
    assert office.run("id", "textback", check=False).returncode != 0
