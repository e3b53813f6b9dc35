"""Several modems: which of them serves which business line, and which one stands in (MODEM 16).

Each modem is the first choice for its own business lines. Another one stands in for them when the first cannot send for
a while, or when its SIM's budget makes texts wait too long, and steps back when the first is well again. The pool
never moves a part that a modem has been handed: it only says, line by line, who may claim. The outbox's claim
keeps the parts of one text on one SIM and takes up only what was never handed over.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from textback_pbx.clock import Clock
from textback_pbx.modem.health import Health
from textback_pbx.modem.items import HealthChanged, Item
from textback_pbx.modem.modem import Modem
from textback_pbx.outbox.attempt import OutPart, SubmitResult


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """When another modem stands in, seconds: after so long a failure, or when a budget holds texts back so long."""

    failover_s: float = 60.0
    spill_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Member:
    """One modem and the business lines it is the first choice for (``None``: all).

    ``stands_in``: whether it may send for the lines of others; a caller then sees another number.
    """

    modem: Modem
    lines: frozenset[str] | None = None
    stands_in: bool = True


class PoolLine:
    """One modem serving some business lines, as ``outbox.sender.Line``; give it a sender of its own.

    ``lines`` is what that sender is given. ``first`` is the member it stands in for, or ``None``.
    """

    def __init__(self, pool: "Pool", member: Member, first: Member | None = None) -> None:
        self._pool = pool
        self._modem = member.modem
        self._first = first
        self.lines = (first or member).lines

    @property
    def name(self) -> str:
        """The name of the modem that sends."""
        return self._modem.name

    @property
    def iccid(self) -> str | None:
        """The SIM that sends; its budget counts."""
        return self._modem.iccid

    @property
    def standing_in(self) -> bool:
        """Whether this is a second choice."""
        return self._first is not None

    def trouble(self) -> str | None:
        """Why this modem may not claim for these lines now: it is unwell, or the first choice is not."""
        own = self._modem.trouble()
        if own is not None or self._first is None:
            return own
        return None if self._pool.needs_help(self._first) else f"stands by for {self._first.modem.name}"

    async def submit(self, part: OutPart, hand_over: Callable[[], Awaitable[None]]) -> SubmitResult:
        """Send one part through this modem."""
        return await self._modem.submit(part, hand_over)


class Pool:
    """The modems of one agent. ``wait_s`` tells how long a SIM's budget holds texts back (``Pace.wait_s``)."""

    def __init__(
        self,
        members: Sequence[Member],
        clock: Clock,
        *,
        wait_s: Callable[[str], float],
        settings: PoolSettings | None = None,
    ) -> None:
        names = [member.modem.name for member in members]
        if len(set(names)) != len(names):
            raise ValueError(f"two modems have one name: {', '.join(sorted(names))}")
        self._members = tuple(members)
        self._clock = clock
        self._wait_s = wait_s
        self._settings = settings or PoolSettings()
        self._unwell_since: dict[str, float] = {}
        self._items: asyncio.Queue[Item] = asyncio.Queue()

    @property
    def health(self) -> tuple[Health, ...]:
        """How each modem is."""
        return tuple(member.modem.health for member in self._members)

    def lines(self) -> tuple[PoolLine, ...]:
        """Every pairing of a modem with business lines: first choices, then those who stand in."""
        first = [PoolLine(self, member) for member in self._members]
        others = [
            PoolLine(self, other, member)
            for member in self._members
            for other in self._members
            if other is not member and other.stands_in and member.lines is not None and other.lines != member.lines
        ]
        return (*first, *(line for line in others if not self._serves_anyway(line)))

    def _serves_anyway(self, line: PoolLine) -> bool:
        """A modem that is a first choice for everything needs no second role."""
        return any(member.modem.name == line.name and member.lines is None for member in self._members)

    def needs_help(self, member: Member) -> bool:
        """Whether another modem may claim what is this one's: it has been unwell, or its budget is spent, for long."""
        modem, now = member.modem, self._clock.monotonic()
        if modem.trouble() is None:
            self._unwell_since.pop(modem.name, None)
            return modem.iccid is not None and self._wait_s(modem.iccid) > self._settings.spill_s
        since = self._unwell_since.setdefault(modem.name, now)
        return now - since >= self._settings.failover_s

    async def run(self) -> None:
        """Own every port until cancelled."""
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(member.modem.run(), name=f"modem {member.modem.name}")
                group.create_task(self._pass_on(member.modem), name=f"stream of {member.modem.name}")

    async def _pass_on(self, modem: Modem) -> None:
        async for item in modem.stream():
            if isinstance(item, HealthChanged):
                self._note(modem)
            self._items.put_nowait(item)

    def _note(self, modem: Modem) -> None:
        """Start the count of a failure when it begins, not when somebody asks."""
        if modem.trouble() is None:
            self._unwell_since.pop(modem.name, None)
        else:
            self._unwell_since.setdefault(modem.name, self._clock.monotonic())

    async def stream(self) -> AsyncIterator[Item]:
        """What comes in through all of them, in order, for one reader."""
        while True:
            yield await self._items.get()

    async def delete(self, item: Item) -> bool:
        """Say that an item is committed, to the modem it came from."""
        name = getattr(item, "modem", None)
        modem = next((member.modem for member in self._members if member.modem.name == name), None)
        return True if modem is None else await modem.delete(item)
