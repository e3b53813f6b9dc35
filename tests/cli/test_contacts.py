"""Contacts from the command line: imported with a line for every refusal, exported, and imported again."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from tests.replies.support import SENDER
from textback_pbx.cli import contacts
from textback_pbx.database import Database


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[office]\nname = "Lakeside Plumbing"\n[database]\npath = "{tmp_path}/t.sqlite"\n')

    async def make():
        await (await Database.open(tmp_path / "t.sqlite")).close()

    asyncio.run(make())
    return path


def run(config, *args, code=0):
    result = CliRunner().invoke(contacts.app, [*args, "--config", str(config)])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


PEOPLE = 'name,phone,tags\n"=Alpha, Example",(512) 555-0142,vip\nBeta,555,\nGamma,+15125550143;12,\n'


def test_an_import_says_what_it_did_line_by_line(config, tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    file = str(tmp_path / "people.csv")
    would = run(config, "import", file, "--dry-run", code=1)
    assert "Would be: 2 new, 0 changed, 0 same; 1 refused." in would
    assert run(config, "list") == "No contacts.\n"
    said = run(config, "import", file, "--customer", "known", "--tag", "2026", code=1)
    assert "line 3: Beta: refused: '555' is no telephone number" in said
    assert "line 4: Gamma: left out: '12' is no telephone number" in said
    assert "Kept: 2 new, 0 changed, 0 same; 1 refused." in said
    again = json.loads(run(config, "import", file, "--json", code=1))
    assert (again["same"], again["refused"][0]["line"]) == (2, 3)
    assert "known" in run(config, "show", SENDER)
    assert [one["id"] for one in json.loads(run(config, "list", "--tag", "vip", "--json"))] == [1]


@pytest.mark.parametrize("form", ["csv", "vcard3", "vcard4"])
def test_what_is_exported_is_imported_again_unchanged(config, tmp_path, form):
    (tmp_path / "people.csv").write_text(PEOPLE)
    run(config, "import", str(tmp_path / "people.csv"), "--customer", "known", code=1)
    out = tmp_path / "out"
    run(config, "export", "--format", form, "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    assert "Kept: 0 new, 0 changed, 2 same; 0 refused." in run(config, "import", str(out))
    assert "=Alpha, Example" in run(config, "show", "1")


def test_an_export_holds_no_formula(config, tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    run(config, "import", str(tmp_path / "people.csv"), code=1)
    assert "\"'=Alpha, Example\",'+15125550142" in run(config, "export")


def test_contacts_by_hand(config):
    run(config, "add", SENDER, "--name", "Alpha", "--tag", "vip", "--as", "sam")
    assert "Contact 1: changed." in run(config, "add", SENDER, "+15125550143", "--untag", "vip", "--tag", "x")
    shown = run(config, "show", "+15125550143")
    assert "tags      x\n" in shown
    assert "from      sam" in shown
    assert "no telephone number" in run(config, "add", "12", "--name", "x", code=2)
    assert "is removed" in run(config, "remove", "1")
    assert "there is no contact 1" in run(config, "remove", "1", code=1)


def test_files_that_cannot_be_read_are_named(config, tmp_path):
    (tmp_path / "bad").write_bytes(b"name,phone\n\xe9,1\n")
    assert "is not UTF-8 (byte 11)" in run(config, "import", str(tmp_path / "bad"), code=2)
    assert "No such file" in run(config, "import", str(tmp_path / "none"), code=2)
    (tmp_path / "bad").write_text("name,street\n")
    assert "names no column" in run(config, "import", str(tmp_path / "bad"), code=2)
    assert "no format" in run(config, "export", "--format", "xml", code=2)
    assert "cannot write" in run(config, "export", "--out", str(tmp_path / "no" / "out"), code=2)
