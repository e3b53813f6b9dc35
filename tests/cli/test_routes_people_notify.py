"""The commands about people: whose a text would be, who is away, what reached nobody, and who has a task now."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.pipeline.staff_desk import CONFIG
from textback_pbx.cli import notify, people, routes, tasks
from textback_pbx.config import parse
from textback_pbx.config.problems import ConfigProblem
from textback_pbx.database import Database
from textback_pbx.replies.contacts.person import Customer, Person
from textback_pbx.replies.contacts.store import keep
from textback_pbx.tasks import notify_store
from textback_pbx.tasks.book import Kind, NewTask
from textback_pbx.tasks.store import open_task

MORNING = "2026-11-24T10:00"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + f'[database]\npath = "{tmp_path}/t.sqlite"\n')
    return path


def run(app, config, *args, code=0):
    result = CliRunner().invoke(app, [*args, "--config", str(config)])
    assert result.exit_code == code, result.output
    return result.output


async def with_database(config, work):
    database = await Database.open(config.parent / "t.sqlite")
    try:
        async with database.transaction() as tx:
            return await work(tx)
    finally:
        await database.close()


def do(config, work):
    return asyncio.run(with_database(config, work))


def test_each_rule_says_its_verdict_and_nothing_is_written(config):
    shown = run(routes.app, config, "test", "our water heater leaks at 78704", "--at", MORNING)
    assert "water heaters  MATCHES  the word 'water heater'" in shown
    assert "kim has it (in turn in on call), urgent, due 2026-11-24T10:05-06:00" in shown
    assert not (config.parent / "t.sqlite").exists()
    found = json.loads(run(routes.app, config, "test", "tap drips in 10001", "--at", MORNING, "--json"))
    assert [one["rule"] for one in found["rules"]] == ["water heaters", "territories", "the line's owner"]
    assert [one["matched"] for one in found["rules"]] == [False, False, True]
    assert (found["owner"], found["priority"], found["due"]) == ("front desk", "normal", "2026-11-24T11:00-06:00")
    at_night = json.loads(run(routes.app, config, "test", "tap drips, 78704", "--at", "2026-11-24T22:00", "--json"))
    assert (at_night["open"], at_night["owner"], at_night["due"]) == (False, "kim", "2026-11-25T09:00-06:00")


def test_the_contacts_know_who_is_a_customer(config):
    do(config, lambda tx: keep(tx, Person("", ("+15125550142",), customer=Customer.KNOWN), source="t", now_ms=1))
    found = json.loads(run(routes.app, config, "test", "hello", "--from", "+15125550142", "--json"))
    assert found["customer"] == "known"
    before = do(config, lambda tx: tx.all("SELECT * FROM queue_turns"))
    run(routes.app, config, "test", "hello 78704")
    assert do(config, lambda tx: tx.all("SELECT * FROM queue_turns")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "--line", "nix"), "there is no line 'nix'; there are: office"),
        (("x", "--at", "noon"), "'noon' is no time"),
    ],
)
def test_a_wrong_option_is_said(config, arguments, words):
    result = CliRunner().invoke(routes.app, ["test", *arguments, "--config", str(config)])
    assert result.exit_code == 2
    assert words in result.output


def test_the_list_shows_every_rule_in_order(config):
    rows = json.loads(run(routes.app, config, "list", "--json"))
    assert [row["rule"] for row in rows] == ["water heaters", "the territory of on call", "the line's owner"]
    assert "at least urgent" in run(routes.app, config, "list")


def test_people_go_and_come_back(config):
    do(config, lambda tx: tx.all("SELECT 1"))
    assert "kim is away until" in run(people.app, config, "away", "kim", "--until", "2030-01-04", "--reason", "ill")
    (absence,) = json.loads(run(people.app, config, "absences", "--json"))
    assert (absence["person"], absence["reason"]) == ("kim", "ill")
    rows = {row["name"]: row for row in json.loads(run(people.app, config, "list", "--json"))}
    assert rows["kim"]["now"] == "away until Sat 2030-01-05 00:00"
    assert rows["lee"]["queues"] == ["on call"]
    assert json.loads(run(routes.app, config, "test", "drip, 78704", "--at", MORNING, "--json"))["owner"] in (
        "kim",
        "lee",
    )
    assert run(people.app, config, "back", "kim") == "kim is back.\n"
    assert json.loads(run(people.app, config, "absences", "--json")) == []
    assert "there are: kim, lee, ada" in run(people.app, config, "away", "sam", code=1)
    assert "over already" in run(people.app, config, "away", "kim", "--until", "2020-01-01", code=2)
    assert "no day or time" in run(people.app, config, "away", "kim", "--until", "soon", code=2)


def test_a_task_is_given_to_a_queue_and_its_story_is_shown(config):
    now_ms = time.time_ns() // 1_000_000
    task = NewTask(Kind.CALL_BACK, "call:1", "office", "missed", "front desk", now_ms - 1, now_ms)
    do(config, lambda tx: open_task(tx, task))
    assert "Task 1 is kim's." in run(tasks.app, config, "assign", "1", "on call", "--as", "sam")
    shown = run(tasks.app, config, "show", "1")
    assert "opened, front desk's: missed" in shown
    assert "assigned by sam, kim's: given by sam; in turn in on call" in shown
    assert "call back" in run(tasks.app, config, "list", "--overdue")
    run(tasks.app, config, "done", "1")
    assert "Nothing is past its deadline." in run(tasks.app, config, "list", "--overdue")
    assert "is done already" in run(tasks.app, config, "assign", "1", "kim", code=1)
    run(tasks.app, config, "assign", "9", "kim", code=1)


def test_what_reached_nobody_is_listed_shown_and_tried_again(config):
    async def fill(tx):
        await notify_store.emit(tx, "call.missed", "call:1", 1, {"call_id": 1})
        (event,) = await notify_store.to_tell(tx)
        await notify_store.add(tx, event["id"], "webhook", "crm", {"type": "call.missed"}, now_ms=1)
        await notify_store.end_target(tx, "webhook", "crm", "given up: it answered 500", 2)

    do(config, fill)
    assert "given up: it answered 500" in run(notify.app, config, "list", "--state", "dead")
    assert "type: call.missed" in run(notify.app, config, "show", "1")
    assert run(notify.app, config, "retry", "1") == "1 will be tried again.\n"
    assert [row["state"] for row in json.loads(run(notify.app, config, "list", "--json"))] == ["waiting"]
    assert "nothing to try again" in run(notify.app, config, "retry", "1", code=1)
    assert "there is no state 'lost'" in run(notify.app, config, "list", "--state", "lost", code=2)


def test_a_test_goes_to_the_endpoint_and_says_what_came_of_it(config):
    text = config.read_text().replace("https://hooks.example.com/x", "http://127.0.0.1:9/x")
    config.write_text(text)
    assert "webhook: it could not be reached" in run(notify.app, config, "test", "crm", code=1)
    assert "there are: crm, wall" in run(notify.app, config, "test", "nix", code=1)


# the configuration -----------------------------------------------------------------------------------------------


@pytest.mark.fault(49)
def test_a_configuration_that_would_give_a_reply_to_nobody_is_refused_with_every_reason():
    wrong = """
[office]
name = "x"
country = "US"
phone = "+15125550100"
own_numbers = ["+15125550101"]
[[people]]
name = "kim"
phone = "+15125550100"
next = "kim"
away = ["soon", "2026-12-24/2026-12-01"]
queues = ["calls"]
[[people]]
name = "lee"
phone = "512 555 0171"
tell = ["apprise"]
next = "sam"
[[people]]
name = "lee"
phone = "+15125550171"
[[people]]
name = "ada"
tell = ["sms"]
phone = ""
[[people]]
name = "max"
phone = "call me"
[[queues]]
name = "on call"
members = ["kin"]
otherwise = "nobody"
territory = ["7?"]
[[queues]]
name = "empty"
[[queues]]
name = "kim"
members = ["kim"]
[[routes]]
name = "first"
to = "on cal"
services = ["leek"]
lines = ["north"]
between = "10:00-10:00"
[[routes]]
name = "all"
to = "kim"
[[routes]]
name = "never"
to = "lee"
words = [" "]
[[webhooks]]
name = "crm"
url = "http://hooks.example.com/x"
secret = "short"
[[webhooks]]
name = "wall"
url = "ftp://x"
"""
    with pytest.raises(ConfigProblem) as caught:
        parse(wrong, Path("c.toml"))
    report = str(caught.value)
    for expected in (
        "people: two are named 'lee'",
        "queues: 'kim' is the name of a person and of a queue: rename one",
        "line 9: people.0.phone: '+15125550100' is the office's own (office.phone): it would answer itself",
        "line 10: people.0.next: 'kim' cannot come after themselves",
        "people.0.away: 'soon' is no absence",
        "people.0.away: '2026-12-24/2026-12-01' is no absence",
        "people.0.queues: no queue is named 'calls'",
        "people.1.next: no person is named 'sam'",
        "people.1.tell: by apprise needs addresses",
        "people.2.phone: '+15125550171' is 'lee''s too",
        "people.3.tell: by sms needs their phone",
        "people.4.phone: 'call me' is no phone number",
        "queues.0.members: no person is named 'kin'; did you mean 'kim'?",
        "queues.0.otherwise: no person or desk is named 'nobody'",
        "queues.0.territory: '7?' is no beginning of a postcode",
        "queues.1.members: nobody is in 'empty'",
        "routes.0.to: no person, queue or desk is named 'on cal'; did you mean 'on call'?",
        "routes.0.services: no service is named 'leek'; did you mean 'leak'?",
        "routes.0.lines: no line is named 'north'; there are: office",
        "routes.0.between: '10:00-10:00' begins and ends at the same time",
        "routes.2: 'never' is never asked: 'all' before it takes every text",
        "routes.2.words: an empty word matches nothing",
        "webhooks.0.url: is not encrypted",
        "webhooks.0.secret: is no key; make one",
        "webhooks.1.url: 'ftp://x' is no address",
        "webhooks.1.secret: set secret or secret_file, one of them",
    ):
        assert expected in report, f"{expected}\n{report}"


def test_secrets_of_people_and_endpoints_are_never_printed():
    settings = parse(CONFIG + '[notify]\naddresses = ["mailto://user:hush@example.com"]\n', Path("c.toml"))
    from textback_pbx.pipeline.office import office_of

    said = repr(settings) + repr(office_of(settings).staffing.endpoints)
    assert "hush" not in said
    assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in said
