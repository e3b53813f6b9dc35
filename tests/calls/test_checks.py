"""The doctor's look at the PBX: each planted fault is named with its fix, and what is in order passes."""

import asyncio
import json

import pytest

from tests.calls.test_ami import QUICK
from textback_pbx.calls import checks, store
from textback_pbx.calls.selftest import NEEDED, Seen, seen_of
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.findings import Level
from textback_pbx.testing.asterisk import AmiServer

GOOD = {
    "manager show settings": "  Manager (AMI):             Yes\n  Channel vars:       CALLERID(pres)\n",
    "manager show user textback": "       username: textback\n      read perm: call,agent,user\n",
    "cdr show status": "  Logging:                    Enabled\n  Log unanswered calls:       Yes\n",
}
WHOLE = Seen(NEEDED, ("from-trunk",), (), presentation=True)


def by_name(findings):
    return {one.check: one for one in findings}


async def looked_at(server: AmiServer, **settings):
    chosen = AmiSettings(port=server.port, **({"secret": "secret"} | QUICK | settings))
    return by_name(checks.session(chosen, *await checks.look(chosen, SystemClock())))


async def console(texts=GOOD, settings=None, folder=None):
    async def ask(command):
        return texts.get(command)

    more = {"folder": folder} if folder else {}
    return by_name(await checks.console(settings or AmiSettings(), ask, **more))


async def test_a_pbx_in_order_passes():
    async with AmiServer() as server:
        found = await looked_at(server)
        assert {one.level for one in found.values()} == {Level.PASS}
        assert set(found) == {
            "pbx.reach", "pbx.login", "pbx.tls", "pbx.reporting", "pbx.least_privilege", "pbx.phones",
        }  # fmt: skip
        assert server.actions[0][1]["Action"] == "Challenge"
    assert {one.level for one in (await console()).values()} == {Level.PASS}
    assert {one.level for one in checks.heard(AmiSettings(), WHOLE)} == {Level.PASS}


async def test_the_agents_own_session_is_not_touched_by_the_doctors():
    async with AmiServer() as server:
        await asyncio.gather(looked_at(server), looked_at(server))
        assert server.connections_made == 2


async def test_nobody_listens():
    server = AmiServer()
    await server.start()
    await server.stop()
    found = await looked_at(server)
    assert found["pbx.reach"].level is Level.FAIL
    assert "manager show settings" in found["pbx.reach"].fix


async def test_a_wrong_secret_is_tried_once():
    async with AmiServer() as server:
        found = await looked_at(server, secret="wrong")
        assert found["pbx.login"].level is Level.FAIL
        assert "secret" in found["pbx.login"].fix
        assert server.refused == 1


async def test_an_account_that_may_too_little_or_too_much():
    async with AmiServer() as server:
        server.forbidden |= {"coreshowchannels"}
        assert "write = reporting" in (await looked_at(server))["pbx.reporting"].fix
    for dangerous in ("originate", "command"):
        item = checks.Connected("pbx", "", "", "22", (), (), 0, frozenset({"ping", dangerous}))
        found = by_name(checks.session(AmiSettings(), item))["pbx.least_privilege"]
        assert found.level is Level.WARN
        assert dangerous in found.says


async def test_a_pbx_that_cannot_tell_which_phones_are_registered():
    async with AmiServer() as server:
        server.unknown = {"devicestatelist"}
        assert "res_manager_devicestate" in (await looked_at(server))["pbx.phones"].fix


def test_a_link_to_another_machine_is_to_be_encrypted():
    item = checks.Connected("pbx", "", "", "22", (), (), 0)
    assert by_name(checks.session(AmiSettings(host="192.0.2.1"), item))["pbx.tls"].level is Level.WARN
    assert by_name(checks.session(AmiSettings(host="192.0.2.1", tls=True), item))["pbx.tls"].level is Level.PASS


@pytest.mark.parametrize(
    ("command", "text", "check", "level", "fix"),
    [
        ("manager show settings", " Channel vars: \n X: CALLERID(pres)\n", "pbx.presentation", "fail", "channelvars"),
        ("manager show settings", "  Channel vars:  FOO,CALLERID(pres)\n", "pbx.channelvars", "pass", ""),
        ("manager show user textback", " read perm: user,agent\n", "pbx.classes", "fail", "read = call,agent,user"),
        ("manager show user textback", " read perm: all\n", "pbx.classes", "pass", ""),
        ("cdr show status", "  Log unanswered calls:       No\n", "pbx.cdr", "warn", "unanswered = yes"),
    ],
)  # fmt: skip
async def test_what_the_console_says(command, text, check, level, fix):
    found = (await console(GOOD | {command: text}))[check]
    assert found.level == level
    assert fix in found.fix


@pytest.mark.parametrize(
    ("variables", "level"),
    [("CALLERID(pres)", Level.FAIL), ("CALLERID(pres),CALLINGNUMPRES_SV", Level.PASS)],
)
async def test_freepbx_must_show_what_its_inbound_routes_overwrite(tmp_path, variables, level):
    (tmp_path / "extensions_additional.conf").write_text("; FreePBX\n")
    said = GOOD | {"manager show settings": f"  Channel vars:       {variables}\n"}
    found = (await console(said, folder=tmp_path))["pbx.channelvars"]
    assert found.level is level
    assert level is Level.PASS or "CALLINGNUMPRES_SV" in found.fix


async def test_files_speak_where_there_is_no_console(tmp_path):
    (tmp_path / "manager.d").mkdir()
    (tmp_path / "manager.conf").write_text("[general]\n; channelvars = CALLERID(pres)\n")
    (tmp_path / "cdr.conf").write_text("[general]\n;unanswered = yes\n")
    found = await console({}, folder=tmp_path)
    assert (found["pbx.presentation"].level, found["pbx.cdr"].level) == (Level.FAIL, Level.WARN)
    (tmp_path / "manager.d/textback.conf").write_text("[general](+)\nchannelvars = CALLERID(pres)\n")
    (tmp_path / "cdr.conf").write_text("[general]\nunanswered=>yes ; written\n")
    found = await console({}, folder=tmp_path)
    assert (found["pbx.channelvars"].level, found["pbx.cdr"].level) == (Level.PASS, Level.PASS)


async def test_what_nobody_can_tell_is_not_called_good(tmp_path):
    found = await console({}, folder=tmp_path)
    assert {one.level for one in found.values()} == {Level.WARN}
    far = await console(settings=AmiSettings(host="192.0.2.1"))
    assert "asterisk -rx" in far["pbx.cdr"].fix


async def test_the_console_that_is_not_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await checks.asterisk_console("core show version") is None
    script = tmp_path / "asterisk"
    script.write_text('#!/bin/sh\n[ "$1" = -rx ] && echo "said: $2" || exit 1\n')
    script.chmod(0o755)
    assert await checks.asterisk_console("cdr show status") == "said: cdr show status\n"


@pytest.mark.parametrize(
    ("seen", "check", "level", "words"),
    [
        (Seen(), "pbx.events", "warn", "no call has been heard"),
        (Seen(("Newchannel", "Hangup", "DialEnd", "DialBegin")), "pbx.events", "warn", "no answered call"),
        (Seen(("Newchannel", "Hangup", "BridgeEnter")), "pbx.events", "fail", "never DialBegin, DialEnd"),
        (Seen(), "pbx.contexts", "warn", "no call from outside"),
        (Seen(NEEDED, (), ("from-carrier2",)), "pbx.contexts", "fail", "'from-carrier2'"),
        (Seen(NEEDED, ("from-trunk",), ("x",)), "pbx.contexts", "warn", "'x'"),
        (Seen(NEEDED), "pbx.presentation", "fail", "CALLERID(pres)"),
    ],
)
def test_what_was_heard_so_far(seen, check, level, words):
    found = by_name(checks.heard(AmiSettings(), seen))[check]
    assert found.level == level
    assert words in found.says
    assert found.fix


def test_an_opt_in_to_unshown_presentation_is_a_warning():
    found = by_name(checks.heard(AmiSettings(without_presentation=True), Seen(NEEDED)))["pbx.presentation"]
    assert found.level is Level.WARN


@pytest.mark.parametrize("text", [None, "", "nothing", "[]", '{"events": 3}', "{}", "null"])
def test_what_is_kept_and_cannot_be_read_is_nothing(text):
    assert seen_of(text) == Seen()


async def test_what_was_seen_is_kept(database):
    async with database.transaction() as tx:
        await store.keep_seen(tx, "pbx", WHOLE)
        assert await store.seen(tx, "pbx") == WHOLE
        assert await store.seen(tx, "branch") == Seen()
    assert json.loads(WHOLE.as_json())["trunks"] == ["from-trunk"]


async def test_the_phones_that_are_away_now_are_named():
    async with AmiServer() as server:
        server.devices = {"PJSIP/101": "INUSE", "PJSIP/109": "UNAVAILABLE", "Custom:DND": "INVALID"}
        found = (await looked_at(server))["pbx.phones"]
    assert (found.level, found.says.rpartition(": ")[2]) == (Level.PASS, "PJSIP/109")
