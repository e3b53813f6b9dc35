"""``textback-pbx simulate``: a PBX or a modem that is not there, for trying things out before the hardware comes."""

from pathlib import Path
from typing import Annotated

import typer

from textback_pbx.cli.common import EXIT_USAGE, fail

#: The AMI account the simulated PBX takes: it guards nothing.
ACCOUNT = ("textback", "secret")

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Run a simulated PBX or modem, for trying things out."""


@app.command()
def pbx(
    port: Annotated[int, typer.Option(help="The AMI port on 127.0.0.1; 0 takes a free one.")] = 0,
    control: Annotated[
        str | None, typer.Option(help="The control channel: a unix socket's path, or HOST:PORT of the loopback.")
    ] = None,
    username: Annotated[str, typer.Option(help="The AMI account.")] = ACCOUNT[0],
    secret: Annotated[str, typer.Option(help="Its secret.")] = ACCOUNT[1],
    system: Annotated[str, typer.Option(help="The systemname of asterisk.conf.")] = "",
    play: Annotated[list[Path] | None, typer.Option(help="A recording to play once somebody is logged in.")] = None,
    pace: Annotated[float, typer.Option(help="How much faster than it happened.")] = 1.0,
) -> None:
    """Run a simulated Asterisk, as its manager interface shows it, until Ctrl-C.

    Example: textback-pbx simulate pbx --port 5038 --control /tmp/pbx.sock --play calls.ami
    """
    import argparse
    import asyncio

    from textback_pbx.testing.asterisk import serve

    options = argparse.Namespace(
        port=port, control=control, username=username, secret=secret, system=system, play=play, pace=pace
    )
    try:
        asyncio.run(serve(options))
    except (ValueError, OSError) as problem:
        fail(str(problem), EXIT_USAGE)


@app.command()
def modem(
    link: Annotated[
        Path | None, typer.Option(help="A symbolic link kept on the device, as /dev/serial/by-id has them.")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="The control channel: a unix socket's path, or HOST:PORT of the loopback.")
    ] = None,
    tcp: Annotated[str | None, typer.Option(help="Serve on HOST:PORT, for socket://, instead of a pty.")] = None,
    model: Annotated[
        str, typer.Option(help="The stick to play: a file in hardware/modems, without .toml.")
    ] = "generic",
    number: Annotated[str, typer.Option(help="The SIM's own number.")] = "+15125550100",
    pin: Annotated[str | None, typer.Option(help="The SIM asks for this PIN.")] = None,
    radio: Annotated[float, typer.Option(help="Seconds a submit takes on the air.")] = 2.0,
    report: Annotated[float, typer.Option(help="Seconds until a status report.")] = 1.0,
) -> None:
    """Run a simulated modem with a SIM, a service centre and handsets until Ctrl-C.

    Example: textback-pbx simulate modem --link /tmp/modem --control /tmp/modem.sock

    Then set `port = "/tmp/modem"` under `[modem]`. docs/simulators.md says how to make its handsets write,
    and how to break it.
    """
    import asyncio

    from textback_pbx.testing.modem import Options, serve

    options = Options(
        link=link, control=control, tcp=tcp, model=model, number=number, pin=pin, radio_s=radio, report_s=report
    )
    try:
        asyncio.run(serve(options))
    except (ValueError, OSError) as problem:
        fail(str(problem), EXIT_USAGE)
