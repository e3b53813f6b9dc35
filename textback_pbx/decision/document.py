"""Prints ``docs/rules.md``: the tables of the code, so that the page cannot say something else.

Run ``python -m textback_pbx.decision.document > docs/rules.md``; a test holds the page to it. Pure but for printing.
"""

from textback_pbx.decision import lint, nudge, regions, rules, template_sets, wording

_RULES_HEAD = """## Text, task or nothing

In this order; the first verdict wins. The same rules look again just before a held or delayed text leaves. When
every rule allows a text but it cannot be worded in the segments allowed, the rule is `wording` and the call becomes
a task.
"""
_NUDGE_HEAD = """## The nudge

Off unless `nudge.on`. `nudge.after_hours` after the first text each of these speaks against it, and again in the
transaction that claims it. `why CALL` shows which one did.
"""
_REGIONS_HEAD = """## Stricter regional hours

Data of {dated} in `decision/regions.toml`; `quiet_hours.regional_file` names the office's own instead. They bind
nudges, and every text when `quiet_hours.regional` is `always`. This is not legal advice.
"""


def page() -> str:
    """Return the whole page."""
    situations = [
        f"| `{key}` | {one.says} | `{one.stand_in or '-'}` |" for key, one in template_sets.SITUATIONS.items()
    ]
    fields = [f"| `{{{key}}}` | {longest} | {says} |" for key, (longest, says) in wording.FIELDS.items()]
    codes = [f"| `{code}` | {says} |" for code, says in lint.CODES.items()]
    dated, tables = regions.tables()
    regional = [f"| {table.name} | {table.source} |" for table in tables]
    parts = [
        "# The rules\n\nMade by `python -m textback_pbx.decision.document`; do not edit.\n",
        _RULES_HEAD,
        rules.as_markdown(),
        _NUDGE_HEAD,
        nudge.as_markdown(),
        "## Situations and their texts\n",
        _table("| situation | when | stands in |\n|---|---|---|", situations),
        "## Fields a text may name\n",
        _table("| field | longest | what it holds |\n|---|---|---|", fields),
        "## What the linter finds\n",
        _table("| code | meaning |\n|---|---|", codes),
        _REGIONS_HEAD.format(dated=dated),
        _table("| table | source |\n|---|---|", regional),
    ]
    return "\n".join(parts)


def _table(head: str, rows: list[str]) -> str:
    return "\n".join([head, *rows]) + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is what the module is run for
