"""The wizard: what it writes is what the agent takes, and a wrong answer is asked again with the reason."""

import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from textback_pbx import setup
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
