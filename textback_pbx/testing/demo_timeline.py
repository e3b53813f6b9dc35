"""The demo's words: a timeline of each caller, from the ring to the answer, and the day's one sentence."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from textback_pbx.story import Story
from textback_pbx.testing.demo_judge import Seen, stories_of
from textback_pbx.testing.demo_morning import DELAY_S, OFFICE, Scene

_ZONE = ZoneInfo("America/Chicago")


def say(text: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_ZONE).strftime("%H:%M:%S")


def show(seen: Seen, morning: Sequence[Scene]) -> None:
    """Print what happened to each caller."""
    say(f"{OFFICE}: a morning of calls on a simulated PBX and modem, the real agent between them.")
    say(f"Policy: recorded consent. Texts wait {DELAY_S} s, so that the office can call back first.")
    for scene in morning:
        say()
        say(f"{scene.title.upper()}")
        for story in stories_of(seen, scene):
            _call(story, seen)


def _call(story: Story, seen: Seen) -> None:
    call, decision = story["call"], story["decision"]
    caller = "a withheld number" if call["withheld"] else call["caller"]
    detail = f", {call['detail']}" if call["detail"] else ""
    say(f"  {_time(call['started_ms'])}  call from {caller} to {call['dialled']}: {call['outcome']}{detail}")
    for leg in call["legs"]:
        say(f"            {leg['channel'].rpartition('-')[0]}: {leg['evidence']}")
    if not call["legs"]:
        say(f"            {call['facts'].get('why', '')}")
    if decision is not None:
        say(f"            -> {decision['verdict']}, by rule {decision['rule']}: {decision['reason']}")
        for look in decision["looks"]:
            say(f"  {_time(look['at_ms'])}  second look -> {look['verdict']}, by rule {look['rule']}: {look['reason']}")
    _texts(story, seen)
    for reply in story["replies"]:
        say(f"  {_time(reply['received_ms'])}  they write: {reply['body']!r}")
        say(f"            -> thread {reply['thread_id']}, understood as {_understood(reply['keyword'])}")
    _tasks(story, seen)


def _understood(keyword: str) -> str:
    return {"stop": "STOP: no more texts, on every line", "none": "a reply for a person", "": "not read yet"}.get(
        keyword, keyword
    )


def _texts(story: Story, seen: Seen) -> None:
    for message in story["messages"]:
        if message["message"]["cancelled"]:
            say(f"            the text was not sent: {message['message']['cancelled']}")
    call = story["call"]
    if not any(message["parts"] and message["parts"][0]["tries"] for message in story["messages"]):
        return
    for text in seen.inboxes.get(call["caller"], ()):
        say(f"  {_time(text.at_ms)}  the handset shows: {text.text!r}")


def _tasks(story: Story, seen: Seen) -> None:
    threads = {reply["thread_id"] for reply in story["replies"]}
    for task in seen.tasks:
        if task["call_id"] == story["call"]["id"] or task["thread_id"] in threads:
            urgent = "" if task["priority"] == "normal" else f" {task['priority'].upper()}"
            say(f"            task for {task['owner']}{urgent}, due {_time(task['due_ms'])}: {task['reason']}")


def close(sentence: str, morning: Sequence[Scene], found: Sequence[str], seconds: float) -> None:
    """Print the day's sentence and the verdict."""
    say()
    say(sentence)
    if found:
        say(f"NOT as it must be, after {seconds:.0f} s:")
        for problem in found:
            say(f"  {problem}")
    else:
        say(f"All {len(morning)} scenes went as they must, in {seconds:.0f} s. No text went out twice.")


def invite(config: Path, folder: Path) -> None:
    """Say how to look around while the demo stays up."""
    say()
    say("The demo stays up. In another terminal:")
    say(f"  export TEXTBACK_PBX_CONFIG={config}")
    say("  textback-pbx calls list; textback-pbx why 1; textback-pbx threads list; textback-pbx tasks list")
    say(f"  (the control channels are {folder}/pbx.ctl and {folder}/modem.ctl)")
    say("Ctrl-C ends it.")
