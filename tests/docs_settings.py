"""The settings as a page: every key of the configuration with what it does, its default and what it may be.

The words are the comments of ``config.example.toml``; a key that has no comment there stands in :data:`SAYS`.
"""

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from textback_pbx.config import DAYS, Pbx, Settings
from textback_pbx.config.sections import FurtherModem

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"

#: Keys the example shows without a comment of their own.
SAYS = {
    "office.timezone": "The office's time zone: opening hours, quiet hours and reports are in it.",
    **{f"hours.{day}": "Opening hours; several intervals in a list, [] for closed." for day in DAYS},
    "lines.name": "What the line is called in lists and reports.",
    "lines.business": "How the text names this business; empty: office.name.",
    "lines.language": "Language of its texts; empty: the office's.",
    "lines.trade": "Which ready-made texts; empty: the office's.",
    "lines.timezone": "Its time zone; empty: the office's.",
    "lines.owner": "Who has to call back; empty: the office's.",
    "lines.phone": "Answered to HELP; empty: the office's.",
    "lines.hours": "Its opening hours, a table like [hours]; left out: the office's.",
    "pbx": "A table `[[pbx]]` for each further PBX: a `name` of its own, and the keys of `[ami]`.",
    "ami.port": "Its TCP port.",
    "ami.username": "The account in manager.conf.",
    "ami.secret_file": "A file that holds the secret.",
    "ami.tls": "Speak TLS; Asterisk's tlsenable in manager.conf.",
    "ami.ca_file": "The certificate to check Asterisk's against; left out: the system's.",
    "modems": "A table `[[modems]]` for each further modem: a `name` of its own, and the keys of `[modem]`.",
    "cdr.csv": "Master.csv of cdr_csv: `/var/log/asterisk/cdr-csv/Master.csv`.",
    "cdr.sqlite": "master.db of cdr_sqlite3_custom.",
    "cdr.url_file": "A file that holds the URL.",
    "modem.baud": "Speed of a serial line; USB sticks ignore it.",
    "modem.pin_file": "A file that holds the PIN.",
    "modem.iccid": "If set, another SIM stops the line.",
    "modem.seconds_between_texts": "Pause between two texts of this SIM.",
    "modem.texts_per_hour": "At most so many an hour; the count survives a restart.",
    "modem.texts_per_day": "At most so many a day; the count survives a restart.",
    "quiet_hours.allowed_from": "Texts arrive from here on, in the caller's zone and in yours.",
    "quiet_hours.allowed_until": "Texts arrive until here.",
    "quiet_hours.answer_within_minutes": "For answer_within: how fresh the call must be.",
    "rules.after_voicemail": "Text after a message was left on voicemail.",
    "rules.after_announcement": "Text after an announcement or menu nobody was behind.",
    "rules.after_rejected": "Text after a phone refused the call.",
    "rules.when_closed": "Text calls that come outside opening hours.",
    "lines.greeting_text": "Its exact words; empty: texts.greeting_text.",
    "lines.off": "Situations of this line that get no text, besides those of texts.off.",
    "lines.use": "Another situation's text instead, on this line.",
    "rules.after_dialplan_busy": "Text after the dialplan itself said busy.",
    "rules.per_number_per_day": "Automatic texts to one number a day; the count survives a restart.",
    "rules.per_prefix_per_hour": "Automatic texts to one block of numbers an hour; the count survives a restart.",
    "rules.per_hour": "Automatic texts an hour; the count survives a restart.",
    "rules.per_day": "Automatic texts a day; the count survives a restart.",
    "rules.flood_calls": "So many missed calls in ten minutes look like abuse: no texts for a while.",
    "rules.flood_prefix_calls": "The same for calls from one block of numbers.",
    "rules.flood_pause_minutes": "How long no texts go out then.",
    "people.name": "What they are called in lists and tasks.",
    "people.addresses_file": "A file of such addresses, one a line.",
    "people.hours": "Their working hours, a table like [hours]; left out: the office's.",
    "queues.name": "What the queue is called; no person may have the same name.",
    "queues.members": "Who is in it.",
    "routes.name": "What the rule is called where its verdict is shown.",
    "notify.addresses_file": "A file of such addresses, one a line.",
    "webhooks.name": "What the endpoint is called in lists.",
    "webhooks.url": "Where events are posted; https:// for everything outside the office's own network.",
    "webhooks.secret_file": "A file that holds the key.",
    "replies.canned": "A table: a name and the words of `threads reply --canned NAME`; fields as in the texts.",
    "report.day": "The day on which the mail about the week before goes out.",
    "report.at": "Its time, the office's.",
    "texts.own": "A table: your own words for a situation. The situations are in [the rules](rules.md).",
}


def keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Give every key of the configuration as ``section.key``; a line's hours are those of ``[hours]``."""
    for name, field in model.model_fields.items():
        inner = _table_of(field.annotation)
        if inner in (None, Pbx, FurtherModem) or prefix:
            yield prefix + name, field
        else:
            yield from keys(inner, f"{name}.")


def _table_of(annotation: Any) -> type[BaseModel] | None:
    candidates = [annotation, *get_args(annotation)]
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)


def comments() -> dict[str, str]:
    """Return the comment above each key of the example."""
    section, said, found = "", [], {}
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if head := re.fullmatch(r"(?:# )?\[+([a-z_.]+)\]+", line):
            section, said = f"{head[1]}.", []
        elif key := re.match(r"(?:# )?([a-z_]+) = ", line):
            if said:
                found.setdefault(section + key[1], " ".join(said))
            said = []
        elif line.startswith("# "):
            said.append(line[2:])
        else:
            said = []
    return found


def settings() -> str:
    """Return the page's block: a table a section. Raises ``KeyError`` for a key without words."""
    said, parts, section = comments() | SAYS, [], None
    for key, field in keys():
        table = key.rpartition(".")[0]
        if table != section:
            section = table
            parts.append(_head(table))
        parts.append(f"| `{key.rpartition('.')[2]}` | {_default(field)} | {_limits(field)} | {said[key]} |\n")
    return "".join(parts).lstrip("\n")


def _head(table: str) -> str:
    several = ("lines", "people", "queues", "routes", "webhooks")
    name = "At the top of the file" if not table else f"`[[{table}]]`" if table in several else f"`[{table}]`"
    return f"\n## {name}\n\n| key | default | may be | what it does |\n|---|---|---|---|\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be set"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "-" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _limits(field: FieldInfo) -> str:
    words = _choices(field.annotation)
    if any(word != '""' for word in words):
        return ", ".join(f"`{word}`" for word in words)
    bounds = {name: getattr(one, name) for one in field.metadata for name in _BOUNDS if hasattr(one, name)}
    if "ge" in bounds:
        return f"{bounds['ge']} to {bounds['le']}"
    if "max_length" in bounds and bounds["max_length"] is not None:
        return f"at most {bounds['max_length']} characters"
    if get_origin(field.annotation) is tuple:
        return "list"
    return _KINDS.get(field.annotation, "text")


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is typing.Literal:
        return [f'"{one}"' if not one else str(one) for one in get_args(annotation)]
    return [word for one in get_args(annotation) if get_origin(annotation) is not tuple for word in _choices(one)]


_BOUNDS = ("ge", "le", "max_length")
_KINDS: dict[Any, str] = {bool: "`true`, `false`", int: "number", dict[str, str]: "table"}
