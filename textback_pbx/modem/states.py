"""The life of one AT command as a table; the engine follows it and the documentation is drawn from it. Pure."""

from enum import Enum


class State(Enum):
    """Where the one running command stands."""

    IDLE = "idle"
    REPLY = "reply"  # an ordinary command waits for its final result
    ASKED = "asked"  # AT+CMGS= has left, the prompt has not come
    PROMPT = "prompt"  # the prompt is open: the modem takes whatever comes as the message
    SUBMITTED = "submitted"  # PDU and Ctrl-Z have left
    LOST = "lost"  # given up: what comes now may belong to what was given up
    RESYNC = "resync"  # a marker command has left
    MARKED = "marked"  # its own line came: the next OK is its


class Input(Enum):
    """What moves the state."""

    SEND = "send a command"
    ASK = "send AT+CMGS"
    PROMPT = "the prompt"
    PDU = "send the PDU and Ctrl-Z"
    FINAL = "a final result"
    ABANDON = "give up"
    MARK = "send a marker"
    MARKER = "the marker's own line"


#: The whole state machine. A pair that is missing is a bug when we do it and noise when the modem does.
TABLE: dict[tuple[State, Input], State] = {
    (State.IDLE, Input.SEND): State.REPLY,
    (State.IDLE, Input.ASK): State.ASKED,
    (State.IDLE, Input.ABANDON): State.LOST,
    (State.REPLY, Input.FINAL): State.IDLE,
    (State.REPLY, Input.ABANDON): State.LOST,
    (State.ASKED, Input.PROMPT): State.PROMPT,
    (State.ASKED, Input.FINAL): State.IDLE,
    (State.ASKED, Input.ABANDON): State.LOST,
    (State.PROMPT, Input.PDU): State.SUBMITTED,
    (State.PROMPT, Input.FINAL): State.IDLE,  # the modem withdrew the prompt by itself
    (State.PROMPT, Input.ABANDON): State.LOST,
    (State.SUBMITTED, Input.FINAL): State.IDLE,
    (State.SUBMITTED, Input.ABANDON): State.LOST,
    (State.LOST, Input.FINAL): State.LOST,
    (State.LOST, Input.ABANDON): State.LOST,
    (State.LOST, Input.MARK): State.RESYNC,
    (State.RESYNC, Input.FINAL): State.RESYNC,
    (State.RESYNC, Input.MARK): State.RESYNC,
    (State.RESYNC, Input.MARKER): State.MARKED,
    (State.RESYNC, Input.ABANDON): State.LOST,
    (State.MARKED, Input.FINAL): State.IDLE,
    (State.MARKED, Input.MARK): State.RESYNC,
    (State.MARKED, Input.ABANDON): State.LOST,
}
