"""Canned replies: the office's own words for what it answers often, with the fields that texts have; pure.

A canned reply is a template like those of missed calls (named fields only, see ``decision.wording``) and is held to
the same manners, except for what belongs to a first text: naming the business, referring to a call, one next step.
"""

from collections.abc import Mapping

from textback_pbx.decision import lint, plan, wording
from textback_pbx.decision.lint import Finding
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.wording import Rendered, RenderProblem

#: A conversation may take two parts.
MAX_SEGMENTS = 2
#: What the linter asks of a first text only.
_FIRST_TEXT = frozenset(
    {"no_business", "no_call", "no_step", "many_steps", "bare_apology", "open_question", "unbacked_promise", "no_stop"}
)


def render(template: str, line: LinePolicy, now_ms: int, *, contact_name: str = "") -> Rendered | RenderProblem:
    """Fill a canned reply for one conversation at ``now_ms`` (ms UTC)."""
    values = plan.values_for(line, now_ms, opt_out=False, contact_name=contact_name)
    return wording.render(template, values, max_segments=MAX_SEGMENTS)


def check(canned: Mapping[str, str], language: str, business: str = "") -> list[Finding]:
    """Lint every canned reply, filled with the worst case."""
    return [
        finding
        for name, template in canned.items()
        for finding in lint.lint_text(
            template,
            situation="nudge",
            language=language,
            name=f"replies.canned.{name}",
            max_segments=MAX_SEGMENTS,
            business=business,
        )
        if finding.code not in _FIRST_TEXT
    ]
