"""The entries other stages and the commands need, each built in one place so that none is built wrong. Pure."""

from collections.abc import Mapping
from typing import Any

from textback_pbx.consent.ledger import Basis, Disclosure, Event, NewEntry

#: Who acts when nobody does: the agent itself.
AGENT = "agent"


def opted_out_by_text(number: str, at_ms: int, local_time: str, *, text: str, why: str, inbound_id: int) -> NewEntry:
    """A STOP in any of its forms: ``text`` is what the person wrote, ``why`` the rule that read it as an opt-out."""
    evidence = {"text": text, "why": why, "inbound_id": inbound_id}
    return _entry((Event.REVOKED, Basis.OPT_OUT), (number, at_ms, local_time), ("sms", "inbound text", AGENT), evidence)


def resubscribed_by_text(number: str, at_ms: int, local_time: str, *, text: str, why: str, inbound_id: int) -> NewEntry:
    """START, UNSTOP, or YES after the confirmation: lifts an opt-out and is an express consent in writing."""
    evidence = {"text": text, "why": why, "inbound_id": inbound_id}
    return _entry(
        (Event.GRANTED, Basis.RESUBSCRIBE), (number, at_ms, local_time), ("sms", "inbound text", AGENT), evidence
    )


def opted_out_by_staff(
    number: str, at_ms: int, local_time: str, *, actor: str, source: str, evidence: Mapping[str, Any]
) -> NewEntry:
    """Somebody told the office not to text (on the phone, at the desk): as strong as a STOP."""
    return _entry((Event.REVOKED, Basis.OPT_OUT), (number, at_ms, local_time), ("voice", source, actor), evidence)


def announced(
    number: str, at_ms: int, local_time: str, *, greeting: Disclosure, policy_version: str, call_id: int
) -> NewEntry:
    """The greeting said that a text may follow, and the person called on."""
    return NewEntry(
        event=Event.ANNOUNCED,
        number=number,
        at_ms=at_ms,
        local_time=local_time,
        basis=Basis.ANNOUNCED,
        channel="voice",
        source="greeting",
        actor=AGENT,
        policy_version=policy_version,
        disclosure=greeting,
        evidence={"call_id": call_id},
    )


def pressed_a_key(
    number: str, at_ms: int, local_time: str, *, disclosure: Disclosure | None, call_id: int, expires_ms: int | None
) -> NewEntry:
    """``UserEvent(TextbackConsent)``: the caller agreed by a key while the announcement ran."""
    return NewEntry(
        event=Event.GRANTED,
        number=number,
        at_ms=at_ms,
        local_time=local_time,
        basis=Basis.EXPRESS_KEYPRESS,
        channel="dialplan",
        source="dialplan",
        actor=AGENT,
        disclosure=disclosure,
        evidence={"call_id": call_id},
        expires_ms=expires_ms,
    )


def expiry(number: str, at_ms: int, local_time: str) -> NewEntry:
    """The term of the last consent ran out."""
    return _entry((Event.EXPIRED, Basis.EXPIRY), (number, at_ms, local_time), ("agent", "term ended", AGENT), {})


def erasure(number: str, at_ms: int, local_time: str, *, actor: str, source: str) -> NewEntry:
    """The private fields of every entry of this number are deleted together with this entry being written."""
    return _entry((Event.ERASED, Basis.ERASURE), (number, at_ms, local_time), ("cli", source, actor), {})


def _entry(
    kind: tuple[Event, Basis],
    when: tuple[str, int, str],
    way: tuple[str, str, str],
    evidence: Mapping[str, Any],
) -> NewEntry:
    """Put together ``kind``, the number with its UTC and local time, and channel, source, actor."""
    event, basis = kind
    number, at_ms, local_time = when
    channel, source, actor = way
    return NewEntry(
        event=event,
        number=number,
        at_ms=at_ms,
        local_time=local_time,
        basis=basis,
        channel=channel,
        source=source,
        actor=actor,
        evidence=evidence,
    )
