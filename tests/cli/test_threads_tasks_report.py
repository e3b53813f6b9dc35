"""The commands an office without the web inbox works with: threads, tasks and the report."""

import asyncio
import csv
import io
import json
import sqlite3
import time

import pytest
from typer.testing import CliRunner

from tests.replies.support import SENDER, a_call, a_decision, a_message, a_part
from textback_pbx.cli import report, tasks, threads
from textback_pbx.clock import DAY_MS, MINUTE_MS
from textback_pbx.database import Database
from textback_pbx.replies.store import assemble_ready, store_part
from textback_pbx.tasks.book import Kind, NewTask
from textback_pbx.tasks.store import open_task


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[office]\nname = "Lakeside Plumbing"\ntimezone = "America/Chicago"\nphone = "+15125550100"\n'
        f'[replies.canned]\non_our_way = "{{business}}: on our way. Call {{phone}} if anything changes."\n'
        f'[database]\npath = "{tmp_path}/t.sqlite"\n'
    )
    asyncio.run(fill(tmp_path / "t.sqlite"))
    return path


async def fill(path):
    database = await Database.open(path)
    now = time.time_ns() // 1_000_000
    async with database.transaction() as tx:
        call = await a_call(tx, ended_ms=now - 9 * MINUTE_MS)
        await a_decision(tx, call)
        await a_message(tx, call_id=call, at_ms=now - 8 * MINUTE_MS, state="delivered")
        await store_part(tx, a_part("Kitchen tap drips,\ncan you come tomorrow?", received_ms=now - 7 * MINUTE_MS))
        await store_part(tx, a_part("Your balance is low", sender="CARRIER", received_ms=now - 6 * MINUTE_MS))
        await assemble_ready(tx, now, default_line="main")
        task = NewTask(Kind.REPLY, "inbound:1", "main", "wrote back", "office", now - MINUTE_MS, now, thread_id=1)
        assert await open_task(tx, task) == 1
    await database.close()


def run(app, config, *args, code=0):
    result = CliRunner().invoke(app, [*args, "--config", str(config)])
    assert result.exit_code == code, result.output
    return result.output


def test_threads_are_listed_and_shown(config):
    text = run(threads.app, config, "list")
    assert "Kitchen tap drips, can you come tomorrow?" in text
    assert "overdue" in text
    assert len(json.loads(run(threads.app, config, "list", "--json"))) == 2
    shown = run(threads.app, config, "show", SENDER)
    assert "we wrote (auto, delivered)" in shown
    assert "task 1 for office" in shown
    timeline = json.loads(run(threads.app, config, "show", "1", "--json"))["timeline"]
    assert [item["kind"] for item in timeline] == ["call", "text_out", "text_in", "task"]


def test_a_reply_is_queued_and_the_task_is_done(config):
    assert "Queued as message 2 (1 SMS)" in run(
        threads.app, config, "reply", "1", "Tomorrow at 9 works.", "--as", "sam"
    )
    (item,) = [i for i in json.loads(run(threads.app, config, "show", "1", "--json"))["timeline"] if i["id"] == 2]
    assert item["detail"]["kind"] == "staff"
    assert "everybody was called back" in run(tasks.app, config, "list")
    assert json.loads(run(threads.app, config, "list", "--json", "--status", "waiting_on_them"))


def test_a_number_that_opted_out_is_refused_with_words(config, tmp_path):
    async def opt_out():
        from textback_pbx.consent.ledger import Basis, Event, NewEntry
        from textback_pbx.consent.store import append

        database = await Database.open(tmp_path / "t.sqlite")
        async with database.transaction() as tx:
            entry = NewEntry(
                Event.REVOKED, SENDER, 1, "2026-11-20T09:00:00-06:00", Basis.OPT_OUT, "sms", "stop", "agent"
            )
            await append(tx, entry)
        await database.close()

    asyncio.run(opt_out())
    assert "asked for no more texts" in run(threads.app, config, "reply", "1", "hello", code=1)
    assert "name or a short code" in run(threads.app, config, "reply", "2", "hello", code=1)
    assert "empty" in run(threads.app, config, "reply", "1", " \n", code=2)
    assert "shorten it" in run(threads.app, config, "reply", "1", "x" * 2000, code=2)


def test_notes_status_and_close(config):
    run(threads.app, config, "note", "1", "same fitter as last year")
    assert "is booked; 1 task(s) done" in run(threads.app, config, "status", "1", "booked", "--why", "Tuesday")
    assert "same fitter" in run(threads.app, config, "show", "1")
    assert "no status 'won'" in run(threads.app, config, "status", "1", "won", code=2)
    assert "is closed" in run(threads.app, config, "close", "2")
    assert "No open conversations" in run(threads.app, config, "list")
    assert "there is no thread 99" in run(threads.app, config, "show", "99", code=1)
    assert "no conversation with" in run(threads.app, config, "show", "+15125550199", code=1)


def test_words_are_found_and_wrong_questions_answered_with_words(config):
    assert "they wrote  Kitchen tap drips, can you come tomorrow?" in run(threads.app, config, "search", "TAP")
    (hit,) = json.loads(run(threads.app, config, "search", "--json", "--line", "main", "kitch*"))
    assert (hit["thread_id"], hit["kind"], hit["excerpt"][:9]) == (1, "text_in", "[Kitchen]")
    assert "Nothing was found" in run(threads.app, config, "search", "zeppelin", code=1)
    assert "not closed" in run(threads.app, config, "search", '"tap', code=2)
    assert "must not be there" in run(threads.app, config, "search", "tap OR -tap", code=2)


def test_in_a_dry_run_a_reply_is_refused_with_words(config):
    config.write_text("dry_run = true\n" + config.read_text())
    assert "dry_run is on, so nothing was sent" in run(threads.app, config, "reply", "1", "hello", code=1)


def test_a_canned_reply_is_filled_and_an_unknown_one_named(config):
    assert "Queued as message 2" in run(threads.app, config, "reply", "1", "--canned", "on_our_way")
    shown = run(threads.app, config, "show", "1")
    assert "Lakeside Plumbing: on our way. Call +15125550100 if anything changes." in shown
    assert "on_our_way  1    Lakeside Plumbing: on our way." in run(threads.app, config, "canned")
    assert "there are: on_our_way" in run(threads.app, config, "reply", "1", "--canned", "x", code=2)
    assert "write a text, or name" in run(threads.app, config, "reply", "1", code=2)
    assert "write a text, or name" in run(threads.app, config, "reply", "1", "hi", "--canned", "on_our_way", code=2)


def test_a_booking_is_made_moved_and_called_off(config):
    booked = run(
        threads.app, config, "book", "1", "--from", "2030-11-25 9:00", "--to", "2030-11-25T11:00", "--what", "tap"
    )
    assert "Thread 1 is booked for Mon 2030-11-25 09:00 to 11:00." in booked
    run(threads.app, config, "book", "1", "--from", "2030-11-26T10:00", "--as", "kim")
    shown = run(threads.app, config, "show", "1")
    assert shown.startswith(f"{SENDER} on main: booked")
    assert "for Tue 2030-11-26 10:00 to 11:00: tap" in shown
    assert "everybody was called back" in run(tasks.app, config, "list")
    assert "is called off" in run(threads.app, config, "book", "1", "--off")
    assert "no booking that could be called off" in run(threads.app, config, "book", "1", "--off", code=1)
    assert "ends before" in run(threads.app, config, "book", "1", "--from", "2030-11-26", "--to", "2030-11-25", code=2)
    assert "needs --from" in run(threads.app, config, "book", "1", "--to", "2030-11-25", code=2)
    assert "no day or time" in run(threads.app, config, "book", "1", "--from", "soon", code=2)
    assert "clocks go forward" in run(threads.app, config, "book", "1", "--from", "2030-03-10T02:30", code=2)
    assert "no time is known" in run(threads.app, config, "book", "2")


def test_a_booking_without_a_time_takes_the_one_the_customer_asked_for(config, tmp_path):
    with sqlite3.connect(tmp_path / "t.sqlite") as raw:
        window = {"start": "2030-11-26T09:00:00-06:00", "end": "2030-11-26T12:00:00-06:00"}
        raw.execute("UPDATE threads SET intake = ?", (json.dumps({"window": window}),))
    assert "understood: Tue 26 Nov 09:00-12:00" in run(threads.app, config, "show", "1")
    assert "booked for Tue 2030-11-26 09:00 to 12:00" in run(threads.app, config, "book", "1")


def test_what_was_misunderstood_is_corrected_and_both_are_kept(config, tmp_path):
    run(threads.app, config, "correct", "1", "service", "heating", "--as", "sam")
    run(threads.app, config, "correct", "1", "window", "2030-11-26T13:00/2030-11-26 15:00")
    assert "understood: heating, Tue 26 Nov 13:00-15:00" in run(threads.app, config, "show", "1")
    run(threads.app, config, "correct", "1", "service")
    assert "understood: Tue 26 Nov" in run(threads.app, config, "show", "1")
    with sqlite3.connect(tmp_path / "t.sqlite") as raw:
        kept = raw.execute("SELECT actor, field, was, now, inbound_id FROM corrections ORDER BY id").fetchall()
    assert kept[0] == ("sam", "service", "null", '"heating"', 1)
    assert kept[2][1:4] == ("service", '"heating"', "null")
    assert "there is no field 'colour'" in run(threads.app, config, "correct", "1", "colour", "red", code=2)
    assert "urgency may be normal" in run(threads.app, config, "correct", "1", "urgency", "soon", code=2)
    assert "write a window as FROM/TO" in run(threads.app, config, "correct", "1", "window", "2030-11-26", code=2)


def test_a_follow_up_has_its_day(config):
    run(threads.app, config, "status", "1", "follow_up", "--on", "2030-11-25", "--why", "on holiday")
    assert f"{SENDER} on main: follow up, until Mon 2030-11-25 00:00" in run(threads.app, config, "show", "1")
    assert "--on is the day of a follow_up" in run(threads.app, config, "status", "1", "booked", "--on", "x", code=2)


def test_tasks_are_done_once(config):
    assert "wrote back" in run(tasks.app, config, "list")
    assert "overdue" in run(tasks.app, config, "show", "1")
    assert "Task 1 is done" in run(tasks.app, config, "done", "1", "--as", "sam")
    assert "done already by sam" in run(tasks.app, config, "done", "1", code=1)
    assert "there is no task 9" in run(tasks.app, config, "done", "9", code=1)
    assert "Task 1 is open" in run(tasks.app, config, "reopen", "1")
    assert "Task 1 is dropped" in run(tasks.app, config, "drop", "1")
    assert json.loads(run(tasks.app, config, "list", "--state", "dropped", "--json"))[0]["id"] == 1


def test_the_report_says_one_sentence_and_every_number(config):
    sentence = "You missed 1 call today; 1 replied and nobody booked."
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time()))
    before = time.strftime("%Y-%m-%d", time.gmtime(time.time() - DAY_MS / 1000))
    made = json.loads(run(report.app, config, "--from", before, "--to", day, "--json"))
    assert (made["missed"], made["replied"], made["texted"]) == (1, 1, 1)
    assert made["definitions"]["texted"]
    rows = list(csv.reader(io.StringIO(run(report.app, config, "--from", before, "--to", day, "--csv"))))
    assert ["missed", "1"] in [row[:2] for row in rows]
    shown = run(report.app, config, "--from", before, "--to", day)
    assert shown.startswith(sentence.replace("today", f"from {before} to {day}"))
    assert "█" in shown
    assert "\x1b" not in shown
    assert "You missed no calls last" in run(report.app, config, "--month", "--sentence")
    assert "there is no line 'nobody'" in run(report.app, config, "--line", "nobody", code=2)
    assert "choose one" in run(report.app, config, "--week", "--month", code=2)
    assert "these are no days" in run(report.app, config, "--from", "soon", code=2)
