"""What is wrong with a configuration, said so that it can be mended: every problem, its key, its line.

Pure but for :func:`secret_files`, which looks whether the files that hold secrets can be read.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from textback_pbx.config import secrets

_Name = TypeVar("_Name", str, tuple[str, str])


class ConfigProblem(Exception):
    """The configuration cannot be used; ``problems`` lists every reason."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path, self.problems = path, problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{path} cannot be used, {count}:", *(f"  {problem}" for problem in problems)]))


def key_lines(text: str) -> dict[str, int]:
    """Map each dotted key (``lines.0.name``) to its line in the TOML text, counted from 1."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*\[\[\s*([\w.\-]+)\s*\]\]", line):
            counts[match[1]] = counts.get(match[1], -1) + 1
            prefix = f"{match[1]}.{counts[match[1]]}"
            found.setdefault(prefix, number)
        elif match := re.match(r"\s*\[\s*([\w.\-]+)\s*\]", line):
            head, _, rest = match[1].partition(".")
            prefix = f"{head}.{counts[head]}.{rest}" if head in counts else match[1]
            found.setdefault(prefix, number)
        elif match := re.match(r"\s*([\w.\-]+)\s*=", line):
            found.setdefault(f"{prefix}.{match[1]}" if prefix else match[1], number)
    return found


def explain(error: ValidationError, lines: Mapping[str, int], model: type[BaseModel]) -> list[str]:
    """Return one line per problem pydantic found, in the file's order."""
    found = [_one(item, lines, model) for item in error.errors(include_url=False, include_input=False)]
    return [text for _, text in sorted(found, key=lambda pair: pair[0])]


def _one(item: Any, lines: Mapping[str, int], model: type[BaseModel]) -> tuple[int, str]:
    parts = [str(part) for part in item["loc"] if "[" not in str(part)]
    key = ".".join(parts)
    if item["type"] == "extra_forbidden":
        guess = difflib.get_close_matches(parts[-1], _known_keys(parts[:-1], model), n=1)
        message = "no such key" + (f"; did you mean {guess[0]!r}?" if guess else "")
    elif item["type"] == "missing":
        message = "must be set"
    else:
        message = item["msg"].removeprefix("Value error, ")
    return _place(parts, lines), f"{_where(parts, lines)}{key}: {message}"


def _place(parts: list[str], lines: Mapping[str, int]) -> int:
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((lines[prefix] for prefix in prefixes if prefix in lines), 0)


def _where(parts: list[str], lines: Mapping[str, int]) -> str:
    place = _place(parts, lines)
    return f"line {place}: " if place else ""


def _known_keys(parents: list[str], model: type[BaseModel]) -> list[str]:
    for name in (parent for parent in parents if not parent.isdigit()):
        field = model.model_fields.get(name)
        inner = None if field is None else _model_in(field.annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the table's model in ``Model``, ``Model | None`` or ``tuple[Model, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, (_model_in(inner) for inner in getattr(annotation, "__args__", ()))), None)


def repeated_lines(data: Mapping[str, Any], lines: Mapping[str, int]) -> list[str]:
    """Two lines with one name, or one dialled number in two lines, could text in the wrong business's name.

    The same number may be dialled on two PBXs: then each line says with ``pbx`` on which it is.
    """
    tables = [table for table in _list(data.get("lines")) if isinstance(table, dict)]
    names = _repeats(str(table.get("name")) for table in tables)
    dialled = _repeats(
        (str(table.get("pbx", "")), str(number)) for table in tables for number in _list(table.get("dialled"))
    )
    where = _where(["lines", "0"], lines)
    return [f"{where}lines: two are named {name!r}" for name in names] + [
        f"{where}lines: {number!r} is dialled for two of them" + (f" on the PBX {pbx!r}" if pbx else "")
        for pbx, number in dialled
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _repeats(values: Iterable[_Name]) -> list[_Name]:
    seen = list(values)
    return sorted({value for value in seen if seen.count(value) > 1})


def secret_files(data: Mapping[str, Any], lines: Mapping[str, int]) -> list[str]:
    """A secret given twice, or in a file that cannot be read."""
    tables = [("ami", "secret", data.get("ami")), ("modem", "pin", data.get("modem"))]
    tables += [(f"pbx.{number}", "secret", table) for number, table in enumerate(_list(data.get("pbx")))]
    tables += [(f"modems.{number}", "pin", table) for number, table in enumerate(_list(data.get("modems")))]
    tables.append(("cdr", "url", data.get("cdr")))
    problems = []
    for section, key, table in tables:
        if not isinstance(table, dict) or f"{key}_file" not in table:
            continue
        where = _where([*section.split("."), f"{key}_file"], lines)
        if table.get(key):
            problems.append(f"{where}{section}: {key} and {key}_file are both set: keep one")
        try:
            secrets.read(Path(str(table[f"{key}_file"])))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{where}{section}.{key}_file: cannot be read: {error}")
    return problems
