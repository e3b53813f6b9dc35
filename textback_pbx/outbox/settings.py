"""The outbox's settings, with the product's defaults."""

from dataclasses import dataclass, field

from textback_pbx.clock import MINUTE_MS
from textback_pbx.outbox.budget import Budget
from textback_pbx.outbox.refusals import Retries
from textback_pbx.outbox.reports import Rules


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How the outbox sends.

    ``grace_s``: how long a send that has begun may go on when the agent is told to stop, seconds; the service
    manager must wait longer. ``confirmation_ms``: how long the confirmation of a STOP is still sent.
    ``validity_minutes``: how long the network goes on trying to reach the phone (TP-VP). ``look_s``: how soon a
    line that cannot send, a hold, or a disk that cannot be written is looked at again without a wake-up;
    ``idle_look_s`` the same when nothing is wrong (another program may have put a text in). ``dry_run``: nothing but
    an installer's test leaves, whoever put it in and whenever.
    """

    budget: Budget = field(default_factory=Budget)
    retries: Retries = field(default_factory=Retries)
    reports: Rules = field(default_factory=Rules)
    validity_minutes: int = 24 * 60
    confirmation_ms: int = 5 * MINUTE_MS
    grace_s: float = 20.0
    look_s: float = 15.0
    idle_look_s: float = 60.0
    longest_rest_s: float = 900.0
    dry_run: bool = False
