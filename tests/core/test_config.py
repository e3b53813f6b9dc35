"""The configuration: the example is whole, every problem is named at once with its line, secrets stay secret."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from textback_pbx import config
from textback_pbx.config import Settings, parse
from textback_pbx.config.problems import ConfigProblem, _model_in, key_lines

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text()
MINIMAL = '[office]\nname = "Lakeside"\n'


def keys_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = None if name in ("pbx", "modems") else _model_in(field.annotation)  # its keys are those of [ami]
        found |= keys_of(inner, f"{prefix}{name}.") if inner else {prefix + name}
    return found


def test_the_example_loads_and_its_comments_name_every_key():
    assert parse(EXAMPLE, Path("config.example.toml")).office.name == "Lakeside Plumbing"
    shown = {re.sub(r"\.\d+", "", key) for key in key_lines(re.sub(r"(?m)^# (?=\w+ = |\[)", "", EXAMPLE))}
    assert keys_of(Settings) - shown == set()


def test_the_defaults_in_the_example_are_the_defaults():
    example, default = parse(EXAMPLE, Path("x")), parse(MINIMAL, Path("x"))
    for section in ("rules", "quiet_hours", "texts", "database", "log", "ami"):
        assert getattr(example, section) == getattr(default, section), section
    assert example.dry_run == default.dry_run


@pytest.mark.fault(49)
def test_all_problems_at_once_each_with_its_line():
    text = (
        'dry_run = 3\n[office]\nnam = "x"\ncountry = "usa"\n[ami]\nport = 0\n[modem]\npin = "1"\npin_file = "/none"\n'
    )
    with pytest.raises(ConfigProblem) as caught:
        parse(text, Path("c.toml"))
    report = str(caught.value)
    for expected in (
        "line 1: dry_run:",
        "line 2: office.name: must be set",
        "line 3: office.nam: no such key; did you mean 'name'?",
        "line 4: office.country: 'usa'",
        "line 6: ami.port:",
        "line 9: modem: pin and pin_file are both set",
        "line 9: modem.pin_file: cannot be read",
    ):
        assert expected in report
    assert len(caught.value.problems) == 7


@pytest.mark.fault(49)
def test_a_value_that_means_nothing_is_a_problem_with_its_line():
    text = (
        '[office]\nname = "x"\nphone = "call us"\n[hours]\nclosed_on = ["2026-12-24", "2026-02-30", "xmas"]\n'
        '[modem]\nmodel = "nix"\nport = "/dev/a\\u0000b"\n'
        '[texts]\noff = ["nudges"]\n[texts.own]\n"busy.open" = "{business}: {nix}"\nfoo = "x"\n'
        '[[lines]]\nname = "b"\ndialled = ["+15125550102"]\n[lines.hours]\nclosed_on = ["12/24"]\n'
    )
    with pytest.raises(ConfigProblem) as caught:
        parse(text, Path("c.toml"))
    report = str(caught.value)
    for expected in (
        "line 3: office.phone: 'call us'",
        "line 5: hours.closed_on: '2026-02-30' is no day",
        "line 5: hours.closed_on: 'xmas' is no day",
        "line 7: modem.model: no such model: 'nix'; there are: auto",
        "line 8: modem.port: holds a control character",
        "line 10: texts.off: no text is named 'nudges'; did you mean 'nudge'?",
        "texts.own.busy.open: ",
        "texts.own.foo: no text is named 'foo'",
        "line 18: lines.0.hours.closed_on: '12/24' is no day",
    ):
        assert expected in report
    assert len(caught.value.problems) == 9


@pytest.mark.fault(49)
def test_a_broken_variable_of_the_environment_is_a_problem(monkeypatch):
    monkeypatch.setenv("TEXTBACK_PBX__OFFICE", "{")
    with pytest.raises(ConfigProblem, match=r"environment: .*office"):
        parse(MINIMAL, Path("c.toml"))


def test_two_lines_may_not_share_a_number():
    line = '[[lines]]\nname = "{}"\ndialled = ["5001"]\n'
    with pytest.raises(ConfigProblem, match="'5001' is dialled for two"):
        parse(MINIMAL + line.format("a") + line.format("b"), Path("x"))


@pytest.mark.parametrize("hours", ["17:00-08:00", "8-17", "08:00-25:00", "08:00"])
def test_an_opening_time_that_is_none_is_refused(hours):
    with pytest.raises(ConfigProblem, match=r"hours\.monday"):
        parse(MINIMAL + f'[hours]\nmonday = "{hours}"\n', Path("x"))


def test_the_environment_wins_for_secrets_and_nothing_prints_them(monkeypatch):
    monkeypatch.setenv("TEXTBACK_PBX__AMI__SECRET", "from-the-environment")
    settings = parse(MINIMAL + '[ami]\nsecret = "from-the-file"\nport = 5039\n', Path("x"))
    assert settings.ami_secret() == "from-the-environment"
    assert settings.ami.port == 5039
    assert "from-the-environment" not in repr(settings)


def test_a_secret_file_is_read_and_stripped(tmp_path):
    (tmp_path / "s").write_text("hush\n")
    assert parse(MINIMAL + f'[ami]\nsecret_file = "{tmp_path / "s"}"\n', Path("x")).ami_secret() == "hush"


@pytest.mark.parametrize(("content", "word"), [(b"\xff", "UTF-8"), (b"[office", "TOML"), (None, "cannot be read")])
def test_a_file_that_cannot_be_read_says_why(tmp_path, content, word):
    path = tmp_path / "c.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigProblem, match=word):
        config.load(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[modems]]\nname = "b"\n', "modems.0.port: must be set"),
        ('[[modems]]\nport = "/dev/b"\n', "modems.0.name: must be set"),
        ('[modem]\nport = "/dev/a"\n[[modems]]\nname = "modem"\nport = "/dev/b"\n', "two have the name 'modem'"),
        ('[modem]\nport = "/dev/a"\n[[modems]]\nname = "b"\nport = "/dev/a"\n', "two have the port '/dev/a'"),
        ('[[modems]]\nname = "b"\nport = "/dev/b"\nmodel = "nokia"\n', "line 6: modems.0.model: no such model"),
        ('[[modems]]\nname = "b"\nport = "/dev/b"\npin_file = "/none"\n', "modems.0.pin_file: cannot be read"),
        ('[[lines]]\nname = "x"\ndialled = ["1"]\nmodem = "c"\n', "no modem is named 'c'; there are: modem"),
        ('[modem]\nussd_credit = "100"\n', "line 4: modem.ussd_credit"),
    ],
)
def test_what_is_wrong_with_several_modems_is_named(text, words):
    with pytest.raises(ConfigProblem) as caught:
        parse(MINIMAL + text, Path("c.toml"))
    assert words in str(caught.value)


def test_one_modem_and_several():
    def names(text):
        return [modem.name for modem in parse(MINIMAL + text, Path("c.toml")).every_modem()]

    assert names("") == ["modem"]
    assert names('[[modems]]\nname = "b"\nport = "/dev/b"\n') == ["b"]
    assert names('[modem]\nport = "/dev/a"\n[[modems]]\nname = "b"\nport = "/dev/b"\n') == ["modem", "b"]


@pytest.mark.parametrize("wrong", ['[database]\npath = "t.sqlite"\n', '[backup]\nfolder = "usb/textback"\n'])
def test_a_path_that_depends_on_where_a_command_is_started_is_refused(wrong):
    with pytest.raises(ConfigProblem, match="begin it with /"):
        parse(f'[office]\nname = "x"\n{wrong}', Path("c.toml"))
