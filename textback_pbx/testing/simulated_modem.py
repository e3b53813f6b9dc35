"""The simulated modem: power, SIM, network, storage and the AT port put together.

It holds state as a real one does: what is in the SIM stays in the SIM, what a reset forgets is in ``settings``, and a
stick pulled out is gone together with its device path. A port (a pty, a TCP server, or a list in memory) carries
the bytes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Self

from textback_pbx.clock import Clock, SystemClock
from textback_pbx.testing import receiving, striking
from textback_pbx.testing.at_commands import GENERAL
from textback_pbx.testing.at_errors import AtError, CmsError
from textback_pbx.testing.at_messages import MESSAGES
from textback_pbx.testing.at_server import AtServer
from textback_pbx.testing.at_submit import SUBMITTERS
from textback_pbx.testing.faults import MODEM_FAULTS, Fault, modem_plan
from textback_pbx.testing.memory_port import MemoryPort, Port
from textback_pbx.testing.modem_models import Model
from textback_pbx.testing.modem_state import Journal, Radio, Settings
from textback_pbx.testing.sim_card import SimCard, SimState, Store, imei_for
from textback_pbx.testing.smsc import Smsc
from textback_pbx.testing.timers import Timers
from textback_pbx.testing.tpdu import Submit

__all__ = ["MemoryPort", "Port", "SimulatedModem"]


class SimulatedModem:
    """A modem with a SIM on a network. Use it as an async context; it is plugged in on entry.

    ``radio_s`` is what a submit takes on the air. Several modems may share one ``smsc`` (opened by the caller).
    """

    def __init__(  # a bench is wired up from parts
        self,
        port: Port,
        *,
        model: Model | None = None,
        sim: SimCard | None = None,
        smsc: Smsc | None = None,
        clock: Clock | None = None,
        radio_s: float = 0.0,
        imei: str | None = None,
    ) -> None:
        self.port = port
        self.model = model or Model()
        self.sim: SimCard | None = sim or SimCard(capacity=self.model.capacity.get("SM", 20))
        self.sim.store.first = self.model.first_index
        self.clock: Clock = clock or SystemClock()
        self.timers = Timers(self.clock)
        self.smsc = smsc or Smsc(self.timers)
        self.radio_s = radio_s
        self.imei = imei or imei_for(self.model.name)
        self.quirks = set(self.model.quirks)
        self.radio = Radio()
        self.journal = Journal(self.clock)
        self.faults = modem_plan()
        self.ussd: dict[str, str] = {"*100#": "Your balance is 10.00"}
        self.settings = Settings.of(self.model)
        self.me = Store("ME", self.model.capacity.get("ME", 0), self.model.first_index)
        self.path = ""
        self.session: AtServer | None = None
        self.factory_reset = False
        self.reset_after_reply = False
        self.room_again = False
        self.unacknowledged: list[bytes] = []
        self.duplicate_next = 0
        self._task: asyncio.Task[None] | None = None
        self._attached: str | None = None

    # --- life ---------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.timers.__aenter__()
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        await self.timers.__aexit__(kind, error, trace)

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return bool(self.path)

    def plug(self) -> str:
        """Plug the stick in: its port appears, it boots, its settings are those of power-on. Return its path."""
        if not self.plugged:
            self.path = self.port.open(self._feed)
            self.journal.add("power", what="plugged", path=self.path)
            self._boot()
        return self.path

    def unplug(self) -> None:
        """Pull the stick out, at whatever point it is."""
        if self.plugged:
            self.journal.add("power", what="unplugged", path=self.path)
            self._stop()
            self.path = ""
            self.port.close()

    def brownout(self, boot_s: float = 0.0) -> None:
        """Restart on the spot: the port stays, what a reset forgets is forgotten, the client is told nothing."""
        if self.plugged:
            self.journal.add("power", what="brownout", path=self.path)
            self._stop()
            self.timers.after(boot_s, self._boot_if_down)

    def _boot_if_down(self) -> None:
        if self.plugged and self.session is None:
            self._boot()

    def _boot(self) -> None:
        self.settings = Settings.of(self.model)
        self.reset_after_reply = False
        self.room_again = False
        self.unacknowledged.clear()
        if self.sim is not None:
            self.sim.power_cycle()
        self.session = AtServer(self, GENERAL | MESSAGES, SUBMITTERS)
        self._task = self.timers.start(self.session.run())
        self.journal.add("power", what="booted", path=self.path)
        for line in self.model.boot_lines:
            self.urc(line)
        if "rssi_flood" in self.quirks:
            self.timers.after(1.0, self._flood(self.session))
        self.network_changed()

    def _flood(self, session: AtServer) -> Callable[[], None]:
        def tick() -> None:
            if self.session is session:
                if self.settings.curc:
                    self.urc(f"^RSSI:{self.radio.rssi}")
                self.timers.after(1.0, tick)

        return tick

    def _stop(self) -> None:
        task, self._task, self.session = self._task, None, None
        self.network_changed()
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    # --- bytes --------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        if self.session is not None:
            self.session.feed(data)

    def write(self, data: bytes) -> None:
        """Write to the client; nothing while there is no port."""
        if self.plugged and data:
            self.port.write(data)

    def urc(self, line: str) -> None:
        """Write an unsolicited code, framed as V.250 has it."""
        if self.session is not None:
            self.session.urc(f"\r\n{line}\r\n".encode("latin-1", "replace"))

    def indicate(self, line: str) -> None:
        """Announce a message as <mode> of +CNMI has it: 0 keeps it in the modem until a mode 1 to 3 is set."""
        if self.settings.cnmi[0] == 0:
            self.settings.indications.append(line)
        else:
            self.urc(line)

    def after_command(self) -> None:
        """Do what waits for the end of a command: the network is told of room, +CFUN=1,1 restarts."""
        if self.room_again:
            self.room_again = False
            if self._attached is not None:
                self.smsc.flush(self._attached)
        if self.reset_after_reply:
            self.brownout()

    # --- state --------------------------------------------------------------------------------------------

    @property
    def stores(self) -> dict[str, Store]:
        """The storages there are now, by name, in the model's order."""
        found: dict[str, Store] = {}
        for name in self.model.capacity:
            if name == "SM" and self.sim is not None:
                found["SM"] = self.sim.store
            elif name == "ME":
                found["ME"] = self.me
        return found

    @property
    def sim_state(self) -> SimState:
        """What +CPIN? says."""
        return SimState.ABSENT if self.sim is None else self.sim.state

    @property
    def on_network(self) -> bool:
        """Powered, SIM ready, radio on and registered."""
        ready = self.session is not None and self.sim_state is SimState.READY and self.settings.cfun == 1
        return ready and self.radio.registered

    def registration_words(self, command: str) -> str:
        """Return <stat> and, when asked to report cells, the place (27.007 7.2, 10.1.20, 10.1.22)."""
        lte = self.radio.technology == 7
        stat = self.radio.stat if command != "+CGREG" or not lte else 0
        if not (self.session and self.sim_state is SimState.READY and self.settings.cfun == 1):
            stat = 0
        if self.settings.reporting[command] == 2 and stat in {1, 5}:
            return f'{stat},"{self.radio.lac}","{self.radio.cell}",{self.radio.technology}'
        return str(stat)

    def network_changed(self) -> None:
        """Tell the service centre, and a client that asked to know, after anything that touches registration."""
        wanted = self.sim.number if self.on_network and self.sim is not None else None
        if wanted == self._attached:
            return
        if self._attached is not None:
            self.smsc.detach(self._attached)
        self._attached = wanted
        for command, mode in self.settings.reporting.items():
            if mode:
                self.urc(f"{command}: {self.registration_words(command)}")
        if wanted is not None:
            self.smsc.attach(wanted, lambda tpdu: receiving.receive(self, tpdu))

    def acknowledged(self) -> None:
        """+CNMA came for the oldest message given on directly."""
        self.unacknowledged.pop(0)
        self.room_again = True  # the network sends the next one

    def set_registration(self, stat: int) -> None:
        """Change <stat> of +CREG: 0 not searching, 1 home, 2 searching, 3 denied, 5 roaming."""
        self.radio.stat = stat
        self.network_changed()

    def change_sim(self, sim: SimCard | None) -> None:
        """Put another SIM in, or none; the modem notices at once."""
        if self.sim is not None and self._attached is not None:
            self.smsc.detach(self._attached)
            self._attached = None
        self.sim = sim
        if sim is not None:
            sim.store.first = self.model.first_index
        self.network_changed()

    # --- sending ------------------------------------------------------------------------------------------

    def submit(self, submit: Submit, tpdu: bytes, *, own_centre: bool = False) -> int:
        """Hand a part to the network; return its TP-MR, or raise a +CMS ERROR.

        ``own_centre``: the PDU named a service centre, so the SIM's is not needed (27.005 3.1, error 330).
        """
        if not self.on_network or self.sim is None:
            raise CmsError(331)
        if not self.sim.smsc and not own_centre:
            raise CmsError(330)
        reference = self.sim.next_reference()
        record = self.smsc.submit(self.sim.number, submit, tpdu, reference)
        self.journal.add("submit", **asdict(record))
        return reference

    # --- faults -------------------------------------------------------------------------------------------

    def arm(self, fault: Fault) -> None:
        """Arm a fault, or let it strike at once when it waits for nothing; ValueError says what is wrong with it."""
        striking.check(fault)
        if not fault.immediate or fault.do not in MODEM_FAULTS:  # the plan refuses what does not exist
            self.faults.arm(fault)
        elif fault.do in self.state_faults:
            self.note_fault(fault, "now")
            self.strike(fault)
        else:
            raise ValueError(f"the fault {fault.do!r} needs `on` or `step`")

    @property
    def state_faults(self) -> frozenset[str]:
        """The faults that change the modem's state, and so may strike at any time."""
        return frozenset(striking.STRIKES)

    def strike(self, fault: Fault) -> None:
        """Let a fault change the modem's state."""
        striking.STRIKES[fault.do](self, fault)

    def note_fault(self, fault: Fault, event: str, command: str = "") -> None:
        """Write a fault into the journal."""
        self.journal.add("fault", do=fault.do, event=event, command=command, step=self.faults.steps)

    def error_of(self, fault: Fault) -> AtError:
        """Return the error a fault `error` wants."""
        return striking.error_of(fault)
