"""One call detail record (CDR) as its source wrote it -> :class:`CdrRow`; the time zone it was written in; pure.

Asterisk writes a row for each path between two channels when the call is over. Its times have no zone: cdr_csv and
the databases write local time, or UTC with ``usegmtime``. A Uniqueid begins with the second in which its channel was
made (seconds since the epoch), so rows with a Uniqueid show their zone themselves, daylight saving included.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from textback_pbx.calls.trunks import prohibited

Columns = Mapping[str, str]
#: The second that a Uniqueid names: ``1795218289.0``, or ``office-1795218289.0`` with a system name.
_UNIQUEID = re.compile(r"(?:.*-)?(\d{9,11})\.\d+")
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_EPOCH = re.compile(r"(\d{9,11})(?:\.\d+)?")
_CLID = re.compile(r"<([^<>]*)>\s*\Z")
_SAID = re.compile(r"textback[-_. ](pres|skip|handled)(?:=([\w.+-]{1,60}))?", re.IGNORECASE)
_QUARTER_S = 900
_NEAR_S = 120  # a channel's first row begins so soon after its Uniqueid
_PRESENTATIONS = ("pres", "presentation", "callerid_pres")


@dataclass(frozen=True, slots=True)
class CdrRow:
    """One row; times in seconds. ``wall_s`` is the start as written, read as if it were UTC."""

    uniqueid: str
    linkedid: str
    sequence: int
    number: str
    dst: str
    did: str
    context: str
    channel: str
    dst_channel: str
    application: str
    data: str
    wall_s: int
    duration_s: int
    bill_s: int
    disposition: str
    said: Mapping[str, str]  # what the dialplan noted for us: pres, skip, handled
    order: int = 0  # its place in the source
    zoned: bool = False  # ``wall_s`` is UTC for certain

    @property
    def epoch_s(self) -> int | None:
        """When its channel was made, by its Uniqueid."""
        match = _UNIQUEID.fullmatch(self.uniqueid)
        return int(match[1]) if match else None


class Damaged(ValueError):
    """A row that cannot be read; the words hold no caller's data."""


#: What a source must have besides a start and a caller; anything else may be missing.
REQUIRED = ("channel", "disposition", "duration")


def missing(columns: Iterable[str]) -> list[str]:
    """Return the columns without which nothing can be told from a source."""
    have = {name.lower() for name in columns}
    wanted = [name for name in REQUIRED if name not in have]
    if not have & {"calldate", "start"}:
        wanted.append("calldate")
    if not have & {"src", "cnum", "clid"}:
        wanted.append("src")
    return wanted


def row_of(columns: Columns, order: int = 0) -> CdrRow:
    """Read one row; column names in lower case. Raises :class:`Damaged`."""
    wall_s, zoned = _wall(columns.get("calldate") or columns.get("start") or "")
    channel = columns.get("channel", "")
    if not channel:
        raise Damaged("no channel")
    return CdrRow(
        uniqueid=columns.get("uniqueid", "").strip()[:150],
        linkedid=columns.get("linkedid", "").strip()[:150],
        sequence=_whole(columns.get("sequence", "")) or 0,
        number=_number(columns),
        dst=columns.get("dst", "")[:200],
        did=columns.get("did", "")[:200],
        context=columns.get("dcontext", "")[:200],
        channel=channel[:200],
        dst_channel=columns.get("dstchannel", "")[:200],
        application=columns.get("lastapp", "")[:80].lower(),
        data=columns.get("lastdata", "")[:1_000],
        wall_s=wall_s,
        duration_s=_seconds(columns, "duration"),
        bill_s=_seconds(columns, "billsec"),
        disposition=columns.get("disposition", "").strip().upper(),
        said=_said(columns),
        order=order,
        zoned=zoned,
    )


def _number(columns: Columns) -> str:
    """The caller's number: FreePBX's ``cnum``, then ``src``, then what stands in the angle brackets of ``clid``."""
    clid = _CLID.search(columns.get("clid", ""))
    return (columns.get("cnum") or columns.get("src") or (clid[1] if clid else ""))[:200]


def _said(columns: Columns) -> dict[str, str]:
    notes = " ".join(columns.get(name, "") for name in ("textback", "userfield"))
    said = {name.lower(): value for name, value in _SAID.findall(notes)}
    given = next((columns[name] for name in _PRESENTATIONS if columns.get(name)), "")[:40]
    if given and (prohibited(given) or "pres" not in said):
        said["pres"] = given
    return said


def _whole(text: str) -> int | None:
    """A count of seconds or rows; databases may write ``2.0``."""
    whole = text.strip().partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdecimal() and len(whole) < 10 else None


def _seconds(columns: Columns, name: str) -> int:
    if not columns.get(name, ""):
        return 0
    seconds = _whole(columns[name])
    if seconds is None:
        raise Damaged(f"{name} is no number of seconds")
    return seconds


def _wall(text: str) -> tuple[int, bool]:
    """A time as written -> seconds as if UTC, and whether it is UTC for certain (an epoch number)."""
    if match := _EPOCH.fullmatch(text.strip()):
        return int(match[1]), True
    match = _STAMP.match(text.strip())
    if match is None:
        raise Damaged("no time of the call")
    try:
        year, month, day, hour, minute, second = (int(part) for part in match.groups())
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()), False
    except ValueError as error:
        raise Damaged("no such time of the call") from error


@dataclass(frozen=True, slots=True)
class Times:
    """How a source's times are read: in ``zone``, or ``offset_s`` seconds east of UTC when rows show that."""

    zone: ZoneInfo
    offset_s: int | None
    sure: bool  # shown by the rows or told by the admin; not merely assumed
    note: str = ""

    def start_ms(self, row: CdrRow, after_s: int = 0) -> tuple[int, bool]:
        """When a row's call began, ms UTC, and whether that is certain.

        An hour that the clocks repeat is told apart by the Uniqueid; without one by ``after_s``, the end of the row
        written before it, and then it is not certain.
        """
        if row.zoned:
            return row.wall_s * 1_000, True
        if self.offset_s is not None:
            return (row.wall_s - self.offset_s) * 1_000, self.sure
        first, second = _readings(row.wall_s, self.zone)
        if first == second:
            return first * 1_000, self.sure
        if row.epoch_s is not None:
            nearest = min((first, second), key=lambda start: _distance(start, row.epoch_s or 0))
            return nearest * 1_000, True
        return (second if first + row.duration_s + 60 < after_s else first) * 1_000, False


def times_of(rows: Sequence[CdrRow], zone: ZoneInfo, told: str = "auto", written_s: int | None = None) -> Times:
    """Find out how ``rows`` write their times.

    ``told`` is the admin's word: ``local``, ``utc`` or ``auto``; ``written_s`` is when the source was last written
    (the file's time), which is the end of its last row. Rows with a Uniqueid decide; then ``written_s``.
    """
    if told == "utc":
        return Times(zone, 0, sure=True)
    if told == "local":
        return Times(zone, None, sure=True)
    votes = Counter(_vote(row, zone) for row in rows if row.epoch_s is not None and not row.zoned)
    votes.pop(None, None)
    if votes:
        return _elected(votes.most_common(1)[0][0], zone)
    if rows and written_s is not None:
        end = rows[-1].wall_s + rows[-1].duration_s
        local = [reading + rows[-1].duration_s for reading in _readings(rows[-1].wall_s, zone)]
        nearest = min(local, key=lambda at: abs(at - written_s))
        if abs(end - written_s) < abs(nearest - written_s):
            return Times(zone, 0, sure=abs(end - written_s) < _NEAR_S)
        return Times(zone, None, sure=abs(nearest - written_s) < _NEAR_S)
    return Times(zone, None, sure=False)


def _elected(vote: int | str | None, zone: ZoneInfo) -> Times:
    if vote == "local":
        return Times(zone, None, sure=True)
    assert isinstance(vote, int)
    if vote == 0:
        return Times(zone, 0, sure=True)
    hours = f"{'-' if vote < 0 else '+'}{abs(vote) // 3600:02d}:{abs(vote) % 3600 // 60:02d}"
    return Times(zone, vote, sure=True, note=f"the call records are written in UTC{hours}, not in {zone.key}")


def _vote(row: CdrRow, zone: ZoneInfo) -> int | str | None:
    """``local`` when the zone explains the row, else the offset in seconds that does (0: UTC), else None."""
    epoch_s = row.epoch_s
    assert epoch_s is not None
    if any(0 <= reading - epoch_s + 2 <= _NEAR_S for reading in _readings(row.wall_s, zone)):
        return "local"
    offset_s = round((row.wall_s - epoch_s) / _QUARTER_S) * _QUARTER_S
    near = -2 <= row.wall_s - epoch_s - offset_s <= _NEAR_S
    return offset_s if near and abs(offset_s) <= 15 * 3600 else None


def _readings(wall_s: int, zone: ZoneInfo) -> tuple[int, int]:
    """The two instants a local time may mean; equal but for the hour that the clocks repeat."""
    naive = datetime(1970, 1, 1) + timedelta(seconds=wall_s)  # noqa: DTZ001 - a wall time, its zone comes next
    first, second = (int(naive.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    # In the hour the clocks skip the readings are the wrong way round, and no clock ever shows it.
    return (first, second) if first <= second else (first, first)


def _distance(start_s: int, epoch_s: int) -> int:
    """How far a start lies after its channel's making; before it is nearly impossible."""
    return start_s - epoch_s if start_s >= epoch_s - 2 else 10**9
