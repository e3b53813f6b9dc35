"""``textback-pbx calls``: replay recordings of AMI traffic; list and show the calls the agent has kept."""

import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from textback_pbx.cli.common import EXIT_USAGE, JsonOption, emit_json, fail, table

app = typer.Typer(no_args_is_help=True, help="List calls; replay recordings of AMI traffic.")


@app.callback()
def _group() -> None:
    """List calls; replay recordings of AMI traffic."""


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings; - reads standard input.")],
    *,
    json: JsonOption = False,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            help="A dialplan context where calls from outside enter; repeat it. Replaces the usual ones. * at its end.",
        ),
    ] = None,
) -> None:
    """Say for each customer call in a recording of AMI traffic what became of it, and why.

    Needs no configuration. A recording is what the AMI port sent, byte for byte: nc localhost 5038 > FILE.

    Example: textback-pbx calls replay monday.ami --json
    """
    from textback_pbx.calls.trunks import DEFAULT_CONTEXTS, Trunks

    trunks = Trunks(contexts=tuple(context) if context else DEFAULT_CONTEXTS)
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for file in files:
        try:
            found = _replay_file(file, trunks, problems)
        except OSError as error:
            problems.append(f"{file}: cannot be read: {error.strerror or error}")
            continue
        if json:
            for row in found:
                emit_json(row)
        rows += found
    if not json:
        _print_calls(rows)
    if problems:
        fail("\n".join(problems), EXIT_USAGE)


def _replay_file(file: Path, trunks: Any, problems: list[str]) -> list[dict[str, Any]]:
    from textback_pbx.calls.replay import Replay, call_as_json, read_chunks

    run = Replay(trunks)
    if str(file) == "-":
        _feed(run, sys.stdin.buffer, read_chunks)
    else:
        with file.open("rb") as stream:
            _feed(run, stream, read_chunks)
    records, _ = run.finish()
    if run.malformed:
        print(f"{file}: {run.malformed} malformed events were left out", file=sys.stderr)
    if not run.events:
        problems.append(f"{file}: no call event in it; is it a recording of an AMI connection (port 5038)?")
    return [{"file": str(file), **call_as_json(record)} for record in records]


def _feed(run: Any, stream: BinaryIO, chunks: Any) -> None:
    for chunk in chunks(stream):
        run.feed(chunk)


def _print_calls(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("no customer call in it (inbound contexts are set with --context)")
        return
    lines = [
        {
            **row,
            "caller": "withheld" if row["withheld"] else row["caller"],
            "rang": "" if row["ring_seconds"] is None else f"{row['ring_seconds']:g} s",
            "phones": ", ".join(f"{leg['channel']} {leg['class']}" for leg in row["legs"]),
        }
        for row in rows
    ]
    heads = {"file": "FILE", "uniqueid": "CALL", "caller": "CALLER", "dialled": "DIALLED", "outcome": "OUTCOME"}
    table(lines, {**heads, "detail": "DETAIL", "rang": "RANG", "phones": "PHONES"})
