"""The command line grammar of the simulated modem: ITU-T V.250 clause 5.2 to 5.4."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """The four ways to use a command."""

    RUN = "run"  # AT+X
    SET = "set"  # AT+X=...
    READ = "read"  # AT+X?
    TEST = "test"  # AT+X=?


@dataclass(frozen=True, slots=True)
class Call:
    """One command of a line: its name in upper case, its form, its parameters as written and taken apart."""

    name: str
    form: Form
    text: str = ""

    @property
    def args(self) -> tuple[str, ...]:
        """The parameters, unquoted and stripped; empty ones stay as empty strings."""
        return split_args(self.text) if self.text else ()

    def arg(self, place: int, default: str = "") -> str:
        """Return one parameter, or ``default`` where it is absent or empty."""
        args = self.args
        return (args[place] if place < len(args) else "") or default


class LineProblem(Exception):
    """The line is no command line; the modem answers ERROR."""


_EXTENDED = re.compile(r"([+^$*%#][A-Z0-9+^_-]*[A-Z0-9])\s*(=\s*\?|\?|=)?", re.IGNORECASE)
_BASIC = re.compile(r"(S[0-9]+|&?[A-Z])\s*(=\s*[0-9]*|\?|[0-9]*)", re.IGNORECASE)
_DIAL = re.compile(r"D[^;]*;?", re.IGNORECASE)


def parse_line(body: str) -> tuple[Call, ...]:
    """Take a line apart, without its ``AT``; LineProblem when it is malformed."""
    calls: list[Call] = []
    rest = body.strip()
    while rest:
        call, rest = _extended(rest) if rest[0] in "+^$*%#" else _basic(rest)
        calls.append(call)
        rest = rest.lstrip()
    return tuple(calls)


def _extended(rest: str) -> tuple[Call, str]:
    match = _EXTENDED.match(rest)
    if match is None:
        raise LineProblem(rest)
    name, mark = match[1].upper(), (match[2] or "").replace(" ", "")
    own, after = _until_semicolon(rest[match.end() :])
    if mark == "=":
        return Call(name, Form.SET, own.strip()), after
    if own.strip():
        raise LineProblem(rest)
    return Call(name, {"": Form.RUN, "?": Form.READ, "=?": Form.TEST}[mark]), after


def _basic(rest: str) -> tuple[Call, str]:
    if rest[0] == ";":
        return Call(";", Form.RUN), rest[1:]
    if dial := _DIAL.match(rest):
        return Call("D", Form.SET, dial[0][1:]), rest[dial.end() :]
    match = _BASIC.match(rest)
    if match is None:
        raise LineProblem(rest)
    name, value = match[1].upper(), match[2].replace(" ", "")
    after = rest[match.end() :]
    if value == "?":
        return Call(name, Form.READ), after
    digits = value.removeprefix("=")
    return Call(name, Form.SET if digits else Form.RUN, digits), after


def _until_semicolon(text: str) -> tuple[str, str]:
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            return text[:position], text[position + 1 :]
    return text, ""


def split_args(text: str) -> tuple[str, ...]:
    """Split parameters at commas outside quotes and take the quotes off."""
    args: list[str] = []
    current: list[str] = []
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            args.append("".join(current).strip())
            current = []
        else:
            current.append(character)
    return (*args, "".join(current).strip())
