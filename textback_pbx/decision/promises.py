"""What a text promises, held against the line's service level and opening hours. Pure.

A promise is always computed (``{callback_time}``, ``{callback_by}``, ``{opens}``), never typed; here every hour of an
ordinary week is tried, so that the office learns beforehand what its callers will read on a Friday evening.
"""

from collections.abc import Iterator

from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.decision import hours, wording
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.template_sets import choose

#: Monday 2026-01-05 00:00 UTC: the beginning of a week in which few countries have a holiday.
_MONDAY_MS = 1_767_571_200_000
_WEEK_HOURS = 7 * 24
#: A time span longer than this is no answer to "when": a day and an hour are.
LONGEST_SPAN_MS = 12 * HOUR_MS
PROMISES = frozenset({"callback_time", "callback_by", "opens"})
_OPEN_ONLY = frozenset({"unattended", "repeat", "overflow", "urgent"})


def check(line: LinePolicy, situation: str) -> Iterator[tuple[str, str]]:
    """Give what is wrong with the promises of one text of a line: a code of the linter, and words."""
    chosen = choose(line, situation)
    if chosen is None:
        return
    try:
        promised = wording.used_fields(chosen.template) & PROMISES
    except wording.TemplateProblem:
        return  # the linter says so itself
    if not promised:
        return
    if hours.next_open([line.hours], _MONDAY_MS) is None:
        yield "no_hours", f"promises {{{min(promised)}}}, but the line never opens: no text could be made of it"
        return
    if "callback_time" in promised:
        longest = max((_wait_ms(line, at) for at in _moments(line, situation)), default=0)
        if longest > LONGEST_SPAN_MS:
            span = round(longest / HOUR_MS)
            yield "long_wait", f"would say 'within {span} hours' at times; {{callback_by}} names the day and the hour"


def _moments(line: LinePolicy, situation: str) -> list[int]:
    """Return the hours of a week at which a text of this situation may leave."""
    week = [_MONDAY_MS + n * HOUR_MS for n in range(_WEEK_HOURS)]
    if situation.endswith(".open") or situation in _OPEN_ONLY:
        return [at for at in week if hours.is_open(line.hours, at)]
    if situation.endswith(".closed") or situation == "after_hours":
        return [at for at in week if not hours.is_open(line.hours, at)]
    return week


def _wait_ms(line: LinePolicy, at_ms: int) -> int:
    deadline = hours.business_deadline(line.hours, at_ms, line.callback_min)
    return 400 * DAY_MS if deadline is None else deadline - at_ms
