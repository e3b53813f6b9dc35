"""The answers to keywords in a line's own words and language: the confirmations of STOP and START, and HELP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from textback_pbx.decision import plan, template_sets, wording
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.template_sets import Chosen
from textback_pbx.decision.wording import RenderProblem
from textback_pbx.replies.handling import HandlingSettings

KINDS = ("optout_confirmation", "optin_confirmation", "help")
#: An answer says in one sentence what must be said; a long business name may make two parts of it.
_MAX_SEGMENTS = 2


@dataclass(frozen=True, slots=True)
class Answers:
    """What a line answers: ``settings`` for the plan, and by kind of message the template it came from."""

    settings: HandlingSettings
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


def answers_of(line: LinePolicy, now_ms: int) -> Answers:
    """Return a line's answers; where its own words cannot be used, the plain ones the program has."""
    plain = HandlingSettings(owner=line.owner)
    texts = {"optout": plain.optout_text, "optin": plain.optin_text, "help": plain.help_text}
    chosen: dict[str, Chosen] = {}
    values = plan.values_for(line, now_ms, opt_out=True)
    for kind in KINDS:
        template = template_sets.choose(line, kind)
        # Without an opt-out line where the text itself is about that: fill adds it to no text that says STOP.
        said = {**values, "opt_out": ""} if kind == "optout_confirmation" else values
        made = None if template is None else wording.render(template.template, said, max_segments=_MAX_SEGMENTS)
        if template is None or made is None or isinstance(made, RenderProblem):
            continue
        texts[kind.removesuffix("_confirmation")] = made.text
        chosen[kind] = template
    words = HandlingSettings(
        owner=line.owner, optout_text=texts["optout"], optin_text=texts["optin"], help_text=texts["help"]
    )
    return Answers(words, chosen)
