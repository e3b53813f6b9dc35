"""``people list|show|away|back``: who works here, who is there now, and who is away."""

from __future__ import annotations

import getpass
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, open_database, run, table

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from textback_pbx.config import Settings
    from textback_pbx.database import Tx

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name in the configuration.")]
Actor = Annotated[str, typer.Option("--as", help="Who says so.", show_default="the user of this shell")]
_COLUMNS = {
    "name": "name",
    "role": "role",
    "now": "now",
    "queues": "queues",
    "next": "next",
    "tell": "told by",
    "tasks": "tasks",
}


@app.command("list")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List who works here, who is at work now, and how many open tasks each has.

    Example: textback-pbx people list
    """
    rows = run(lambda: _people(config))
    if json:
        emit_json(rows)
    elif not rows:
        print("Nobody is configured: add [[people]] tables, or leave it at the desks that own your lines.")
    else:
        table([{**row, "queues": ", ".join(row["queues"]), "tell": ", ".join(row["tell"])} for row in rows], _COLUMNS)


async def _people(config: Path | None) -> list[dict[str, Any]]:
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.tasks.staff import available, back_at, is_away
    from textback_pbx.tasks.staff_store import away_of

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        now_ms = time.time_ns() // 1_000_000
        away, staff = await away_of(tx, now_ms), office_of(settings).staffing.staff
        found = []
        for person in staff.people.values():
            back = back_at(person, now_ms, away)
            there = available(person, now_ms, away)
            until = "" if there or back is None else f" until {_when(back, settings.zone())}"
            found.append(
                {
                    "name": person.name,
                    "role": person.role.value,
                    "now": "at work" if there else ("away" if is_away(person, now_ms, away) else "off") + until,
                    "queues": [queue.name for queue in staff.queues.values() if person.name in queue.members],
                    "next": person.next,
                    "tell": list(person.tell),
                    "tasks": await _open_tasks(tx, person.name),
                }
            )
        return found


async def _open_tasks(tx: Tx, name: str) -> int:
    return int(await tx.value("SELECT count(*) FROM tasks WHERE state = 'open' AND owner = ?", (name,)))


@app.command()
def away(
    name: Name,
    config: ConfigOption = None,
    from_: Annotated[str, typer.Option("--from", help="From when: a day or a time, local. Default: now.")] = "",
    until: Annotated[str, typer.Option(help="Until when: the last day, or a time. Default: the end of today.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for the list.")] = "",
    actor: Actor = "",
    json: JsonOption = False,
) -> None:
    """Say that somebody is away: no turn is theirs meanwhile, and what is named for them goes to whoever stands in.

    Example: textback-pbx people away kim --until 2026-12-04 --reason "ill"
    """

    async def work() -> dict[str, Any]:
        from textback_pbx.tasks.staff_store import say_away

        async with open_database(config) as (settings, database):
            async with database.read() as tx:
                await _open_tasks(tx, name)
            _known(settings, name)
            zone, now_ms = settings.zone(), time.time_ns() // 1_000_000
            start = _moment(from_, zone, end=False) if from_ else now_ms
            end = _moment(until or datetime.now(zone).date().isoformat(), zone, end=True)
            if end <= max(start, now_ms):
                fail("it ends before it begins, or is over already", EXIT_USAGE)
            async with database.transaction() as tx:
                who = actor or getpass.getuser()
                await say_away(tx, name, start, end, actor=who, reason=reason)
                left = await _open_tasks(tx, name)
            return {"name": name, "from_ms": start, "until_ms": end, "open_tasks": left, "zone": str(zone)}

    found = run(work)
    if json:
        emit_json(found)
        return
    from zoneinfo import ZoneInfo

    print(f"{name} is away until {_when(found['until_ms'], ZoneInfo(found['zone']))}.")
    if found["open_tasks"]:
        print(f"They have {found['open_tasks']} open tasks: textback-pbx tasks list --owner {name}")


@app.command()
def back(name: Name, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Say that somebody is back: absences said by command end, also those still to come.

    Example: textback-pbx people back kim
    """

    async def work() -> int:
        from textback_pbx.tasks.staff_store import say_back

        async with open_database(config) as (settings, database), database.transaction() as tx:
            await _open_tasks(tx, name)
            _known(settings, name)
            return await say_back(tx, name, time.time_ns() // 1_000_000)

    ended = run(work)
    if json:
        emit_json({"name": name, "ended": ended})
    else:
        print(f"{name} is back." if ended else f"{name} was not away (what the configuration says stays).")


@app.command()
def absences(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List absences said by command that are not over.

    Example: textback-pbx people absences
    """

    async def work() -> tuple[Settings, list[dict[str, Any]]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            now_ms = time.time_ns() // 1_000_000
            rows = await tx.all("SELECT * FROM absences WHERE until_ms > ? ORDER BY from_ms", (now_ms,))
            return settings, [dict(row) for row in rows]

    settings, rows = run(work)
    if json:
        emit_json(rows)
    elif not rows:
        print("Nobody is away by command.")
    else:
        zone = settings.zone()
        shown = [{**r, "from": _when(r["from_ms"], zone), "until": _when(r["until_ms"], zone)} for r in rows]
        table(shown, {"person": "name", "from": "from", "until": "until", "reason": "why", "actor": "said by"})


def _known(settings: Settings, name: str) -> None:
    names = [person.name for person in settings.people]
    if name not in names:
        fail(f"nobody is named {name!r} in the configuration; there are: {', '.join(names) or 'none'}")


def _moment(text: str, zone: ZoneInfo, *, end: bool) -> int:
    """Read a day or a local time; a day that ends something lasts until its midnight."""
    try:
        if len(text) == len("2026-12-04"):
            day = date.fromisoformat(text) + timedelta(days=int(end))
            return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1_000)
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no day or time; write it like 2026-12-04 or 2026-12-04T13:00", EXIT_USAGE)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1_000)


def _when(at_ms: int, zone: Any) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
