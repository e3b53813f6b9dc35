"""What is known of one modem model, read from ``hardware/modems/*.toml``; data decides, the driver has no model names.

In a wheel the files stand in ``textback_pbx/modem/profiles``, in a checkout in ``hardware/modems``. Unknown keys
are errors: a quirk that is silently ignored is worse than none. The ``[simulator]`` table is the simulator's.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textback_pbx.modem.cms import is_definite
from textback_pbx.modem.lines import Command

Cnmi = tuple[int, int, int, int, int]

#: mode, mt, bm, ds, bfr of AT+CNMI (27.005, 3.4.1), best first: texts stored and announced, reports directly;
#: reports stored and announced; no reports.
DEFAULT_CNMI: tuple[Cnmi, ...] = (
    (2, 1, 0, 1, 0),
    (2, 1, 0, 1, 1),
    (1, 1, 0, 1, 0),
    (1, 1, 0, 1, 1),
    (3, 1, 0, 1, 0),
    (2, 1, 0, 2, 0),
    (1, 1, 0, 2, 0),
    (2, 1, 0, 0, 0),
    (1, 1, 0, 0, 0),
)
#: Ways to ask for the ICCID; 27.007 has none, so everybody made one up.
DEFAULT_ICCID = ("AT+CCID", "AT+QCCID", "AT+CICCID", "AT+ICCID", "AT^ICCID?")


class ProfileProblem(Exception):
    """A profile file cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Deadlines in seconds. ``submit`` is never under 180 (MODEM 5): a network was seen to answer after 135 s."""

    command: float = 5.0
    slow: float = 30.0  # AT+COPS?, AT+CPIN=, AT+CFUN=1, AT+CMGL: a busy SIM takes its time
    prompt: float = 10.0
    submit: float = 180.0
    boot: float = 30.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One model. ``factory_reset``: AT&F is given once when AT+CNMI is refused, or ``never``."""

    name: str
    title: str
    models: tuple[str, ...] = ()
    tested: str = "no"
    known: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    usb_ids: tuple[str, ...] = ()
    at_interface: int | None = None
    extra: tuple[Command, ...] = ()
    factory_reset: bool = False
    storage: tuple[str, ...] = ("ME", "SM")
    cnmi: tuple[Cnmi, ...] = DEFAULT_CNMI
    list_all: bool = True
    multi_link: bool = True
    timing: Timing = Timing()
    iccid: tuple[Command, ...] = ()
    definite: frozenset[int] = frozenset()
    ambiguous: frozenset[int] = frozenset()

    def is_definite(self, code: int | None) -> bool:
        """Whether ``+CMS ERROR: code`` after the PDU proves that the text was not taken (MODEM 14)."""
        if code in self.ambiguous:
            return False
        return code in self.definite or is_definite(code)


def folder() -> Path:
    """Where the profiles are: the wheel's copy, or the checkout's ``hardware/modems``."""
    here = Path(__file__).resolve().parent
    installed = here / "profiles"
    return installed if installed.is_dir() else here.parent.parent / "hardware" / "modems"


def names() -> list[str]:
    """Every profile there is."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def load(name: str) -> Profile:
    """Read one profile by name; raises :class:`ProfileProblem`."""
    if name not in names():
        raise ProfileProblem(f"there is no modem profile {name!r}; known: {', '.join(names())}, or auto")
    return read((folder() / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


def detect(model: str) -> Profile:
    """Return the profile whose model name begins what AT+CGMM says (the longest wins), or the generic one."""
    best, length = "generic", 0
    for name in names():
        for prefix in load(name).models:
            if model.upper().startswith(prefix.upper()) and len(prefix) > length:
                best, length = name, len(prefix)
    return load(best)


def read(text: str, file: str) -> Profile:
    """Parse one profile; raises :class:`ProfileProblem` naming ``file`` and the key."""
    try:
        return _profile(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError, TypeError, KeyError) as error:
        raise ProfileProblem(f"modem profile {file}: {error}") from error


def _profile(data: dict[str, Any]) -> Profile:
    data.pop("simulator", None)
    usb, init, sms, cms, query, timing = (data.pop(key, {}) for key in ("usb", "init", "sms", "cms", "query", "timing"))
    _only(data, "name", "title", "models", "tested", "known", "untried")
    _only(usb, "ids", "at_interface")
    _only(init, "extra", "factory_reset")
    _only(sms, "storage", "cnmi", "list_all", "multi_link")
    _only(cms, "definite", "ambiguous")
    _only(query, "iccid")
    _only(timing, "command", "slow", "prompt", "submit", "boot")
    asked = [*query.get("iccid", ()), *DEFAULT_ICCID]
    return Profile(
        name=str(data["name"]),
        title=str(data["title"]),
        models=tuple(data.get("models", ())),
        tested=str(data.get("tested", "no")),
        known=tuple(data.get("known", ())),
        untried=tuple(data.get("untried", ())),
        usb_ids=tuple(usb.get("ids", ())),
        at_interface=usb.get("at_interface"),
        extra=tuple(Command(text, bare=True) for text in init.get("extra", ())),
        factory_reset=_one_of(init.get("factory_reset", "never"), "never", "when_refused") == "when_refused",
        storage=tuple(_one_of(name, "ME", "SM", "MT") for name in sms.get("storage", ("ME", "SM"))),
        cnmi=_cnmi(sms.get("cnmi", ())),
        list_all=bool(sms.get("list_all", True)),
        multi_link=bool(sms.get("multi_link", True)),
        timing=_timing(timing),
        iccid=tuple(iccid_command(text) for text in dict.fromkeys(asked)),
        definite=frozenset(cms.get("definite", ())),
        ambiguous=frozenset(cms.get("ambiguous", ())),
    )


def iccid_command(text: str) -> Command:
    """A way to ask for the ICCID: its reply has any of the prefixes in use, or none."""
    return Command(text, prefixes=("+CCID", "+QCCID", "+ICCID", "+CICCID", "^ICCID"), bare=True)


def _cnmi(rows: list[list[int]]) -> tuple[Cnmi, ...]:
    first = [(int(row[0]), int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows]
    return tuple(dict.fromkeys([*first, *DEFAULT_CNMI]))


def _timing(table: Mapping[str, float]) -> Timing:
    timing = Timing(**{key: float(value) for key, value in table.items()})
    if timing.submit < 180:
        raise ValueError("timing.submit is under 180 s: a text the network still takes would be called unknown")
    return timing


def _only(table: Mapping[str, Any], *keys: str) -> None:
    for key in table:
        if key not in keys:
            raise ValueError(f"unknown key {key!r}; known here: {', '.join(keys)}")


def _one_of(value: str, *allowed: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
    return value
