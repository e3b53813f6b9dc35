"""``make soak``: the simulated month in full, and its figures. Ends with status 1 when an invariant broke.

``--seed N`` (1), ``--texts N`` each way (20000), ``--days D`` (30), ``--faults F`` a text (0.05); several seeds run
after each other. ``--pty N`` texts each way go through a real pty, in real time, at the end (200; 0 leaves it out).
"""

import argparse
import asyncio
import logging
import selectors
import sys
import tempfile
from pathlib import Path

from tests.soak.month import Month
from tests.soak.over_pty import over_pty
from tests.soak.plan import Figures, Plan
from tests.soak.rig import rigged

#: Seconds between texts, texts an hour and a day: 20,000 a month is 667 a day.
BUDGET = (3, 60, 1_000)


async def month(plan: Plan, folder: Path) -> Figures:
    """Play one month in ``folder``."""
    async with rigged(folder, budget=BUDGET, radio_s=2.0, report_s=5.0, journal=False, pinned=True) as rig:
        return await Month(rig, plan).run()


def in_memory() -> str | None:
    """A folder in memory, where there is such a file system: a month of commits is not about the disk's speed."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class _Deaf(selectors.DefaultSelector):
    """Asks the kernel for nothing while there is work: on a manual clock that saves a third of the time."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return [] if timeout == 0 else super().select(timeout)


def deaf_loop() -> asyncio.AbstractEventLoop:
    """An event loop for a month in which nothing outside the process happens."""
    return asyncio.SelectorEventLoop(_Deaf())


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--pty", type=int, default=200)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    broken = 0
    for seed in options.seed:
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
            plan = Plan(seed, options.texts, options.days, options.faults)
            with asyncio.Runner(loop_factory=deaf_loop) as runner:
                figures = runner.run(month(plan, Path(folder)))
        print(f"soak, seed {seed}\n  " + "\n  ".join([*figures.words(), *figures.wrong]), flush=True)
        broken += len(figures.wrong)
    if options.pty:
        with tempfile.TemporaryDirectory() as folder:
            seen = asyncio.run(over_pty(Path(folder), options.pty))
        print("  " + "\n  ".join([seen.words(), *seen.wrong]), flush=True)
        broken += len(seen.wrong)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
