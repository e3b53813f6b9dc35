"""The simulated modem as a program: ``python -m textback_pbx.testing.modem --link PATH --control SOCKET``.

It prints one line a client can wait for, ``modem ready: PATH control: ADDRESS``, and serves until SIGINT, SIGTERM or
the control command ``quit``. It outlives the agent on purpose: killing the agent must not reset the modem.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textback_pbx.clock import SystemClock
from textback_pbx.testing.clock import ManualClock
from textback_pbx.testing.modem_control import ControlServer
from textback_pbx.testing.modem_models import load_model, model_names
from textback_pbx.testing.modem_script import play
from textback_pbx.testing.pty_port import PtyPort, TcpPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import Port, SimulatedModem


@dataclass(frozen=True, slots=True)
class Options:
    """What a simulated modem is started with; ``radio_s`` and ``report_s`` are seconds."""

    link: Path | None = None
    control: str | None = None
    tcp: str | None = None
    model: str = "generic"
    number: str = "+15125550100"
    iccid: str = ""
    imei: str | None = None
    pin: str | None = None
    smsc: str = "+15125550199"
    radio_s: float = 0.0
    report_s: float = 0.0
    manual_clock: bool = False
    script: Path | None = None


def _port(options: Options) -> Port:
    if options.tcp is None:
        return PtyPort(options.link)
    host, _, port = options.tcp.rpartition(":")
    if not port.isdigit():
        raise ValueError(f"{options.tcp!r} is not HOST:PORT")
    return TcpPort(host or "127.0.0.1", int(port))


async def serve(options: Options) -> None:
    """Run a simulated modem until it is told to end; ValueError when an option or the script is wrong."""
    model = load_model(options.model)
    script = options.script.read_text(encoding="utf-8").splitlines() if options.script else []
    sim = SimCard(
        options.number, iccid=options.iccid, pin=options.pin, smsc=options.smsc, capacity=model.capacity.get("SM", 20)
    )
    modem = SimulatedModem(
        _port(options),
        model=model,
        sim=sim,
        clock=ManualClock() if options.manual_clock else SystemClock(),
        radio_s=options.radio_s,
        imei=options.imei,
    )
    modem.smsc.report_s = options.report_s
    async with modem:
        control = ControlServer(modem)
        stop = control.stopped.set
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            address = await control.start(options.control) if options.control else "none"
            _say(f"modem ready: {modem.path} control: {address}")
            if not await play(script, control.answer, _say):
                raise ValueError(f"{options.script} was not played to its end")
            await control.stopped.wait()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            await control.stop()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m textback_pbx.testing.modem", description=__doc__)
    parser.add_argument("--link", type=Path, help="a symbolic link kept pointing at the pty, as /dev/serial/by-id is")
    parser.add_argument("--control", help="the control channel: a unix socket path, or HOST:PORT")
    parser.add_argument("--tcp", help="serve on HOST:PORT (for socket://) instead of a pty")
    parser.add_argument("--model", default="generic", help=f"one of: {', '.join(model_names())}")
    parser.add_argument("--number", default="+15125550100", help="the SIM's own number")
    parser.add_argument("--iccid", default="", help="the SIM's ICCID")
    parser.add_argument("--imei", help="the modem's IMEI")
    parser.add_argument("--pin", help="the SIM asks for this PIN")
    parser.add_argument("--smsc", default="+15125550199", help="the service centre's number on the SIM")
    parser.add_argument("--radio", dest="radio_s", type=float, default=0.0, help="seconds a submit takes on the air")
    parser.add_argument("--report", dest="report_s", type=float, default=0.0, help="seconds until a status report")
    parser.add_argument("--script", type=Path, help="a file of control requests, one a line, done once it is ready")
    parser.add_argument("--manual-clock", action="store_true", help="time moves only by the command `advance`")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    options = Options(**vars(_parser().parse_args(arguments)))
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(options))
    except (ValueError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
