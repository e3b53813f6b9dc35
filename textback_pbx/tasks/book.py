"""The book of tasks: their states, priorities and deadlines; pure.

A task is the promise that a person looks at something by a certain time. It is made once per source (a call, a
part, a text), it always has an owner and a deadline, and only a person, or the fact that it was done (a call-back
that was answered), closes it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from textback_pbx.clock import MINUTE_MS


class Kind(StrEnum):
    """What a person is asked to do."""

    CALL_BACK = "call_back"
    REPLY = "reply"
    UNKNOWN_SEND = "unknown_send"  # nobody can know whether a text left: look at the phone, or call
    REVIEW = "review"  # decide what a text means
    REPAIR = "repair"  # a phone, trunk or route is broken


class Priority(StrEnum):
    """How fast. Urgent and emergency run on the clock on the wall, normal in business time."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class State(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"  # closed without being done: a duplicate, a robot, no longer wanted


class Step(StrEnum):
    """What happens to a task."""

    FINISH = "finish"
    DROP = "drop"
    REOPEN = "reopen"


#: (state, step) -> the next state; a pair that is not here is refused.
TABLE: dict[tuple[State, Step], State] = {
    (State.OPEN, Step.FINISH): State.DONE,
    (State.OPEN, Step.DROP): State.DROPPED,
    (State.DONE, Step.REOPEN): State.OPEN,
    (State.DROPPED, Step.REOPEN): State.OPEN,
}

_RANK = {Priority.NORMAL: 0, Priority.URGENT: 1, Priority.EMERGENCY: 2}


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """Service levels: minutes until a person must have acted."""

    owner: str = "office"
    normal_minutes: int = 60  # business minutes
    urgent_minutes: int = 5  # minutes on the wall: urgent does not wait for the morning
    emergency_minutes: int = 0  # at once


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to open. ``source`` (``call:12``, ``part:7``, ``inbound:3``) makes it one of its kind for ever.

    ``queue`` is where its owner was chosen ('' for none), ``why_owner`` says how.
    """

    kind: Kind
    source: str
    line: str
    reason: str
    owner: str
    due_ms: int
    created_ms: int
    priority: Priority = Priority.NORMAL
    call_id: int | None = None
    thread_id: int | None = None
    number: str | None = None
    queue: str = ""
    why_owner: str = ""


def with_callback(settings: TaskSettings, minutes: int) -> TaskSettings:
    """Return the settings with another service level for normal tasks: a line's, or a rule's."""
    return replace(settings, normal_minutes=minutes)


def after(state: State, step: Step) -> State | None:
    """Return the state after ``step``, or ``None`` when a task in ``state`` cannot take it."""
    return TABLE.get((state, step))


def higher(one: Priority, other: Priority) -> Priority:
    """Return the higher of two priorities; a task is raised, never lowered, by what comes in."""
    return max(one, other, key=_RANK.__getitem__)


def due(
    priority: Priority,
    now_ms: int,
    business_deadline: Callable[[int, int], int | None],
    settings: TaskSettings | None = None,
) -> int:
    """Return the deadline (ms UTC) of a task opened at ``now_ms``.

    ``business_deadline(start_ms, minutes)`` is the decision stage's: the moment at which that many minutes of the
    line's opening hours have passed, ``None`` for a line that never opens (then the minutes run on the wall).
    """
    settings = settings or TaskSettings()
    if priority is Priority.EMERGENCY:
        return now_ms + settings.emergency_minutes * MINUTE_MS
    if priority is Priority.URGENT:
        return now_ms + settings.urgent_minutes * MINUTE_MS
    deadline = business_deadline(now_ms, settings.normal_minutes)
    return now_ms + settings.normal_minutes * MINUTE_MS if deadline is None else deadline


def in_words(due_ms: int, now_ms: int) -> str:
    """Say how far a deadline is: ``in 25 min``, ``3 h overdue``."""
    minutes = abs(due_ms - now_ms) // MINUTE_MS
    if minutes < 120:
        amount = f"{minutes} min"
    elif minutes < 48 * 60:
        amount = f"{minutes // 60} h"
    else:
        amount = f"{minutes // (24 * 60)} days"
    return f"in {amount}" if due_ms >= now_ms else f"{amount} overdue"
