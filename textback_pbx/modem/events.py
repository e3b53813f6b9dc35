"""What the AT engine reports to the owner of the port: one frozen value for each thing that happened. Pure."""

from dataclasses import dataclass

from textback_pbx.modem.lines import Command, Final, FinalKind


@dataclass(frozen=True, slots=True)
class Reply:
    """The running command ended. ``truncated``: more lines came than a reply may have; the rest is dropped."""

    command: Command
    lines: tuple[str, ...]
    final: Final
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether the modem said OK."""
        return self.final.kind is FinalKind.OK


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for the message of ``AT+CMGS``: write the PDU, or :meth:`Engine.abandon`."""


@dataclass(frozen=True, slots=True)
class StrayPrompt:
    """A prompt nobody waits for (its command was given up): write :data:`ESC` at once."""


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """An unsolicited code. ``body`` is the second line where there is one; ``""`` when it never came."""

    code: str
    line: str
    body: str | None = None
    text_mode: bool = False  # the body is text: the modem has lost its set-up


@dataclass(frozen=True, slots=True)
class LateSubmit:
    """``+CMGS`` for a submit that was given up: ``token`` names it, ``line`` carries the message reference."""

    token: object
    line: str


@dataclass(frozen=True, slots=True)
class LateFinal:
    """A final result for something that was given up."""

    final: Final


@dataclass(frozen=True, slots=True)
class Resynced:
    """The marker was answered: the modem is idle and nothing old is under way."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A line that is nothing we know, cut to a length a log can bear."""

    line: str


Event = Reply | Prompt | StrayPrompt | Unsolicited | LateSubmit | LateFinal | Resynced | Noise
