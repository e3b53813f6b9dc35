"""Plays a scenario on a running Asterisk: opens the phones, lets people do what they do, and keeps what AMI said."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.asterisk.people import Behaviour, rings
from tests.asterisk.scenarios import Caller, Expected, Scenario
from tests.asterisk.server import CHAN_SIP_PORT, DESKS, SIP_PORT, Asterisk
from tests.asterisk.sip import Agent, Call
from tests.asterisk.wire import AmiWire

CARRIER = 2
OLD_CARRIER = 3  # speaks to chan_sip
MOBILE_NETWORK = 0  # the key under which a scenario says what the carrier does with a call we send out
SETTLE = 0.15
LIMIT = 25.0


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A customer call of a recording, in order, beside what a person would say of it."""

    uniqueid: str
    caller: str
    dialled: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class Recording:
    """What two manager accounts saw of one scenario."""

    scenario: Scenario
    minimal: bytes
    full: bytes
    calls: tuple[SeenCall, ...]


@dataclass(slots=True)
class Bench:
    """The phones and the recorder around one Asterisk. Use it as `async with Bench(asterisk) as bench`."""

    asterisk: Asterisk
    phones: dict[int, Agent] = field(default_factory=dict)
    met: Counter[Behaviour] = field(default_factory=Counter)
    _minimal: AmiWire | None = None
    _full: AmiWire | None = None
    _desks: dict[int, Behaviour] = field(default_factory=dict)
    _reached: dict[int, asyncio.Future[Call]] = field(default_factory=dict)

    @property
    def manager(self) -> AmiWire:
        """The recorder's own account, which may do anything."""
        assert self._full
        return self._full

    async def __aenter__(self) -> Self:
        await self.open_phones()
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open_phones(self) -> None:
        """Every phone of the office and the carrier, each on its own address."""
        old = {OLD_CARRIER, 201, 202} if self.asterisk.has_chan_sip else set()
        for extension in (CARRIER, *DESKS, 106, *old):
            port = CHAN_SIP_PORT if extension in old else SIP_PORT
            server = (self.asterisk.host, port)
            agent = await Agent.open(self.asterisk.address_of(extension), server, str(extension))
            agent.on_call = self._on_call_for(extension)
            self.phones[extension] = agent

    async def connect(self) -> None:
        """Logs both recorder accounts in; again after a restart of Asterisk."""
        one = self.asterisk
        self._minimal = await AmiWire.open(one.host, one.port, one.user, one.secret)
        self._full = await AmiWire.open(one.host, one.port, "recorder", one.recorder_secret)

    async def disconnect(self) -> None:
        """Logs the recorder out."""
        for wire in (self._minimal, self._full):
            if wire:
                await wire.close()
        self._minimal = self._full = None

    async def close(self) -> None:
        """Ends the phones and the recorder."""
        for agent in self.phones.values():
            await agent.close()
        await self.disconnect()

    async def reached(self, extension: int) -> Call:
        """The first call that reaches this desk: in the scenario being played, or in the next one."""
        future = self._reached.setdefault(extension, asyncio.get_running_loop().create_future())
        return await asyncio.wait_for(asyncio.shield(future), LIMIT)

    async def run(self, scenario: Scenario) -> Recording:
        """Plays it from first ring to last hang-up. Raises RuntimeError when the bench itself went wrong."""
        assert self._minimal
        assert self._full
        self._desks = dict(scenario.phones)
        self._reached = {key: future for key, future in self._reached.items() if not future.done()}
        self.met.clear()
        for doing in scenario.before:
            await doing(self)
        marks = (self._minimal.mark(), self._full.mark())
        async with asyncio.timeout(LIMIT * 2), asyncio.TaskGroup() as people:
            for caller in scenario.callers:
                people.create_task(self._call(caller))
            for doing in scenario.office:
                people.create_task(doing(self))
        if not await self._full.until_quiet(SETTLE, LIMIT):
            raise RuntimeError(f"{scenario.name}: channels are left: {self.asterisk.cli('core show channels')}")
        await self._minimal.until_quiet(SETTLE / 3, LIMIT)
        for doing in scenario.after:
            await doing(self)
        self._raise_failures(scenario)
        minimal, full = self._minimal.since(marks[0]), self._full.since(marks[1])
        return Recording(scenario, minimal, full, _customer_calls(scenario, full))

    async def storm(self, calls: int, at_once: int, exten: str = "5099") -> list[float]:
        """Places many short unanswered calls; gives each call's end as the loop's time, in the order they were placed.

        Caller N is +1 512 555 0101 and on (0100 is the office's own), so at most 99 differ; the desk rings for a second
        and nobody answers.
        """
        self._desks = {101: rings()}
        gate = asyncio.Semaphore(at_once)

        async def one(number: int) -> float:
            async with gate:
                call = self.phones[CARRIER].invite(exten, f"+15125550{101 + number % 99}")
                await asyncio.wait_for(call.ended.wait(), LIMIT)
                return asyncio.get_running_loop().time()

        return list(await asyncio.gather(*(one(number) for number in range(calls))))

    async def _call(self, caller: Caller) -> None:
        await asyncio.sleep(caller.after)
        if caller.iax:
            await self._call_over_iax(caller)
            return
        agent = self.phones[OLD_CARRIER if caller.old_driver else CARRIER]
        call = agent.invite(caller.dials, caller.shown or caller.number, caller.name, caller.headers)
        await caller.does(call, self)

    async def _call_over_iax(self, caller: Caller) -> None:
        """Asterisk calls itself over IAX2: one half plays the carrier, the other is the trunk the call comes in by."""
        await self.manager.action(
            "Originate", Channel=f"IAX2/carrier@{self.asterisk.host}/{caller.dials}", Application="Wait",
            Data=str(caller.iax), CallerID=caller.number, Timeout=str(int(caller.iax * 1000)), Async="true",
        )  # fmt: skip
        await asyncio.sleep(0.5)

    def _on_call_for(self, extension: int):
        async def on_call(call: Call) -> None:
            key = MOBILE_NETWORK if extension in {CARRIER, OLD_CARRIER} else extension
            future = self._reached.setdefault(key, asyncio.get_running_loop().create_future())
            if not future.done():
                future.set_result(call)
            await self._desks.get(key, rings())(call, self)

        return on_call

    def _raise_failures(self, scenario: Scenario) -> None:
        for extension, agent in self.phones.items():
            if agent.failures:
                failures, agent.failures = agent.failures, []
                raise RuntimeError(f"{scenario.name}: phone {extension} failed") from failures[0]


def _customer_calls(scenario: Scenario, full: bytes) -> tuple[SeenCall, ...]:
    """The root channels that entered from the carrier, matched in order with the callers who are to be judged."""
    roots: list[tuple[str, str, str]] = []
    for block in full.decode("utf-8", "replace").split("\r\n\r\n"):
        headers = dict(re.findall(r"^([^:\r\n]+): ?(.*)$", block.replace("\r", ""), re.MULTILINE))
        entered = headers.get("Event") == "Newchannel" and headers.get("ChannelState") in {"4", "0"}
        if entered and headers.get("Context") == "from-trunk" and headers["Exten"] not in {"", "s"}:
            roots.append((headers["Uniqueid"], headers["CallerIDNum"], headers["Exten"]))
    judged = [caller for caller in scenario.callers if caller.expected]
    if len(roots) != len(judged):
        raise RuntimeError(f"{scenario.name}: {len(judged)} customer calls were placed, AMI shows {roots}")
    seen = []
    for root in roots:
        caller = next(caller for caller in judged if (caller.number, caller.dials) == root[1:])
        judged.remove(caller)
        assert caller.expected
        seen.append(SeenCall(*root, caller.expected))
    return tuple(seen)
