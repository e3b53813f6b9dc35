"""The tables of the configuration file, each with its keys, their limits and their defaults.

Every table refuses a key it does not know: a misspelt rule that is silently ignored could text somebody.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from textback_pbx.calls.trunks import DEFAULT_CONTEXTS

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"no such time zone: {value!r}; write it like America/Chicago")
    return value


def _intervals(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else list(value)
    for text in (text for text in texts if text):
        match = _INTERVAL.fullmatch(str(text))
        if match is None or (start := text[:5]) >= (end := text[6:]) or end > "24:00":
            raise ValueError(f'{text!r} is no opening time; write it like "08:00-17:00"')
        del start
    return tuple(text for text in texts if text)


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"{value!r} is no country; write two capitals (ISO 3166), like US or GB")
    return value


Zone = Annotated[str, BeforeValidator(_zone)]
Intervals = Annotated[tuple[str, ...], BeforeValidator(_intervals)]
Country = Annotated[str, BeforeValidator(_country)]
Trade = Literal["general", "home_services", "dental", "health", "law", "salon", "pet", "professional"]


class Section(BaseModel):
    """A table of the file: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(Section):
    """Opening hours, local time; an empty list is a closed day."""

    monday: Intervals = ("08:00-17:00",)
    tuesday: Intervals = ("08:00-17:00",)
    wednesday: Intervals = ("08:00-17:00",)
    thursday: Intervals = ("08:00-17:00",)
    friday: Intervals = ("08:00-17:00",)
    saturday: Intervals = ()
    sunday: Intervals = ()
    public_holidays: bool = True
    closed_on: tuple[str, ...] = ()

    def week(self) -> tuple[tuple[str, ...], ...]:
        """Return Monday to Sunday, each a tuple of ``HH:MM-HH:MM``."""
        return tuple(getattr(self, day) for day in DAYS)


class Office(Section):
    """Who texts, from where, and what the office promises."""

    name: str = Field(min_length=1, max_length=60)
    country: Country = "US"
    region: str = ""
    timezone: Zone = "America/New_York"
    language: Literal["en", "es"] = "en"
    trade: Trade = "general"
    phone: str = ""
    owner: str = Field(default="office", min_length=1, max_length=60)
    callback_minutes: int = Field(default=60, ge=5, le=7 * 24 * 60)
    link: str = Field(default="", max_length=40, pattern=r"^(https://[!-~]+)?$")
    own_numbers: tuple[str, ...] = ()


class Line(Section):
    """One dialled number of the PBX, where it differs from the office."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$")
    dialled: tuple[str, ...] = Field(min_length=1)
    pbx: str = ""
    modem: str = ""
    business: str = Field(default="", max_length=60)
    language: Literal["", "en", "es"] = ""
    trade: Trade | Literal[""] = ""
    timezone: Zone | Literal[""] = ""
    owner: str = ""
    phone: str = ""
    hours: Hours | None = None
    consent: Literal["", "recorded", "announced", "one_reply"] = ""
    text: bool = True
    callback_minutes: int = Field(default=0, ge=0, le=7 * 24 * 60)
    link: str = Field(default="", max_length=40, pattern=r"^(https://[!-~]+)?$")
    greeting: bool = True
    greeting_version: str = Field(default="", max_length=40)
    greeting_text: str = Field(default="", max_length=1000)
    own: dict[str, str] = Field(default_factory=dict)
    off: tuple[str, ...] = ()
    use: dict[str, str] = Field(default_factory=dict)


#: How a PBX may be called: it stands in every call's key, so no slash.
_PBX_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class Cdr(Section):
    """Where Asterisk keeps its call records, to repair what was not heard: one of ``csv``, ``sqlite``, ``url``."""

    csv: str = ""
    sqlite: str = ""
    url: SecretStr = SecretStr("")
    url_file: Path | None = None
    table: str = Field(default="cdr", pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$")
    columns: tuple[str, ...] = ()
    times: Literal["auto", "local", "utc"] = "auto"
    timezone: Zone | Literal[""] = ""
    unanswered: bool = False
    delay_seconds: int = Field(default=10, ge=1, le=600)
    margin_seconds: int = Field(default=60, ge=0, le=3600)
    days: int = Field(default=3, ge=1, le=30)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = (self.csv, self.sqlite, self.url.get_secret_value() or self.url_file)
        if sum(map(bool, named)) > 1:
            raise ValueError("name one source of call records: csv, sqlite or url")
        return self


class Ami(Section):
    """The Asterisk Manager Interface of one PBX."""

    name: str = Field(default="pbx", max_length=40, pattern=_PBX_NAME)
    host: str = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    username: str = "textback"
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    contexts: tuple[str, ...] = DEFAULT_CONTEXTS
    trunks: tuple[str, ...] = ()
    tls: bool = False
    ca_file: Path | None = None
    tls_name: str = ""
    liveness_seconds: int = Field(default=30, ge=5, le=600)
    without_presentation: bool = False


class Pbx(Ami):
    """One more PBX: the same keys as ``[ami]``, a name of its own, and its call records (``[pbx.cdr]``)."""

    name: str = Field(max_length=40, pattern=_PBX_NAME)
    cdr: Cdr = Cdr()


class Modem(Section):
    """One GSM modem and its SIM."""

    name: str = Field(default="modem", max_length=40, pattern=_PBX_NAME)
    port: str = ""
    model: str = "auto"
    baud: int = 115200
    pin: SecretStr = SecretStr("")
    pin_file: Path | None = None
    imei: str = Field(default="", pattern=r"^(\d{15})?$")
    iccid: str = Field(default="", pattern=r"^(\d{18,22})?$")
    smsc: str = Field(default="", pattern=r"^(\+\d{7,15})?$")
    seconds_between_texts: int = Field(default=3, ge=0, le=3600)
    texts_per_hour: int = Field(default=30, ge=1, le=3600)
    texts_per_day: int = Field(default=100, ge=1, le=10_000)
    validity_hours: int = Field(default=24, ge=1, le=720)
    status_reports: bool = True
    ussd_credit: str = Field(default="", pattern=r"^([*#][*#0-9]{1,19})?$")
    stands_in: bool = True


class FurtherModem(Modem):
    """One more modem: the same keys as ``[modem]``, a name of its own, and a port."""

    name: str = Field(max_length=40, pattern=_PBX_NAME)
    port: str = Field(min_length=1)


class Pool(Section):
    """When one modem sends for the lines of another."""

    failover_seconds: int = Field(default=30, ge=1, le=3600)
    budget_seconds: int = Field(default=120, ge=1, le=86_400)


class QuietHours(Section):
    """When a text may arrive, in the called party's zone and the office's."""

    allowed_from: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    allowed_until: str = Field(default="21:00", pattern=r"^([01]\d|2[0-4]):[0-5]\d$")
    mode: Literal["hold", "suppress", "answer_within"] = "answer_within"
    answer_within_minutes: int = Field(default=10, ge=1, le=60)
    hold_max_hours: int = Field(default=16, ge=1, le=72)
    regional: Literal["nudge", "always", "off"] = "nudge"
    regional_file: Path | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.allowed_from >= self.allowed_until:
            raise ValueError("allowed_from must be earlier than allowed_until")
        return self


class TrunkNumbers(Section):
    """How one trunk writes callers' numbers, where it is not the usual way."""

    pbx: str = ""
    trunks: tuple[str, ...] = ()
    country: Country | Literal[""] = ""
    strip: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,6}$")], ...] = ()
    add: str = Field(default="", pattern=r"^(\+?[0-9]{0,7})$")


class Rules(Section):
    """When a missed call is answered with a text."""

    delay_seconds: int = Field(default=0, ge=0, le=120)
    max_age_minutes: int = Field(default=15, ge=1, le=240)
    once_per_hours: int = Field(default=24, ge=1, le=720)
    repeat_minutes: int = Field(default=15, ge=1, le=240)
    min_ring_seconds: int = Field(default=3, ge=0, le=60)
    after_voicemail: bool = False
    after_announcement: bool = True
    after_rejected: bool = True
    after_dialplan_busy: bool = True
    after_not_reachable: bool = True
    when_open: bool = True
    when_closed: bool = True
    countries: tuple[Country, ...] = ()
    landlines: bool = False
    per_number_per_day: int = Field(default=2, ge=1, le=20)
    per_prefix_per_hour: int = Field(default=10, ge=1, le=1000)
    per_hour: int = Field(default=30, ge=1, le=3600)
    per_day: int = Field(default=100, ge=1, le=10_000)
    alert_every_hours: int = Field(default=24, ge=1, le=168)
    flood_calls: int = Field(default=60, ge=5, le=500)
    flood_prefix_calls: int = Field(default=20, ge=5, le=500)
    flood_pause_minutes: int = Field(default=60, ge=5, le=1440)


class Nudge(Section):
    """The one second text, if nothing came back."""

    on: bool = False
    after_hours: int = Field(default=3, ge=1, le=12)


class Texts(Section):
    """How the texts are worded."""

    max_segments: int = Field(default=1, ge=1, le=2)
    opt_out_line: Literal["first", "always", "follow_ups"] = "first"
    greeting_version: str = Field(default="", max_length=40)
    greeting_text: str = Field(default="", max_length=1000)
    own: dict[str, str] = Field(default_factory=dict)
    off: tuple[str, ...] = ()
    use: dict[str, str] = Field(default_factory=dict)


class Replies(Section):
    """Conversations: how long they wait for the customer, and the words an office uses often."""

    no_response_hours: int = Field(default=72, ge=1, le=90 * 24)
    canned: dict[str, str] = Field(default_factory=dict)


class Report(Section):
    """The weekly report by mail."""

    mail_to: tuple[str, ...] = ()
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    at: str = Field(default="07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class DatabaseSection(Section):
    """Where everything is kept."""

    path: Path = Path("/var/lib/textback-pbx/textback.sqlite")


class Backup(Section):
    """The daily copy of the database, and how many stay."""

    on: bool = True
    folder: Path | None = None
    at: str = Field(default="03:10", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    days: int = Field(default=7, ge=1, le=366)
    weeks: int = Field(default=4, ge=0, le=520)
    months: int = Field(default=6, ge=0, le=120)


class Retention(Section):
    """How long things are kept; 0: for ever."""

    words_months: int = Field(default=24, ge=0, le=240)
    records_months: int = Field(default=60, ge=0, le=240)


class Metrics(Section):
    """Figures for Prometheus."""

    textfile: Path | None = None


class Log(Section):
    """What the log shows. Numbers and words of customers appear at ``debug`` only."""

    level: Literal["debug", "info", "warning", "error"] = "info"
