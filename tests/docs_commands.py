"""The commands as a page: every one with its help, its options and its example, read from the command line itself."""

import importlib
from collections.abc import Iterator
from typing import Any

import typer

from textback_pbx.cli.app import COMMANDS

Path = tuple[str, ...]


def tree() -> dict[Path, Any]:
    """Return every group and command by its words, in the order of ``--help``."""
    found: dict[Path, Any] = {}
    for name, (module, _) in COMMANDS.items():
        app = importlib.import_module(f"textback_pbx.cli.{module}").app
        found |= dict(_walk(typer.main.get_command(app), (name,)))
    return found


def _walk(command: Any, words: Path) -> Iterator[tuple[Path, Any]]:
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _walk(below, (*words, name))


def options_of(command: Any) -> set[str]:
    """Return the options a command takes, as typed."""
    return {"--help", "-h"}.union(*([*p.opts, *p.secondary_opts] for p in command.params if p.opts))


def parts_of_help(text: str) -> tuple[str, str]:
    """Return a command's help without its example, and the example (empty where there is none)."""
    prose, mark, rest = text.partition("Example: ")
    example, _, after = rest.partition("\n")
    return " ".join((prose + after).split()), example if mark else ""


def commands() -> str:
    """Return the page's block: one heading a command."""
    parts = []
    for words, command in tree().items():
        title = f"{'#' * (1 + len(words))} {' '.join(words)}"
        help_text = command.help or COMMANDS[words[0]][1]
        prose, example = parts_of_help(help_text)
        parts.append(f"{title}\n\n{prose}\n")
        if hasattr(command, "commands"):
            continue
        parts.append(f"    {example}\n")
        parts.append(_parameters(command))
    return "\n".join(part for part in parts if part)


def _parameters(command: Any) -> str:
    rows = [f"| {_names(p)} | {_says(p)} |\n" for p in command.params if "completion" not in p.name]
    return "".join(["| | |\n|---|---|\n", *rows]) if rows else ""


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _says(parameter: Any) -> str:
    words = (getattr(parameter, "help", None) or _USUAL[parameter.name]).replace("|", "\\|")
    if parameter.required:
        return f"{words} Must be given." if parameter.param_type_name == "option" else words
    default = parameter.default
    shown = default if isinstance(default, str | int | float) and not isinstance(default, bool) else None
    return f"{words} Default: `{shown}`." if shown else words


#: For parameters whose name says it all on the command line.
_USUAL = {"limit": "At most so many."}
