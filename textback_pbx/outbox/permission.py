"""The one permission to hand over one part, and what to make of a submit's end.

Once the permission was given, the part may be on the air whatever follows: only a clean refusal takes it back.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from textback_pbx.consent.store import LedgerProblem
from textback_pbx.outbox.attempt import NotHandedOver, SubmitResult, Unknown
from textback_pbx.outbox.claim_store import Withdrawn

log = logging.getLogger(__name__)


class Withheld(Exception):
    """The permission to hand over was not given, for a reason that says nothing about the line."""


class Permission:
    """Given, or withheld for a reason that is not the line's fault. ``commit`` writes the hand-over, or raises."""

    def __init__(self, commit: Callable[[str], Awaitable[None]]) -> None:
        self._commit = commit
        self._asked = False
        self.given = False
        self.withheld = False

    async def ask(self, pdu: str = "") -> None:
        """Return once the hand-over of ``pdu`` (hex) is on disk; raise when the part must not leave."""
        if self._asked:
            raise Withheld("a line asks for each part once")
        self._asked = True
        # From here on the commit may be on disk whatever is raised, so only a clean refusal takes it back.
        self.given = True
        try:
            await self._commit(pdu)
        except (Withheld, Withdrawn, sqlite3.Error, LedgerProblem):
            self.given, self.withheld = False, True
            raise


def answer_of(submitting: "asyncio.Future[SubmitResult]", *, given: bool) -> SubmitResult:
    """Read a submit's end. A line that fails by an exception has said nothing about the part."""
    if submitting.cancelled():
        reason = "the agent stopped before the answer came"
    elif (error := submitting.exception()) is None:
        return submitting.result()
    elif isinstance(error, Exception):
        log.error("the line failed while it sent", exc_info=error)
        reason = f"the line failed: {type(error).__name__}"
    else:
        raise error
    return Unknown(reason) if given else NotHandedOver(reason)
