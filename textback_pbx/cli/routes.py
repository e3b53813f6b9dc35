"""``routes list|test``: whose a reply would be, and what each rule says to it."""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, load_settings, run, table

if TYPE_CHECKING:
    from pathlib import Path

    from textback_pbx.pipeline.office import Office
    from textback_pbx.replies.intake import Intake
    from textback_pbx.replies.routing import Inquiry, Route
    from textback_pbx.tasks.staff import Assigned

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the rules in their order, then the territories and the lines' owners that come after them.

    Example: textback-pbx routes list
    """
    from textback_pbx.pipeline.office import office_of

    office = office_of(load_settings(config))
    rows = [_rule_row(dataclasses.asdict(rule)) for rule in office.staffing.rules]
    rows += [
        {"rule": f"the territory of {queue}", "to": queue, "when": "postcodes " + ", ".join(prefixes)}
        for queue, prefixes in office.staffing.territories().items()
    ]
    rows += [
        {"rule": "the line's owner", "to": line.owner, "when": f"line {line.name}"} for line in office.lines.values()
    ]
    if json:
        emit_json(rows)
    else:
        table(rows, {"rule": "rule", "to": "to", "when": "when", "then": "then"})


def _rule_row(rule: dict[str, Any]) -> dict[str, Any]:
    names = ("words", "services", "postcodes", "lines", "urgencies", "customers", "signs", "days")
    when = [f"{name} {', '.join(rule[name])}" for name in names if rule[name]]
    if rule["between"]:
        start, until = rule["between"]
        when.append(f"between {start // 60:02}:{start % 60:02} and {until // 60:02}:{until % 60:02}")
    if rule["open"] is not None:
        when.append("open" if rule["open"] else "closed")
    then = [f"at least {rule['priority']}"] if rule["priority"] else []
    then += [f"within {rule['minutes']} min"] if rule["minutes"] else []
    return {"rule": rule["name"], "to": rule["to"], "when": "; ".join(when) or "always", "then": ", ".join(then)}


@app.command("test")
def try_(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What a customer writes.")],
    config: ConfigOption = None,
    line: Annotated[str, typer.Option(help="On which line.")] = "office",
    from_: Annotated[str, typer.Option("--from", help="Their number; the contacts may know it.")] = "",
    at: Annotated[str, typer.Option(help="When, local time, such as 2026-11-24T10:00. Default: now.")] = "",
    json: JsonOption = False,
) -> None:
    """Say whose a text would be: what was understood, each rule with its verdict, the owner and the deadline.

    Nothing is written: no turn is taken, nobody is told.

    Example: textback-pbx routes test "burst pipe in 78704" --at 2026-11-24T22:00
    """
    from textback_pbx.pipeline.office import office_of

    office = office_of(load_settings(config))
    if line not in office.lines:
        fail(f"there is no line {line!r}; there are: {', '.join(office.lines)}", EXIT_USAGE)
    at_ms = _moment(at, office, line)
    found = run(lambda: _judge(office, text, config, line=line, number=from_, at_ms=at_ms))
    if json:
        emit_json(found)
    else:
        _show(found)


def _moment(at: str, office: Office, line: str) -> int:
    from zoneinfo import ZoneInfo

    if not at:
        return time.time_ns() // 1_000_000
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        fail(f"--at {at!r} is no time; write it like 2026-11-24T10:00", EXIT_USAGE)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(office.line(line).hours.zone))
    return int(moment.timestamp() * 1_000)


async def _judge(
    office: Office, text: str, config: Path | None, *, line: str, number: str, at_ms: int
) -> dict[str, Any]:
    from textback_pbx.pipeline import people, routes
    from textback_pbx.replies import care
    from textback_pbx.tasks.book import Priority

    read = routes.read_text(office, line, text, at_ms)
    signs = care.signs_of(text, services=1 + len(read.also))
    customer = await _customer(office, config, number)
    inquiry = routes.inquiry_of(office, line, text, read, at_ms, customer=customer, signs=signs)
    route = routes.route_of(office, inquiry)
    assigned = await _assigned(office, config, route.to, at_ms)
    due_ms = people.deadline(office, line, Priority(route.priority.value), at_ms, route.minutes)
    return _found(office, read, inquiry, route, assigned=assigned, due_ms=due_ms)


async def _customer(office: Office, config: Path | None, number: str) -> str:
    from textback_pbx import phone
    from textback_pbx.cli.common import open_database
    from textback_pbx.replies.contacts.store import customer_of

    parsed = phone.parse(number, office.country) if number else None
    if not isinstance(parsed, phone.Number) or not load_settings(config).database.path.exists():
        return ""
    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        return (await customer_of(tx, parsed.e164)).value


async def _assigned(office: Office, config: Path | None, owner: str, at_ms: int) -> Assigned:
    from textback_pbx.cli.common import open_database
    from textback_pbx.pipeline import people
    from textback_pbx.tasks.staff import assign

    if not load_settings(config).database.path.exists():
        return assign(office.staffing.staff, owner, at_ms, turns={}, away={})
    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        return await people.whose(tx, office, owner, at_ms)


def _found(
    office: Office, read: Intake, inquiry: Inquiry, route: Route, *, assigned: Assigned, due_ms: int
) -> dict[str, Any]:
    from textback_pbx.decision.hours import local

    zone = office.line(inquiry.line).hours.zone
    return {
        "intake": read.values(),
        "signs": list(inquiry.signs),
        "customer": inquiry.customer,
        "open": inquiry.is_open,
        "rules": [dataclasses.asdict(one) for one in route.asked],
        "rule": route.rule,
        "to": route.to,
        "owner": assigned.owner,
        "why_owner": assigned.why,
        "priority": route.priority.value,
        "due": local(due_ms, zone).isoformat(timespec="minutes"),
    }


def _show(found: dict[str, Any]) -> None:
    said = {key: value for key, value in found["intake"].items() if value}
    place = {key: value for key, value in found["intake"]["place"].items() if value}
    said = {**said, "place": ", ".join(place.values())} if place else {k: v for k, v in said.items() if k != "place"}
    print("understood   " + ("; ".join(f"{key} {value}" for key, value in said.items()) or "nothing in particular"))
    if found["signs"]:
        print(f"wants care   {', '.join(found['signs'])}")
    print(f"the line is  {'open' if found['open'] else 'closed'}")
    print()
    table(
        [{**one, "verdict": "MATCHES" if one["matched"] else "no"} for one in found["rules"]],
        {"rule": "rule", "verdict": "verdict", "why": "why"},
    )
    print()
    print(f"{found['owner']} has it ({found['why_owner']}), {found['priority']}, due {found['due']}")
