"""What a check found: PASS, WARN or FAIL, a sentence, and the fix. Every stage's checks speak in it; pure."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. ``FAIL``: the product does not do its work, or not safely; ``WARN``: it will, but look."""

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer. ``fix`` says what to type or change; empty only for ``PASS``."""

    check: str  # a stable name, like "ami.login" or "modem.sim": documented, and what --json is filtered by
    level: Level
    says: str
    fix: str = ""


def passed(check: str, says: str) -> Finding:
    """Return a finding that needs no fix."""
    return Finding(check, Level.PASS, says)


def warn(check: str, says: str, fix: str) -> Finding:
    """Return a finding to look at."""
    return Finding(check, Level.WARN, says, fix)


def failed(check: str, says: str, fix: str) -> Finding:
    """Return a finding that must be mended."""
    return Finding(check, Level.FAIL, says, fix)
