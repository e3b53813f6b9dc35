"""The package in a clean Debian 12 and 13: installed, set up by a script, examined, upgraded, removed. In this order."""

import json
import re

import pytest

from tests.install.conftest import CONFIG, NEW, OLD

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


def plant(office, fault):
    """Break one thing; `mend` and the modem's own commands put it back."""
    match fault:
        case "ami-port":
            office.edit(CONFIG, f"port = {office.pbx_port}", "port = 9")
        case "ami-secret":
            office.edit("etc/textback-pbx/ami-secret", "secret", "another")
        case "modem-port-missing":
            office.edit(CONFIG, f'port = "socket://127.0.0.1:{office.modem_port}"', 'port = "/dev/serial/by-id/none"')
        case "modem-port-not-set":
            office.edit(CONFIG, f'port = "socket://127.0.0.1:{office.modem_port}"', 'port = ""')
        case "no-sim":
            office.modem.call("arm", fault="sim_removed", on="command")
        case "pin":
            office.modem.call("arm", fault="pin_required", on="command")
        case "puk":
            office.modem.call("arm", fault="puk_required", on="command")
        case "not-registered":
            office.modem.call("set", registration=2)
        case "denied":
            office.modem.call("set", registration=3)
        case "database-damaged":
            file = office.root / DATABASE
            office.undo.append((file, file.read_bytes()))
            file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
        case "database-newer":
            code = f"import sqlite3; sqlite3.connect('/{DATABASE}').execute('PRAGMA user_version=99')"
            office.undo.append((office.root / DATABASE, (office.root / DATABASE).read_bytes()))
            office.run("/usr/lib/textback-pbx/env/bin/python", "-c", code)
        case "folder-not-writable":
            office.run("chown", "root", "/var/lib/textback-pbx")
            office.run("chmod", "755", "/var/lib/textback-pbx")
        case "text-too-long":
            office.edit(CONFIG, "[texts.own]", '[texts.own]\n"missed.open" = "' + "sorry " * 40 + '"')
        case "no-message-centre":
            office.modem.call("set", smsc_number="")
        case "no-backup":
            office.run("rm", "-rf", "/var/lib/textback-pbx/backups")


def heal(office):
    """Put everything back."""
    office.mend()
    office.run("chown", "textback:textback", "/var/lib/textback-pbx")
    office.run("chmod", "700", "/var/lib/textback-pbx")
    office.modem.call("disarm")
    office.modem.call("set", registration=1, smsc_number="+15125550199")
    office.modem.call("insert_sim")


#: fault -> (which part of the doctor, the check that names it, how bad, a word of its fix)
FAULTS = {
    "ami-port": ("pbx", "pbx.reach", "fail", "manager show settings"),
    "ami-secret": ("pbx", "pbx.login", "fail", "secret"),
    "modem-port-missing": ("modem", "modem.port", "fail", "modem list"),
    "modem-port-not-set": ("modem", "modem.port", "fail", "modem list"),
    "no-sim": ("modem", "modem.sim", "fail", "put one in"),
    "pin": ("modem", "modem.sim", "fail", "modem.pin"),
    "puk": ("modem", "modem.sim", "fail", "PUK"),
    "not-registered": ("modem", "modem.network", "fail", "antenna"),
    "denied": ("modem", "modem.network", "fail", "plan"),
    "no-message-centre": ("modem", "modem.message_centre", "fail", "modem.smsc"),
    "database-damaged": ("database", "database.whole", "fail", "restore"),
    "database-newer": ("database", "database.file", "fail", "install the version"),
    "folder-not-writable": ("disk", "disk.folder", "fail", "owner"),
    "text-too-long": ("texts", "texts.lint", "fail", "templates lint"),
    "no-backup": ("backup", "backup.age", "warn", "backup now"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_doctor_names_a_planted_fault_and_its_fix(office, fault):
    part, check, level, word = FAULTS[fault]
    plant(office, fault)
    try:
        found = office.doctor(part)
    finally:
        heal(office)
    assert check in found, found
    assert found[check]["level"] == level, found[check]
    assert word in found[check]["fix"] + found[check]["says"], found[check]


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


def test_removing_keeps_the_data_and_purging_removes_it(office):
    office.run("apt-get", "-qy", "remove", "textback-pbx")
    assert not (office.root / "usr/lib/textback-pbx").exists()
    assert (office.root / DATABASE).exists()
    office.install(NEW)
    office.run("textback-pbx", "consent", "show", NUMBER, user="textback")
    office.run("apt-get", "-qy", "purge", "textback-pbx")
    for left in ("var/lib/textback-pbx", "etc/textback-pbx", "usr/lib/textback-pbx"):
        assert not (office.root / left).exists()
    assert office.run("id", "textback", check=False).returncode != 0


def test_a_purge_asks_and_a_no_keeps_the_data(office):
    office.install(NEW)
    office.wizard()
    answer = "textback-pbx textback-pbx/purge-data boolean false\n"
    (office.root / "tmp/answer").write_text(answer)
    office.run("debconf-set-selections", "/tmp/answer")
    office.run("apt-get", "-qy", "purge", "textback-pbx")
    assert (office.root / DATABASE).exists()
    assert (office.root / CONFIG).exists()
