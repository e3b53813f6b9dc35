"""``demo``: the main job, on simulators, in less than a minute."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def demo(keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, for looking around.")] = False) -> None:
    """Play a short morning of calls through the real agent, between a simulated PBX and a simulated modem.

    Needs no configuration and no hardware; ends by itself, with status 0 when everything went as it must.

    Example: textback-pbx demo
    """
    from textback_pbx.testing.demo import main

    raise typer.Exit(main(keep=keep))
