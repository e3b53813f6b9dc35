"""Several modems: which of them may claim which texts, and which one stands in (MODEM 16).

Each modem is the first choice for the business lines that name it; the lines nobody names belong to the modems that
no line names. A conversation stays on its SIM. Another modem stands in when the first cannot send for a while, is
stuck in one text, or when its SIM's budget makes texts wait too long; it steps back when the first is well again.
The pool never moves a part: it only says, modem by modem, what may be claimed. The outbox's claim takes up only
what was never handed over, and keeps the parts of one text on one SIM.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textback_pbx.clock import Clock
from textback_pbx.modem.modem import Modem
from textback_pbx.outbox.share import EVERYTHING, Share


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """When another modem stands in, seconds: after so long a failure, or when a budget holds texts back so long.

    ``failover_s`` is also how long the others wait, after an attach, for a SIM whose texts are not read yet.
    """

    failover_s: float = 30.0
    budget_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Member:
    """One modem and the business lines that name it (empty: it serves those that nobody names).

    ``stands_in``: whether it may send for the lines of others; a caller then sees another number.
    """

    modem: Modem
    lines: frozenset[str] = frozenset()
    stands_in: bool = True


@dataclass(frozen=True, slots=True)
class Load:
    """What a modem's send loop knows: how long its SIM holds the next text back, how long the present one takes."""

    wait_s: float = 0.0
    busy_s: float = 0.0


class Pool:
    """The modems of one agent. ``load`` tells, by a modem's name, how its send loop is."""

    def __init__(
        self,
        members: Sequence[Member],
        clock: Clock,
        *,
        load: Callable[[str], Load],
        settings: PoolSettings | None = None,
    ) -> None:
        names = [member.modem.name for member in members]
        if len(set(names)) != len(names):
            raise ValueError(f"two modems have one name: {', '.join(sorted(names))}")
        self._members = {member.modem.name: member for member in members}
        self._clock, self._load = clock, load
        self._settings = settings or PoolSettings()
        self._named = frozenset().union(*(member.lines for member in members))
        self._rest = frozenset(name for name, member in self._members.items() if not member.lines) or {names[0]}
        self._unwell_since: dict[str, float] = {}
        self._unread_since: dict[str, float] = {}

    def share(self, name: str) -> Share:
        """Say which texts the modem of this name may claim now."""
        if len(self._members) == 1:
            return EVERYTHING
        others = [member for other, member in self._members.items() if other != name]
        helped = [member for member in others if self._needs_help(member)]
        well = [member for member in others if member not in helped]
        mine = [self._members[name], *(helped if self._members[name].stands_in else ())]
        lines = frozenset().union(*(member.lines for member in mine))
        rest = any(member.modem.name in self._rest for member in mine)
        return Share(
            lines=None if rest else lines,
            but=self._named - lines if rest else frozenset(),
            elsewhere=frozenset(member.modem.iccid for member in well if member.modem.iccid is not None),
            again_s=min((left for member in well if (left := self._until_help_s(member)) is not None), default=None),
        )

    def unread(self, name: str) -> str | None:
        """Say why the modem of this name waits for another one: a STOP may wait on that one's SIM (promise 4).

        It waits no longer than a failure may last: a stick that never comes back must not keep the others.
        """
        self.look()
        now = self._clock.monotonic()
        waits = (
            other
            for other, since in self._unread_since.items()
            if other != name and now - since < self._settings.failover_s
        )
        return next((f"texts that wait on the SIM of the modem {other} are read first" for other in waits), None)

    def look(self) -> None:
        """Note who is unwell now: called when a modem's health has changed, so that a failure counts from its start."""
        for member in self._members.values():
            self._note(member.modem)

    def _needs_help(self, member: Member) -> bool:
        left = self._until_help_s(member)
        return (left is not None and left <= 0) or self._load(member.modem.name).wait_s > self._settings.budget_s

    def _until_help_s(self, member: Member) -> float | None:
        """How long until its failure has lasted long enough, seconds; ``None`` while it is well."""
        name, limit = member.modem.name, self._settings.failover_s
        self._note(member.modem)
        since, busy_s = self._unwell_since.get(name), self._load(name).busy_s
        if since is not None:
            return limit - (self._clock.monotonic() - since)
        return limit - busy_s if busy_s > 0 else None

    def _note(self, modem: Modem) -> None:
        """Start the count of a failure, and of unread texts, when it begins, and end it when it is over."""
        if modem.trouble() is None:
            self._unwell_since.pop(modem.name, None)
        else:
            self._unwell_since.setdefault(modem.name, self._clock.monotonic())
        if modem.drained:
            self._unread_since.pop(modem.name, None)
        else:
            self._unread_since.setdefault(modem.name, self._clock.monotonic())
