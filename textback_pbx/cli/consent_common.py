"""What the ``consent`` commands share: reading a number, who acts, and how an entry is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textback_pbx.cli.common import EXIT_USAGE, answer, fail, now_ms, who

if TYPE_CHECKING:
    from textback_pbx.config import Settings

__all__ = ["Actor", "Number", "as_values", "e164_of", "me", "now_ms", "say"]

Actor = Annotated[str, typer.Option("--actor", help="Who does this; kept in the ledger.")]
Number = Annotated[str, typer.Argument(help="The telephone number, as you would write it.")]


def e164_of(number: str, settings: Settings) -> str:
    """Return what a person wrote as E.164, or leave with words."""
    from textback_pbx import phone

    parsed = phone.parse(number, settings.office.country)
    if isinstance(parsed, phone.NotANumber):
        fail(f"{number!r} is no telephone number: {parsed.reason}", EXIT_USAGE)
    return parsed.e164


def as_values(entry: Any) -> dict[str, Any]:
    """Return a ledger entry, or a choice, as plain values."""
    import dataclasses

    return dataclasses.asdict(entry)


def say(value: dict[str, Any], words: str, json: bool) -> None:
    """Say what was written: values for programs, words for people."""
    answer(value, words, json=json)


def me() -> str:
    """Return the user of this shell."""
    return who("")
