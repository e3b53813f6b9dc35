"""The phones and trunks as the PBX sees them: which are not registered, and since when, as far as it was seen; pure.

A phone that is not registered leaves no trace in a call (no leg is made), so this is the only evidence of it. The
states come from DeviceStateList, asked for now and then; ``since`` is the first look that showed it, and None when it
was so at the very first look.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from textback_pbx.calls.trunks import NOT_A_PERSON, technology

#: Device states (Asterisk's words) in which a phone or trunk cannot be called.
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
_NO_DEVICE = NOT_A_PERSON | {"queue", "custom", "confbridge", "meetme", "park", "parking", "mwi", "ccss", "presence"}
_MAX_TOLD = 20


@dataclass(frozen=True, slots=True)
class Away:
    """One phone or trunk that cannot be called. ``since_ms`` None: since before it was first looked at."""

    phone: str
    since_ms: int | None

    def as_fact(self) -> dict[str, object]:
        """As the call's facts keep it."""
        return {"phone": self.phone, "since_ms": self.since_ms}


class Phones:
    """The devices of one PBX."""

    def __init__(self) -> None:
        self._away: dict[str, int | None] | None = None

    def look(self, states: Mapping[str, str], at_ms: int) -> None:
        """Take one whole list of device states, seen at ``at_ms``."""
        first = self._away is None
        before = self._away or {}
        away = sorted(name for name, state in states.items() if state.upper() in AWAY and is_device(name))
        self._away = {name: before.get(name, None if first else at_ms) for name in away}

    def away(self) -> tuple[Away, ...]:
        """Those that cannot be called now, the most lately gone first."""
        gone = [Away(name, since_ms) for name, since_ms in (self._away or {}).items()]
        gone.sort(key=lambda one: (-(one.since_ms or 0), one.phone))
        return tuple(gone[:_MAX_TOLD])


def is_device(name: str) -> bool:
    """Whether a device's name is that of a phone or a trunk: ``PJSIP/109``, no queue, no Local, no lamp."""
    kind = technology(name)
    return "/" in name and kind.partition(":")[0] not in _NO_DEVICE
