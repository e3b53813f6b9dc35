"""What a text can mean for texting its writer: labels, what was sent before, a verdict and its reason. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What the writer wants, as far as texts go."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


class LastOutbound(StrEnum):
    """What was sent to this person last."""

    NONE = "none"
    FIRST_TEXT = "first_text"
    OPTOUT_CONFIRMATION = "optout_confirmation"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Keyword:
    """The verdict: ``why`` is one plain sentence, ``rule`` its name, ``span`` the place in the text it rests on."""

    label: Label
    why: str
    rule: str
    span: tuple[int, int] | None = None
    language: str = ""
