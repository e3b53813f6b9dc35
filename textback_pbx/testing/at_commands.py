"""The general commands of the simulated modem: V.250, and 27.007 for identity, errors and the rest.

Every handler takes the session and one command and returns its information lines; it raises an AtError to fail.
"""

from textback_pbx.testing.at_errors import AtError, CmeError
from textback_pbx.testing.at_grammar import Call, Form
from textback_pbx.testing.at_network import NETWORK, number_in
from textback_pbx.testing.at_server import AtServer, Final, Handler
from textback_pbx.testing.modem_state import Settings


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


def _error_mode(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ["+CMEE: (0-2)"]
    if call.form is Form.READ:
        return [f"+CMEE: {settings.cmee}"]
    settings.cmee = number_in(call.arg(0, "0"), 0, 2)
    return []


def _character_set(session: AtServer, call: Call) -> list[str]:
    settings = session.modem.settings
    if call.form is Form.TEST:
        return ['+CSCS: ("GSM","IRA","UCS2","HEX")']
    if call.form is Form.READ:
        return [f'+CSCS: "{settings.cscs}"']
    if call.arg(0) not in {"GSM", "IRA", "UCS2", "HEX"}:
        raise CmeError(50)
    settings.cscs = call.arg(0)
    return []


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
        settings.curc = number_in(call.arg(0), 0, 2)
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
    **NETWORK,
    **dict.fromkeys(("E", "Q", "V", "X", "H", "L", "M", "&C", "&D", "&K", "&S", "&W", "&R"), _basic),
    **dict.fromkeys(("S0", "S2", "S3", "S4", "S5", "S7", "S10", "S12"), _register),
    **dict.fromkeys(("Z", "&F"), _reset),
    "I": _identity,
    "D": _dial,
    **dict.fromkeys(("+CGMI", "+GMI"), _plain("manufacturer")),
    **dict.fromkeys(("+CGMM", "+GMM"), _plain("model")),
    **dict.fromkeys(("+CGMR", "+GMR"), _plain("revision")),
    **dict.fromkeys(("+CGSN", "+GSN"), _plain("imei")),
    "+CMEE": _error_mode,
    "+CSCS": _character_set,
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
