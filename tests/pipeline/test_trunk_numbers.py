"""A trunk that writes numbers its own way, from the configuration to the row."""

import pytest

from tests.pipeline.support import open_office
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem

RULES = """
[[trunk_numbers]]
trunks = ["PJSIP/trunk*"]
strip = ["9"]
add = "+"
"""


async def test_the_callers_number_is_read_by_the_rule_of_his_trunk(tmp_path):
    async with open_office(tmp_path, extra=RULES) as office:
        story = await office.decided(await office.call("rang_out", "915125550142"))
        assert story["call"]["caller"] == "+15125550142"
        assert story["call"]["caller_raw"] == "915125550142"
        name = await office.decided(await office.call("rang_out", "Acme Plumbing"))
        assert (name["call"]["caller"], name["call"]["withheld"]) == (None, 0)


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('pbx = "nix"', "trunk_numbers.0.pbx: no PBX is named 'nix'"),
        ('strip = ["x"]', "trunk_numbers.0.strip"),
        ('add = "++"', "trunk_numbers.0.add"),
        ('country = "usa"', "trunk_numbers.0.country"),
    ],
)
def test_a_rule_that_means_nothing_is_said(text, words, tmp_path):
    with pytest.raises(ConfigProblem, match=words):
        parse(f'[office]\nname = "x"\n[[trunk_numbers]]\n{text}\n', tmp_path / "c")
