"""Write a configuration that an admin can read: the commented example with the office's own answers in it; pure."""

import json
import re
from collections.abc import Mapping

_TABLE = re.compile(r"\[([\w.]+)\]\s*$")
_TABLES = re.compile(r"\[\[([\w.]+)\]\]\s*$")
_KEY = re.compile(r"(?:# )?(\w+) = (.*)$")


def filled(example: str, values: Mapping[str, object], *, without: tuple[str, ...] = ("lines",)) -> str:
    """Return ``example`` with ``values`` (``"office.name"`` -> value) in their places, each comment kept.

    ``None`` as a value takes the key out. Tables named in ``without`` (and what is below them) become comments: the
    example shows them, and the office has none. Raises ``KeyError`` for a key that the example does not show.
    """
    left = dict(values)
    out: list[str] = []
    table, silent, skipping = "", False, False
    for line in example.splitlines():
        if skipping:
            skipping = not line.startswith("]")
            continue
        if match := _TABLE.match(line) or _TABLES.match(line):
            table, silent = match[1], match[1].split(".")[0] in without
        key = _KEY.match(line)
        name = ".".join(part for part in (table, key[1] if key else "") if part)
        if key and name in left and not silent:
            value = left.pop(name)
            out += [] if value is None else [f"{key[1]} = {toml(value)}"]
            skipping = key[2].rstrip() == "["  # a list over several lines ends with its bracket
            continue
        out.append(f"# {line}" if silent and line and not line.startswith("#") else line)
    if left:
        raise KeyError(next(iter(left)))
    return "\n".join(out) + "\n"


def toml(value: object) -> str:
    """Return one value as TOML writes it. Strings are basic strings, which JSON's are (TOML 1.0, "String")."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    raise TypeError(f"no TOML for {value!r}")


def lines_of(tables: list[Mapping[str, object]]) -> str:
    """Return ``[[lines]]`` tables, to stand at the end of a file."""
    return "".join(
        "\n[[lines]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in one.items()) for one in tables
    )
