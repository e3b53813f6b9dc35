"""The facts that need no database: the call itself, the hours around it, the kind of text it would get. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from textback_pbx import phone
from textback_pbx.clock import MINUTE_MS
from textback_pbx.consent.policies import PolicyName
from textback_pbx.decision import hours, plan, regions, template_sets
from textback_pbx.decision.facts import Facts, timing
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.policy import LinePolicy, Policy, QuietMode, Regional
from textback_pbx.decision.rules import MISSED


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call, as a row of ``calls`` or as somebody imagines it (``decide``). Times are ms UTC."""

    line: str
    outcome: str
    started_ms: int
    ended_ms: int
    caller: str | None
    id: int = 0
    detail: str = ""
    ring_ms: int | None = None
    source: str = "live"
    confidence: str = "high"
    withheld: bool = False
    clock_trusted: bool = True
    facts: str = "{}"


#: The consent policies, the strictest first.
_STRICTNESS = (PolicyName.RECORDED, PolicyName.ANNOUNCED, PolicyName.ONE_REPLY)


def stricter(chosen: PolicyName, line: str) -> PolicyName:
    """Return the stricter of the office's recorded choice and a line's setting; an unknown setting is ``recorded``."""
    if not line:
        return chosen
    own = PolicyName(line) if line in set(PolicyName) else PolicyName.RECORDED
    return min(chosen, own, key=_STRICTNESS.index)


@lru_cache(maxsize=16)
def own_numbers(written: tuple[str, ...], country: str) -> frozenset[str]:
    """Return the office's own numbers as E.164, however the configuration writes them."""
    parsed = (phone.parse(number, country) for number in written)
    return frozenset(number.e164 for number in parsed if isinstance(number, phone.Number))


def of_call(call: Call, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that the call itself carries; ``said`` is its JSON field ``facts``."""
    return {
        "call_id": call.id,
        "line": call.line,
        "outcome": call.outcome,
        "detail": call.detail,
        "started_ms": call.started_ms,
        "ended_ms": call.ended_ms,
        "ring_ms": call.ring_ms,
        "source": call.source,
        "confidence": call.confidence,
        "withheld": call.withheld,
        "caller": call.caller,
        "call_clock_trusted": call.clock_trusted,
        # '' and no key at all: Asterisk never said whether the caller wishes to be known.
        "presentation_known": said.get("presentation", "") != "",
        "voicemail_left": bool(said.get("voicemail_left")),
        "handled_by": _handled_by(said),
        "skip": "skip" in said,  # UserEvent(TextbackSkip); its fields may be empty
    }


def _handled_by(said: Mapping[str, Any]) -> str:
    """Return who says that it took care of the caller: ``UserEvent(TextbackHandled,By: the answering service)``."""
    if "handled" not in said:
        return ""
    given = said["handled"] if isinstance(said["handled"], Mapping) else {}
    names = {str(key).lower(): str(value) for key, value in given.items()}
    return (names.get("by") or names.get("name") or "another system")[:60]


def heard_greeting(said: Mapping[str, Any], policy: Policy, line: LinePolicy) -> bool:
    """Whether this call passed the announcement; without a version of it nothing could be proved."""
    return bool(greeting_of(policy, line)[0]) and (line.greeting_first or bool(said.get("announced")))


def greeting_of(policy: Policy, line: LinePolicy) -> tuple[str, str]:
    """Return the version and the words of the announcement that callers of a line hear; ``("", "")`` for none."""
    if line.greeting_version:
        return line.greeting_version, line.greeting_text
    return policy.greeting_version, policy.greeting_text


def of_hours(call: Call, known: Mapping[str, Any], *, policy: Policy, line: LinePolicy, now_ms: int) -> dict[str, Any]:
    """Return the facts of time: open or closed, and when a text may arrive."""
    zones = known.get("zones", ())
    strict: tuple[Schedule, ...] = ()
    if policy.regional is Regional.ALWAYS and call.caller:
        places = zones or (line.hours.zone,)
        strict = regions.strict_schedules(call.caller, known.get("region", ""), places, line.regions)
    when = timing(policy, line, zones=zones, now_ms=now_ms, ended_ms=call.ended_ms, strict=strict)
    return {
        "zone": line.hours.zone,
        "send_ms": when.send_ms,
        "waking": when.waking,
        "waking_from_ms": when.waking_from_ms,
        "allowed_until_ms": when.allowed_until_ms,
        "open_now": when.open_now,
        "holiday": when.holiday,
    }


def of_words(call: Call, known: Mapping[str, Any], *, policy: Policy, line: LinePolicy) -> dict[str, Any]:
    """Return the situation at the moment the text would leave, and whether there are words for it."""
    if not line.text or call.outcome not in MISSED:
        return {"situation": "", "has_text": False}
    just_called = known["send_ms"] - call.ended_ms <= policy.answer_within_min * MINUTE_MS
    at_once = known["waking"] or (policy.quiet_mode is QuietMode.ANSWER_WITHIN and just_called)
    leaves_ms = known["send_ms"] if at_once else (known["waking_from_ms"] or known["send_ms"])
    situation = plan.situation_of(
        call.outcome,
        call.detail,
        voicemail_left=known["voicemail_left"],
        repeat=bool(known.get("previous_missed_ms")),
        open_then=hours.is_open(line.hours, leaves_ms),
    )
    return {"situation": situation, "has_text": template_sets.choose(line, situation) is not None}


def nudge_schedules(number: str, call: Facts, policy: Policy, line: LinePolicy) -> tuple[Schedule, ...]:
    """Return all the hours a nudge must respect: quiet hours everywhere, and the region's stricter ones."""
    zones = call.zones or (line.hours.zone,)
    quiet = tuple(Schedule(week=policy.waking, zone=zone) for zone in dict.fromkeys((*zones, line.hours.zone)))
    strict = (
        () if policy.regional is Regional.OFF else regions.strict_schedules(number, call.region, zones, line.regions)
    )
    return (*quiet, *strict)
