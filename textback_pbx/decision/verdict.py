"""What a decision is made of: verdicts, rulings, steps of the trace. Frozen data, no behaviour."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from textback_pbx.decision.facts import Facts


class Verdict(StrEnum):
    """What follows from a missed call."""

    TEXT = "text"
    TASK = "task"
    NOTHING = "nothing"


class Ruling(NamedTuple):
    """What one rule says: ``None`` passes on to the next."""

    verdict: Verdict | None
    why: str
    not_before_ms: int = 0
    alert: str = ""


class Rule(NamedTuple):
    """One row of the table."""

    name: str
    says: str
    judge: Callable[[Facts], Ruling]


class Step(NamedTuple):
    """One row of a decision's trace; ``verdict`` is ``pass`` for a rule that had nothing against it."""

    rule: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and how it came about. ``not_before_ms`` and ``expires_ms`` (ms UTC) are set for a text.

    ``urgent``: the person called again; ``alert``: what the admin is told; ``template_key``: which situation's
    words; ``record``: the ledger event that this text rests on and that is written with it (``announced`` or ``""``).
    """

    verdict: Verdict
    rule: str
    reason: str
    trace: tuple[Step, ...]
    urgent: bool = False
    alert: str = ""
    not_before_ms: int = 0
    expires_ms: int = 0
    template_key: str = ""
    dry_run: bool = False
    record: str = ""
