"""What stands beside the ledger's chain, checked against it: private fields, disclosures, the list of opt-outs."""

from collections.abc import Iterable, Mapping, Sequence

from textback_pbx.consent.chain import verify_private
from textback_pbx.consent.ledger import Disclosure, Entry, Event, Private, Problem, opted_out_since
from textback_pbx.database import Tx


async def problems(tx: Tx, entries: Sequence[Entry], key: bytes) -> list[Problem]:
    """Return what does not fit ``entries`` (all of them, in order); ``key`` is the fingerprints' key."""
    return [
        *await _private_problems(tx, entries, key),
        *await _disclosure_problems(tx, entries),
        *await _opt_out_problems(tx, entries),
    ]


async def _private_problems(tx: Tx, entries: Iterable[Entry], key: bytes) -> list[Problem]:
    rows = await tx.all("SELECT seq, number, evidence, salt FROM consent_private")
    private = {row["seq"]: Private(row["number"], row["evidence"], row["salt"]) for row in rows}
    erased = {entry.subject: entry.seq for entry in entries if entry.event is Event.ERASED}
    problems: list[Problem] = []
    for entry in entries:
        at = erased.get(entry.subject, 0)
        problems += verify_private(entry, private.get(entry.seq), erased_at=at, key=key)
    return problems


async def _disclosure_problems(tx: Tx, entries: Iterable[Entry]) -> list[Problem]:
    rows = await tx.all("SELECT hash, version, body FROM disclosures")
    bodies: Mapping[str, Disclosure] = {row["hash"]: Disclosure(row["version"], row["body"]) for row in rows}
    problems: list[Problem] = []
    for entry in entries:
        if not entry.disclosure_hash:
            continue
        kept = bodies.get(entry.disclosure_hash)
        if kept is None or kept.hash != entry.disclosure_hash:
            problems.append(Problem(entry.seq, f"the text shown for entry {entry.seq} is missing or changed"))
    return problems


async def _opt_out_problems(tx: Tx, entries: Iterable[Entry]) -> list[Problem]:
    by_subject: dict[str, list[Entry]] = {}
    for entry in entries:
        by_subject.setdefault(entry.subject, []).append(entry)
    expected = {s: found.seq for s, group in by_subject.items() if (found := opted_out_since(group))}
    kept = {row["subject"]: row["seq"] for row in await tx.all("SELECT subject, seq FROM opt_outs")}
    return [
        Problem(expected.get(subject) or kept[subject], "the list of opt-outs disagrees with the ledger")
        for subject in sorted(expected.keys() | kept.keys())
        if expected.get(subject) != kept.get(subject)
    ]
