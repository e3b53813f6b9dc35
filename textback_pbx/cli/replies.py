"""``replies classify``: how texts that come back are understood, one JSON object a line in and out."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from textback_pbx.cli.common import EXIT_NO, emit_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textback_pbx.consent.keywords import Keyword, LastOutbound

app = typer.Typer(no_args_is_help=True, add_completion=False)
_BUSINESSES = ("home_services", "dental", "law", "salon", "pet")


class LineProblem(ValueError):
    """One input line cannot be read; the message says why."""


@app.callback()
def _group() -> None:
    """Show how a text that comes back is understood."""


@app.command()
def classify() -> None:
    """Read texts as JSON lines on standard input; write keyword, reason, intake and evidence, one line each.

    A line holds "text" and, if known, "last_outbound" (first_text, optout_confirmation, staff, none), "now" (ISO
    local time with offset), "tz" (zone name) and "business". A line that cannot be read yields {"error": ...} in its
    place, and the exit status is 1.

    Example: echo '{"text": "Stop texting me"}' | textback-pbx replies classify
    """
    wrong = 0
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", "replace")
        if not line.strip():
            continue
        try:
            emit_json(understand(_object(line)))
        except LineProblem as problem:
            wrong += 1
            emit_json({"error": str(problem)})
        sys.stdout.flush()
    if wrong:
        raise typer.Exit(EXIT_NO)


def understand(given: Mapping[str, Any]) -> dict[str, Any]:
    """Classify one text. Raises :class:`LineProblem` when a field is not what it must be."""
    from textback_pbx.consent.keywords import classify as keyword_of
    from textback_pbx.replies.intake import read

    text = given.get("text")
    if not isinstance(text, str):
        raise LineProblem('"text" is missing or is no string')
    # JSON may hold half of a surrogate pair, which cannot be printed again.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    keyword = keyword_of(text, _last_outbound(given.get("last_outbound")))
    zone = _zone(given.get("tz"))
    intake = read(text, _now(given.get("now"), zone), zone, _business(given.get("business")))
    evidence = {**_keyword_evidence(keyword, text), **intake.evidence_values()}
    return {"keyword": keyword.label.value, "why": keyword.why, "intake": intake.values(), "evidence": evidence}


def _keyword_evidence(keyword: Keyword, text: str) -> dict[str, Any]:
    if keyword.span is None:
        return {}
    start, end = keyword.span
    confidence = 1.0 if keyword.rule == "exact" else 0.5 if keyword.label == "ambiguous" else 0.9
    found = {"span": [start, end], "words": text[start:end], "rule": keyword.rule, "confidence": confidence}
    return {"keyword": found}


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError of its own
        raise LineProblem(f"no JSON: {error}") from error
    if not isinstance(value, dict):
        raise LineProblem('not a JSON object; write {"text": "..."}')
    return value


def _last_outbound(value: Any) -> LastOutbound:
    from textback_pbx.consent.keywords import LastOutbound

    try:
        return LastOutbound("none" if value in (None, "") else value)
    except ValueError as error:
        names = ", ".join(LastOutbound)
        raise LineProblem(f'"last_outbound" is {value!r}; it may be {names}') from error


def _zone(value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        return ZoneInfo(value).key
    except Exception as error:
        raise LineProblem(f'"tz" is {value!r}: no such time zone; write it like America/Chicago') from error


def _now(value: Any, zone: str | None) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        now = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise LineProblem(f'"now" is {value!r}; write it like 2026-03-02T14:05:00-06:00') from error
    if now.tzinfo is not None:
        return now
    if zone is None:
        raise LineProblem('"now" has no offset, and there is no "tz" to tell it')
    return now.replace(tzinfo=ZoneInfo(zone))


def _business(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if isinstance(value, str) and value in _BUSINESSES:
        return value
    raise LineProblem(f'"business" is {value!r}; it may be {", ".join(_BUSINESSES)}')
