"""What a soak is asked for, and what it tells."""

from collections import Counter
from dataclasses import dataclass, field

DAY_S = 86_400.0


@dataclass(frozen=True)
class Plan:
    """What to simulate."""

    seed: int = 1
    texts: int = 20_000  # each way
    days: float = 30.0
    faults_per_text: float = 0.05

    @property
    def gap_s(self) -> float:
        """The mean time between two things that happen."""
        return self.days * DAY_S / (2 * self.texts)


@dataclass
class Figures:
    """What happened."""

    sent: int = 0
    written: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    stops: int = 0
    mended: int = 0
    states: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    whole_checks: int = 0
    unknowns: int = 0
    on_air: int = 0
    inbound: int = 0
    reports: int = 0
    days: float = 0.0
    seconds: float = 0.0
    memory_mb: float = 0.0
    file_mb: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> list[str]:
        """Say it in lines."""
        kinds = ", ".join(f"{name} {count}" for name, count in self.faults.most_common())
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        days = f"{self.days:.1f} days in {self.seconds:.0f} s"
        out = f"{self.sent} texts out ({self.on_air} parts on the air)"
        asked = f"invariants asked after {self.steps} steps, of the whole file {self.whole_checks} times"
        return [
            f"{days}: {out}, {self.written} in ({self.inbound} on record), {self.reports} status reports",
            f"{sum(self.faults.values())} faults ({kinds}); mended by a person {self.mended} times",
            f"{self.crashes} crashes and {self.stops} orderly stops of the agent",
            f"parts at the end: {states}; unknown on the way {self.unknowns}, each with its task",
            f"{asked}: {len(self.wrong)} broken",
            f"memory {self.memory_mb:.0f} MB with all the network's own records, file {self.file_mb:.0f} MB",
        ]
