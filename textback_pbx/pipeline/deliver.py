"""The deliver loop: notifications -> endpoints, mail and push, and texts to staff through the outbox.

A try is counted on disk before it is made, so whatever ends the agent in the middle, it is made again, with the same
id. An endpoint that is down gets a pause of its own and holds up nobody else. A text goes to registered numbers
only, through the outbox and its budgets, and never because of another text to staff.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from textback_pbx.clock import HOUR_MS, SECOND_MS, Clock
from textback_pbx.database import Database, Tx
from textback_pbx.decision.wording import segment
from textback_pbx.health import Board, State
from textback_pbx.outbox import store as outbox
from textback_pbx.pipeline.office import DEFAULT_LINE, Office
from textback_pbx.pipeline.tell import OFFICE
from textback_pbx.tasks import notify_store
from textback_pbx.tasks.notify import Again, Channel, Endpoint, Never, Outcome, of_target, pause_ms, within
from textback_pbx.tasks.notify_channels import Apprise, Webhooks
from textback_pbx.tasks.notify_store import Notice

_IDLE_S, _LEAST_S = 60.0, 0.05
#: A try that was begun and never settled is made again after this.
_LEASE_MS = 60 * SECOND_MS
#: So many for each target a turn, and no further one after so long: a slow endpoint with a day's events to catch up
#: on must not keep an urgent text to staff waiting.
_BATCH, _TURN_S = 50, 5.0
_TEXT_LIVES_MS = 4 * HOUR_MS
#: A message to staff is one text if it can be, and never more than two.
_MOST_SEGMENTS = 2
_Target = tuple[str, str]


class Poster(Protocol):
    """What posts events: :class:`Webhooks`."""

    async def post(self, endpoint: Endpoint, uid: str, payload: Any, now_ms: int, tries: int) -> Outcome:
        """Post one event once."""
        ...


class Mailer(Protocol):
    """What tells addresses: :class:`Apprise`."""

    async def tell(self, addresses: Sequence[str], title: str, body: str) -> Outcome:
        """Tell them once."""
        ...


class Deliverer:
    """The deliver loop's step."""

    def __init__(
        self,
        parts: tuple[Database, Office, Clock, Board],
        *,
        on_text: Callable[[], None],
        poster: Poster | None = None,
        mailer: Mailer | None = None,
    ) -> None:
        self._database, self._office, self._clock, self._board = parts
        self._staffing = self._office.staffing
        self._on_text = on_text
        self._poster: Poster = poster or Webhooks()
        self._mailer: Mailer = mailer or Apprise()
        told = any(person.tell for person in self._staffing.staff.people.values())
        self._any_way = told or bool(self._staffing.addresses or self._staffing.endpoints)
        self._failures: dict[_Target, int] = {}
        self._rest_until: dict[_Target, float] = {}
        self._reasons: dict[_Target, str] = {}

    async def step(self) -> float:
        """Tell what is due, each target beside the others; return the pause in seconds."""
        now = self._clock.monotonic()
        resting = tuple(target for target, until in self._rest_until.items() if until > now)
        async with self._database.read() as tx:
            due = await notify_store.due(tx, self._clock.now_ms(), resting=resting, limit=_BATCH)
        targets: dict[_Target, list[Notice]] = {}
        for one in due:
            targets.setdefault((one.channel, one.target), []).append(one)
        async with asyncio.TaskGroup() as group:
            for target, notices in targets.items():
                group.create_task(self._work_off(target, notices))
        return await self._pause(done=bool(due))

    async def _pause(self, *, done: bool) -> float:
        async with self._database.read() as tx:
            counts = await notify_store.counts(tx)
            next_ms = await notify_store.next_due_ms(tx)
        self._note(counts)
        if next_ms is None:
            return _IDLE_S
        now = self._clock.monotonic()
        rests = [until - now for until in self._rest_until.values() if until > now]
        due_s = (next_ms - self._clock.now_ms()) / SECOND_MS
        if due_s <= 0:
            return 0.0 if done and not rests else max(_LEAST_S, min([*rests, 1.0]))
        return max(_LEAST_S, min([_IDLE_S, due_s, *rests]))

    def _note(self, counts: dict[str, int]) -> None:
        if counts["dead"]:
            words = f"{counts['dead']} messages reached nobody: textback-pbx notify list --state dead"
            self._board.note("notify", State.WARN, words)
        elif self._reasons:
            (_, name), reason = next(iter(self._reasons.items()))
            self._board.note("notify", State.WARN, f"{name}: {reason}; it is tried again: textback-pbx notify list")
        elif not self._any_way:
            self._board.note("notify", State.OK, "no way of telling anybody is configured: tasks are listed only")
        else:
            self._board.note("notify", State.OK, "everybody was told")

    async def _work_off(self, target: _Target, notices: list[Notice]) -> None:
        """Tell one target what waits for it, oldest first, until it fails or its turn is over."""
        end = self._clock.monotonic() + _TURN_S
        for one in notices:
            if self._clock.monotonic() > end:
                return
            outcome = await self._one(one)
            if isinstance(outcome, Again) and outcome.all:
                failures = self._failures[target] = self._failures.get(target, 0) + 1
                rest_ms = max(outcome.wait_ms, pause_ms(failures))
                self._rest_until[target] = self._clock.monotonic() + rest_ms / SECOND_MS
                self._reasons[target] = outcome.reason
                return
            if outcome is not None:
                self._failures.pop(target, None)
                self._rest_until.pop(target, None)
                self._reasons.pop(target, None)

    async def _one(self, one: Notice) -> Outcome | None:
        """Make one try; return what came of it, ``None`` when there was nothing to do any more."""
        if one.channel == Channel.SMS:
            return await self._text(one)
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            why = await self._pointless(tx, one)
            if why is not None:
                await notify_store.drop(tx, one, why, now_ms)
                return None
            if not await notify_store.begin(tx, one, now_ms, _LEASE_MS):
                return None
        outcome = await self._send(one, now_ms)
        async with self._database.transaction() as tx:
            give_up_ms = self._staffing.notify.give_up_ms
            failures = self._failures.get((one.channel, one.target), 0) + 1
            now_ms = self._clock.now_ms()
            await notify_store.settle(tx, one, outcome, now_ms, give_up_ms=give_up_ms, failures=failures)
        return outcome

    async def _pointless(self, tx: Tx, one: Notice) -> str | None:
        """Why nobody has to hear of it any more: done, or somebody else's by now. Endpoints hear of everything."""
        if one.channel == Channel.WEBHOOK or one.event.startswith("report."):
            return None
        row = await tx.one("SELECT state, owner FROM tasks WHERE id = ?", (one.payload.get("task_id"),))
        if row is None or row["state"] != "open":
            return "its task is done"
        who = one.payload.get("person")
        if one.event.endswith(".assigned") and who not in (row["owner"], OFFICE):
            return f"it is {row['owner']}'s by now"
        return None

    async def _send(self, one: Notice, now_ms: int) -> Outcome:
        async with self._database.read() as tx:
            gone = await notify_store.gone(tx)
        if (one.channel, one.target) in gone:
            return Never(gone[one.channel, one.target])
        if one.channel == Channel.WEBHOOK:
            endpoint = self._staffing.endpoints.get(one.target)
            if endpoint is None:
                return Never("no endpoint of this name is configured any more")
            return await self._poster.post(endpoint, one.uid, one.payload, now_ms, one.tries + 1)
        name, place = of_target(one.target)
        addresses = self._staffing.addresses.get("" if name == OFFICE else name, ())[place : place + 1]
        if not addresses:
            return Never("this address is not configured any more")
        return await self._mailer.tell(addresses, one.payload.get("title", ""), one.payload.get("body", ""))

    async def _text(self, one: Notice) -> Outcome | None:
        """Put one text to staff into the outbox, within their budget; the outbox hands it over at most once."""
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            person = self._staffing.staff.people.get(one.target)
            if person is None or not person.phone:
                return await self._never(tx, one, "no number of theirs is registered any more", now_ms)
            why = await self._pointless(tx, one)
            if why is not None:
                await notify_store.drop(tx, one, why, now_ms)
                return None
            ages = await notify_store.text_ages(tx, person.phone, now_ms, now_ms - HOUR_MS, answers=False)
            # What is urgent has as many again: twenty bathrooms must not keep a flood waiting for an hour.
            limit = self._staffing.notify.texts_per_hour * (2 if one.payload.get("urgent") else 1)
            wait_ms = within(ages, limit)
            if wait_ms:
                await notify_store.put_off(tx, one, now_ms + wait_ms, "so many texts an hour are enough")
                return None
            about = await notify_store.thread_of_task(tx, one.payload.get("task_id"))
            message_id = await outbox.enqueue(tx, _message(person.phone, one, now_ms, about), now_ms)
            assert message_id is not None
            await notify_store.queued_as(tx, one, message_id, now_ms)
        self._on_text()
        return None

    async def _never(self, tx: Tx, one: Notice, reason: str, now_ms: int) -> Never:
        outcome = Never(reason)
        await notify_store.settle(tx, one, outcome, now_ms, give_up_ms=self._staffing.notify.give_up_ms)
        return outcome

    async def close(self) -> None:
        """Close what is open to the outside."""
        if isinstance(self._poster, Webhooks):
            await self._poster.close()


def _message(number: str, one: Notice, now_ms: int, about: int | None) -> outbox.NewMessage:
    body = one.payload["text"]
    cut = segment(body)
    while len(cut.parts) > _MOST_SEGMENTS:
        body = body[: len(body) * 4 // 5]
        cut = segment(body)
    return outbox.NewMessage(
        kind="notify",
        line=DEFAULT_LINE,
        number=number,
        body=body,
        parts=tuple(cut.parts),
        encoding=cut.encoding.value,
        not_before_ms=now_ms,
        expires_ms=now_ms + _TEXT_LIVES_MS,
        template="staff_urgent" if one.payload.get("urgent") else "staff_notice",
        about_thread_id=about,
    )
