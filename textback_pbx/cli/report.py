"""``report``: the numbers a manager reads, each with its definition, and the one sentence."""

from __future__ import annotations

import csv
import dataclasses
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, fail, open_database, run

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.tasks.report import Period, Report

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
    json: JsonOption = False,
) -> None:
    """Report missed calls, texts, replies and bookings of a period.

    Example: textback-pbx report --week
    """
    if sum((week, month, today, bool(first or last))) > 1:
        fail("choose one of --week, --month, --today, --from/--to", 2)
    made = run(lambda: _made(config, _which(month=month, today=today), first, last, line))
    from textback_pbx.tasks import report as numbers

    if json:
        emit_json({**_values(made), "sentence": numbers.sentence(made), "definitions": numbers.DEFINITIONS})
    elif as_csv:
        _print_csv(made)
    elif sentence:
        print(numbers.sentence(made))
    else:
        _print(made)


def _which(*, month: bool, today: bool) -> str:
    return "month" if month else "today" if today else "week"


async def _made(config: Any, which: str, first: str, last: str, line: str | None) -> Report:
    from textback_pbx.decision.hours import business_minutes, is_open
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.tasks.figures import store
    from textback_pbx.tasks.report import make

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        zone = settings.zone()
        period = _period(which, first, last, zone)
        office = office_of(settings)

        return make(
            await store.missed_calls(tx, period, line),
            period,
            zone,
            opt_outs=await store.opt_outs(tx, period),
            delivery_failures=await store.delivery_failures(tx, period, line),
            is_open=lambda name, at_ms: is_open(office.line(name).hours, at_ms),
            business_minutes=lambda name, start, end: float(business_minutes(office.line(name).hours, start, end)),
        )


def _period(which: str, first: str, last: str, zone: ZoneInfo) -> Period:
    from textback_pbx.tasks.report import between, day_of, month_before, week_before

    now_ms = time.time_ns() // 1_000_000
    if first or last:
        try:
            return between(first or last, last or first, zone)
        except ValueError as error:
            fail(f"these are no days: {error}; write them like 2026-11-02", 2)
    return {"week": week_before, "month": month_before, "today": day_of}[which](now_ms, zone)


def _values(made: Report) -> dict[str, Any]:
    return dataclasses.asdict(made)


def _print(made: Report) -> None:
    from textback_pbx.tasks.report import DEFINITIONS, sentence

    print(sentence(made))
    for name, value in _values(made).items():
        if name == "period" or value in (None, {}):
            continue
        shown = _shown(name, value)
        print(f"  {name:<30} {shown:<12} {DEFINITIONS[name]}" if len(shown) <= 12 else f"  {name:<30} {shown}")
    if made.by_hour:
        print("  busy hours")
        most = max(made.by_hour.values())
        for hour, count in made.by_hour.items():
            print(f"    {hour}h {'#' * max(1, round(40 * count / most)):<40} {count}")


def _shown(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if "rate" in name or "_of_" in name:
        return f"{100 * value:.0f} %"
    return str(value)


def _print_csv(made: Report) -> None:
    from textback_pbx.tasks.report import DEFINITIONS

    rows = csv.writer(sys.stdout)
    rows.writerow(["number", "value", "definition"])
    for name, value in _values(made).items():
        if isinstance(value, dict):
            items = value if name != "period" else {}
            rows.writerows([f"{name}.{key}", item, DEFINITIONS[name]] for key, item in items.items())
        else:
            rows.writerow([name, "" if value is None else value, DEFINITIONS[name]])
