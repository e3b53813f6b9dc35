"""The list of checks, and how they are run: each by itself, with a deadline, so that one that hangs hides no other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from textback_pbx.config import Settings
from textback_pbx.doctor import host, modem, office, pbx, staff
from textback_pbx.findings import Finding, failed

Check = Callable[[Settings], Awaitable[list[Finding]]]

#: What is looked at, in the order in which an installer would: the machine, the files, the PBX, the modem, the office.
CHECKS: Mapping[str, Check] = {
    "clock": host.clock,
    "disk": host.disk,
    "database": host.database,
    "pbx": pbx.pbx,
    "cdr": pbx.records,
    "modem": modem.modem,
    "consent": office.policy,
    "texts": office.texts,
    "backup": office.copies,
    "webhooks": office.endpoints,
    "notify": staff.addresses,
}

_DEADLINE_S = 60.0


async def examine(settings: Settings, checks: Mapping[str, Check] = CHECKS) -> AsyncIterator[Finding]:
    """Run the checks one after the other and yield what each finds."""
    for name, check in checks.items():
        for finding in await _one(name, check, settings):
            yield finding


async def _one(name: str, check: Check, settings: Settings) -> list[Finding]:
    try:
        async with asyncio.timeout(_DEADLINE_S):
            return await check(settings)
    except TimeoutError:
        return [failed(name, f"no answer within {_DEADLINE_S:.0f} s", "something hangs: look at the log, or restart")]
    except PermissionError as error:
        says = f"{error.filename} is closed to this user"
        return [
            failed(name, says, "run it as root: sudo textback-pbx doctor; if that was root, mend its owner and mode")
        ]
    except Exception as error:  # noqa: BLE001 - a part in a state nobody thought of must not hide the others
        says = f"this could not be looked at: {type(error).__name__}: {error}"
        return [failed(name, says, "look at the part it names; if that is sound, report this line as a bug")]
