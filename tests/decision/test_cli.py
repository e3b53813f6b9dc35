"""``templates`` and ``decide`` as an installer types them."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from tests.decision.support import CALLER
from tests.decision.test_store import consented
from textback_pbx.cli import decide, templates
from textback_pbx.database import Database
from textback_pbx.decision import template_sets


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        '[office]\nname = "Alder Plumbing"\ntimezone = "America/Chicago"\n'
        '[[lines]]\nname = "vets"\ndialled = ["+15125550111"]\ntrade = "pet"\n'
        f'[database]\npath = "{tmp_path}/t.sqlite"\n'
    )

    async def fill():
        database = await Database.open(tmp_path / "t.sqlite")
        async with database.transaction() as tx:
            await consented(tx)
        await database.close()

    asyncio.run(fill())
    return path


def run(app, *args, code=0):
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result.output


def test_list_names_every_set_text_and_field():
    assert {row["set"] for row in json.loads(run(templates.app, "list", "--json"))} == {
        s.name for s in template_sets.all_sets()
    }
    assert "{callback_time}" in run(templates.app, "list", "--fields")
    assert "nobody took it" in run(templates.app, "list", "dental.es")
    run(templates.app, "list", "dentist.fr", code=2)


def test_preview_shows_every_text_with_its_greeting(config):
    text = run(templates.app, "preview", "law.en", "--business", "Alder Law")
    for situation in template_sets.SITUATIONS:
        assert f"{situation}: " in text
    assert "Alder Law: sorry we missed your call." in text
    assert "does not make you a client" in text
    rows = json.loads(run(templates.app, "preview", "-s", "busy.open", "--line", "vets", "--config", config, "--json"))
    assert rows[0]["text"].startswith("Alder Plumbing: we had our hands full")
    run(templates.app, "preview", "-s", "nope", code=2)
    run(templates.app, "preview", "--line", "nope", "--config", config, code=2)


def test_lint_passes_ours_and_fails_theirs(config):
    assert run(templates.app, "lint").strip() == "0 findings"
    assert run(templates.app, "lint", "--config", config).strip() == "0 findings"
    text = run(templates.app, "lint", "--text", "{business}: we’ll call shortly " + "x" * 150, code=1)
    assert "forces UCS-2" in text
    assert "vague_promise" in text
    assert json.loads(run(templates.app, "lint", "--text", "{nope}", "--json", code=1))[0]["code"] == "syntax"


def test_decide_tells_the_whole_way(config):
    text = run(decide.app, "--from", CALLER, "--at", "2026-11-16T10:00", "--config", config)
    assert "text: missed, allowed, and in time (rule text)" in text
    assert "Alder Plumbing: sorry we missed your call." in text
    call = ("--from", CALLER, "--to", "+15125550111", "--outcome", "busy", "--at", "2026-11-15T12:00-06:00")
    answer = json.loads(run(decide.app, *call, "--config", config, "--json"))
    assert (answer["verdict"], answer["message"]["template"]) == ("text", "pet.en/busy.closed")
    assert "by Mon 9:00 am" in answer["message"]["body"]
    assert answer["trace"][-1]["rule"] == "text"


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        (("--from", ""), "withheld"),
        (("--from", "911"), "no_number"),
        (("--from", "+15125550143"), "consent"),
        (("--from", CALLER, "--ring", "1"), "min_ring"),
        (("--from", CALLER, "--ago", "1000"), "too_late"),
        (("--from", CALLER, "--voicemail"), "voicemail"),
        (("--from", "+447700900123"), "country"),
        (("--from", "+18005551234"), "number_class"),
        (("--from", "+15125550111"), "own_number"),
        (("--from", CALLER, "--outcome", "lost"), "lost"),
    ],
)
def test_decide_names_the_rule(config, args, rule):
    answer = json.loads(run(decide.app, *args, "--at", "2026-11-16T10:00", "--config", config, "--json"))
    assert answer["rule"] == rule


def test_decide_refuses_what_it_cannot_read(config):
    run(decide.app, "--from", CALLER, "--outcome", "sideways", "--config", config, code=2)
    run(decide.app, "--from", CALLER, "--at", "noonish", "--config", config, code=2)
    run(decide.app, "--from", CALLER, "--to", "nowhere", "--config", config, code=2)
