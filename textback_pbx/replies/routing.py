"""Whose a reply is: the office's rules, in their order, the first that matches wins; pure.

A rule names words, services, postcode prefixes, a line, an urgency or hours; all that it names must match. What no
rule takes is the line's owner's, so nothing is ever without one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textback_pbx.replies.handling import Urgency
from textback_pbx.replies.intake import Intake
from textback_pbx.replies.plain import plain


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the configuration. An empty condition holds always; ``open`` is ``None`` for any time of day.

    ``words`` match whole words ("burst pipe"), ``postcodes`` are prefixes ("787", "SW1"). ``minutes`` is the time to
    the deadline, 0 for the service level's own.
    """

    name: str
    owner: str
    words: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    open: bool | None = None
    priority: Urgency | None = None
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """Who gets the reply, how urgent it is, its deadline in minutes (0: the service level's), and by which rule."""

    owner: str
    priority: Urgency
    minutes: int
    rule: str


def route(text: str, intake: Intake, line: str, *, is_open: bool, rules: Sequence[Rule], owner: str) -> Route:
    """Return the route of one text. A rule may raise the priority that the text itself has, never lower it."""
    own = Urgency(intake.urgency) if intake.urgency else Urgency.NORMAL
    for rule in rules:
        if matches(rule, text, intake, line, is_open=is_open):
            return Route(rule.owner, _higher(own, rule.priority), rule.minutes, rule.name)
    return Route(owner, own, 0, "the line's owner")


def matches(rule: Rule, text: str, intake: Intake, line: str, *, is_open: bool) -> bool:
    """Say whether every condition that ``rule`` names holds."""
    postcode = (intake.place.postcode or "").replace(" ", "").upper()
    return (
        (not rule.words or any(_has(word, text) for word in rule.words))
        and (not rule.services or intake.service in rule.services)
        and (
            not rule.postcodes
            or any(postcode.startswith(p.replace(" ", "").upper()) for p in rule.postcodes if postcode)
        )
        and (not rule.lines or line in rule.lines)
        and (not rule.urgencies or (intake.urgency or "normal") in rule.urgencies)
        and (rule.open is None or rule.open is is_open)
    )


def _has(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(plain(word))}(?!\w)", plain(text)) is not None


def _higher(one: Urgency, other: Urgency | None) -> Urgency:
    ranks = list(Urgency)
    return one if other is None else max(one, other, key=ranks.index)
