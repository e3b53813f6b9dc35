"""What real Asterisk 16 and 22 wrote as call detail records while the bench's scenarios were played.

Beside them stand the outcomes a person would name. `unanswered`: with the installer's cdr.conf (`unanswered = yes`);
`default`: without it. From the Master.csv and master.db of six Asterisks each, in the order in which they wrote them.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from textback_pbx.calls.backfill import Recovered, RecoveredOut, fold
from textback_pbx.calls.backfill_rows import CdrRow, Times, row_of
from textback_pbx.calls.trunks import TrunkMatcher, Trunks

FOLDER = Path(__file__).parent / "cdr"
KINDS = sorted(file.stem for file in FOLDER.glob("*.json"))
CHICAGO = ZoneInfo("America/Chicago")
UTC_TIMES = Times(CHICAGO, 0, sure=True)
TRUNKS = TrunkMatcher(Trunks())


@dataclass(frozen=True, slots=True)
class Written:
    """One Asterisk: the customer calls it had, its database rows by column, its Master.csv."""

    calls: list[dict[str, str]]
    rows: list[dict[str, str]]
    csv: list[str]


@cache
def written(kind: str) -> list[Written]:
    found = []
    for one in json.loads((FOLDER / f"{kind}.json").read_text()):
        rows = [
            {name: "" if value is None else str(value) for name, value in zip(one["columns"], row, strict=True)}
            for row in one["rows"]
        ]
        found.append(Written(one["calls"], rows, one["csv"]))
    return found


def folded(columns: list[dict[str, str]], times: Times = UTC_TIMES) -> tuple[list[Recovered], list[RecoveredOut]]:
    return fold([row_of(one, order) for order, one in enumerate(columns)], times, TRUNKS)


def row(**columns: str | int) -> dict[str, str]:
    """A row as Asterisk would write it: one desk rang out, unless `columns` say otherwise."""
    given = {
        "calldate": "2026-11-20 17:00:00", "src": "+15125550142", "dst": "5001", "dcontext": "from-trunk",
        "channel": "PJSIP/trunk-00000001", "dstchannel": "PJSIP/101-00000002", "lastapp": "Dial",
        "lastdata": "PJSIP/101,20", "duration": 20, "billsec": 0, "disposition": "NO ANSWER",
        "uniqueid": "1795215600.1",
    }  # fmt: skip
    return {name: str(value) for name, value in (given | columns).items()}


def cdr_row(**columns: str | int) -> CdrRow:
    return replace(row_of(row(**columns)))
