"""``tail``: what happens, as it happens, in the office's words; read from the database beside the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, open_database, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textback_pbx.database import Database

app = typer.Typer(add_completion=False)

#: kind -> the newest id, and the rows after an id; each has at_ms and words, in the office's own terms.
_SOURCES = {
    "call": "SELECT id, ended_ms AS at_ms, 'call ' || id || ' from ' || coalesce(caller, 'withheld') || ' to ' ||"
    " dialled || ': ' || outcome || CASE detail WHEN '' THEN '' ELSE ', ' || detail END AS words FROM calls"
    " WHERE id > ?",
    "decision": "SELECT id, at_ms, 'call ' || call_id || ' -> ' || verdict || ', rule ' || rule || ': ' || reason"
    " AS words FROM decisions WHERE id > ?",
    "text": "SELECT e.id, e.at_ms, 'message ' || p.message_id || CASE p.total WHEN 1 THEN '' ELSE ' part ' || p.seq"
    " END || ' to ' || m.number || ': ' || e.state || CASE e.detail WHEN '' THEN '' ELSE ', ' || e.detail END AS words"
    " FROM part_events e JOIN parts p ON p.id = e.part_id JOIN messages m ON m.id = p.message_id WHERE e.id > ?",
    "answer": "SELECT id, received_ms AS at_ms, 'text from ' || sender || ': ' || body AS words FROM inbound"
    " WHERE id > ?",
    "task": "SELECT id, created_ms AS at_ms, 'task ' || id || ' for ' || owner || ': ' || kind || ', ' || reason"
    " AS words FROM tasks WHERE id > ?",
}


@app.command()
def tail(
    config: ConfigOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=1000, help="So many of the past first.")] = 10,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on until Ctrl-C.")] = True,
    json: JsonOption = False,
) -> None:
    """Show what happens as it happens: a call, what was decided, each step of the text, the answer, the task.

    Reads beside the running agent and changes nothing. Example: textback-pbx tail --lines 20
    """
    run(lambda: _tail(config, lines, follow=follow, json=json))


async def _tail(config: Any, lines: int, *, follow: bool, json: bool) -> None:
    import asyncio

    async with open_database(config, read_only=True) as (settings, database):
        zone = settings.zone()
        places = dict.fromkeys(_SOURCES, 0)
        past = await _new(database, places, newest=lines)
        while True:
            for row in past:
                _show(row, zone, json=json)
            if not follow:
                if not any(places.values()) and not json:
                    print("nothing has happened yet")
                return
            await asyncio.sleep(0.5)
            past = await _new(database, places)


async def _new(database: Database, places: dict[str, int], newest: int | None = None) -> list[dict[str, Any]]:
    """Return what came since, in the order of time, and move the places on."""
    found: list[dict[str, Any]] = []
    async with database.read() as tx:
        for kind, sql in _SOURCES.items():
            order, limit = ("DESC", newest or 0) if newest is not None else ("", 1000)
            id_column = "e.id" if kind == "text" else "id"
            rows = await tx.all(f"{sql} ORDER BY {id_column} {order} LIMIT ?", (places[kind], limit))
            found += [{"kind": kind, **{key: row[key] for key in ("id", "at_ms", "words")}} for row in rows]
            table = "part_events" if kind == "text" else _TABLES[kind]
            last = int(await tx.value(f"SELECT coalesce(max(id), 0) FROM {table}"))  # noqa: S608 - our own names
            places[kind] = max([places[kind], *(row["id"] for row in rows)]) if newest is None else last
    found.sort(key=lambda row: (row["at_ms"], row["id"]))
    return found[-newest:] if newest else found if newest is None else []


_TABLES = {"call": "calls", "decision": "decisions", "answer": "inbound", "task": "tasks"}


def _show(row: Mapping[str, Any], zone: Any, *, json: bool) -> None:
    from datetime import datetime

    if json:
        emit_json(row)
        return
    at = datetime.fromtimestamp(row["at_ms"] / 1000, zone).strftime("%a %H:%M:%S")
    print(f"{at}  {row['kind']:8}  {row['words']}".replace("\n", " "), flush=True)
