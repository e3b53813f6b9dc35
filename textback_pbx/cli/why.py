"""``why CALL`` and ``why --message ID``: one call or one text, from the first ring to the last report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from textback_pbx.cli.common import EXIT_NO, EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, open_database, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textback_pbx.story import Story

    Clock = Callable[[int | None], str]

app = typer.Typer(add_completion=False)


@app.command()
def why(
    call: Annotated[str, typer.Argument(help="The call's id, Asterisk's Uniqueid, or PBX/UNIQUEID.")] = "",
    message: Annotated[int, typer.Option("--message", "-m", help="A text's id instead of a call.")] = 0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what happened, what was decided by which rule on which facts, what was sent and what came of it.

    Example: textback-pbx why 12
    """
    if bool(call) == bool(message):
        fail("name a call (textback-pbx calls list shows them) or --message ID, not both", EXIT_USAGE)
    story, zone = run(lambda: _read(config, call, message))
    if story is None:
        fail(
            f"there is no {'call ' + call if call else f'text {message}'}: textback-pbx calls list shows the calls",
            EXIT_NO,
        )
    if json:
        emit_json(story)
    elif call:
        _tell_call(story, _clock(zone))
    else:
        _tell_message(story, _clock(zone))
        _tell_why(story, _clock(zone))


async def _read(config: Path | None, call: str, message: int) -> tuple[Story | None, str]:
    from textback_pbx import story

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        found = await story.of_call(tx, call) if call else await story.of_message(tx, message)
        return found, settings.office.timezone


def _clock(zone: str) -> Clock:
    from datetime import UTC, datetime

    def show(at_ms: int | None) -> str:
        if at_ms is None:
            return "--:--:--"
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%a %d %b %H:%M:%S")

    return show


def _tell_gap(story: Story, clock: Clock) -> None:
    """Say when the PBX was not heard, and what is in doubt about a call that only the call records know."""
    gap = story["gap"]
    if gap is not None:
        until = clock(gap["until_ms"]) if gap["until_ms"] is not None else "now"
        print(f"  The PBX was not heard from {clock(gap['from_ms'])} until {until}: {gap['reason']}; {gap['result']}")
    for doubt in story["call"]["facts"].get("doubts", ()):
        print(f"    in doubt: {doubt}")


def _tell_call(story: Story, clock: Clock) -> None:
    call = story["call"]
    caller = "withheld" if call["withheld"] else call["caller"] or call["caller_raw"] or "no number"
    print(f"Call {call['id']} ({call['uniqueid']}) from {caller} to {call['dialled']}, line {call['line']}")
    print(
        f"  {clock(call['started_ms'])} to {clock(call['ended_ms'])}; {call['source']}, {call['confidence']} confidence"
    )
    detail = f" ({call['detail']})" if call["detail"] else ""
    print(f"  Outcome: {call['outcome']}{detail}: {call['facts'].get('why', '')}")
    for leg in call["legs"]:
        rang = f", rang {leg['ring_seconds']} s" if leg.get("ring_seconds") is not None else ""
        print(f"    {leg['channel']}: {leg['class']}{rang}: {leg['evidence']}")
    _tell_gap(story, clock)
    _tell_phones(call, story["around"], clock)
    _tell_decision(story["decision"], clock)
    for text in story["messages"]:
        _tell_message(text, clock)
    if story["nudge"]:
        _tell_nudge(story["nudge"], clock)
    for reply in story["replies"]:
        keyword = "" if reply["keyword"] in ("", "none") else f" [{reply['keyword']}: {reply['keyword_why']}]"
        print(f"Reply {reply['id']}, {clock(reply['received_ms'])}, thread {reply['thread_id']}:")
        print(f"    {reply['body']!r}{keyword}")
    for task in story["tasks"]:
        ends = f"; {task['state']} by {task['closed_by']}: {task['result']}" if task["closed_ms"] else ""
        urgent = "" if task["priority"] == "normal" else f" {task['priority'].upper()}"
        print(f"Task {task['id']}{urgent} for {task['owner']}, due {clock(task['due_ms'])}: {task['reason']}{ends}")


def _tell_phones(call: dict[str, Any], around: dict[str, Any], clock: Clock) -> None:
    from textback_pbx.calls import words

    facts = call["facts"]
    for line in words.phones(call["legs"], facts, clock):
        print(f"  Phone {line}")
    answered = call["outcome"] == "answered"
    for line in (*words.afterwards(facts, answered=answered), *words.around(around, clock)):
        print(f"  {line[:1].upper()}{line[1:]}")


def _tell_decision(decision: dict[str, Any] | None, clock: Clock) -> None:
    if decision is None:
        print("Decision: none yet")
        return
    dry = " (dry run)" if decision["dry_run"] else ""
    print(f"Decision, {clock(decision['at_ms'])}: {decision['verdict']}{dry}, rule {decision['rule']}:")
    print(f"    {decision['reason']}")
    for rule, verdict, why_so in decision["trace"]:
        print(f"    {rule:22} {verdict:8} {why_so}".rstrip())
    for rule in decision["not_asked"]:
        print(f"    {rule:22} -        not asked: a rule before it spoke")
    _tell_facts(decision["facts"], clock)
    for name, key in (("Consent", "consent_entry"), ("The office's choice", "policy_entry")):
        _tell_entry(name, decision[key])
    for look in decision["looks"]:
        print(f"  Second look, {clock(look['at_ms'])}: {look['verdict']}, rule {look['rule']}: {look['reason']}")


def _tell_facts(facts: dict[str, Any], clock: Clock) -> None:
    """Print the facts the rules saw; those that are as in any call have been left out when they were written."""
    print("  Facts at the time:")
    for name, value in facts.items():
        if name in ("v", "policy"):
            continue
        shown = clock(value) if name.endswith("_ms") and name != "ring_ms" and value else value
        print(f"    {name:22} {shown}")
    for name, value in facts.get("policy", {}).items():
        print(f"    setting {name:14} {value}")


def _tell_entry(name: str, entry: dict[str, Any] | None) -> None:
    if entry is None:
        return
    what = f"{entry['event']} ({entry['basis']}), {entry['local_time']}, {entry['source']}, by {entry['actor']}"
    print(f"  {name}: ledger entry {entry['seq']}, {what}")
    print(f"    hash {entry['hash']}")
    if entry["disclosure"]:
        print(f"    words shown, version {entry['disclosure_version']}: {entry['disclosure']}")


def _tell_message(story: Story, clock: Clock) -> None:
    text = story["message"]
    size = f"{text['segments']} x {text['encoding']}"
    print(f"Text {text['id']} ({text['kind']}) to {text['number']}, by {text['actor']}, {size}")
    print(f"    {text['body']}")
    if text["template"]:
        words = f": {story['template']}" if story["template"] else ""
        print(f"    template {text['template']}, version {text['template_version']}{words}")
    if text["cancelled"]:
        print(f"    not sent: {text['cancelled']}")
    for part in story["parts"]:
        if part["pdu"]:
            print(f"    bytes of part {part['seq']} of {part['total']} (SMS-SUBMIT): {part['pdu']}")
    for step in story["steps"]:
        print(f"    {clock(step['at_ms'])}  part {step['seq']}: {step['state']:11} {step['detail']}".rstrip())
    for report in story["reports"]:
        status = f"TP-MR {report['tp_mr']}, TP-ST 0x{report['tp_st']:02X}"
        print(f"    {clock(report['received_ms'])}  report {status}: {report['raw']}")


def _tell_why(story: Story, clock: Clock) -> None:
    """Say why one text was allowed: the decision it rests on, or the text it answers, and the number's ledger."""
    if answered := story.get("answers"):
        said = f"{answered['keyword']}: {answered['keyword_why']}"
        print(f"It answers text {answered['id']} of {clock(answered['received_ms'])} ({said}):")
        print(f"    {answered['body']!r}")
    if story.get("nudge"):
        _tell_nudge(story["nudge"], clock)
    if "decision" in story:
        _tell_decision(story["decision"], clock)
    if story["consent"]:
        print("What the ledger says of this number:")
    for entry in story["consent"]:
        what = f"{entry['event']} ({entry['basis']}), {entry['local_time']}, {entry['source']}, by {entry['actor']}"
        print(f"    entry {entry['seq']}: {what}")


def _tell_nudge(nudge: dict[str, Any], clock: Clock) -> None:
    due = f", looked at again {clock(nudge['due_ms'])}" if nudge["due_ms"] else ""
    print(f"Nudge, {clock(nudge['at_ms'])}: {nudge['state']}{due}, rule {nudge['rule']}: {nudge['reason']}")
