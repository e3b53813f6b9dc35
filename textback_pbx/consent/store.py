"""The consent stage's SQL: append to the ledger, read one number's state, keep the fold the sender reads.

Everything happens in the caller's transaction, so an inbound STOP, its ledger entry and the row that stops the
sender are on disk together or not at all. It must never guess: a ledger without its key raises
:class:`LedgerProblem`, and whoever wanted to send does not.
"""

import secrets
from dataclasses import dataclass, fields
from typing import Any

from textback_pbx.consent import audit_store, chain, ledger
from textback_pbx.consent import entries as new_entries
from textback_pbx.consent.ledger import OFFICE, ConsentState, Disclosure, Entry, Event, Head, NewEntry, Private
from textback_pbx.consent.policies import PolicyChoice, PolicyName
from textback_pbx.database import Row, Tx

_KEY, _HEAD = "consent_key", "consent_head"
_NAMES = tuple(part.name for part in fields(Entry))
_COLUMNS = ", ".join(_NAMES)
_MARKS = ", ".join("?" for _ in fields(Entry))


class LedgerProblem(Exception):
    """The ledger cannot be relied on; the message says what to do. Nothing may be sent on it."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """A subject that must not be texted; ``seq`` is the revocation."""

    subject: str
    seq: int
    at_ms: int


async def fingerprint(tx: Tx, number: str) -> str:
    """Return the number's subject in the ledger; makes the key on first use (needs a write transaction then)."""
    return ledger.fingerprint(await _key(tx) or await _make_key(tx), number)


async def _key(tx: Tx) -> bytes | None:
    """Return the fingerprint key; ``None`` only while the ledger is empty."""
    text = await tx.value("SELECT value FROM meta WHERE key = ?", (_KEY,))
    if text is not None:
        return bytes.fromhex(text)
    # The office's own entries (a policy choice) have no number: a ledger of these alone has needed no key yet.
    if await tx.value("SELECT 1 FROM consent WHERE event <> 'policy' LIMIT 1") is not None:
        raise LedgerProblem(
            "the consent ledger has lost its key (meta.consent_key): opt-outs cannot be recognised, so nothing "
            "is sent. Restore the newest backup of the database"
        )
    return None


async def _make_key(tx: Tx) -> bytes:
    key = secrets.token_bytes(32)
    await tx.run("INSERT INTO meta (key, value) VALUES (?, ?)", (_KEY, key.hex()))
    return key


async def head_of(tx: Tx) -> Head | None:
    """Return the ledger's head as it is kept apart from the chain; ``None`` while it is empty."""
    text = await tx.value("SELECT value FROM meta WHERE key = ?", (_HEAD,))
    if text is None:
        return None
    seq, _, digest = str(text).partition(":")
    return Head(int(seq), digest)


async def append(tx: Tx, new: NewEntry) -> Entry:
    """Append one entry and bring ``opt_outs`` in line with the fold, in the caller's transaction.

    A damaged chain does not stop an opt-out from being written: the entry follows the kept head, so that
    :func:`verify` still names the place of the damage.
    """
    subject = await fingerprint(tx, new.number) if new.number else (new.subject or OFFICE)
    private = Private(new.number or "", chain.canonical(new.evidence), secrets.token_hex(16))
    head = await head_of(tx)
    newest = int(await tx.value("SELECT max(seq) FROM consent") or 0)
    seq = max(newest, head.seq if head else 0) + 1
    entry = chain.seal(new, subject=subject, head=head, private=private, seq=seq)
    if new.disclosure is not None:
        await _keep_disclosure(tx, new.disclosure)
    await tx.run(f"INSERT INTO consent ({_COLUMNS}) VALUES ({_MARKS})", _values(entry))  # noqa: S608 - our own columns
    if new.event is not Event.ERASED:
        await tx.run(
            "INSERT INTO consent_private (seq, number, evidence, salt) VALUES (?, ?, ?, ?)",
            (entry.seq, private.number, private.evidence, private.salt),
        )
    await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_HEAD, str(Head(entry.seq, entry.hash))))
    if new.number:
        await _refresh_opt_out(tx, entry)
    return entry


async def _keep_disclosure(tx: Tx, disclosure: Disclosure) -> None:
    await tx.run(
        "INSERT OR IGNORE INTO disclosures (hash, version, body) VALUES (?, ?, ?)",
        (disclosure.hash, disclosure.version, disclosure.body),
    )


async def _refresh_opt_out(tx: Tx, entry: Entry) -> None:
    since = ledger.opted_out_since(await entries_of_subject(tx, entry.subject))
    if since is None:
        await tx.run("DELETE FROM opt_outs WHERE subject = ?", (entry.subject,))
    else:
        await tx.run(
            # An update where there is one: only a new row is news (a trigger tells of it).
            "INSERT INTO opt_outs (subject, seq, at_ms) VALUES (?, ?, ?)"
            " ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms",
            (entry.subject, since.seq, since.at_ms),
        )


def _values(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, part.name) for part in fields(Entry))


def _entry(row: Row) -> Entry:
    return Entry(**{**{name: row[name] for name in _NAMES}, "event": Event(row["event"])})


async def entries_of_subject(tx: Tx, subject: str) -> list[Entry]:
    """Return the entries of one fingerprint, the oldest first."""
    rows = await tx.all(f"SELECT {_COLUMNS} FROM consent WHERE subject = ? ORDER BY seq", (subject,))  # noqa: S608 - our own columns
    return [_entry(row) for row in rows]


async def entry_of(tx: Tx, seq: int) -> Entry | None:
    """Return one entry by its place in the chain."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM consent WHERE seq = ?", (seq,))  # noqa: S608 - our own columns
    return None if row is None else _entry(row)


async def disclosure_of(tx: Tx, entry: Entry) -> Disclosure | None:
    """Return the exact words an entry says were shown; ``None`` when there were none."""
    row = await tx.one("SELECT version, body FROM disclosures WHERE hash = ?", (entry.disclosure_hash,))
    return None if row is None else Disclosure(row["version"], row["body"])


async def entries_of(tx: Tx, number: str) -> list[Entry]:
    """Return every entry of one number, oldest first; works in a read-only transaction."""
    key = await _key(tx)
    return [] if key is None else await entries_of_subject(tx, ledger.fingerprint(key, number))


async def state_of(tx: Tx, number: str, now_ms: int) -> ConsentState:
    """Return where an E.164 number stands at ``now_ms``; works in a read-only transaction."""
    return ledger.fold(await entries_of(tx, number), now_ms)


async def is_opted_out(tx: Tx, number: str) -> bool:
    """Return whether this number must not be texted: one look-up, for the claim's transaction (promise 5)."""
    key = await _key(tx)
    if key is None:
        return False
    return await tx.value("SELECT 1 FROM opt_outs WHERE subject = ?", (ledger.fingerprint(key, number),)) is not None


async def standing(tx: Tx, number: str, now_ms: int) -> tuple[bool, ConsentState]:
    """Return both :func:`is_opted_out` and :func:`state_of` in two trips to the database instead of four."""
    key = await _key(tx)
    if key is None:
        return False, ConsentState()
    subject = ledger.fingerprint(key, number)
    rows = await tx.all(
        f"SELECT {_COLUMNS}, EXISTS (SELECT 1 FROM opt_outs WHERE subject = :subject) AS listed FROM consent "  # noqa: S608 - our own columns
        "WHERE subject = :subject ORDER BY seq",
        {"subject": subject},
    )
    if not rows:  # an opt-out that no entry explains counts all the same
        return await tx.value("SELECT 1 FROM opt_outs WHERE subject = ?", (subject,)) is not None, ConsentState()
    return bool(rows[0]["listed"]), ledger.fold([_entry(row) for row in rows], now_ms)


async def opt_outs(tx: Tx) -> list[OptOut]:
    """Return every opt-out in force, oldest first."""
    rows = await tx.all("SELECT subject, seq, at_ms FROM opt_outs ORDER BY seq")
    return [OptOut(row["subject"], row["seq"], row["at_ms"]) for row in rows]


async def expire_due(tx: Tx, now_ms: int, at_local: str, *, limit: int = 500) -> int:
    """Write an ``expired`` entry for each number whose last consent has run out; return how many.

    The fold does not need these entries (it reads the dates); a reader of the ledger does.
    """
    rows = await tx.all(
        "SELECT p.number FROM consent c JOIN consent_private p USING (seq) WHERE c.expires_ms <= ? AND NOT EXISTS "
        "(SELECT 1 FROM consent later WHERE later.subject = c.subject AND later.seq > c.seq "
        "AND later.event IN ('expired', 'revoked', 'erased')) GROUP BY p.number ORDER BY min(c.seq) LIMIT ?",
        (now_ms, limit),
    )
    written = 0
    for row in rows:
        state = await state_of(tx, row["number"], now_ms)
        if state.status is ledger.Status.EXPIRED:
            await append(tx, new_entries.expiry(row["number"], now_ms, at_local))
            written += 1
    return written


# the office's policy --------------------------------------------------------------------------------------


def _office(line: str) -> str:
    return f"{OFFICE}/{line}" if line else OFFICE


async def choose_policy(tx: Tx, choice: PolicyChoice, *, local_time: str) -> Entry:
    """Write the office's choice (for all lines, or for ``choice.line``) into the ledger, with the text shown."""
    return await append(
        tx,
        NewEntry(
            event=Event.POLICY,
            number=None,
            subject=_office(choice.line),
            at_ms=choice.at_ms,
            local_time=local_time,
            basis=ledger.Basis.POLICY,
            policy_version=choice.version,
            channel=choice.channel,
            source=choice.name.value,
            actor=choice.actor,
            disclosure=Disclosure(choice.version, choice.shown),
        ),
    )


async def chosen_policy(tx: Tx, line: str = "") -> PolicyChoice | None:
    """Return the newest choice for ``line``, else the one for all lines, else ``None`` (act as ``recorded``)."""
    newest = "SELECT max(seq) FROM consent WHERE subject = :{} AND event = 'policy'"
    row = await tx.one(
        "SELECT c.*, d.body FROM consent c LEFT JOIN disclosures d ON d.hash = c.disclosure_hash "  # noqa: S608 - our own clauses
        f"WHERE c.seq = coalesce(({newest.format('line')}), ({newest.format('office')}))",
        {"line": _office(line), "office": OFFICE},
    )
    return None if row is None else _choice(row)


def _choice(row: Row) -> PolicyChoice | None:
    if row["source"] not in set(PolicyName):
        return None  # a policy this program does not know: fail closed
    return PolicyChoice(
        name=PolicyName(row["source"]),
        version=row["policy_version"],
        line=str(row["subject"]).partition("/")[2],
        actor=row["actor"],
        at_ms=row["at_ms"],
        channel=row["channel"],
        shown=row["body"] or "",
        seq=row["seq"],
    )


# export, erasure ------------------------------------------------------------------------------------------


async def export(tx: Tx, number: str | None = None) -> list[dict[str, Any]]:
    """Return entries as plain values with their private fields and the disclosure's text (access, export).

    With ``number``, that person's entries only. An erased entry has no number and no evidence any more.
    """
    where, params = "", tuple[str, ...]()
    if number is not None:
        key = await _key(tx)
        if key is None:
            return []
        where, params = "WHERE c.subject = ?", (ledger.fingerprint(key, number),)
    rows = await tx.all(
        "SELECT c.*, p.number, p.evidence, d.body AS disclosure FROM consent c "  # noqa: S608 - our own clauses
        "LEFT JOIN consent_private p USING (seq) LEFT JOIN disclosures d ON d.hash = c.disclosure_hash "
        f"{where} ORDER BY c.seq",
        params,
    )
    return [{key: row[key] for key in row.keys()} for row in rows]  # noqa: SIM118 - a Row is no dict


async def erase(tx: Tx, number: str, *, at_ms: int, local_time: str, actor: str, source: str) -> Entry:
    """Delete a number's private fields. The chain stays whole, consents end, an opt-out stays in force."""
    entry = await append(tx, new_entries.erasure(number, at_ms, local_time, actor=actor, source=source))
    await tx.run(
        "DELETE FROM consent_private WHERE seq IN (SELECT seq FROM consent WHERE subject = ?)", (entry.subject,)
    )
    return entry


# verification ---------------------------------------------------------------------------------------------

_PAGE = 2_000


async def verify(tx: Tx, expected: Head | None = None) -> list[ledger.Problem]:
    """Check everything: the chain and its head, private fields, disclosures, opt-outs against the fold.

    ``expected`` is a head noted elsewhere earlier (on paper, in a mail): it must still be part of the chain.
    """
    entries = [entry async for page in _pages(tx) for entry in page]
    try:
        key = await _key(tx) or b""
    except LedgerProblem as problem:
        return [ledger.Problem(0, str(problem))]
    problems = chain.verify(entries, await head_of(tx))
    problems += await audit_store.problems(tx, entries, key)
    if expected is not None and expected not in {Head(entry.seq, entry.hash) for entry in entries}:
        problems.append(ledger.Problem(expected.seq, f"entry {expected.seq} no longer has the hash you noted"))
    return sorted(problems, key=lambda problem: problem.seq)


async def _pages(tx: Tx) -> Any:
    last = -1
    while True:
        rows = await tx.all(
            f"SELECT {_COLUMNS} FROM consent WHERE seq > ? ORDER BY seq LIMIT {_PAGE}",  # noqa: S608 - our own columns
            (last,),
        )
        if not rows:
            return
        last = rows[-1]["seq"]
        yield [_entry(row) for row in rows]
