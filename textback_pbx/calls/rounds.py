"""What the session asks a PBX while it listens: the live channels, the phones' states, what the account may do.

All of it is asked with ``write = reporting``; what a PBX has not (an action of a module that is not loaded) is not
asked for again. No answer is trusted further than a name and a word.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from textback_pbx.calls.channels import UP
from textback_pbx.calls.kinds import Snapshot
from textback_pbx.calls.settings import AmiSettings

Ask = Callable[[dict[str, str]], Awaitable[list[Any]]]

#: The name of the UserEvent that tests itself; the dialplan never sends it.
OWN_EVENT = "TextbackSelfTest"
_MAX_DEVICES = 5_000
#: An application has answered a caller: so soon the PBX is asked which one (the dialplan class is not needed for it).
LOOK_AFTER_S = 1.5
_LOOK_REST_S = 5.0


class Timetable:
    """When something is due: first after ``first`` seconds, then after twice the time, up to ``cap``."""

    def __init__(self, now: float, first: float, cap: float) -> None:
        self._step, self._cap = first, cap
        self.next = now + first
        self._last = -math.inf

    def hasten(self, now: float, first: float) -> None:
        """Something happened that is worth a look: begin anew with ``first`` seconds, unless the last look is fresh."""
        at = max(now + first, self._last + _LOOK_REST_S)
        if at < self.next:
            self._step, self.next = first, at

    def due(self, now: float) -> bool:
        """Whether it is due now; if so, the next time is set."""
        if now < self.next:
            return False
        self._step = min(self._cap, self._step * 2)
        self._last, self.next = now, now + self._step
        return True


def of(settings: AmiSettings, may: frozenset[str], now: float) -> tuple[Timetable, Timetable]:
    """When the live channels and the phones are looked at; phones at once, and never where the PBX cannot tell."""
    roll = Timetable(now, min(settings.roll_first_s, settings.roll_s), settings.roll_s)
    every = settings.devices_s if "devicestatelist" in may else math.inf
    phones = Timetable(now, every, every)
    if math.isfinite(every):
        phones.next = now
    return roll, phones


def warnings(core: Any, channels: Any, about: Any) -> tuple[str, ...]:
    """What the account may not ask at the login, in words."""
    found = []
    if not (core.success and channels.success):
        found.append(
            "this account may not ask for the live channels: give it write = reporting in manager.conf, "
            "or calls under way while the agent reconnects are lost"
        )
    if not about.success:
        found.append("this account may not ask for the system's name (CoreSettings)")
    return tuple(found)


async def may(ask: Ask) -> frozenset[str]:
    """The actions this account may use, in lower case (ListCommands tells only those)."""
    answer = (await ask({"Action": "ListCommands"}))[0]
    return frozenset(str(key).lower() for key in answer) if answer.success else frozenset()


async def devices(ask: Ask) -> Mapping[str, str] | None:
    """Device -> state, or None when the PBX does not tell."""
    answer, *listed = await ask({"Action": "DeviceStateList"})
    if not answer.success:
        return None
    told = ((str(one.device)[:80], str(one.state)[:20]) for one in listed[:_MAX_DEVICES])
    return {device: state for device, state in told if device}


def answered(shot: Snapshot) -> bool:
    """Whether this is a call's first channel, and up: somebody or something has answered."""
    return shot.state == UP and shot.uniqueid == shot.linkedid


def is_own_event(block: bytes) -> bool:
    """Whether a raw block is the UserEvent that tests itself."""
    return block.startswith(b"Event: UserEvent") and b"\nUserEvent: " + OWN_EVENT.encode() in block
