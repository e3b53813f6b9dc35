"""The keep loop: whether the clock may be trusted, the ledger read, and what is wrong written down.

A Raspberry Pi boots in the past, and NTP or a hand may set it by hours while the agent runs. Calls are recorded
whatever the clock says; sending waits. A jump is over when the kernel calls its clock synchronised and it has been
steady for a while, or when a person says so (``textback-pbx clock trust``).
"""

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from textback_pbx.clock import DAY_MS, HOUR_MS, SECOND_MS, Clock, Trust, judge
from textback_pbx.consent import ledger
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import in_force
from textback_pbx.database import Database, Tx
from textback_pbx.decision import limits_store
from textback_pbx.health import Board, State

_EVERY_S = 30.0
_STEADY_S = 60.0
LAST_SEEN, TRUSTED_BY, EXPIRED_AT = "last_seen_ms", "clock_trusted_by", "consents_expired_ms"
_EXPIRY_BATCH = 500
_FAR_MS = 253_402_214_400_000  # 9999-12-31: the latest day a message can name
_BREAKER = "no automatic texts until {until}: {why}. Look: textback-pbx limits show. By hand: textback-pbx limits reset"

_TIMEX_BYTES, _TIME_ERROR = 512, 5


def synchronised() -> bool:
    """Return whether the kernel calls its clock synchronised (``adjtimex``; asking needs no right)."""
    try:
        libc = ctypes.CDLL(None)
        return bool(0 <= libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) < _TIME_ERROR)
    except (OSError, AttributeError):
        return False


class Keeper:
    """Watches the clock and the ledger; :meth:`trusted` is what the decisions ask."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        board: Board,
        *,
        on_change: Callable[[], None],
        is_synchronised: Callable[[], bool] = synchronised,
        zone: tzinfo = UTC,
    ) -> None:
        self._database, self._clock, self._board = database, clock, board
        self._on_change, self._is_synchronised = on_change, is_synchronised
        self._wall_ms, self._monotonic = clock.now_ms(), clock.monotonic()
        self._last_seen_ms = 0
        self._steady_since = clock.monotonic()
        self._trust = Trust.IN_THE_PAST
        self._confirmed = ""
        self._zone, self._expired_ms = zone, 0

    def trusted(self) -> bool:
        """Return whether wall time may decide about sending now."""
        self._look()
        return self._trust is Trust.TRUSTED

    async def start(self) -> None:
        """Read what the database has seen; before the first decision."""
        async with self._database.read() as tx:
            self._last_seen_ms = await _last_seen(tx)
            self._confirmed = await _confirmation(tx)
            self._expired_ms = int(await tx.value("SELECT value FROM meta WHERE key = ?", (EXPIRED_AT,)) or 0)
        self._trust = judge(self._clock.now_ms(), self._last_seen_ms)
        self._say()
        await self._look_at_ledger()

    async def step(self) -> float:
        """Look at the clock, write the heartbeat and the board; return the pause in seconds."""
        before = self._trust
        await self._ask_people()
        self._look()
        if self._trust is not before:
            self._on_change()
        if self._trust is Trust.TRUSTED and self._clock.now_ms() - self._last_seen_ms >= HOUR_MS:
            await self._remember(self._clock.now_ms())
        await self._look_at_limits()
        if self._trust is Trust.TRUSTED:
            await self._expire_consents()
        await self._board.save(self._database)
        return _EVERY_S

    async def _look_at_limits(self) -> None:
        """Say on the board while the circuit breaker is open; closing it by hand is ``textback-pbx limits reset``."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as tx:
            opened = await limits_store.breaker_of(tx)
        if opened.why and (now_ms < opened.until_ms or now_ms < opened.since_ms):
            until = datetime.fromtimestamp(min(opened.until_ms, _FAR_MS) / SECOND_MS, UTC).strftime(
                "%Y-%m-%d %H:%M UTC"
            )
            self._board.note("limits", State.WARN, _BREAKER.format(why=opened.why, until=until))
        elif self._board.get("limits") is not None:
            self._board.note("limits", State.OK, "no flood of calls")

    async def _expire_consents(self) -> None:
        """Once a day, write down which consents have run out: the ledger's reader sees it, the fold knew it."""
        now_ms = self._clock.now_ms()
        if now_ms - self._expired_ms < DAY_MS:
            return
        async with self._database.transaction() as tx:
            local = ledger.local_time(now_ms, self._zone)
            while await consent.expire_due(tx, now_ms, local) == _EXPIRY_BATCH:
                pass
            await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (EXPIRED_AT, str(now_ms)))
        self._expired_ms = now_ms

    def _look(self) -> None:
        now_ms, monotonic = self._clock.now_ms(), self._clock.monotonic()
        drift_ms = (now_ms - self._wall_ms) - round((monotonic - self._monotonic) * SECOND_MS)
        verdict = judge(now_ms, self._last_seen_ms, drift_ms)
        if verdict is Trust.JUMPED or (self._trust is Trust.JUMPED and verdict is Trust.TRUSTED):
            verdict = self._jumped(verdict, now_ms, monotonic)
        elif verdict is Trust.TRUSTED:
            # Slow drift is normal (a crystal, NTP slewing): measure the next jump from here.
            self._wall_ms, self._monotonic = now_ms, monotonic
        if verdict is not self._trust:
            self._trust = verdict
            self._say()

    def _jumped(self, verdict: Trust, now_ms: int, monotonic: float) -> Trust:
        if verdict is Trust.JUMPED:
            self._steady_since = monotonic
            self._wall_ms, self._monotonic = now_ms, monotonic
        steady = monotonic - self._steady_since >= _STEADY_S
        return Trust.TRUSTED if steady and self._is_synchronised() else Trust.JUMPED

    async def _ask_people(self) -> None:
        async with self._database.read() as tx:
            confirmed = await _confirmation(tx)
        if confirmed != self._confirmed:
            self._confirmed = confirmed
            self._wall_ms, self._monotonic = self._clock.now_ms(), self._clock.monotonic()
            self._trust = Trust.TRUSTED
            await self._remember(self._clock.now_ms())
            self._say()

    async def _remember(self, now_ms: int) -> None:
        self._last_seen_ms = now_ms
        async with self._database.transaction() as tx:
            await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (LAST_SEEN, str(now_ms)))

    def _say(self) -> None:
        shown = datetime.fromtimestamp(self._clock.now_ms() / SECOND_MS, UTC).strftime("%Y-%m-%d %H:%M UTC")
        state, words = _WORDS[self._trust]
        self._board.note("clock", state, words.format(shown=shown))

    async def _look_at_ledger(self) -> None:
        async with self._database.read() as tx:
            problems = await consent.verify(tx)
            choice = await consent.chosen_policy(tx)
        if problems:
            self._board.note("consent", State.FAIL, _CHANGED_LEDGER.format(what=problems[0].what))
        elif choice is None:
            self._board.note("consent", State.WARN, _NO_POLICY)
        else:
            self._board.note("consent", State.OK, f"policy {in_force(choice).value!r}, the ledger is whole")


_IN_THE_PAST = (
    "the clock says {shown}, which is before what was seen already: nothing is sent until it is set. "
    "Is NTP reachable (timedatectl)? If it is right now: textback-pbx clock trust"
)
_JUMPED = (
    "the clock jumped to {shown}: nothing is sent until it is synchronised and steady. "
    "If it is right: textback-pbx clock trust"
)
_CHANGED_LEDGER = (
    "the consent ledger was changed by another hand ({what}): nothing is sent. Look: textback-pbx consent verify"
)
_NO_POLICY = (
    "no consent policy chosen: only numbers with a consent on record are texted. "
    "Choose: textback-pbx consent policy choose"
)
_WORDS: dict[Trust, tuple[State, str]] = {
    Trust.TRUSTED: (State.OK, "trusted"),
    Trust.IN_THE_PAST: (State.FAIL, _IN_THE_PAST),
    Trust.JUMPED: (State.FAIL, _JUMPED),
}


async def _last_seen(tx: Tx) -> int:
    """Return the newest trusted wall time on disk; 0 when there is none."""
    kept = await tx.value("SELECT value FROM meta WHERE key = ?", (LAST_SEEN,))
    newest = await tx.value("SELECT max(ended_ms) FROM calls WHERE clock_trusted = 1")
    confirmed = await _confirmation(tx)
    if confirmed:  # a person said what the time is: what a wrong clock wrote before that does not count
        return int(kept or 0)
    return max(int(kept or 0), int(newest or 0))


async def _confirmation(tx: Tx) -> str:
    return str(await tx.value("SELECT value FROM meta WHERE key = ?", (TRUSTED_BY,)) or "")
