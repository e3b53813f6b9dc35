"""``status``: what works, what does not and what to do, on one screen."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_NO, ConfigOption, JsonOption, emit_json, open_database, run

if TYPE_CHECKING:
    from textback_pbx.database import Tx

app = typer.Typer(add_completion=False)
_EVERY_S = 2.0

_COUNTS = {
    "calls waiting for a decision": "SELECT count(*) FROM calls WHERE state = 'new'",
    "texts on their way": "SELECT count(*) FROM parts WHERE state IN ('queued', 'claimed', 'handed_over')",
    "texts nobody can know about": "SELECT count(*) FROM parts WHERE state = 'unknown'",
    "answers to be read": "SELECT count(*) FROM inbound WHERE state = 'new'",
    "open tasks": "SELECT count(*) FROM tasks WHERE state = 'open'",
    "of them passed on after their deadline": "SELECT count(*) FROM tasks WHERE state = 'open' AND level > 0",
    "messages to staff and endpoints that wait": "SELECT count(*) FROM notifications WHERE state = 'waiting'",
    "of them given up": "SELECT count(*) FROM notifications WHERE state = 'dead'",
    "gaps in what was heard, not or only partly repaired (7 days)": "SELECT count(*) FROM gaps WHERE repaired <> 'cdr'"
    " AND coalesce(until_ms, from_ms) >= 1000 * strftime('%s', 'now', '-7 days')",
    "calls recovered from call records (7 days)": "SELECT coalesce(sum(recovered), 0) FROM gaps"
    " WHERE coalesce(until_ms, from_ms) >= 1000 * strftime('%s', 'now', '-7 days')",
}


@app.command()
def status(
    config: ConfigOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew every two seconds, until Ctrl-C.")] = False,
    json: JsonOption = False,
) -> None:
    """Say what works, what does not, and what to do. Exit status 1 when something fails or no agent runs.

    Example: textback-pbx status --watch
    """
    while True:
        found = run(lambda: _look(config))
        if watch and sys.stdout.isatty():
            print("\x1b[H\x1b[2J", end="")
        if json:
            emit_json(found)
        else:
            _show(found)
        if not watch:
            break
        time.sleep(_EVERY_S)
    if not found["running"] or any(note["state"] == "fail" for note in found["health"]):
        raise typer.Exit(EXIT_NO)


async def _look(config: Any) -> dict[str, Any]:
    from textback_pbx.database_file import agent_runs
    from textback_pbx.health import read_all

    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        notes = [
            {"component": n.component, "state": str(n.state), "message": n.message, "since_ms": n.since_ms}
            for n in await read_all(tx)
        ]
        return {"running": agent_runs(database.path), "health": notes, "counts": await _count(tx)}


async def _count(tx: Tx) -> dict[str, int]:
    return {name: int(await tx.value(sql)) for name, sql in _COUNTS.items()}


def _show(found: dict[str, Any]) -> None:
    from datetime import UTC, datetime

    if not found["health"]:
        print("The agent has not run on this database yet. Start it: sudo systemctl start textback-pbx")
    elif not found["running"]:
        print("No agent runs now; this is what the last one wrote. Start it: sudo systemctl start textback-pbx\n")
    width = max([9, *(len(note["component"]) for note in found["health"])])
    for note in found["health"]:
        since = datetime.fromtimestamp(note["since_ms"] / 1000, UTC).astimezone().strftime("%a %H:%M")
        print(f"{note['state'].upper():4}  {note['component']:{width}} {note['message']} (since {since})")
    print()
    for name, count in found["counts"].items():
        print(f"{count:6}  {name}")
