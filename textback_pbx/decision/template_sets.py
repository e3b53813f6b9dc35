"""The ready-made texts: one TOML file for each trade and language, as data in the wheel. Pure after loading.

A trade's file holds only what differs from ``general`` in its language. ``SITUATIONS`` names every text there is,
what it is for, and which other text stands in where a line has switched it over or a set has none.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from textback_pbx.decision.policy import LinePolicy


class Situation(NamedTuple):
    """One kind of text. ``greeting``: the voicemail greeting that matches it; ``call``: it answers a missed call."""

    says: str
    stand_in: str = ""
    greeting: str = "open"
    call: bool = True


SITUATIONS: dict[str, Situation] = {
    "no_answer.open": Situation("it rang in opening hours and nobody took it"),
    "no_answer.closed": Situation("it rang outside opening hours", greeting="closed"),
    "busy.open": Situation("every phone was busy, or the call was declined", greeting="busy"),
    "busy.closed": Situation("busy outside opening hours", "busy.open", "closed"),
    "not_reachable.open": Situation("no phone could be reached: a fault on our side"),
    "not_reachable.closed": Situation("no phone could be reached, outside opening hours", greeting="closed"),
    "unattended": Situation("an IVR or announcement played and the caller hung up, in opening hours"),
    "after_hours": Situation("an announcement played outside opening hours", "no_answer.closed", "closed"),
    "voicemail": Situation("a voicemail was left (only with after_voicemail)"),
    "repeat": Situation("called again within minutes, and had no text yet", "no_answer.open"),
    "overflow": Situation("all lines taken; for lines that say busy.open = overflow", "busy.open", "busy"),
    "booking": Situation("asks for a day and time; for lines that mostly book", greeting="booking"),
    "urgent": Situation("offers the word URGENT; for on-call lines", greeting="urgent"),
    "plain": Situation("the shortest wording, used when another would be too long"),
    "nudge": Situation("the one second text, if nothing came back", call=False),
    "optout_confirmation": Situation("confirms a STOP", call=False),
    "optin_confirmation": Situation("confirms a START", call=False),
    "help": Situation("answers HELP", call=False),
}
LANGUAGES = ("en", "es")
TRADES = ("general", "home_services", "dental", "health", "law", "salon", "pet", "professional")


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """All texts of one trade in one language. ``version`` is a hash of the content: it changes when a word does."""

    trade: str
    language: str
    title: str
    texts: Mapping[str, str]
    greetings: Mapping[str, str]
    phrases: Mapping[str, Any]
    version: str

    @property
    def name(self) -> str:
        """Such as ``dental.es``."""
        return f"{self.trade}.{self.language}"


class Chosen(NamedTuple):
    """A text and where it comes from: ``key`` such as ``dental.es/busy.open``, ``version`` a hash of its words."""

    key: str
    version: str
    template: str


def version_of(content: Any) -> str:
    """Return the first 12 hex digits of the SHA-256 of the content's JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


@lru_cache(maxsize=64)
def load(trade: str, language: str) -> TemplateSet:
    """Return a ready-made set. Raises :class:`KeyError` for one that does not exist."""
    if trade not in TRADES or language not in LANGUAGES:
        raise KeyError(f"no set {trade}.{language}: trades {', '.join(TRADES)}; languages {', '.join(LANGUAGES)}")
    base, own = _read(f"general.{language}.toml"), _read(f"{trade}.{language}.toml")
    parts = {table: {**base[table], **own.get(table, {})} for table in ("texts", "greetings", "phrases")}
    return TemplateSet(trade, language, own["title"], **parts, version=version_of(parts))


def _read(name: str) -> dict[str, Any]:
    text = (resources.files("textback_pbx.decision") / "templates" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def all_sets() -> list[TemplateSet]:
    """Return every ready-made set."""
    return [load(trade, language) for trade in TRADES for language in LANGUAGES]


def choose(line: LinePolicy, situation: str) -> Chosen | None:
    """Return the words a line uses in a situation: its own, else its set's; ``None`` where it is switched off.

    ``line.use`` sends a situation to another text first (``{"busy.open": "overflow"}``).
    """
    if situation in line.off:
        return None
    name = line.use.get(situation, situation)
    own = line.own_texts.get(situation) or line.own_texts.get(name)
    if own is not None:
        return Chosen(f"own/{situation}", version_of(own), own)
    ready = load(line.trade, line.language)
    while name and not ready.texts.get(name):
        name = SITUATIONS[name].stand_in if name in SITUATIONS else ""
    if not name:
        return None
    return Chosen(f"{ready.name}/{name}", version_of(ready.texts[name]), ready.texts[name])


def greeting(ready: TemplateSet, situation: str) -> str:
    """Return the voicemail greeting that matches a situation's text."""
    kind = SITUATIONS[situation].greeting
    return ready.greetings.get(kind) or ready.greetings["open"]
