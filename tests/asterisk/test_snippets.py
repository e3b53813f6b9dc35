"""The installer's files in asterisk/ really load, and do what their comments say, on every version of the bench."""

import contextlib
import re
import sqlite3

import pytest

from tests.asterisk.bench import Bench
from tests.asterisk.conftest import majors
from tests.asterisk.play import NEWEST, OLDEST
from tests.asterisk.scenarios import BY_NAME
from tests.asterisk.server import SNIPPETS, Asterisk
from textback_pbx.calls import checks
from textback_pbx.calls.events import BUILDERS
from textback_pbx.calls.outcome import judge
from textback_pbx.calls.replay import replay
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.findings import Level


@pytest.fixture(params=majors())
def one(request):
    asterisk = Asterisk(request.param)
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.close()


def events(data: bytes, name: str) -> list[dict[str, str]]:
    blocks = [
        dict(line.partition(": ")[::2] for line in block.split("\r\n")) for block in data.decode().split("\r\n\r\n")
    ]
    return [block for block in blocks if block.get("Event") == name]


def complaints(asterisk: Asterisk, *about: str) -> list[str]:
    lines = [line for line in asterisk.log.read_text().splitlines() if "WARNING" in line or "ERROR" in line]
    return [line for line in lines if any(word in line for word in about)]


async def test_every_snippet_loads_and_acts(one):
    assert complaints(one, "textback", "manager.d") == []
    account = one.cli("manager show user textback")
    assert "call,agent,user" in account
    assert "reporting" in account
    for context in ("consent", "handled", "skip", "confirm", "ask"):
        assert "1 context" in one.cli(f"dialplan show textback-{context}")
    assert "Log unanswered calls:       Yes" in one.cli("cdr show status")

    async with Bench(one) as bench:
        consent = await bench.run(BY_NAME["consent_then_rings_out"])
        handled = await bench.run(BY_NAME["handled_by_service"])
        skip = await bench.run(BY_NAME["skip_rings_out"])
        withheld = await bench.run(BY_NAME["withheld_with_identity"])
        await bench.run(BY_NAME["never_registered"])

    (agreed,) = events(consent.minimal, "UserEvent")
    assert (agreed["UserEvent"], agreed["Number"], agreed["Disclosure"]) == (
        "TextbackConsent",
        "+15125550142",
        "greeting-v1",
    )
    (done,) = events(handled.minimal, "UserEvent")
    assert (done["UserEvent"], done["By"]) == ("TextbackHandled", "answering-service")
    (skipped,) = events(skip.minimal, "UserEvent")
    assert (skipped["UserEvent"], skipped["Reason"]) == ("TextbackSkip", "supplier-line")
    assert [record.withheld for record in replay([withheld.minimal])] == [True]
    assert b"ChanVariable: CALLERID(pres)=prohib" in withheld.minimal
    assert b"ChanVariable: CALLINGNUMPRES_SV=" in withheld.minimal  # FreePBX's note of the caller's wish
    rows = one.master_csv.read_text().splitlines()
    assert len([row for row in rows if '"5005"' in row]) == 1  # the desk that never registered
    with contextlib.closing(sqlite3.connect(one.master_db)) as book:
        assert book.execute("SELECT count(*) FROM cdr WHERE dst = '5005'").fetchone() == (1,)


async def test_the_agents_account_can_neither_call_nor_command(one):
    async with Bench(one) as bench:
        agent = bench._minimal
        for action in ("Originate", "Command", "Hangup", "UpdateConfig"):
            reply = await agent.action(action)
            assert reply["Response"] == "Error", action
            assert "Permission denied" in reply["Message"], action
        assert (await agent.action("CoreStatus"))["Response"] == "Success"
        assert (await agent.action("CoreShowChannels"))["Response"] == "Success"


async def test_the_event_filter_lets_through_all_a_call_needs():
    asterisk = Asterisk(NEWEST, use_eventfilter=True)
    try:
        asterisk.start()
        assert complaints(asterisk, "filter", "manager.d") == []
        async with Bench(asterisk) as bench:
            for name in ("rings_out", "group_one_answers", "attended_transfer", "queue_timeout",
                         "groups_one_answers", "pickup_group", "consent_then_rings_out", "voicemail_message",
                         "followme_local_optimised"):  # fmt: skip
                recording = await bench.run(BY_NAME[name])
                assert [judge(record).outcome for record in replay([recording.minimal])] == [
                    call.expected.outcome for call in recording.calls
                ], name
                assert not events(recording.minimal, "DeviceStateChange")
                assert not events(recording.minimal, "QueueMemberStatus")
                assert events(recording.minimal, "Hangup")
        settings = AmiSettings(host=asterisk.host, port=asterisk.port, username=asterisk.user, secret=asterisk.secret)
        item = await checks.login(settings, SystemClock())  # the lists the agent asks for are not filtered
        assert "devicestatelist" in item.may
        assert item.warnings == ()
    finally:
        asterisk.close()


@pytest.mark.skipif(OLDEST not in majors(), reason="TEXTBACK_PBX_ASTERISK leaves this version out")
async def test_an_asterisk_without_named_filters_passes_over_them():
    asterisk = Asterisk(OLDEST, use_eventfilter=True)
    try:
        asterisk.start()
        async with Bench(asterisk) as bench:
            recording = await bench.run(BY_NAME["queue_timeout"])
        assert events(recording.minimal, "Hangup")
        assert events(recording.minimal, "QueueMemberStatus")  # not among the names of the filter
    finally:
        asterisk.close()


def test_no_snippet_ships_a_usable_secret():
    text = (SNIPPETS / "manager.d/textback.conf").read_text()
    assert "secret = change-this-secret" in text
    assert "deny = 0.0.0.0/0.0.0.0" in text


async def test_the_doctor_passes_the_snippets_and_finds_each_of_them_missing(one):
    settings = AmiSettings(host=one.host, port=one.port, username=one.user, secret=one.secret)

    async def ask(command):
        return one.cli(command)

    async def levels():
        found = checks.session(settings, await checks.login(settings, SystemClock()))
        found += await checks.console(settings, ask)
        return {finding.check: finding.level for finding in found}

    assert set((await levels()).values()) == {Level.PASS}
    manager = one.folder / "etc/manager.d/textback.conf"
    whole = manager.read_text()
    for line, check in (
        ("channelvars = CALLERID(pres)", "pbx.presentation"),
        ("read = call,agent,user", "pbx.classes"),
        ("write = reporting", "pbx.reporting"),
        (f"secret = {one.secret}", "pbx.login"),
    ):
        # A line that is gone keeps its effect until Asterisk is restarted: another one takes it away.
        others = {"secret": "another", "channelvars": "OTHER", "read": "call", "write": "user"}
        name = line.partition(" ")[0]
        other = f"{name} = {others[name]}"
        manager.write_text(whole.replace(line, other))
        one.cli("manager reload")
        assert (await levels())[check] is Level.FAIL, line
    manager.write_text(whole)
    cdr = one.folder / "etc/textback-cdr.conf"
    cdr.write_text(cdr.read_text().replace("unanswered = yes", "unanswered = no"))
    one.cli("manager reload")
    one.cli("module reload cdr")
    assert {check for check, level in (await levels()).items() if level is not Level.PASS} == {"pbx.cdr"}
    one.stop_hard()
    assert (await levels())["pbx.reach"] is Level.FAIL


def test_the_filter_names_every_event_that_is_read_and_no_other():
    """What needs another class (the dialplan's, the system's) or is an answer to a question is not in it."""
    text = (SNIPPETS / "manager.d/textback.eventfilter").read_text()
    named = set(re.findall(r"^eventfilter\(action\(include\),name\((\w+)\)\) =$", text, re.MULTILINE))
    assert named == {name.decode() for name in BUILDERS} - {"Newexten", "VarSet", "Shutdown", "CoreShowChannel"}
