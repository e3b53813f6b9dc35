"""Stricter regional hours: dated, editable data in ``regions.toml``, matched to a number. Pure after loading."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from textback_pbx.decision.hours import Schedule, Week, parse_week


@dataclass(frozen=True, slots=True)
class Table:
    """One region's hours, in the called party's local time, with where they come from."""

    name: str
    source: str
    country: str
    prefixes: tuple[str, ...]
    week: Week


@lru_cache(maxsize=1)
def tables() -> tuple[str, tuple[Table, ...]]:
    """Return the date of the data and its tables."""
    raw = tomllib.loads((resources.files("textback_pbx.decision") / "regions.toml").read_text(encoding="utf-8"))
    rows = (
        Table(row["name"], row["source"], row["country"], tuple(row["prefixes"]), parse_week(row["hours"]))
        for row in raw["table"]
    )
    return raw["dated"], tuple(rows)


def table_for(e164: str, region: str) -> Table | None:
    """Return the table with the longest prefix of the number, of the number's own country."""
    fitting = [
        (len(prefix), table)
        for table in tables()[1]
        for prefix in table.prefixes
        if table.country == region and e164.startswith(prefix)
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def strict_schedules(e164: str, region: str, zones: tuple[str, ...]) -> tuple[Schedule, ...]:
    """Return the region's hours in each zone the number may be in."""
    table = table_for(e164, region)
    return () if table is None else tuple(Schedule(week=table.week, zone=zone) for zone in zones)
