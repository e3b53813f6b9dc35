"""The commands of the simulated modem about its SIM and the network: 3GPP TS 27.007 clauses 5, 7 and 8."""

from textback_pbx.testing.at_errors import SIM_ERRORS, AtError, CmeError
from textback_pbx.testing.at_grammar import Call, Form
from textback_pbx.testing.at_server import AtServer, Handler
from textback_pbx.testing.sim_card import SimCard, SimState


def number_in(text: str, low: int, high: int) -> int:
    """Read a decimal parameter; +CME ERROR 50 when it is none or out of range."""
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise CmeError(50)
    return int(text)


def ready_sim(session: AtServer) -> SimCard:
    """Return the SIM when it is in and unlocked; the +CME ERROR for what it is instead."""
    sim = session.modem.sim
    state = session.modem.sim_state
    if sim is None or state is not SimState.READY:
        raise CmeError(SIM_ERRORS[state][0])
    return sim


def _imsi(session: AtServer, call: Call) -> list[str]:
    return [] if call.form is Form.TEST else [ready_sim(session).imsi]


def _iccid(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.name not in modem.model.iccid_commands:
        raise AtError
    if modem.sim is None:
        raise CmeError(10)
    heading = "+ICCID" if call.name == "+CICCID" else call.name  # as SIMCom's AT manuals have it
    return [f"{heading}: {modem.sim.iccid}"]


def _pin(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    sim, state = modem.sim, modem.sim_state
    if call.form is Form.TEST:
        return []
    if sim is None or state is SimState.BLOCKED:
        raise CmeError(SIM_ERRORS[state][0])
    if call.form is Form.READ:
        return [f"+CPIN: {state}"]
    if state is SimState.READY:
        raise CmeError(3)
    pins = call.args
    if not all(4 <= len(pin) <= 8 and pin.isdigit() for pin in pins) or len(pins) != (
        2 if state is SimState.PUK else 1
    ):
        raise CmeError(50)
    if not (sim.enter_puk(pins[0], pins[1]) if state is SimState.PUK else sim.enter_pin(pins[0])):
        raise CmeError(12 if sim.state is SimState.PUK and state is SimState.PIN else 16)
    modem.network_changed()
    return []


def _function(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.READ:
        return [f"+CFUN: {modem.settings.cfun}"]
    if call.form is Form.TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    level = number_in(call.arg(0), 0, 4)
    if level not in {0, 1, 4}:
        raise CmeError(50)
    modem.settings.cfun = level
    modem.reset_after_reply = call.arg(1) == "1"
    modem.network_changed()
    return []


def _registration(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        return [f"{call.name}: (0-2)"]
    if call.form is Form.SET:
        modem.settings.reporting[call.name] = number_in(call.arg(0), 0, 2)
        return []
    return [f"{call.name}: {modem.settings.reporting[call.name]},{modem.registration_words(call.name)}"]


def _attached(session: AtServer, call: Call) -> list[str]:
    """+CGATT (27.007 10.1.9): a client asks whether data would work; nothing is attached or detached."""
    if call.form is Form.TEST:
        return ["+CGATT: (0,1)"]
    if call.form is Form.SET:
        number_in(call.arg(0), 0, 1)
        return []
    return [f"+CGATT: {int(session.modem.on_network)}"]


def _operator(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    radio = modem.radio
    if call.form is Form.TEST:
        return [f'+COPS: (2,"{radio.operator}","{radio.operator}","{radio.plmn}",{radio.technology}),,(0-4),(0-2)']
    if call.form is Form.SET:
        if call.arg(0) == "3":
            modem.settings.cops_format = number_in(call.arg(1), 0, 2)
        return []
    if not modem.on_network:
        return ["+COPS: 0"]
    style = modem.settings.cops_format
    name = radio.plmn if style == 2 else radio.operator
    return [f'+COPS: 0,{style},"{name}",{radio.technology}']


def _signal(session: AtServer, call: Call) -> list[str]:
    if call.form is Form.TEST:
        return ["+CSQ: (0-31,99),(0-7,99)"]
    radio = session.modem.radio
    return [f"+CSQ: {radio.rssi},{radio.ber}"]


def _ussd(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        return ["+CUSD: (0-2)"]
    if call.form is Form.READ:
        return ["+CUSD: 0"]
    if code := call.arg(1):
        if not modem.on_network:
            raise CmeError(30)
        answer = modem.ussd.get(code, "Unknown code")
        modem.timers.after(modem.radio_s, lambda: modem.urc(f'+CUSD: 0,"{answer}",15'))
    return []


def _lock(session: AtServer, call: Call) -> list[str]:
    if call.form is Form.TEST:
        return ['+CLCK: ("SC")']
    if call.arg(0) != "SC":
        raise CmeError(4)
    sim = ready_sim(session)
    if call.arg(1) == "2":
        return [f"+CLCK: {int(sim.pin is not None)}"]
    raise CmeError(4)


NETWORK: dict[str, Handler] = {
    "+CIMI": _imsi,
    **dict.fromkeys(("+CCID", "+QCCID", "+ICCID", "+CICCID", "^ICCID"), _iccid),
    "+CPIN": _pin,
    "+CFUN": _function,
    **dict.fromkeys(("+CREG", "+CGREG", "+CEREG"), _registration),
    "+CGATT": _attached,
    "+COPS": _operator,
    "+CSQ": _signal,
    "+CUSD": _ussd,
    "+CLCK": _lock,
}
