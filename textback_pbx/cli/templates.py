"""``templates list|preview|lint``: the texts, as the caller's phone would show them and as the linter sees them.

The ready-made sets need no configuration; with ``--config`` the office's own texts and names are taken.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, load_settings, table

if TYPE_CHECKING:
    from pathlib import Path

    from textback_pbx.decision.lint import Finding
    from textback_pbx.decision.policy import LinePolicy
    from textback_pbx.decision.template_sets import TemplateSet

app = typer.Typer(no_args_is_help=True, add_completion=False)

SetArgument = Annotated[str, typer.Argument(metavar="SET", help="Such as dental.es; see templates list.")]


@app.command("list")
def list_(
    name: Annotated[str, typer.Argument(metavar="[SET]", help="Show one set's texts, such as dental.es.")] = "",
    fields: Annotated[bool, typer.Option("--fields", help="List the fields a text may name.")] = False,
    json: JsonOption = False,
) -> None:
    """List the ready-made sets; or one set's texts; or the fields.

    Example: textback-pbx templates list dental.es
    """
    rows, columns = _fields() if fields else (_texts(_find(name)) if name else _sets())
    if json:
        emit_json(rows)
        return
    table(rows, columns)


_Listing = tuple[list[dict[str, Any]], dict[str, str]]


def _fields() -> _Listing:
    from textback_pbx.decision.wording import FIELDS

    rows = [{"field": f"{{{key}}}", "longest": cap, "holds": says} for key, (cap, says) in FIELDS.items()]
    return rows, {"field": "field", "longest": "longest", "holds": "what it holds"}


def _sets() -> _Listing:
    from textback_pbx.decision.template_sets import all_sets

    rows = [
        {"set": one.name, "language": one.language, "version": one.version, "texts": len(one.texts), "title": one.title}
        for one in all_sets()
    ]
    return rows, {"set": "set", "texts": "texts", "version": "version", "title": "for"}


def _texts(ready: TemplateSet) -> _Listing:
    from textback_pbx.decision.template_sets import SITUATIONS, version_of

    rows = [
        {"situation": key, "when": SITUATIONS[key].says, "version": version_of(ready.texts[key]), "text": text}
        for key, text in ready.texts.items()
    ]
    return rows, {"situation": "situation", "when": "when", "text": "text"}


def _find(name: str) -> TemplateSet:
    from textback_pbx.decision.template_sets import LANGUAGES, TRADES, load

    trade, _, language = name.partition(".")
    try:
        return load(trade, language or "en")
    except KeyError:
        fail(f"no set {name!r}; trades: {', '.join(TRADES)}; languages: {', '.join(LANGUAGES)}", EXIT_USAGE)


@app.command()
def preview(
    name: SetArgument = "general.en",
    situation: Annotated[str, typer.Option("--situation", "-s", help="Only this one, such as busy.open.")] = "",
    business: Annotated[str, typer.Option(help="The business name to fill in.")] = "",
    line: Annotated[str, typer.Option(help="With --config: preview this line's texts instead of a set's.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show each text as the caller's phone would, with its segments and the voicemail greeting that matches.

    Example: textback-pbx templates preview dental.es --business "Clinica Roble"
    """
    from textback_pbx.decision.template_sets import SITUATIONS

    if situation and situation not in SITUATIONS:
        fail(f"no situation {situation!r}; there are: {', '.join(SITUATIONS)}", EXIT_USAGE)
    policy = _line_policy(config, line) if line or config else _imagined(_find(name), business)
    rows = [_shown(policy, key) for key in ([situation] if situation else SITUATIONS)]
    if json:
        emit_json(rows)
        return
    for row in rows:
        print(f"{row['situation']}: {row['when']}\n  text ({row['segments']}): {row['text']}")
        print(f"  greeting: {row['greeting']}\n" if row["greeting"] else "")


def _imagined(ready: TemplateSet, business: str) -> LinePolicy:
    from textback_pbx.decision.lint import LONG_BUSINESS
    from textback_pbx.decision.policy import LinePolicy

    return LinePolicy(
        name="preview",
        business=business or LONG_BUSINESS,
        language=ready.language,
        trade=ready.trade,
        phone="+1 512 555 0100",
    )


def _line_policy(config: Path | None, line: str) -> LinePolicy:
    from textback_pbx.pipeline.office import DEFAULT_LINE, office_of

    office = office_of(load_settings(config))
    if line and line not in office.lines:
        fail(f"no line {line!r}; there are: {', '.join(office.lines)}", EXIT_USAGE)
    return office.line(line or DEFAULT_LINE)


def _shown(policy: LinePolicy, situation: str) -> dict[str, Any]:
    from textback_pbx.clock import SystemClock
    from textback_pbx.decision import plan, template_sets, wording

    base = {"situation": situation, "when": template_sets.SITUATIONS[situation].says}
    chosen = template_sets.choose(policy, situation)
    if chosen is None:
        return {**base, "template": "", "text": "(no text)", "segments": "-", "greeting": ""}
    at_ms = _fitting_moment(policy, situation, SystemClock().now_ms())
    values = plan.values_for(policy, at_ms, opt_out="confirmation" not in situation)
    made = wording.render(chosen.template, values)
    ready = template_sets.load(policy.trade, policy.language)
    says = template_sets.greeting(ready, situation).replace("{business}", policy.business)
    greeting = says if template_sets.SITUATIONS[situation].call else ""
    if isinstance(made, wording.RenderProblem):
        return {**base, "template": chosen.key, "text": f"({made.reason})", "segments": "-", "greeting": greeting}
    size = f"{made.segments.count} part, {made.segments.encoding.value}, {made.segments.units} units"
    return {**base, "template": chosen.key, "text": made.text, "segments": size, "greeting": greeting}


def _fitting_moment(policy: LinePolicy, situation: str, now_ms: int) -> int:
    """Return the next moment at which a text of this situation could leave: open, or just closed."""
    from textback_pbx.decision import hours

    opens = hours.next_open([policy.hours], now_ms)
    if opens is None:
        return now_ms
    closing = situation.endswith("closed") or situation == "after_hours"
    return next(hours.spans(policy.hours, opens), (opens, opens))[1] if closing else opens


@app.command()
def lint(
    name: Annotated[str, typer.Argument(metavar="[SET]", help="One set; all of them when left out.")] = "",
    text: Annotated[str, typer.Option(help="Check these words instead of a set.")] = "",
    situation: Annotated[str, typer.Option("--situation", "-s", help="What --text answers.")] = "no_answer.open",
    language: Annotated[str, typer.Option(help="The language of --text.")] = "en",
    business: Annotated[str, typer.Option(help="The business name to count with.")] = "",
    segments: Annotated[int, typer.Option(min=1, max=2, help="How many parts a text may take.")] = 1,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Check texts: length in the worst case, characters that cost, promises nobody computed. Exit status 1: errors.

    Example: textback-pbx templates lint --text "Sorry we missed you - we'll call shortly!"
    """
    from textback_pbx.decision.lint import Severity

    found = _findings(name, text, situation, language, business, segments, config)
    if json:
        emit_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            print(f"{finding.severity.value}: {finding.text}: {finding.code}: {finding.message}")
        print(f"{len(found)} findings")
    if any(finding.severity is Severity.ERROR for finding in found):
        raise typer.Exit(1)


def _findings(
    name: str, text: str, situation: str, language: str, business: str, segments: int, config: Path | None
) -> list[Finding]:
    from textback_pbx.decision import lint as linter
    from textback_pbx.decision.template_sets import LANGUAGES, SITUATIONS, all_sets

    if situation not in SITUATIONS or language not in LANGUAGES:
        fail(f"situations: {', '.join(SITUATIONS)}; languages: {', '.join(LANGUAGES)}", EXIT_USAGE)
    if text:
        return linter.lint_text(
            text, situation=situation, language=language, name="--text", max_segments=segments, business=business
        )
    if config:
        return _of_config(config)
    sets = [_find(name)] if name else all_sets()
    return [finding for one in sets for finding in linter.lint(one, max_segments=segments, business=business)]


def _of_config(config: Path) -> list[Finding]:
    """Check every line's texts with its own business name, and the canned replies."""
    from textback_pbx.decision.lint import lint_line
    from textback_pbx.pipeline.office import office_of
    from textback_pbx.replies import canned

    settings = load_settings(config)
    office = office_of(settings)
    found = [f for line in office.lines.values() for f in lint_line(line, max_segments=office.policy.max_segments)]
    return found + canned.check(settings.replies.canned, settings.office.language, settings.office.name)
