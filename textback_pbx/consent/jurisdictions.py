"""When a consent runs out, by country: dated data in ``jurisdictions.toml``. Pure after the first read.

It must never make a consent last longer than the table says; a country without a profile gets no implied consent
without an end: the strictest term of all profiles is used.
"""

import calendar
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources

from textback_pbx.consent.ledger import Basis

_IMPLIED = frozenset({Basis.IMPLIED_INQUIRY, Basis.IMPLIED_PURCHASE})


@dataclass(frozen=True, slots=True)
class Profile:
    """One jurisdiction: ``months`` by basis; ``as_of`` is when the table was last held against the source."""

    name: str
    as_of: date
    source: str
    months: dict[str, int]


@cache
def profiles() -> dict[str, Profile]:
    """Return the packaged profiles by ISO 3166 country; the EU's stands under each member."""
    text = (resources.files("textback_pbx.consent") / "jurisdictions.toml").read_text(encoding="utf-8")
    found: dict[str, Profile] = {}
    for name, data in tomllib.loads(text).items():
        profile = Profile(name, data["as_of"], data["source"], dict(data["months"]))
        for country in data.get("members", [name]):
            found[country] = profile
    return found


def expires_ms(country: str, basis: Basis, at_ms: int) -> int | None:
    """Return when a consent on ``basis`` given at ``at_ms`` runs out, UTC; ``None``: it does not by itself."""
    profile = profiles().get(country)
    if profile is not None:
        months = profile.months.get(basis.value)
    elif basis in _IMPLIED:
        months = min(p.months[basis.value] for p in profiles().values() if basis.value in p.months)
    else:
        months = None
    return None if months is None else add_months(at_ms, months)


def add_months(at_ms: int, months: int) -> int:
    """Return the same time ``months`` calendar months later; the 31st becomes the month's last day."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return round(at.replace(year=year, month=month + 1, day=day).timestamp() * 1_000)
