"""CDR rows put together: by the channel they are about, by the Local channel they go through, and by call; pure.

What came in from outside shows in a row's context, in FreePBX's ``did``, or (less surely) in the trunk's name.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from textback_pbx.calls.backfill_rows import CdrRow, Times
from textback_pbx.calls.trunks import NOT_A_PERSON, TrunkMatcher, endpoint, local_half, technology

#: Applications under which Asterisk notes the called side of a call; such a row is nobody's call.
OUTGOING = frozenset(("appdial", "appdial2", "appqueue", "appfollowme", "apppage"))


@dataclass(frozen=True, slots=True)
class Timed:
    """A row with its times, ms UTC. ``sure``: nothing about its time zone is in doubt."""

    row: CdrRow
    start_ms: int
    end_ms: int
    sure: bool


def timed(rows: Sequence[CdrRow], times: Times) -> list[Timed]:
    """Rows in their source's order, with their times."""
    found, after_s = [], 0
    for row in rows:
        start_ms, sure = times.start_ms(row, after_s)
        end_ms = start_ms + row.duration_s * 1_000
        after_s = max(after_s, end_ms // 1_000)
        found.append(Timed(row, start_ms, end_ms, sure))
    return found


def is_person(channel: str) -> bool:
    """Whether a channel is a real one, not Asterisk's own helper."""
    return bool(channel) and technology(channel) not in NOT_A_PERSON


class Book:
    """The rows by the channel they are about, by the Local channel they go through, and which are customer calls."""

    def __init__(self, rows: list[Timed], trunks: TrunkMatcher, names: frozenset[str]) -> None:
        self.trunks = trunks
        self.by_root: dict[str, list[Timed]] = _by_channel(rows)
        self.behind: dict[str, list[Timed]] = defaultdict(list)  # Local stem -> the rows of its far half
        self.towards: dict[str, list[Timed]] = defaultdict(list)  # channel -> rows that join somebody to it
        for one in rows:
            half = local_half(one.row.channel)
            if half is not None and half[1] == "2":
                self.behind[half[0]].append(one)
            if is_person(one.row.dst_channel) and is_person(one.row.channel):
                self.towards[one.row.dst_channel].append(one)
        sure = {endpoint(one.row.channel) for one in rows if self.entered(one)}
        self.names = names | sure
        self.roots = [key for key, own in self.by_root.items() if any(self.is_inbound(one) for one in own)]

    def entered(self, one: Timed) -> bool:
        """Whether a row shows by itself that its channel came in from outside."""
        row = one.row
        if not is_person(row.channel) or row.application in OUTGOING:
            return False
        return bool(row.did) or self.trunks.outside(row.context, row.channel)

    def is_inbound(self, one: Timed) -> bool:
        """The same, or its channel belongs to a trunk that other calls came in through."""
        row = one.row
        known = is_person(row.channel) and row.application not in OUTGOING and endpoint(row.channel) in self.names
        return known or self.entered(one)

    def is_trunk(self, channel: str) -> bool:
        """Whether a channel leads to the outside."""
        return is_person(channel) and (endpoint(channel) in self.names or self.trunks.outside("", channel))

    def family(self, own: list[Timed]) -> list[Timed]:
        """The rows behind the Local channels that these rows dial, and those behind them."""
        found, seen, queue = [], set(), list(own)
        while queue:
            half = local_half(queue.pop().row.dst_channel)
            if half is None or half[0] in seen:
                continue
            seen.add(half[0])
            found += self.behind[half[0]]
            queue += self.behind[half[0]]
        return found


def _by_channel(rows: list[Timed]) -> dict[str, list[Timed]]:
    """Rows of one channel together: by Uniqueid, or by the channel's name while its rows follow one another."""
    found: dict[str, list[Timed]] = {}
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for one in sorted(rows, key=lambda one: (one.start_ms, one.row.sequence, one.row.order)):
        key = one.row.uniqueid
        if not key:
            # An analogue line's channel has the same name for every caller.
            place = (one.row.channel, one.row.number if technology(one.row.channel) == "dahdi" else "")
            key, until_ms = last.get(place, ("", 0))
            if not key or one.start_ms > until_ms + 5_000:
                key = f"{one.row.channel}@{one.start_ms // 1_000}"
            last[place] = (key, max(until_ms, one.end_ms))
        found.setdefault(key, []).append(one)
    return found


def first_ms(rows: Sequence[CdrRow], times: Times) -> int | None:
    """From when on these rows (in their source's order) tell of calls, ms UTC; None: they tell of none."""
    return min((times.start_ms(row)[0] for row in rows[:50]), default=None)
