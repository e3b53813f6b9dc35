"""Which attempt a status report belongs to, and what it says. Pure.

A report names its text by recipient and TP-MR only (3GPP 23.040, 9.2.2.3), and TP-MR has 8 bits and wraps, so
time and SIM decide between equals. TP-ST is read by 23.040, 9.2.3.15: "still trying" is not a failure, and
"forwarded, but nobody can confirm" is not "delivered". A report that fits nothing, or two attempts equally
well, is kept as an orphan: a wrong match would hide an unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.outbox.attempt import TABLE, Event, State

MINUTE_MS, DAY_MS = 60_000, 86_400_000

#: No two numbers of one office's callers differ only before their last digits of this many.
_TAIL = 7
_WAITS = "a text to this number waits for its reference; the report may be its own"


class Fate(StrEnum):
    """What a status says about the text."""

    DELIVERED = "delivered"
    FORWARDED = "forwarded"  # completed, without proof that the phone has it
    TRYING = "trying"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """One TP-ST in words. ``cannot_text``: the number itself takes no texts."""

    fate: Fate
    words: str
    cannot_text: bool = False


#: TP-ST: 23.040, 9.2.3.15. 0x00-0x1F completed, 0x20-0x3F trying, 0x40-0x5F failed for good, 0x60-0x7F given up.
STATUSES: dict[int, Status] = {
    0x00: Status(Fate.DELIVERED, "the phone has it"),
    0x01: Status(Fate.FORWARDED, "forwarded; the message centre cannot confirm that the phone has it"),
    0x02: Status(Fate.FORWARDED, "replaced by the message centre"),
    0x20: Status(Fate.TRYING, "congestion; still trying"),
    0x21: Status(Fate.TRYING, "the phone is busy; still trying"),
    0x22: Status(Fate.TRYING, "the phone does not answer; still trying"),
    0x23: Status(Fate.TRYING, "service rejected; still trying"),
    0x24: Status(Fate.TRYING, "quality of service not available; still trying"),
    0x25: Status(Fate.TRYING, "an error in the phone; still trying"),
    0x40: Status(Fate.FAILED, "remote procedure error"),
    0x41: Status(Fate.FAILED, "the destination cannot take texts", cannot_text=True),
    0x42: Status(Fate.FAILED, "the phone rejected it"),
    0x43: Status(Fate.FAILED, "not obtainable"),
    0x44: Status(Fate.FAILED, "quality of service not available"),
    0x45: Status(Fate.FAILED, "no interworking with the destination's network", cannot_text=True),
    0x46: Status(Fate.FAILED, "its validity ran out before the phone was reached"),
    0x47: Status(Fate.FAILED, "deleted by its sender"),
    0x48: Status(Fate.FAILED, "deleted by the message centre"),
    0x49: Status(Fate.FAILED, "the message centre does not know it"),
    0x60: Status(Fate.FAILED, "congestion; given up"),
    0x61: Status(Fate.FAILED, "the phone is busy; given up"),
    0x62: Status(Fate.FAILED, "the phone does not answer; given up"),
    0x63: Status(Fate.FAILED, "service rejected; given up"),
    0x64: Status(Fate.FAILED, "quality of service not available; given up"),
    0x65: Status(Fate.FAILED, "an error in the phone; given up"),
}

_RANGES = (
    (range(0x10, 0x20), Status(Fate.FORWARDED, "completed, in the message centre's own terms")),
    (range(0x20, 0x40), Status(Fate.TRYING, "still trying")),
    (range(0x40, 0x60), Status(Fate.FAILED, "failed for good")),
    (range(0x60, 0x80), Status(Fate.FAILED, "given up")),
)
#: Reserved values are to be read as "service rejected" (the end of 9.2.3.15) and kept as they came.
_RESERVED = Status(Fate.FAILED, "a status the standard reserves, read as service rejected")

EVENTS = {
    Fate.DELIVERED: Event.REPORT_DELIVERED,
    Fate.FORWARDED: Event.REPORT_TEMPORARY,
    Fate.TRYING: Event.REPORT_TEMPORARY,
    Fate.FAILED: Event.REPORT_FAILED,
}


def read_status(tp_st: int) -> Status:
    """Return what one octet of TP-ST means; every value 0..255 has a meaning."""
    if tp_st in STATUSES:
        return STATUSES[tp_st]
    return next((status for values, status in _RANGES if tp_st in values), _RESERVED)


@dataclass(frozen=True, slots=True)
class Report:
    """One status report as the modem gave it. ``scts_ms`` is when the SMSC took the text, by its own clock."""

    recipient: str
    tp_mr: int
    tp_st: int
    received_ms: int
    modem: str
    iccid: str | None = None
    scts_ms: int | None = None
    discharge_ms: int | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One part that has been handed over. ``tp_mr`` is ``None`` when its ``+CMGS`` was never heard."""

    part_id: int
    number: str
    state: State
    handed_over_ms: int
    tp_mr: int | None = None
    iccid: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How far apart a text and its report may lie, milliseconds.

    ``clocks_ms`` forgives a message centre in a wrong time zone when the reference fits; ``close_ms`` is what is
    asked of an attempt whose reference nobody heard.
    """

    window_ms: int = 8 * DAY_MS
    clocks_ms: int = DAY_MS + 2 * 60 * MINUTE_MS
    close_ms: int = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Matched:
    """The report is this part's. ``by_reference`` is false when only person and time fitted."""

    part_id: int
    event: Event
    by_reference: bool


@dataclass(frozen=True, slots=True)
class Orphan:
    """The report belongs to nothing here, or cannot be told to belong to one thing."""

    why: str


def same_number(one: str, other: str) -> bool:
    """Whether a report's recipient and an E.164 number are one: networks drop the plus, or the country code."""
    a, b = ("".join(char for char in text if char.isdigit()).lstrip("0") for text in (one, other))
    shorter, longer = sorted((a, b), key=len)
    return a == b or (len(shorter) >= _TAIL and longer.endswith(shorter))


def match(report: Report, attempts: Sequence[Attempt], rules: Rules) -> Matched | Orphan:
    """Find the attempt this report speaks of among those the database has kept.

    Every attempt in it was made before the report was read (the SIM is drained before anything is sent), so our
    own clock's jumps need no forgiving here.
    """
    event = EVENTS[read_status(report.tp_st).fate]
    ours = [attempt for attempt in attempts if _fits(report, attempt, event)]
    heard = [attempt for attempt in ours if attempt.tp_mr == report.tp_mr]
    exact = [attempt for attempt in heard if _apart(report, attempt, rules) <= rules.clocks_ms]
    if exact:
        best = min(
            exact, key=lambda attempt: (_apart(report, attempt, rules), -attempt.handed_over_ms, -attempt.part_id)
        )
        matched = Matched(best.part_id, event, by_reference=True)
        return _unless_another_is_closer(report, best, attempts, rules) or matched
    near = [attempt for attempt in ours if attempt.tp_mr is None and _apart(report, attempt, rules) <= rules.close_ms]
    unheard = near if _is_timed(report, rules) else []  # without a time there is only the number, which is too little
    if any(_in_flight(report, attempt) for attempt in attempts):
        return Orphan(_WAITS)
    if len(unheard) == 1:
        return Matched(unheard[0].part_id, event, by_reference=False)
    if unheard:
        return Orphan("it fits several texts whose reference nobody heard")
    return Orphan("nothing was sent to this number under this reference")


def _unless_another_is_closer(
    report: Report, best: Attempt, attempts: Sequence[Attempt], rules: Rules
) -> Orphan | None:
    """Whether the reference has come round again: a text nobody has heard the reference of lies closer in time."""
    own = _apart(report, best, rules)
    unheard = [one for one in attempts if one.tp_mr is None and same_number(report.recipient, one.number)]
    closer = [one for one in unheard if _apart(report, one, rules) < min(own, rules.close_ms)]
    if any(_in_flight(report, one) for one in closer):
        return Orphan(_WAITS)
    if own > rules.close_ms and any(one.state is State.UNKNOWN for one in closer):
        return Orphan("its reference is an earlier text's, its time that of one whose reference nobody heard")
    return None


def _fits(report: Report, attempt: Attempt, event: Event) -> bool:
    if report.iccid is not None and attempt.iccid is not None and report.iccid != attempt.iccid:
        return False
    return event in TABLE[attempt.state] and same_number(report.recipient, attempt.number)


def _in_flight(report: Report, attempt: Attempt) -> bool:
    """Whether a text to this person is being handed over: its report can come before its ``+CMGS``."""
    return attempt.state is State.HANDED_OVER and same_number(report.recipient, attempt.number)


def _apart(report: Report, attempt: Attempt, rules: Rules) -> int:
    """How far the SMSC's time of taking the text lies from our hand-over; 0 when it gave none, or nonsense."""
    if report.scts_ms is None or not _is_timed(report, rules):
        return 0
    return abs(report.scts_ms - attempt.handed_over_ms)


def _is_timed(report: Report, rules: Rules) -> bool:
    """Whether the report says, in a way that can be true, when the SMSC took its text."""
    return report.scts_ms is not None and abs(report.scts_ms - report.received_ms) <= rules.window_ms
