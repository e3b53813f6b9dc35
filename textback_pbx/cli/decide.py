"""``decide``: what would happen to a call, rule by rule, by the configuration and the database as they are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from json import dumps as json_text
from json import loads as json_read
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, open_database, run

if TYPE_CHECKING:
    from textback_pbx.decision.facts import Facts
    from textback_pbx.decision.gathering import Call
    from textback_pbx.decision.plan import Plan
    from textback_pbx.pipeline.office import Office

app = typer.Typer(add_completion=False)

OUTCOMES = ("answered", "busy", "no_answer", "not_reachable", "none", "lost")


@app.command()
def decide(
    caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="The caller; withheld: an empty text.")],
    to: Annotated[str, typer.Option("--to", metavar="LINE", help="A dialled number or a line's name.")] = "",
    outcome: Annotated[str, typer.Option(help=f"One of {', '.join(OUTCOMES)}.")] = "no_answer",
    detail: Annotated[str, typer.Option(help="timeout, abandoned, unattended, rejected, dialplan, voicemail.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When it is decided: ISO time, office's zone [now].")] = "",
    ago: Annotated[float, typer.Option(min=0, help="Seconds since the hangup.")] = 1.0,
    ring: Annotated[float, typer.Option(min=0, help="Seconds it rang.")] = 20.0,
    voicemail: Annotated[bool, typer.Option("--voicemail", help="A voicemail was left.")] = False,
    announced: Annotated[bool, typer.Option("--announced", help="The caller heard that a text may follow.")] = False,
    handled_by: Annotated[str, typer.Option("--handled-by", help="Another system took care of the caller.")] = "",
    skip: Annotated[bool, typer.Option("--skip", help="The dialplan asked for no text.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="Print what the rules were told, too.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what would happen to a call. Nothing is written and nothing is sent.

    Example: textback-pbx decide --from +15125550142 --to main --at 2026-11-20T22:15
    """
    if outcome not in OUTCOMES:
        fail(f"no outcome {outcome!r}; there are: {', '.join(OUTCOMES)}", EXIT_USAGE)

    async def work() -> None:
        async with open_database(config, read_only=True) as (settings, database):
            from textback_pbx.decision import plan, store
            from textback_pbx.pipeline.office import office_of

            office = office_of(settings)
            line = office.line(_line_name(office, to))
            now_ms = _moment(at, line.hours.zone)
            ended_ms = now_ms - round(ago * 1000)
            said = {"presentation": "allowed", "voicemail_left": voicemail, "announced": announced}
            said |= {"handled": {"By": handled_by}} if handled_by else {}
            said |= {"skip": {}} if skip else {}
            call = _call(caller, office.country, (line.name, outcome, detail), (ended_ms, ring), said)
            async with database.read() as tx:
                known = await store.gather_for(
                    tx, call, policy=office.policy, line=line, now_ms=now_ms, clock_trusted=True
                )
            made = plan.plan(known, line)
            _print(made, known, json=json, with_facts=facts)

    run(work)


def _line_name(office: Office, to: str) -> str:
    from textback_pbx.pipeline.office import DEFAULT_LINE

    if not to:
        return DEFAULT_LINE
    name = to if to in office.lines else office.line_of(to)
    if name == DEFAULT_LINE and to != DEFAULT_LINE and not to.lstrip("+").isdigit():
        fail(f"no line {to!r}; there are: {', '.join(office.lines)}", EXIT_USAGE)
    return name


def _moment(at: str, zone: str) -> int:
    from zoneinfo import ZoneInfo

    try:
        when = datetime.fromisoformat(at) if at else datetime.now(UTC)
    except ValueError:
        fail(f"cannot read the time {at!r}: write it like 2026-11-20T22:15 or 2026-11-20T22:15-06:00", EXIT_USAGE)
    when = when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))
    return round(when.timestamp() * 1000)


def _call(caller: str, country: str, what: tuple[str, str, str], when: tuple[int, float], said: dict[str, Any]) -> Call:
    """Imagine a call: ``what`` is its line, outcome and detail, ``when`` its end (ms UTC) and how long it rang (s)."""
    from textback_pbx import phone
    from textback_pbx.decision.gathering import Call

    parsed = phone.parse(caller, country)
    known = isinstance(parsed, phone.Number)
    line, outcome, detail = what
    ended_ms, ring = when
    ring_ms = round(ring * 1000)
    return Call(
        line=line,
        outcome=outcome,
        started_ms=ended_ms - ring_ms,
        ended_ms=ended_ms,
        caller=parsed.e164 if isinstance(parsed, phone.Number) else None,
        detail=detail,
        ring_ms=ring_ms,
        withheld=not known and isinstance(parsed, phone.NotANumber) and parsed.withheld,
        facts=json_text(said),
    )


def _print(made: Plan, facts: Facts, *, json: bool, with_facts: bool) -> None:
    from textback_pbx.decision.rules import RULES

    decision = made.decision
    if json:
        emit_json(
            {
                "verdict": decision.verdict.value,
                "rule": decision.rule,
                "reason": decision.reason,
                "urgent": decision.urgent,
                "alert": decision.alert,
                "dry_run": decision.dry_run,
                "not_before": _iso(decision.not_before_ms, facts.zone),
                "expires": _iso(decision.expires_ms, facts.zone),
                "message": asdict(made.message) if made.message else None,
                "trace": [step._asdict() for step in decision.trace],
                "facts": json_read(facts.to_json()),
            }
        )
        return
    for step in decision.trace:
        print(f"  {step.verdict:8} {step.rule:18} {step.why}".rstrip())
    for rule in RULES[len(decision.trace) :]:
        print(f"  -        {rule.name:18} not asked")
    if with_facts:
        for name, value in json_read(facts.to_json()).items():
            print(f"  {name:27} {value}")
    if decision.dry_run:
        print("dry_run is on: nothing would leave")
    print(f"{decision.verdict.value}: {decision.reason} (rule {decision.rule})")
    if made.message is not None:
        print(
            f"at {_iso(made.message.not_before_ms, facts.zone)}, {made.message.segments} part, {made.message.template}"
        )
        print(made.message.body)


def _iso(at_ms: int, zone: str) -> str | None:
    from textback_pbx.decision.hours import local

    return local(at_ms, zone).isoformat(timespec="seconds") if at_ms else None
