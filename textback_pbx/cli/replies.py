"""``replies classify``: how a text that comes back is understood, one JSON object a line in, one a line out.

Needs no configuration and no database. A line that cannot be read gets an answer with ``error``, and exit status 1.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from textback_pbx.cli.common import EXIT_NO

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _root() -> None:
    """Show how a text that comes back is understood."""


@app.command()
def classify() -> None:
    """Read {"text", "last_outbound", "now", "tz", "business"} a line; print keyword, why, intake and evidence.

    Example: echo '{"text": "can you stop by at 4"}' | textback-pbx replies classify
    """
    failed = False
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer = answer_to(line)
        failed |= "error" in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
        sys.stdout.flush()
    if failed:
        raise typer.Exit(EXIT_NO)


def answer_to(line: bytes) -> dict[str, Any]:
    """Return what one line of input is answered with."""
    try:
        asked = json.loads(line)
        if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
            return {"error": 'each line must be a JSON object with a "text"'}
        return _understood(asked)
    except ValueError as error:
        return {"error": f"this line cannot be read: {error}"}


def _understood(asked: dict[str, Any]) -> dict[str, Any]:
    from datetime import datetime

    from textback_pbx.consent import keywords
    from textback_pbx.replies import intake

    text = asked["text"]
    last = keywords.LastOutbound(asked.get("last_outbound") or "none")
    now = datetime.fromisoformat(asked["now"]) if asked.get("now") else None
    if now is not None and now.tzinfo is None:
        return {"error": '"now" must carry its offset, like 2026-11-02T09:00:00-06:00'}
    keyword = keywords.classify(text, last)
    read = intake.read(text, now, asked.get("tz") or None, asked.get("business") or None)
    evidence = read.evidence_values()
    evidence["keyword"] = {"span": keyword.span, "rule": keyword.rule, "language": keyword.language}
    return {"keyword": keyword.label.value, "why": keyword.why, "intake": read.values(), "evidence": evidence}
