"""``consent policy show|choose``: the office's choice, which proof a text needs, and the words it agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, ConfigOption, JsonOption, emit_json, fail, open_database, run
from textback_pbx.cli.consent_common import Actor, as_values, me, now_ms, say

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("show")
def policy_show(
    line: Annotated[str, typer.Option(help="What applies to this line.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the office chose, and the words it was shown.

    Example: textback-pbx consent policy show
    """
    from textback_pbx.consent.policies import POLICIES, in_force

    choice = run(lambda: _chosen(config, line))
    name = in_force(choice)
    if json:
        emit_json({"policy": name.value, "choice": as_values(choice) if choice else None})
        return
    print(f"{name.value}: {POLICIES[name].summary}")
    if choice is None:
        print("Nobody has chosen yet; the strictest applies.")
    else:
        print(f"Chosen by {choice.actor}, ledger entry {choice.seq}.")
        if choice.version != POLICIES[choice.name].version:
            print(f"The words of {choice.name.value} have changed since: choose again. Until then recorded applies.")
    for policy in POLICIES.values():
        print(f"\n{policy.name.value}\n  {policy.text}")


async def _chosen(config: Path | None, line: str) -> Any:
    from textback_pbx.consent import store

    async with open_database(config, read_only=True) as (_, database), database.read() as tx:
        return await store.chosen_policy(tx, line)


@app.command("choose")
def policy_choose(
    name: Annotated[str, typer.Argument(help="recorded, announced or one_reply.")],
    line: Annotated[str, typer.Option(help="Only for this line.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="You have read the text; do not ask.")] = False,
    actor: Actor = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Choose which proof a text needs; the choice, who made it and the text shown go into the ledger.

    Example: textback-pbx consent policy choose recorded --actor "the owner"
    """
    from textback_pbx.consent.policies import POLICIES, PolicyName

    if name not in set(PolicyName):
        fail(f"{name!r} is no policy: choose recorded, announced or one_reply", EXIT_USAGE)
    policy = POLICIES[PolicyName(name)]
    if not json:
        print(policy.text)
    if not yes:
        typer.confirm("Is this what your office does?", abort=True)
    seq = run(lambda: choose(config, policy, line, actor or me()))
    words = f"Written: entry {seq}, policy {name}{' for line ' + line if line else ''}."
    say({"entry": seq, "policy": name, "line": line, "shown": policy.text}, words, json)


async def choose(config: Path | None, policy: Any, line: str, actor: str) -> int:
    """Write a choice of policy into the ledger; return its entry."""
    from textback_pbx.consent import store
    from textback_pbx.consent.ledger import local_time
    from textback_pbx.consent.policies import PolicyChoice

    async with open_database(config) as (settings, database), database.transaction() as tx:
        if line and line not in {known.name for known in settings.lines}:
            fail(f"there is no line {line!r} in the configuration", EXIT_USAGE)
        at_ms = now_ms()
        choice = PolicyChoice(
            name=policy.name, version=policy.version, actor=actor, at_ms=at_ms, shown=policy.text, line=line
        )
        return (await store.choose_policy(tx, choice, local_time=local_time(at_ms, settings.zone()))).seq
