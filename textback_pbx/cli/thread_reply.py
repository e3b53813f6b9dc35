"""What ``threads reply`` does, in one transaction: check, queue, move the thread, close its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textback_pbx.cli.common import EXIT_USAGE, fail
from textback_pbx.clock import DAY_MS

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.replies.threads.store import Thread

#: A longer text is a letter: some phones cut it, and every part costs one.
MOST_SEGMENTS = 6


async def send(tx: Tx, thread: Thread, text: str, *, actor: str, now_ms: int, dry_run: bool = False) -> dict[str, Any]:
    """Queue a person's text to a thread; leave with words where it may not or cannot be sent."""
    from textback_pbx.consent.store import is_opted_out
    from textback_pbx.decision.segments import segment
    from textback_pbx.outbox.store import NewMessage, enqueue
    from textback_pbx.replies.inbound import answerable, clean
    from textback_pbx.replies.threads.status import Event
    from textback_pbx.replies.threads.store import advance
    from textback_pbx.tasks.store import close_replies

    body = clean(text).strip()
    cut = segment(body)
    if not body:
        fail("the text is empty", EXIT_USAGE)
    if len(cut.parts) > MOST_SEGMENTS:
        fail(f"the text takes {len(cut.parts)} SMS, at most {MOST_SEGMENTS} are allowed: shorten it", EXIT_USAGE)
    if not answerable(thread.number):
        fail(f"{thread.number or 'the sender'} is a name or a short code, not a number: it cannot be answered by text")
    if dry_run:
        fail("dry_run is on, so nothing was sent: call instead, or switch it off in the configuration")
    if await is_opted_out(tx, thread.number):
        fail(f"{thread.number} asked for no more texts, so nothing was sent; call instead, or wait for their START")
    new = NewMessage(
        kind="staff",
        line=thread.line,
        number=thread.number,
        body=body,
        parts=tuple(cut.parts),
        encoding=cut.encoding.value,
        not_before_ms=now_ms,
        expires_ms=now_ms + DAY_MS,
        actor=actor,
        thread_id=thread.id,
    )
    message_id = await enqueue(tx, new, now_ms)
    await advance(tx, thread.id, Event.ANSWERED, now_ms)
    closed = await close_replies(tx, thread.id, now_ms=now_ms, result="answered by text", actor=actor)
    return {"thread_id": thread.id, "message_id": message_id, "segments": len(cut.parts), "tasks_closed": closed}


def all_canned(settings: Settings, line: str, now_ms: int) -> list[dict[str, Any]]:
    """Return every canned reply, filled for a line at ``now_ms``; one that cannot be filled says why."""
    from textback_pbx.decision.wording import RenderProblem
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.replies.canned import render

    rows: list[dict[str, Any]] = []
    for name, template in settings.replies.canned.items():
        made = render(template, office_of(settings).line(line), now_ms)
        if isinstance(made, RenderProblem):
            rows.append({"name": name, "segments": "-", "text": f"({made.reason})"})
        else:
            rows.append({"name": name, "segments": made.segments.count, "text": made.text})
    return rows


def words_of(settings: Settings, thread: Thread, name: str, now_ms: int) -> str:
    """Return a canned reply filled for this conversation, or leave with words."""
    from textback_pbx.decision.wording import RenderProblem
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.replies.canned import render

    canned = settings.replies.canned
    if name not in canned:
        fail(
            f"there is no canned reply {name!r}; there are: {', '.join(canned) or 'none in replies.canned'}", EXIT_USAGE
        )
    made = render(canned[name], office_of(settings).line(thread.line), now_ms, contact_name=thread.name)
    if isinstance(made, RenderProblem):
        fail(f"replies.canned.{name}: {made.reason}", EXIT_USAGE)
    return made.text
