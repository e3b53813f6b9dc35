"""One modem line against the simulated modem in one process, joined by memory and driven by a manual clock.

The line is the real one down to :class:`Session`; only the file descriptor is replaced, so thousands of faults can be
tried in seconds. ``test_port.py`` and ``test_modem_pty.py`` use real ptys and sockets.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textback_pbx.modem import session as session_module
from textback_pbx.modem.items import Direct, HealthChanged, Item, Problem, Stored
from textback_pbx.modem.lines import PDU_GRAMMAR
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.pin import Pins
from textback_pbx.modem.port import PortProblem
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.attempt import LateAccept, OutPart, SubmitResult
from textback_pbx.testing.clock import ManualClock, settle
from textback_pbx.testing.modem_models import load_model
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import MemoryPort, SimulatedModem

CALLER = "+15125550142"
OWN = "+15125550100"


class MemoryLink:
    """What ``open_port`` returns here: the client's end of a :class:`MemoryPort`. Everything written is kept."""

    def __init__(self, port: MemoryPort, on_bytes, on_lost, wire: bytearray) -> None:
        self._port, self._on_lost, self._wire = port, on_lost, wire
        self._open = True
        self.unsent = 0
        port.on_write = lambda data: on_bytes(data) if self._open else None
        port.on_close = self._lose

    def write(self, data: bytes) -> None:
        if self._open:
            self._wire += data
            self._port.type(data)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._port.on_write = self._port.on_close = None

    def _lose(self) -> None:
        if self._open:
            self.close()
            asyncio.get_running_loop().call_soon(self._on_lost, "the port is gone (hang-up)")


@dataclass
class Bench:
    """The line, the simulated modem, and what came in. ``keep`` False: nothing is committed or deleted."""

    modem: Modem
    sim: SimulatedModem
    clock: ManualClock
    wire: bytearray
    items: list[Item] = field(default_factory=list)
    keep: bool = True
    handed: list[int] = field(default_factory=list)
    owner: asyncio.Task | None = None

    async def pump(self) -> None:
        async for item in self.modem.stream():
            self.items.append(item)
            if self.keep and isinstance(item, Stored):
                await self.modem.delete(item)

    async def until(self, condition, *, seconds: float = 0.0, step: float = 1.0) -> bool:
        """Let things run until ``condition()``; move the clock up to ``seconds`` on the way."""
        for _ in range(40):
            if condition():
                return True
            await settle()
        moved = 0.0
        while moved < seconds:
            await self.clock.advance(step)
            moved += step
            for _ in range(4):
                if condition():
                    return True
                await settle()
        return bool(condition())

    async def ready(self, seconds: float = 60.0) -> None:
        assert await self.until(lambda: self.modem.trouble() is None, seconds=seconds), self.modem.health.message

    def part(
        self, part_id: int = 1, text: str = "hello", seq: int = 1, total: int = 1, encoding: str = "gsm7"
    ) -> OutPart:
        return OutPart(part_id, 1, CALLER, text, encoding, seq, total, 7 if total > 1 else None, 60)

    async def hand_over(self, part_id: int, pdu: str) -> None:
        assert PDU_GRAMMAR.fullmatch(pdu), "what is kept as evidence is what leaves"
        await asyncio.sleep(0)
        self.handed.append(part_id)

    async def submit(self, part: OutPart | None = None, *, seconds: float = 0.0, step: float = 1.0) -> SubmitResult:
        """Send one part; the clock is moved while the answer is awaited."""
        part = part or self.part()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.modem.submit(part, lambda pdu: self.hand_over(part.part_id, pdu)))
            assert await self.until(task.done, seconds=seconds, step=step), "no result"
        return task.result()

    def texts(self) -> list[str]:
        return [text.text for text in self.sim.smsc.handset(CALLER).inbox()]

    def stored(self) -> list[Stored]:
        return [item for item in self.items if isinstance(item, Stored)]

    def direct(self) -> list[Direct]:
        return [item for item in self.items if isinstance(item, Direct)]

    def late(self) -> list[LateAccept]:
        return [item for item in self.items if isinstance(item, LateAccept)]

    def problems(self) -> list[Problem]:
        return [item.problem for item in self.items if isinstance(item, HealthChanged)]

    def commands(self) -> list[str]:
        return [entry.detail["line"] for entry in self.sim.journal.since(0, "command")]

    def receive(self, text: str, sender: str = CALLER, **options) -> None:
        self.sim.smsc.inbound(sender, self.sim.sim.number, text, **options)


@asynccontextmanager
async def bench(
    monkeypatch,
    *,
    model: str = "generic",
    sim: SimCard | None = None,
    pins: Pins | None = None,
    start: bool = True,
    radio_s: float = 0.0,
    **settings,
):
    """A line on a simulated modem, set up and ready unless ``start`` is false."""
    clock, wire = ManualClock(), bytearray()
    port = MemoryPort()
    kind = load_model(model)
    card = sim or SimCard(OWN, capacity=kind.capacity.get("SM", 20))
    simulated = SimulatedModem(port, model=kind, sim=card, clock=clock, radio_s=radio_s)

    async def open_memory(url, baudrate, on_bytes, on_lost):
        if not simulated.plugged:
            raise PortProblem(f"{url} is not there")
        return MemoryLink(port, on_bytes, on_lost, wire)

    monkeypatch.setattr(session_module, "open_port", open_memory)
    async with simulated:
        line = Modem(ModemSettings("memory", **settings), clock, pins=pins)
        one = Bench(line, simulated, clock, wire)
        async with asyncio.TaskGroup() as group:
            one.owner = group.create_task(line.run())
            pump = group.create_task(one.pump())
            try:
                if start:
                    await one.ready()
                yield one
            finally:
                one.owner.cancel()
                pump.cancel()
