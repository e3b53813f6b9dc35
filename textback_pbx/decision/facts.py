"""What is known about one missed call at the moment of deciding: frozen, plain, and JSON both ways.

``decisions.facts`` keeps them, so that ``why`` can show years later what the rules saw. Fields that are as a call
without history would have them are left out of the JSON. Pure: reading them is ``store``'s work, judging them is
``rules``'.
"""

import json
from dataclasses import dataclass, field, fields
from typing import Any

from textback_pbx.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from textback_pbx.decision import hours
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.policy import LinePolicy, Policy, QuietMode, Regional

_VERSION = 1
#: ``Facts.consent`` values: what the policy in force says about this number and this call.
ALLOWED, REFUSED, UNKNOWN = "allowed", "refused", "unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """One call, the person behind it, and the limits, as they stood at ``now_ms``. Times are ms UTC; 0: never."""

    now_ms: int
    call_id: int = 0
    look: int = 1  # 2: just before a held or delayed text leaves
    # the call
    line: str = ""
    outcome: str = ""
    detail: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    ring_ms: int | None = None
    source: str = "live"
    confidence: str = "high"
    withheld: bool = False
    caller: str | None = None  # E.164
    presentation_known: bool = True
    voicemail_left: bool = False
    handled_by: str = ""
    skip: bool = False
    # the number
    number_kind: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    own_number: bool = False
    cannot_text: str = ""
    # trust
    clock_trusted: bool = False
    call_clock_trusted: bool = True
    restored_ms: int = 0  # when the database was last restored from a backup
    holds: tuple[str, ...] = ()  # health components that forbid sending
    # consent; the defaults fail closed
    opted_out: bool | None = None  # None: could not be read
    consent: str = UNKNOWN
    consent_why: str = "the consent ledger could not be read"
    consent_seq: int = 0
    consent_policy: str = "recorded"
    policy_seq: int = 0  # the ledger entry in which the office chose that policy; 0: nobody has chosen
    heard_greeting: bool = False
    greeting_version: str = ""
    automation_paused: bool = False
    # what happened since the call, and before it
    answered_since_ms: int = 0
    called_back_ms: int = 0
    wrote_ms: int = 0
    staff_ms: int = 0
    previous_missed_ms: int = 0
    texts_this_line: int = 0  # automatic texts to this caller for this line inside once_per_h
    last_text_ms: int = 0
    ever_texted: bool = False
    # limits: automatic texts queued and not cancelled
    sent_number_day: int = 0
    sent_prefix_hour: int = 0
    sent_hour: int = 0
    sent_day: int = 0
    breaker: str = ""  # why the circuit breaker is open
    breaker_since_ms: int = 0
    breaker_until_ms: int = 0
    # hours
    zone: str = "UTC"
    open_now: bool = True
    holiday: str = ""
    send_ms: int = 0  # the earliest moment the delay allows
    waking: bool = False  # send_ms lies outside quiet hours, in every zone
    waking_from_ms: int | None = None  # the next moment that does
    allowed_until_ms: int = 0  # the text must have left by then, or quiet hours begin; 0: not soon
    due_ms: int = 0  # second look: the moment the text was held for
    # the words
    situation: str = ""
    has_text: bool = True
    contact_name: str = ""
    # the settings it is judged by
    policy: Policy = field(default_factory=Policy)

    def to_json(self) -> str:
        """Return JSON with what differs from the defaults."""
        return json.dumps({"v": _VERSION, **_changed(self)}, separators=(",", ":"), ensure_ascii=False)


def _changed(value: Any) -> dict[str, Any]:
    default = Policy() if isinstance(value, Policy) else Facts(now_ms=0)
    out: dict[str, Any] = {}
    for part in fields(value):
        have = getattr(value, part.name)
        if isinstance(have, Policy):
            out[part.name] = _changed(have)
        elif have != getattr(default, part.name) or part.name == "now_ms":
            out[part.name] = have
    return {key: have for key, have in out.items() if have != {}}


def from_json(text: str) -> Facts:
    """Read :meth:`Facts.to_json` back; fields of a later version are ignored."""
    raw = json.loads(text)
    policy = Policy(**_typed(Policy, raw.pop("policy", {})))
    return Facts(**_typed(Facts, raw), policy=policy)


def _typed(kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    known = {part.name for part in fields(kind)}
    out = {key: _frozen(value) for key, value in raw.items() if key in known}
    if "quiet_mode" in out:
        out["quiet_mode"] = QuietMode(out["quiet_mode"])
    if "regional" in out:
        out["regional"] = Regional(out["regional"])
    return out


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Timing:
    """When a text may arrive. ``waking``: at ``send_ms`` it may; ``waking_from_ms``: the next moment it may.

    ``allowed_until_ms``: when that is over, if that comes before the text is too old anyway; else 0.
    """

    send_ms: int
    waking: bool
    waking_from_ms: int | None
    open_now: bool
    holiday: str
    allowed_until_ms: int = 0


def timing(
    policy: Policy,
    line: LinePolicy,
    *,
    zones: tuple[str, ...],
    now_ms: int,
    ended_ms: int,
    strict: tuple[Schedule, ...] = (),
) -> Timing:
    """Judge the moment of sending in every zone the number may be in and in the office's.

    ``strict`` are the regional tables that bind this number; see :mod:`textback_pbx.decision.regions`.
    """
    send_ms = max(now_ms, ended_ms + policy.delay_s * SECOND_MS)
    quiet = [Schedule(week=policy.waking, zone=zone) for zone in dict.fromkeys((*zones, line.hours.zone))]
    schedules = [*quiet, *strict]
    waking = hours.all_open(schedules, send_ms)
    wall = hours.local(now_ms, line.hours.zone)
    from_ms = send_ms if waking else hours.next_open(schedules, send_ms)
    grace_ms = ended_ms + policy.answer_within_min * MINUTE_MS if policy.quiet_mode is QuietMode.ANSWER_WITHIN else 0
    leaves_ms = send_ms if send_ms <= grace_ms else from_ms
    return Timing(
        send_ms=send_ms,
        waking=waking,
        waking_from_ms=from_ms,
        allowed_until_ms=0 if leaves_ms is None else _allowed_until(schedules, leaves_ms, grace_ms, policy.max_age_min),
        open_now=hours.is_open(line.hours, now_ms),
        holiday=hours.holiday(line.hours, wall.date()),
    )


def _allowed_until(schedules: list[Schedule], leaves_ms: int, grace_ms: int, max_age_min: int) -> int:
    """Return when a text that may leave at ``leaves_ms`` may not any more; 0 when it is too old before that.

    Until ``grace_ms`` it answers a person who has just called, whatever the hour.
    """
    if hours.open_for(schedules, leaves_ms, max_age_min):
        return 0
    return hours.open_until(schedules, max(leaves_ms, grace_ms)) or 0


def age_ms(facts: Facts) -> int:
    """How old the call is, or, at the second look, how long the held text is overdue."""
    return facts.now_ms - max(facts.ended_ms, facts.due_ms)


def too_old(facts: Facts) -> bool:
    """Whether a text would come too late: worse than none."""
    held_too_long = facts.due_ms - facts.ended_ms > facts.policy.hold_max_h * HOUR_MS
    return age_ms(facts) > facts.policy.max_age_min * MINUTE_MS or held_too_long


def is_repeat(facts: Facts) -> bool:
    """Whether the same person was missed on the same line shortly before."""
    before = facts.started_ms - facts.previous_missed_ms
    return facts.previous_missed_ms > 0 and before <= facts.policy.repeat_min * MINUTE_MS
