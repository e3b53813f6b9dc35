"""A recording of AMI traffic (bytes) -> its customer calls, as plain values ready to be printed; pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from textback_pbx.calls.blocks import Blocks
from textback_pbx.calls.events import parse, sift, stamp_ms
from textback_pbx.calls.kinds import Ignored, Malformed
from textback_pbx.calls.outcome import CallOut, CallRecord, Leg, classify, judge
from textback_pbx.calls.quick import quick
from textback_pbx.calls.record import Fold, Notices
from textback_pbx.calls.trunks import Trunks

#: Calls that ended are held back this long in case a late event still belongs to them.
_HOLD = 1_000


class Replay:
    """Folds one recording. Feed it bytes in any chunks, then ask for the calls."""

    def __init__(self, trunks: Trunks | None = None) -> None:
        self.malformed = 0
        self.events = 0
        self._blocks = Blocks()
        self._fold = Fold(trunks)
        self._ended: dict[str, None] = {}
        self._records: list[CallRecord] = []
        self._out: list[CallOut] = []

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the recording."""
        self._take(self._blocks.feed(data))

    def _take(self, blocks: list[bytes]) -> None:
        apply = self._fold.apply
        for block in sift(blocks):
            event = quick(block) or parse(block)
            if isinstance(event, Ignored):
                continue
            if isinstance(event, Malformed):
                self.malformed += 1
                continue
            self.events += 1
            if notices := apply(event, stamp_ms(block)):
                self._note(notices)

    def _note(self, notices: Notices) -> None:
        for notice in notices:
            if notice.complete:
                self._ended[notice.uniqueid] = None
        while len(self._ended) > _HOLD:
            self._close(next(iter(self._ended)))

    def _close(self, uid: str) -> None:
        self._ended.pop(uid, None)
        taken = self._fold.take(uid)
        if isinstance(taken, CallRecord):
            self._records.append(taken)
        else:
            self._out.extend(taken)

    def finish(self) -> tuple[list[CallRecord], list[CallOut]]:
        """The recording is over: every customer call in the order of their beginning, and the calls out."""
        self._take(self._blocks.end())
        for uid in self._fold.open_calls():
            self._close(uid)
        self._records.sort(key=lambda record: record.order)
        return self._records, self._out


def replay(chunks: Iterable[bytes], trunks: Trunks | None = None) -> list[CallRecord]:
    """The customer calls of one recording."""
    run = Replay(trunks)
    for chunk in chunks:
        run.feed(chunk)
    return run.finish()[0]


def leg_as_json(leg: Leg) -> dict[str, Any]:
    """One leg as ``calls replay --json`` prints it and the calls table keeps it."""
    kind, evidence = classify(leg)
    return {
        "channel": leg.channel,
        "uniqueid": leg.uniqueid,
        "class": kind.value,
        "evidence": evidence,
        "dial_status": leg.dial_status,
        "cause": leg.cause,
        "ring_seconds": _seconds(leg.ring_ms),
        "outside": leg.outside,
    }


def ring_ms(record: CallRecord) -> int | None:
    """The longest ringing of one leg; 0 when none rang, None when it could not be measured."""
    rang = [leg for leg in record.legs if leg.alerting]
    measured = [leg.ring_ms for leg in rang if leg.ring_ms is not None]
    if not rang:
        return 0 if record.started_ms is not None else None
    return max(measured) if measured else None


def call_as_json(record: CallRecord) -> dict[str, Any]:
    """One call as ``calls replay --json`` prints it, without the file's name."""
    verdict = judge(record)
    return {
        "uniqueid": record.uniqueid,
        "caller": None if record.withheld else record.caller,
        "dialled": record.dialled,
        "withheld": record.withheld,
        "outcome": verdict.outcome.value,
        "detail": verdict.detail,
        "why": verdict.condition,
        "legs": [leg_as_json(leg) for leg in record.legs],
        "ring_seconds": _seconds(ring_ms(record)),
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else round(ms / 1_000, 1)


def read_chunks(stream: Any, size: int = 65_536) -> Iterator[bytes]:
    """A binary file in chunks."""
    while chunk := stream.read(size):
        yield chunk
