"""CallRecord -> outcome: the two tables of CALLS.md, as tables; pure.

The words are the ETSI call-event vocabulary (TS 129 199-3: Busy, NotReachable, NoAnswer, Answer). The mapping from
ITU-T Q.850 causes to those events is this project's own. Within a table the first row that matches decides.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class LegClass(StrEnum):
    """What became of one dialled phone."""

    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"  # another phone took it: says nothing
    FORWARDED = "forwarded"  # it sent the call on: the phone it went to says what happened
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    NOT_REACHABLE = "not_reachable"


class Outcome(StrEnum):
    """What became of the call."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NOT_REACHABLE = "not_reachable"
    NONE = "none"
    LOST = "lost"


#: Q.850 causes (and Asterisk's) that say the phone, trunk or route could not be had.
UNREACHABLE = frozenset(
    (1, 2, 3, 5, 6, 18, 20, 22, 25, 27, 28, 29, 34, 38, 41, 42, 43, 44, 47, 50, 52, 54, 57, 58, 65, 66, 69, 79, 88)
) | frozenset((95, 96, 97, 98, 99, 100, 101, 102, 111))
ANSWERED_ELSEWHERE, USER_BUSY, CALL_REJECTED, REDIRECTED = 26, 17, 21, 23


@dataclass(frozen=True, slots=True)
class Leg:
    """One real channel that was tried for a call, or took it. Times in ms; None: not told."""

    channel: str
    uniqueid: str
    parent: str | None = None  # Uniqueid of the channel that dialled it
    bridged: bool = False  # up and in a bridge with the caller's side
    up: bool = False
    alerting: bool = False  # Ringing or Progress was seen
    forwarded: bool = False
    abandoned: bool = False  # the caller hung up while it was tried
    dial_status: str | None = None
    cause: int | None = None
    outside: bool = False
    ring_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One customer call, folded from its events; what :func:`judge` reads and what is stored."""

    uniqueid: str
    caller: str  # as the trunk sent it; '' when withheld
    dialled: str
    withheld: bool
    context: str
    channel: str
    order: int  # the how manieth call that began
    started_ms: int | None
    ended_ms: int | None
    up: bool  # the caller's channel was up: a person or an application had answered
    ended: bool  # the caller's channel is gone
    cause: int | None
    caller_hung_up: bool
    adopted: bool  # a part of it was not heard
    adopted_up: bool  # it was already up when it was first heard (again)
    application: str  # '', 'voicemail', 'queue', 'ivr', 'conference'
    legs: tuple[Leg, ...]
    dialplan_busy: bool = False  # the dialplan behind a Local channel said busy without trying a phone (DND)
    dropped: tuple[LegClass, ...] = ()  # classes of legs that were too many to keep
    facts: dict[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CallOut:
    """A call from the office to an outside number."""

    uniqueid: str
    number: str
    answered: bool
    ended_ms: int | None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class LegRow:
    """One row of the leg table: the first whose ``applies`` is true gives the class."""

    evidence: str
    applies: Callable[[Leg], bool]
    gives: LegClass


LEG_TABLE: tuple[LegRow, ...] = (
    LegRow("up and in a bridge with the caller", lambda leg: leg.bridged, LegClass.ANSWERED),
    LegRow("hangup cause 26: another phone took it", lambda leg: leg.cause == ANSWERED_ELSEWHERE, LegClass.ELSEWHERE),
    LegRow(
        "sent on to another number (cause 23 or a Forward header)",
        lambda leg: leg.forwarded or leg.cause == REDIRECTED,
        LegClass.FORWARDED,
    ),
    LegRow("hangup cause 17: busy", lambda leg: leg.cause == USER_BUSY, LegClass.BUSY),
    LegRow("hangup cause 21: rejected", lambda leg: leg.cause == CALL_REJECTED, LegClass.REJECTED),
    LegRow("hangup cause says it could not be reached", lambda leg: leg.cause in UNREACHABLE, LegClass.NOT_REACHABLE),
    LegRow("was up, but did not take the call", lambda leg: leg.up, LegClass.NO_ANSWER),
    LegRow("rang, and nobody answered", lambda leg: leg.alerting, LegClass.NO_ANSWER),
    LegRow("never rang", lambda _: True, LegClass.NOT_REACHABLE),
)


def classify(leg: Leg) -> tuple[LegClass, str]:
    """The class of one leg and the evidence for it."""
    for row in LEG_TABLE:
        if row.applies(leg):
            return row.gives, row.evidence
    raise AssertionError("the last row applies to every leg")


@dataclass(frozen=True, slots=True)
class View:
    """A record with the classes of its legs that may decide; what the call table's conditions read."""

    record: CallRecord
    classes: frozenset[LegClass]
    gave_up: bool  # the caller hung up while a phone rang

    @property
    def tried(self) -> bool:
        """Whether any leg says something about the outcome."""
        return bool(self.classes)


@dataclass(frozen=True, slots=True)
class CallRow:
    """One row of the call table."""

    condition: str
    applies: Callable[[View], bool]
    gives: Outcome
    detail: Callable[[View], str]
    details: tuple[str, ...]


def _unanswered(view: View) -> str:
    if view.record.up and view.record.application == "voicemail":
        return "voicemail"
    if view.record.up and view.record.application == "ivr":
        return "ivr"
    return "abandoned" if view.gave_up else "timeout"


def _row(condition: str, applies: Callable[[View], bool], gives: Outcome, *details: str) -> CallRow:
    detail = (lambda _: details[0]) if len(details) == 1 else _unanswered
    return CallRow(condition, applies, gives, detail if details else (lambda _: ""), details)


def _half_heard(view: View) -> bool:
    """A part of the call was not heard, and a person may have taken it in that part."""
    return view.record.adopted and (view.record.adopted_up or not view.tried)


CALL_TABLE: tuple[CallRow, ...] = (
    _row("a leg answered", lambda v: LegClass.ANSWERED in v.classes, Outcome.ANSWERED),
    _row(
        "the caller's hangup cause is 26: the carrier connected it elsewhere",
        lambda v: v.record.cause == ANSWERED_ELSEWHERE,
        Outcome.ANSWERED,
        "elsewhere",
    ),
    _row("Asterisk, the link or the recording ended first", lambda v: not v.record.ended, Outcome.LOST, "not_ended"),
    _row("a part of the call was not heard, and it may have been answered then", _half_heard, Outcome.LOST, "gap"),
    _row(
        "a leg rang and nobody answered",
        lambda v: LegClass.NO_ANSWER in v.classes,
        Outcome.NO_ANSWER,
        "timeout",
        "abandoned",
        "voicemail",
        "ivr",
    ),
    _row("a leg was rejected", lambda v: LegClass.REJECTED in v.classes, Outcome.BUSY, "rejected"),
    _row("a leg was busy", lambda v: LegClass.BUSY in v.classes, Outcome.BUSY),
    _row(
        "the dialplan behind a Local channel said busy, and tried no phone",
        lambda v: v.record.dialplan_busy,
        Outcome.BUSY,
        "dialplan",
    ),
    _row("a leg could not be reached", lambda v: LegClass.NOT_REACHABLE in v.classes, Outcome.NOT_REACHABLE),
    _row("no leg, the caller's cause is 17", lambda v: v.record.cause == USER_BUSY, Outcome.BUSY, "dialplan"),
    _row("no leg, the caller's cause is 21", lambda v: v.record.cause == CALL_REJECTED, Outcome.NONE, "blocked"),
    _row(
        "no leg, the caller's cause says nothing could be reached",
        lambda v: v.record.cause in UNREACHABLE,
        Outcome.NOT_REACHABLE,
    ),
    _row("no leg, the caller's channel was up", lambda v: v.record.up, Outcome.NO_ANSWER, "unattended"),
    _row("no leg, never up, the caller hung up", lambda v: v.record.caller_hung_up, Outcome.NO_ANSWER, "unattended"),
    _row("no leg, never up, the dialplan hung up", lambda _: True, Outcome.NOT_REACHABLE, "nobody_tried"),
)

_SILENT = frozenset({LegClass.ELSEWHERE, LegClass.FORWARDED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a call, its detail, and the row that decided."""

    outcome: Outcome
    detail: str
    condition: str


def judge(record: CallRecord) -> Verdict:
    """Decide what became of a call."""
    classified = [(leg, classify(leg)[0]) for leg in record.legs]
    classes = {kind for _, kind in classified} | set(record.dropped)
    gave_up = any(kind is LegClass.NO_ANSWER and leg.abandoned for leg, kind in classified)
    view = View(record, frozenset(classes - _SILENT), gave_up)
    for row in CALL_TABLE:
        if row.applies(view):
            return Verdict(row.gives, row.detail(view), row.condition)
    raise AssertionError("the last row applies to every call")
