"""What systemd is told (sd_notify(3)): ready, how it goes, and that the agent is not stuck. Silent without systemd."""

import asyncio
import os
import socket
from collections.abc import Callable

_IDLE_S = 3600.0


def notify(*words: str) -> bool:
    """Send ``KEY=value`` lines to ``$NOTIFY_SOCKET``; False: there is nobody to tell, or he does not listen."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
        try:
            there.connect(f"\0{path[1:]}" if path.startswith("@") else path)
            there.sendall("\n".join(words).encode())
        except OSError:
            return False
    return True


def watchdog_s() -> float | None:
    """Return within how many seconds the watchdog wants to be fed; ``None`` without one (sd_watchdog_enabled(3))."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    return int(usec) / 1e6 if usec.isdigit() and int(usec) > 0 and pid == str(os.getpid()) else None


async def feed(how: Callable[[], str | None]) -> None:
    """Feed the watchdog for ever, three times in its span; not while ``how`` returns ``None``: something hangs."""
    span = watchdog_s()
    said = ""
    while True:
        words = how()
        if words is not None:
            notify(*(["WATCHDOG=1"] if span else []), *([f"STATUS={words}"] if words != said else []))
            said = words
        # The real clock: systemd counts real seconds, whatever clock the agent was given.
        await asyncio.sleep(_IDLE_S if span is None else span / 3)
