"""Whose a reply is: the office's rules, in their order, the first that matches wins; pure.

A rule names words, services, postcode prefixes, lines, urgencies, customers, signs, days, a time of day or whether
the line is open; all that it names must match, one of each is enough. After the rules come the queues' territories,
the longest prefix first; what none takes is the line's owner's, so nothing is ever without one. Every rule that was
asked says what it answered: ``textback-pbx routes test`` prints it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textback_pbx.replies.handling import Urgency
from textback_pbx.replies.plain import plain

LINES_OWNER = "the line's owner"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the configuration. An empty condition holds always; ``open`` is ``None`` for any time.

    ``words`` match whole words ("burst pipe"; a star stands for any ending: "leak*"), ``postcodes`` are prefixes
    ("787", "SW1"), ``between`` is (from, until) in minutes of the local day and may run over midnight. ``to`` is a
    person, a queue or a desk. ``minutes`` is the time to the deadline, 0 for the service level's own.
    """

    name: str
    to: str
    words: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    between: tuple[int, int] | None = None
    open: bool | None = None
    priority: Urgency | None = None
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What the rules look at. ``weekday`` and ``minute`` are the line's wall clock; '' and ``None``: not said."""

    text: str
    line: str
    is_open: bool
    weekday: int = 0
    minute: int = 0
    urgency: str = ""
    service: str = ""
    postcode: str = ""
    customer: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule's answer: whether it matched, and what decided that."""

    rule: str
    matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Route:
    """Who gets the reply, how urgent it is, its deadline in minutes (0: the service level's), by which rule."""

    to: str
    priority: Urgency
    minutes: int
    rule: str
    asked: tuple[Asked, ...] = ()


def route(
    inquiry: Inquiry, rules: Sequence[Rule], *, owner: str, territories: Mapping[str, Sequence[str]] | None = None
) -> Route:
    """Return the route of one text. A rule may raise the priority that the text itself has, never lower it.

    ``territories`` are the queues' postcode prefixes; ``owner`` is the line's.
    """
    own = own_priority(inquiry)
    asked: list[Asked] = []
    for rule in rules:
        why = refusal(rule, inquiry)
        asked.append(Asked(rule.name, why is None, why or _matched(rule, inquiry)))
        if why is None:
            return Route(rule.to, _higher(own, rule.priority), rule.minutes, rule.name, tuple(asked))
    queue, why = _territory(inquiry.postcode, territories or {})
    if territories:
        asked.append(Asked("territories", queue is not None, why))
    if queue is not None:
        return Route(queue, own, 0, f"the territory of {queue}", tuple(asked))
    asked.append(Asked(LINES_OWNER, True, "no rule took it"))
    return Route(owner, own, 0, LINES_OWNER, tuple(asked))


def own_priority(inquiry: Inquiry) -> Urgency:
    """Return the priority a text has by itself: what it says, raised to urgent for distress and for a repetition."""
    said = Urgency(inquiry.urgency) if inquiry.urgency else Urgency.NORMAL
    pressing = {"distressed", "repeated"} & set(inquiry.signs)
    return _higher(said, Urgency.URGENT if pressing else None)


def refusal(rule: Rule, inquiry: Inquiry) -> str | None:
    """Return the first condition of ``rule`` that does not hold, in words, or ``None`` when all do."""
    for condition in _CONDITIONS:
        said = condition(rule, inquiry)
        if said is not None:
            return said
    return None


def _words(rule: Rule, inquiry: Inquiry) -> str | None:
    if not rule.words or any(has(word, inquiry.text) for word in rule.words):
        return None
    return f"no word of {_listed(rule.words)}"


def _postcodes(rule: Rule, inquiry: Inquiry) -> str | None:
    if not rule.postcodes:
        return None
    if not inquiry.postcode:
        return "no postcode in the text"
    bare = bare_postcode(inquiry.postcode)
    hit = any(bare.startswith(bare_postcode(prefix)) for prefix in rule.postcodes)
    return None if hit else f"postcode {inquiry.postcode} is not in {_listed(rule.postcodes)}"


def _one_of(name: str, wanted: tuple[str, ...], have: str) -> str | None:
    return None if not wanted or have in wanted else f"{name} {have or 'not said'} is not {_listed(wanted)}"


def _signs(rule: Rule, inquiry: Inquiry) -> str | None:
    if not rule.signs or set(rule.signs) & set(inquiry.signs):
        return None
    return f"no sign of {_listed(rule.signs)}"


def _time(rule: Rule, inquiry: Inquiry) -> str | None:
    if rule.days and DAYS[inquiry.weekday] not in rule.days:
        return f"{DAYS[inquiry.weekday]} is not {_listed(rule.days)}"
    if rule.between is None:
        return None
    start, until = rule.between
    inside = start <= inquiry.minute < until if start < until else not until <= inquiry.minute < start
    return None if inside else f"{_clock(inquiry.minute)} is not between {_clock(start)} and {_clock(until)}"


def _opening(rule: Rule, inquiry: Inquiry) -> str | None:
    if rule.open is None or rule.open is inquiry.is_open:
        return None
    return "the line is open" if inquiry.is_open else "the line is closed"


_CONDITIONS: tuple[Callable[[Rule, Inquiry], str | None], ...] = (
    _words,
    lambda rule, i: _one_of("service", rule.services, i.service),
    _postcodes,
    lambda rule, i: _one_of("line", rule.lines, i.line),
    lambda rule, i: _one_of("urgency", rule.urgencies, i.urgency or "normal"),
    lambda rule, i: _one_of("customer", rule.customers, i.customer),
    _signs,
    _time,
    _opening,
)


def has(word: str, text: str) -> bool:
    """Say whether a text has a word or phrase as whole words; a star at the end of a word stands for any ending."""
    pieces = [re.escape(piece).replace(r"\*", r"\w*") for piece in plain(word).split()]
    phrase = r"\s+".join(pieces)
    return bool(pieces) and re.search(rf"(?<!\w){phrase}(?!\w)", plain(text)) is not None


def bare_postcode(text: str) -> str:
    """Return a postcode or prefix as it is compared: capitals, no spaces or dashes."""
    return re.sub(r"[\s-]", "", text).upper()


def unconditional(rule: Rule) -> bool:
    """Say whether a rule takes every text, so that none after it is ever asked."""
    named = (rule.words, rule.services, rule.postcodes, rule.lines, rule.urgencies, rule.customers, rule.signs)
    return not any(named) and not rule.days and rule.between is None and rule.open is None


def _territory(postcode: str, territories: Mapping[str, Sequence[str]]) -> tuple[str | None, str]:
    if not postcode:
        return None, "no postcode in the text"
    bare = bare_postcode(postcode)
    hits = [
        (-len(bare_postcode(prefix)), place, queue)
        for place, (queue, prefixes) in enumerate(territories.items())
        for prefix in prefixes
        if bare.startswith(bare_postcode(prefix))
    ]
    if not hits:
        return None, f"postcode {postcode} is in no queue's territory"
    return min(hits)[2], f"postcode {postcode} is in the territory of {min(hits)[2]}"


def _matched(rule: Rule, inquiry: Inquiry) -> str:
    said = [f"the word {word!r}" for word in rule.words if has(word, inquiry.text)][:1]
    said += [f"service {inquiry.service}"] if rule.services else []
    said += [f"postcode {inquiry.postcode}"] if rule.postcodes else []
    said += [f"line {inquiry.line}"] if rule.lines else []
    said += [f"urgency {inquiry.urgency or 'normal'}"] if rule.urgencies else []
    said += [f"customer {inquiry.customer}"] if rule.customers else []
    said += [f"signs {_listed(tuple(s for s in inquiry.signs if s in rule.signs))}"] if rule.signs else []
    said += [DAYS[inquiry.weekday]] if rule.days else []
    said += [_clock(inquiry.minute)] if rule.between else []
    said += ["open" if inquiry.is_open else "closed"] if rule.open is not None else []
    return ", ".join(said) or "takes everything"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _higher(one: Urgency, other: Urgency | None) -> Urgency:
    ranks = list(Urgency)
    return one if other is None else max(one, other, key=ranks.index)
