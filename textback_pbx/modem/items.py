"""What a modem line gives to the pipeline, and what it says of itself. Pure data."""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.outbox.attempt import LateAccept


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry of a storage (27.005, 3.4.2): commit it, then ``await modem.delete(item)``.

    ``status``: 0 unread, 1 read (2 and 3 are texts to be sent and are never given). ``pdu`` is the raw
    hexadecimal, a text or a status report; :func:`textback_pbx.modem.pdu.decode` reads it. The same entry is
    given again until it is deleted.
    """

    modem: str
    iccid: str | None
    storage: str
    index: int
    pdu: str
    status: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Direct:
    """A PDU that came straight through (+CDS, or +CMT for a flash text): no storage has it, commit it now."""

    modem: str
    iccid: str | None
    code: str
    pdu: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """What is wrong with the line has changed; read ``modem.health``."""

    modem: str
    problem: "Problem"


Item = Stored | Direct | LateAccept | HealthChanged


class Problem(StrEnum):
    """What can be wrong with a line, the worst first; the words are in ``health.WORDS``."""

    NO_PORT = "no_port"
    WRONG_STICK = "wrong_stick"
    WRONG_SIM = "wrong_sim"
    SILENT = "silent"
    NOT_A_MODEM = "not_a_modem"
    NO_SIM = "no_sim"
    SIM_FAILED = "sim_failed"
    PIN_WANTED = "pin_wanted"
    PIN_WRONG = "pin_wrong"
    PIN_TRIED = "pin_tried"
    PUK_WANTED = "puk_wanted"
    SETUP_REFUSED = "setup_refused"
    NO_SMSC = "no_smsc"
    STARTING = "starting"
    DENIED = "denied"
    NOT_REGISTERED = "not_registered"
    READING = "reading"
    UNRESOLVED = "unresolved"
    HIDDEN_TEXTS = "hidden_texts"
    NO_SIGNAL = "no_signal"
    STORAGE_FULL = "storage_full"
    NO_REPORTS = "no_reports"
    BROWN_OUTS = "brown_outs"
    NONE = "none"
