"""docs/simulators.md names every fault, step, outcome, quirk, control command and journal kind, with its own words."""

from pathlib import Path

import pytest

from textback_pbx.testing.faults import MODEM_EVENTS, MODEM_FAULTS
from textback_pbx.testing.modem import Options, _parser
from textback_pbx.testing.modem_commands import ASYNC_COMMANDS, COMMANDS, QUIT
from textback_pbx.testing.modem_models import QUIRKS, load_model, model_from, model_names
from textback_pbx.testing.modem_state import JOURNAL_KINDS
from textback_pbx.testing.smsc import OUTCOMES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "simulators.md").read_text(encoding="utf-8")
CONTROL = {name: text for name, (text, _) in (COMMANDS | ASYNC_COMMANDS).items()} | dict([QUIT])


@pytest.mark.parametrize("table", [MODEM_EVENTS, MODEM_FAULTS, QUIRKS, JOURNAL_KINDS, CONTROL])
def test_every_name_has_its_row(table):
    missing = [name for name, text in table.items() if f"| `{name}` | {text} |\n" not in PAGE]
    assert not missing, f"docs/simulators.md lacks or misquotes: {missing}"


def test_every_outcome_and_option_is_there():
    assert not [name for name in OUTCOMES if f"| `{name}` |" not in PAGE]
    options = [action.option_strings[-1] for action in _parser()._actions]
    assert not [option for option in options if option != "--help" and option not in PAGE]
    assert {action.dest for action in _parser()._actions} - {"help"} == set(Options.__dataclass_fields__)


@pytest.mark.parametrize("name", model_names())
def test_every_model_file_can_be_played(name):
    assert load_model(name).name == name


def test_a_wrong_model_is_refused_by_name():
    with pytest.raises(ValueError, match="no modem model 'nix'"):
        load_model("nix")
    with pytest.raises(ValueError, match="unknown in \\[simulator\\]: colour, sings"):
        model_from("x", {"colour": "red", "quirks": ["sings"]})
