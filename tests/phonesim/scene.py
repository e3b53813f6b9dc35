"""The real driver against ofono-phonesim, in a network namespace of its own: ``python -m tests.phonesim.scene ROOT``.

A process of its own, because a process that has left its network does not come back to it. Prints what was seen as
one line of JSON; ``test_phonesim.py`` judges it.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.asterisk.isolate import isolate
from tests.phonesim.emulator import CALLER, PORT, Phonesim, phonesim
from textback_pbx.clock import SystemClock
from textback_pbx.decision.segments import segment
from textback_pbx.modem import pdu
from textback_pbx.modem.items import Direct, Stored
from textback_pbx.modem.modem import Modem
from textback_pbx.modem.settings import ModemSettings
from textback_pbx.outbox.attempt import Accepted, OutPart

SHORT = "We saw your call: {ring} us? €5 @ 10"
LONG = "We saw your call and will ring you back as soon as one of us is free. " * 6 + "End €"
EMOJI = "Привет 👋 we saw your call"
ANSWERS = ("STOP", "Yes please, tomorrow at 5pm", "My water heater is leaking and the floor is wet. " * 7 + "Come!")


@dataclass
class Seen:
    """What a test wants to know."""

    health: dict[str, Any] = field(default_factory=dict)
    ready_s: float = 0.0
    results: list[tuple[str, list[int | str]]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # the PDUs that phonesim says it was given
    inbound: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # what its storage lists at the end
    commands: int = 0
    errors: list[str] = field(default_factory=list)


class Tap:
    """A relay between driver and emulator that keeps what the emulator said."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.typed = bytearray()

    async def start(self) -> int:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self._server = server
        return int(server.sockets[0].getsockname()[1])

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", PORT)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, far_writer, self.typed))
            group.create_task(_pump(far_reader, writer, self.said))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    while data := await reader.read(4096):
        kept += data
        writer.write(data)
        await writer.drain()
    writer.close()


async def until(condition: Any, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


async def play(phone: Phonesim) -> Seen:
    seen, tap = Seen(), Tap()
    port = await tap.start()
    modem = Modem(ModemSettings(f"socket://127.0.0.1:{port}", name="phonesim"), SystemClock())
    owner, reader = asyncio.create_task(modem.run()), asyncio.create_task(receive(modem, seen))
    began = time.monotonic()
    try:
        if not await until(lambda: modem.trouble() is None):
            seen.errors.append(f"it was never ready: {modem.health.message}")
            return seen
        seen.ready_s = time.monotonic() - began
        for text in (SHORT, EMOJI, LONG):
            seen.results.append((text, await send(modem, text, seen)))
        for number, text in enumerate(ANSWERS):
            phone.inbound(CALLER, text)
            wanted = number + 1 if number < 2 else number + 3
            if not await until(lambda wanted=wanted: len(seen.inbound) >= wanted, 10):
                seen.errors.append(f"{text[:20]!r} did not come in")
        seen.left = await listed(modem, tap)
        seen.health = {key: str(value) for key, value in asdict(modem.health).items()}
    finally:
        owner.cancel()
        reader.cancel()
        await asyncio.gather(owner, reader, return_exceptions=True)
    seen.heard = [line.split()[1] for line in tap.said.decode("ascii", "replace").splitlines() if "+XSENT:" in line]
    seen.commands = tap.typed.count(b"\r")
    return seen


async def send(modem: Modem, text: str, seen: Seen) -> list[int | str]:
    """Send a text in its parts; the references, or what went wrong.

    Each part's report is waited for: phonesim drops what it was about to say when the next PDU is asked for.
    """
    cut, answers = segment(text), []
    for seq, part in enumerate(cut.parts, start=1):
        ref = 77 if len(cut.parts) > 1 else None
        one = OutPart(seq, 1, CALLER, part, cut.encoding.value, seq, len(cut.parts), ref, 60)
        result = await modem.submit(one, granted)
        wanted = len(seen.reports) + 1
        answers.append(result.tp_mr if isinstance(result, Accepted) else str(result))
        await until(lambda wanted=wanted: len(seen.reports) >= wanted, 3)
    return answers


async def granted(pdu: str) -> None:
    """The hand-over is on disk, as far as this scene goes."""


async def receive(modem: Modem, seen: Seen) -> None:
    async for item in modem.stream():
        if isinstance(item, Stored | Direct):
            read = pdu.decode(item.pdu)
            if isinstance(read, pdu.Deliver):
                seen.inbound.append({"sender": read.sender, "text": read.text, "concat": str(read.concat)})
            elif isinstance(read, pdu.StatusReport):
                seen.reports.append({"recipient": read.recipient, "tp_mr": read.tp_mr, "tp_st": read.tp_st})
            else:
                seen.errors.append(f"not decoded: {item.pdu}: {read}")
            if not await modem.delete(item):
                seen.errors.append(f"not deleted: {item}")


async def listed(modem: Modem, tap: Tap) -> list[str]:
    """What the storage holds in the emulator's own words, after everything was read: the driver is made to look."""
    start = len(tap.said)
    modem.look_now()
    await until(lambda: b"CMS ERROR: 321" in tap.said[start:] or b"+CMGL" in tap.said[start:], 10)
    return [line for line in tap.said[start:].decode("ascii", "replace").splitlines() if "+CMGL" in line]


def main() -> None:
    isolate()
    with phonesim(Path(sys.argv[1])) as phone:
        print(json.dumps(asdict(asyncio.run(play(phone)))))


if __name__ == "__main__":
    main()
