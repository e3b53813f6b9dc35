"""The decision stage's settings: one :class:`Policy` for the office, one :class:`LinePolicy` for each dialled line.

Frozen data with the product's defaults; the configuration is mapped onto it at start. There is deliberately no
setting that switches consent, opt-outs or the clock's trust off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from textback_pbx.decision.hours import WAKING_WEEK, Schedule, Week
from textback_pbx.decision.regions import Table


class QuietMode(StrEnum):
    """What happens to a text that would arrive in quiet hours."""

    HOLD = "hold"  # it waits until it may arrive
    SUPPRESS = "suppress"  # a task instead
    ANSWER_WITHIN = "answer_within"  # the person has just called: within so many minutes it goes, later it waits


class Regional(StrEnum):
    """Which texts the stricter regional tables bind."""

    NUDGE = "nudge"  # only texts that do not answer a call made minutes ago
    ALWAYS = "always"
    OFF = "off"


class OptOutLine(StrEnum):
    """Which texts carry the line that says how to stop them."""

    FIRST = "first"
    ALWAYS = "always"
    FOLLOW_UPS = "follow_ups"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a missed call is answered with a text. Names say their unit; every default is the product's."""

    dry_run: bool = False
    delay_s: int = 0
    max_age_min: int = 15
    repeat_min: int = 15
    once_per_h: int = 24
    min_ring_s: int = 3
    # situations that can be switched off
    after_voicemail: bool = False
    after_unattended: bool = True
    after_rejected: bool = True
    after_dialplan_busy: bool = True
    after_not_reachable: bool = True
    when_open: bool = True
    when_closed: bool = True
    # who
    countries: tuple[str, ...] = ("US",)
    landlines: bool = False
    own_numbers: tuple[str, ...] = ()
    without_presentation: bool = False  # an installer's opt-in: withheld numbers may not be recognised
    # limits; they count what was queued, so that they hold before anything is sent
    per_number_day: int = 2
    per_prefix_hour: int = 10
    per_hour: int = 30
    per_day: int = 100
    flood_calls: int = 60  # missed calls in flood_window_min that open the breaker
    flood_prefix_calls: int = 20  # the same from one block of numbers
    flood_window_min: int = 10
    breaker_min: int = 60  # how long it stays open after the last sign of a flood
    # when
    waking: Week = WAKING_WEEK
    quiet_mode: QuietMode = QuietMode.ANSWER_WITHIN
    answer_within_min: int = 10
    hold_max_h: int = 16  # a text that would have to wait longer becomes a task
    regional: Regional = Regional.NUDGE
    # words
    max_segments: int = 1
    opt_out_line: OptOutLine = OptOutLine.FIRST
    # one second text if nothing came back
    nudge: bool = False
    nudge_after_min: int = 180
    greeting_version: str = ""  # the announcement that is played now; '' when there is none
    greeting_text: str = ""  # its words, kept with each consent that rests on it


@dataclass(frozen=True, slots=True)
class LinePolicy:
    """What one dialled number stands for. ``country`` is ISO 3166; ``callback_min`` is opening time, minutes."""

    name: str
    business: str
    country: str = "US"
    hours: Schedule = field(default_factory=Schedule)
    language: str = "en"
    trade: str = "general"
    phone: str = ""
    link: str = ""
    owner: str = "office"
    callback_min: int = 60
    text: bool = True
    consent: str = ""  # a consent policy stricter than the office's choice
    greeting_first: bool = False  # every caller hears the announcement before a phone rings
    greeting_version: str = ""  # the line's own announcement and its words; '' for the office's
    greeting_text: str = ""
    own_texts: Mapping[str, str] = field(default_factory=dict)  # situation -> the office's own words
    use: Mapping[str, str] = field(default_factory=dict)  # situation -> another situation's text, such as "booking"
    off: frozenset[str] = frozenset()  # situations without a text
    regions: tuple[Table, ...] | None = None  # the office's own regional tables; None: the packaged ones
