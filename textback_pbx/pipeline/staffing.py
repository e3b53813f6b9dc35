"""The configuration's people, queues, rules and service levels as the stages read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from textback_pbx import phone
from textback_pbx.clock import DAY_MS, HOUR_MS
from textback_pbx.config.settings import Settings
from textback_pbx.config.staffing import Notify as NotifySection
from textback_pbx.config.staffing import Person as PersonSection
from textback_pbx.config.staffing import Route as RouteSection
from textback_pbx.config.staffing import Webhook as WebhookSection
from textback_pbx.decision.hours import Interval, Schedule
from textback_pbx.replies.handling import Urgency
from textback_pbx.replies.routing import Rule
from textback_pbx.tasks.book import TaskSettings
from textback_pbx.tasks.escalation import EscalationSettings
from textback_pbx.tasks.notify import Endpoint, NotifySettings
from textback_pbx.tasks.staff import Person, Queue, Role, Staff


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who works here and by which rules work is shared out. Addresses and keys are read when they are needed."""

    staff: Staff = field(default_factory=Staff)
    rules: tuple[Rule, ...] = ()
    tasks: TaskSettings = field(default_factory=TaskSettings)
    escalation: EscalationSettings = field(default_factory=EscalationSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by person; "" for the office

    def territories(self) -> dict[str, tuple[str, ...]]:
        """Return the postcode prefixes of the queues that have some."""
        return {queue.name: queue.territory for queue in self.staff.queues.values() if queue.territory}


def staffing_of(settings: Settings, office_hours: Schedule) -> Staffing:
    """Map the settings; ``office_hours`` are those of whoever has none of their own. Reads the secrets' files."""
    return Staffing(
        staff=_staff(settings, office_hours),
        rules=tuple(_rule(route) for route in settings.routes),
        tasks=TaskSettings(
            owner=settings.office.owner,
            normal_minutes=settings.office.callback_minutes,
            urgent_minutes=settings.tasks.urgent_minutes,
        ),
        escalation=EscalationSettings(
            normal_minutes=settings.tasks.escalate_minutes,
            urgent_minutes=settings.tasks.escalate_urgent_minutes,
            remind_minutes=settings.tasks.remind_minutes,
            taken_minutes=settings.tasks.taken_minutes,
        ),
        notify=_notify(settings),
        endpoints={webhook.name: _endpoint(webhook) for webhook in settings.webhooks},
        addresses=addresses_of(settings),
    )


def _staff(settings: Settings, office_hours: Schedule) -> Staff:
    people = {one.name: _person(settings, one, office_hours) for one in settings.people}
    queues = {}
    for queue in settings.queues:
        members = [*queue.members, *(one.name for one in settings.people if queue.name in one.queues)]
        queues[queue.name] = Queue(queue.name, tuple(dict.fromkeys(members)), queue.territory, queue.otherwise)
    return Staff(people, queues)


def _person(settings: Settings, one: PersonSection, office_hours: Schedule) -> Person:
    from textback_pbx.pipeline.office import schedule_of  # it reads this file

    office = settings.office
    own = office_hours if one.hours is None else schedule_of(one.hours, office.timezone, office.country, office.region)
    off: tuple[tuple[str, tuple[Interval, ...]], ...] = tuple((day, ()) for span in one.away for day in _days(span))
    number = phone.parse(one.phone, office.country) if one.phone else None
    return Person(
        name=one.name,
        role=Role(one.role),
        hours=Schedule(own.week, own.zone, own.country, own.subdivision, (*off, *own.special)),
        phone=number.e164 if isinstance(number, phone.Number) else "",
        next=one.next,
        tell=one.tell,
    )


def _days(span: str) -> Iterator[str]:
    """Yield the days of ``2026-12-24/2027-01-02``, both ends with them."""
    first, _, last = span.partition("/")
    day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    while day <= end:
        yield day.isoformat()
        day += timedelta(days=1)


def _rule(route: RouteSection) -> Rule:
    start, _, until = route.between.partition("-")
    return Rule(
        name=route.name,
        to=route.to,
        words=route.words,
        services=route.services,
        postcodes=route.postcodes,
        lines=route.lines,
        urgencies=route.urgencies,
        customers=route.customers,
        signs=route.signs,
        days=route.days,
        between=(_minute(start), _minute(until)) if route.between else None,
        open=route.open,
        priority=Urgency(route.priority) if route.priority else None,
        minutes=route.minutes,
    )


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _notify(settings: Settings) -> NotifySettings:
    notify = settings.notify
    return NotifySettings(
        words=notify.words,
        texts_per_hour=notify.texts_per_hour,
        answers_per_hour=notify.answers_per_hour,
        confirm=notify.confirm,
        code_safe_ms=notify.code_days * DAY_MS,
        give_up_ms=notify.give_up_hours * HOUR_MS,
        keep_ms=notify.keep_days * DAY_MS,
        dry_run=settings.dry_run,
    )


def _endpoint(webhook: WebhookSection) -> Endpoint:
    file = webhook.secret_file
    secret = webhook.secret.get_secret_value() if file is None else file.read_text(encoding="utf-8").strip()
    return Endpoint(
        name=webhook.name,
        url=webhook.url,
        secrets=tuple(key for key in (secret, webhook.previous_secret.get_secret_value()) if key),
        events=frozenset(webhook.events),
        numbers=webhook.numbers,
    )


def addresses_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return whom Apprise tells: by person, ``""`` for the office. Reads the files that are named."""
    return dict(_addresses(settings))


def _addresses(settings: Settings) -> Iterator[tuple[str, tuple[str, ...]]]:
    sections: list[tuple[str, NotifySection | PersonSection]] = [("", settings.notify)]
    for name, one in [*sections, *((person.name, person) for person in settings.people)]:
        texts = [address.get_secret_value() for address in one.addresses]
        if one.addresses_file is not None:
            texts += one.addresses_file.read_text(encoding="utf-8").splitlines()
        found = tuple(text.strip() for text in texts if text.strip() and not text.strip().startswith("#"))
        if found:
            yield name, found
