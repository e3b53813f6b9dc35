"""What the keep loop and the settings see to: consents that run out, the breaker's note, answers in a line's words."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.pipeline.desk import CALLER, MONDAY_10, open_desk
from textback_pbx.cli import config as config_command
from textback_pbx.cli import limits
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.config import ConfigProblem, parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.ledger import Basis, Event
from textback_pbx.decision import limits_store
from textback_pbx.decision.policy import Regional
from textback_pbx.decision.segments import segment
from textback_pbx.pipeline.answers import answers_of
from textback_pbx.pipeline.office import office_of
from textback_pbx.testing.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock(MONDAY_10)


@pytest.fixture
async def desk(tmp_path, clock):
    opened = await open_desk(tmp_path, clock)
    yield opened
    await opened.database.close()


async def test_a_consent_that_ran_out_is_written_down_within_a_day_and_ends_the_texts(desk):
    term = {"event": Event.IMPLIED, "basis": Basis.IMPLIED_INQUIRY}
    await desk.consent(expires_ms=desk.clock.now_ms() + 2 * DAY_MS, **term)
    await desk.later(47 * 3600.0, every=3600)
    assert [row["event"] for row in await desk.rows("SELECT event FROM consent")] == ["implied"]
    await desk.later(26 * 3600.0, every=3600)
    assert [row["event"] for row in await desk.rows("SELECT event FROM consent")] == ["implied", "expired"]
    await desk.later(50 * 3600.0, every=3600)
    assert len(await desk.rows("SELECT event FROM consent")) == 2
    await desk.call()
    await desk.work()
    assert desk.air() == []
    async with desk.database.read() as tx:
        assert await consent.verify(tx) == []


@pytest.mark.fault(19)
async def test_a_clock_that_is_not_trusted_expires_nothing(desk, clock):
    await desk.consent(expires_ms=clock.now_ms() + 2 * DAY_MS)
    desk.synchronised = False
    clock.set_wall(clock.now_ms() + 30 * DAY_MS)
    await desk.later(7200)
    assert [row["event"] for row in await desk.rows("SELECT event FROM consent")] == ["granted"]


@pytest.mark.fault(39)
async def test_a_flood_is_on_the_board_and_a_person_ends_it(tmp_path, clock):
    desk = await open_desk(tmp_path, clock, extra="[rules]\nflood_calls = 5\n")
    try:
        await desk.consent()
        for number in range(6):
            await desk.call(f"+1512555{9100 + number}")
        await desk.work()
        await desk.work()
        note = desk.board.get("limits")
        assert note is not None
        assert (note.state, "limits reset" in note.message) == ("warn", True)
        await clock.advance(11 * 60)
        async with desk.database.transaction() as tx:
            await limits_store.reset_breaker(tx)
        await desk.call()
        await desk.work()
        assert len(desk.air()) == 1
        assert desk.board.get("limits").state == "ok"
        async with desk.database.read() as tx:
            used = await limits_store.limits_used(tx, desk.office.policy, clock.now_ms())
        assert used["hour"] == 1
    finally:
        await desk.database.close()


async def test_the_answers_are_in_the_lines_language_and_kept_with_their_template(tmp_path, clock):
    desk = await open_desk(tmp_path, clock)
    line = replace(desk.office.line("office"), language="es")
    desk.handler._office = replace(desk.office, lines={"office": line})
    try:
        await desk.write("STOP")
        await desk.work()
        (said,) = desk.air()
        assert said == "Lakeside Plumbing: no le enviamos SMS de nuevo. Responda START para volver a recibirlos."
        row = await desk.row(
            "SELECT m.template, t.body FROM messages m JOIN templates t ON t.version = m.template_version"
        )
        assert row["template"] == "general.es/optout_confirmation"
    finally:
        await desk.database.close()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("phone", ["", "+1 512 555 0100"])
def test_every_answer_names_the_office_and_help_gives_phone_and_stop(language, phone):
    line = replace(office_of(parse('[office]\nname = "Alder"', None)).line("office"), language=language, phone=phone)
    said = answers_of(line, MONDAY_10).settings
    for text in (said.optout_text, said.optin_text, said.help_text):
        assert text.startswith("Alder: ")
        assert segment(text).count == 1
        assert "{" not in text
    assert ("STOP" in said.help_text, "STOP" in said.optin_text) == (True, True)
    assert phone in said.help_text
    assert "STOP" not in said.optout_text


async def test_a_confirmation_that_comes_later_than_five_minutes_is_dropped_and_the_opt_out_stays(desk, clock):
    desk.line.no = "the modem is unplugged"
    await desk.consent()
    await desk.write("STOP")
    await desk.work()
    await desk.later(299, every=60)
    desk.line.no = None
    await clock.advance(2)
    await desk.work()
    assert desk.air() == []
    (row,) = await desk.rows("SELECT p.state FROM messages m JOIN parts p ON p.message_id = m.id")
    assert row["state"] == "expired"
    async with desk.database.read() as tx:
        assert await consent.is_opted_out(tx, CALLER)


async def test_a_confirmation_in_time_is_sent_once(desk, clock):
    desk.line.no = "the modem is unplugged"
    await desk.write("STOP")
    await desk.work()
    await desk.later(280, every=60)
    desk.line.no = None
    await desk.work()
    assert len(desk.air()) == 1
    assert (desk.network.air[0].at_ms - MONDAY_10) <= 5 * MINUTE_MS


@pytest.mark.fault(20)
async def test_a_confirmation_made_by_a_clock_that_was_ahead_is_not_sent_hours_late(desk, clock):
    desk.line.no = "the modem is unplugged"
    desk.synchronised = False
    clock.set_wall(clock.now_ms() + 6 * HOUR_MS)
    await desk.write("STOP")
    await desk.work()
    clock.set_wall(clock.now_ms() - 6 * HOUR_MS)
    desk.synchronised = True
    await desk.later(3600, every=60)
    desk.line.no = None
    await desk.later(8 * 3600, every=900)
    assert desk.air() == []
    assert [row["state"] for row in await desk.rows("SELECT state FROM parts")] == ["expired"]


CONFIG = """
[office]
name = "Lakeside"
timezone = "America/Chicago"
phone = "+15125550100"
link = "https://example.com/book"
[quiet_hours]
hold_max_hours = 10
regional = "always"
[rules]
after_not_reachable = false
when_open = false
[texts]
off = ["voicemail"]
use = { "busy.open" = "overflow" }
[[lines]]
name = "vets"
dialled = ["5003"]
callback_minutes = 30
phone = "+15125550103"
off = ["repeat"]
own = { "voicemail" = "{business}: we have your message. Reply here; we call by {callback_by}." }
use = { "no_answer.open" = "booking" }
"""


def test_each_setting_reaches_the_rules():
    office = office_of(parse(CONFIG, None))
    policy, vets = office.policy, office.line("vets")
    assert (policy.hold_max_h, policy.regional, policy.after_not_reachable, policy.when_open) == (
        10, Regional.ALWAYS, False, False,
    )  # fmt: skip
    assert (vets.callback_min, vets.link) == (30, "https://example.com/book")
    assert vets.off == {"repeat"}
    assert vets.use == {"busy.open": "overflow", "no_answer.open": "booking"}
    assert office.line("office").off == {"voicemail"}
    assert {"+15125550100", "+15125550103"} <= set(policy.own_numbers)


@pytest.mark.parametrize(
    ("more", "words"),
    [('[texts]\nuse = { "busy.open" = "ovrflow" }', "did you mean 'overflow'"),
     ('[[lines]]\nname = "a"\ndialled = ["1"]\noff = ["voicemial"]', "did you mean 'voicemail'"),
     ('[quiet_hours]\nregional_file = "/nowhere/regions.toml"', "cannot be used"),
     ('[[lines]]\nname = "a"\ndialled = ["1"]\nown = { "nudge" = "{nope}" }', "no field")],
)  # fmt: skip
def test_what_means_nothing_is_named(more, words):
    with pytest.raises(ConfigProblem, match=words):
        parse('[office]\nname = "x"\n' + more, None)


def test_own_regional_tables_replace_the_packaged_ones(tmp_path):
    file = tmp_path / "regions.toml"
    file.write_text(
        'dated = "2026-11-01"\n[[table]]\nname = "Ours"\nsource = "counsel"\ncountry = "US"\nprefixes = ["+1"]\n'
        'hours = { mon-fri = "10:00-16:00" }\n'
    )
    office = office_of(parse(f'[office]\nname = "x"\n[quiet_hours]\nregional_file = "{file}"', None))
    (table,) = office.line("office").regions
    assert table.name == "Ours"
    file.write_text('dated = "2026-11-01"\n[[table]]\nname = "Ours"\n')
    with pytest.raises(ConfigProblem, match="lacks 'source'"):
        parse(f'[office]\nname = "x"\n[quiet_hours]\nregional_file = "{file}"', None)


def a_config(tmp_path, more=""):
    path = tmp_path / "config.toml"
    path.write_text(f'[office]\nname = "Alder"\n[database]\npath = "{tmp_path}/t.sqlite"\n{more}')
    return str(path)


def test_config_check_reads_the_offices_own_words(tmp_path):
    own = '[texts.own]\n"no_answer.open" = "{business}: sorry we missed your call. We\u2019ll call you shortly"\n'
    result = CliRunner().invoke(config_command.app, ["check", "--config", a_config(tmp_path, own)])
    assert result.exit_code == 0
    assert "'shortly'" in result.output
    assert "forces UCS-2" in result.output
    long = '[texts.own]\n"no_answer.open" = "{business}: ' + "we missed your call, reply here. " * 9 + '"\n'
    result = CliRunner().invoke(config_command.app, ["check", "--config", a_config(tmp_path, long)])
    assert result.exit_code == 1
    assert "error: office: own/no_answer.open" in result.output
    assert CliRunner().invoke(config_command.app, ["check", "--config", a_config(tmp_path)]).exit_code == 0


def test_limits_from_the_command_line(tmp_path):
    path = a_config(tmp_path)
    shown = CliRunner().invoke(limits.app, ["reset", "--config", path])
    assert "Nothing was stopped" in shown.output
    assert "No flood of calls" in CliRunner().invoke(limits.app, ["show", "--config", path]).output
    assert CliRunner().invoke(limits.app, ["forget", CALLER, "--config", path]).exit_code == 1
