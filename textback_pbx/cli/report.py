"""``report``: the numbers a manager reads, each with its definition, and the one sentence."""

from __future__ import annotations

import csv
import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, NoColorOption, emit_json, fail, look, now_ms

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.database import Tx
    from textback_pbx.tasks.periods import Period
    from textback_pbx.tasks.report import Report

app = typer.Typer(add_completion=False)


@app.command()
def report(
    config: ConfigOption = None,
    week: Annotated[bool, typer.Option("--week", help="The last whole week (the default).")] = False,
    month: Annotated[bool, typer.Option("--month", help="The last whole month.")] = False,
    today: Annotated[bool, typer.Option("--today", help="Today until now.")] = False,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day, YYYY-MM-DD.")] = "",
    line: Annotated[str | None, typer.Option("--line", help="Only this line.")] = None,
    sentence: Annotated[bool, typer.Option("--sentence", help="Only the one sentence.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: number, value, definition.")] = False,
    no_color: NoColorOption = False,
    json: JsonOption = False,
) -> None:
    """Report missed calls, texts, replies and bookings of a period.

    Example: textback-pbx report --week
    """
    if sum((week, month, today, bool(first or last))) > 1:
        fail("choose one of --week, --month, --today, --from/--to", EXIT_USAGE)
    which = "month" if month else "today" if today else "week"
    made = _made(config, which, first, last, line)
    from textback_pbx.tasks import report as numbers

    if json:
        emit_json({**dataclasses.asdict(made), "sentence": numbers.sentence(made), "definitions": numbers.DEFINITIONS})
    elif as_csv:
        _print_csv(made)
    elif sentence:
        print(numbers.sentence(made))
    else:
        from textback_pbx.cli.report_page import show

        show(made, no_color=no_color)


def _made(config: Path | None, which: str, first: str, last: str, line: str | None) -> Report:
    from textback_pbx.pipeline.figures import report_of
    from textback_pbx.pipeline.office import office_of

    async def work(tx: Tx, settings: Settings) -> Report:
        office, zone = office_of(settings), settings.zone()
        if line is not None and line not in office.lines:
            fail(f"there is no line {line!r}; there are: {', '.join(office.lines)}", EXIT_USAGE)
        return await report_of(tx, office, _period(which, first, last, zone), zone, now_ms(), line=line)

    return look(config, work)


def _period(which: str, first: str, last: str, zone: ZoneInfo) -> Period:
    from textback_pbx.tasks.periods import between, day_of, month_before, week_before

    if first or last:
        try:
            return between(first or last, last or first, zone)
        except ValueError as error:
            fail(f"these are no days: {error}; write them like 2026-11-02", EXIT_USAGE)
    return {"week": week_before, "month": month_before, "today": day_of}[which](now_ms(), zone)


def _print_csv(made: Report) -> None:
    from textback_pbx.tasks.report import DEFINITIONS

    rows = csv.writer(sys.stdout)
    rows.writerow(["number", "value", "definition"])
    for name, definition in DEFINITIONS.items():
        value: Any = getattr(made, name)
        if isinstance(value, dict):
            rows.writerows([f"{name}.{key}", item, definition] for key, item in value.items())
        else:
            rows.writerow([name, "" if value is None else value, definition])
