"""A gap and what its repair found are seen where people look: calls list, status, why."""

import json
import subprocess
import sys

import pytest

from tests.pipeline.test_repair import SHOWN, _backdate_the_heartbeat, decisions, off, office_with, repaired


def run(path, *arguments: str) -> str:
    command = [sys.executable, "-m", "textback_pbx", *arguments, "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.fixture
async def after_a_gap(tmp_path):
    async with office_with(tmp_path, unanswered=False) as (office, records):
        await off(office)
        uid = records.add(ago=20, said=SHOWN)
        await _backdate_the_heartbeat(office)
        await office.start()
        await repaired(office)
        await decisions(office)
    config = tmp_path / "config.toml"
    config.write_text(f'[office]\nname = "Lakeside"\n[database]\npath = "{office.path}"\n')
    return config, uid


def test_calls_list_status_and_why_show_it(after_a_gap):
    config, uid = after_a_gap
    listed = run(config, "calls", "list")
    assert "from call records" in listed
    assert "the agent was not running): 1 call recovered, by Master.csv; cdr.unanswered is not set" in listed
    gap = [json.loads(line) for line in run(config, "calls", "list", "--json").splitlines()][-1]
    assert (gap["kind"], gap["repaired"], gap["recovered"]) == ("gap", "partly", 1)
    status = json.loads(run(config, "status", "--json"))
    assert status["counts"]["calls recovered from call records (7 days)"] == 1
    assert any(note["component"] == "cdr" for note in status["health"])
    report = json.loads(run(config, "report", "--today", "--json"))
    assert (report["gaps"], report["gap_calls"], report["gaps_not_repaired"]) == (1, 1, 1)
    why = run(config, "why", uid)
    assert "recovered, low confidence" in why
    assert "The PBX was not heard from" in why
    assert "in doubt: cdr.unanswered is not set" in why
    assert "rule recovered" in why
