"""``textback-pbx calls``: replay recordings of AMI traffic; list and show the calls the agent has kept."""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from textback_pbx.cli.common import (
    EXIT_NO,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    emit_json,
    fail,
    open_database,
    run,
    table,
)

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
    unreadable = False
    for file in files:
        try:
            found = _replay_file(file, trunks, problems)
        except OSError as error:
            problems.append(f"{file}: cannot be read: {error.strerror or error}")
            unreadable = True
            continue
        if json:
            for row in found:
                emit_json(row)
        rows += found
    if not json:
        _print_calls(rows)
    if problems:
        fail("\n".join(problems), EXIT_USAGE if unreadable else EXIT_NO)


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
        problems.append(f"{file}: no call event in it; is it what an AMI connection (port 5038) sent?")
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


@app.command("list")
def list_(
    config: ConfigOption = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50,
    days: Annotated[float | None, typer.Option(min=0, help="Only calls of the last so many days.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only this caller (E.164).")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only this outcome: no_answer, busy, not_reachable ...")] = None,
    json: JsonOption = False,
) -> None:
    """List the calls, the newest first, and the gaps in which the PBX was not heard.

    Example: textback-pbx calls list --outcome no_answer --days 7
    """
    from textback_pbx.calls import store
    from textback_pbx.calls.outcome import Outcome

    if outcome is not None and outcome not in {known.value for known in Outcome}:
        fail(f"there is no outcome {outcome!r}; there are: {', '.join(Outcome)}", EXIT_USAGE)
    since_ms = None if days is None else int((time.time() - days * 86_400) * 1_000)

    async def work() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        async with open_database(config, read_only=True) as (_, database), database.read() as tx:
            found = await store.list_calls(tx, limit=limit, since_ms=since_ms, caller=caller, outcome=outcome)
            calls = [dict(row) for row in found]
            oldest = since_ms if since_ms is not None else min((row["ended_ms"] for row in calls), default=0)
            return calls, [dict(row) for row in await store.list_gaps(tx, since_ms=oldest)]

    calls, gaps = run(work)
    if json:
        for row in calls:
            emit_json({"kind": "call", **row})
        for row in gaps:
            emit_json({"kind": "gap", **row})
        return
    heads = {"id": "CALL", "at": "ENDED", "who": "CALLER", "line": "LINE", "outcome": "OUTCOME", "detail": "DETAIL"}
    if len({row["pbx"] for row in calls}) > 1:
        heads = {"pbx": "PBX", **heads}
    table([_shown(row) for row in calls], {**heads, "rang": "RANG", "verdict": "DECISION", "rule": "RULE"})
    for gap in gaps:
        until = "now" if gap["until_ms"] is None else _local(gap["until_ms"])
        result = gap["result"] or "its repair is still to be done"
        print(f"not heard: {gap['pbx']}, {_local(gap['from_ms'])} until {until} ({gap['reason']}): {result}")


@app.command()
def show(
    call: Annotated[str, typer.Argument(metavar="CALL", help="The call's number in the list, or its Uniqueid.")],
    config: ConfigOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show one call: what became of it, and what each phone did.

    Example: textback-pbx calls show 12
    """
    from json import loads

    from textback_pbx.calls import store

    async def work() -> dict[str, Any] | None:
        async with open_database(config, read_only=True) as (_, database), database.read() as tx:
            row = await store.find_call(tx, call)
            return None if row is None else dict(row)

    row = run(work)
    if row is None:
        fail(f"there is no call {call}; textback-pbx calls list shows those there are")
    row["legs"], row["facts"] = loads(row["legs"]), loads(row["facts"])
    if json:
        emit_json(row)
        return
    shown = _shown(row)
    print(f"call {row['id']} of {shown['who']} to {row['dialled']} (line {row['line']}), ended {shown['at']}")
    why = row["facts"].get("why", "")
    print(" ".join(filter(None, [row["outcome"], row["detail"] and f"({row['detail']})", why and f"because {why}"])))
    for leg in row["legs"]:
        rang = "" if leg.get("ring_seconds") is None else f", rang {leg['ring_seconds']:g} s"
        print(f"  {leg['channel']}: {leg['class']}: {leg['evidence']}{rang}")
    for key, value in row["facts"].items():
        if key != "why" and value not in ("", False, None):
            print(f"  {key}: {value}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    who = "withheld" if row["withheld"] else row["caller"] or row["caller_raw"]
    rang = "" if row["ring_ms"] is None else f"{row['ring_ms'] / 1_000:g} s"
    known = {"recovered": "from call records", "adopted": "heard in part"}.get(row["source"], "")
    detail = ", ".join(filter(None, (row["detail"], known)))
    return {**row, "who": who, "at": _local(row["ended_ms"]), "rang": rang, "detail": detail}


def _local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
