"""``limits show|reset|forget``: what is used of the limits, the circuit breaker, numbers that take no texts."""

from __future__ import annotations

import getpass
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_NO, EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, open_database, run

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def show(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show how much of each limit is used, whether a flood has stopped the texts, and which numbers take none.

    Example: textback-pbx limits show
    """
    found = run(lambda: _show(config))
    if json:
        emit_json(found)
        return
    for name, one in found["used"].items():
        print(f"{one['count']:6} of {one['limit']:<6} {name}")
    stop = found["breaker"]
    print(f"Stopped until {_iso(stop['until_ms'])}: {stop['why']}" if stop["why"] else "No flood of calls.")
    for row in found["cannot_text"]:
        print(f"  {row['number']} takes no texts since {_iso(row['at_ms'])}: {row['reason']}")


async def _show(config: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    from textback_pbx.decision import limits_store
    from textback_pbx.pipeline.office import office_of

    async with open_database(config, read_only=True) as (settings, database), database.read() as tx:
        policy = office_of(settings).policy
        used = await limits_store.limits_used(tx, policy, time.time_ns() // 1_000_000)
        breaker = await limits_store.breaker_of(tx)
        rows = await tx.all("SELECT number, at_ms, reason FROM cannot_text ORDER BY at_ms DESC LIMIT 200")
    minutes = policy.flood_window_min
    return {
        "used": {
            "automatic texts in an hour": {"count": used["hour"], "limit": policy.per_hour},
            "automatic texts in a day": {"count": used["day"], "limit": policy.per_day},
            f"missed calls in {minutes} min": {"count": used["missed"], "limit": policy.flood_calls},
        },
        "breaker": asdict(breaker),
        "cannot_text": [dict(row) for row in rows],
    }


@app.command()
def reset(
    actor: Annotated[str, typer.Option("--actor", help="Who does this; kept in the log of the database.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let automatic texts go out again after a flood of calls; a flood that goes on stops them again.

    Example: textback-pbx limits reset
    """
    who = actor or getpass.getuser()
    was = run(lambda: _reset(config, who))
    if json:
        emit_json({"was": was, "actor": who})
    else:
        print(f"Reset: it was stopped for {was}." if was else "Nothing was stopped.")


async def _reset(config: Path | None, actor: str) -> str:
    from textback_pbx.decision import limits_store

    async with open_database(config) as (_, database), database.transaction() as tx:
        was = (await limits_store.breaker_of(tx)).why
        await limits_store.reset_breaker(tx)
        words = f"{actor} at {datetime.now(UTC).isoformat(timespec='seconds')}: {was or 'nothing was stopped'}"
        await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('breaker_reset_by', ?)", (words,))
    return was


@app.command()
def forget(
    number: Annotated[str, typer.Argument(help="The telephone number, as you would write it.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Forget that a number takes no texts: it was ported to a mobile, or the network was wrong.

    Example: textback-pbx limits forget +15125550142
    """
    e164, there = run(lambda: _forget(config, number))
    if json:
        emit_json({"number": e164, "forgotten": there})
    elif there:
        print(f"{e164} may be texted again.")
    else:
        fail(f"nothing is on file against {e164}: textback-pbx limits show lists the numbers", EXIT_NO)


async def _forget(config: Path | None, number: str) -> tuple[str, bool]:
    from textback_pbx import phone

    async with open_database(config) as (settings, database), database.transaction() as tx:
        parsed = phone.parse(number, settings.office.country)
        if isinstance(parsed, phone.NotANumber):
            fail(f"{number!r} is no telephone number: {parsed.reason}", EXIT_USAGE)
        return parsed.e164, bool(await tx.run("DELETE FROM cannot_text WHERE number = ?", (parsed.e164,)))


def _iso(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().isoformat(timespec="minutes")
    except (OverflowError, ValueError, OSError):
        return "it is reset by hand"
