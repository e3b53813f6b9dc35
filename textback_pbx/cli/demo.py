"""``demo``: the main job, on simulators, in less than a minute."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, for looking around.")] = False,
    week: Annotated[
        bool,
        typer.Option("--week", help="A whole office week on a clock moved by hand: owners, deadlines, the report."),
    ] = False,
) -> None:
    """Play a short morning of calls through the real agent, between a simulated PBX and a simulated modem.

    Needs no configuration and no hardware; ends by itself, with status 0 when everything went as it must.

    Example: textback-pbx demo
    """
    if week:
        from textback_pbx.testing import demo_week_play

        raise typer.Exit(demo_week_play.main())
    from textback_pbx.testing.demo import main

    raise typer.Exit(main(keep=keep))
