"""Fills the tables of ``docs/`` from the code, so that a page cannot say something else than the program does.

A page is written by hand around blocks that begin with ``<!-- made: NAME -->`` and end with ``<!-- end -->``. Run
``python -m tests.docs`` to see which blocks are behind, ``python -m tests.docs --write`` to fill them;
``tests/architecture/test_docs.py`` holds the pages to it.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from tests import docs_man
from tests.docs_commands import commands
from tests.docs_settings import settings
from textback_pbx.calls.outcome import CALL_TABLE, LEG_TABLE, UNREACHABLE, LegClass, Outcome
from textback_pbx.decision.lookback import HOLDING
from textback_pbx.modem.health import BLOCKING, WORDS
from textback_pbx.replies.threads import status
from textback_pbx.tasks import book, notify, orders, report
from textback_pbx.testing.ami_script import SCRIPTS
from textback_pbx.testing.asterisk import parser as pbx_parser
from textback_pbx.testing.asterisk_control import COMMANDS as PBX_COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs"
_BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def member_words(kind: type[Enum], **more: str) -> dict[str, str]:
    """Return what is said beside each member of an enum: its own comment, or ``more``. Fails on a silent one."""
    source = inspect.getsource(kind)
    said = {value: words.strip() for value, words in re.findall(r'= "(\w+)" +# (.+)', source)} | more
    return {str(member.value): said[str(member.value)] for member in kind}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table; a bar in a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return (
        "".join("| " + " | ".join(line) + " |\n" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")
    )


def code(*names: object) -> str:
    """Return names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


LEG_WORDS = {
    LegClass.ANSWERED: "this phone took the call",
    LegClass.REJECTED: "the person at this phone pressed 'decline', or it is set to 'do not disturb'",
    LegClass.BUSY: "somebody was talking on it",
    LegClass.NO_ANSWER: "it rang and nobody took it",
    LegClass.NOT_REACHABLE: "no power, not registered, a broken trunk or route",
}
OUTCOME_WORDS = {
    Outcome.ANSWERED: "a person took the call",
    Outcome.BUSY: "the people were there and talking, or declined the call",
    Outcome.NO_ANSWER: "it rang, or an announcement played, and no person took it",
    Outcome.NOT_REACHABLE: "no phone could be had: a fault on the office's side, and an alert to the admin",
    Outcome.NONE: "the dialplan turned the caller away on purpose: not a missed call",
    Outcome.LOST: "the end of the call was not heard: nobody is texted on a guess",
}
DETAIL_WORDS = {
    "elsewhere": "the carrier connected the caller somewhere else",
    "not_ended": "Asterisk, or the link to it, went away in mid-call",
    "gap": "a part of the call was not heard",
    "timeout": "it rang until the dialplan's time was over",
    "abandoned": "the caller gave up while it rang",
    "voicemail": "voicemail took the call (whether a message was left stands beside it)",
    "ivr": "a menu or announcement came after the phones had rung",
    "rejected": "a phone declined the call",
    "dialplan": "the dialplan itself said busy",
    "blocked": "the dialplan refused this caller",
    "unattended": "no phone was tried: a menu, or an announcement such as 'we are closed'",
    "nobody_tried": "the dialplan gave up without trying a phone",
}


def legs() -> str:
    """The leg table."""
    rows = [(str(n), row.evidence, code(row.gives)) for n, row in enumerate(LEG_TABLE, 1)]
    causes = ", ".join(str(cause) for cause in sorted(UNREACHABLE))
    return table(("#", "what is seen", "the leg is"), rows) + f"\nCauses that mean 'not reachable': {causes}.\n"


def leg_classes() -> str:
    """The classes of a leg."""
    said = member_words(LegClass, **{str(one): words for one, words in LEG_WORDS.items()})
    return table(("a leg is", "which means"), [(code(name), words) for name, words in said.items()])


def calls() -> str:
    """The call table."""
    rows = [
        (str(n), row.condition, code(row.gives), code(*row.details) if row.details else "-")
        for n, row in enumerate(CALL_TABLE, 1)
    ]
    return table(("#", "condition", "outcome", "detail"), rows)


def outcomes() -> str:
    """The outcomes and their details."""
    details = {detail for row in CALL_TABLE for detail in row.details}
    if details != set(DETAIL_WORDS):
        raise KeyError(f"details without words, or words without a detail: {details ^ set(DETAIL_WORDS)}")
    first = table(("outcome", "what it says"), [(code(one), OUTCOME_WORDS[one]) for one in Outcome])
    return first + "\n" + table(("detail", "what it says"), [(code(n), words) for n, words in DETAIL_WORDS.items()])


STATUS_WORDS = {
    "new": "begun by us; the customer has not written yet",
    "waiting_on_us": "the customer wrote, a person has to answer; it has a task with an owner and a deadline",
    "waiting_on_them": "we wrote last",
    "booked": "it became an appointment or a job",
    "follow_up": "somebody looks at it again later",
    "no_response": "nothing came back within the office's time",
    "closed": "done",
}
KIND_WORDS = {
    "call_back": "call this person",
    "reply": "answer this text",
    "repair": "a phone, trunk or route is broken",
    "review": "decide what a text means",
}
PRIORITY_WORDS = {
    "normal": "business minutes: the deadline runs in the line's opening hours",
    "urgent": "minutes on the wall",
    "emergency": "at once",
}


def thread_statuses() -> str:
    """The statuses of a thread and who sets them."""
    by_hand = {one.value for one in status.BY_HAND}
    said = member_words(status.Status, **STATUS_WORDS)
    rows = [(code(name), words, "yes" if name in by_hand else "no") for name, words in said.items()]
    return table(("status", "what it says", "set by hand"), rows)


def thread_moves() -> str:
    """What moves a thread by itself."""
    said = member_words(status.Event)
    names = tuple(said)
    rows = [
        (code(one.value), *(code(moved.value) if (moved := _moved(one, name)) else "-" for name in names))
        for one in status.Status
    ]
    head = ("from", *(code(name) for name in names))
    return table(("event", "what happened"), [(code(n), w) for n, w in said.items()]) + "\n" + table(head, rows)


def _moved(one: status.Status, event: str) -> status.Status | None:
    after = status.TABLE.get((one, status.Event(event)))
    return after if after is not one else None


def task_tables() -> str:
    """Kinds, priorities and states of tasks."""
    defaults = book.TaskSettings()
    kinds = [(code(name), words) for name, words in member_words(book.Kind, **KIND_WORDS).items()]
    ranks = [
        (code(name), words, str(getattr(defaults, f"{name}_minutes")))
        for name, words in member_words(book.Priority, **PRIORITY_WORDS).items()
    ]
    moves = [(code(one.value), code(step.value), code(after.value)) for (one, step), after in book.TABLE.items()]
    return "\n".join(
        [
            table(("kind", "a person is asked to"), kinds),
            table(("priority", "its deadline", "minutes"), ranks),
            table(("state", "step", "becomes"), moves),
        ]
    )


def report_numbers() -> str:
    """The report's numbers, a table a section."""
    parts = []
    for title, names in report.SECTIONS.items():
        rows = [(code(name), report.DEFINITIONS[name]) for name in names]
        parts.append(f"### {title}\n\n{table(('number', 'what it counts'), rows)}")
    return "\n".join(parts)


def events() -> str:
    """The events that people and endpoints are told of."""
    return table(("event", "what happened"), [(code(name), words) for name, words in notify.EVENTS.items()])


def notice_states() -> str:
    """Where a notification can stand."""
    return table(("state", "what it says"), [(code(n), w) for n, w in member_words(notify.NoticeState).items()])


ORDER_WORDS = {
    "on_my_way": ("12 on my way", "the customer is told that somebody is on the way; the task is theirs"),
    "done": ("12 done, replaced the valve", "the thread's tasks are closed; what follows is a note, never sent"),
    "call": ("12 call", "the customer's number comes back; the task is theirs"),
    "booked": ("12 booked tomorrow 9", "it became an appointment, with its time if one is understood; nothing is sent"),
    "take": ("12 take", "the task is theirs"),
    "pass": ("12 pass", "the next in the chain has it"),
    "text": ("12 We come at five.", "anything else after the code goes to the customer as it is"),
    "list": ("list", "their open tasks with their codes"),
    "help": ("help", "what can be said"),
    "unclear": ("hello?", "no code: nothing is sent, and the answer says so"),
}


def staff_orders() -> str:
    """What a member of staff can text."""
    rows = [(ORDER_WORDS[one.value][0], code(one.value), ORDER_WORDS[one.value][1]) for one in orders.Order]
    return table(("they text", "it is", "what follows"), rows)


def modem_words() -> str:
    """Everything the component `modem` can say."""
    rows = [
        (
            code(problem.value),
            code(words.severity.value),
            "yes" if problem in BLOCKING else "no",
            words.what,
            words.do or "what the line itself adds",
        )
        for problem, words in WORDS.items()
    ]
    return table(("problem", "state", "texts wait", "what it says", "what to do"), rows)


def holding() -> str:
    """The components that hold all sending."""
    return f"While one of {code(*HOLDING)} is `fail`, no text leaves.\n"


SCRIPT_WORDS = {
    "rang_out": "every desk rings until the time is over",
    "gave_up": "the caller hangs up while the desks ring",
    "busy": "the desk is on the phone",
    "unplugged": "the desk's phone is not registered: no phone is tried at all",
    "answered": "the first desk takes the call, the others stop ringing",
    "queue_timeout": "a queue answers, its agents ring, nobody takes the call",
    "voicemail": "the desk rings out, voicemail answers, a message is left (or not: `leaves` false)",
}
CONTROL_WORDS = {
    "call": "let a scripted call happen, and answer at its end: `script`, `caller`, and as wanted `desks`, `dialled`, "
    "`trunk`, `context`, `presentation`, `pace`, `user_events` and the script's own parameters",
    "play": "play the recording `file`, `pace` times as fast; `gap` seconds a block where it has no times",
    "send": "send `data` as it is to everybody who is logged in",
    "flood": "`rate` blocks a second for `seconds`",
    "set": "change `chunk` (bytes a write), `throttle` (bytes a second), `write_timeout` (seconds), `secret`, "
    "`forbidden` (actions the account may not use)",
    "cut": "cut every connection without a word",
    "freeze": "half-open: the connections stay, nothing is answered or sent",
    "thaw": "live again",
    "restart": "stop hard and start again: channels gone, counters from the start, another start time",
    "wait_login": "until somebody is logged in, at most `timeout` seconds",
    "status": "the port, the start time, connections made, refused and dropped for slowness, the channels that live",
    "stop": "end the simulator",
}


def pbx_commands() -> str:
    """The control commands of the simulated PBX."""
    rows = [(code(name), CONTROL_WORDS[name]) for name in (*CONTROL_WORDS,) if name in {*PBX_COMMANDS, "stop"}]
    if missing := {*PBX_COMMANDS, "stop"} ^ set(CONTROL_WORDS):
        raise KeyError(f"control commands without words, or words without a command: {missing}")
    return table(("command", "what it does"), rows)


def pbx_scripts() -> str:
    """The scripted calls and their parameters (seconds)."""
    rows = []
    for name, script in SCRIPTS.items():
        parameters = [p for p in inspect.signature(script).parameters.values() if p.kind is p.KEYWORD_ONLY]
        own = ", ".join(f"`{p.name}` ({str(p.default).lower()})" for p in parameters)
        rows.append((code(name), SCRIPT_WORDS[name], own or "-"))
    return table(("script", "what happens", "parameters"), rows)


def pbx_options() -> str:
    """The options of the simulated PBX as a program."""
    options = [action for action in pbx_parser()._actions if action.dest != "help"]
    rows = [(code(one.option_strings[-1]), one.help or one.dest, _default(one.default)) for one in options]
    return table(("option", "what it is", "default"), rows)


def _default(value: object) -> str:
    return "-" if value is None or not str(value) else code(value)


BLOCKS: dict[str, Callable[[], str]] = {
    "legs": legs,
    "leg-classes": leg_classes,
    "calls": calls,
    "outcomes": outcomes,
    "settings": settings,
    "commands": commands,
    "thread-statuses": thread_statuses,
    "thread-moves": thread_moves,
    "tasks": task_tables,
    "report-numbers": report_numbers,
    "events": events,
    "notice-states": notice_states,
    "orders": staff_orders,
    "modem-words": modem_words,
    "holding": holding,
    "pbx-commands": pbx_commands,
    "pbx-scripts": pbx_scripts,
    "pbx-options": pbx_options,
}


def filled(text: str) -> str:
    """Return a page with its blocks filled. Raises ``KeyError`` for a block that nobody makes."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[4]}", text)


def blocks_of(text: str) -> list[str]:
    """Return the names of a page's blocks."""
    return [found[2] for found in _BLOCK.finditer(text)]


def main() -> int:
    """Name the pages that are behind, or fill them; status 1 when one is behind."""
    options = argparse.ArgumentParser(prog="python -m tests.docs", description="Fill the tables of docs/.")
    options.add_argument("--write", action="store_true", help="fill them, rather than only say which are behind")
    write, behind = options.parse_args().write, False
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            print(f"{page.name}: {'filled' if write else 'behind'}")
            behind = not write
            if write:
                page.write_text(new, encoding="utf-8")
    if not docs_man.PAGE.exists() or docs_man.PAGE.read_text(encoding="utf-8") != docs_man.page():
        print(f"{docs_man.PAGE.name}: {'filled' if write else 'behind'}")
        behind = not write
        if write:
            docs_man.PAGE.write_text(docs_man.page(), encoding="utf-8")
    return int(behind)


if __name__ == "__main__":
    sys.exit(main())
