"""``purge``: forget now what the retention says is too old; the agent does it every night by itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, open_database, run, working

app = typer.Typer(add_completion=False)


@app.command()
def purge(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, delete nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Delete words and records that are older than [retention] allows. An opt-out always stays.

    Example: textback-pbx purge --dry-run
    """
    with working("looking for what is too old"):
        done = run(lambda: _purge(config, dry_run=dry_run))
    if json:
        emit_json(done)
    elif not done:
        print("nothing is too old")
    for kind, count in () if json else done.items():
        print(f"{count:8}  {kind}{' would go' if dry_run else ' deleted'}")


async def _purge(config: Any, *, dry_run: bool) -> dict[str, int]:
    from textback_pbx.clock import SystemClock
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.keeping import purge as keeping
    from textback_pbx.pipeline.upkeep import plan_of

    async with open_database(config, read_only=dry_run) as (settings, database):
        plan = plan_of(settings)
        return await keeping.purge(
            database,
            plan.retention,
            SystemClock().now_ms(),
            local_time=lambda at_ms: local_time(at_ms, plan.zone),
            dry_run=dry_run,
        )
