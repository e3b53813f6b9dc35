"""The word lists of the intake: data beside the code (``lexicons/*.toml``), read once and kept."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=16)
def load(name: str) -> dict[str, Any]:
    """Return one list by its file's name without the ending."""
    path = resources.files("textback_pbx") / "replies" / "lexicons" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def names() -> list[str]:
    """Return the names of all lists, in order."""
    folder = resources.files("textback_pbx") / "replies" / "lexicons"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
