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
ModemOption = Annotated[str | None, typer.Option("--modem", help="Only the modem of this name.")]


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
def status(
    config: ConfigOption = None, port: PortOption = None, modem: ModemOption = None, json: JsonOption = False
) -> None:
    """Say how each modem is, what is wrong and what to do. Exit status 1 when one of them cannot send.

    Beside a running agent, which owns the ports, it shows what the agent last noted; otherwise it asks the modems
    themselves, without sending or deleting anything. Example: textback-pbx modem status
    """
    noted = None if port else run(lambda: _noted(config))
    if noted is not None:
        wanted = [one for one in noted if modem in (None, one["modem"])]
        if modem is not None and not wanted:
            fail(f"no modem is named {modem!r}; there are: {', '.join(str(one['modem']) for one in noted)}", EXIT_NO)
        if json:
            emit_json(wanted)
        else:
            _show_noted(wanted)
        failing = any(one["state"] == "fail" for one in wanted)
    else:
        asked = run(lambda: _asked(_all_settings(config, port, modem)))
        if json:
            emit_json([_fields(health) for health in asked])
        else:
            for health in asked:
                _show(health)
        failing = any(health.severity.value == "fail" for health in asked)
    if failing:
        raise typer.Exit(EXIT_NO)


async def _noted(config: Path | None) -> list[dict[str, Any]] | None:
    """What a running agent last wrote about its modems; ``None`` when no agent runs."""
    import json

    from textback_pbx.database_file import agent_runs

    settings = load_settings(config)
    if not agent_runs(settings.database.path):
        return None
    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        rows = await tx.all(
            "SELECT * FROM health WHERE component = 'modem' OR component LIKE 'modem:%' ORDER BY component"
        )
    alone = settings.every_modem()[0].name
    return [
        {
            "modem": row["component"].partition(":")[2] or alone,
            **{key: row[key] for key in ("state", "message", "since_ms")},
            "detail": json.loads(row["detail"]),
        }
        for row in rows
    ] or None


def _show_noted(noted: list[dict[str, Any]]) -> None:
    """Print what an agent noted, with its figures and when they were taken."""
    from datetime import UTC, datetime

    for one in noted:
        print(f"{one['modem']}: {one['state']}: {one['message']}")
        for name, value in one["detail"].items():
            if value in (None, "", 0) or name in ("problem", "at_ms"):
                continue
            if name.endswith("_ms"):
                value = datetime.fromtimestamp(value / 1000, UTC).astimezone().strftime("%a %Y-%m-%d %H:%M")  # noqa: PLW2901 - shown
            print(f"  {name.removesuffix('_ms').replace('_', ' '):<18} {value}")


def _all_settings(config: Path | None, port: str | None, name: str | None = None) -> list[ModemSettings]:
    """The modems to ask: the one on ``port``, the one of that name, or every one of the configuration."""
    from textback_pbx.modem.settings import ModemSettings

    if port is not None:
        return [ModemSettings(port)]
    modems = [one for one in load_settings(config).every_modem() if one.port]
    if not modems:
        fail("modem.port is not set; `textback-pbx modem list` shows what could stand there", EXIT_NO)
    chosen = [one for one in modems if name in (None, one.name)]
    if not chosen:
        fail(f"no modem is named {name!r}; there are: {', '.join(one.name for one in modems)}", EXIT_NO)
    return [
        ModemSettings(one.port, one.name, one.baud, one.model, ussd_credit=one.ussd_credit or None) for one in chosen
    ]


async def _asked(modems: list[ModemSettings]) -> list[Health]:
    """Set each modem up and look once. No PIN is tried, nothing is deleted."""
    import asyncio

    from textback_pbx.clock import SystemClock
    from textback_pbx.modem.checks import look

    return list(await asyncio.gather(*(look(settings, SystemClock()) for settings in modems)))


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
    print(f"{health.name}: {health.severity.value}: {health.message}")
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
    modem: ModemOption = None,
    draft: Annotated[Path | None, typer.Option(help="Write the draft profile there, not to the screen.")] = None,
    transcript: Annotated[Path | None, typer.Option(help="Write the whole conversation there.")] = None,
    private: Annotated[bool, typer.Option(help="Leave the numbers of SIM and stick in the transcript.")] = False,
) -> None:
    """Ask an unknown modem what it can do, and write a draft profile for it.

    Sends questions only. Example: textback-pbx modem probe --port /dev/ttyUSB2 --transcript probe.txt
    """
    from textback_pbx.modem import probe as asking

    answers = run(lambda: _probe(_all_settings(config, port, modem)[0]))
    profile = asking.draft(answers)
    if draft is None:
        print(profile)
    else:
        draft.write_text(profile, encoding="utf-8")
        print(f"# the draft profile is in {draft}")
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
