"""The bundle holds what helps, and nobody: searched for everything private that was put in."""

import asyncio
import sys
import tarfile

from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.keeping.support import ANNA, BERT, T0, call, opened, queue_text, say
from textback_pbx import phone, support
from textback_pbx.cli.app import app
from textback_pbx.consent.ledger import Event

CONFIG = """
[office]
name = "Lakeside Plumbing"
phone = "+1 (512) 555-0100"
own_numbers = ["+15125550100"]
[ami]
port = 1
secret = "a-very-secret-word"
[modem]
pin = "4711"
[database]
path = "{folder}/t.sqlite"
"""


def bundle(folder, monkeypatch):
    words = ["support-bundle", "--config", str(folder / "c.toml"), "--out", str(folder / "b.tar.gz")]
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
    result = CliRunner().invoke(app, words, prog_name="textback-pbx")
    assert result.exit_code == 0, result.output
    with tarfile.open(folder / "b.tar.gz") as packed:
        return {member.name.rpartition("/")[2]: packed.extractfile(member).read().decode() for member in packed}


async def fill(folder):
    async with opened(folder / "t.sqlite") as database:
        await say(database, Event.REVOKED, BERT)
        await queue_text(database, await call(database, "k"))
        async with database.transaction() as tx:
            await tx.run("INSERT INTO inbound (sender, body, received_ms) VALUES (?, 'my boiler leaks', ?)", (ANNA, T0))
            await tx.run(
                "INSERT INTO health (component, state, message, since_ms) VALUES ('modem', 'fail', ?, 1)",
                (f"no answer about {ANNA}",),
            )


def test_nobody_is_in_it_and_what_helps_is(tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text(CONFIG.format(folder=tmp_path))
    asyncio.run(fill(tmp_path))
    files = bundle(tmp_path, monkeypatch)
    assert set(files) == {"about.txt", "log.txt", "config.json", "doctor.json", "rows.json"}
    everything = "\n".join(files.values())
    for private in (ANNA, BERT, ANNA[1:], "512) 555", "5550100", "a-very-secret-word", "4711", "boiler", "missed your"):
        assert private not in everything, private
    assert phone.tag(ANNA) in files["rows.json"]
    assert '"outcome": "no_answer"' in files["rows.json"]
    assert "pbx.reach" in files["doctor.json"]
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0


def test_it_is_made_also_when_nothing_works(tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text("[office]\nnam = 1\n")
    files = bundle(tmp_path, monkeypatch)
    assert "did you mean 'name'" in files["config-problems.txt"]


def test_it_is_never_written_over_another_file(tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "b.tar.gz").write_text("somebody's")
    words = ["support-bundle", "--config", str(tmp_path / "c.toml"), "--out", str(tmp_path / "b.tar.gz")]
    monkeypatch.setattr(sys, "argv", ["textback-pbx", *words])
    assert CliRunner().invoke(app, words, prog_name="textback-pbx").exit_code == 3
    assert (tmp_path / "b.tar.gz").read_text() == "somebody's"


@given(st.integers(10**9, 10**12 - 1), st.sampled_from(["{}", "+{}", "from {}: x", "({})", "{}, and", "tel {}."]))
def test_any_number_is_masked_wherever_it_stands(number, words):
    assert str(number) not in support.masked(words.format(number))


@given(st.datetimes())
def test_times_stay_readable(at):
    text = at.isoformat(timespec="milliseconds")
    assert support.masked(text) == text
