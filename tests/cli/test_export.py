"""Everything as CSV: every row of every table, no formula, and a file for its owner alone."""

import asyncio
import csv
import io

import pytest
from typer.testing import CliRunner

from tests.replies.support import SENDER, T0, a_call, a_decision, a_message, a_part
from textback_pbx.cli import export
from textback_pbx.consent.ledger import Basis, Event, NewEntry
from textback_pbx.consent.store import append
from textback_pbx.database import Database
from textback_pbx.replies.contacts.person import person
from textback_pbx.replies.contacts.store import keep
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.replies.threads import booking_store, store
from textback_pbx.tasks import export_store
from textback_pbx.tasks.book import Kind, NewTask
from textback_pbx.tasks.store import open_task

FORMULA = '=HYPERLINK("http://example.com","x")'


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[office]\nname = "L"\ntimezone = "America/Chicago"\n[database]\npath = "{tmp_path}/t.sqlite"\n')
    asyncio.run(fill(tmp_path / "t.sqlite"))
    return path


async def fill(path):
    database = await Database.open(path)
    async with database.transaction() as tx:
        call = await a_call(tx)
        await a_decision(tx, call)
        await a_call(tx, caller=None)
        await a_message(tx, call_id=call, state="delivered")
        await a_message(tx, kind="notify")
        for number, text in enumerate([FORMULA, "-1", "@x", "+1", "\ttab", 'plain "and", more\nlines']):
            await store_part(tx, a_part(text, received_ms=T0 + number))
        await assemble_ready(tx, T0 + 9, default_line="main")
        await store.add_note(tx, 1, T0, "sam", FORMULA)
        await store.correct_field(tx, await store.find_thread(tx, 1), "name", FORMULA, T0, actor="sam")
        await booking_store.book(tx, 1, (T0, T0 + 1000), T0, actor="sam", what=FORMULA)
        await open_task(tx, NewTask(Kind.REPLY, "inbound:1", "main", FORMULA, "office", T0, T0, thread_id=1))
        await keep(tx, person(FORMULA, [SENDER], "US", tags=["vip", "x"]), source="sam", now_ms=T0)
        entry = NewEntry(Event.GRANTED, SENDER, T0, "2026", Basis.EXPRESS_WRITTEN, "paper", "form", "sam")
        await append(tx, entry)
    await database.close()


def run(config, *args, code=0):
    result = CliRunner().invoke(export.app, [*args, "--config", str(config)])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_table_is_written_for_its_owner_alone(config, tmp_path):
    run(config, "--out", str(tmp_path / "all"))
    files = {file.name: file for file in (tmp_path / "all").iterdir()}
    assert set(files) == {f"{name}.csv" for name in export_store.TABLES}
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    counts = {name: len(table(file.read_text())) for name, file in files.items()}
    assert counts["messages.csv"] == 7
    assert counts["calls.csv"] == 2
    assert {counts[name] for name in set(counts) - {"messages.csv", "calls.csv", "notes.csv"}} == {1}
    for file in files.values():
        cells = [cell for row in csv.reader(io.StringIO(file.read_text(), newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_programs_get_the_words_as_they_are(config):
    bodies = [row["body"] for row in table(run(config, "messages", "--raw"))]
    assert FORMULA in bodies
    assert 'plain "and", more\nlines' in bodies
    assert table(run(config, "calls", "--raw"))[0]["caller"] == SENDER
    assert table(run(config, "consent"))[0]["number"] == f"'{SENDER}"


def test_times_are_local_and_pages_join(config, monkeypatch):
    monkeypatch.setattr(export_store, "_PAGE", 2)
    rows = table(run(config, "messages"))
    assert [row["direction"] for row in rows] == ["in"] * 6 + ["out"]
    assert rows[0]["at"].startswith("2026-10-2")
    assert rows[0]["at"].endswith("-05:00")


def test_an_empty_table_has_its_heading(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[office]\nname = "L"\n[database]\npath = "{tmp_path}/t.sqlite"\n')
    asyncio.run(_empty(tmp_path / "t.sqlite"))
    assert run(path, "tasks").startswith("id,kind,priority,state,number")


async def _empty(path):
    await (await Database.open(path)).close()


def test_wrong_use_is_answered_with_words(config, tmp_path):
    assert "several tables need a folder" in run(config, code=2)
    assert "there is no table 'x'" in run(config, "x", code=2)
    (tmp_path / "file").write_text("")
    assert "cannot make" in run(config, "--out", str(tmp_path / "file" / "x"), code=2)
