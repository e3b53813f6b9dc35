"""From facts to what is done: the decision, and for a text its words. Pure.

``situation_of`` picks the kind of text, ``values_for`` fills the fields (a promise is always computed from the
service level and the opening hours), and :func:`plan` gives the decision with the message, or, where no text can
be made in the segments allowed, a task that says so.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from textback_pbx.clock import DAY_MS, MINUTE_MS
from textback_pbx.decision import hours, rules, template_sets, wording
from textback_pbx.decision.facts import Facts
from textback_pbx.decision.policy import LinePolicy, OptOutLine
from textback_pbx.decision.template_sets import Chosen
from textback_pbx.decision.verdict import Decision, Step, Verdict
from textback_pbx.decision.wording import Rendered, RenderProblem

_NEVER_MS = 0


@dataclass(frozen=True, slots=True)
class Message:
    """The text of a decision. ``look_again``: it waits, so the facts are read again before it leaves."""

    body: str
    encoding: str
    segments: int
    template: str
    template_version: str
    not_before_ms: int
    expires_ms: int
    look_again: bool
    note: str = ""
    words: str = ""  # the template as it stood


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from one missed call: ``message`` is set exactly when the verdict is a text."""

    decision: Decision
    message: Message | None


def situation_of(outcome: str, detail: str, *, voicemail_left: bool, repeat: bool, open_then: bool) -> str:
    """Return which kind of text answers a call; ``open_then``: the office is open when it would leave."""
    if voicemail_left:
        return "voicemail"
    if repeat and open_then:
        return "repeat"
    if detail == "unattended":
        return "unattended" if open_then else "after_hours"
    return f"{outcome}.{'open' if open_then else 'closed'}"


def values_for(line: LinePolicy, at_ms: int, *, opt_out: bool, contact_name: str = "") -> dict[str, str]:
    """Return the fields' values for a text that leaves at ``at_ms``."""
    phrases = template_sets.load("general", line.language).phrases
    deadline = hours.business_deadline(line.hours, at_ms, line.callback_min)
    opens = hours.next_open([line.hours], at_ms)
    return {
        "business": line.business,
        "line": line.name,
        "phone": line.phone,
        "link": line.link,
        "caller_name": contact_name,
        "callback_time": "" if deadline is None else _span(deadline - at_ms, phrases),
        "callback_by": "" if deadline is None else _moment(deadline, at_ms, line.hours.zone, phrases),
        "opens": "" if opens is None else _moment(opens, at_ms, line.hours.zone, phrases),
        "opt_out": phrases["opt_out"] if opt_out else "",
    }


def _span(length_ms: int, phrases: Any) -> str:
    """Return how long, rounded up: a promise may be beaten, never missed by its own rounding."""
    minutes = -(-length_ms // MINUTE_MS)
    if minutes <= 90 and minutes != 60:
        return str(phrases["minutes"]).format(n=-(-minutes // 5) * 5)
    whole = -(-minutes // 60)
    return str(phrases["hour"]) if whole == 1 else str(phrases["hours"]).format(n=whole)


def _moment(at_ms: int, from_ms: int, zone: str, phrases: Any) -> str:
    """Return a moment as ``Mon 9:30 am``, rounded up to five minutes; more than six days ahead the date alone."""
    step = 5 * MINUTE_MS
    wall = hours.local(-(-at_ms // step) * step, zone)
    if at_ms - from_ms > 6 * DAY_MS:
        return f"{wall.day} {phrases['months'][wall.month - 1]}"
    return f"{phrases['weekdays'][wall.weekday()]} {_clock(wall, phrases['clock'])}"


def _clock(wall: datetime, style: str) -> str:
    if style == "24h":
        return f"{wall.hour}:{wall.minute:02}"
    return f"{wall.hour % 12 or 12}:{wall.minute:02} {'am' if wall.hour < 12 else 'pm'}"


def with_opt_out(policy_line: OptOutLine, *, ever_texted: bool) -> bool:
    """Whether a text carries the line that says how to stop."""
    if policy_line is OptOutLine.ALWAYS:
        return True
    return ever_texted if policy_line is OptOutLine.FOLLOW_UPS else not ever_texted


def plan(facts: Facts, line: LinePolicy) -> Plan:
    """Judge the call and word its text."""
    decision = rules.decide(facts)
    if decision.verdict is not Verdict.TEXT:
        return Plan(decision, None)
    chosen = template_sets.choose(line, decision.template_key)
    if chosen is None:
        return Plan(_instead(decision, "there is no text for this situation"), None)
    made = word(facts, line, chosen, decision.not_before_ms)
    if isinstance(made, RenderProblem):
        return Plan(_instead(decision, made.reason), None)
    return Plan(decision, _message(facts, decision, chosen, made))


def word(facts: Facts, line: LinePolicy, chosen: Chosen, at_ms: int) -> Rendered | RenderProblem:
    """Make the text that leaves at ``at_ms``."""
    opt_out = with_opt_out(facts.policy.opt_out_line, ever_texted=facts.ever_texted)
    values = values_for(line, at_ms, opt_out=opt_out, contact_name=facts.contact_name)
    fallback = template_sets.load("general", line.language).texts["plain"]
    return wording.render(chosen.template, values, max_segments=facts.policy.max_segments, fallback=fallback)


def _message(facts: Facts, decision: Decision, chosen: Chosen, made: Rendered) -> Message:
    return Message(
        body=made.text,
        encoding=made.segments.encoding.value,
        segments=made.segments.count,
        template=chosen.key,
        template_version=chosen.version,
        not_before_ms=decision.not_before_ms,
        expires_ms=decision.expires_ms,
        look_again=decision.not_before_ms > facts.now_ms,
        note=made.note,
        words=chosen.template,
    )


def nudge_message(facts: Facts, line: LinePolicy, until_ms: int | None = None) -> Message | RenderProblem:
    """Word the one second text; ``facts`` are those of the call it follows up, ``now_ms`` when it leaves.

    ``until_ms`` is when quiet hours begin: later than that it does not leave.
    """
    chosen = template_sets.choose(line, "nudge")
    if chosen is None:
        return RenderProblem("the nudge's text is switched off")
    opt_out = with_opt_out(facts.policy.opt_out_line, ever_texted=True)
    values = values_for(line, facts.now_ms, opt_out=opt_out, contact_name=facts.contact_name)
    made = wording.render(chosen.template, values, max_segments=facts.policy.max_segments)
    if isinstance(made, RenderProblem):
        return made
    too_old_ms = facts.now_ms + facts.policy.max_age_min * MINUTE_MS
    return Message(
        body=made.text,
        encoding=made.segments.encoding.value,
        segments=made.segments.count,
        template=chosen.key,
        template_version=chosen.version,
        not_before_ms=facts.now_ms,
        expires_ms=too_old_ms if until_ms is None else min(too_old_ms, until_ms),
        look_again=True,
        note=made.note,
        words=chosen.template,
    )


def _instead(decision: Decision, why: str) -> Decision:
    """Return the task that stands in for a text that could not be worded."""
    steps = (*decision.trace, Step("wording", Verdict.TASK.value, why))
    return replace(
        decision,
        verdict=Verdict.TASK,
        rule="wording",
        reason=f"no text could be made: {why}",
        trace=steps,
        not_before_ms=_NEVER_MS,
        expires_ms=_NEVER_MS,
        record="",
    )
