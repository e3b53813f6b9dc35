"""The page about the modem names only tests that exist, and every requirement has at least one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "modem.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_the_tests_it_names_exist(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert {name for where, name in NAMED if where == file} <= there


def test_each_of_the_eighteen_requirements_has_a_test():
    rows = re.findall(r"(?m)^\| (\d+) \|.*\| (.*) \|$", PAGE)
    assert [int(number) for number, _ in rows] == list(range(1, 19))
    assert all("::test_" in tests for _, tests in rows)
