"""CDR rows of a time the agent did not hear the PBX -> the same :class:`CallRecord`, with a confidence; pure.

A call has a row for each leg: the rows of one caller's channel, and those of the Local channels it went through, fold
into one record, and the outcome is judged by the same tables as a call that was heard. What CDR cannot say:

- ``ANSWERED`` also when an application (queue, menu, voicemail) answered: only a row that joins the caller to a real
  channel is a person's answer; an application that is not known to be a machine leaves the call `lost`.
- a phone that never rang is ``NO ANSWER`` too; a carrier that connected the call elsewhere is ``NO ANSWER`` (its cause
  26 is not written); whether the number was withheld is not written at all, unless the dialplan notes it.

So ``confidence`` is high only where nothing of that is in doubt, and a call of low confidence is never texted.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from textback_pbx.calls.backfill_book import OUTGOING, Book, Timed, is_person, timed
from textback_pbx.calls.backfill_rows import CdrRow, Times
from textback_pbx.calls.freeze import application_name
from textback_pbx.calls.outcome import USER_BUSY, CallRecord, Leg, Outcome, Verdict, judge
from textback_pbx.calls.trunks import TrunkMatcher, local_half, no_number, presentation_withheld, prohibited

#: Applications that answer a caller and hold no person; anything else that answered may have been one.
MACHINES = frozenset(
    ("", "answer", "hangup", "playback", "background", "read", "wait", "waitexten", "voicemail", "voicemailmain")
) | frozenset(
    ("minivmrecord", "minivmgreet", "vmauthenticate", "queue", "directory", "busy", "congestion", "playtones")
)
_MACHINES_TOO = frozenset(("saydigits", "saynumber", "sayalpha", "sayunixtime", "musiconhold", "ringing", "progress"))
_DIALERS = frozenset(("dial", "queue", "followme", "appdial", "retrydial", "bridge", "page", "pickup", ""))
_PLANS_END = frozenset(("hangup", "busy", "congestion", ""))
_NETWORK_BUSY, _NO_ROUTE, _UNREACHABLE = 34, 3, 27
_JOINS_LATER = re.compile(r",[^,]*,[^,]*G\(")  # Dial(...,G(...)): an answer joins nobody yet
_ASKS_FIRST = re.compile(r",[^,]*,[^,]*[UM]\(")  # Dial(...,U(...)): "press 1 to take the call"

NOT_CLEAR = "Asterisk's call records do not say whether a person took the call"


@dataclass(frozen=True, slots=True)
class Recovered:
    """One customer call that CDR knows of. ``doubts`` say why the confidence is low; empty: it is high."""

    record: CallRecord
    verdict: Verdict
    started_ms: int
    ended_ms: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoveredOut:
    """One call from the office to an outside number that CDR knows of."""

    uniqueid: str
    number: str
    answered: bool
    ended_ms: int


def fold(
    rows: Sequence[CdrRow], times: Times, trunks: TrunkMatcher, trunk_names: Iterable[str] = ()
) -> tuple[list[Recovered], list[RecoveredOut]]:
    """Fold the rows of any number of calls, in the order of their source.

    ``trunk_names`` are channel names without their number (``PJSIP/carrier``) that live calls came in through.
    """
    book = Book(timed(rows, times), trunks, frozenset(trunk_names))
    calls = [_recover(book, key) for key in book.roots]
    roots = set(book.roots)
    outs = [out for key, own in book.by_root.items() if key not in roots for out in _outs(book, own)]
    return sorted(calls, key=lambda call: (call.started_ms, call.record.order)), outs


def _recover(book: Book, key: str) -> Recovered:
    own = book.by_root[key]
    first = next((one for one in own if book.entered(one)), own[0])
    family, channels = book.family(own), {one.row.channel for one in own}
    joined = [one for channel in channels for one in book.towards[channel] if one not in own]
    started_ms, ended_ms = min(one.start_ms for one in own), max(one.end_ms for one in own)
    if first.row.epoch_s is not None:
        started_ms = min(started_ms, max(first.row.epoch_s * 1_000, started_ms - 60_000))
    record = _record(book, first, own, family, joined)
    record = replace(record, started_ms=started_ms, ended_ms=ended_ms, facts={**record.facts, "cdr": key})
    verdict = judge(record)
    if verdict.outcome is not Outcome.ANSWERED and _maybe_a_person(own, family, book):
        verdict = Verdict(Outcome.LOST, "gap", NOT_CLEAR)
    return Recovered(record, verdict, started_ms, ended_ms, tuple(_doubts(book, first, own, verdict)))


def _doubts(book: Book, first: Timed, own: list[Timed], verdict: Verdict) -> Iterable[str]:
    if verdict.outcome is Outcome.LOST:
        yield NOT_CLEAR
    if not book.entered(first):
        yield "only the trunk's name says that it came in from outside"
    if not first.row.uniqueid:
        yield "the rows have no Uniqueid (cdr.conf: loguniqueid = yes)"
    if any(one.row.application == "voicemail" for one in own) and verdict.outcome is not Outcome.ANSWERED:
        yield "whether a message was left on voicemail is not in the rows"
    if not all(one.sure for one in own):
        yield "the time zone of the rows is not certain"


def _maybe_a_person(own: list[Timed], family: list[Timed], book: Book) -> bool:
    """An application that may be a person's answered, or a Local channel did and nothing tells what was behind it."""
    for one in (*own, *family):
        row = one.row
        if row.disposition != "ANSWERED" or row.application in OUTGOING:
            continue
        half = local_half(row.dst_channel)
        if half is not None and not book.behind[half[0]]:
            return True
        if not row.dst_channel and row.application not in MACHINES:
            return True
    return False


def _record(book: Book, first: Timed, own: list[Timed], family: list[Timed], joined: list[Timed]) -> CallRecord:
    said = {name: value for one in own for name, value in one.row.said.items()}
    told = [one.row.said["pres"] for one in own if "pres" in one.row.said]
    pres = next((one for one in told if prohibited(one)), said.get("pres", ""))
    withheld = no_number(first.row.number) or (pres != "" and presentation_withheld(pres))
    legs = [leg for one in (*own, *family) if (leg := _leg(one, own[-1], book))]
    legs += [_joiner(one, book) for one in joined if one.row.disposition == "ANSWERED" and one.row.bill_s >= 0]
    up = any(_was_up(one) for one in own)
    person = any(leg.bridged for leg in legs)
    spoken = application_name(one.row.application for one in (*own, *family) if _was_up(one))
    last = own[-1].row
    return CallRecord(
        uniqueid=first.row.uniqueid,
        caller="" if withheld else first.row.number,
        dialled=first.row.did or first.row.dst,
        withheld=withheld,
        context=first.row.context,
        channel=first.row.channel,
        order=first.row.order,
        started_ms=None,
        ended_ms=None,
        up=up,
        ended=True,
        cause=_cause(own),
        caller_hung_up=not last.dst_channel and last.application not in _PLANS_END,
        adopted=False,
        adopted_up=False,
        application=spoken or ("ivr" if up and not person else ""),
        legs=tuple(legs),
        dialplan_busy=any(_said_busy(one, book) for one in (*own, *family)),
        facts={"presentation": pres, **{k: {"by": v} for k, v in said.items() if k != "pres"}},
    )


def _said_busy(one: Timed, book: Book) -> bool:
    """Behind a Local channel the dialplan said busy (Busy(), as do-not-disturb does), with a row of its own or not."""
    half = local_half(one.row.dst_channel)
    if half is not None:
        return one.row.disposition == "BUSY" and not book.behind[half[0]]
    return one.row.application == "busy" and not one.row.dst_channel and local_half(one.row.channel) is not None


def _was_up(one: Timed) -> bool:
    """The caller's channel was up in this row, whoever answered; a phone's own answer is not the caller's."""
    row = one.row
    return (row.disposition == "ANSWERED" and not is_person(row.dst_channel)) or (
        row.disposition != "ANSWERED" and row.bill_s > 0 and row.bill_s == row.duration_s
    )


def _cause(own: list[Timed]) -> int | None:
    """The Q.850 cause the dialplan gave the caller, as far as rows without a second channel tell it."""
    for one in reversed(own):
        row = one.row
        if row.dst_channel:
            continue
        if row.application == "hangup" and row.data.strip().isdecimal() and len(row.data) < 4:
            return int(row.data)
        if row.application == "busy":
            return USER_BUSY
        if row.application == "congestion":
            return _NETWORK_BUSY
        if row.application in ("dial", "queue") and row.disposition in ("FAILED", "CONGESTION"):
            return _NO_ROUTE
    return None


def _leg(one: Timed, last: Timed, book: Book) -> Leg | None:
    """A row that joins the caller (or a Local channel of the call) to a real channel."""
    row = one.row
    if not is_person(row.dst_channel) or row.application in OUTGOING:
        return None
    asked = bool(_ASKS_FIRST.search(row.data))
    bridged = row.disposition == "ANSWERED" and not _JOINS_LATER.search(row.data)
    tried = row.disposition == "NO ANSWER"
    return Leg(
        channel=row.dst_channel,
        uniqueid="",
        bridged=bridged,
        up=row.disposition == "ANSWERED" or (row.disposition == "FAILED" and asked),
        alerting=bridged or tried,
        abandoned=tried and one is last and _gave_up(row),
        dial_status=row.disposition,
        cause=None if asked and row.disposition == "FAILED" else _LEG_CAUSES.get(row.disposition),
        outside=book.is_trunk(row.dst_channel),
        ring_ms=row.duration_s * 1_000 if tried else None,
    )


_LEG_CAUSES = {"BUSY": USER_BUSY, "CONGESTION": _NETWORK_BUSY, "FAILED": _UNREACHABLE}


def _gave_up(row: CdrRow) -> bool:
    """The last row, before the dialplan's time was over: the caller hung up."""
    limit = row.data.split(",")[1:2]
    return row.application != "dial" or not limit or not limit[0].isdecimal() or row.duration_s < int(limit[0])


def _joiner(one: Timed, book: Book) -> Leg:
    """Somebody else's channel that was joined to the caller's: a pickup, a fetched parked call, a Bridge."""
    row = one.row
    return Leg(
        channel=row.channel, uniqueid=row.uniqueid, bridged=True, up=True, alerting=True, dial_status=row.disposition,
        outside=book.is_trunk(row.channel),
    )  # fmt: skip


def _outs(book: Book, own: list[Timed]) -> Iterable[RecoveredOut]:
    """The calls to outside numbers of a channel that did not come in from outside."""
    for one in own:
        row = one.row
        if book.is_trunk(row.dst_channel) and row.application in _DIALERS and is_person(row.channel):
            number = _dialled(row)
            if number:
                yield RecoveredOut(row.uniqueid or row.channel, number, row.disposition == "ANSWERED", one.end_ms)


_DIGITS = re.compile(r"\+?[0-9]{5,20}")


def _dialled(row: CdrRow) -> str:
    for part in reversed(re.split(r"[/@&,]", row.data)):
        if _DIGITS.fullmatch(part):
            return part
    return row.dst if _DIGITS.fullmatch(row.dst) else ""
