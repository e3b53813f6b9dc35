"""The claim, the hand-over and the settling of one part, in SQL.

Everything that forbids a text is read in the claim's own transaction, and the shortest of it again in the
hand-over's: opt-out (promise 5), cancellation, expiry. A claim is one transaction and a handful of statements,
because it stands between the hangup and the text.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from textback_pbx.consent.store import is_opted_out
from textback_pbx.database import Row, Tx
from textback_pbx.outbox.attempt import (
    Accepted,
    Event,
    Impossible,
    NotHandedOver,
    OutPart,
    State,
    SubmitResult,
    Unknown,
    step,
)
from textback_pbx.outbox.budget import Pace
from textback_pbx.outbox.refusals import verdict
from textback_pbx.outbox.report_store import match_early_reports, stay_on
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.share import EVERYTHING, Share
from textback_pbx.outbox.store import (
    EXPIRED,
    Settled,
    cancel,
    end_queued,
    end_the_rest,
    expire_due,
    move,
    next_due_ms,
    part_row,
    record,
)

_DAY_MS, _SECOND_MS = 86_400_000, 1_000
_DRY_RUN = "a dry run: nothing leaves"
_OPTED_OUT = "this number does not want texts (opt-out)"
_BATCH = 200


class Withdrawn(Exception):
    """The hand-over is not permitted any more: cancelled, opted out of or expired since the claim."""


@dataclass(frozen=True, slots=True)
class Go:
    """The second look found nothing against it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The second look says: not any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The second look says: not before this time, ms UTC."""

    not_before_ms: int
    reason: str


#: Reads the facts again in the claim's transaction, for a text that asked for it; gets its ``messages`` row.
SecondLook = Callable[[Tx, Row], Awaitable[Go | Drop | Later]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for work, and which texts are its own."""

    modem: str
    iccid: str
    now_ms: int
    monotonic: float
    share: Share = EVERYTHING


@dataclass(frozen=True, slots=True)
class Claimed:
    """A part to submit now. ``ended`` are texts that the claim found not to be sent."""

    part: OutPart
    ended: tuple[Settled, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing may leave now.

    ``due_ms``: when a text is next due or expires (wall time), ``None`` when none waits; ``wait_s``: how long the
    SIM's budget makes it wait.
    """

    due_ms: int | None
    wait_s: float
    ended: tuple[Settled, ...]


#: What may leave now, most pressing first: the answer to a keyword has minutes, and so has what staff must hear of at
#: once; other messages to staff come after every customer's, whose budget they share. A later part waits until the
#: earlier ones are accepted, and follows them through the same SIM: a phone joins the parts of one sender only.
#: A conversation stays on its SIM while that one can send; otherwise the business line decides. A text that has
#: begun goes on where it began, whatever has changed since.
_CANDIDATE = """
SELECT m.*, p.id AS part_id, p.seq, p.total, p.concat_ref, p.text
FROM parts p JOIN messages m ON m.id = p.message_id LEFT JOIN threads t ON t.id = m.thread_id
WHERE p.state = 'queued' AND p.next_try_ms <= :now AND m.not_before_ms <= :now
  AND (p.seq > 1 OR t.sim IS :iccid OR ((:lines IS NULL OR m.line IN (SELECT value FROM json_each(:lines)))
    AND m.line NOT IN (SELECT value FROM json_each(:but))
    AND (t.sim IS NULL OR t.sim NOT IN (SELECT value FROM json_each(:elsewhere)))))
  AND NOT EXISTS (SELECT 1 FROM parts e WHERE e.message_id = p.message_id AND e.seq < p.seq
    AND (e.state NOT IN ('accepted', 'delivered') OR e.iccid IS NOT :iccid))
ORDER BY m.kind IN ('optout_confirmation', 'optin_confirmation', 'help') OR m.template = 'staff_urgent' DESC,
  m.template = 'staff_notice', p.next_try_ms, p.id LIMIT 1
"""


async def claim_next(tx: Tx, asking: Asking, pace: Pace, look: SecondLook, settings: OutboxSettings) -> Claimed | Idle:
    """Take the next part that may leave, or say when to ask again.

    Texts found on the way that are not to be sent any more are ended with their reason, and returned.
    """
    if not pace.knows(asking.iccid):
        pace.seed(asking.iccid, await hand_over_ages(tx, asking.iccid, asking.now_ms), asking.monotonic)
    wait_s = pace.wait_s(asking.iccid, asking.monotonic)
    wanted = {"now": asking.now_ms, "iccid": asking.iccid, **_names(asking.share)}
    ended: list[Settled] = []
    while wait_s <= 0 and len(ended) < _BATCH and (row := await tx.one(_CANDIDATE, wanted)) is not None:
        refused = await _ended_on_sight(tx, row, asking.now_ms, settings)
        ended += refused
        if not refused and await _second_look(tx, row, look, asking.now_ms, ended):
            taken = {"claimed_ms": asking.now_ms, "modem": asking.modem}
            by = f"by {asking.modem}"
            await move(tx, row["part_id"], Event.CLAIM, asking.now_ms, by, columns=taken)
            return Claimed(_out_part(row, settings), tuple(ended))
    ended += await expire_due(tx, asking.now_ms)
    return Idle(await next_due_ms(tx, asking.now_ms), wait_s, tuple(ended))


def _names(share: Share) -> dict[str, str | None]:
    lines = None if share.lines is None else json.dumps(sorted(share.lines))
    return {"lines": lines, "but": json.dumps(sorted(share.but)), "elsewhere": json.dumps(sorted(share.elsewhere))}


def _out_part(row: Row, settings: OutboxSettings) -> OutPart:
    return OutPart(
        part_id=row["part_id"],
        message_id=row["id"],
        number=row["number"],
        text=row["text"],
        encoding=row["encoding"],
        seq=row["seq"],
        total=row["total"],
        concat_ref=row["concat_ref"],
        validity_minutes=settings.validity_minutes,
    )


async def hand_over_ages(tx: Tx, iccid: str, now_ms: int) -> list[float]:
    """Return the age in seconds of each hand-over of this SIM in the last day.

    The database keeps a part's last one; earlier tries count as old as that, which is never looser.
    """
    rows = await tx.all(
        "SELECT handed_over_ms, tries FROM parts WHERE iccid = ? AND handed_over_ms > ?", (iccid, now_ms - _DAY_MS)
    )
    return [(now_ms - row["handed_over_ms"]) / _SECOND_MS for row in rows for _ in range(max(1, row["tries"]))]


async def _ended_on_sight(tx: Tx, row: Row, now_ms: int, settings: OutboxSettings) -> list[Settled]:
    """End a text that must not be sent whatever the facts are; an empty list when it may."""
    if row["cancelled"] is not None:
        return await end_queued(tx, row["id"], Event.CANCEL, row["cancelled"], now_ms)
    if row["expires_ms"] <= now_ms:
        return await end_queued(tx, row["id"], Event.EXPIRE, EXPIRED, now_ms)
    if settings.dry_run and row["kind"] != "test" and not row["look_again"]:  # the look says it of what it looks at
        return await cancel(tx, row["id"], _DRY_RUN, now_ms)
    why = await _unwanted(tx, row)
    return [] if why is None else await cancel(tx, row["id"], why, now_ms)


async def _unwanted(tx: Tx, row: Row) -> str | None:
    """Why the person must not get this text; only the one confirmation of a STOP may follow the STOP."""
    opted_out = await is_opted_out(tx, row["number"])
    if row["kind"] != "optout_confirmation":
        return _OPTED_OUT if opted_out else None
    if not opted_out:
        return "the number takes texts again: there is no opt-out to confirm"
    confirmed = await tx.value(
        "SELECT 1 FROM messages m JOIN parts p ON p.message_id = m.id "
        "WHERE m.number = :number AND m.kind = 'optout_confirmation' AND m.id <> :id AND p.tries > 0 AND m.id > "
        "(SELECT coalesce(max(id), 0) FROM messages WHERE number = :number AND kind = 'optin_confirmation')",
        {"number": row["number"], "id": row["id"]},
    )
    return None if confirmed is None else "the opt-out has been confirmed already"


async def _second_look(tx: Tx, row: Row, look: SecondLook, now_ms: int, ended: list[Settled]) -> bool:
    """Ask the facts again for a text that wants it; a text that has begun is not cut off half-way."""
    if not row["look_again"] or row["seq"] > 1:
        return True
    found = await look(tx, row)
    if isinstance(found, Go):
        return True
    if isinstance(found, Drop):
        ended += await cancel(tx, row["id"], found.reason, now_ms)
        return False
    until = max(found.not_before_ms, now_ms + _SECOND_MS)
    await tx.run("UPDATE messages SET not_before_ms = ? WHERE id = ?", (until, row["id"]))
    await tx.run(
        "UPDATE parts SET next_try_ms = ?, reason = ? WHERE message_id = ? AND state = 'queued'",
        (until, found.reason, row["id"]),
    )
    await record(tx, row["part_id"], now_ms, State.QUEUED, f"held: {found.reason}")
    return False


# hand-over and settling --------------------------------------------------------------------------------------


async def hand_over(tx: Tx, part_id: int, asking: Asking, pdu: str = "") -> None:
    """Commit the point of no return, after the prompt and before the PDU (hex, kept). Raises :class:`Withdrawn`."""
    row = await part_row(tx, part_id)
    if row["cancelled"] is not None:
        raise Withdrawn(row["cancelled"])
    if row["expires_ms"] <= asking.now_ms:
        raise Withdrawn(EXPIRED)
    if row["kind"] != "optout_confirmation" and await is_opted_out(tx, row["number"]):
        raise Withdrawn(_OPTED_OUT)
    columns = {
        "tries": row["tries"] + 1,
        "handed_over_ms": asking.now_ms,
        "modem": asking.modem,
        "iccid": asking.iccid,
        "pdu": pdu,
        **dict.fromkeys(("tp_mr", "accepted_ms", "settled_ms")),
    }
    await move(tx, part_id, Event.HAND_OVER, asking.now_ms, f"to {asking.modem}", columns=columns)


async def release(tx: Tx, part_id: int, why: str, now_ms: int) -> list[Settled]:
    """Give a claimed part back untried; it keeps its turn."""
    return [await move(tx, part_id, Event.RELEASE, now_ms, why)]


async def settle(tx: Tx, part_id: int, result: SubmitResult, now_ms: int, settings: OutboxSettings) -> list[Settled]:
    """Record a line's answer and all that follows from it; the first of the list is the part itself.

    An answer for a part that other evidence has settled meanwhile changes nothing it may not change.
    """
    row = await part_row(tx, part_id)
    if isinstance(result, NotHandedOver) and row["state"] == State.HANDED_OVER:
        result = Unknown(result.reason)  # the permission was given: the line's word alone does not take it back
    claims = await tx.value("SELECT count(*) FROM part_events WHERE part_id = ? AND state = 'claimed'", (part_id,))
    said = verdict(result, row["tries"], claims, settings.retries)
    event, reason = said.event, said.reason
    if event is Event.NOT_HANDED_OVER and row["cancelled"] is not None and row["state"] == State.CLAIMED:
        event, reason = Event.CANCEL, row["cancelled"]
    if isinstance(step(State(row["state"]), event), Impossible):
        return []
    columns: dict[str, int] = {"next_try_ms": now_ms + said.retry_ms} if said.retry_ms else {}
    if isinstance(result, Accepted):
        columns |= {"tp_mr": result.tp_mr, "accepted_ms": now_ms}
        await stay_on(tx, row)
    moved = await move(tx, part_id, event, now_ms, reason, columns=columns)
    moved = replace(moved, cannot_text=said.cannot_text, rest_ms=said.rest_ms)
    followed = [moved, *await end_the_rest(tx, moved, now_ms)]
    if event in (Event.ACCEPTED, Event.LOST):
        followed += await match_early_reports(tx, part_id, now_ms, settings.reports)
    return followed


async def recover_all(tx: Tx, now_ms: int, settings: OutboxSettings) -> list[Settled]:
    """Bring every part a crash left in mid-send into a state that is true; before the first claim after a start."""
    rows = await tx.all("SELECT id, state FROM parts WHERE state IN ('claimed', 'handed_over') ORDER BY id")
    recovered: list[Settled] = []
    for row in rows:
        was_out = row["state"] == State.HANDED_OVER
        reason = "the agent stopped between handing it over and the answer" if was_out else "the agent stopped before"
        recovered.append(await move(tx, row["id"], Event.CRASH, now_ms, reason))
        if was_out:
            recovered += await match_early_reports(tx, row["id"], now_ms, settings.reports)
    return recovered
