"""What is wrong with a modem, as findings with their fixes: for ``doctor``, ``modem status`` and anybody else who asks.

:func:`look` asks a modem itself and needs its port, so no agent may run on it; it sends no text, tries no PIN and
deletes nothing. The rest judges what was seen, and never opens a port.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace

from textback_pbx.clock import Clock
from textback_pbx.findings import Finding, Level, failed, passed, warn
from textback_pbx.modem import finding, holders
from textback_pbx.modem.finding import Candidate, Unusable
from textback_pbx.modem.health import WORDS, Health, Severity, stat_words
from textback_pbx.modem.items import Problem
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.settings import ModemSettings

_LEVELS = {Severity.OK: Level.PASS, Severity.WARN: Level.WARN, Severity.FAIL: Level.FAIL}
_LIST = "textback-pbx modem list shows what is plugged in and who holds it"
#: Problems in which the SIM and the network were not asked (yet).
_BEFORE_THE_SIM = {
    Problem.STARTING,
    Problem.NO_PORT,
    Problem.WRONG_STICK,
    Problem.SILENT,
    Problem.NOT_A_MODEM,
    Problem.SETUP_REFUSED,
}
_SIM = {Problem.WRONG_SIM, Problem.NO_SIM, Problem.SIM_FAILED, Problem.PIN_WANTED, Problem.PIN_WRONG}
_SIM |= {Problem.PIN_TRIED, Problem.PUK_WANTED}


async def look(settings: ModemSettings, clock: Clock, *, seconds: float = 60.0) -> Health:
    """Set the modem up and look once at its SIM, network and storage; returns how it is after ``seconds`` at most."""
    log = logging.getLogger("textback_pbx.modem")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it would say is in the answer
    modem = Modem(replace(settings, pin=None), clock)
    try:
        async with asyncio.TaskGroup() as group:
            owner = group.create_task(modem.run())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while modem.health.problem is Problem.STARTING:
                        await modem.next_item()
            for _ in range(60):  # the operator's name comes a moment later, where it comes at all
                if modem.health.network.operator or not modem.health.network.registered:
                    break
                await asyncio.sleep(0.05)
            health = modem.health
            owner.cancel()
    finally:
        log.setLevel(level)
    return health


def of_health(health: Health, name: str = "modem") -> list[Finding]:
    """Say what was seen of one modem, aspect by aspect: the port, the SIM, the network, the storage, the power."""
    problem, words = health.problem, WORDS[health.problem]
    detail = f" ({health.detail})" if health.detail and words.do else f": {health.detail}" if health.detail else ""
    found = Finding(f"{name}.{problem}", _LEVELS[words.severity], words.what + detail, words.do or _LIST)
    if problem in _BEFORE_THE_SIM:
        return [found]
    port = passed(f"{name}.port", f"{health.model or 'the modem'} answers on {health.port}")
    if problem in _SIM:
        return [port, found]
    aspects = [port, *_sim_and_network(health, name), *_quality(health, name)]
    # What nothing above has said: a wait that is over in seconds, texts nobody can read, a restart.
    said = {one.check for one in aspects if one.level is not Level.PASS}
    own = _ASPECTS.get(problem, problem.value)
    return aspects if problem is Problem.NONE or f"{name}.{own}" in said else [*aspects, found]


#: Under which aspect a problem is said.
_ASPECTS = {
    Problem.NO_SMSC: "message_centre",
    Problem.DENIED: "network",
    Problem.NOT_REGISTERED: "network",
    Problem.NO_SIGNAL: "signal",
    Problem.STORAGE_FULL: "storage",
    Problem.NO_REPORTS: "reports",
    Problem.BROWN_OUTS: "power",
}


def _judged(check: str, problem: Problem, wrong: bool, says: str) -> Finding:
    """One aspect: what was seen of it, or what is wrong with it and what to do."""
    words = WORDS[problem]
    return Finding(check, _LEVELS[words.severity], f"{words.what}: {says}", words.do) if wrong else passed(check, says)


def _sim_and_network(health: Health, name: str) -> list[Finding]:
    network = health.network
    place = ", ".join(text for text in (stat_words(network.stat), network.operator, network.technology) if text)
    denied = Problem.DENIED if network.stat == 3 else Problem.NOT_REGISTERED
    return [
        passed(f"{name}.sim", f"the SIM ...{health.iccid[-4:]} is ready"),
        _judged(f"{name}.message_centre", Problem.NO_SMSC, not health.smsc, health.smsc or "none on the SIM"),
        _judged(f"{name}.network", denied, not network.registered, place),
    ]


def _quality(health: Health, name: str) -> list[Finding]:
    dbm, usage = health.network.dbm, health.usage
    weak = health.problem is Problem.NO_SIGNAL or (dbm is not None and dbm <= -107)
    full = usage is not None and usage.used >= 0.8 * usage.size > 0
    found = [_judged(f"{name}.signal", Problem.NO_SIGNAL, weak, "not known" if dbm is None else f"{dbm} dBm")]
    if usage is not None:
        says = f"{usage.used} of {usage.size} places in {health.storage} are taken"
        found.append(_judged(f"{name}.storage", Problem.STORAGE_FULL, full, says))
    reports = "status reports reach us" if health.reports else "no status report reaches us"
    found.append(_judged(f"{name}.reports", Problem.NO_REPORTS, not health.reports, reports))
    restarts = f"{health.restarts} restarts by itself, {health.resets} by us"
    found.append(_judged(f"{name}.power", Problem.BROWN_OUTS, health.problem is Problem.BROWN_OUTS, restarts))
    return found


def of_note(name: str, state: str, message: str) -> Finding:
    """Turn what a running agent noted about a modem into a finding."""
    says, _, fix = message.partition(". What to do: ")
    level = {"ok": Level.PASS, "warn": Level.WARN}.get(state, Level.FAIL)
    return Finding(name, level, says, fix or ("" if level is Level.PASS else _LIST))


# the machine around it ---------------------------------------------------------------------------------------


def of_machine(
    port: str,
    candidates: Sequence[Candidate] | None = None,
    sticks: Sequence[Unusable] | None = None,
    *,
    manager: bool | None = None,
    rules: bool | None = None,
) -> list[Finding]:
    """Look at what is plugged in and who else wants it, without opening anything; ``None``: look for it here.

    ``manager``: ModemManager runs; ``rules``: our udev rules keep it off our sticks.
    """
    there = finding.candidates() if candidates is None else candidates
    found = [
        failed("modem.stick", f"{stick.usb_id} {stick.product}: {stick.why}".strip(), "use a stick with an AT port")
        for stick in (finding.unusable() if sticks is None else sticks)
    ]
    wrong = next((one for one in there if port in (one.port, one.device) and one.hint.startswith("not the")), None)
    if wrong is not None:
        says = f"{port} is interface {wrong.interface:02d} of the stick, {wrong.hint}"
        found.append(failed("modem.interface", says, "set modem.port to the one that `textback-pbx modem list` marks"))
    if not (holders.modem_manager_runs() if manager is None else manager):
        found.append(passed("modem.manager", "no ModemManager runs"))
    elif holders.rules_installed() if rules is None else rules:
        found.append(passed("modem.manager", "ModemManager runs, and our udev rules keep it off the sticks they name"))
    else:
        fix = (
            "sudo systemctl disable --now ModemManager, or install hardware/99-textback-pbx.rules and plug it in again"
        )
        found.append(warn("modem.manager", "ModemManager runs, and opens every modem it finds", fix))
    return found


def of_throttled(text: str) -> Finding | None:
    """Read what a Raspberry Pi's ``vcgencmd get_throttled`` says: bits 0 and 16 are under-voltage, now and ever."""
    digits = text.strip().removeprefix("throttled=")
    try:
        bits = int(digits, 16)
    except ValueError:
        return None
    fix = "a 3 A supply with a short cable, and a powered hub for the stick"
    if bits & 0x1:
        return failed("modem.supply", f"the Pi's supply is too weak now ({digits}): modems restart by themselves", fix)
    if bits & 0x10000:
        return warn("modem.supply", f"the Pi's supply was too weak since it started ({digits})", fix)
    return passed("modem.supply", f"the Pi's supply held since it started ({digits})")


async def supply() -> list[Finding]:
    """Ask a Raspberry Pi how its supply is; nothing on other machines."""
    program = shutil.which("vcgencmd")
    if program is None:
        return []
    process = await asyncio.create_subprocess_exec(program, "get_throttled", stdout=asyncio.subprocess.PIPE)
    found = of_throttled((await process.communicate())[0].decode("ascii", "replace"))
    return [] if found is None else [found]
