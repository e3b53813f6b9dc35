"""The wizard: what it writes is what the agent takes, and a wrong answer is asked again with the reason."""

import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from textback_pbx import setup
from textback_pbx.cli import init as cli
from textback_pbx.cli.app import app
from textback_pbx.config import load, parse
from textback_pbx.config.writing import filled, toml

ANSWERS = """
[office]
name = 'Bob "the pipe" & Söhne'
country = "US"
timezone = "America/Chicago"
phone = "+15125550100"
[hours]
weekdays = ["08:00-12:00", "13:00-17:00"]
saturday = "-"
[lines]
dialled = ["5001", "+15125550100"]
[ami]
port = 5039
[modem]
port = "socket://127.0.0.1:1"
[consent]
policy = "announced"
actor = "the owner"
"""


@pytest.fixture
def wizard(tmp_path, monkeypatch):
    def run(answers=ANSWERS, *more, typed=""):
        (tmp_path / "answers.toml").write_text(answers)
        (tmp_path / "secret").write_text("a secret word\n")
        words = ["init", "--config", str(tmp_path / "etc" / "config.toml"), "--database", str(tmp_path / "t.sqlite"),
                 "--secret-file", str(tmp_path / "secret"), *more]  # fmt: skip
        if not typed:
            words += ["--answers", str(tmp_path / "answers.toml")]
        monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
        return CliRunner().invoke(app, words, input=typed or None, prog_name="textback-pbx")

    return run


def test_from_a_script_it_writes_what_was_answered_and_the_agent_takes_it(wizard, tmp_path):
    result = wizard(ANSWERS, "--skip-checks")
    assert result.exit_code == 0, result.output
    written = tmp_path / "etc" / "config.toml"
    settings = load(written)
    assert settings.office.name == 'Bob "the pipe" & Söhne'
    assert settings.hours.tuesday == ("08:00-12:00", "13:00-17:00")
    assert (settings.hours.saturday, settings.hours.closed_on) == ((), ())
    assert [line.dialled for line in settings.lines] == [("5001", "+15125550100")]
    assert (settings.ami.port, settings.ami_secret(), settings.dry_run) == (5039, "a secret word", True)
    assert stat.S_IMODE(written.stat().st_mode) == 0o640
    assert "a secret word" not in written.read_text() + result.output
    assert written.read_text().count("\n#") > 100  # the comments came along
    assert "calling on is the consent" in result.output


def test_it_never_writes_over_a_configuration_unasked(wizard, tmp_path):
    assert wizard(ANSWERS, "--skip-checks").exit_code == 0
    before = (tmp_path / "etc" / "config.toml").read_text()
    assert wizard(ANSWERS.replace("Bob", "Bert"), "--skip-checks").exit_code == 2
    assert (tmp_path / "etc" / "config.toml").read_text() == before
    assert wizard(ANSWERS.replace("Bob", "Bert"), "--skip-checks", "--force").exit_code == 0
    assert "Bert" in (tmp_path / "etc" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('timezone = "Chicago"', "no such time zone"),
        ('country = "usa"', "two capitals"),
        ('weekdays = "8-17"', "no opening time"),
        ('policy = "off"', "is no policy"),
    ],
)
def test_a_script_with_a_wrong_answer_ends_with_the_reason(wizard, tmp_path, wrong, words):
    key = wrong.split(" ")[0]
    answers = "\n".join(wrong if line.startswith(f"{key} ") else line for line in ANSWERS.splitlines())
    result = wizard(answers, "--skip-checks")
    assert result.exit_code in (2, 3)
    assert words in result.output


def test_a_person_is_asked_again_and_told_why(wizard, tmp_path):
    typed = ["", "", "", "", "Lakeside Plumbing", "usa", "US", "", "Chicago", "America/Chicago", *[""] * 8, "no",
             "recorded", "the owner"]  # fmt: skip
    result = wizard(ANSWERS, "--skip-checks", typed="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    assert "two capitals" in result.output
    assert "no such time zone" in result.output
    assert load(tmp_path / "etc" / "config.toml").dry_run is False


def test_the_checks_say_what_does_not_work_and_how_it_goes_on(wizard):
    result = wizard(ANSWERS)
    assert "Does it work?" in result.output
    assert "Next:" in result.output


def test_a_second_run_keeps_the_database_the_answers_and_the_former_file(wizard, tmp_path, monkeypatch):
    """Another database would know of nobody's STOP; Enter must change nothing."""
    assert wizard(ANSWERS.replace('"5001", "+15125550100"', '"5001"') + "[setup]\ndry_run = false\n",
                  "--skip-checks").exit_code == 0  # fmt: skip
    written = tmp_path / "etc" / "config.toml"
    former = written.read_text()
    before = load(written)
    words = ["init", "--config", str(written), "--force", "--skip-checks"]
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
    result = CliRunner().invoke(app, words, input="\n" * 30, prog_name="textback-pbx")
    assert result.exit_code == 0, result.output
    now = load(written)
    assert (now.database, now.office, now.hours, now.ami_secret(), now.dry_run, now.modem.port) == (
        before.database, before.office, before.hours, before.ami_secret(), False, before.modem.port
    )  # fmt: skip
    assert [line.dialled for line in now.lines] == [("5001",)]
    [kept] = written.parent.glob("config.toml.former-*")
    assert kept.read_text() == former
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert str(kept) in result.output
    former = written.read_text()
    written.write_text(former.replace("office.country", "x").replace('country = "US"', 'country = "usa"'))  # broken
    assert wizard_again(words, ANSWERS, tmp_path).exit_code == 0
    assert load(written).database == before.database


def wizard_again(words, answers, folder):
    (folder / "again.toml").write_text(answers)
    return CliRunner().invoke(app, [*words, "--answers", str(folder / "again.toml")], prog_name="textback-pbx")


def test_leaving_in_the_middle_changes_nothing(tmp_path, monkeypatch):
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "ami-secret").write_text("the one that works\n")
    (etc / "config.toml").write_text('[office]\nname = "x"\n')
    words = ["init", "--config", str(etc / "config.toml"), "--force", "--skip-checks"]
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
    result = CliRunner().invoke(app, words, input="\n\n\n\nanother secret\nLakeside\n", prog_name="textback-pbx")
    assert result.exit_code != 0
    assert (etc / "ami-secret").read_text() == "the one that works\n"
    assert (etc / "config.toml").read_text() == '[office]\nname = "x"\n'
    assert sorted(path.name for path in etc.iterdir()) == ["ami-secret", "config.toml"]


def test_a_hurried_person_is_asked_again_for_the_modem_and_the_policy(wizard, tmp_path):
    typed = ["7", "", *[""] * 3, "Lakeside Plumbing", "US", "", "America/Chicago", *[""] * 8, "no", "recorder",
             "recorded", "the owner"]  # fmt: skip
    result = wizard(ANSWERS, "--skip-checks", typed="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    assert "no number 7" in result.output
    assert "'recorder' is no policy" in result.output


def test_letters_of_a_terminal_that_is_not_utf_8_are_asked_for_again(wizard, tmp_path, monkeypatch):
    asked = iter(["S\udcf6hne", "Söhne\x1b[A", "Söhne"])
    real = cli.typer.prompt
    monkeypatch.setattr(
        cli.typer, "prompt", lambda words, **more: next(asked) if "name" in words else real(words, **more)
    )
    typed = [*[""] * 4, "US", "", "America/Chicago", *[""] * 8, "no", "recorded", "the owner"]
    result = wizard(ANSWERS, "--skip-checks", typed="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    assert result.output.count("no UTF-8") == 2
    assert load(tmp_path / "etc" / "config.toml").office.name == "Söhne"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_the_right_to_write_it_says_so_before_it_asks(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    words = ["init", "--config", str(tmp_path / "c.toml")]
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
    result = CliRunner().invoke(app, words, input="", prog_name="textback-pbx")
    assert (result.exit_code, "sudo" in result.output, "1. The modem" in result.output) == (3, True, False)


# the file ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: text.strip()))
def test_any_name_comes_back_as_it_was_typed(name):
    text = filled(setup.example(), {"office.name": name})
    assert tomllib.loads(text)["office"]["name"] == name


def test_every_key_of_the_example_can_be_filled():
    example = setup.example()
    data = tomllib.loads(filled(example, {}))
    for section in ("office", "hours", "ami", "modem", "rules", "texts", "database", "log"):
        for key, value in ((k, v) for k, v in data[section].items() if not isinstance(v, dict)):
            assert tomllib.loads(filled(example, {f"{section}.{key}": value}))[section][key] == value
    with pytest.raises(KeyError, match="nonsense"):
        filled(example, {"office.nonsense": 1})


def test_the_examples_lines_do_not_come_over_and_the_rest_is_unchanged():
    text = filled(setup.example(), {})
    assert parse(text, Path("c")).lines == ()
    assert parse(text, Path("c")).rules == parse(setup.example(), Path("c")).rules


@pytest.mark.parametrize("value", [True, 3, 1.5, "a\tb", ["x", "y"], []])
def test_values_are_toml(value):
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value


def test_zone_and_country_are_guessed_from_the_machine(tmp_path):
    (tmp_path / "zone.tab").write_text(
        "# a comment\nGB\t+513030-0000731\tEurope/London\nUS\t+4151-08739\tAmerica/Chicago\n"
    )
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/London")
    assert setup.here(tmp_path, tmp_path) == ("Europe/London", "GB")
    assert setup.here(tmp_path / "nothing", tmp_path) == ("", "")
