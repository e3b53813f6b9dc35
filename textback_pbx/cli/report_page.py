"""The report as a terminal shows it: numbers with their definitions beside them, weekdays and hours as bars."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textback_pbx.tasks.report import Report

_BAR = 30
#: Shown as bars, not in a line.
_CHARTS = ("by_weekday", "by_hour")
#: In a pipe nothing is wrapped: a line is a number.
_PIPE_COLUMNS = 400


def show(made: Report, *, no_color: bool) -> None:
    """Print a report: plain lines in a pipe, wrapped to the terminal and coloured on one."""
    from textback_pbx.tasks.report import DEFINITIONS, SECTIONS, sentence, worded

    terminal = sys.stdout.isatty()
    console = Console(no_color=no_color, highlight=False, width=None if terminal else _PIPE_COLUMNS)
    with console.capture() as page:
        console.print(sentence(made), style="bold")
        for title, names in SECTIONS.items():
            console.print(f"\n{title}", style="bold cyan")
            rows = Table.grid(padding=(0, 2))
            for name in names:
                if name not in _CHARTS and (shown := worded(name, getattr(made, name))):
                    definition = Text(DEFINITIONS[name], style="dim")
                    rows.add_row("  " + name.replace("_", " "), Text(shown, style="green"), definition)
            console.print(rows)
            if "by_hour" in names and made.missed:
                for name in _CHARTS:
                    console.print(f"\n  {DEFINITIONS[name]}", style="dim")
                    console.print(_chart(getattr(made, name)))
    for line in page.get().split("\n"):
        print(line.rstrip())


def _chart(values: Mapping[str, int]) -> Table:
    chart = Table.grid(padding=(0, 1))
    most = max(values.values())
    for name, count in values.items():
        bar = "█" * max(1, round(_BAR * count / most)) if count else ""
        chart.add_row(f"    {name}", Text(bar, style="cyan"), str(count))
    return chart
