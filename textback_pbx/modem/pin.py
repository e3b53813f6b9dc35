"""The SIM and its PIN: one attempt per card and PIN, ever (MODEM 7; 27.007, 8.3). Three wrong ones lock a SIM.

The attempt is written to disk before it is made. What was once accepted may be used again; what was refused, or
tried without anybody seeing the answer, is never tried again by the machine.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.clock import Clock
from textback_pbx.modem.items import Problem
from textback_pbx.modem.lines import Command
from textback_pbx.modem.profile import Profile
from textback_pbx.modem.session import Session
from textback_pbx.modem.settings import ModemSettings

#: +CPIN answers (27.007, 8.3) that are neither READY nor SIM PIN.
_OTHER_LOCKS = {"SIM PUK": Problem.PUK_WANTED, "SIM PIN2": None, "SIM PUK2": None}
#: +CME ERROR (27.007, 9.2.1) of AT+CPIN?.
_SIM_ERRORS = {10: Problem.NO_SIM, 12: Problem.PUK_WANTED, 13: Problem.SIM_FAILED, 15: Problem.SIM_FAILED}
_BUSY = 14


class CannotUse(Exception):
    """The line cannot work as things are; ``problem`` names it, the message has the detail."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


class PinResult(StrEnum):
    """What became of an attempt; the values of ``pin_attempts.result``."""

    TRIED = "tried"  # written before it is made; stands when nobody saw the answer
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Pins:
    """How attempts are remembered; ``begin`` returns after the disk has it.

    ``begin(iccid, pin)`` returns ``None`` when the attempt may be made, or what became of the earlier one.
    """

    begin: Callable[[str, str], Awaitable[PinResult | None]]
    settle: Callable[[str, str, PinResult], Awaitable[None]]


async def unlock(
    session: Session,
    clock: Clock,
    settings: ModemSettings,
    profile: Profile,
    *,
    pins: Pins | None,
    imei: str,
    check: Callable[[str], None],
) -> str:
    """Bring the SIM to READY and return its ICCID; raises :class:`CannotUse`, and what ``check`` raises of the ICCID.

    Another's card is told before the PIN is tried where it can be: that would cost it one of its three tries.
    """
    state = await _state(session, clock)
    iccid = await _iccid(session, profile)
    if state == "SIM PIN":
        if iccid:
            check(iccid)
        await _enter(session, clock, settings, pins, iccid or f"imei-{imei}")
        iccid = iccid or await _iccid(session, profile)
    elif _OTHER_LOCKS.get(state, Problem.SIM_FAILED) is not None and state != "READY":
        problem = _OTHER_LOCKS.get(state) or Problem.SIM_FAILED
        raise CannotUse(problem, f"the SIM says {state}")
    card = iccid or await _imsi(session)
    if not card:
        raise CannotUse(Problem.SIM_FAILED, "neither its ICCID nor its IMSI can be read")
    check(card)
    return card


async def _state(session: Session, clock: Clock) -> str:
    """Ask +CPIN?; a SIM that is busy (or not yet seen after power-up) is asked again for a while."""
    for _ in range(10):
        reply = await session.command(Command("AT+CPIN?", ("+CPIN",)), session.timing.slow)
        if reply.ok and reply.lines:
            return reply.lines[-1].partition(":")[2].strip()
        if reply.final.code != _BUSY:
            break
        await clock.sleep(1.0)
    problem = _SIM_ERRORS.get(reply.final.code if reply.final.code is not None else -1)
    raise CannotUse(problem or Problem.SIM_FAILED, f"AT+CPIN? says {reply.final}")


async def _enter(session: Session, clock: Clock, settings: ModemSettings, pins: Pins | None, iccid: str) -> None:
    pin = settings.pin
    if pin is None or pins is None:
        raise CannotUse(Problem.PIN_WANTED, "the SIM wants its PIN and none is configured")
    if not re.fullmatch(r"[0-9]{4,8}", pin, re.ASCII):
        raise CannotUse(Problem.PIN_WANTED, "the configured PIN is not 4 to 8 digits")
    before = await pins.begin(iccid, pin)
    if before is PinResult.REFUSED:
        raise CannotUse(Problem.PIN_WRONG, "this PIN was refused before")
    if before is PinResult.TRIED:
        raise CannotUse(Problem.PIN_TRIED, "this PIN was tried once and nobody saw the answer")
    reply = await session.command(Command(f'AT+CPIN="{pin}"', secret=True), session.timing.slow)
    await pins.settle(iccid, pin, PinResult.ACCEPTED if reply.ok else PinResult.REFUSED)
    if not reply.ok:
        raise CannotUse(Problem.PIN_WRONG, f"the SIM refused the PIN ({reply.final})")
    for _ in range(10):
        if await _state(session, clock) == "READY":
            return
        await clock.sleep(1.0)


async def _iccid(session: Session, profile: Profile) -> str:
    for command in profile.iccid:
        reply = await session.command(command)
        # 19 or 20 digits (ITU-T E.118), from some modems with a filler F.
        match = re.search(r"(?<![0-9A-F])(89[0-9]{16,18})F?(?![0-9])", " ".join(reply.lines)) if reply.ok else None
        if match:
            return match[1]
    return ""


async def card_in(session: Session, profile: Profile, known: str) -> str:
    """Return the SIM that is in now, by the kind of name ``known`` is; empty while none can be read."""
    return await (_imsi(session) if known.startswith("imsi-") else _iccid(session, profile))


async def _imsi(session: Session) -> str:
    """A SIM whose ICCID no command reads is known by its IMSI instead."""
    reply = await session.command(Command("AT+CIMI", ("+CIMI",), bare=True), session.timing.slow)
    match = re.search(r"\d{14,15}", " ".join(reply.lines)) if reply.ok else None
    return "" if match is None else f"imsi-{match[0]}"
