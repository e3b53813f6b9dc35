"""Files that commands write: private to the user, whole or not at all, and cells no spreadsheet calculates with."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from textback_pbx.cli.common import EXIT_USAGE, fail

if TYPE_CHECKING:
    from pathlib import Path

#: A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def private_text(path: Path | None) -> Iterator[IO[str]]:
    """Open a file for its owner alone; it takes its name only when all of it is on disk. ``None``: standard output."""
    if path is None:
        yield sys.stdout
        return
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}", EXIT_USAGE)
    finally:
        half.unlink(missing_ok=True)


def csv_line(cells: Iterable[Any], *, raw: bool = False) -> str:
    """Return one line of CSV (RFC 4180); texts that would be formulas get an apostrophe unless ``raw``."""
    line = io.StringIO()
    csv.writer(line).writerow([cell if raw else safe(cell) for cell in cells])
    return line.getvalue()


def safe(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows and does not calculate with; numbers stay numbers."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
