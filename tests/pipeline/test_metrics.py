"""The text file for Prometheus: its format by promtool's rules, its figures against the office, its place on disk."""

import re
from pathlib import Path

import pytest

from tests.pipeline.support import open_office, until
from textback_pbx.pipeline.metrics import Family, render

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (-?[0-9.e+-]+|NaN)")


def parse(text):
    """Read an exposition as strictly as `promtool check metrics`; return samples by name and labels."""
    assert text.endswith("\n")
    found, seen, name, kind, helped = {}, set(), "", "", ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            helped, words = re.fullmatch(rf"# HELP ({NAME}) (.+)", line).groups()
            assert words
            assert helped not in seen, "a family stands twice"
            seen.add(helped)
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(rf"# TYPE ({NAME}) (gauge|counter)", line).groups()
            assert name == helped, "a type without its help"
            assert name.endswith("_total") is (kind == "counter"), "promtool: counters and only they end in _total"
            assert re.fullmatch(r"[a-z0-9_]+", name)
            assert not re.search(r"_(ms|minutes|hours|percent)$", name), "promtool: base units"
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == name, "a sample outside its family"
            key = (match[1], match[2] or "")
            assert key not in found, "a sample twice"
            found[key] = float(match[3])
    return found


@pytest.mark.parametrize("value", ["plain", 'a "quote"', "back\\slash", "line\nfeed", 'all "\\\n of it'])
def test_labels_are_escaped(value):
    text = render([Family("x", "gauge", "Help with \\ and\nline.", (({"a": value, "b": "1"}, 1.5),))])
    ((_, labels),) = parse(text)
    read = re.fullmatch(rf'a="({LABEL[LABEL.index("(") :]}|.*)",b="1"', labels)[1]
    assert re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), read) == value


def test_numbers_keep_their_digits():
    text = render([Family("x", "gauge", "Help.", (({}, 1_795_220_573.425), ({"a": "b"}, -77.0)))])
    assert list(parse(text).values()) == [1_795_220_573.425, -77.0]


async def test_the_office_in_figures(tmp_path):
    path = tmp_path / "textback_pbx.prom"
    async with open_office(tmp_path, extra=f'[metrics]\ntextfile = "{path}"\n') as office:
        await office.consent()
        await office.call("rang_out")
        await office.texts(1)

        async def counted():
            office.agent._wake_all()
            return path.exists() and parse(path.read_text()).get(("textback_pbx_texts_last_day", "")) == 1

        await until(counted, "the text is counted")
        found = parse(path.read_text())
        assert found["textback_pbx_component_state", 'component="modem"'] == 0
        assert found["textback_pbx_modem_signal_dbm", 'modem="modem"'] == -73
        assert found["textback_pbx_modem_texts_left_hour", 'modem="modem"'] == 999
        assert found["textback_pbx_parts_waiting", 'state="unknown"'] == 0
        assert found["textback_pbx_modem_restarts_total", 'modem="modem"'] == 0
        assert path.stat().st_mode & 0o777 == 0o644
        assert "+1512" not in path.read_text()
        assert [one.name for one in tmp_path.glob(".*.new")] == []
        page = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
        assert set(re.findall(r"`(textback_pbx_\w+)`", page)) == {name for name, _ in found}


async def test_a_file_that_cannot_be_written_is_said_and_hurts_nothing(tmp_path):
    path = tmp_path / "nowhere" / "x.prom"
    async with open_office(tmp_path, extra=f'[metrics]\ntextfile = "{path}"\n') as office:

        async def said():
            note = office.agent.board.get("metrics")
            return note and note.state == "warn" and "make its folder" in note.message

        await until(said, "the board says so")
        await office.consent()
        await office.call("rang_out")
        await office.texts(1)
