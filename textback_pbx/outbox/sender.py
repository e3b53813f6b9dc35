"""The send loop of one modem line: claim, submit, settle.

The line is a :class:`Line`; the loop is written against it alone, so that a modem, a pool of modems and a
simulated line are the same to it.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from textback_pbx.outbox.attempt import OutPart, SubmitResult


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

    async def submit(self, part: OutPart, hand_over: Callable[[], Awaitable[None]]) -> SubmitResult:
        """Send one part and return what is known about it; never raises for a broken peer.

        Awaits ``hand_over()`` exactly once, after the ``"> "`` prompt and before the first PDU byte. If that
        raises, it sends ESC, makes sure the prompt is closed, and returns ``NotHandedOver``. Once it has
        returned, the part is on the air as far as anybody knows: any answer but ``+CMGS`` or a definite refusal
        is ``Unknown``. On cancellation it closes the prompt (or lets the PDU end) before it passes it on.
        """
        ...
