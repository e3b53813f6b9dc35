"""How a line is, and what is wrong with it in words that say what to do (MODEM 15). Pure.

One problem at a time, the worst: a list of seven symptoms of a missing SIM helps nobody.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.modem.items import Problem
from textback_pbx.modem.storage import Usage


class Severity(StrEnum):
    """The values of ``health.state``."""

    OK = "ok"
    WARN = "warn"  # texts go out, and somebody should look
    FAIL = "fail"  # nothing goes out


@dataclass(frozen=True, slots=True)
class Words:
    """One problem: how bad, what it is, what to do (empty where the detail says it)."""

    severity: Severity
    what: str
    do: str


_F, _W = Severity.FAIL, Severity.WARN

WORDS: dict[Problem, Words] = {
    Problem.NO_PORT: Words(_F, "the modem cannot be reached", ""),
    Problem.WRONG_STICK: Words(
        _F,
        "another modem is on this port",
        "plug the right one in, or correct modem.imei (without modem.imei: restart the agent to accept the new one)",
    ),
    Problem.WRONG_SIM: Words(
        _F,
        "another SIM is in the modem",
        "put the right one in, or correct modem.iccid (without modem.iccid: restart the agent to accept the new one)",
    ),
    Problem.SILENT: Words(
        _F,
        "the modem does not answer",
        "it is being restarted; if that does not help, pull it out and plug it in again, and check its power supply",
    ),
    Problem.NOT_A_MODEM: Words(
        _F, "what is on this port is no modem for texts", "`textback-pbx modem list` shows which port is the AT port"
    ),
    Problem.NO_SIM: Words(_F, "no SIM is in the modem", "put one in, contacts down, and plug the modem in again"),
    Problem.SIM_FAILED: Words(_F, "the SIM does not work", "clean it, try it in a phone, ask the operator for another"),
    Problem.PIN_WANTED: Words(_F, "the SIM wants its PIN", "set modem.pin, or switch the PIN off in a phone"),
    Problem.PIN_WRONG: Words(
        _F,
        "the SIM refused the PIN; it is not tried again, because the third wrong one locks the card",
        "correct modem.pin, or switch the PIN off in a phone",
    ),
    Problem.PIN_TRIED: Words(
        _F,
        "the PIN was tried and the answer never seen; it is not tried again by itself",
        "check the PIN in a phone (or switch it off there), then `textback-pbx modem allow-pin`",
    ),
    Problem.PUK_WANTED: Words(
        _F, "the SIM is locked and wants its PUK", "put it in a phone and enter the PUK; nothing here ever will"
    ),
    Problem.SETUP_REFUSED: Words(
        _F, "the modem refuses a set-up that texts need", "run `textback-pbx modem probe` and look for another profile"
    ),
    Problem.NO_SMSC: Words(
        _F, "the SIM has no number of a message centre", "set modem.smsc to the operator's, such as +15125550199"
    ),
    Problem.STARTING: Words(_W, "the modem is being set up", "wait some seconds"),
    Problem.DENIED: Words(
        _F,
        "the network denies this SIM",
        "is the SIM active and paid, and is the plan for this kind of modem (voice or M2M with texts)?",
    ),
    Problem.NOT_REGISTERED: Words(
        _F,
        "the modem is not registered in a network",
        "wait a minute; then check the antenna, and whether the operator still has a network this modem knows (2G?)",
    ),
    Problem.READING: Words(_W, "texts that wait on the SIM are read first", "nothing: it takes some seconds"),
    Problem.UNRESOLVED: Words(
        _W, "the answer to the last text is missing; nothing is sent for a while", "nothing: it may still come"
    ),
    Problem.HIDDEN_TEXTS: Words(
        _W,
        "texts lie in a storage that this modem's firmware cannot read back",
        "one may be a STOP: ask the maker for newer firmware; new texts go to a storage that can be read",
    ),
    Problem.NO_SIGNAL: Words(_W, "the signal is very weak", "move the antenna to a window, away from the computer"),
    Problem.STORAGE_FULL: Words(
        _W,
        "the storage for texts is at least 80 % full",
        "look whether texts are taken in; delete old ones with a phone",
    ),
    Problem.NO_REPORTS: Words(
        _W, "this modem passes no status reports on", "'delivered' will never be known; another model would tell"
    ),
    Problem.BROWN_OUTS: Words(
        _W,
        "the modem has restarted by itself",
        "its power is too weak: a powered hub or a 3 A supply; on a Pi `vcgencmd get_throttled` must say 0x0",
    ),
    Problem.NONE: Words(Severity.OK, "works", ""),
}

#: Problems under which nothing is claimed for this line.
BLOCKING = frozenset(
    {problem for problem, words in WORDS.items() if words.severity is Severity.FAIL}
    | {Problem.STARTING, Problem.READING, Problem.UNRESOLVED}
)

_STATS = {0: "not searching", 1: "registered", 2: "searching", 3: "denied", 4: "unknown", 5: "registered, roaming"}
_STATS |= {6: "registered for texts", 7: "registered for texts, roaming"}
REGISTERED = frozenset({1, 5, 6, 7})

#: <AcT> of +COPS? (27.007, 7.3).
_TECHNOLOGY = {0: "GSM", 1: "GSM", 2: "UMTS", 3: "EDGE", 4: "HSDPA", 5: "HSUPA", 6: "HSPA", 7: "LTE", 8: "EC-GSM"}
_TECHNOLOGY |= {9: "NB-IoT", 10: "LTE", 11: "5G", 12: "5G", 13: "5G"}


@dataclass(frozen=True, slots=True)
class Network:
    """What the modem says of the network. ``stat`` by 27.007, 7.2; ``rssi`` 0..31 or 99 by 27.007, 8.5."""

    stat: int | None = None
    operator: str = ""
    technology: str = ""
    rssi: int | None = None

    @property
    def registered(self) -> bool:
        """Whether texts can go."""
        return self.stat in REGISTERED

    @property
    def dbm(self) -> int | None:
        """Signal strength, or ``None`` when it is not known."""
        return None if self.rssi is None or self.rssi > 31 else -113 + 2 * self.rssi


@dataclass(frozen=True, slots=True)
class Health:
    """Everything ``modem status`` shows. Times are ms UTC or ``None``."""

    name: str
    problem: Problem = Problem.STARTING
    detail: str = ""
    since_ms: int = 0
    port: str = ""
    profile: str = ""
    model: str = ""
    imei: str = ""
    iccid: str = ""
    smsc: str = ""
    network: Network = Network()
    storage: str = ""
    usage: Usage | None = None
    reports: bool = True
    last_send_ms: int | None = None
    last_inbound_ms: int | None = None
    credit: str = ""
    last_error: str = ""
    last_error_ms: int | None = None
    restarts: int = 0  # by itself: brown-outs
    resets: int = 0  # by us, because it did not answer

    def figures(self) -> dict[str, str | int | None]:
        """What stands beside the words on the board: what changes often, and of the card its last digits only."""
        usage = self.usage
        return {
            "problem": self.problem.value,
            "model": self.model,
            "profile": self.profile,
            "sim": f"...{self.iccid[-4:]}" if self.iccid else "",
            "registration": stat_words(self.network.stat),
            "operator": self.network.operator,
            "technology": self.network.technology,
            "signal_dbm": self.network.dbm,
            "storage": self.storage,
            "storage_used": None if usage is None else usage.used,
            "storage_size": None if usage is None else usage.size,
            "message_centre": self.smsc,
            "credit": self.credit,
            "last_send_ms": self.last_send_ms,
            "last_inbound_ms": self.last_inbound_ms,
            "last_error": self.last_error,
            "last_error_ms": self.last_error_ms,
            "restarts": self.restarts,
            "resets": self.resets,
        }

    @property
    def severity(self) -> Severity:
        """How bad."""
        return WORDS[self.problem].severity

    @property
    def message(self) -> str:
        """What is wrong and what to do, in one line."""
        words = WORDS[self.problem]
        if self.problem is Problem.NONE:
            return self.summary
        if not words.do:
            return f"{words.what}: {self.detail}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{words.what}{detail}. What to do: {words.do}"

    @property
    def summary(self) -> str:
        """One line about a line that works, without what changes from minute to minute: it goes into the log."""
        network = self.network
        parts = (self.model or "modem", network.operator, network.technology, stat_words(network.stat))
        return ", ".join(part for part in parts if part)


def stat_words(stat: int | None) -> str:
    """A registration status in words."""
    return "not asked yet" if stat is None else _STATS.get(stat, f"status {stat}")


def technology_words(code: int | None) -> str:
    """An access technology in words."""
    return "" if code is None else _TECHNOLOGY.get(code, f"technology {code}")
