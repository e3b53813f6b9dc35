"""The hash chain of the consent ledger: an entry is sealed to the one before it, and every break can be named. Pure.

Each hash covers all fields of an entry and the hash before it; private fields are covered by a salted digest, so that
they can be erased and the chain stays whole. A forged entry needs every later hash and the head to be forged too.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from textback_pbx.consent.ledger import Entry, Head, NewEntry, Private, Problem, fingerprint

#: What the first entry's ``prev_hash`` is.
GENESIS = "0" * 64
_FORMAT = "textback-pbx consent entry 1"


def canonical(evidence: Mapping[str, Any]) -> str:
    """JSON that two programs write alike: sorted keys, no spaces, ASCII."""
    return json.dumps(evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def private_digest(private: Private) -> str:
    """SHA-256 over the salted private fields, hex."""
    body = json.dumps([private.salt, private.number, private.evidence], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def entry_hash(entry: Entry) -> str:
    """SHA-256 over a format name and every field but the hash itself, in the dataclass's order, hex."""
    values = [getattr(entry, part.name) for part in fields(Entry) if part.name != "hash"]
    body = json.dumps([_FORMAT, *values], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def seal(new: NewEntry, *, subject: str, head: Head | None, private: Private, seq: int | None = None) -> Entry:
    """Put ``new`` at the end of the chain whose newest entry is ``head`` (``None``: an empty chain)."""
    bare = Entry(
        seq=seq if seq is not None else (head.seq + 1 if head else 1),
        subject=subject,
        event=new.event,
        at_ms=new.at_ms,
        local_time=new.local_time,
        basis=new.basis.value,
        policy_version=new.policy_version,
        purpose=new.purpose,
        channel=new.channel,
        source=new.source,
        disclosure_version=new.disclosure.version if new.disclosure else "",
        disclosure_hash=new.disclosure.hash if new.disclosure else "",
        actor=new.actor,
        expires_ms=new.expires_ms,
        private_hash=private_digest(private),
        prev_hash=head.hash if head else GENESIS,
        hash="",
    )
    return _with_hash(bare, entry_hash(bare))


def _with_hash(entry: Entry, digest: str) -> Entry:
    values = {part.name: getattr(entry, part.name) for part in fields(Entry)}
    return Entry(**{**values, "hash": digest})


def verify(entries: Iterable[Entry], head: Head | None) -> list[Problem]:
    """Check the chain from its first entry to ``head``; the first problem names where it breaks.

    Finds changed fields, removed, added and re-ordered entries, and a missing tail. Works entry by entry, so a
    long ledger needs no memory.
    """
    problems: list[Problem] = []
    last = Head(0, GENESIS)
    for entry in entries:
        problems += _link_problems(entry, last)
        last = Head(entry.seq, entry.hash)
    if head is None and last.seq:
        problems.append(Problem(last.seq, "the head of the ledger is missing: somebody deleted it from the database"))
    elif head is not None and last != head:
        problems.append(Problem(min(last.seq, head.seq) + 1, _tail(last, head)))
    return problems


def _link_problems(entry: Entry, last: Head) -> list[Problem]:
    found: list[Problem] = []
    if entry.seq != last.seq + 1:
        found.append(Problem(last.seq + 1, f"entry {last.seq + 1} is missing or out of order: {entry.seq} follows"))
    if entry.prev_hash != last.hash:
        found.append(Problem(entry.seq, f"entry {entry.seq} does not follow from the entry before it"))
    if entry.hash != entry_hash(entry):
        found.append(Problem(entry.seq, f"entry {entry.seq} was changed after it was written"))
    return found


def _tail(last: Head, head: Head) -> str:
    if last.seq < head.seq:
        return f"the newest entries are missing: the ledger ends at {last.seq}, its head says {head.seq}"
    return f"the ledger ends at {last.seq} with another hash than its head ({head.seq}) says"


def verify_private(entry: Entry, private: Private | None, *, erased_at: int, key: bytes) -> list[Problem]:
    """Check an entry's private fields against its digest and its subject.

    ``erased_at`` is the seq of the subject's newest erasure, 0 for none: only before it may they be missing.
    """
    if private is None:
        if entry.seq <= erased_at:
            return []
        return [Problem(entry.seq, f"the private fields of entry {entry.seq} are gone, and no erasure says why")]
    found: list[Problem] = []
    if private_digest(private) != entry.private_hash:
        found.append(Problem(entry.seq, f"the number or evidence of entry {entry.seq} was changed"))
    if private.number and fingerprint(key, private.number) != entry.subject:
        found.append(Problem(entry.seq, f"entry {entry.seq} does not belong to its number, or the key was changed"))
    return found
