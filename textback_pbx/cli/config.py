"""``config check|show``: is the configuration usable, and what applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from textback_pbx.cli.common import EXIT_NO, ConfigOption, JsonOption, emit_json, load_settings

if TYPE_CHECKING:
    from textback_pbx.config import Settings
    from textback_pbx.decision.lint import Finding

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Say every problem of the configuration at once, each with its key and line.

    Example: textback-pbx config check --config config.toml
    """
    settings = load_settings(config)
    ports = " and ".join(modem.port for modem in settings.every_modem() if modem.port)
    print(f"The configuration is sound. {settings.office.name} texts from {ports or 'no modem yet'}.")
    for warning in _warnings(settings):
        print(f"  note: {warning}")
    wrong = False
    for finding in _own_texts(settings):
        print(f"  {finding.severity.value}: {finding.text}: {finding.message}")
        wrong |= finding.severity.value == "error"
    if wrong:
        raise typer.Exit(EXIT_NO)


def _own_texts(settings: Settings) -> list[Finding]:
    """Hold the office's own words, line by line, to what a text may be; the ready-made ones are sound."""
    from textback_pbx.decision.lint import lint_line
    from textback_pbx.pipeline.office import office_of

    office = office_of(settings)
    found = [one for line in office.lines.values() for one in lint_line(line, max_segments=office.policy.max_segments)]
    return [one for one in found if ": own/" in one.text or one.severity.value == "error"]


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
    if not any(modem.port for modem in settings.every_modem()):
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
