"""Helpers of the call tests: the recordings, and a tiny way to write AMI traffic a telephony engineer can read."""

import json
from pathlib import Path

from textback_pbx.calls.outcome import CallRecord, judge
from textback_pbx.calls.replay import replay
from textback_pbx.calls.trunks import Trunks

RECORDINGS = Path(__file__).parent / "recordings"
INDEX = json.loads((RECORDINGS / "index.json").read_text())
VIEWS = [(name, view) for name in INDEX for view in ("minimal", "full")]


def recording(name: str, view: str = "minimal") -> bytes:
    return (RECORDINGS / f"{name}.{view}.ami").read_bytes()


def expected(name: str) -> list[tuple[str, str, str, str]]:
    return [(c["uniqueid"], c["caller"], c["dialled"], c["outcome"]) for c in INDEX[name]["calls"]]


def seen(records: list[CallRecord]) -> list[tuple[str, str, str, str]]:
    return [(r.uniqueid, r.caller, r.dialled, judge(r).outcome.value) for r in records]


def fold(data: bytes, trunks: Trunks | None = None) -> list[CallRecord]:
    return replay([data], trunks)
