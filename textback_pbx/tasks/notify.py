"""What is told to whom and in which words, when it is tried again, and when it is given up; pure.

A message to staff or to an endpoint carries no more of a customer's words than the office has set: nothing at all
for health and law, where even the matter is nobody else's business. Signing and ids follow Standard Webhooks 1.0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from textback_pbx.phone import mask

EVENTS: dict[str, str] = {
    "call.missed": "a call was missed and decided on",
    "text.sent": "the network has taken every part of a text to a customer",
    "text.delivered": "a status report came for every part of it",
    "text.failed": "it will not arrive, or nobody can know",
    "reply.received": "a customer wrote",
    "thread.assigned": "a task of a thread has an owner, or another one",
    "task.assigned": "the same for a task without a thread, such as a call-back",
    "task.raised": "a task became more urgent",
    "task.overdue": "a task passed its deadline, was passed on, or its owner was reminded",
    "optout": "a number is not to be texted any more",
}
#: Trades whose messages carry nothing of what a customer wrote.
PRIVATE_TRADES = frozenset({"dental", "health", "law"})
#: Pauses between the tries of one endpoint or address, seconds; the last one goes on.
PAUSES_S = (5, 30, 120, 600, 1800, 3600)
#: Nothing is given up before so many tries, however old it is: eight hours of them.
LEAST_TRIES = 12
_MOST_WORDS = 400
_ONE_TEXT, _LEAST_WORDS = 158, 24  # of 160: a bracket takes two in the GSM alphabet
#: What a phone's keyboard puts in would make two texts of one (UCS-2).
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": "'", "”": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", '"': "'"}
)


class Channel(StrEnum):
    """A way of telling."""

    WEBHOOK = "webhook"  # a signed event to an endpoint
    APPRISE = "apprise"  # mail, chat or push
    SMS = "sms"  # a text to a member of staff, through the outbox


class NoticeState(StrEnum):
    """Where one notification stands."""

    WAITING = "waiting"  # to be told, or told again
    SENT = "sent"  # taken by the other side; a text: handed to the outbox
    DEAD = "dead"  # given up: shown, and tried again when a person says so
    DROPPED = "dropped"  # not to be told any more: no way left, a dry run


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """How staff are told. ``words``: none, fields, text or by_trade; times in ms."""

    words: str = "by_trade"
    texts_per_hour: int = 20
    answers_per_hour: int = 20
    confirm: bool = True
    code_safe_ms: int = 30 * DAY_MS
    give_up_ms: int = 72 * HOUR_MS
    keep_ms: int = 30 * DAY_MS
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are posted. ``secrets``: the key, and the one before while it is changed. ``events`` empty: all."""

    name: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    events: frozenset[str] = frozenset()
    numbers: bool = True

    def wants(self, event: str) -> bool:
        """Say whether this endpoint gets such events."""
        return not self.events or event in self.events


@dataclass(frozen=True, slots=True)
class Matter:
    """What a message to staff is about; '' where there is nothing. ``words`` are the customer's own."""

    what: str
    owner: str
    priority: str = "normal"
    due: str = ""
    number: str = ""
    fields: str = ""
    words: str = ""
    reason: str = ""
    code: int | None = None


def level(setting: str, trade: str) -> str:
    """Return how much may be told on a line of this trade: none, fields or text."""
    if setting != "by_trade":
        return setting
    return "none" if trade in PRIVATE_TRADES else "text"


def fields_in_words(intake: Mapping[str, Any]) -> str:
    """Say what was understood in a few words: ``heating, 78704, Sat 21 Nov 15:00-17:00``."""
    place = intake.get("place") or {}
    window = intake.get("window") or {}
    said = [str(intake.get("service") or "").replace("_", " "), place.get("street") or "", place.get("postcode") or ""]
    if window.get("start") and window.get("end"):
        start, end = datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])
        said.append(f"{start:%a} {start.day} {start:%b} {start:%H:%M}-{end:%H:%M}")
    return ", ".join(word for word in said if word)


def text_for_staff(matter: Matter, person: str = "") -> str:
    """Return the words of a text to ``person``: what, about whom, until when, and how to answer; one text if it can be.

    The customer's words give way first, down to a few, and then the hint how to answer.
    """
    head = headline(matter, person)
    hint = f" Reply {matter.code} call, done or your words" if matter.code else ""
    start = f"{head}. {matter.fields}." if matter.fields else f"{head}."
    for end in (hint, ""):
        room = _ONE_TEXT - len(start) - len(end) - len(' ""')
        quoted = _quoted(matter.words, max(room, _LEAST_WORDS))
        text = f"{start} {quoted}{end}" if quoted else start + end
        if len(text) <= _ONE_TEXT:
            return text
    return text


def headline(matter: Matter, person: str = "") -> str:
    """Return the one line that says what is asked; of whom, where it is not the one who reads it."""
    code = f"[{matter.code}] " if matter.code else ""
    loud = "" if matter.priority == "normal" else f"{matter.priority.upper()} "
    who = f" {mask(matter.number)}" if matter.number else ""
    due = f" by {matter.due}" if matter.due else ""
    owner = "" if person == matter.owner else f", {matter.owner} has it"
    return f"{code}{loud}{matter.what}{who}{due}{owner}"


def body_for_staff(matter: Matter) -> str:
    """Return the body of a mail or a chat message."""
    lines = [headline(matter), matter.reason, matter.fields, _quoted(matter.words)]
    return "\n".join(line for line in lines if line)


def _quoted(words: str, most: int = _MOST_WORDS) -> str:
    flat = " ".join(words.translate(_PLAIN).split())
    return f'"{flat if len(flat) <= most else flat[: most - 3] + "..."}"' if flat else ""


def clock_time(at_ms: int, zone: str, now_ms: int) -> str:
    """Say when, as short as it can be understood: ``14:05`` today, ``Mon 09:30`` within the week."""
    wall = datetime.fromtimestamp(at_ms / SECOND_MS, ZoneInfo(zone))
    today = datetime.fromtimestamp(now_ms / SECOND_MS, ZoneInfo(zone)).date()
    if wall.date() == today:
        return f"{wall:%H:%M}"
    return f"{wall:%a %H:%M}" if abs((wall.date() - today).days) < 7 else f"{wall:%a} {wall.day} {wall:%b %H:%M}"


def envelope(name: str, at_ms: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of a webhook as Standard Webhooks has it: type, timestamp, data."""
    when = datetime.fromtimestamp(at_ms / SECOND_MS, ZoneInfo("UTC"))
    return {"type": name, "timestamp": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "data": data}


def targets(name: str, addresses: int) -> tuple[str, ...]:
    """Return the targets of somebody with so many addresses: each is told, tried again and given up by itself.

    Told together, the mail that arrived would go out again each time that the push service beside it fails.
    """
    return (name, *(f"{name}#{place}" for place in range(2, addresses + 1)))


def of_target(target: str) -> tuple[str, int]:
    """Return whose target this is, and the place of its address among theirs, from 0."""
    name, _, place = target.partition("#")
    return name, int(place or 1) - 1


# what came of a try ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """The other side has it."""


@dataclass(frozen=True, slots=True)
class Again:
    """It has not. ``wait_ms`` is what the other side asked for, 0: our own pause. ``all``: nothing else gets there."""

    reason: str
    wait_ms: int = 0
    all: bool = True


@dataclass(frozen=True, slots=True)
class Never:
    """It never will. ``gone``: nor will anything else that goes there."""

    reason: str
    gone: bool = False


Outcome = Told | Again | Never
#: The endpoint understood and does not want this one: a few tries tell it from a slip.
_REFUSED = frozenset({400, 413, 415, 422})
REFUSED_TRIES = 5


def of_status(status: int, retry_after: str = "", tries: int = 1) -> Outcome:
    """Return what an HTTP status means for one event (RFC 9110; Standard Webhooks: 2xx is taken, 410 is gone)."""
    if 200 <= status < 300:
        return Told()
    if status == 410:
        return Never("the endpoint is gone (410)", gone=True)
    if 300 <= status < 400:
        return Again(f"it redirects ({status}): redirects are not followed, configure the final address")
    if status in _REFUSED:
        said = f"it refuses this event ({status})"
        return Never(said) if tries >= REFUSED_TRIES else Again(said, all=False)
    wait_s = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0
    return Again(f"it answered {status}", min(wait_s, 24 * 3600) * SECOND_MS)


def pause_ms(failures: int) -> int:
    """Return how long one endpoint rests after so many failures in a row."""
    return PAUSES_S[min(max(failures, 1), len(PAUSES_S)) - 1] * SECOND_MS


def held_until(priority: str, now_ms: int, next_open: int | None) -> int:
    """Return when somebody is told: urgent at once, the rest not before they are at work, and within a day."""
    if priority != "normal" or next_open is None:
        return now_ms
    return min(next_open, now_ms + DAY_MS)


def within(count_ages: Sequence[int], limit: int) -> int:
    """Return how long (ms) a text to staff waits when ``limit`` an hour are allowed; ``count_ages`` in ms."""
    recent = sorted(age for age in count_ages if 0 <= age < HOUR_MS)
    return 0 if len(recent) < limit else HOUR_MS - recent[limit - 1] + MINUTE_MS // 60
