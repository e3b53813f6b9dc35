"""What people and their phones do, as small verbs: `rings()`, `answers(after=0.3)`, `gives_up(after=1)`, `parks()`.

A desk's verb is run for each call that reaches its phone; a caller's verb for the call it placed; an office verb is
what somebody does besides, such as fetching a colleague's ringing phone. All times are seconds.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

from tests.asterisk.sip import Agent, Call
from tests.asterisk.wire import AmiWire

Behaviour = Callable[[Call, "Office"], Awaitable[None]]
Doing = Callable[["Office"], Awaitable[None]]
LONGEST = 15.0
SUBSCRIBER_ABSENT = 'Q.850;cause=20;text="Subscriber absent"'
# What a caller's exchange says when another switch connected the call (Q.850 cause 26, RFC 3326).
COMPLETED_ELSEWHERE = 'Q.850;cause=26;text="Non-selected user clearing"'


class Office(Protocol):
    """What a verb can reach: the phones by extension, the manager, and the moments others wait for."""

    phones: dict[int, Agent]
    met: Counter[Behaviour]  # how many calls have met this behaviour in the scenario being played

    @property
    def manager(self) -> AmiWire: ...

    async def reached(self, extension: int) -> Call: ...


async def _first(*events: asyncio.Event, limit: float = LONGEST) -> None:
    """Waits until one of the events is set, or `limit` seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=limit)
    finally:
        for wait in waits:
            wait.cancel()


async def _unless_over(call: Call, seconds: float) -> bool:
    """Lets time pass; False when the call ended meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(call.ended.wait(), seconds)
    return not call.ended.is_set()


def _reason(reason: str) -> tuple[tuple[str, str], ...]:
    return (("Reason", reason),) if reason else ()


# ---- a phone that is called ------------------------------------------------------------------------------------------


def rings() -> Behaviour:
    """Rings until the call goes away."""

    async def behave(call: Call, office: Office) -> None:
        call.ring()
        await _first(call.ended)

    return behave


def answers(after: float = 0.2, talk: float | None = None, then: Behaviour | None = None) -> Behaviour:
    """Rings, answers, does `then`, and hangs up after `talk` seconds (None: the other side hangs up)."""

    async def behave(call: Call, office: Office) -> None:
        call.ring()
        if not await _unless_over(call, after):
            return
        call.answer()
        call.speak()
        if then:
            await then(call, office)
        await _first(call.ended, limit=LONGEST if talk is None else talk)
        await call.hang_up()

    return behave


def refuses(status: int, after: float = 0.0, reason: str = "") -> Behaviour:
    """A final SIP status at once, or after ringing for `after` seconds."""

    async def behave(call: Call, office: Office) -> None:
        if after:
            call.ring()
            await _unless_over(call, after)
        call.refuse(status, *_reason(reason))

    return behave


def dead() -> Behaviour:
    """No power: the phone says nothing at all."""

    async def behave(call: Call, office: Office) -> None:
        call.play_dead()

    return behave


def moved_to(extension: int | str) -> Behaviour:
    """302: the phone itself forwards to another extension."""

    async def behave(call: Call, office: Office) -> None:
        host, port = call.agent.server
        call.refuse(302, ("Contact", f"<sip:{extension}@{host}:{port}>"))

    return behave


def early_media(then: int = 0, after: float = 0.5, reason: str = "") -> Behaviour:
    """183 with audio (a network announcement), then a final status, or nothing more until the call goes away."""

    async def behave(call: Call, office: Office) -> None:
        call.progress()
        call.speak()
        if not then:
            await _first(call.ended)
        elif await _unless_over(call, after):
            call.refuse(then, *_reason(reason))

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first call meets the first behaviour, and so on; the last one stays."""

    async def behave(call: Call, office: Office) -> None:
        office.met[behave] += 1
        await behaviours[min(office.met[behave], len(behaviours)) - 1](call, office)

    return behave


# ---- what somebody does once the call is up --------------------------------------------------------------------------


def presses(*keys: str, after: float = 0.3, between: float = 0.15) -> Behaviour:
    """Keys on the phone's pad."""

    async def behave(call: Call, office: Office) -> None:
        await _first(call.answered)
        await asyncio.sleep(after)
        for key in keys:
            if call.ended.is_set():
                return
            await call.press(key)
            await asyncio.sleep(between)

    return behave


def holds(seconds: float = 0.5) -> Behaviour:
    """Music on hold, and back."""

    async def behave(call: Call, office: Office) -> None:
        await call.hold()
        await _unless_over(call, seconds)
        if not call.ended.is_set():
            await call.hold(on=False)

    return behave


def transfers_to(extension: str) -> Behaviour:
    """The phone's transfer key: REFER, and the desk is out of it."""

    async def behave(call: Call, office: Office) -> None:
        await asyncio.sleep(0.2)
        await call.transfer_to(extension)

    return behave


def asks_then_transfers_to(extension: str) -> Behaviour:
    """Attended: holds the caller, calls the colleague, and joins the two."""

    async def behave(call: Call, office: Office) -> None:
        await call.hold()
        second = call.agent.invite(extension)
        await _first(second.answered, second.ended)
        if second.answered.is_set():
            await call.transfer_to(extension, replaces=second)
            await _first(second.ended, limit=1.0)
            await second.hang_up()
        else:
            await call.hold(on=False)

    return behave


# ---- somebody who calls ----------------------------------------------------------------------------------------------


def waits() -> Behaviour:
    """Stays on the line until it is over."""

    async def behave(call: Call, office: Office) -> None:
        await _first(call.answered, call.ended)
        call.speak()
        await _first(call.ended)
        await call.hang_up()

    return behave


def gives_up(after: float, reason: str = "") -> Behaviour:
    """Hangs up after so many seconds, whatever has happened; `reason` is a Reason header."""

    async def behave(call: Call, office: Office) -> None:
        await _unless_over(call, after)
        await call.hang_up(reason)

    return behave


def talks(seconds: float = 0.4, then: Behaviour | None = None) -> Behaviour:
    """Stays until something answers, does `then`, and hangs up `seconds` later."""

    async def behave(call: Call, office: Office) -> None:
        await _first(call.answered, call.ended)
        call.speak()
        if then and not call.ended.is_set():
            await then(call, office)
        await _unless_over(call, seconds)
        await call.hang_up()

    return behave


# ---- what happens in the office besides ------------------------------------------------------------------------------


def dials(extension: int, number: str, *, when_rings: int = 0, caller: Behaviour | None = None) -> Doing:
    """Somebody at `extension` calls `number`; with `when_rings` as soon as that other desk rings."""

    async def do(office: Office) -> None:
        if when_rings:
            ringing = await office.reached(when_rings)
            await _first(ringing.ringing)
            await asyncio.sleep(0.2)
        await (caller or talks(0.5))(office.phones[extension].invite(number), office)

    return do


def then_dials(extension: int, number: str, *, after: float, caller: Behaviour | None = None) -> Doing:
    """Somebody at `extension` calls `number` so many seconds into the scenario."""

    async def do(office: Office) -> None:
        await asyncio.sleep(after)
        await (caller or talks(0.5))(office.phones[extension].invite(number), office)

    return do


def click_to_call(extension: int, number: str) -> Doing:
    """The address book rings the desk, and then the customer."""

    async def do(office: Office) -> None:
        await office.manager.action(
            "Originate", Channel=f"PJSIP/{extension}", Context="click-to-call", Exten=number, Priority="1",
            CallerID=f"{extension}", Timeout="5000", Async="true",
        )  # fmt: skip
        await asyncio.sleep(1.0)

    return do


def registers(extension: int, *, leaves: bool) -> Doing:
    """A phone logs in; one that `leaves` logs out again before anybody calls."""

    async def do(office: Office) -> None:
        await office.phones[extension].register(60)
        if leaves:
            await office.phones[extension].register(0)

    return do


def command(line: str) -> Doing:
    """A command at the PBX's console, such as setting do-not-disturb."""

    async def do(office: Office) -> None:
        await office.manager.action("Command", Command=line)

    return do
