"""What each fault of MODEM_FAULTS does to the simulated modem's state; those that bend a reply are in at_server."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textback_pbx.testing.at_errors import AtError, CmeError, CmsError
from textback_pbx.testing.at_server import fault_bytes
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.modem_models import QUIRKS
from textback_pbx.testing.receiving import receiving_store
from textback_pbx.testing.sim_card import SimCard, Status, StoredPdu
from textback_pbx.testing.smsc import OUTCOMES
from textback_pbx.testing.tpdu import Encoding, UserData, encode_deliver, encode_smsc

if TYPE_CHECKING:
    from textback_pbx.testing.simulated_modem import SimulatedModem

#: Who wrote the texts that fill a storage.
FILLER_SENDER = "+447700900998"


def check(fault: Fault) -> None:
    """Raise ValueError for arguments that would fail when the fault strikes, long after it was armed."""
    args = fault.args
    if min(fault.nth, fault.times, 1 if fault.step is None else fault.step) < 1:
        raise ValueError("`nth`, `times` and `step` count from 1")
    for name in ("seconds", "replug_after", "count", "stat", "after_bytes"):
        if float(args.get(name, 0)) < 0:
            raise ValueError(f"`{name}` is below 0")
    cuts = args.get("at", 0)
    for cut in cuts if isinstance(cuts, list | tuple) else [cuts]:
        int(cut)
    fault_bytes(fault)
    if fault.do == "error":
        error_of(fault)
    if fault.do == "quirk":
        _one_of("quirk", args.get("name"), QUIRKS)
    if fault.do == "report":
        _one_of("outcome", args.get("outcome", "delivered"), OUTCOMES)


def _one_of(what: str, name: object, table: Iterable[str]) -> None:
    names = list(table)
    if name not in names:
        raise ValueError(f"no {what} {name!r}; there are: {', '.join(names)}")


def error_of(fault: Fault) -> AtError:
    """Return the error a fault `error` wants: `kind` cms, cme or plain, and `code`."""
    code = int(fault.args.get("code", 500))
    kind = fault.args.get("kind", "cms")
    errors: dict[str, AtError] = {"cms": CmsError(code), "cme": CmeError(code), "plain": AtError()}
    if kind not in errors:
        raise ValueError(f"no kind of error {kind!r}; there are: {', '.join(errors)}")
    return errors[kind]


def _unplug(modem: "SimulatedModem", fault: Fault) -> None:
    modem.unplug()
    if "replug_after" in fault.args:
        modem.timers.after(float(fault.args["replug_after"]), lambda: replug(modem, **_identity(fault)))


def _identity(fault: Fault) -> dict[str, str]:
    return {key: str(fault.args[key]) for key in ("imei", "iccid", "number") if key in fault.args}


def replug(
    modem: "SimulatedModem", imei: str | None = None, iccid: str | None = None, number: str | None = None
) -> str:
    """Plug the stick in again, as another one or with another SIM where told; return its new path."""
    if imei is not None:
        modem.imei = imei
    if iccid is not None or number is not None:
        modem.change_sim(_other_sim(modem, iccid, number))
    return modem.plug()


def _other_sim(modem: "SimulatedModem", iccid: str | None, number: str | None) -> SimCard:
    old = modem.sim or SimCard()
    return SimCard(number=number or "+15125550101", iccid=iccid or "", smsc=old.smsc, capacity=old.capacity)


def _brownout(modem: "SimulatedModem", fault: Fault) -> None:
    modem.brownout(float(fault.args.get("seconds", 0)))


def _hang(modem: "SimulatedModem", fault: Fault) -> None:
    del fault
    if modem.session is not None:
        modem.session.hung = True


def _inject(modem: "SimulatedModem", fault: Fault) -> None:
    modem.write(fault_bytes(fault))


def _outcome(modem: "SimulatedModem", fault: Fault) -> None:
    seconds = fault.args.get("seconds")
    modem.smsc.next_outcome(str(fault.args.get("outcome", "delivered")), None if seconds is None else float(seconds))


def _storage_full(modem: "SimulatedModem", fault: Fault) -> None:
    store = receiving_store(modem)
    text = UserData(Encoding.GSM7, "an old text", b"", b"", None)
    pdu = encode_smsc("") + encode_deliver(FILLER_SENDER, text, modem.clock.now_ms())
    free = int(fault.args.get("count", 0))
    while store is not None and len(store.slots) < store.capacity - free:
        store.add(StoredPdu(Status.READ, pdu))


def _pin_required(modem: "SimulatedModem", fault: Fault) -> None:
    if modem.sim is not None:
        modem.sim.pin = str(fault.args.get("pin", modem.sim.pin or "1234"))
        modem.sim.unlocked = False
        modem.network_changed()


def _puk_required(modem: "SimulatedModem", fault: Fault) -> None:
    _pin_required(modem, fault)
    if modem.sim is not None:
        modem.sim.pin_tries = 0
        modem.network_changed()


def _sim_removed(modem: "SimulatedModem", fault: Fault) -> None:
    del fault
    modem.change_sim(None)


def _sim_changed(modem: "SimulatedModem", fault: Fault) -> None:
    identity = _identity(fault)
    modem.change_sim(_other_sim(modem, identity.get("iccid"), identity.get("number")))


def _not_registered(modem: "SimulatedModem", fault: Fault) -> None:
    modem.set_registration(int(fault.args.get("stat", 2)))


def _duplicate(modem: "SimulatedModem", fault: Fault) -> None:
    modem.duplicate_next += int(fault.args.get("count", 1))


def _quirk(modem: "SimulatedModem", fault: Fault) -> None:
    name = str(fault.args["name"])
    if fault.args.get("off"):
        modem.quirks.discard(name)
    else:
        modem.quirks.add(name)


STRIKES: dict[str, Callable[["SimulatedModem", Fault], None]] = {
    "unplug": _unplug,
    "brownout": _brownout,
    "hang": _hang,
    "inject": _inject,
    "report": _outcome,
    "storage_full": _storage_full,
    "pin_required": _pin_required,
    "puk_required": _puk_required,
    "sim_removed": _sim_removed,
    "sim_changed": _sim_changed,
    "not_registered": _not_registered,
    "duplicate_delivery": _duplicate,
    "quirk": _quirk,
}
