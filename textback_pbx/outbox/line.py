"""What the send loop is joined to: the line it sends through, and what the program does at its steps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from textback_pbx.outbox.attempt import HandOver, OutPart, SubmitResult
from textback_pbx.outbox.claim_store import SecondLook
from textback_pbx.outbox.store import OpenTx, Settled


class Line(Protocol):
    """One way to the network, as the send loop sees it."""

    @property
    def name(self) -> str:
        """The modem's configured name; stored with the part."""
        ...

    @property
    def iccid(self) -> str | None:
        """The SIM now in it; budgets belong to the SIM. ``None`` until it has been read: nothing is claimed."""
        ...

    def trouble(self) -> str | None:
        """Why it cannot send now, in words, or ``None``. Whoever makes it able again wakes the sender."""
        ...

    async def submit(self, part: OutPart, hand_over: HandOver) -> SubmitResult:
        """Send one part and return what is known about it; never raises for a broken peer.

        Awaits ``hand_over(pdu)`` exactly once, after the ``"> "`` prompt and before the first PDU byte. If that
        raises, it sends ESC, makes sure the prompt is closed, and returns ``NotHandedOver``. Once it has
        returned, the part is on the air as far as anybody knows: any answer but ``+CMGS`` or a definite refusal
        is ``Unknown``. On cancellation it closes the prompt (or lets the PDU end) before it passes it on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing may be sent at all now. ``clock``: wall time is not trusted, so nothing expires either."""

    reason: str
    clock: bool = False


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the program around the loop does at its steps.

    ``settled`` runs in the step's own transaction (opens the task for an unknown); ``hold`` says whether sending
    is held (health, disk, clock), is asked before each claim and again before each hand-over, and whoever lifts a
    hold wakes the sender; ``trouble`` is told whenever the reason for not sending changes (``None``: it sends).
    """

    look_again: SecondLook
    settled: Callable[[OpenTx, Settled], Awaitable[None]]
    hold: Callable[[], Hold | None]
    trouble: Callable[[str | None], None]
