"""``purge``: forget now what the retention says is too old; the agent does it every night by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_SETUP,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    now_ms,
    open_database,
    run,
    working,
)

if TYPE_CHECKING:
    from textback_pbx.database import Database

app = typer.Typer(add_completion=False)
#: A clock that nothing vouches for is believed this far after the agent's last look at it.
_MOST_DAYS_ALONE = 7


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
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.keeping import purge as keeping
    from textback_pbx.pipeline.upkeep import plan_of

    async with open_database(config, read_only=dry_run) as (settings, database):
        plan = plan_of(settings)
        if not dry_run:
            await _insist_on_the_clock(database)
        return await keeping.purge(
            database,
            plan.retention,
            now_ms(),
            local_time=lambda at_ms: local_time(at_ms, plan.zone),
            dry_run=dry_run,
        )


async def _insist_on_the_clock(database: Database) -> None:
    """Leave with words where the clock may be years ahead: all of the office's memory would be too old."""
    from textback_pbx.clock import DAY_MS
    from textback_pbx.pipeline.keep import LAST_SEEN, synchronised

    async with database.read() as tx:
        seen_ms = int(await tx.value("SELECT value FROM meta WHERE key = ?", (LAST_SEEN,)) or 0)
    days = (now_ms() - seen_ms) // DAY_MS
    if seen_ms and days > _MOST_DAYS_ALONE and not synchronised():
        fail(
            f"nothing was deleted: the clock is {days} days later than when an agent last worked here, and the kernel "
            "does not call it synchronised. Set it (sudo timedatectl set-ntp true), then try again",
            EXIT_SETUP,
        )
