"""``clock trust``: a person says that the machine's clock is right, after a jump that held all sending."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from textback_pbx.cli.common import ConfigOption, open_database, run

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _root() -> None:
    """Say that the clock is right, when the agent holds because it jumped."""


@app.command()
def trust(
    config: ConfigOption = None,
    actor: Annotated[str, typer.Option(help="Who says so.")] = "",
) -> None:
    """Let texts go out again: the time shown now is right.

    Example: textback-pbx clock trust --actor "front desk"
    """
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    run(lambda: _trust(config, f"{actor or getpass.getuser()} at {now}"))
    print(f"Noted: {now} is right. A running agent sends again within a minute.")


async def _trust(config: Path | None, words: str) -> None:
    from textback_pbx.pipeline.keep import TRUSTED_BY

    async with open_database(config) as (_, database), database.transaction() as tx:
        await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (TRUSTED_BY, words))
