"""The consent ledger: append-only entries in a hash chain, and the state that is a fold over them. Pure.

Every entry's hash covers all its fields and the hash before it, so a changed, removed, added or re-ordered entry
breaks the chain at a place :func:`verify` can name; the newest hash is also kept apart (the head), so a cut-off
tail is seen too. The chain never holds a number or a person's words: it holds a keyed fingerprint (HMAC-SHA256)
and a salted digest of the private fields. Those stand in a table of their own; erasing them leaves the chain
whole, and an opt-out alive. Whoever has the key can test guesses: a fingerprint protects against readers of an
export, not against the owner of the database.

It must never let anything but the person's own wish (or staff saying so, with evidence) lift an opt-out.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

#: The subject of entries about the office itself (a policy choice), not about a person.
OFFICE = "office"
#: What the first entry's ``prev_hash`` is.
GENESIS = "0" * 64
_FORMAT = "textback-pbx consent entry 1"


class Event(StrEnum):
    """What happened. The schema allows these and no others."""

    GRANTED = "granted"  # the person agreed expressly
    ANNOUNCED = "announced"  # heard a greeting that says a text may follow, and called on
    IMPLIED = "implied"  # an inquiry or a purchase, where the law counts that
    RENEWED = "renewed"  # agreed again; a new term runs
    REVOKED = "revoked"  # an opt-out, in any form
    EXPIRED = "expired"  # the term ran out; not an opt-out
    IMPORTED = "imported"  # a record kept elsewhere before
    ERASED = "erased"  # the private fields were deleted on request
    POLICY = "policy"  # the office chose its policy


class Basis(StrEnum):
    """The legal basis, in words an office can pick from."""

    EXPRESS_WRITTEN = "express_written"  # signed, ticked, or texted
    EXPRESS_ORAL = "express_oral"  # said on the phone or at the desk
    EXPRESS_KEYPRESS = "express_keypress"  # "press 1 and we text you"
    IMPLIED_INQUIRY = "implied_inquiry"
    IMPLIED_PURCHASE = "implied_purchase"
    ANNOUNCED = "announced"
    OPT_OUT = "opt_out"  # the wish not to be texted
    RESUBSCRIBE = "resubscribe"  # the wish to be texted again after an opt-out: the only basis that lifts one
    EXPIRY = "expiry"
    ERASURE = "erasure"
    POLICY = "policy"


#: Bases a consent may be granted on by hand, by form or by import.
GRANTABLE = (
    Basis.EXPRESS_WRITTEN,
    Basis.EXPRESS_ORAL,
    Basis.EXPRESS_KEYPRESS,
    Basis.IMPLIED_INQUIRY,
    Basis.IMPLIED_PURCHASE,
)
_GRANTS = frozenset({Event.GRANTED, Event.ANNOUNCED, Event.IMPLIED, Event.RENEWED, Event.IMPORTED})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the person was shown or told, word for word, and the version of that text."""

    version: str
    body: str

    @property
    def hash(self) -> str:
        """SHA-256 of the exact text, hex."""
        return hashlib.sha256(self.body.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be appended. ``number`` is E.164, ``None`` for the office's own entries.

    ``local_time`` is ISO 8601 with offset in the office's zone (see :func:`local_time`); ``expires_ms`` is UTC,
    ``None`` when it does not expire. ``evidence`` is JSON: inbound text, call id, file and row.
    """

    event: Event
    number: str | None
    at_ms: int
    local_time: str
    basis: Basis
    channel: str  # sms, voice, web, paper, cli, import, dialplan, api
    source: str
    actor: str
    purpose: str = "missed_call"
    policy_version: str = ""
    disclosure: Disclosure | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    expires_ms: int | None = None
    subject: str = ""  # only with number None: OFFICE, or OFFICE and a line


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in the chain: a row of the table ``consent``."""

    seq: int
    subject: str
    event: Event
    at_ms: int
    local_time: str
    basis: str
    policy_version: str
    purpose: str
    channel: str
    source: str
    disclosure_version: str
    disclosure_hash: str
    actor: str
    expires_ms: int | None
    private_hash: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Private:
    """The fields of an entry that an erasure deletes. ``evidence`` is JSON text."""

    number: str
    evidence: str
    salt: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's place and hash, kept apart from the chain."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and at which entry; ``seq`` 0 stands for the ledger as a whole."""

    seq: int
    what: str


class Status(StrEnum):
    """Where one number stands."""

    NONE = "none"
    CONSENTED = "consented"
    EXPIRED = "expired"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The fold of one number's entries at one moment.

    ``grants`` are the consents in force, oldest first; ``entry`` is the one that decides the status (the
    revocation, the newest grant in force, the grant that expired last); ``seqs`` are all entries read.
    """

    status: Status = Status.NONE
    entry: Entry | None = None
    grants: tuple[Entry, ...] = ()
    seqs: tuple[int, ...] = ()

    @property
    def opted_out(self) -> bool:
        """Whether no text may go to this number."""
        return self.status is Status.OPTED_OUT

    @property
    def consented(self) -> bool:
        """Whether a consent record is in force (a greeting heard counts only under its own policy)."""
        return any(entry.event is not Event.ANNOUNCED for entry in self.grants)


def fingerprint(key: bytes, number: str) -> str:
    """HMAC-SHA256 of an E.164 number, hex: the same number always gives the same subject."""
    return hmac.new(key, number.encode(), hashlib.sha256).hexdigest()


def local_time(at_ms: int, zone: tzinfo) -> str:
    """ISO 8601 with offset, to the second, as the office's wall clock showed it."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(zone).isoformat(timespec="seconds")


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


def fold(entries: Iterable[Entry], now_ms: int) -> ConsentState:
    """Read one number's entries in order and say where it stands at ``now_ms``.

    A revocation voids every consent before it and holds until an entry with basis ``resubscribe``: neither an
    import, nor a new call, nor a form filled in by somebody lifts it. An expiry or erasure ends consents, never
    an opt-out.
    """
    revoked: Entry | None = None
    grants: list[Entry] = []
    ended: list[Entry] = []
    seqs: list[int] = []
    for entry in entries:
        seqs.append(entry.seq)
        if entry.event is Event.REVOKED:
            revoked, grants, ended = revoked or entry, [], []
        elif entry.event is Event.EXPIRED:
            ended, grants = [*ended, *grants], []
        elif entry.event is Event.ERASED:
            grants, ended = [], []
        elif entry.event in _GRANTS and (revoked is None or entry.basis == Basis.RESUBSCRIBE):
            revoked = None
            grants.append(entry)
    return _state(revoked, grants, ended, tuple(seqs), now_ms)


def _state(
    revoked: Entry | None, grants: Sequence[Entry], ended: Sequence[Entry], seqs: tuple[int, ...], now_ms: int
) -> ConsentState:
    if revoked is not None:
        return ConsentState(Status.OPTED_OUT, revoked, (), seqs)
    live = tuple(entry for entry in grants if entry.expires_ms is None or entry.expires_ms > now_ms)
    if live:
        return ConsentState(Status.CONSENTED, live[-1], live, seqs)
    over = [*ended, *grants]
    if over:
        return ConsentState(Status.EXPIRED, max(over, key=lambda entry: entry.expires_ms or 0), (), seqs)
    return ConsentState(Status.NONE, None, (), seqs)


def opted_out_since(entries: Iterable[Entry]) -> Entry | None:
    """The revocation that holds after these entries of one number, or ``None``; time plays no part in it."""
    return state.entry if (state := fold(entries, 0)).opted_out else None


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
