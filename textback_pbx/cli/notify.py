"""``notify list|show|retry|test``: what staff and endpoints were told, what is waiting, and what reached nobody."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    open_database,
    run,
    table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from textback_pbx.config import Settings
    from textback_pbx.tasks.notify import Outcome

app = typer.Typer(no_args_is_help=True, add_completion=False)
_COLUMNS = {
    "id": "id",
    "event": "event",
    "channel": "by",
    "target": "to",
    "state": "state",
    "tries": "tries",
    "when": "next or last",
    "error": "why",
}
_STATES = ("waiting", "sent", "dead", "dropped")


@app.command("list")
def list_(
    config: ConfigOption = None,
    state: Annotated[str | None, typer.Option(help="waiting, sent, dead (given up) or dropped.")] = None,
    target: Annotated[str | None, typer.Option(help="Only to this person or endpoint.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: JsonOption = False,
) -> None:
    """List notifications, the newest first.

    Example: textback-pbx notify list --state dead
    """
    from textback_pbx.tasks.notify_store import listed

    if state is not None and state not in _STATES:
        fail(f"there is no state {state!r}; there are: {', '.join(_STATES)}", EXIT_USAGE)

    async def work() -> tuple[Settings, list[dict[str, Any]]]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await listed(tx, state=state, target=target, limit=limit)

    settings, rows = run(work)
    if json:
        emit_json(rows)
    elif not rows:
        print("Nothing was told, and nothing waits." if state is None else f"No notification is {state}.")
    else:
        zone = settings.zone()
        table([{**row, "when": _when(row["settled_ms"] or row["next_try_ms"], zone)} for row in rows], _COLUMNS)


@app.command()
def show(
    notice: Annotated[int, typer.Argument(metavar="ID", help="The notification's number in the list.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one notification with what it says; what was told is emptied.

    Example: textback-pbx notify show 12
    """
    from textback_pbx.tasks.notify_store import find

    async def work() -> tuple[Settings, dict[str, Any] | None]:
        async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
            return settings, await find(tx, notice)

    settings, row = run(work)
    if row is None:
        fail(f"there is no notification {notice}; textback-pbx notify list")
    if json:
        emit_json(row)
        return
    zone = settings.zone()
    print(f"notification {row['id']}: {row['event']} ({row['uid']}) to {row['target']} by {row['channel']}")
    why = f": {row['error']}" if row["error"] else ""
    print(f"  {row['state']}, {row['tries']} tries{why}")
    print(
        f"  made {_when(row['created_ms'], zone)}, next or last {_when(row['settled_ms'] or row['next_try_ms'], zone)}"
    )
    for key, value in row["payload"].items():
        print(f"  {key}: {value}")
    if row["message_id"] is not None:
        print(f"  more: textback-pbx why message:{row['message_id']}")


@app.command()
def retry(
    notice: Annotated[int | None, typer.Argument(metavar="ID", help="One of them; left out: all.")] = None,
    config: ConfigOption = None,
    target: Annotated[str | None, typer.Option(help="All to this person or endpoint.")] = None,
    json: JsonOption = False,
) -> None:
    """Try again what was given up. An endpoint that said it is gone is asked again.

    Example: textback-pbx notify retry --target crm
    """
    from textback_pbx.tasks.notify_store import retry as again

    async def work() -> int:
        async with open_database(config) as (_, database), database.transaction() as tx:
            return await again(tx, time.time_ns() // 1_000_000, notice_id=notice, target=target)

    count = run(work)
    if json:
        emit_json({"retried": count})
    else:
        print(f"{count} will be tried again." if count else "Nothing was given up: there is nothing to try again.")
    if notice is not None and not count:
        raise typer.Exit(EXIT_NO)


@app.command("test")
def try_(
    target: Annotated[str, typer.Argument(metavar="NAME", help="A person, an endpoint, or office.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Tell an endpoint, or a person by Apprise, that this is a test; at once, without the agent.

    Texts go through the agent's modem: try those with a task of your own.

    Example: textback-pbx notify test crm
    """
    found = run(lambda: _test(config, target))
    if json:
        emit_json(found)
    else:
        for name, said in found.items():
            print(f"{name}: {said}")
    if any(said != "told" for said in found.values()):
        raise typer.Exit(EXIT_NO)


async def _test(config: Path | None, target: str) -> dict[str, str]:
    from textback_pbx.cli.common import load_settings
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.tasks.notify import Again, Never, envelope
    from textback_pbx.tasks.notify_channels import Apprise, Webhooks

    staffing = office_of(load_settings(config)).staffing
    endpoint = staffing.endpoints.get(target)
    addresses = staffing.addresses.get("" if target == "office" else target, ())
    if endpoint is None and not addresses:
        known = [*staffing.endpoints, *(name or "office" for name in staffing.addresses)]
        fail(f"{target!r} is no endpoint, and nobody with addresses; there are: {', '.join(known) or 'none'}")
    found: dict[str, Outcome] = {}
    if endpoint is not None:
        webhooks, now_ms = Webhooks(), time.time_ns() // 1_000_000
        payload = envelope("test", now_ms, {"words": "a test of textback-pbx"})
        found["webhook"] = await webhooks.post(endpoint, f"evt_test_{now_ms}", payload, now_ms, 1)
        await webhooks.close()
    if addresses:
        found["apprise"] = await Apprise().tell(
            addresses, "textback-pbx", "This is a test: you will be told of tasks here."
        )
    return {name: outcome.reason if isinstance(outcome, Again | Never) else "told" for name, outcome in found.items()}


def _when(at_ms: int, zone: Any) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
