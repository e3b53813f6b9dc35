"""What is known of a line now, and the one problem that follows from it. No I/O; the owner tells it everything."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textback_pbx.clock import Clock
from textback_pbx.modem.events import Event, LateSubmit, Unsolicited
from textback_pbx.modem.health import Health, Network, stat_words
from textback_pbx.modem.inbox import Inbox
from textback_pbx.modem.items import Item, Problem
from textback_pbx.modem.network import credit_text
from textback_pbx.modem.profile import Timing
from textback_pbx.modem.results import message_reference
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.modem.setup import Setup
from textback_pbx.outbox.attempt import LateAccept

#: Codes a modem sends when it has just started: its set-up is gone (MODEM 8).
_BOOT = frozenset({"RDY", "START", "ATREADY", "*ATREADY", "SMS DONE", "SMS READY", "SMS Ready", "PB DONE", "PB READY"})
_BOOT |= frozenset({"Call Ready", "CALL READY", "+CFUN", "+QIND", "MODEM"})
_FULL = frozenset({"^SMMEMFULL", "+SMSFULL", "+QSMSFULL"})
_WEAK_DBM = -107
_RESTARTS_SHOWN_S = 3_600.0


class LineState:
    """The health of one line, kept up to date; ``on_change`` is called when the problem changes."""

    def __init__(self, settings: ModemSettings, clock: Clock, on_change: Callable[[], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._on_change = on_change
        self.health = Health(settings.name, port=settings.port, since_ms=clock.now_ms())
        self.timing = Timing()
        self.setup: Setup | None = None
        self.pinned = ""
        self.restart_at: float | None = None
        self.network_due = False
        self.unresolved_until: float | None = None
        self._served = False
        self._attached_at = 0.0
        self._restarted_at: float | None = None
        self._wake: Callable[[], None] = _nothing
        self._inbox: Inbox | None = None
        self._give: Callable[[Item], None] = _nothing

    def connect(self, wake: Callable[[], None], inbox: Inbox, give: Callable[[Item], None]) -> None:
        """Say whom unsolicited codes concern."""
        self._wake, self._inbox, self._give = wake, inbox, give

    # what the owner tells ------------------------------------------------------------------------------------

    def starting(self) -> None:
        """A set-up begins."""
        self.setup = None
        self.restart_at = None
        self.update(network=Network(), usage=None)
        self._set(Problem.STARTING, "")

    def attached(self, setup: Setup) -> None:
        """A set-up was read back."""
        self.setup = setup
        self.timing = setup.profile.timing
        self.pinned = f"{setup.imei}/{setup.iccid}"
        self._served = True
        self._attached_at = self._clock.monotonic()
        self.update(
            profile=setup.profile.name,
            model=setup.model or setup.profile.title,
            imei=setup.imei,
            iccid=setup.iccid,
            smsc=setup.smsc,
            storage=setup.storages[0],
            reports=setup.reports,
        )

    def down(self, problem: Problem, detail: str) -> None:
        """The line ended."""
        self.setup = None
        if problem in (Problem.WRONG_SIM, Problem.WRONG_STICK, Problem.NO_SIM):
            self.update(iccid="")
        self._set(problem, detail)

    def take_served(self) -> bool:
        """Whether the line worked since this was last asked."""
        served, self._served = self._served, False
        return served

    def restarted(self) -> None:
        """The modem restarted by itself."""
        self._restarted_at = self._clock.monotonic()
        self.update(restarts=self.health.restarts + 1)

    def count_reset(self) -> None:
        """We restarted it."""
        self.update(resets=self.health.resets + 1)

    def update(self, **values: Any) -> None:
        """Note new facts; the problem is judged by :meth:`judge`."""
        self.health = replace(self.health, **values)

    # what follows --------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Work out the problem of a line that is set up."""
        if self.setup is None:
            return
        now = self._clock.monotonic()
        if self.unresolved_until is not None and now >= self.unresolved_until:
            self.unresolved_until = None
        problem = self._worst(self.setup, now)
        self._set(problem, self._detail(problem, self.setup))

    def _detail(self, problem: Problem, setup: Setup) -> str:
        """What the words lack, without figures that change from minute to minute: every change is a line in the log."""
        network = self.health.network
        if problem is Problem.HIDDEN_TEXTS:
            return setup.hidden
        if problem is Problem.NOT_REGISTERED:
            return stat_words(network.stat) + (", and no signal at all" if network.rssi in (0, 99) else "")
        return ""

    def _worst(self, setup: Setup, now: float) -> Problem:
        health, inbox = self.health, self._inbox
        network = health.network
        full = health.usage is not None and health.usage.used >= self._settings.storage_warning * health.usage.size > 0
        unread = inbox is not None and (not inbox.first_read or inbox.owed > 0)
        restarted = self._restarted_at is not None and now - self._restarted_at < _RESTARTS_SHOWN_S
        checks = (
            (not setup.smsc, Problem.NO_SMSC),
            (self.restart_at is not None, Problem.STARTING),
            (network.stat == 3, Problem.DENIED),
            (network.stat is None, Problem.STARTING),
            (not network.registered, Problem.NOT_REGISTERED),
            (unread, Problem.READING),
            (self.unresolved_until is not None, Problem.UNRESOLVED),
            (full, Problem.STORAGE_FULL),
            (bool(setup.hidden), Problem.HIDDEN_TEXTS),
            (network.dbm is not None and network.dbm <= _WEAK_DBM, Problem.NO_SIGNAL),
            (restarted, Problem.BROWN_OUTS),
            (not setup.reports and self._settings.status_reports, Problem.NO_REPORTS),
        )
        return next((problem for holds, problem in checks if holds), Problem.NONE)

    def _set(self, problem: Problem, detail: str) -> None:
        if (problem, detail) != (self.health.problem, self.health.detail):
            self.health = replace(self.health, problem=problem, detail=detail, since_ms=self._clock.now_ms())
            self._on_change()

    def tell(self) -> None:
        """Say that something worth a line has changed, although the problem has not."""
        self._on_change()

    # what comes unasked --------------------------------------------------------------------------------------

    def unsolicited(self, event: Event) -> None:
        """Take an unsolicited code or a late answer. Called from the port's callback: it may only note and wake."""
        if isinstance(event, LateSubmit):
            reference = message_reference((event.line,))
            if reference is not None and isinstance(event.token, int):
                self.unresolved_until = None
                self._give(LateAccept(event.token, reference))
        elif isinstance(event, Unsolicited):
            self._code(event)
        self._wake()

    def _code(self, event: Unsolicited) -> None:
        assert self._inbox is not None
        if event.code in ("+CMTI", "+CDSI"):
            name = re.match(r'\+\w+: ?"(\w+)"', event.line)
            self._inbox.announced(name[1] if name else "")
        elif event.text_mode or event.code in _BOOT:
            if event.code == "+CMT":  # in text mode, and no storage has it: kept as it came, for somebody to read
                self._inbox.direct(self.health.iccid or None, event.code, f"{event.line} {event.body}")
            self.restart_at = self._clock.monotonic() + 1.0  # more boot lines follow: after the last of them
        elif event.body:
            self._inbox.direct(self.health.iccid or None, event.code, event.body.upper())
        elif event.code in _FULL:
            self._inbox.look_again()
        elif event.code == "+CUSD":
            credit = credit_text(event.line) or self.health.credit
            if credit != self.health.credit:
                self.update(credit=credit)
                self.tell()
        elif event.code in ("+CREG", "+CGREG", "+CEREG"):
            self.network_due = True

    @property
    def attached_for(self) -> float:
        """Seconds since the set-up was read back."""
        return self._clock.monotonic() - self._attached_at


def _nothing(*_: object) -> None:
    """Nobody is connected yet."""
