"""Reads the end of ``Master.csv`` (cdr_csv), and of its rotated predecessors where it does not reach back enough.

The file is read backwards, so its size does not matter. Asterisk appends while it is read: a last line without its
line end is left for the next look. Lines that are no CDR are counted, never guessed at.
"""

import contextlib
import csv
import gzip
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from textback_pbx.calls.backfill_rows import CdrRow, Damaged, missing, row_of
from textback_pbx.calls.backfill_source import CSV_COLUMNS, MAX_ROWS, ZONES_S, CdrSettings, Read, Unreadable

_BLOCK = 256 * 1024
_MOST = 64 * 1024 * 1024
_ROTATED = re.compile(r"[.-][0-9][0-9_.-]*(?:\.gz)?")
_UNIQUEID = re.compile(r"(?:.*-)?\d{9,11}\.\d+")
_END = CSV_COLUMNS.index("end")


def read_csv(settings: CdrSettings, from_s: int) -> Read:
    """Read the rows that ended since ``from_s``, oldest first. Raises :class:`Unreadable`."""
    path = Path(settings.csv)
    low_s = from_s - ZONES_S
    newest = _tail(path, settings, low_s)
    parts = [newest]
    for older in _rotated(path, from_s) if not newest.reached else ():
        with contextlib.suppress(Unreadable):  # it may be compressed and removed at this moment
            parts.insert(0, _tail(older, settings, low_s))
        if parts[0].reached:
            break
    rows = [row for part in parts for row in part.rows]
    damaged = sum(part.damaged for part in parts)
    if damaged and not rows:
        raise Unreadable(
            f"{path.name} is not what cdr_csv writes ({parts[-1].first_damage}): check cdr.csv, or name cdr.columns"
        )
    numbered = tuple(row_with_order(row, order) for order, row in enumerate(rows))
    return Read(numbered, parts[0].reached, damaged, newest.unfinished, newest.written_s)


def row_with_order(row: CdrRow, order: int) -> CdrRow:
    """The same row at its place among all."""
    return replace(row, order=order)


class _Part:
    """The end of one file."""

    def __init__(self) -> None:
        self.rows: list[CdrRow] = []
        self.damaged = 0
        self.first_damage = ""
        self.reached = False  # a row older than asked for was seen
        self.unfinished = False
        self.written_s: int | None = None

    def take(self, line: str, settings: CdrSettings) -> CdrRow | None:
        """Read one line; None and a count when it is no CDR."""
        try:
            return row_of(columns_of(line, settings))
        except Damaged as error:
            self.damaged += 1
            self.first_damage = self.first_damage or str(error)
            return None


def _tail(path: Path, settings: CdrSettings, low_s: int) -> _Part:
    part = _Part()
    try:
        lines = _lines_backwards(path, part)
        found = []
        for line in lines:
            row = part.take(line, settings)
            if row is None:
                continue
            if row.wall_s + row.duration_s < low_s:
                part.reached = True
                break
            found.append(row)
            if len(found) >= MAX_ROWS:
                break
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {(error.strerror or str(error)).lower()}; {_ADVICE}") from error
    part.rows = found[::-1]
    return part


_ADVICE = "check cdr.csv, and that the agent's user is in Asterisk's group"


def _lines_backwards(path: Path, part: _Part) -> Iterator[str]:
    """The file's whole lines, the last one first."""
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            yield from reversed([_decode(line) for line in packed.read(_MOST).split(b"\n") if line.strip()])
        return
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        part.written_s = int(status.st_mtime)
        at, rest, first = status.st_size, b"", True
        while at > max(0, status.st_size - _MOST):
            step = min(_BLOCK, at)
            at -= step
            file.seek(at)
            rest = file.read(step) + rest
            if first and rest:
                rest = _without_the_unfinished(rest, part)
                first = False
            whole = rest.split(b"\n")
            rest = whole.pop(0) if at else b""
            yield from (_decode(line) for line in reversed(whole) if line.strip())


def _without_the_unfinished(block: bytes, part: _Part) -> bytes:
    if block.endswith(b"\n"):
        return block
    part.unfinished = True
    return block[: block.rfind(b"\n") + 1]


def _decode(line: bytes) -> str:
    """Names may come in any encoding; what counts is ASCII."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def columns_of(line: str, settings: CdrSettings) -> dict[str, str]:
    """One line as columns by name. Raises :class:`Damaged`."""
    try:
        fields = next(csv.reader([line.strip("\r\n")], strict=True))
    except (csv.Error, StopIteration) as error:
        raise Damaged("a line that is no CSV") from error
    names = settings.columns or _names(fields)
    if len(names) > len(fields):
        raise Damaged(f"a line with {len(fields)} columns, not {len(names)}")
    columns = dict(zip(names, fields, strict=False))
    if lacking := missing(names):
        raise Damaged(f"no column {', '.join(lacking)}")
    return columns


def _names(fields: list[str]) -> tuple[str, ...]:
    """cdr_csv's columns for a line of this length: loguniqueid and loguserfield add one each, newcdrcolumns three."""
    more = fields[len(CSV_COLUMNS) :]
    if len(fields) < len(CSV_COLUMNS) or len(more) > 5:
        raise Damaged(f"a line with {len(fields)} columns")
    names: tuple[str, ...] = ()
    if len(more) in (2, 5):
        names = ("uniqueid", "userfield")
    elif len(more) in (1, 4):
        names = ("uniqueid",) if _UNIQUEID.fullmatch(more[0]) else ("userfield",)
    return (*CSV_COLUMNS, *names, *(("peeraccount", "linkedid", "sequence") if len(more) > 2 else ()))


def _rotated(path: Path, from_s: int) -> list[Path]:
    """The rotated files that may hold rows since ``from_s``, the newest first."""
    found = []
    for other in path.parent.glob(f"{path.name}*"):
        if _ROTATED.fullmatch(other.name[len(path.name) :]):
            with contextlib.suppress(OSError):
                written_s = other.stat().st_mtime
                if written_s >= from_s - 3600:
                    found.append((written_s, other))
    return [other for _, other in sorted(found, reverse=True)]
