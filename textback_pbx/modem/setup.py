"""The full set-up of a modem, run after every (re)attach and read back (MODEM 6-9). 27.005, 3; 27.007, 5, 8.

Nothing is assumed from an earlier life: a brown-out resets a modem without a word. What makes the line unusable
is :class:`CannotUse` with its problem; what is only a pity is noted in :class:`Setup`.
"""

import logging
import re
from dataclasses import dataclass

from textback_pbx.clock import Clock
from textback_pbx.modem import profile as profiles
from textback_pbx.modem import storage
from textback_pbx.modem.events import Reply
from textback_pbx.modem.items import Problem
from textback_pbx.modem.lines import Command, FinalKind
from textback_pbx.modem.pin import CannotUse, Pins, unlock
from textback_pbx.modem.profile import Cnmi, Profile
from textback_pbx.modem.session import Session
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.phone import E164

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a set-up found and made. ``cnmi`` is ``None`` when the modem takes none: texts are found by the timer."""

    profile: Profile
    maker: str
    model: str
    revision: str
    imei: str
    iccid: str
    storages: tuple[str, ...]  # that can be read, the preferred one first
    list_all: bool
    cnmi: Cnmi | None
    smsc: str
    multi_link: bool
    hidden: str  # texts in storages that this firmware cannot read: "2 in ME"

    @property
    def reports(self) -> bool:
        """Whether status reports reach us."""
        return self.cnmi is not None and self.cnmi[3] > 0


async def set_up(session: Session, clock: Clock, settings: ModemSettings, pins: Pins | None, pinned: str) -> Setup:
    """Identify, unlock and set up; ``pinned`` is the IMEI and ICCID seen before, or empty.

    Raises :class:`CannotUse`, and what :meth:`Session.command` raises.
    """
    for text in ("ATE0", "AT+CMEE=1"):
        await session.command(Command(text, bare=True))
    maker, model, revision = [await _line(session, text) for text in ("AT+CGMI", "AT+CGMM", "AT+CGMR")]
    imei = _digits(await _line(session, "AT+CGSN"), 14, 17)
    if not imei:
        raise CannotUse(Problem.NOT_A_MODEM, "it answers AT but has no IMEI")
    profile = profiles.detect(model) if settings.profile == "auto" else profiles.load(settings.profile)
    session.timing = profile.timing
    _check("stick", imei, settings.imei, pinned.partition("/")[0], Problem.WRONG_STICK)
    await _power(session)

    def right_card(iccid: str) -> None:
        _check("SIM", iccid, settings.iccid, pinned.partition("/")[2], Problem.WRONG_SIM)

    iccid = await unlock(session, clock, settings, profile, pins=pins, imei=imei, check=right_card)
    cnmi = await _messages(session, profile)
    usable, hidden = await _storages(session, clock, profile)
    smsc = await _smsc(session, settings)
    found = Setup(
        profile=profile,
        maker=maker,
        model=model,
        revision=revision,
        imei=imei,
        iccid=iccid,
        storages=tuple(name for name, _ in usable),
        list_all=all(lists for _, lists in usable),
        cnmi=cnmi,
        smsc=smsc,
        multi_link=profile.multi_link,
        hidden=hidden,
    )
    if (wrong := await read_back(session, found)) is not None:
        raise CannotUse(Problem.SETUP_REFUSED, wrong)
    return found


async def read_back(session: Session, setup: Setup) -> str | None:
    """Read the set-up back; return what is not as it was left, or ``None``. A brown-out shows here (MODEM 8)."""
    mode = await session.command(Command("AT+CMGF?", ("+CMGF",)))
    if not mode.ok or _after_colon(mode) != "0":
        return "it is not in PDU mode"
    memory = await session.command(Command("AT+CPMS?", ("+CPMS",)))
    names = re.findall(r'"(\w+)"', _after_colon(memory))
    if memory.ok and names and set(names) != {setup.storages[0]}:
        return f"its storage is {'/'.join(names)}, not {setup.storages[0]}"
    if setup.cnmi is not None:
        indications = await session.command(Command("AT+CNMI?", ("+CNMI",)))
        values = tuple(int(value) for value in re.findall(r"\d+", _after_colon(indications)))
        if indications.ok and values[:4] != setup.cnmi[:4]:
            return f"AT+CNMI is {','.join(map(str, values))}, not {','.join(map(str, setup.cnmi))}"
    return None


def _check(what: str, found: str, wanted: str | None, seen: str, problem: Problem) -> None:
    """Stop a line whose stick or SIM is not the one it was, or is configured to be (MODEM 6)."""
    expected = wanted or seen
    if expected and found != expected:
        why = "the configuration names" if wanted else "it was"
        raise CannotUse(problem, f"the {what} is {found}, {why} {expected}")


async def _power(session: Session) -> None:
    reply = await session.command(Command("AT+CFUN?", ("+CFUN",)))
    if reply.ok and _after_colon(reply).partition(",")[0] != "1":
        await session.command(Command("AT+CFUN=1"), session.timing.slow)


async def _messages(session: Session, profile: Profile) -> Cnmi | None:
    """PDU mode, no acknowledgements of phase 2+, quiet registration, and indications."""
    if not (await session.command(Command("AT+CMGF=0"))).ok:
        raise CannotUse(Problem.SETUP_REFUSED, "it refuses PDU mode (AT+CMGF=0)")
    quiet = [Command("AT+CSMS=0", ("+CSMS",)), *(Command(f"AT{c}=0") for c in ("+CREG", "+CGREG", "+CEREG"))]
    for command in (*quiet, *profile.extra):
        reply = await session.command(command)
        if not reply.ok:
            log.debug("modem: %s is refused: %s", command.shown, reply.final)
    chosen = await _indications(session, profile)
    if chosen is None and profile.factory_reset:
        for text in ("AT&F", "ATE0", "AT+CMEE=1", "AT+CMGF=0"):
            await session.command(Command(text, bare=True))
        chosen = await _indications(session, profile)
    return chosen


async def _indications(session: Session, profile: Profile) -> Cnmi | None:
    """Try the profile's AT+CNMI values in order, those that AT+CNMI=? excludes left out."""
    test = await session.command(Command("AT+CNMI=?", ("+CNMI",)))
    allowed = ranges(_after_colon(test)) if test.ok else []
    for values in profile.cnmi:
        if len(allowed) == 5 and not all(value in allowed[place] for place, value in enumerate(values)):
            continue
        reply = await session.command(Command("AT+CNMI=" + ",".join(map(str, values))))
        if reply.ok:
            return values
    return None


def ranges(text: str) -> list[set[int]]:
    """Read the value ranges of a test command (V.250, 5.4.4.2.1): ``(0-2),(0,2)``."""
    found = []
    for group in re.findall(r"\(([^()]*)\)", text):
        values: set[int] = set()
        for piece in group.replace(" ", "").split(","):
            low, _, high = piece.partition("-")
            if low.isdigit() and (high or low).isdigit() and int(high or low) - int(low) < 300:
                values.update(range(int(low), int(high or low) + 1))
        found.append(values)
    return found


async def _storages(session: Session, clock: Clock, profile: Profile) -> tuple[list[tuple[str, bool]], str]:
    """Find the storages that can be read, each with whether it can list; leave the preferred one selected.

    Second: what lies in storages that cannot be read.
    """
    for attempt in range(10):
        test = await session.command(Command("AT+CPMS=?", ("+CPMS",)), session.timing.slow)
        if test.ok:
            break
        if test.final.kind is FinalKind.ERROR or attempt == 9:
            raise CannotUse(Problem.SETUP_REFUSED, f"it names no storage for texts: {test.final}")
        await clock.sleep(1.0)  # a SIM that was just unlocked is busy for some seconds
    listed = set(re.findall(r'"(\w+)"', _after_colon(test).partition(")")[0]))
    preferred = [name for name in profile.storage if name in listed]
    others = [name for name in ("ME", "SM") if name in listed and name not in preferred]
    usable: list[tuple[str, bool]] = []
    hidden: list[str] = []
    for name in (*preferred, *others):
        usage = await storage.select(session, name)
        if usage is None:
            continue
        lists = await storage.readable(session, list_all=profile.list_all)
        if lists is not None:
            usable.append((name, lists))
        elif usage.used:
            hidden.append(f"{usage.used} in {name}")
    if not usable:
        raise CannotUse(Problem.SETUP_REFUSED, "none of its storages can be read")
    await storage.select(session, usable[0][0])
    return usable, ", ".join(hidden)


async def _smsc(session: Session, settings: ModemSettings) -> str:
    """Read the service centre's number; write the configured one where the SIM has none or another."""
    number = await _read_smsc(session)
    if settings.smsc and number != settings.smsc:
        if not E164.fullmatch(settings.smsc):
            raise CannotUse(Problem.NO_SMSC, "modem.smsc is no E.164 number")
        await session.command(Command(f'AT+CSCA="{settings.smsc}",145'), session.timing.slow)
        number = await _read_smsc(session)
    return number


async def _read_smsc(session: Session) -> str:
    reply = await session.command(Command("AT+CSCA?", ("+CSCA",)), session.timing.slow)
    match = re.match(r'"([^"]*)"', _after_colon(reply))
    return match[1] if match else ""


async def _line(session: Session, text: str) -> str:
    """The one line a bare query answers with, without its prefix where a model adds one."""
    prefix = text.removeprefix("AT")
    reply = await session.command(Command(text, (prefix,), bare=True))
    first = reply.lines[0] if reply.ok and reply.lines else ""
    return first.removeprefix(f"{prefix}:").strip().strip('"')[:80]


def _after_colon(reply: Reply) -> str:
    return reply.lines[-1].partition(":")[2].strip() if reply.lines else ""


def _digits(text: str, low: int, high: int) -> str:
    match = re.search(rf"(?<!\d)\d{{{low},{high}}}(?!\d)", text)
    return match[0] if match else ""
