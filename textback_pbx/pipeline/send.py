"""What the send loop's steps mean for people: a task for what nobody can know, and for what did not arrive."""

from collections.abc import Callable

from textback_pbx.database import Tx
from textback_pbx.health import Board, State
from textback_pbx.outbox import attempt
from textback_pbx.outbox.claim_store import SecondLook
from textback_pbx.outbox.line import Hold, Hooks
from textback_pbx.outbox.store import Settled
from textback_pbx.pipeline import people, text_events
from textback_pbx.pipeline.office import Office
from textback_pbx.pipeline.people import Subject
from textback_pbx.replies.threads.status import Event
from textback_pbx.replies.threads.store import advance
from textback_pbx.tasks import store as tasks
from textback_pbx.tasks.book import Kind

#: Ends that leave the caller without the text although it was wanted.
_FAILED = (attempt.State.REFUSED, attempt.State.UNDELIVERED, attempt.State.EXPIRED)
_UNREAD = "a text that came in is read first: it may be a STOP"
_WANTED = ("auto", "nudge", "staff")


def hooks_of(
    office: Office,
    board: Board,
    look: SecondLook,
    *,
    now_ms: Callable[[], int],
    unread: Callable[[], bool],
    on_event: Callable[[], None] = lambda: None,
) -> Hooks:
    """Return what a send loop does at its steps; ``trouble`` is each loop's own (:class:`Voices`)."""

    async def settled(tx: Tx, one: Settled) -> None:
        await follow(tx, office, one, now_ms())
        on_event()

    return Hooks(
        look_again=look,
        settled=settled,
        hold=lambda: hold_of(board, unread=unread()),
        trouble=lambda _: None,
    )


def hold_of(board: Board, *, unread: bool) -> Hold | None:
    """Return why nothing may be sent, as the send loop wants it."""
    reason = board.hold()
    if reason is None:
        return Hold(_UNREAD) if unread else None
    clock = board.get("clock")
    return Hold(reason, clock=clock is not None and clock.state is State.FAIL)


class Voices:
    """Whether texts go out, from all send loops, as one note on the board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._said: dict[str, str | None] = {}

    def tell(self, modem: str, why: str | None) -> None:
        """Note why the send loop of ``modem`` does not send; ``None``: it does."""
        if why == _UNREAD:
            return  # over in milliseconds: not worth a row on the SD card
        self._said[modem] = why
        waiting = {name: reason for name, reason in self._said.items() if reason is not None}
        sending = [name for name in self._said if name not in waiting]
        if not waiting:
            self._board.note("outbox", State.OK, "texts go out")
        elif sending:
            words = "; ".join(f"{name} does not send: {reason}" for name, reason in waiting.items())
            self._board.note("outbox", State.WARN, f"texts go out through {', '.join(sending)}; {words}")
        else:
            same = len(set(waiting.values())) == 1
            words = "; ".join(reason if same else f"{name}: {reason}" for name, reason in waiting.items())
            self._board.note("outbox", State.WARN, f"texts wait: {next(iter(waiting.values())) if same else words}")


async def follow(tx: Tx, office: Office, one: Settled, now_ms: int) -> None:
    """Do in the step's own transaction what it means for people."""
    if await text_events.tell(tx, one, now_ms):
        return  # to our own staff: the notification says it, and nobody calls a colleague back for it
    part = Subject(one.task_source, one.line, one.number, one.call_id, one.thread_id)
    if one.new_unknown:
        reason = (
            f"nobody can know whether part {one.seq} of {one.total} of a text arrived ({one.reason}): call the person, "
            f"then: textback-pbx outbox resolve {one.part_id}"
        )
        await people.open_task(tx, office, part, Kind.UNKNOWN_SEND, reason, now_ms=now_ms)
    if one.resolved:
        await tasks.close_of_source(tx, part.source, now_ms=now_ms, result=one.reason or str(one.state))
    if one.new_end and one.state in _FAILED and one.kind in _WANTED:
        lost = Subject(f"message:{one.message_id}", one.line, one.number, one.call_id, one.thread_id)
        reason = f"the text did not arrive: {one.reason or one.state}"
        await people.open_task(tx, office, lost, Kind.CALL_BACK, reason, now_ms=now_ms)
    if one.cannot_text:
        await tx.run(
            "INSERT OR IGNORE INTO cannot_text (number, at_ms, reason) VALUES (?, ?, ?)",
            (one.number, now_ms, one.reason),
        )
    if one.state is attempt.State.ACCEPTED and one.thread_id is not None and one.kind in _WANTED:
        await advance(tx, one.thread_id, Event.ANSWERED if one.kind == "staff" else Event.TEXTED, now_ms)
