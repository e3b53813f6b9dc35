"""Templates with named fields only -> the text that leaves. Pure but for the lazily imported template engine.

A template is plain words with ``{field}`` and, at most, ``{% if field %}...{% endif %}``. It is parsed by Jinja2's
immutable sandbox with strict undefined names, and refused if its syntax tree holds anything but words, the names
in ``FIELDS`` and such an ``if``: no filters, calls, attributes, loops. Values are cleaned first and are never
parsed, so what a caller or a contact record holds can't become syntax. A text that would exceed its segments
is not cut: simpler wordings are tried, then it is refused, and the call becomes a task.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from textback_pbx.decision.segments import Encoding, Forcing, Segments, plain_for, segment, straighten, to_gsm

__all__ = [
    "FIELDS",
    "Encoding",
    "Forcing",
    "RenderProblem",
    "Rendered",
    "Segments",
    "TemplateProblem",
    "clean",
    "clean_name",
    "plain_for",
    "render",
    "segment",
    "straighten",
    "used_fields",
]

#: The named fields, their longest length in characters, and what they hold.
FIELDS: dict[str, tuple[int, str]] = {
    "business": (60, "the business name of the line that was called"),
    "line": (40, "the line's name in the configuration"),
    "phone": (20, "the number to call"),
    "callback_time": (12, "how long until somebody calls back: service level and opening hours; stands after 'within'"),
    "callback_by": (16, "the moment by which somebody calls back, local to the office"),
    "opens": (16, "when the office opens next, local to the office"),
    "caller_name": (20, "the person's name, from a contact record only; may be empty"),
    "link": (40, "the line's booking page; may be empty"),
    "opt_out": (40, "how to stop the texts; empty where the setting leaves it out"),
}
#: Fields a template may find empty: everything else must have a value.
OPTIONAL = frozenset({"caller_name", "link", "opt_out", "phone"})
_NAME = re.compile(r"[^\W\d_][^\W\d_'’.\- ]*(?:[ '’.\-]+[^\W\d_]+\.?)*")


class TemplateProblem(ValueError):
    """A template that cannot be used; the message says why and what is allowed."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready to leave. ``note`` says what had to give way (``""``: nothing)."""

    text: str
    segments: Segments
    note: str = ""


@dataclass(frozen=True, slots=True)
class RenderProblem:
    """Why no text could be made."""

    reason: str


def clean(value: str, longest: int) -> str:
    """Make a value safe to stand in a text: one line, no control, format or unassigned characters, capped."""
    flat = re.sub(r"\s+", " ", unicodedata.normalize("NFC", value.replace("\u200d", "")))
    kept = "".join(c for c in flat if unicodedata.category(c)[0] != "C")
    return straighten(re.sub(r" {2,}", " ", kept)).strip()[:longest].rstrip()


def clean_name(value: str) -> str:
    """Return a contact's name if it reads like one, else ``""``: no digits, links, commands or addresses."""
    name = clean(value, 200)
    return name if len(name) <= FIELDS["caller_name"][0] and _NAME.fullmatch(name) else ""


def used_fields(template: str) -> frozenset[str]:
    """Return the fields a template names. Raises :class:`TemplateProblem` for anything that is not allowed."""
    return _compiled(template)[1]


@lru_cache(maxsize=256)
def _compiled(template: str) -> tuple[Any, frozenset[str]]:
    import jinja2
    from jinja2 import nodes

    environment = _environment()
    try:
        tree = environment.parse(template)
        names = _names(tree, nodes)
        return environment.from_string(template), names
    except jinja2.TemplateError as error:
        raise TemplateProblem(f"cannot read the template: {error}. Fields are written {{business}}") from error


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        variable_start_string="{",
        variable_end_string="}",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # an SMS is plain text: there is no markup to escape
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


def _names(tree: Any, nodes: Any) -> frozenset[str]:
    allowed = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If)
    names = set()
    for node in (tree, *tree.find_all(nodes.Node)):
        if not isinstance(node, allowed) or (isinstance(node, nodes.If) and not isinstance(node.test, nodes.Name)):
            raise TemplateProblem(
                "only named fields are allowed, written {business}, and {% if caller_name %}...{% endif %}"
            )
        if isinstance(node, nodes.Name):
            names.add(node.name)
    unknown = sorted(names - set(FIELDS))
    if unknown:
        raise TemplateProblem(f"there is no field {unknown[0]!r}; there are: {', '.join(FIELDS)}")
    return frozenset(names)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill cleaned values in; the opt-out line is put at the end where the template has no place for it."""
    compiled, names = _compiled(template)
    cleaned = {
        key: clean_name(value) if key == "caller_name" else clean(value, FIELDS[key][0])
        for key, value in values.items()
    }
    missing = sorted(name for name in names if not cleaned.get(name) and name not in OPTIONAL)
    if missing:
        raise TemplateProblem(f"the field {missing[0]!r} has no value")
    text = str(compiled.render({name: cleaned.get(name, "") for name in names}))
    if "opt_out" not in names and cleaned.get("opt_out") and "STOP" not in template:
        text = f"{text.rstrip()} {cleaned['opt_out']}"
    # A template may hold line breaks of its own, and nothing else that controls; a value not even those (see clean).
    text = "".join(c for c in straighten(text) if c == "\n" or unicodedata.category(c)[0] != "C")
    lines = (re.sub(r" {2,}", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def render(
    template: str, values: Mapping[str, str], *, max_segments: int = 1, fallback: str = ""
) -> Rendered | RenderProblem:
    """Make the text, in at most ``max_segments`` parts.

    Tried in order: the template; without the caller's name; ``fallback`` (the plain wording); each of them as
    written, then with accents written plainly where those alone force UCS-2. Never cut.
    """
    without = {**values, "caller_name": ""}
    attempts = (
        (template, values, ""),
        (template, without, "the caller's name was left out: too long with it"),
        (fallback, without, "the plain wording was used: the template was too long"),
    )
    reason = "there is no template"
    for words, fields, note in attempts:
        if not words:
            continue
        try:
            made = _fitting(fill(words, fields), max_segments, note)
        except TemplateProblem as problem:
            reason = str(problem)
            continue
        if isinstance(made, Rendered):
            return made
        reason = made.reason
    return RenderProblem(reason)


def _fitting(text: str, max_segments: int, note: str) -> Rendered | RenderProblem:
    if not text:
        return RenderProblem("the text is empty")
    cut = segment(text)
    if cut.count <= max_segments:
        return Rendered(text, cut, note)
    plain = to_gsm(text) if cut.forcing else None
    if plain is not None and (again := segment(plain)).count <= max_segments:
        return Rendered(plain, again, note or "accents were written plainly: they would have cost a second part")
    return RenderProblem(f"the text takes {cut.count} parts, {max_segments} allowed")
