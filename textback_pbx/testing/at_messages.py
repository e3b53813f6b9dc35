"""The message commands of the simulated modem: 3GPP TS 27.005 clauses 3 and 4."""

from textback_pbx.testing.at_errors import SIM_ERRORS, AtError, CmeError, CmsError
from textback_pbx.testing.at_grammar import Call, Form
from textback_pbx.testing.at_network import number_in
from textback_pbx.testing.at_server import AtServer, Handler
from textback_pbx.testing.message_text import describe, list_heading
from textback_pbx.testing.modem_models import accepts
from textback_pbx.testing.sim_card import STATUS_WORDS, SimState, Status, Store, StoredPdu


def cms_number(text: str, low: int, high: int) -> int:
    """Read a parameter of a message command; +CMS ERROR 302 when it is none or out of range."""
    try:
        return number_in(text, low, high)
    except CmeError as error:
        raise CmsError(302) from error


def _sim_ready(session: AtServer) -> None:
    state = session.modem.sim_state
    if state is not SimState.READY:
        raise CmsError(SIM_ERRORS[state][1])


def store_of(session: AtServer, name: str) -> Store:
    """Return a storage by name, or the +CMS ERROR for why it is not there."""
    if name == "SM":
        _sim_ready(session)
    store = session.modem.stores.get(name)
    if store is None:
        raise CmsError(302)
    return store


def _reading_store(session: AtServer) -> Store:
    store = store_of(session, session.modem.settings.memories[0])
    if store.name == "ME" and "me_unreadable" in session.modem.quirks:
        raise CmsError(302)
    return store


def _format(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CMGF: (0,1)"]
    if call.form is Form.READ:
        return [f"+CMGF: {settings.cmgf}"]
    settings.cmgf = cms_number(call.arg(0, "0"), 0, 1)
    return []


def _service(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CSMS: (0,1)"]
    if call.form is Form.READ:
        return [f"+CSMS: {settings.csms},1,1,1"]
    settings.csms = cms_number(call.arg(0), 0, 1)
    return ["+CSMS: 1,1,1"]


def _centre(session: AtServer, call: Call) -> list[str]:
    _sim_ready(session)
    sim = session.modem.sim
    assert sim is not None
    if call.form is Form.TEST:
        return []
    if call.form is Form.READ:
        return [f'+CSCA: "{sim.smsc}",{145 if sim.smsc.startswith("+") else 129}']
    number = call.arg(0)
    if call.arg(1) == "145" and not number.startswith("+"):
        number = f"+{number}"
    sim.smsc = number
    return []


def _indications(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    ranges = modem.model.cnmi
    if call.form is Form.TEST:
        return ["+CNMI: " + ",".join(f"({item})" for item in ranges)]
    if call.form is Form.READ:
        return ["+CNMI: " + ",".join(str(item) for item in modem.settings.cnmi)]
    if "needs_atf" in modem.quirks and not modem.factory_reset:
        raise CmsError(302)
    wanted = list(modem.settings.cnmi)
    for place, text in enumerate(call.args):
        if place >= len(ranges):
            raise CmsError(302)
        if text:
            wanted[place] = cms_number(text, 0, 9)
            if not accepts(ranges[place], wanted[place]):
                raise CmsError(302)
    modem.settings.cnmi = tuple(wanted)
    if wanted[0]:
        kept, modem.settings.indications = modem.settings.indications, []
        for line in kept if wanted[4] == 0 else ():  # <bfr> 0 flushes what was kept, 1 drops it
            modem.urc(line)
    return []


def _memories(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    names = ",".join(f'"{name}"' for name in modem.stores)
    if call.form is Form.TEST:
        return [f"+CPMS: ({names}),({names}),({names})"]
    if call.form is Form.SET:
        chosen = [*call.args, *modem.settings.memories[len(call.args) :]][:3]
        for name in chosen:
            store_of(session, name)
        modem.settings.memories = (chosen[0], chosen[1], chosen[2])
    used = [store_of(session, name) for name in modem.settings.memories]
    counts = [f"{len(store.slots)},{store.capacity}" for store in used]
    if call.form is Form.SET:
        return ["+CPMS: " + ",".join(counts)]
    return ["+CPMS: " + ",".join(f'"{store.name}",{count}' for store, count in zip(used, counts, strict=True))]


def _wanted_status(session: AtServer, call: Call) -> int:
    text = call.arg(0)
    if session.modem.settings.cmgf:
        if text and text not in STATUS_WORDS:
            raise CmsError(302)
        return STATUS_WORDS.index(text) if text else Status.UNREAD
    return cms_number(text, 0, 4) if text else Status.UNREAD


def _list(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        words = ",".join(f'"{word}"' for word in STATUS_WORDS)
        return [f"+CMGL: ({words if modem.settings.cmgf else '0-4'})"]
    wanted = _wanted_status(session, call)
    if "cmgl_all_refused" in modem.quirks and wanted == Status.ALL:
        raise CmsError(500)
    store = _reading_store(session)
    lines: list[str] = []
    for index, message in sorted(store.slots.items()):
        if wanted in {Status.ALL, message.status}:
            lines += list_heading(modem.settings, index, message)
            _mark_read(message, call)
    if not lines and "cmgl_empty_refused" in modem.quirks:
        raise CmsError(321)
    return lines


def _mark_read(message: StoredPdu, call: Call) -> None:
    keep = call.arg(1) == "1"  # the <mode> some modems add: read without marking
    if message.status == Status.UNREAD and not keep:
        message.status = Status.READ


def _read(session: AtServer, call: Call) -> list[str]:
    if call.form is Form.TEST:
        return []
    store = _reading_store(session)
    index = cms_number(call.arg(0), 0, 9999)
    message = store.slots.get(index)
    if message is None:
        raise CmsError(321)
    lines = describe(session.modem.settings, message)
    _mark_read(message, call)
    return lines


def _delete(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    store = store_of(session, modem.settings.memories[0])
    if call.form is Form.TEST:
        used = ",".join(str(index) for index in sorted(store.slots))
        return [f"+CMGD: ({used}),(0-4)"]
    index = cms_number(call.arg(0), 0, 9999)
    flag = cms_number(call.arg(1, "0"), 0, 4)
    if flag == 0:
        if not store.has_index(index):
            raise CmsError(321)
        doomed = [index] if index in store.slots else []
    else:  # 27.005 3.5.4: 1 read, 2 read and sent, 3 all but unread, 4 all
        gone = {1: {1}, 2: {1, 3}, 3: {1, 2, 3}, 4: {0, 1, 2, 3}}[flag]
        doomed = [number for number, message in store.slots.items() if message.status in gone]
    for number in doomed:
        del store.slots[number]
    modem.journal.add("deleted", storage=store.name, indices=doomed)
    modem.room_again = modem.room_again or bool(doomed)
    return []


def _more_messages(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CMMS: (0-2)"]
    if call.form is Form.READ:
        return [f"+CMMS: {settings.cmms}"]
    settings.cmms = cms_number(call.arg(0), 0, 2)
    return []


def _acknowledge(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        return ["+CNMA: (0-2)"]
    if modem.settings.csms == 0 or not modem.unacknowledged:
        raise CmsError(340)
    modem.acknowledged()
    return []


def _text_parameters(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return []
    if call.form is Form.READ:
        return ["+CSMP: " + ",".join(str(value) for value in settings.csmp)]
    values = list(settings.csmp)
    for place, text in enumerate(call.args[:4]):
        if text:
            values[place] = cms_number(text, 0, 255)
    settings.csmp = (values[0], values[1], values[2], values[3])
    return []


def _text_headers(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CSDH: (0,1)"]
    if call.form is Form.READ:
        return [f"+CSDH: {settings.csdh}"]
    settings.csdh = cms_number(call.arg(0, "0"), 0, 1)
    return []


def _no_broadcast(session: AtServer, call: Call) -> list[str]:
    """Cell broadcast: kept off."""
    del session
    if call.form is Form.SET:
        return []
    if call.form is Form.READ:
        return ['+CSCB: 0,"",""']
    raise AtError


MESSAGES: dict[str, Handler] = {
    "+CMGF": _format,
    "+CSMS": _service,
    "+CSCA": _centre,
    "+CNMI": _indications,
    "+CPMS": _memories,
    "+CMGL": _list,
    "+CMGR": _read,
    "+CMGD": _delete,
    "+CMMS": _more_messages,
    "+CNMA": _acknowledge,
    "+CSMP": _text_parameters,
    "+CSDH": _text_headers,
    "+CSCB": _no_broadcast,
}
