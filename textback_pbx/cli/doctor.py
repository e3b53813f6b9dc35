"""``doctor``: look at everything an installer can get wrong, and name the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_NO, ConfigOption, JsonOption, emit_json, load_settings, run

if TYPE_CHECKING:
    from pathlib import Path

    from textback_pbx.findings import Finding

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    config: ConfigOption = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this part; may be given several times.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the machine, the PBX, the modem and the office's choices. Exit status 1 when something fails.

    It reads and changes nothing. Example: textback-pbx doctor
    """
    findings = run(lambda: _look(config, only or [], quiet=json))
    if json:
        emit_json([_plain(one) for one in findings])
    if any(one.level == "fail" for one in findings):
        raise typer.Exit(EXIT_NO)


async def _look(config: Path | None, only: list[str], *, quiet: bool) -> list[Finding]:
    from textback_pbx.doctor.run import CHECKS, examine

    unknown = [name for name in only if name not in CHECKS]
    if unknown:
        raise typer.BadParameter(f"no such part: {unknown[0]}; there are {', '.join(CHECKS)}")
    chosen = {name: check for name, check in CHECKS.items() if not only or name in only}
    findings = []
    async for finding in examine(load_settings(config), chosen):
        findings.append(finding)
        if not quiet:
            show(finding)
    return findings


def show(finding: Finding) -> None:
    """Print one finding and its fix."""
    print(f"{finding.level.upper():4}  {finding.check:20} {finding.says}")
    if finding.fix:
        print(f"{'':26} Fix: {finding.fix}")


def _plain(finding: Finding) -> dict[str, Any]:
    return {"check": finding.check, "level": str(finding.level), "says": finding.says, "fix": finding.fix}
