"""Tasks, threads and ledger entries as the loops open them: one place that knows owners, turns and deadlines."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from textback_pbx.consent import entries, ledger
from textback_pbx.consent import store as consent
from textback_pbx.database import Tx
from textback_pbx.decision.verdict import Decision
from textback_pbx.pipeline.office import Office
from textback_pbx.tasks import staff_store
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind, NewTask, Priority, due, with_callback
from textback_pbx.tasks.staff import ADMIN, Assigned, assign


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a task is about. ``source`` (``call:12``) makes it one of its kind for ever."""

    source: str
    line: str
    number: str | None
    call_id: int | None = None
    thread_id: int | None = None


def deadline(office: Office, line: str, priority: Priority, now_ms: int, minutes: int = 0) -> int:
    """Return when a task of this priority is due, in the line's opening hours; ``minutes``: a rule's own, or 0."""
    settings = with_callback(office.staffing.tasks, minutes or office.line(line).callback_min)
    return due(priority, now_ms, lambda from_ms, wanted: office.deadline(line, from_ms, wanted), settings)


async def whose(tx: Tx, office: Office, owner: str, now_ms: int) -> Assigned:
    """Return who gets what ``owner`` (a person, a queue, a desk) is to have now; the turn is not taken yet."""
    staff = office.staffing.staff
    turns = await staff_store.turns_of(tx, owner)
    away = await staff_store.away_of(tx, now_ms)
    return assign(staff, owner, now_ms, turns=turns, away=away)


async def open_task(
    tx: Tx,
    office: Office,
    subject: Subject,
    kind: Kind,
    reason: str,
    *,
    now_ms: int,
    priority: Priority = Priority.NORMAL,
    owner: str = "",
    minutes: int = 0,
) -> int | None:
    """Open a task with its owner and deadline; ``None`` when its source has one already."""
    chosen = await whose(tx, office, owner or office.line(subject.line).owner, now_ms)
    task = NewTask(
        kind=kind,
        source=subject.source,
        line=subject.line,
        reason=reason,
        owner=chosen.owner,
        due_ms=deadline(office, subject.line, priority, now_ms, minutes),
        created_ms=now_ms,
        priority=priority,
        call_id=subject.call_id,
        thread_id=subject.thread_id,
        number=subject.number,
        queue=chosen.queue,
        why_owner=chosen.why,
    )
    task_id = await tasks.open_task(tx, task)
    if task_id is not None and chosen.queue:
        await staff_store.take_turn(tx, chosen.queue, chosen.owner)
    return task_id


async def hand_to(
    tx: Tx, office: Office, task_id: int, owner: str, *, now_ms: int, why: str, actor: str = tasks.AGENT
) -> Assigned | None:
    """Give an open task to a person, a queue or a desk; ``None``: they have it already, or it is closed."""
    chosen = await whose(tx, office, owner, now_ms)
    done = await tasks.assign_task(
        tx, task_id, chosen.owner, now_ms=now_ms, queue=chosen.queue, actor=actor, why=f"{why}; {chosen.why}"
    )
    if done and chosen.queue:
        await staff_store.take_turn(tx, chosen.queue, chosen.owner)
    return chosen if done else None


async def alert(tx: Tx, office: Office, subject: Subject, decision: Decision, *, now_ms: int, what: str = "") -> bool:
    """Tell the admin of a broken phone, trunk or route (``what`` was wrong), or of a limit; not again for a while.

    For each line and each rule apart, as often as ``rules.alert_every_hours`` allows. Return whether he was told.
    """
    topic = f"repair:{subject.line}:{'not_reachable' if what else decision.rule}"
    last_ms = await tasks.last_of(tx, topic)
    if last_ms is not None and 0 <= now_ms - last_ms < office.alert_every_ms:
        return False
    once = Subject(f"{topic}:{now_ms}", subject.line, None, call_id=subject.call_id)
    reason = f"{decision.alert}: {what}" if what else decision.alert
    return await open_task(tx, office, once, Kind.REPAIR, reason[:500], now_ms=now_ms, owner=ADMIN) is not None


async def record_consent_of_call(tx: Tx, office: Office, call: Any, said: dict[str, Any]) -> None:
    """Write what the caller agreed to by a key (``UserEvent(TextbackConsent)``) into the ledger.

    The number is the call's own: what the event says about it is not believed.
    """
    pressed = said.get("consent")
    if not isinstance(pressed, dict) or call.caller is None or call.withheld:
        return
    version = str(pressed.get("disclosure", ""))
    local = ledger.local_time(call.ended_ms, ZoneInfo(office.line(call.line).hours.zone))
    shown = ledger.Disclosure(version, str(pressed.get("text", ""))) if version else None
    entry = entries.pressed_a_key(call.caller, call.ended_ms, local, disclosure=shown, call_id=call.id, expires_ms=None)
    await consent.append(tx, entry)
