"""Where call detail records stand, and what reading them gives; nothing here ever writes.

A source that cannot be read is told in words that say what to do; it is tried again, and nothing is lost meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textback_pbx.calls.backfill_rows import CdrRow

#: A wall time without a zone may be so far off UTC; and a call may have begun so long before the gap.
ZONES_S = 15 * 3600
LONGEST_CALL_S = 4 * 3600
#: A day of a very large office; beyond it the source is read in part, and says so.
MAX_ROWS = 200_000
#: The order in which cdr_csv writes its columns (cdr_csv.c); what follows them depends on cdr.conf.
CSV_COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
    "start", "answer", "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CdrSettings:
    """One PBX's call detail records: exactly one of ``csv``, ``sqlite``, ``url``; none: gaps are not repaired."""

    csv: str = ""  # Master.csv
    sqlite: str = ""  # master.db of cdr_sqlite3_custom
    url: str = field(default="", repr=False)  # an SQLAlchemy URL; may hold a password
    table: str = "cdr"
    columns: tuple[str, ...] = ()  # of a CSV that is not cdr_csv's
    times: str = "auto"  # local, utc, auto
    zone: str = "UTC"  # of the PBX
    unanswered: bool = False  # cdr.conf: unanswered = yes
    delay_s: int = 10  # after the gap: the rows of its last call are written by then
    batch_s: int = 330  # a second look: cdr.conf's batch mode writes within 300 s
    days: int = 3  # older calls are not looked for: nobody calls back that late
    margin_s: int = 60  # before the gap: it is noticed later than it begins

    @property
    def name(self) -> str:
        """What a person calls the source; without a password."""
        if self.url:
            return f"the database {self.url.rpartition('@')[2].partition('?')[0].rpartition('/')[2] or self.table}"
        path = self.csv or self.sqlite
        return Path(path).name if path else ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a source holds since some time. ``covers``: older rows were there too; ``damaged``: rows left out."""

    rows: tuple[CdrRow, ...] = ()
    covers: bool = True
    damaged: int = 0
    unfinished: bool = False  # its last row was being written
    written_s: int | None = None  # when a file was last written
    notes: Sequence[str] = ()


class Unreadable(Exception):
    """The source cannot be read now; the text says why and what to do, and holds no secret."""


def read(settings: CdrSettings, from_s: int) -> Read:
    """Read the rows of calls that ended since ``from_s`` (seconds UTC), and some from before.

    Blocks, so no loop calls it itself. Raises :class:`Unreadable`.
    """
    if settings.csv:
        from textback_pbx.calls.backfill_csv import read_csv

        return read_csv(settings, from_s)
    from textback_pbx.calls import backfill_sql

    return backfill_sql.read_sqlite(settings, from_s) if settings.sqlite else backfill_sql.read_url(settings, from_s)
