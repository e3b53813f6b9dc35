"""The commands of the simulated modem's control channel: a table of names, words and functions.

Every function takes the modem and the request's fields and returns what JSON can carry; ValueError, KeyError and their
kin become the answer's error.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from textback_pbx.testing.clock import ManualClock
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.receiving import receiving_store
from textback_pbx.testing.sim_card import SimCard, Store, StoredPdu
from textback_pbx.testing.simulated_modem import SimulatedModem
from textback_pbx.testing.striking import replug

Request = dict[str, Any]


def _own_number(modem: SimulatedModem, request: Request) -> str:
    if "to" in request:
        return str(request["to"])
    if modem.sim is None:
        raise ValueError("there is no SIM; say `to`")
    return modem.sim.number


def _status(modem: SimulatedModem, request: Request) -> Any:
    del request
    sim = modem.sim
    return {
        "model": modem.model.name,
        "path": modem.path,
        "plugged": modem.plugged,
        "imei": modem.imei,
        "sim": None if sim is None else _sim(sim),
        "on_network": modem.on_network,
        "registration": modem.radio.stat,
        "rssi": modem.radio.rssi,
        "held": 0 if sim is None else modem.smsc.held(sim.number),
        "storage": {name: {"used": len(s.slots), "capacity": s.capacity} for name, s in modem.stores.items()},
        "steps": modem.faults.steps,
        "radio_s": modem.radio_s,
        "report_s": modem.smsc.report_s,
        "quirks": sorted(modem.quirks),
        "now_ms": modem.clock.now_ms(),
        "monotonic_s": modem.clock.monotonic(),
    }


def _sim(sim: SimCard) -> dict[str, Any]:
    return {
        "number": sim.number,
        "iccid": sim.iccid,
        "imsi": sim.imsi,
        "smsc": sim.smsc,
        "state": sim.state,
        "pin_tries": sim.pin_tries,
        "puk_tries": sim.puk_tries,
    }


def _inbound(modem: SimulatedModem, request: Request) -> Any:
    options = {
        key: request[key] for key in ("encoding", "scts_ms", "ref", "wide", "language", "flash") if key in request
    }
    order = tuple(int(part) for part in request["order"]) if "order" in request else None
    number = _own_number(modem, request)
    return list(modem.smsc.inbound(str(request["from"]), number, str(request["text"]), order=order, **options))


def _inbound_pdu(modem: SimulatedModem, request: Request) -> Any:
    modem.smsc.offer(_own_number(modem, request), bytes.fromhex(str(request["tpdu"])))


def _store_pdu(modem: SimulatedModem, request: Request) -> Any:
    """Put anything into a storage, PDU or not, without an announcement."""
    store: Store | None = modem.stores.get(str(request["storage"])) if "storage" in request else receiving_store(modem)
    if store is None:
        raise ValueError("no such storage")
    return store.add(StoredPdu(int(request.get("status", 0)), bytes.fromhex(str(request["pdu"]))))


def _report(modem: SimulatedModem, request: Request) -> Any:
    at_ms = int(request.get("scts_ms", modem.clock.now_ms()))
    number = _own_number(modem, request)
    modem.smsc.report(
        number, int(request["reference"]), str(request["recipient"]), at_ms, int(request.get("status", 0))
    )


def _urc(modem: SimulatedModem, request: Request) -> Any:
    modem.urc(str(request["line"]))


def _arm(modem: SimulatedModem, request: Request) -> Any:
    fields: Request = {key: request[key] for key in ("on", "command", "nth", "times", "step", "args") if key in request}
    modem.arm(Fault(do=str(request["fault"]), **fields))


def _disarm(modem: SimulatedModem, request: Request) -> Any:
    del request
    modem.faults.clear()


def _faults(modem: SimulatedModem, request: Request) -> Any:
    del request
    plan = modem.faults
    return {
        "armed": [asdict(fault) for fault in plan.armed],
        "fired": [asdict(fired) for fired in plan.fired],
        "steps": plan.steps,
    }


def _inbox(modem: SimulatedModem, request: Request) -> Any:
    return [asdict(text) for text in modem.smsc.handset(str(request["number"])).inbox()]


def _handsets(modem: SimulatedModem, request: Request) -> Any:
    del request
    return {number: len(handset.inbox()) for number, handset in modem.smsc.handsets.items()}


def _handset(modem: SimulatedModem, request: Request) -> Any:
    number = str(request["number"])
    if "auto_reply" in request:
        modem.smsc.handset(number).auto_reply = request["auto_reply"]
    if "reachable" in request:
        modem.smsc.set_reachable(number, bool(request["reachable"]))


def _submits(modem: SimulatedModem, request: Request) -> Any:
    return [asdict(record) for record in modem.smsc.submits[int(request.get("since", 0)) :]]


def _journal(modem: SimulatedModem, request: Request) -> Any:
    return [asdict(entry) for entry in modem.journal.since(int(request.get("since", 0)), request.get("kind"))]


async def _wait(modem: SimulatedModem, request: Request) -> Any:
    """Wait (in real time) until the journal holds ``count`` entries of a kind after ``since``."""
    kind, since, count = request.get("kind"), int(request.get("since", 0)), int(request.get("count", 1))
    async with asyncio.timeout(float(request.get("seconds", 10))):
        while len(found := modem.journal.since(since, kind)) < count:
            await modem.journal.changed()
    return [asdict(entry) for entry in found]


def _unplug(modem: SimulatedModem, request: Request) -> Any:
    del request
    modem.unplug()


def _plug(modem: SimulatedModem, request: Request) -> Any:
    return replug(modem, **{key: str(request[key]) for key in ("imei", "iccid", "number") if key in request})


def _brownout(modem: SimulatedModem, request: Request) -> Any:
    modem.brownout(float(request.get("seconds", 0)))


def _set(modem: SimulatedModem, request: Request) -> Any:
    """Change whatever of the bench the request names."""
    if "registration" in request:
        modem.set_registration(int(request["registration"]))
    modem.radio.rssi = int(request.get("rssi", modem.radio.rssi))
    modem.radio.operator = str(request.get("operator", modem.radio.operator))
    modem.radio_s = float(request.get("radio_s", modem.radio_s))
    modem.smsc.report_s = float(request.get("report_s", modem.smsc.report_s))
    modem.smsc.zone_minutes = int(request.get("zone_minutes", modem.smsc.zone_minutes))
    modem.ussd.update(request.get("ussd", {}))
    for name, capacity in request.get("capacity", {}).items():
        modem.stores[name].capacity = int(capacity)
    if "smsc_number" in request and modem.sim is not None:
        modem.sim.smsc = str(request["smsc_number"])


def _insert_sim(modem: SimulatedModem, request: Request) -> Any:
    """Put a SIM in: ``number``, ``iccid``, ``pin``, ``smsc`` as wanted."""
    fields: Request = {key: str(request[key]) for key in ("number", "iccid", "pin", "smsc") if key in request}
    modem.change_sim(SimCard(**fields))


async def _sleep(modem: SimulatedModem, request: Request) -> Any:
    await modem.clock.sleep(float(request["seconds"]))


async def _advance(modem: SimulatedModem, request: Request) -> Any:
    clock = modem.clock
    if isinstance(clock, ManualClock):
        await clock.advance(float(request["seconds"]))
    else:
        raise ValueError("the clock is the machine's; start with --manual-clock")  # noqa: TRY004 - a user's mistake


Command = Callable[[SimulatedModem, Request], Any]
AsyncCommand = Callable[[SimulatedModem, Request], Awaitable[Any]]

#: name -> (what it does and takes, how). ``quit`` is the server's own.
COMMANDS: dict[str, tuple[str, Command]] = {
    "status": ("what the modem is and how it stands", _status),
    "inbound": (
        (
            "a text to the SIM: `from`, `text`, and as wanted `to`, `encoding` (gsm7, ucs2, data), `scts_ms`, `ref`, "
            "`wide` (16-bit reference), `order` (part numbers as they are to come), `language` (a single shift table), "
            "`flash`"
        ),
        _inbound,
    ),
    "inbound_pdu": ("a raw DELIVER or STATUS-REPORT to the SIM: `tpdu` in hex", _inbound_pdu),
    "store_pdu": ("any octets into a storage: `pdu` in hex, `storage`, `status`", _store_pdu),
    "report": ("a status report: `reference`, `recipient`, `scts_ms`, `status` (TP-ST)", _report),
    "urc": ("an unsolicited code: `line`", _urc),
    "arm": ("a fault: `fault` (its name), `on`, `command`, `nth`, `times`, `step`, `args`", _arm),
    "disarm": ("forget every fault, count steps anew", _disarm),
    "faults": ("what is armed, what has struck, the step count", _faults),
    "inbox": ("what the handset `number` shows, with the copies of each part on the air", _inbox),
    "handsets": ("every handset and how many texts it shows", _handsets),
    "handset": ("a handset's `reachable` and `auto_reply`", _handset),
    "submits": ("every part the network took, from number `since`", _submits),
    "journal": ("what happened after entry `since`, of one `kind` or all", _journal),
    "unplug": ("pull the stick out", _unplug),
    "plug": ("plug it in, under another path; with `imei`, `iccid`, `number` as another one", _plug),
    "brownout": ("restart on the spot, `seconds` of booting", _brownout),
    "set": (
        (
            "change `registration`, `rssi`, `operator`, `radio_s`, `report_s`, `zone_minutes`, `ussd`, `capacity`, "
            "`smsc_number`"
        ),
        _set,
    ),
    "insert_sim": ("put a SIM in: `number`, `iccid`, `pin`, `smsc`", _insert_sim),
}
ASYNC_COMMANDS: dict[str, tuple[str, AsyncCommand]] = {
    "wait": ("until the journal has `count` entries of `kind` after `since`, at most `seconds`", _wait),
    "sleep": ("let `seconds` of the modem's clock pass", _sleep),
    "advance": ("move a manual clock on by `seconds`", _advance),
}
QUIT = ("quit", "end the simulator")
