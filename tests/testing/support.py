"""A simulated modem in the test's own loop, typed at and read as a client would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textback_pbx.testing.clock import ManualClock, settle
from textback_pbx.testing.modem_models import Model
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import MemoryPort, SimulatedModem

SIM_NUMBER, CALLER, OTHER = "+15125550100", "+15125550150", "+15125550151"


def submit_pdu(text_hex: str = "E8329BFD4697D9EC37", septets: int = 10, *, report: bool = False) -> tuple[int, str]:
    """A hand-made SMS-SUBMIT to CALLER (23.040 9.2.2.2): its length for +CMGS, and the PDU in hex."""
    first = 0x31 if report else 0x11
    tpdu = f"{first:02X}000B915121550551F00000A7{septets:02X}{text_hex}"
    return len(tpdu) // 2, "00" + tpdu


@dataclass
class Terminal:
    """A client of a modem on a manual clock."""

    modem: SimulatedModem
    port: MemoryPort
    clock: ManualClock

    async def type(self, text: str | bytes, seconds: float = 0.0) -> str:
        """Type, let the modem work (for ``seconds`` of its clock), and return what it wrote."""
        del self.port.sent[:]
        self.port.type(text if isinstance(text, bytes) else text.encode("latin-1"))
        await self.wait(seconds)
        return self.take()

    async def wait(self, seconds: float = 0.0) -> None:
        await settle()
        await self.clock.advance(seconds)
        await settle()

    def take(self) -> str:
        said = b"".join(self.port.sent).decode("latin-1")
        del self.port.sent[:]
        return said

    async def send(self, *, report: bool = False, seconds: float = 0.0) -> str:
        """Send one text to CALLER; return what the modem said after Ctrl-Z (or instead of the prompt)."""
        length, pdu = submit_pdu(report=report)
        said = await self.type(f"AT+CMGS={length}\r")
        if said.endswith("> "):
            said = await self.type(f"{pdu}\x1a", seconds)
        return said

    @property
    def on_the_air(self) -> int:
        return len(self.modem.smsc.submits)


@asynccontextmanager
async def terminal(
    model: Model | None = None, sim: SimCard | None = None, *, echo: bool = False, radio_s: float = 0.0
) -> AsyncIterator[Terminal]:
    clock, port = ManualClock(), MemoryPort()
    async with SimulatedModem(port, model=model, sim=sim, clock=clock, radio_s=radio_s) as modem:
        client = Terminal(modem, port, clock)
        await client.wait()
        if not echo:
            await client.type("ATE0\r")
        client.take()
        yield client
