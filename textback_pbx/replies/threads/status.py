"""The statuses of a thread, and who moves it from one to another; pure.

Any inbound text re-opens a thread; a person may set any status that people set. The table is what the
documentation's diagram is made from.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.clock import HOUR_MS


class Status(StrEnum):
    """Where a conversation stands."""

    NEW = "new"
    WAITING_ON_US = "waiting_on_us"
    WAITING_ON_THEM = "waiting_on_them"
    BOOKED = "booked"
    FOLLOW_UP = "follow_up"
    NO_RESPONSE = "no_response"
    CLOSED = "closed"


class Event(StrEnum):
    """What moves a thread by itself; staff move it by naming the status."""

    WROTE = "wrote"  # the customer wrote, and a person has to read it
    TEXTED = "texted"  # an automatic text went out: it answers nobody
    ANSWERED = "answered"  # a person wrote to the customer
    SILENT = "silent"  # by the clock: nothing came back within the office's time
    LOOK = "look"  # by the clock: the day to look at it again has come
    BOOK = "book"  # an appointment or a job was agreed
    WITHDRAW = "withdraw"  # the booking was called off
    CLOSE = "close"  # staff closed it


#: (status, event) -> the next status; a pair that is not here changes nothing.
TABLE: dict[tuple[Status, Event], Status] = {
    **{(status, Event.WROTE): Status.WAITING_ON_US for status in Status},
    **{(status, Event.BOOK): Status.BOOKED for status in Status},
    **{(status, Event.CLOSE): Status.CLOSED for status in Status},
    (Status.NEW, Event.TEXTED): Status.WAITING_ON_THEM,
    (Status.NO_RESPONSE, Event.TEXTED): Status.WAITING_ON_THEM,
    (Status.CLOSED, Event.TEXTED): Status.WAITING_ON_THEM,
    (Status.NEW, Event.ANSWERED): Status.WAITING_ON_THEM,
    (Status.WAITING_ON_US, Event.ANSWERED): Status.WAITING_ON_THEM,
    (Status.NO_RESPONSE, Event.ANSWERED): Status.WAITING_ON_THEM,
    (Status.CLOSED, Event.ANSWERED): Status.WAITING_ON_THEM,
    (Status.WAITING_ON_THEM, Event.SILENT): Status.NO_RESPONSE,
    (Status.NEW, Event.SILENT): Status.NO_RESPONSE,
    (Status.FOLLOW_UP, Event.LOOK): Status.WAITING_ON_US,
    (Status.BOOKED, Event.WITHDRAW): Status.WAITING_ON_US,
}

#: What a person may set by hand.
BY_HAND = (
    Status.WAITING_ON_US,
    Status.WAITING_ON_THEM,
    Status.BOOKED,
    Status.FOLLOW_UP,
    Status.NO_RESPONSE,
    Status.CLOSED,
)

#: What a list shows unless it is asked for more: somebody still expects something.
OPEN = (Status.NEW, Status.WAITING_ON_US, Status.WAITING_ON_THEM, Status.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a thread waits for the customer before the clock calls it ``no_response``."""

    silent_ms: int = 72 * HOUR_MS


def after(status: Status, event: Event) -> Status:
    """Return the status after ``event``; a booking or a follow-up is not undone by our own text."""
    return TABLE.get((status, event), status)
