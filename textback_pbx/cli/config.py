"""``config check|show``: is the configuration usable, and what applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from textback_pbx.cli.common import ConfigOption, JsonOption, emit_json, load_settings

if TYPE_CHECKING:
    from textback_pbx.config import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Say every problem of the configuration at once, each with its key and line.

    Example: textback-pbx config check --config config.toml
    """
    settings = load_settings(config)
    print(f"The configuration is sound. {settings.office.name} texts from {settings.modem.port or 'no modem yet'}.")
    for warning in _warnings(settings):
        print(f"  note: {warning}")


@app.command()
def show(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show what applies, with every default; secrets are hidden.

    Example: textback-pbx config show --json
    """
    values = load_settings(config).model_dump(mode="json")
    if json:
        emit_json(values)
        return
    for section, table in values.items():
        if isinstance(table, dict):
            for key, value in table.items():
                print(f"{section}.{key} = {value!r}")
        else:
            print(f"{section} = {table!r}")


def _warnings(settings: Settings) -> list[str]:
    found = []
    if not settings.modem.port:
        found.append("modem.port is empty: nothing can be sent; see ls /dev/serial/by-id")
    for pbx in settings.pbxs():
        table = "ami" if pbx is settings.ami else f"pbx[{pbx.name!r}]"
        if not settings.ami_secret(pbx):
            found.append(f"{table}.secret is empty: set it, or secret_file, or TEXTBACK_PBX__AMI__SECRET for [ami]")
        if pbx.without_presentation:
            found.append(f"{table}.without_presentation is on: a withheld number may be texted; better set channelvars")
    if settings.dry_run:
        found.append("dry_run is on: everything is decided and recorded, nothing is sent")
    return found
