"""What helps somebody who cannot see the device: facts without people in them.

Numbers become their tags (the same number the same tag, so a story can be followed), secrets are left out, words of
customers and staff are never taken. What goes in is listed in :data:`TABLES`; a new column is not in it by itself.
"""

import json
import platform
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from textback_pbx import __version__, phone
from textback_pbx.database import Tx

_NUMBER = re.compile(r"(?<![\w.-])\+?\(?\d[\d ()/-]{5,18}\d(?![\w-])")
_SECRETS = ("secret", "previous_secret", "pin", "url", "addresses")
_FEWEST, _MOST = 7, 15  # digits of a telephone number (E.164)

#: Table -> the columns that name nobody. The newest rows of each go into the bundle.
TABLES: dict[str, tuple[str, ...]] = {
    "calls": ("id", "pbx", "line", "started_ms", "ended_ms", "outcome", "detail", "ring_ms", "source", "confidence",
              "withheld", "clock_trusted", "state"),
    "decisions": ("id", "call_id", "at_ms", "verdict", "rule", "template", "dry_run"),
    "messages": ("id", "kind", "call_id", "line", "encoding", "segments", "created_ms", "not_before_ms", "expires_ms",
                 "template"),
    "parts": ("id", "message_id", "seq", "total", "state", "tries", "modem", "tp_mr", "claimed_ms", "handed_over_ms",
              "accepted_ms", "settled_ms"),
    "tasks": ("id", "kind", "call_id", "line", "priority", "due_ms", "state", "created_ms", "closed_ms"),
    "inbound": ("id", "line", "complete", "received_ms", "keyword", "state"),
    "gaps": ("id", "pbx", "from_ms", "until_ms", "reason", "repaired"),
    "health": ("component", "state", "message", "since_ms"),
}  # fmt: skip


def masked(text: str) -> str:
    """Return text with every telephone number replaced by its tag."""

    def tag(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        return phone.tag(f"+{digits}") if _FEWEST <= len(digits) <= _MOST else found[0]

    return _NUMBER.sub(tag, text)


def configuration(text: str) -> str:
    """Return the configuration's keys as JSON, without secrets and numbers; words for a file that is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"not valid TOML: {error}"
    return masked(json.dumps(_without_secrets(data), indent=1, ensure_ascii=False, default=str))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: "(left out)" if key in _SECRETS and one else _without_secrets(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return value


async def rows(tx: Tx, limit: int = 500) -> dict[str, list[dict[str, Any]]]:
    """Return the newest rows of every table, in the columns that name nobody; times as ISO 8601, UTC."""
    found = {}
    for table, columns in TABLES.items():
        order = columns[0]
        sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order} DESC LIMIT ?"  # noqa: S608 - our own names
        found[table] = [{name: _plain(name, row[name]) for name in columns} for row in await tx.all(sql, (limit,))]
    return found


def _plain(name: str, value: Any) -> Any:
    if name.endswith("_ms") and name != "ring_ms" and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return masked(value) if isinstance(value, str) else value


def about(lines: Iterable[str] = ()) -> str:
    """Return what this program and machine are."""
    named = (f"textback-pbx {__version__}", f"Python {platform.python_version()}", platform.platform(), *lines)
    return "\n".join(named) + "\n"
