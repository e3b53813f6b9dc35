"""The tables of the configuration about people: who works here, whose a reply is, and how somebody is told.

Secrets (an endpoint's key, an address with a password in it) may stand in files of their own.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from textback_pbx.config.sections import Hours, Section

#: How people, queues, rules and endpoints may be called: they stand in lists, commands and texts.
NAME = r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$"
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
EventName = Literal[
    "call.missed",
    "text.sent",
    "text.delivered",
    "text.failed",
    "reply.received",
    "thread.assigned",
    "task.assigned",
    "task.raised",
    "task.overdue",
    "optout",
]


class Person(Section):
    """One person who works here."""

    name: str = Field(min_length=1, max_length=40, pattern=NAME)
    role: Literal["staff", "technician", "manager", "admin"] = "staff"
    phone: str = ""
    hours: Hours | None = None
    away: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    next: str = ""
    tell: tuple[Literal["sms", "apprise"], ...] = ()
    addresses: tuple[SecretStr, ...] = ()
    addresses_file: Path | None = None


class Queue(Section):
    """People who share work, in turn."""

    name: str = Field(min_length=1, max_length=40, pattern=NAME)
    members: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    otherwise: str = ""


class Route(Section):
    """One rule that says whose a reply is; all that it names must match."""

    name: str = Field(min_length=1, max_length=40, pattern=NAME)
    to: str = Field(min_length=1, max_length=60)
    words: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    urgencies: tuple[Literal["normal", "urgent", "emergency"], ...] = ()
    customers: tuple[Literal["new", "known"], ...] = ()
    signs: tuple[Literal["sensitive", "distressed", "complicated", "repeated"], ...] = ()
    days: tuple[Day, ...] = ()
    between: str = Field(default="", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00))?$")
    open: bool | None = None
    priority: Literal["", "urgent", "emergency"] = ""
    minutes: int = Field(default=0, ge=0, le=7 * 24 * 60)


class Tasks(Section):
    """How long a task may wait, and how it is passed on."""

    urgent_minutes: int = Field(default=5, ge=1, le=240)
    escalate_minutes: int = Field(default=30, ge=5, le=24 * 60)
    escalate_urgent_minutes: int = Field(default=5, ge=1, le=240)
    remind_minutes: int = Field(default=240, ge=30, le=7 * 24 * 60)
    taken_minutes: int = Field(default=60, ge=5, le=24 * 60)


class Notify(Section):
    """How staff are told, and how much of a customer's words leaves the office."""

    words: Literal["by_trade", "none", "fields", "text"] = "by_trade"
    addresses: tuple[SecretStr, ...] = ()
    addresses_file: Path | None = None
    texts_per_hour: int = Field(default=20, ge=1, le=200)
    answers_per_hour: int = Field(default=20, ge=1, le=200)
    confirm: bool = True
    code_days: int = Field(default=30, ge=7, le=365)
    give_up_hours: int = Field(default=72, ge=25, le=30 * 24)
    keep_days: int = Field(default=30, ge=1, le=730)


class Webhook(Section):
    """One endpoint that gets signed events."""

    name: str = Field(min_length=1, max_length=40, pattern=NAME)
    url: str = Field(min_length=1, max_length=2000)
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    previous_secret: SecretStr = SecretStr("")
    events: tuple[EventName, ...] = ()
    numbers: bool = True
