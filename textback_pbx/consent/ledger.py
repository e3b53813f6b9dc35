"""The consent ledger's entries, and the state that is a fold over them; ``chain`` joins and checks them. Pure.

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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

#: The subject of entries about the office itself (a policy choice), not about a person.
OFFICE = "office"


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
