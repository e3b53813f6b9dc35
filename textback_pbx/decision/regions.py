"""Stricter regional hours: dated, editable data in ``regions.toml``, matched to a number. Pure after loading."""

import tomllib
from dataclasses import dataclass
from datetime import date
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


class RegionsProblem(ValueError):
    """A file of regional tables that cannot be used; the message says what to mend."""


def parse(text: str) -> tuple[str, tuple[Table, ...]]:
    """Read tables from TOML, written like ``regions.toml``. Raises :class:`RegionsProblem`."""
    try:
        raw = tomllib.loads(text)
        rows = tuple(
            Table(row["name"], row["source"], row["country"], tuple(row["prefixes"]), parse_week(row["hours"]))
            for row in raw["table"]
        )
        return date.fromisoformat(str(raw["dated"])).isoformat(), rows
    except tomllib.TOMLDecodeError as error:
        raise RegionsProblem(f"is not valid TOML: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RegionsProblem(f"lacks {error}: each [[table]] has name, source, country, prefixes and hours") from error
    except ValueError as error:
        raise RegionsProblem(str(error)) from error


@lru_cache(maxsize=1)
def tables() -> tuple[str, tuple[Table, ...]]:
    """Return the date of the packaged data and its tables."""
    return parse((resources.files("textback_pbx.decision") / "regions.toml").read_text(encoding="utf-8"))


def table_for(e164: str, region: str, own: tuple[Table, ...] | None = None) -> Table | None:
    """Return the table with the longest prefix of the number, of the number's own country; ``own`` replace ours."""
    fitting = [
        (len(prefix), table)
        for table in (tables()[1] if own is None else own)
        for prefix in table.prefixes
        if table.country == region and e164.startswith(prefix)
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def strict_schedules(
    e164: str, region: str, zones: tuple[str, ...], own: tuple[Table, ...] | None = None
) -> tuple[Schedule, ...]:
    """Return the region's hours in each zone the number may be in."""
    table = table_for(e164, region, own)
    return () if table is None else tuple(Schedule(week=table.week, zone=zone) for zone in zones)
