"""The page of defaults says what the code does: keys that exist, their defaults, rules that exist."""

from pathlib import Path

import pytest

from tests.docs_settings import _default, keys
from textback_pbx.consent.policies import DEFAULT
from textback_pbx.decision import nudge, rules

PAGE = Path(__file__).parents[2] / "docs" / "defaults.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| what holds"))
]
KNOWN = dict(keys())
RULES = {rule.name for rule in (*rules.RULES, *nudge.RULES)}


def test_the_page_has_rows_and_names_what_bounds_the_texts():
    assert len(ROWS) > 50
    named = {row[1].strip("`") for row in ROWS}
    limits = {key for key in KNOWN if key.startswith(("rules.", "quiet_hours.", "nudge."))}
    assert limits - named <= {"quiet_hours.regional_file", "rules.alert_every_hours"}  # neither bounds a text itself


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_row_is_true(row):
    says, key, default, rule = row
    assert says
    if key != "-":
        assert key.strip("`") in KNOWN
        assert default.strip("`").strip('"') == _default(KNOWN[key.strip("`")]).strip("`").strip('"')
    if rule != "-":
        assert rule.strip("`") in RULES


def test_until_the_office_chooses_the_strictest_policy_holds():
    assert DEFAULT.value == "recorded"
