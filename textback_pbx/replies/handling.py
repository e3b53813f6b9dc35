"""One text that came in -> what follows from it; pure.

The plan says everything that one transaction then does: the ledger entry, the one automatic answer, the queued
texts to cancel, the thread's status, and the task for a person. It must never let an answer to a robot become
a conversation (a bounded number of automatic answers per thread and day), and it must never let that bound, a
pause or a full hand-over keep a STOP from the ledger.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.clock import DAY_MS, MINUTE_MS
from textback_pbx.consent.ledger import Basis, Event
from textback_pbx.replies import inbound as parts

#: What goes out by itself and is pointless, or unwelcome, once the person has written.
AUTOMATIC_KINDS = ("auto", "nudge")
#: Everything the program sends to a customer by itself; after a STOP none of it may leave.
ALL_AUTOMATIC_KINDS = (*AUTOMATIC_KINDS, "help", "optin_confirmation")
#: A stop word alone needs no reader; with more words around it somebody should see what else was said.
_BARE_WORDS = 4


class Label(StrEnum):
    """The labels of REPLIES.md, as the keyword classifier gives them."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


class Urgency(StrEnum):
    """How urgent the intake found the text; ``NORMAL`` also when it does not say."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class HandlingSettings:
    """What an office may set. Texts take ``{business}`` and ``{phone}`` only."""

    owner: str = "office"
    answers_per_day: int = 3
    confirmation_within_ms: int = 5 * MINUTE_MS
    help_within_ms: int = 60 * MINUTE_MS
    optout_text: str = "{business}: you will get no more texts from us. Reply START if that was a mistake."
    optin_text: str = "{business}: you will get texts from us again. Reply STOP to end them, HELP for help."
    help_text: str = (
        "{business}: this number texts you after a missed call. Call us on {phone}. Reply STOP for no more texts."
    )


@dataclass(frozen=True, slots=True)
class LineWords:
    """What the answers name: the business and the number a customer can call."""

    business: str
    phone: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when one inbound text is handled; read in one transaction.

    ``scts_ms`` is when the network took the text, ``received_ms`` when it was stored here. ``answers_today`` counts
    the automatic answers to texts in this thread in the last 24 hours. ``open_task`` is the priority of the
    thread's open reply task, or ``None``.
    """

    inbound_id: int
    sender: str
    body: str
    received_ms: int
    scts_ms: int | None = None
    complete: bool = True
    problem: str = ""
    opted_out: bool = False
    status: str = "new"
    automation: str = "on"
    owner: str = ""
    answers_today: int = 0
    open_task: Urgency | None = None


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One entry for the ledger, with why; the inbound text is its evidence."""

    event: Event
    basis: Basis
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One automatic text to the sender: its outbox kind, its words, and when it is too late for it (ms UTC)."""

    kind: str
    body: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class TaskWanted:
    """A task for a person. The deadline follows from the priority (see ``tasks.book.due``).

    ``raises`` is true when the thread's open task only has to be raised to this priority.
    """

    kind: str
    reason: str
    priority: Urgency
    owner: str
    raises: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from one text. ``notes`` say in plain words why something usual is not done."""

    status: str
    automation: str
    consent: ConsentChange | None = None
    answer: Answer | None = None
    task: TaskWanted | None = None
    cancel_kinds: tuple[str, ...] = ()
    cancel_why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asking:
    """What every automatic answer needs beside the situation."""

    now_ms: int
    words: LineWords
    settings: HandlingSettings


def plan(
    situation: Situation,
    label: Label,
    why: str,
    now_ms: int,
    *,
    words: LineWords,
    urgency: Urgency = Urgency.NORMAL,
    settings: HandlingSettings | None = None,
) -> Plan:
    """Decide what follows from ``situation``, labelled ``label`` for the reason ``why``, at ``now_ms``.

    ``urgency`` is the intake's. Total: every text has a plan, and every text that is not a bare keyword ends with
    a person, whoever sent it.
    """
    settings = settings or HandlingSettings()
    ask = _Asking(now_ms, words, settings)
    if situation.problem and not situation.body:
        return _for_a_person(situation, settings, f"a text that could not be read: {situation.problem}", urgency)
    if not parts.answerable(situation.sender):
        return _for_a_person(
            situation,
            settings,
            f"a text from {situation.sender or 'an unnamed sender'}, who cannot be answered",
            urgency,
        )
    if label is Label.STOP:
        return _stop(situation, why, urgency, ask)
    if label is Label.START:
        return _start(situation, why, ask)
    if label is Label.HELP:
        return _help(situation, ask)
    if label is Label.AMBIGUOUS:
        return _ambiguous(situation, why, urgency, settings)
    return _reply(situation, urgency, settings)


def _stop(s: Situation, why: str, urgency: Urgency, ask: _Asking) -> Plan:
    settings = ask.settings
    answer, notes = None, []
    if s.opted_out:
        notes.append("no confirmation: this number had opted out before")
    else:
        until = _written_ms(s) + settings.confirmation_within_ms
        answer, note = _answer(s, "optout_confirmation", settings.optout_text, until, ask)
        notes += [note] if note else []
    more = len(s.body.split()) > _BARE_WORDS or urgency is not Urgency.NORMAL
    task = _task(s, settings, "review", "opted out, and wrote more than that: read it", urgency) if more else None
    return Plan(
        status="waiting_on_us" if task else "closed",
        automation=s.automation,
        consent=None if s.opted_out else ConsentChange(Event.REVOKED, Basis.OPT_OUT, why),
        answer=answer,
        task=task,
        cancel_kinds=ALL_AUTOMATIC_KINDS,
        cancel_why="the person opted out",
        notes=tuple(notes),
    )


def _start(s: Situation, why: str, ask: _Asking) -> Plan:
    settings = ask.settings
    until = ask.now_ms + settings.help_within_ms
    answer, note = _answer(s, "optin_confirmation", settings.optin_text, until, ask)
    basis = Basis.RESUBSCRIBE if s.opted_out else Basis.EXPRESS_WRITTEN
    return Plan(
        status=_reopened(s, "waiting_on_them"),
        automation="on",
        consent=ConsentChange(Event.GRANTED, basis, why),
        answer=answer,
        notes=(note,) if note else (),
    )


def _help(s: Situation, ask: _Asking) -> Plan:
    settings = ask.settings
    if s.opted_out:
        return _for_a_person(s, settings, "asks for help, but has opted out, so no text may answer", Urgency.NORMAL)
    until = _written_ms(s) + settings.help_within_ms
    answer, note = _answer(s, "help", settings.help_text, until, ask)
    if answer is None:
        return _for_a_person(s, settings, f"asks for help; {note}", Urgency.NORMAL)
    return Plan(status=_reopened(s, "waiting_on_them"), automation=s.automation, answer=answer)


def _ambiguous(s: Situation, why: str, urgency: Urgency, settings: HandlingSettings) -> Plan:
    return Plan(
        status="waiting_on_us",
        automation="paused",
        task=_task(s, settings, "review", f"may want no more texts ({why}): decide and answer", urgency),
        cancel_kinds=ALL_AUTOMATIC_KINDS,
        cancel_why="paused: the person may want no more texts",
    )


def _reply(s: Situation, urgency: Urgency, settings: HandlingSettings) -> Plan:
    reason = "wrote back" if s.complete else "wrote back; a part of the text never came"
    if s.opted_out:
        reason += ", but has opted out: call, do not text"
    return Plan(
        status="waiting_on_us",
        automation=s.automation,
        task=_task(s, settings, "reply", reason, urgency),
        cancel_kinds=AUTOMATIC_KINDS,
        cancel_why="the person wrote in the meantime",
    )


def _for_a_person(s: Situation, settings: HandlingSettings, reason: str, urgency: Urgency) -> Plan:
    return Plan(status="waiting_on_us", automation=s.automation, task=_task(s, settings, "review", reason, urgency))


def _task(s: Situation, settings: HandlingSettings, kind: str, reason: str, urgency: Urgency) -> TaskWanted | None:
    """Ask for a task; where the thread has an open one, at most for raising it, so a flood stays one task."""
    owner = s.owner or settings.owner
    if s.open_task is None:
        return TaskWanted(kind, reason, urgency, owner)
    return TaskWanted(kind, reason, max(urgency, s.open_task, key=_RANK.index), owner, raises=True)


_RANK = (Urgency.NORMAL, Urgency.URGENT, Urgency.EMERGENCY)


def _answer(s: Situation, kind: str, template: str, until_ms: int, ask: _Asking) -> tuple[Answer | None, str]:
    if ask.now_ms >= until_ms:
        return None, "no automatic answer: it would come too late"
    if s.answers_today >= ask.settings.answers_per_day:
        return None, f"no automatic answer: {s.answers_today} went to this number in 24 hours"
    return Answer(kind, filled(template, ask.words), until_ms), ""


def filled(template: str, words: LineWords) -> str:
    """Put the two named fields into an answer's words; anything else stays as it is."""
    return template.replace("{business}", words.business).replace("{phone}", words.phone)


def _written_ms(s: Situation) -> int:
    """Return when the person wrote: the network's time where it can be true, else the time of arrival.

    A text may have waited on the SIM while the agent was off. A time stamp after the arrival, or days before it,
    is a clock that is wrong somewhere.
    """
    if s.scts_ms is not None and s.received_ms - 3 * DAY_MS <= s.scts_ms <= s.received_ms:
        return s.scts_ms
    return s.received_ms


def _reopened(s: Situation, quiet: str) -> str:
    """Return the status after a text that needs no person: work that is open stays open."""
    return s.status if s.status not in ("new", "closed", "no_response") else quiet
