"""What the simulated modem does with a TPDU from the network: store it, announce it, or give it on (27.005 3.4.1).

Every function answers the network's question "did you take it": False leaves the message with the service centre, which
tries again when there is room (23.040 10.2).
"""

from typing import TYPE_CHECKING

from textback_pbx.testing.sim_card import Status, Store, StoredPdu
from textback_pbx.testing.tpdu import encode_smsc

if TYPE_CHECKING:
    from textback_pbx.testing.simulated_modem import SimulatedModem

#: How long a phase 2+ client may take for +CNMA before routing to it is switched off (27.005 4.7).
ACKNOWLEDGE_S = 15.0


def receive(modem: "SimulatedModem", tpdu: bytes) -> bool:
    """Take one DELIVER or STATUS-REPORT; return whether it was taken."""
    if tpdu[0] & 0x03 == 0x02:
        return _report(modem, tpdu)
    copies = 2 if "duplicate_deliveries" in modem.quirks else 1
    if modem.duplicate_next:
        modem.duplicate_next -= 1
        copies = 2
    taken = _deliver(modem, tpdu)
    if taken and copies == 2:
        _deliver(modem, tpdu)
    return taken


def _deliver(modem: "SimulatedModem", tpdu: bytes) -> bool:
    route = modem.settings.cnmi[1]
    if route == 2 or (route == 3 and _message_class(tpdu) == 3):
        return _give_on(modem, "+CMT: ,{}", tpdu)
    return _store(modem, tpdu, "+CMTI" if route else None)


def _report(modem: "SimulatedModem", tpdu: bytes) -> bool:
    route = modem.settings.cnmi[3]
    if route == 1:
        return _give_on(modem, "+CDS: {}", tpdu)
    if route == 2:
        if "reports_lost_with_ds2" in modem.quirks:
            return True
        return _store(modem, tpdu, "+CDSI")
    modem.journal.add("received", tpdu=tpdu.hex().upper())
    return True  # ds=0: nothing is routed, and the network need not keep it


def _give_on(modem: "SimulatedModem", heading: str, tpdu: bytes) -> bool:
    if modem.settings.csms and modem.unacknowledged:
        return False  # phase 2+: the next one comes after +CNMA
    pdu = _with_centre(modem, tpdu)
    modem.journal.add("received", tpdu=tpdu.hex().upper())
    modem.indicate(heading.format(len(tpdu)) + f"\r\n{pdu.hex().upper()}")
    if modem.settings.csms:
        modem.unacknowledged.append(tpdu)
        session = modem.session
        modem.timers.after(ACKNOWLEDGE_S, lambda: _acknowledge_due(modem, session, tpdu))
    return True


def _acknowledge_due(modem: "SimulatedModem", session: object, tpdu: bytes) -> None:
    """Without +CNMA in time routing to the client ends, and the network keeps the message."""
    if modem.session is session and any(waiting is tpdu for waiting in modem.unacknowledged):
        modem.unacknowledged.clear()
        mode, _, broadcast, _, buffering = modem.settings.cnmi
        modem.settings.cnmi = (mode, 0, broadcast, 0, buffering)
        if modem.sim is not None:
            modem.smsc.offer(modem.sim.number, tpdu)


def _store(modem: "SimulatedModem", tpdu: bytes, announce: str | None) -> bool:
    store = receiving_store(modem)
    index = store.add(StoredPdu(Status.UNREAD, _with_centre(modem, tpdu))) if store is not None else None
    if store is None or index is None:
        modem.journal.add("held", tpdu=tpdu.hex().upper())
        if "storage_full_urc" in modem.quirks and store is not None:
            modem.urc(f'^SMMEMFULL: "{store.name}"')
        return False
    modem.journal.add("received", tpdu=tpdu.hex().upper(), storage=store.name, index=index)
    if announce is not None:
        modem.indicate(f'{announce}: "{store.name}",{index}')
    return True


def receiving_store(modem: "SimulatedModem") -> Store | None:
    """Return the storage new messages go to: <mem3> of +CPMS."""
    return modem.stores.get(modem.settings.memories[2])


def _with_centre(modem: "SimulatedModem", tpdu: bytes) -> bytes:
    return encode_smsc(modem.sim.smsc if modem.sim is not None else "") + tpdu


def _message_class(tpdu: bytes) -> int | None:
    """Read TP-DCS's message class of a DELIVER (23.038 clause 4)."""
    place = 4 + (tpdu[1] + 1) // 2 if len(tpdu) > 1 else 0
    dcs = tpdu[place] if place < len(tpdu) else 0  # a test may send what is no PDU
    if dcs & 0xC0 in {0x00, 0x40}:
        return dcs & 0x03 if dcs & 0x10 else None
    return dcs & 0x03 if dcs & 0xF0 == 0xF0 else None
