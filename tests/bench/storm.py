"""A minute of thousands of events a second through the real session: is it ever dropped, or an event ever missed?"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textback_pbx.calls.items import Connected, Disconnected, Heard, Overflow
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import SystemClock
from textback_pbx.testing.ami_script import Channel, block
from textback_pbx.testing.asterisk import AmiServer

ROOT = Path(__file__).parents[2]
SECONDS, RATE = 60.0, 5_000.0
Say = Callable[[str, str], None]


def real(say: Say) -> None:
    """Play tests/asterisk/test_storm.py for a minute and say its figure."""
    command = [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:logging", "tests/asterisk/test_storm.py"]
    command += ["--override-ini", "addopts=--import-mode=importlib"]
    environment = os.environ | {"TEXTBACK_PBX_STORM_SECONDS": str(SECONDS)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    figure = [line for line in done.stdout.splitlines() if "events in" in line]
    passed = "never dropped, a call in it was heard" if done.returncode == 0 else "NOT PASSED"
    say("storm", f"real Asterisk 22: {(figure or ['no figure'])[0].strip()}; {passed}")


async def simulated(say: Say, seconds: float = SECONDS) -> None:
    """Flood the session from the simulated PBX, which drops a reader slower than 100 ms as Asterisk does."""
    shot = Channel("PJSIP/101-1", "1.1", "1.1", "1", "internal", "101")
    async with AmiServer() as server:
        server.write_timeout = 0.1
        session = AmiSession(AmiSettings(port=server.port, secret="secret"), SystemClock())
        heard, bad = [0], []

        async def listen() -> None:
            while True:
                match await session.items.get():
                    case Heard():
                        heard[0] += 1
                    case Disconnected() | Overflow() as item:
                        bad.append(item)
                    case Connected():
                        pass

        tasks = [asyncio.ensure_future(session.run()), asyncio.ensure_future(listen())]
        await server.wait_login()
        began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
        sent = await server.flood(RATE, seconds, block("Newstate", *shot.headers()))
        await asyncio.sleep(1)
        took = time.monotonic() - began - 1
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    missed = f"{sent - heard[0]} missed, dropped {server.dropped_slow} times, {len(bad)} gaps"
    say("storm", f"simulated PBX: {sent:,} events in {took:.0f} s ({used / took:.0%} of a core with the PBX): {missed}")
