"""Faults as data: "at the Nth event of this kind do X", for any simulated port.

A simulator counts what crosses its boundary (its steps) and asks its :class:`FaultPlan` at each one. A fault says what
it does, a key of the simulator's action table (MODEM_FAULTS for the modem), and when: at the Nth event of a kind,
optionally of one command; at the port's Nth step of any kind, which is what a sweep counts through; or at once. In
JSON, as the control channel takes it::

    {"fault": "error", "on": "command", "command": "+CMGS", "nth": 1, "times": 1, "args": {"code": 500}}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The modem's steps, in the order of one submit, and what has happened when each is reached.
MODEM_EVENTS: dict[str, str] = {
    "command": "a command has arrived; nothing has been done about it",
    "prompt": "the modem is about to write the prompt of +CMGS or +CMGW",
    "pdu": "the PDU's first byte (or byte `after_bytes`) has arrived",
    "body": "Ctrl-Z has arrived; nothing has left yet",
    "submitted": "the network took the text; the answer is not yet written",
    "reply": "a final result is about to be written; what the command does is done",
    "urc": "an unsolicited code is about to be written",
}

#: What can go wrong with the modem.
MODEM_FAULTS: dict[str, str] = {
    "error": "answer an error: `code` and `kind` cms, cme or plain (cms 500); from `submitted` on the text is out",
    "swallow": (
        "say nothing: at `command` it is ignored, at `prompt` the modem waits for a PDU unseen, at `body` the text "
        "does not leave, at `submitted` and `reply` it is done and the answer never comes, at `urc` the code is lost"
    ),
    "delay": "wait `seconds` first; a delay at `submitted` is an answer after the client's time-out",
    "unplug": (
        "the stick is pulled; with `replug_after` seconds it comes back under another device path, with `imei`, "
        "`iccid` and `number` as another stick or SIM; `after_bytes` of the PDU when at `pdu`"
    ),
    "brownout": "the modem restarts on the spot: settings gone, port still there; `seconds` of booting (0)",
    "hang": "the modem is deaf until it loses power",
    "inject": "write `data` (or `hex`) unasked, inside the reply at byte `at` (its start)",
    "split": "write the reply in pieces cut at the offsets `at` (a list; absent: every byte), `seconds` apart (0)",
    "report": "the next text's fate is `outcome` (a key of OUTCOMES), `seconds` until the report",
    "storage_full": "fill the receiving storage with read texts until nothing fits; `count` slots stay free (0)",
    "pin_required": "the SIM is locked: +CPIN says SIM PIN; `pin` (1234)",
    "puk_required": "the SIM has no PIN tries left: +CPIN says SIM PUK",
    "sim_removed": "the SIM is out: +CME ERROR 10",
    "sim_changed": "another SIM is in, with `iccid` and `number`",
    "not_registered": "registration is `stat` (2, searching); every submit fails with +CMS ERROR 331",
    "duplicate_delivery": "the next inbound text, or the next `count`, arrives twice",
    "quirk": "switch the model quirk `name` on (or, with `off`, off)",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``do`` X at the ``nth`` matching event, ``times`` in a row. ``on`` and ``step`` None: at once.

    ``step`` counts all of the port's steps from 1 when the plan was made or last cleared.
    """

    do: str
    on: str | None = None
    command: str | None = None
    nth: int = 1
    times: int = 1
    step: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def immediate(self) -> bool:
        """Whether it waits for nothing."""
        return self.on is None and self.step is None


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that took effect, at which step."""

    fault: Fault
    step: int
    event: str
    command: str


class FaultPlan:
    """Armed faults of one port, and the count of its steps. ``actions`` and ``events`` name what exists."""

    def __init__(self, port: str, actions: Mapping[str, str], events: Mapping[str, str]) -> None:
        self.port = port
        self._actions = actions
        self._events = events
        self._armed: list[tuple[Fault, int]] = []  # with the matches seen so far
        self.fired: list[Fired] = []
        self.steps = 0
        self.watch: Callable[[str, str], None] | None = None  # told of each step, before its faults strike

    @property
    def armed(self) -> tuple[Fault, ...]:
        """The faults that have not run out."""
        return tuple(fault for fault, _ in self._armed)

    def arm(self, fault: Fault) -> None:
        """Add a fault; ValueError when its name or event does not exist."""
        if fault.do not in self._actions:
            raise ValueError(f"no fault {fault.do!r} on {self.port}; there are: {', '.join(self._actions)}")
        if fault.on is not None and fault.on not in self._events:
            raise ValueError(f"no event {fault.on!r} on {self.port}; there are: {', '.join(self._events)}")
        self._armed.append((fault, 0))

    def clear(self) -> None:
        """Forget every fault and start counting steps anew."""
        self._armed.clear()
        self.fired.clear()
        self.steps = 0

    def take(self, event: str, command: str = "") -> tuple[Fault, ...]:
        """Count one step and return the faults that strike at it."""
        self.steps += 1
        if self.watch is not None:
            self.watch(event, command)
        due: list[Fault] = []
        kept: list[tuple[Fault, int]] = []
        for fault, seen in self._armed:
            if fault.step is not None:
                last = fault.step + fault.times - 1
                strikes, now, done = fault.step <= self.steps <= last, seen, self.steps >= last
            elif fault.on == event and fault.command in {None, command}:
                now = seen + 1
                last = fault.nth + fault.times - 1
                strikes, done = fault.nth <= now <= last, now >= last
            else:
                strikes, now, done = False, seen, False
            if strikes:
                due.append(fault)
                self.fired.append(Fired(fault, self.steps, event, command))
            if not done:
                kept.append((fault, now))
        self._armed = kept
        return tuple(due)


def modem_plan() -> FaultPlan:
    """Return an empty plan for a simulated modem."""
    return FaultPlan("modem", MODEM_FAULTS, MODEM_EVENTS)
