"""THE state table of one SMS part on its way out, and what a crash leaves. Pure: no clock, no I/O.

A part is handed to the modem at most once without a human. Between Ctrl-Z and ``+CMGS:`` nobody can know
whether the network has the text (3GPP TS 27.005, 3.5.1), so that time has a state of its own, ``handed_over``,
committed before the PDU leaves; a crash or silence in it is ``unknown``. No event of the machine leads from
``unknown`` back to ``queued``: only a person's does. Evidence (a late ``+CMGS``, a status report) may upgrade.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol


class State(StrEnum):
    """Where a part is; the values of ``parts.state``."""

    QUEUED = "queued"  # waits for its time, its turn and the budget
    CLAIMED = "claimed"  # a line has taken it; nothing but AT+CMGS may have left
    HANDED_OVER = "handed_over"  # committed before the first PDU byte leaves
    ACCEPTED = "accepted"  # the network answered +CMGS, or a person or a report says so
    REFUSED = "refused"  # definitely not taken, and not tried again by the machine
    UNKNOWN = "unknown"  # handed over, answer lost: shown, never sent again by the machine
    DELIVERED = "delivered"  # a status report says the phone has it
    UNDELIVERED = "undelivered"  # a status report says it never will
    EXPIRED = "expired"  # too late to be worth sending; never handed over, or refused before
    CANCELLED = "cancelled"  # not wanted any more: STOP, called back, second look


class Event(StrEnum):
    """What can happen to a part."""

    CLAIM = "claim"
    RELEASE = "release"  # given back untried: the agent stops
    HAND_OVER = "hand_over"
    ACCEPTED = "accepted"
    REFUSED_FOR_NOW = "refused_for_now"  # definite, and worth another try later
    REFUSED_FOR_GOOD = "refused_for_good"  # definite, and no use, or no tries left
    NOT_HANDED_OVER = "not_handed_over"  # the line says that no PDU byte left
    LOST = "lost"  # the answer is lost
    LATE_ACCEPT = "late_accept"  # +CMGS after the line had given up waiting
    REPORT_DELIVERED = "report_delivered"
    REPORT_TEMPORARY = "report_temporary"  # the SMSC has it and goes on trying
    REPORT_FAILED = "report_failed"
    EXPIRE = "expire"
    CANCEL = "cancel"
    CRASH = "crash"  # the agent starts and finds the part so
    HUMAN_WAS_SENT = "human_was_sent"
    HUMAN_NOT_SENT = "human_not_sent"  # a person gives it up
    HUMAN_SEND_AGAIN = "human_send_again"


@dataclass(frozen=True, slots=True)
class Impossible:
    """The event cannot happen to a part in this state: a bug, or evidence about something else."""

    state: State
    event: Event


_S, _E = State, Event

#: Evidence that an earlier hand-over reached the SMSC after all. It counts wherever the part has gone since:
#: a text that a person has put back into the queue is not sent a second time.
_EVIDENCE = {
    _E.ACCEPTED: _S.ACCEPTED,
    _E.LATE_ACCEPT: _S.ACCEPTED,
    _E.REPORT_DELIVERED: _S.DELIVERED,
    _E.REPORT_TEMPORARY: _S.ACCEPTED,
    _E.REPORT_FAILED: _S.UNDELIVERED,
}


def _final(state: State) -> dict[Event, State]:
    """The first final report wins: what comes later changes nothing."""
    return dict.fromkeys((*_EVIDENCE, _E.LOST), state)


TABLE: dict[State, dict[Event, State]] = {
    _S.QUEUED: {
        **_EVIDENCE,
        _E.REPORT_FAILED: _S.QUEUED,  # the earlier attempt failed; the person's wish to send again stands
        _E.CLAIM: _S.CLAIMED,
        _E.EXPIRE: _S.EXPIRED,
        _E.CANCEL: _S.CANCELLED,
    },
    _S.CLAIMED: {
        _E.RELEASE: _S.QUEUED,
        _E.HAND_OVER: _S.HANDED_OVER,
        _E.NOT_HANDED_OVER: _S.QUEUED,
        _E.REFUSED_FOR_NOW: _S.QUEUED,  # refused at AT+CMGS=, before the prompt
        _E.REFUSED_FOR_GOOD: _S.REFUSED,
        # A line that answers so without having asked is wrong; believing it can't send twice.
        _E.ACCEPTED: _S.ACCEPTED,
        _E.LATE_ACCEPT: _S.ACCEPTED,
        _E.LOST: _S.UNKNOWN,
        _E.EXPIRE: _S.EXPIRED,
        _E.CANCEL: _S.CANCELLED,
        _E.CRASH: _S.QUEUED,
    },
    _S.HANDED_OVER: {
        _E.ACCEPTED: _S.ACCEPTED,
        _E.LATE_ACCEPT: _S.ACCEPTED,
        _E.REFUSED_FOR_NOW: _S.QUEUED,
        _E.REFUSED_FOR_GOOD: _S.REFUSED,
        _E.LOST: _S.UNKNOWN,
        _E.NOT_HANDED_OVER: _S.UNKNOWN,  # the permission was given: its word alone does not take it back
        _E.CRASH: _S.UNKNOWN,
    },
    _S.ACCEPTED: {**_EVIDENCE, _E.LOST: _S.ACCEPTED},
    _S.UNKNOWN: {
        **_EVIDENCE,
        _E.LOST: _S.UNKNOWN,
        _E.HUMAN_WAS_SENT: _S.ACCEPTED,
        _E.HUMAN_NOT_SENT: _S.REFUSED,
        _E.HUMAN_SEND_AGAIN: _S.QUEUED,
    },
    _S.REFUSED: {**_EVIDENCE, _E.HUMAN_SEND_AGAIN: _S.QUEUED},
    _S.EXPIRED: {**_EVIDENCE, _E.HUMAN_SEND_AGAIN: _S.QUEUED},
    _S.CANCELLED: {**_EVIDENCE, _E.HUMAN_SEND_AGAIN: _S.QUEUED},
    _S.DELIVERED: _final(_S.DELIVERED),
    _S.UNDELIVERED: _final(_S.UNDELIVERED),
}
for _state, _row in TABLE.items():
    _row.setdefault(_E.CRASH, _state)

#: States no loop of the machine moves on by itself (evidence and people still may).
FINAL = frozenset({_S.REFUSED, _S.DELIVERED, _S.UNDELIVERED, _S.EXPIRED, _S.CANCELLED})


def step(state: State, event: Event) -> State | Impossible:
    """Return the state after ``event``, or :class:`Impossible`."""
    return TABLE[state].get(event, Impossible(state, event))


def recover(state: State) -> State:
    """Return what a part in ``state`` becomes when the agent starts after a crash or a power cut."""
    after = step(state, Event.CRASH)
    assert isinstance(after, State)
    return after


# What a line answers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """``+CMGS: <mr>``: the SMSC has it. ``tp_mr`` is TP-Message-Reference, 0..255 (23.040, 9.2.3.6)."""

    tp_mr: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An error answer. ``code`` is the ``+CMS ERROR`` number, or ``None``; ``reason`` is plain words.

    ``definite``: the text has certainly not been taken, by the modem's table of codes. When it is false the
    part becomes unknown, as if nothing had been heard.
    """

    code: int | None
    reason: str
    definite: bool


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """No PDU byte has left (no prompt, no port, the permission was withheld). Safe to try again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Handed over and no answer that can be trusted."""

    reason: str


SubmitResult = Accepted | Refused | NotHandedOver | Unknown


@dataclass(frozen=True, slots=True)
class LateAccept:
    """``+CMGS`` that came after the line had answered :class:`Unknown` for this part: it belongs to its command."""

    part_id: int
    tp_mr: int


@dataclass(frozen=True, slots=True)
class OutPart:
    """One part as a line needs it. ``number`` is E.164; ``concat_ref`` is ``None`` for a single part."""

    part_id: int
    message_id: int
    number: str
    text: str
    encoding: Literal["gsm7", "ucs2"]
    seq: int
    total: int
    concat_ref: int | None
    validity_minutes: int  # TP-Validity-Period (23.040, 9.2.3.12): later than this the SMSC drops it

    @property
    def more_follow(self) -> bool:
        """Whether the next part is right behind it (``AT+CMMS``, 27.005 3.5.6)."""
        return self.seq < self.total


class HandOver(Protocol):
    """The permission to hand one part over; ``pdu`` is what is about to leave (hex), kept as evidence."""

    async def __call__(self, pdu: str = "") -> None:
        """Return once the hand-over is on disk; raises when the part must not leave."""
        ...


# A whole message ---------------------------------------------------------------------------------------------


class MessageState(StrEnum):
    """What its parts make of a message, the worst news first."""

    UNKNOWN = "unknown"
    FAILED = "failed"  # at least one part refused or undelivered: the text is not whole
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SENDING = "sending"
    QUEUED = "queued"
    SENT = "sent"  # the network has every part
    DELIVERED = "delivered"  # a report for every part (promise 3)


_MESSAGE = (
    (MessageState.UNKNOWN, {_S.UNKNOWN}),
    (MessageState.FAILED, {_S.REFUSED, _S.UNDELIVERED}),
    (MessageState.CANCELLED, {_S.CANCELLED}),
    (MessageState.EXPIRED, {_S.EXPIRED}),
    (MessageState.SENDING, {_S.CLAIMED, _S.HANDED_OVER}),
)


def message_state(parts: Iterable[State]) -> MessageState:
    """Fold the states of a message's parts; it is delivered only when every part is."""
    states = set(parts)
    for verdict, any_of in _MESSAGE:
        if states & any_of:
            return verdict
    if _S.QUEUED in states:
        return MessageState.QUEUED if states == {_S.QUEUED} else MessageState.SENDING
    return MessageState.DELIVERED if states == {_S.DELIVERED} else MessageState.SENT


def diagram() -> str:
    """Draw the table as a Mermaid state diagram; self-loops are left out, equal arrows joined."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    for state, row in TABLE.items():
        arrows: dict[State, list[str]] = {}
        for event, after in row.items():
            if after is not state:
                arrows.setdefault(after, []).append(event.value)
        lines += [f"    {state} --> {after}: {', '.join(events)}" for after, events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"
