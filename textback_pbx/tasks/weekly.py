"""The weekly report by mail: when it is due, and what it says; pure.

A week is Monday to Sunday on the office's wall clock. Its mail is due at the first configured weekday and time after
the week is over; one that could not be made then (no power, no clock) is made as soon as it can be, each week its own.
The mail holds numbers only, no number or word of a customer.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from textback_pbx.clock import SECOND_MS
from textback_pbx.tasks.report import DEFINITIONS, SECTIONS, Report, sentence, worded

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WeeklySettings:
    """``to``: names of people; ``weekday`` 0 is Monday; ``minute`` of that day, local time."""

    to: tuple[str, ...] = ()
    weekday: int = 0
    minute: int = 7 * 60


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, plain text."""

    subject: str
    body: str


def monday_of(now_ms: int, zone: tzinfo) -> date:
    """Return the Monday of the week that ``now_ms`` lies in."""
    today = datetime.fromtimestamp(now_ms / SECOND_MS, zone).date()
    return today - timedelta(days=today.weekday())


def due_ms(monday: date, settings: WeeklySettings, zone: tzinfo) -> int:
    """Return when the mail about the week from ``monday`` is due; a time that the clocks skip is an hour later."""
    day = monday + _WEEK + timedelta(days=settings.weekday)
    hour, minute = divmod(settings.minute, 60)
    return round(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()) * SECOND_MS


def mail(report: Report, before: Report, monday: date) -> Mail:
    """Word the mail: the sentence, then every number with the week before's in brackets and its definition."""
    sunday = monday + timedelta(days=6)
    lines = [sentence(report), "", f"{monday:%A %Y-%m-%d} to {sunday:%A %Y-%m-%d}, in brackets the week before."]
    for title, names in SECTIONS.items():
        lines += ["", title.upper()]
        for name in names:
            now, then = worded(name, getattr(report, name)), worded(name, getattr(before, name))
            if now or then:
                lines += [f"{name.replace('_', ' ')}: {now or '-'} ({then or '-'})", f"    {DEFINITIONS[name]}"]
    return Mail(sentence(report), "\n".join(lines) + "\n")
