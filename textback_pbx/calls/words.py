"""A stored call in the words of an office: what each phone did, what was wrong, what became of the call after; pure.

``why`` prints them, the admin's alert is made of them. "My phone shows a missed call and never rang" is answered here:
each phone that was tried stands with what it did, and each that could not be tried with the reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from textback_pbx.calls.outcome import LegClass
from textback_pbx.calls.trunks import endpoint

Stamp = Callable[[int | None], str]

_DID = {
    LegClass.ANSWERED: "took the call",
    LegClass.ELSEWHERE: "stopped ringing because another phone took the call",
    LegClass.FORWARDED: "sent the call on to another number",
    LegClass.BUSY: "was busy",
    LegClass.REJECTED: "refused the call (a button, or do not disturb)",
    LegClass.NO_ANSWER: "was not answered",
    LegClass.NOT_REACHABLE: "could not be reached",
}
#: Q.850 causes an admin can act upon.
_CAUSES = {
    1: "no such number", 2: "no route", 3: "no route, or not registered", 18: "the phone does not answer the network",
    20: "not registered", 27: "out of order", 28: "a number that is not whole", 34: "no free line on the trunk",
    38: "the network is out of order", 41: "a passing failure of the network", 42: "the exchange is overloaded",
    44: "the line asked for is taken", 47: "no resources", 50: "not subscribed", 57: "not authorised",
    58: "no such service now", 65: "no common codec", 79: "not implemented", 88: "no common codec",
    102: "a timer ran out", 111: "a protocol error",
}  # fmt: skip
_ANSWERED_BY = {
    "voicemail": "voicemail",
    "queue": "a queue",
    "ivr": "a menu or an announcement",
    "conference": "a conference",
}


def phones(legs: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], stamp: Stamp) -> list[str]:
    """One line for each phone: what was tried, and those that could not ring. ``stamp`` writes a time (ms UTC)."""
    lines = [_tried(leg, facts) for leg in legs]
    return lines + [f"{one['phone']}: never rang: {_since(one, stamp)}" for one in _away(facts)]


def _tried(leg: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    phone = endpoint(str(leg.get("channel", "")))
    did = _DID.get(LegClass(leg["class"]), str(leg["class"])) if leg.get("class") in set(LegClass) else "was tried"
    seconds = leg.get("ring_seconds")
    rang = f"rang {seconds:g} s, " if isinstance(seconds, int | float) and seconds > 0 else ""
    return f"{phone}: {rang}{did}{_because(leg, phone, facts)}"


def _because(leg: Mapping[str, Any], phone: str, facts: Mapping[str, Any]) -> str:
    if leg.get("class") == LegClass.BUSY:
        known = facts.get("on_the_phone")
        return f" ({known[phone]})" if isinstance(known, Mapping) and phone in known else ""
    if leg.get("class") == LegClass.NOT_REACHABLE:
        cause = leg.get("cause")
        return f" (cause {cause}: {_CAUSES[cause]})" if cause in _CAUSES else " (it never rang)"
    return ""


def _away(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    listed = facts.get("not_registered")
    return (
        (one for one in listed if isinstance(one, Mapping) and "phone" in one) if isinstance(listed, list) else iter(())
    )


def _since(one: Mapping[str, Any], stamp: Stamp) -> str:
    since_ms = one.get("since_ms")
    if isinstance(since_ms, int):
        return f"not registered since {stamp(since_ms)}"
    return "not registered, since before the agent first looked"


def what_was_wrong(legs: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], stamp: Stamp) -> str:
    """What the admin of a call that reached nobody should look at; '' when nothing points anywhere."""
    tried = [_tried(leg, facts) for leg in legs if leg.get("class") == LegClass.NOT_REACHABLE]
    away = [f"{one['phone']} {_since(one, stamp)}" for one in _away(facts)]
    if tried or away:
        return "; ".join((*tried[:10], *away[:10]))
    return "no phone was tried at all: look at the dialplan's route for this number, its trunk and its registrations"


def afterwards(facts: Mapping[str, Any], *, answered: bool) -> list[str]:
    """What else the call's own facts tell: the application, parking, transfers."""
    lines = []
    spoke = _ANSWERED_BY.get(str(facts.get("application", "")))
    if spoke and not answered:
        left = (
            ""
            if "voicemail_left" not in facts
            else f", and {'a' if facts['voicemail_left'] else 'no'} message was left"
        )
        lines.append(f"{spoke} answered{left}")
    left_alone = facts.get("left_alone")
    if left_alone == "parked":
        lines.append("a person answered and parked the call, and nobody took it again")
    elif left_alone:
        lines.append("a person answered and sent the call on, and nobody took it again")
    elif facts.get("transferred") or facts.get("parked"):
        lines.append("a person answered, sent the call on, and another person took it")
    for key, words in (("handled", "another system took care of the caller"), ("skip", "the dialplan says: no text")):
        if key in facts:
            lines.append(words)
    return lines


def around(found: Mapping[str, Any], stamp: Stamp) -> list[str]:
    """What happened before and after with this person, from the calls around it."""
    lines = []
    if found.get("missed_before"):
        count = int(found["missed_before"]) + 1
        lines.append(
            f"missed call number {count} of this person in a week; the one before: {stamp(found['missed_ms'])}"
        )
    if found.get("redial_id"):
        lines.append(f"called again and was answered: {stamp(found['redial_ms'])} (call {found['redial_id']})")
    if found.get("back_ms") is not None:
        words = " and reached the person" if found["back_answered"] else ", and nobody took it"
        lines.append(f"the office called back{words}: {stamp(found['back_ms'])}")
    return lines
