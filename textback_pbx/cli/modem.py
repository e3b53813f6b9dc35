"""``modem list|status|probe|allow-pin``: which ports are here, how the modem is, what an unknown one can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_PEER,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    load_settings,
    open_database,
    run,
    table,
)

if TYPE_CHECKING:
    from textback_pbx.modem.health import Health
    from textback_pbx.modem.probe import Answer
    from textback_pbx.modem.settings import ModemSettings

app = typer.Typer(no_args_is_help=True, add_completion=False)

PortOption = Annotated[str | None, typer.Option("--port", help="The port, instead of modem.port of the configuration.")]


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the serial ports by their stable names, and the sticks that cannot be used, with the reason.

    Opens nothing. Example: textback-pbx modem list
    """
    from dataclasses import asdict

    from textback_pbx.modem import finding, holders

    ports, bad = finding.candidates(), finding.unusable()
    manager = holders.modem_manager_runs()
    if json:
        emit_json(
            {
                "ports": [asdict(port) | {"held_by": holders.holders(port.device)} for port in ports],
                "unusable": [asdict(stick) for stick in bad],
                "modem_manager": manager,
            }
        )
        return
    rows = [asdict(port) | {"held": ", ".join(holders.holders(port.device))} for port in ports]
    if rows:
        heads = {
            "port": "port",
            "device": "now",
            "usb_id": "usb id",
            "profile": "profile",
            "hint": "",
            "held": "in use by",
        }
        table(rows, heads)
    else:
        print("No serial port under /dev/serial/by-id: is the stick plugged in, and does it show in `lsusb`?")
    for stick in bad:
        print(f"{stick.usb_id} {stick.product}: {stick.why}")
    if manager:
        print(
            "ModemManager runs and opens every modem it finds: install hardware/99-textback-pbx.rules and plug the "
            "stick in again, or `sudo systemctl disable --now ModemManager`"
        )


@app.command()
def status(config: ConfigOption = None, port: PortOption = None, json: JsonOption = False) -> None:
    """Say how the modem is, what is wrong and what to do. Exit status 1 when nothing can be sent.

    Beside a running agent, which owns the port, it shows what the agent last noted; otherwise it asks the modem
    itself, without sending or deleting anything. Example: textback-pbx modem status
    """
    if port is None and (noted := run(lambda: _noted(config))) is not None:
        if json:
            emit_json(noted)
        else:
            print(f"{noted['state']}: {noted['message']}")
        if noted["state"] == "fail":
            raise typer.Exit(EXIT_NO)
        return
    health = run(lambda: _asked(_settings(config, port)))
    if json:
        emit_json(_fields(health))
    else:
        _show(health)
    if health.severity.value == "fail":
        raise typer.Exit(EXIT_NO)


async def _noted(config: Path | None) -> dict[str, Any] | None:
    """What a running agent last wrote about the modem; ``None`` when no agent runs."""
    from textback_pbx.database import Database, DatabaseProblem

    settings = load_settings(config)
    try:
        held = await Database.open(settings.database.path, exclusive=True)
    except DatabaseProblem:
        async with open_database(config, read_only=True) as (_, database), database.read() as tx:
            row = await tx.one("SELECT state, message, detail, since_ms FROM health WHERE component = 'modem'")
            return None if row is None else dict(row)
    await held.close()
    return None


def _settings(config: Path | None, port: str | None) -> ModemSettings:
    from textback_pbx.modem.settings import ModemSettings

    if port is not None:
        return ModemSettings(port)
    settings = load_settings(config)
    if not settings.modem.port:
        fail("modem.port is not set; `textback-pbx modem list` shows what could stand there", EXIT_NO)
    modem = settings.modem
    return ModemSettings(modem.port, baudrate=modem.baud, profile=modem.model)


async def _asked(settings: ModemSettings) -> Health:
    """Set the modem up and look once. No PIN is tried, nothing is deleted."""
    import asyncio
    import contextlib
    import logging

    from textback_pbx.clock import SystemClock
    from textback_pbx.modem.items import Problem
    from textback_pbx.modem.modem import Modem

    logging.getLogger("textback_pbx.modem").setLevel(logging.CRITICAL)  # what it would say is printed below
    modem = Modem(settings, SystemClock())
    async with asyncio.TaskGroup() as group:
        owner = group.create_task(modem.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while modem.health.problem is Problem.STARTING:
                    await modem.next_item()
        for _ in range(60):  # the operator's name comes a moment later, where it comes at all
            if modem.health.network.operator or not modem.health.network.registered:
                break
            await asyncio.sleep(0.05)
        health = modem.health
        owner.cancel()
    return health


def _fields(health: Health) -> dict[str, Any]:
    from dataclasses import asdict

    network = health.network
    return asdict(health) | {
        "severity": health.severity.value,
        "message": health.message,
        "network": asdict(network) | {"registered": network.registered, "dbm": network.dbm},
    }


def _show(health: Health) -> None:
    from textback_pbx.modem.health import stat_words

    network, usage = health.network, health.usage
    print(f"{health.severity.value}: {health.message}")
    rows = {
        "port": health.port,
        "model": f"{health.model} (profile {health.profile})" if health.profile else "",
        "IMEI": health.imei,
        "SIM": health.iccid,
        "registration": stat_words(network.stat) if health.profile else "",
        "operator": f"{network.operator} {network.technology}".strip(),
        "signal": "" if network.dbm is None else f"{network.dbm} dBm",
        "message centre": health.smsc,
        "storage": "" if usage is None else f"{health.storage}: {usage.used} of {usage.size}",
        "status reports": ("yes" if health.reports else "no") if health.profile else "",
        "credit": health.credit,
    }
    for name, value in rows.items():
        if value:
            print(f"  {name:<15} {value}")


@app.command()
def probe(
    config: ConfigOption = None,
    port: PortOption = None,
    transcript: Annotated[Path | None, typer.Option(help="Write the whole conversation there.")] = None,
    private: Annotated[bool, typer.Option(help="Leave the numbers of SIM and stick in the transcript.")] = False,
) -> None:
    """Ask an unknown modem what it can do, and print a draft profile for it.

    Sends questions only. Example: textback-pbx modem probe --port /dev/ttyUSB2 --transcript probe.txt
    """
    from textback_pbx.modem import probe as asking

    answers = run(lambda: _probe(_settings(config, port)))
    print(asking.draft(answers))
    if transcript is not None:
        transcript.write_text(asking.transcript(answers, private=private), encoding="utf-8")
        print(f"# the conversation is in {transcript}")


async def _probe(settings: ModemSettings) -> list[Answer]:
    from textback_pbx.clock import SystemClock
    from textback_pbx.modem import probe as asking
    from textback_pbx.modem.port import PortProblem
    from textback_pbx.modem.profile import Timing
    from textback_pbx.modem.session import PortLost, Session, Silent

    session = Session(settings.name, SystemClock(), Timing(slow=10.0), _ignore, _ignore)
    try:
        await session.open(settings.port, settings.baudrate)
        return await asking.ask(session)
    except PortProblem as problem:
        fail(str(problem), EXIT_PEER)
    except (Silent, PortLost) as problem:
        fail(f"{settings.port}: {problem}; is it the AT port? `textback-pbx modem list`", EXIT_PEER)
    finally:
        session.close()


def _ignore(*_: object) -> None:
    """Codes that come unasked mean nothing to a probe."""


@app.command("allow-pin")
def allow_pin(config: ConfigOption = None) -> None:
    """Let a PIN be tried again that was refused, or tried without a seen answer. Check it in a phone first.

    Three wrong attempts lock a SIM. Example: textback-pbx modem allow-pin
    """
    from textback_pbx.modem.store import forget_pins

    async def work() -> int:
        async with open_database(config) as (_, database), database.transaction() as tx:
            return await forget_pins(tx)

    count = run(work)
    print(f"Forgotten: {count}. The agent tries the configured PIN once more.")
