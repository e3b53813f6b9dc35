"""Canned replies: the office's own words, with the fields of texts and the linter's eye on them."""

from pathlib import Path

import pytest

from tests.replies.support import T0
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.wording import RenderProblem
from textback_pbx.replies.canned import check, render

LINE = LinePolicy(name="main", business="Lakeside Plumbing", phone="+15125550100")


def test_fields_are_filled_and_a_contact_may_be_named():
    template = "{% if caller_name %}{caller_name}, {% endif %}we are on our way. Call {phone} if anything changes."
    assert render(template, LINE, T0).text.startswith("we are on our way. Call +15125550100")
    assert render(template, LINE, T0, contact_name="Alpha").text.startswith("Alpha, we are")
    assert render(template, LINE, T0, contact_name="=1+1;http://x").text.startswith("we are")
    assert isinstance(render("x" * 400, LINE, T0), RenderProblem)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Our technician is on the way.", set()),
        ("We will be there shortly!", {"vague_promise"}),
        ("It’s done", {"ucs2"}),
        ("Book at bit.ly/x", {"shortener"}),
        ("{nonsense}", {"syntax"}),
        ("HURRY UP", {"capitals"}),
        ("y" * 400, {"segments"}),
    ],
)
def test_they_are_held_to_the_same_manners_but_not_to_a_first_texts(text, codes):
    found = check({"one": text}, "en")
    assert {finding.code for finding in found} == codes
    assert {finding.text for finding in found} <= {"replies.canned.one"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('x = "{colour}"', "there is no field 'colour'"),
        ('"On Our Way" = "x"', "is no name"),
        ("x = 1", "replies.canned"),
    ],
)
def test_what_cannot_be_used_is_said_by_the_configuration(line, why):
    with pytest.raises(ConfigProblem, match=why):
        parse(f'[office]\nname = "L"\n[replies.canned]\n{line}\n', Path("c.toml"))
