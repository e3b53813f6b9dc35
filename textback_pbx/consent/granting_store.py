"""The one way a consent enters by hand, by a form or by a program: checked, dated, with the words that were shown.

The command line, the web form and the API call this; none of them builds an entry itself. An opt-out is lifted by
nobody's form: only by the person, or by staff who say how the person asked (``after_opt_out`` with evidence).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from textback_pbx.consent import store
from textback_pbx.consent.importing import until
from textback_pbx.consent.ledger import GRANTABLE, Basis, Disclosure, Entry, Event, NewEntry, local_time
from textback_pbx.database import Tx
from textback_pbx.phone import NotANumber, parse

CHANNELS = ("cli", "web", "api", "paper", "voice")


@dataclass(frozen=True, slots=True)
class Wish:
    """A consent somebody wants on record. ``number`` is as written; ``expires_ms`` (UTC) ends it before its term.

    ``disclosure`` is what the person was shown, word for word: a form must give it, staff may.
    """

    number: str
    basis: str
    channel: str
    source: str
    actor: str
    purpose: str = "missed_call"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    disclosure: Disclosure | None = None
    expires_ms: int | None = None
    after_opt_out: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """It is on record."""

    number: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not, and why; ``opted_out``: the person asked for no texts."""

    reason: str
    opted_out: bool = False


async def grant(tx: Tx, wish: Wish, *, now_ms: int, zone: tzinfo, country: str) -> Granted | Refused:
    """Write a consent into the ledger in the caller's transaction, or say why not."""
    number = parse(wish.number, country)
    if isinstance(number, NotANumber):
        return Refused(f"{wish.number!r} is no telephone number: {number.reason}")
    if (wrong := _wrong(wish, now_ms)) is not None:
        return Refused(wrong)
    if await store.is_opted_out(tx, number.e164) and not wish.after_opt_out:
        return Refused(
            f"{number.e164} has opted out: only the person can lift that, by texting START, or by asking you to",
            opted_out=True,
        )
    basis = Basis.RESUBSCRIBE if wish.after_opt_out else Basis(wish.basis)
    new = NewEntry(
        event=Event.GRANTED,
        number=number.e164,
        at_ms=now_ms,
        local_time=local_time(now_ms, zone),
        basis=basis,
        channel=wish.channel,
        source=wish.source,
        actor=wish.actor,
        purpose=wish.purpose,
        disclosure=wish.disclosure,
        evidence={**wish.evidence, "basis": wish.basis},
        expires_ms=until(country, Basis(wish.basis), now_ms, wish.expires_ms),
    )
    return Granted(number.e164, await store.append(tx, new))


def _wrong(wish: Wish, now_ms: int) -> str | None:
    """Return what is missing or makes no sense; ``None`` when nothing is."""
    if wish.basis not in {basis.value for basis in GRANTABLE}:
        return f"{wish.basis!r} is no basis: choose one of {', '.join(basis.value for basis in GRANTABLE)}"
    if wish.channel not in CHANNELS:
        return f"{wish.channel!r} is no channel: choose one of {', '.join(CHANNELS)}"
    if not wish.source or not wish.actor:
        return "say where the consent comes from, and who records it"
    if wish.channel in ("web", "api") and (wish.disclosure is None or not wish.disclosure.body.strip()):
        return "a form must send the exact words it showed, and their version: without them nothing is proved"
    if wish.after_opt_out and (wish.channel in ("web", "api") or not any(wish.evidence.values())):
        return "say with evidence how the person asked for texts again; a form cannot say that for anybody"
    if wish.expires_ms is not None and wish.expires_ms <= now_ms:
        return "the consent has run out already"
    return None
