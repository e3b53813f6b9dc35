"""The configuration as the stages read it: one :class:`Office`, made once at start from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from textback_pbx.calls.numbers import NumberRule, Numbers
from textback_pbx.clock import HOUR_MS
from textback_pbx.config import DAYS, Hours, Line, Settings
from textback_pbx.decision import hours, regions
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.policy import LinePolicy, OptOutLine, Policy, QuietMode, Regional
from textback_pbx.decision.regions import Table
from textback_pbx.pipeline.modems import first_lines
from textback_pbx.pipeline.staffing import Staffing, staffing_of
from textback_pbx.replies.threads.status import Patience

#: The line of every dialled number that has no table of its own.
DEFAULT_LINE = "office"


@dataclass(frozen=True, slots=True)
class Office:
    """Who texts by which rules. ``dialled`` maps a PBX ('' for any) and a dialled number to a line's name.

    ``modem_lines`` maps a modem's name to the line of people who write to it first, where that is not the office's.
    """

    policy: Policy
    lines: Mapping[str, LinePolicy]
    dialled: Mapping[tuple[str, str], str]
    country: str
    staffing: Staffing = field(default_factory=Staffing)
    modem_lines: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    alert_every_ms: int = 24 * HOUR_MS  # the admin is told of the same line's trouble once in so long
    numbers: Numbers = field(default_factory=lambda: Numbers("US"))  # reads what trunks write in the caller's place

    def line_of(self, dialled: str, pbx: str = "") -> str:
        """Return the name of the line a number dialled on this PBX belongs to; a line of that PBX comes first."""
        keys = ((where, number) for where in (pbx, "") for number in (dialled, dialled.lstrip("+")))
        return next((self.dialled[key] for key in keys if key in self.dialled), DEFAULT_LINE)

    def line(self, name: str) -> LinePolicy:
        """Return a line's policy; a line that is no longer configured is the office."""
        return self.lines.get(name, self.lines[DEFAULT_LINE])

    def deadline(self, line: str, from_ms: int, minutes: int) -> int | None:
        """Return when so many minutes of the line's opening time have passed."""
        return hours.business_deadline(self.line(line).hours, from_ms, minutes)


def office_of(settings: Settings) -> Office:
    """Map the settings onto what the stages read."""
    lines = {DEFAULT_LINE: _office_line(settings)}
    lines |= {line.name: _line(settings, line) for line in settings.lines}
    dialled = {(line.pbx, number): line.name for line in settings.lines for number in line.dialled}
    staffing = staffing_of(settings, lines[DEFAULT_LINE].hours)
    patience = Patience(settings.replies.no_response_hours * HOUR_MS)
    country, alert_every_ms = settings.office.country, settings.rules.alert_every_hours * HOUR_MS
    modem_lines = first_lines(settings)
    numbers = Numbers(country, (NumberRule(**dict(rule)) for rule in settings.trunk_numbers))
    return Office(_policy(settings), lines, dialled, country, staffing, modem_lines, patience, alert_every_ms, numbers)


def _policy(settings: Settings) -> Policy:
    rules, quiet = settings.rules, settings.quiet_hours
    return Policy(
        dry_run=settings.dry_run,
        delay_s=rules.delay_seconds,
        max_age_min=rules.max_age_minutes,
        repeat_min=rules.repeat_minutes,
        once_per_h=rules.once_per_hours,
        min_ring_s=rules.min_ring_seconds,
        after_voicemail=rules.after_voicemail,
        after_unattended=rules.after_announcement,
        after_rejected=rules.after_rejected,
        after_dialplan_busy=rules.after_dialplan_busy,
        after_not_reachable=rules.after_not_reachable,
        when_open=rules.when_open,
        when_closed=rules.when_closed,
        countries=rules.countries or (settings.office.country,),
        landlines=rules.landlines,
        own_numbers=(
            *settings.office.own_numbers,
            settings.office.phone,
            *(line.phone for line in settings.lines),
            *(number for line in settings.lines for number in line.dialled),
            *(person.phone for person in settings.people if person.phone),
        ),
        without_presentation=all(pbx.without_presentation for pbx in settings.pbxs()),
        per_number_day=rules.per_number_per_day,
        per_prefix_hour=rules.per_prefix_per_hour,
        per_hour=rules.per_hour,
        per_day=rules.per_day,
        flood_calls=rules.flood_calls,
        flood_prefix_calls=rules.flood_prefix_calls,
        breaker_min=rules.flood_pause_minutes,
        waking=hours.every_day(quiet.allowed_from, quiet.allowed_until),
        quiet_mode=QuietMode(quiet.mode),
        answer_within_min=quiet.answer_within_minutes,
        hold_max_h=quiet.hold_max_hours,
        regional=Regional(quiet.regional),
        nudge=settings.nudge.on,
        nudge_after_min=settings.nudge.after_hours * 60,
        max_segments=settings.texts.max_segments,
        opt_out_line=OptOutLine(settings.texts.opt_out_line),
        greeting_version=settings.texts.greeting_version,
        greeting_text=settings.texts.greeting_text,
    )


def _office_line(settings: Settings) -> LinePolicy:
    office = settings.office
    return LinePolicy(
        name=DEFAULT_LINE,
        business=office.name,
        country=office.country,
        hours=schedule_of(settings.hours, office.timezone, office.country, office.region),
        language=office.language,
        trade=office.trade,
        phone=office.phone,
        owner=office.owner,
        callback_min=office.callback_minutes,
        link=office.link,
        greeting_first=bool(settings.texts.greeting_version),
        own_texts=settings.texts.own,
        use=settings.texts.use,
        off=frozenset(settings.texts.off),
        regions=_regions(settings),
    )


def _regions(settings: Settings) -> tuple[Table, ...] | None:
    file = settings.quiet_hours.regional_file
    return None if file is None else regions.parse(file.read_text(encoding="utf-8"))[1]


def _line(settings: Settings, line: Line) -> LinePolicy:
    office = settings.office
    zone = line.timezone or office.timezone
    return LinePolicy(
        name=line.name,
        business=line.business or office.name,
        country=office.country,
        hours=schedule_of(line.hours or settings.hours, zone, office.country, office.region),
        language=line.language or office.language,
        trade=line.trade or office.trade,
        phone=line.phone or office.phone,
        owner=line.owner or office.owner,
        callback_min=line.callback_minutes or office.callback_minutes,
        link=line.link or office.link,
        text=line.text,
        greeting_first=line.greeting and bool(line.greeting_version or settings.texts.greeting_version),
        greeting_version=line.greeting_version,
        greeting_text=line.greeting_text,
        own_texts={**settings.texts.own, **line.own},
        use={**settings.texts.use, **line.use},
        # A line that words a situation itself has switched it on again.
        off=(frozenset(settings.texts.off) - set(line.own)) | set(line.off),
        consent=line.consent,
        regions=_regions(settings),
    )


def schedule_of(opening: Hours, zone: str, country: str, region: str) -> Schedule:
    """Return one table of hours on the wall clock of a zone, with the public holidays of its place."""
    week = hours.parse_week({day[:3]: ", ".join(getattr(opening, day)) for day in DAYS})
    return Schedule(
        week=week,
        zone=zone,
        country=country if opening.public_holidays else "",
        subdivision=region if opening.public_holidays else "",
        special=tuple((day, ()) for day in opening.closed_on),
    )
