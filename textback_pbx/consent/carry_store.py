"""Carry the end of one ledger over to an older copy of it: what people said after a backup was made.

The chain makes it safe: only entries that follow the copy's own head, hash by hash, are taken, byte for byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textback_pbx.consent import store
from textback_pbx.consent.ledger import opted_out_since
from textback_pbx.database import Tx

#: The tables that make a ledger, in the order in which their rows may be inserted.
TABLES = ("disclosures", "consent", "consent_private")
META = ("consent_key", "consent_head")

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Tail:
    """What another file's ledger has after ``head``: rows by table, and its meta values."""

    rows: Mapping[str, Rows]
    meta: Mapping[str, str]

    @property
    def erased(self) -> frozenset[str]:
        """The subjects that were erased meanwhile."""
        return frozenset(str(row["subject"]) for row in self.rows.get("consent", ()) if row["event"] == "erased")


class NotItsEnd(Exception):
    """The tail does not continue this chain, or one of the two was changed by another hand."""


async def carry(tx: Tx, tail: Tail) -> int:
    """Append the tail; return how many entries it has. Raises :class:`NotItsEnd`: the transaction must roll back."""
    if not tail.rows.get("consent") and await _knows(tx, tail.meta.get("consent_head")):
        return 0  # the other file is the older one: its head stands in this chain
    for name in TABLES:
        for row in tail.rows.get(name, ()):
            marks = ", ".join("?" for _ in row)
            sql = f"INSERT OR IGNORE INTO {name} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own names
            await tx.run(sql, tuple(row.values()))
    for key in META:
        if key in tail.meta:
            await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, tail.meta[key]))
    entries = tail.rows.get("consent", ())
    for subject in sorted({str(row["subject"]) for row in entries}):
        await _settle(tx, subject)
    if problems := await store.verify(tx):
        raise NotItsEnd(problems[0].what)
    return len(entries)


async def _knows(tx: Tx, head: str | None) -> bool:
    seq, _, digest = (head or "").partition(":")
    return await tx.value("SELECT 1 FROM consent WHERE seq = ? AND hash = ?", (seq or 0, digest)) is not None


async def _settle(tx: Tx, subject: str) -> None:
    """Bring the list of opt-outs in line with the longer chain, and forget what was erased meanwhile."""
    entries = await store.entries_of_subject(tx, subject)
    since = opted_out_since(entries)
    if since is None:
        await tx.run("DELETE FROM opt_outs WHERE subject = ?", (subject,))
    else:
        await tx.run(
            "INSERT INTO opt_outs (subject, seq, at_ms) VALUES (?, ?, ?)"
            " ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms",
            (subject, since.seq, since.at_ms),
        )
    erased = max((entry.seq for entry in entries if entry.event == "erased"), default=0)
    await tx.run(
        "DELETE FROM consent_private WHERE seq IN (SELECT seq FROM consent WHERE subject = ? AND seq < ?)",
        (subject, erased),
    )
