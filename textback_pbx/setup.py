"""What the wizard knows: the questions, sensible answers to offer, and the configuration that comes out; asks nothing.

An answer is checked by the configuration itself, so the wizard and the file can never disagree about what is right.
"""

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textback_pbx.config import ConfigProblem, Settings, load, parse
from textback_pbx.config.writing import filled, lines_of, toml

SECRET_FILE = Path("/etc/textback-pbx/ami-secret")
_ZONES = Path("/usr/share/zoneinfo")


@dataclass(frozen=True, slots=True)
class Question:
    """One answer to get: its key in the configuration, the words, and what is offered."""

    key: str
    words: str
    offer: str = ""
    many: bool = False  # several values, with commas between


def questions(zone: str, country: str) -> tuple[Question, ...]:
    """The office's questions, in the order a person would tell it."""
    return (
        Question("office.name", "The office's name, as a text shows it"),
        Question("office.country", "Country (two capitals, ISO 3166)", country),
        Question("office.region", "State or province, for public holidays (empty: none)"),
        Question("office.timezone", "Time zone", zone),
        Question("office.language", "Language of the texts (en, es)", "en"),
        Question(
            "office.trade", "Trade (general, home_services, dental, health, law, salon, pet, professional)", "general"
        ),
        Question("office.phone", "The number people may call, as +15125550100 (empty: none)"),
        Question("office.owner", "Who calls back, when nothing else says so", "office"),
        Question(
            "hours.weekdays", "Open Monday to Friday (08:00-12:00,13:00-17:00; - for closed)", "08:00-17:00", many=True
        ),
        Question("hours.saturday", "Open on Saturday (- for closed)", "-", many=True),
        Question("hours.sunday", "Open on Sunday (- for closed)", "-", many=True),
        Question(
            "lines.dialled",
            "Dialled numbers that are answered with texts, as Asterisk shows them (empty: all)",
            many=True,
        ),
    )


AMI = (
    Question("ami.host", "Address of Asterisk", "127.0.0.1"),
    Question("ami.port", "Port of its manager interface", "5038"),
    Question("ami.username", "Account in manager.conf", "textback"),
)
_OFFICE = ("name", "country", "region", "timezone", "language", "trade", "phone", "owner")
_DAYS = {"weekdays": "monday", "saturday": "saturday", "sunday": "sunday"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def example() -> str:
    """Return the commented example: the wheel's copy, or the checkout's."""
    here = Path(__file__).resolve().parent
    installed = here / "config" / "example.toml"
    return (installed if installed.is_file() else here.parent / "config.example.toml").read_text(encoding="utf-8")


def here(etc: Path = Path("/etc"), zones: Path = _ZONES) -> tuple[str, str]:
    """Guess this machine's time zone and country; ``("", "")`` where nothing tells."""
    zone = ""
    link = etc / "localtime"
    if link.is_symlink() and "zoneinfo/" in (target := str(link.readlink())):
        zone = target.rpartition("zoneinfo/")[2]
    elif (etc / "timezone").is_file():
        zone = (etc / "timezone").read_text().strip()
    table = zones / "zone.tab"
    rows = table.read_text().splitlines() if table.is_file() else []
    country = next(
        (row.split("\t")[0] for row in rows if not row.startswith("#") and row.split("\t")[2:3] == [zone]), ""
    )
    return zone, country


def values(answers: Mapping[str, str]) -> dict[str, object]:
    """Turn answers as typed into the configuration's values; numbers stay words where the key wants words."""
    found: dict[str, object] = {}
    for key, text in answers.items():
        if key == "lines.dialled":
            continue
        if key.startswith("hours."):
            days = WEEKDAYS if key == "hours.weekdays" else (key.partition(".")[2],)
            found |= {f"hours.{day}": intervals(text) for day in days}
        else:
            found[key] = int(text) if key == "ami.port" and text.isdigit() else text
    return found


def intervals(text: str) -> list[str]:
    """Read ``08:00-12:00, 13:00-17:00``; ``-`` or nothing is a closed day."""
    return [] if text.strip() in ("", "-") else split(text)


def split(text: str) -> list[str]:
    """Read a list with commas."""
    return [part for part in (one.strip() for one in text.split(",")) if part]


def former_of(path: Path) -> tuple[Settings | None, Path | None]:
    """What a configuration that is there says, and its database: another one would know of nobody's STOP."""
    if not path.exists():
        return None, None
    try:
        former = load(path)
    except ConfigProblem:
        try:
            named = tomllib.loads(path.read_text(encoding="utf-8")).get("database", {}).get("path")
        except (OSError, ValueError, AttributeError):
            return None, None
        return None, Path(named) if isinstance(named, str) else None
    return former, former.database.path


def offers(former: Settings) -> dict[str, str]:
    """What a configuration that is there answers: offered when the wizard runs again, so that Enter changes nothing."""
    office, hours, ami = former.office, former.hours, former.ami
    given: dict[str, object] = {f"office.{key}": getattr(office, key) for key in _OFFICE}
    given |= {f"hours.{name}": getattr(hours, day) for name, day in _DAYS.items()}
    given |= {"ami.host": ami.host, "ami.port": ami.port, "ami.username": ami.username}
    given |= {"modem.port": former.modem.port, "setup.dry_run": "yes" if former.dry_run else "no"}
    given["lines.dialled"] = former.lines[0].dialled if len(former.lines) == 1 else ""
    return {key: ",".join(one) or "-" if isinstance(one, tuple) else str(one) for key, one in given.items()}


def set_aside(path: Path) -> Path:
    """Copy a configuration that is to be written over, under a name that no file has; return it."""
    number = 1
    while (name := path.with_name(f"{path.name}.former-{number}")).exists():
        number += 1
    shutil.copy2(path, name)
    if os.geteuid() == 0:
        os.chown(name, path.stat().st_uid, path.stat().st_gid)
    return name


def compose(answers: Mapping[str, str], *, modem: str, secret_file: Path | None, dry_run: bool, database: Path) -> str:
    """Return the whole file. The example's own office, lines and dates do not come over."""
    phone = answers.get("office.phone", "")
    chosen: dict[str, object] = {
        "office.region": "",
        "office.own_numbers": [phone] if phone else [],
        "hours.closed_on": [],
        "dry_run": dry_run,
        "modem.port": modem,
        "database.path": str(database),
        **values(answers),
    }
    if secret_file is not None:
        chosen |= {"ami.secret": None, "ami.secret_file": str(secret_file)}
    dialled = split(answers.get("lines.dialled", ""))
    text = filled(example(), chosen)
    return text + (lines_of([{"name": "main", "dialled": dialled}]) if dialled else "")


def problem_of(key: str, text: str, country: str = "US") -> str:
    """Say what is wrong with one answer, or ``""``; the configuration itself judges."""
    base: dict[str, dict[str, object]] = {"office": {"name": "x", "country": country}}
    for name, value in values({key: text}).items():
        section, _, leaf = name.partition(".")
        base.setdefault(section, {})[leaf] = value
    file = "".join(
        f"[{section}]\n" + "".join(f"{leaf} = {toml(value)}\n" for leaf, value in keys.items())
        for section, keys in base.items()
    )
    try:
        parse(file, Path("answer"))
    except ConfigProblem as problem:
        return "; ".join(re.sub(r"^(line \d+: )?\S+: ", "", one) for one in problem.problems)
    return ""


def checked(text: str, path: Path) -> Settings:
    """Read a composed file as the agent would. Raises ``ConfigProblem``."""
    return parse(text, path)


def retry(ask: Callable[[], str], wrong: Callable[[str], str], say: Callable[[str], None], tries: int = 5) -> str:
    """Ask until the answer is right; give up after some tries, so that a script does not hang for ever."""
    for _ in range(tries):
        answer = ask()
        problem = wrong(answer)
        if not problem:
            return answer
        say(f"  {problem}")
    raise ConfigProblem(Path("the answers"), [problem])


def numbered(rows: Iterable[str]) -> str:
    """Return a list to choose from, counted from 1."""
    return "\n".join(f"  {number}. {row}" for number, row in enumerate(rows, start=1))
