"""``textback-pbx simulate``: a PBX or a modem that is not there, for trying things out before the hardware comes."""

from pathlib import Path
from typing import Annotated, Any

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
    iccid: Annotated[str, typer.Option(help="The SIM's ICCID; made from its number when empty.")] = "",
    imei: Annotated[str | None, typer.Option(help="The stick's IMEI; made from the model when empty.")] = None,
    pin: Annotated[str | None, typer.Option(help="The SIM asks for this PIN.")] = None,
    smsc: Annotated[str, typer.Option(help="The message centre's number on the SIM.")] = "+15125550199",
    radio: Annotated[float, typer.Option(help="Seconds a submit takes on the air.")] = 2.0,
    report: Annotated[float, typer.Option(help="Seconds until a status report.")] = 1.0,
    manual_clock: Annotated[bool, typer.Option(help="Its time moves only by the request `advance`.")] = False,
    script: Annotated[
        Path | None, typer.Option(help="A file of control requests, one a line, done once it is ready.")
    ] = None,
) -> None:
    """Run a simulated modem with a SIM, a service centre and handsets until Ctrl-C.

    Example: textback-pbx simulate modem --link /tmp/modem --control /tmp/modem.sock

    Then set `port = "/tmp/modem"` under `[modem]`. docs/simulators.md says how to make its handsets write,
    and how to break it; `simulate tell` does it from a shell.
    """
    import asyncio

    from textback_pbx.testing.modem import Options, serve

    options = Options(
        link=link,
        control=control,
        tcp=tcp,
        model=model,
        number=number,
        iccid=iccid,
        imei=imei,
        pin=pin,
        smsc=smsc,
        radio_s=radio,
        report_s=report,
        manual_clock=manual_clock,
        script=script,
    )
    try:
        asyncio.run(serve(options))
    except (ValueError, OSError) as problem:
        fail(str(problem), EXIT_USAGE)


@app.command()
def tell(
    control: Annotated[str, typer.Argument(help="The simulator's control channel: a socket's path, or HOST:PORT.")],
    request: Annotated[list[str], typer.Argument(help="A request and its fields as name=value; or one JSON object.")],
    seconds: Annotated[float, typer.Option(help="How long to wait for the answer.")] = 60.0,
) -> None:
    """Tell a running simulator to do something, and print its answer as JSON.

    Example: textback-pbx simulate tell /tmp/modem.sock inbound from=+15125550150 text=STOP

    What a value says as JSON counts as that (5, true, {"code": 500}), anything else as text. The requests are in
    docs/simulators.md.
    """
    from textback_pbx.cli.common import EXIT_NO, EXIT_PEER, emit_json
    from textback_pbx.testing.modem_client import ControlProblem, SyncModemControl

    try:
        do, fields = _request_of(request)
        with SyncModemControl(control, seconds) as client:
            emit_json(client.call(do, **fields))
    except ControlProblem as problem:
        fail(str(problem), EXIT_NO)
    except (OSError, ConnectionError) as problem:
        fail(f"no simulator answers at {control}: {problem}", EXIT_PEER)
    except ValueError as problem:
        fail(str(problem), EXIT_USAGE)


def _request_of(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Read a request from the command line; ValueError says what is wrong with it."""
    import json

    if words[0].startswith("{"):
        fields = json.loads(words[0])
        return str(fields.pop("do", "")), fields
    fields = {}
    for word in words[1:]:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} is not name=value")
        try:
            fields[name] = json.loads(text)
        except ValueError:
            fields[name] = text
    return words[0], fields
