"""A legal deadline near at hand: a court date, an answer or an eviction within two business days; pure.

The words tell of a deadline, the calendar tells whether it is near: so the date is resolved as any other mention of
time is. Saturday is a business day, as for the hours.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from textback_pbx.replies.mentions import Mention, Role
from textback_pbx.replies.plain import Found, plain
from textback_pbx.replies.resolve import Frame, day_of

#: Within so many business days a deadline makes a text urgent.
NEAR_DAYS = 2
_LEGAL = re.compile(
    r"\b(?:court|hearing|trial|tribunal|deposition|mediation|arraign\w*|deadline|summons|served|subpoena|evict\w*|vacate|"
    r"lockout|sheriff|bailiffs?|sentencing|statute|appeal|injunction|foreclos\w*|custody|petition|notice|"
    r"(?:answer|respond|response|reply|file|filing|sign)(?: \w+){0,3} (?:by|before|due)|(?:be|get|move|us) out)\b"
)


def deadline_of(text: str, found: Sequence[Mention], frame: Frame) -> Found | None:
    """Return ``urgent`` with the words of a legal deadline within two business days, or ``None``."""
    calm = plain(text)
    if _LEGAL.search(calm) is None:
        return None
    last = _business_day(frame.today, NEAR_DAYS)
    for mention in found:
        if mention.role not in (Role.EVENT, Role.EXISTING) or mention.day is None:
            continue
        day = day_of(mention.day, frame)
        if day is not None and frame.today <= day <= last:
            return Found("urgent", mention.start, mention.end, "urgency.deadline", 0.8)
    return None


def _business_day(today: date, count: int) -> date:
    """Return the ``count``-th business day after today."""
    day = today
    while count:
        day += timedelta(days=1)
        count -= day.weekday() != 6
    return day
