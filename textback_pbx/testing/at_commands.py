"""The general commands of the simulated modem: V.250, and 27.007 for identity, SIM, network and the rest.

Every handler takes the session and one command and returns its information lines; it raises an AtError to fail.
"""

from textback_pbx.testing.at_errors import SIM_ERRORS, AtError, CmeError
from textback_pbx.testing.at_grammar import Call, Form
from textback_pbx.testing.at_server import AtServer, Final, Handler
from textback_pbx.testing.modem_state import Settings
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


def _basic(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    value = number_in(call.text or "0", 0, 255)
    if call.name in {"E", "Q", "V"} and value > 1:
        raise AtError
    if call.name == "E":
        settings.echo = bool(value)
    elif call.name == "Q":
        settings.quiet = bool(value)
    elif call.name == "V":
        settings.verbose = bool(value)
    return []


def _register(session: AtServer, call: Call) -> list[str]:
    registers = session.modem.settings.registers
    number = int(call.name[1:])
    if call.form is Form.READ:
        return [f"{registers.get(number, 0):03d}"]
    registers[number] = number_in(call.text or "0", 0, 255)
    return []


def _reset(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    cfun = modem.settings.cfun
    modem.settings = Settings.of(modem.model)
    modem.settings.cfun = cfun
    if call.name == "&F":
        modem.factory_reset = True
    return []


def _identity(session: AtServer, call: Call) -> list[str]:
    model = session.modem.model
    revision = [f"Revision: {model.revision}"]
    return [model.manufacturer, model.model, *revision] if call.text in {"", "0"} else [model.revision]


def _plain(what: str) -> Handler:
    def handler(session: AtServer, call: Call) -> list[str]:
        if call.form is Form.TEST:
            return []
        modem = session.modem
        values = {
            "manufacturer": modem.model.manufacturer,
            "model": modem.model.model,
            "revision": modem.model.revision,
            "imei": modem.imei,
        }
        return [values[what]]

    return handler


def _imsi(session: AtServer, call: Call) -> list[str]:
    return [] if call.form is Form.TEST else [ready_sim(session).imsi]


def _iccid(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.name not in modem.model.iccid_commands:
        raise AtError
    if modem.sim is None:
        raise CmeError(10)
    return [f"{call.name}: {modem.sim.iccid}"]


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
    args = call.args
    level = number_in(args[0], 0, 4)
    if level not in {0, 1, 4}:
        raise CmeError(50)
    modem.settings.cfun = level
    modem.reset_after_reply = len(args) > 1 and args[1] == "1"
    modem.network_changed()
    return []


def _registration(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        return [f"{call.name}: (0-2)"]
    if call.form is Form.SET:
        modem.settings.reporting[call.name] = number_in(call.args[0], 0, 2)
        return []
    return [f"{call.name}: {modem.settings.reporting[call.name]},{modem.registration_words(call.name)}"]


def _operator(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    radio = modem.radio
    if call.form is Form.TEST:
        return [f'+COPS: (2,"{radio.operator}","{radio.operator}","{radio.plmn}",{radio.technology}),,(0-4),(0-2)']
    if call.form is Form.SET:
        if call.args[0] == "3":
            modem.settings.cops_format = number_in(call.args[1], 0, 2)
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


def _error_mode(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CMEE: (0-2)"]
    if call.form is Form.READ:
        return [f"+CMEE: {settings.cmee}"]
    settings.cmee = number_in(call.args[0], 0, 2) if call.args else 0
    return []


def _character_set(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ['+CSCS: ("GSM","IRA","UCS2","HEX")']
    if call.form is Form.READ:
        return [f'+CSCS: "{settings.cscs}"']
    if not call.args or call.args[0] not in {"GSM", "IRA", "UCS2", "HEX"}:
        raise CmeError(50)
    settings.cscs = call.args[0]
    return []


def _ussd(session: AtServer, call: Call) -> list[str]:
    modem = session.modem
    if call.form is Form.TEST:
        return ["+CUSD: (0-2)"]
    if call.form is Form.READ:
        return ["+CUSD: 0"]
    args = call.args
    if len(args) > 1 and args[1]:
        if not modem.on_network:
            raise CmeError(30)
        answer = modem.ussd.get(args[1], "Unknown code")
        modem.timers.after(modem.radio_s, lambda: modem.urc(f'+CUSD: 0,"{answer}",15'))
    return []


def _lock(session: AtServer, call: Call) -> list[str]:
    args = call.args
    if call.form is Form.TEST:
        return ['+CLCK: ("SC")']
    if len(args) < 2 or args[0] != "SC":
        raise CmeError(4)
    sim = ready_sim(session)
    if args[1] == "2":
        return [f"+CLCK: {int(sim.pin is not None)}"]
    raise CmeError(4)


def _clock(session: AtServer, call: Call) -> list[str]:
    import datetime as dt

    if call.form is not Form.READ:
        return []
    now = dt.datetime.fromtimestamp(session.modem.clock.now_ms() / 1000, dt.UTC)
    return [f'+CCLK: "{now:%y/%m/%d,%H:%M:%S}+00"']


def _curc(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.READ:
        return [f"^CURC: {settings.curc}"]
    if call.form is Form.SET:
        settings.curc = number_in(call.args[0], 0, 2)
    return []


def _option(session: AtServer, call: Call) -> list[str]:
    """Keep and show +QCFG options."""
    options = session.modem.settings.options
    if call.form is not Form.SET or not call.args:
        return []
    name, *values = call.args
    if values:
        options[name] = ",".join(values)
        return []
    return [f'+QCFG: "{name}",{options.get(name, "0")}']


def _kept(default: str, ranges: str) -> Handler:
    """A setting that is only kept and shown."""

    def handler(session: AtServer, call: Call) -> list[str]:
        options = session.modem.settings.options
        if call.form is Form.TEST:
            return [f"{call.name}: {ranges}"]
        if call.form is Form.SET:
            options[call.name] = call.text
            return []
        return [f"{call.name}: {options.get(call.name, default)}"]

    return handler


def _accepted(session: AtServer, call: Call) -> list[str]:
    """Do nothing, and say OK."""
    del session, call
    return []


def _dial(session: AtServer, call: Call) -> list[str]:
    del session, call
    raise Final("NO CARRIER")


def _said(text: str) -> Handler:
    """A command that always says the same."""

    def handler(session: AtServer, call: Call) -> list[str]:
        del session
        return [] if call.form is Form.TEST else [f"{call.name}: {text}"]

    return handler


def _all_commands(session: AtServer, call: Call) -> list[str]:
    del call
    return sorted(name for name in session.known if name[0] in "+^&")


GENERAL: dict[str, Handler] = {
    **dict.fromkeys(("E", "Q", "V", "X", "H", "L", "M", "&C", "&D", "&K", "&S", "&W", "&R"), _basic),
    **dict.fromkeys(("S0", "S2", "S3", "S4", "S5", "S7", "S10", "S12"), _register),
    **dict.fromkeys(("Z", "&F"), _reset),
    "I": _identity,
    "D": _dial,
    **dict.fromkeys(("+CGMI", "+GMI"), _plain("manufacturer")),
    **dict.fromkeys(("+CGMM", "+GMM"), _plain("model")),
    **dict.fromkeys(("+CGMR", "+GMR"), _plain("revision")),
    **dict.fromkeys(("+CGSN", "+GSN"), _plain("imei")),
    "+CIMI": _imsi,
    **dict.fromkeys(("+CCID", "+QCCID", "+ICCID", "^ICCID"), _iccid),
    "+CPIN": _pin,
    "+CFUN": _function,
    **dict.fromkeys(("+CREG", "+CGREG", "+CEREG"), _registration),
    "+COPS": _operator,
    "+CSQ": _signal,
    "+CMEE": _error_mode,
    "+CSCS": _character_set,
    "+CUSD": _ussd,
    "+CLCK": _lock,
    "+CCLK": _clock,
    "^CURC": _curc,
    "+QCFG": _option,
    "+CLAC": _all_commands,
    "+CBC": _said("0,100,4100"),
    "+CPAS": _said("0"),
    "+GCAP": _said("+CGSM"),
    "+CGSMS": _kept("1", "(0-3)"),
    "+IPR": _kept("115200", "(),(9600,115200,921600)"),
    "+IFC": _kept("0,0", "(0-2),(0-2)"),
    "+CLIP": _kept("0,1", "(0,1)"),
    "+CRC": _kept("0", "(0,1)"),
    "+CCWA": _accepted,
    "+CSSN": _accepted,
    "+CTZU": _kept("0", "(0,1)"),
}
